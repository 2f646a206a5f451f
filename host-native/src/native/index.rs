//! An index to search in, and where it came from.

use super::{
    crashes::NotFor,
    ffi::{self, Family, Owned},
    reconstructing::{Ids, check_direct_maps, ids_of},
};
use crate::{
    Cause,
    opened::Opened,
    store::{Decoded, Store},
};
use faissil_core::{
    Span,
    outline::Outline,
    snapshot::{Attachment, Digest, Entry},
};
use std::sync::{Arc, OnceLock};

/// What is known of the bytes that an index was made from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verification {
    /// Every byte was held against the digests of the snapshot, or of the caller.
    Verified,
    /// The snapshot has digests; the caller said to do without.
    Trusted,
    /// A plain index file: there is nothing to hold its bytes against.
    Unsealed,
}

/// Where the vectors of a loaded index are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Residence {
    /// Codes and links in the file, mapped; the rest in memory.
    MappedFile,
    /// Inverted lists in the file, mapped; the rest in memory.
    MappedLists,
    /// Mapped as in the other cases, but from a copy in memory that no other program can reach.
    PrivateCopy,
    /// All in FAISS's own memory.
    Memory,
}

/// Where an index came from, and how far it can be relied on.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// Whether its bytes were checked.
    pub verification: Verification,
    /// Where its vectors are now.
    pub residence: Residence,
    /// The snapshot digest, if it came from a snapshot.
    pub snapshot_digest: Option<Digest>,
    /// BLAKE3 of the FAISS stream, where it is known.
    pub stream_digest: Option<Digest>,
    /// `exact bytes`, or what is recorded where it is less.
    pub fidelity: String,
    /// Where everything lies in the stream.
    pub outline: Arc<Outline>,
    /// The snapshot's metadata.
    pub metadata: Vec<Entry>,
    /// The snapshot's attachments.
    pub attachments: Vec<Attachment>,
    /// What has to be known.
    pub warnings: Vec<String>,
}

/// Distances and ids, `k` for each query, the nearest first. Where there are fewer than `k`, the id is -1.
#[derive(Debug, Clone, PartialEq)]
pub struct Hits<Distance = f32> {
    /// FAISS's distances or similarities.
    pub distances: Vec<Distance>,
    /// Ids as FAISS gives them: of the id map, of the inverted lists, or row numbers.
    pub ids: Vec<i64>,
}

/// All ids within a radius, query after query: those of query `i` are `lims[i]..lims[i + 1]`.
#[derive(Debug, Clone, PartialEq)]
pub struct RangeHits {
    /// One more than there are queries.
    pub lims: Vec<usize>,
    /// Ids, in no order.
    pub ids: Vec<i64>,
    /// FAISS's distances or similarities.
    pub distances: Vec<f32>,
}

/// A loaded index that can be searched, from any number of threads.
///
/// It cannot grow or shrink: FAISS ends the process when that is tried on a mapped index.
/// [`load_owned`](super::load_owned) gives an index that can.
///
/// # Indexes from strangers
///
/// Digests say that a snapshot holds what was saved, not that whoever saved it meant well. What is cheap to see is refused before FAISS
/// sees it, but FAISS follows the links of a graph without looking, and nobody looks for it: an HNSW or NSG made to lead it
/// astray ends the process. So can one flipped bit in a plain index file, which has no digests. Ask such a file in a process that may end.
#[derive(Debug)]
pub struct Index {
    index: Owned,
    /// Held open: what is mapped from it stays, whatever happens to its name.
    opened: Opened,
    provenance: Provenance,
    /// What FAISS does not survive being asked for.
    not_for: Option<NotFor>,
    /// Whether its direct maps lead into its lists, once somebody wanted to know.
    direct_maps: OnceLock<Result<(), String>>,
}

impl Index {
    pub(super) fn new(index: Owned, opened: Opened, provenance: Provenance) -> Index {
        let not_for = NotFor::of(&provenance.outline);
        Index { index, opened, provenance, not_for, direct_maps: OnceLock::new() }
    }

    /// Dimensions of a vector.
    pub fn d(&self) -> usize {
        self.index.borrow().d()
    }

    /// Number of vectors.
    pub fn ntotal(&self) -> u64 {
        self.index.borrow().ntotal()
    }

    /// FAISS's number of the metric: 0 is inner product, 1 is L2.
    pub fn metric(&self) -> u32 {
        self.index.borrow().metric()
    }

    /// Whether it is a binary index: then [`search_binary`](Index::search_binary) searches it.
    pub fn is_binary(&self) -> bool {
        self.index.borrow().family() == Family::Binary
    }

    /// Whether it is trained. One that is not has nothing to search.
    pub fn is_trained(&self) -> bool {
        self.index.borrow().is_trained()
    }

    /// Where it came from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The value of a metadata key.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let entry = self.provenance.metadata.iter().find(|entry| entry.key == key)?;
        Some(&entry.value)
    }

    /// The bytes of an attachment, checked; `None` where there is none of this name.
    ///
    /// # Errors
    /// When it is damaged or cannot be read.
    pub fn attachment(&self, name: &str) -> Result<Option<Vec<u8>>, Cause> {
        let Some(snapshot) = &self.opened.snapshot else { return Ok(None) };
        let named = |(_, attachment): &(u64, &Attachment)| attachment.name == name;
        let Some((number, attachment)) = (0..).zip(&self.provenance.attachments).find(named) else { return Ok(None) };
        let bytes = Decoded::attachment(snapshot, number, attachment.clone(), &self.opened.file);
        let bytes = bytes.read(Span::new(0, attachment.length))?;
        match Digest::of(&bytes) == attachment.digest {
            true => Ok(Some(bytes)),
            false => Err(Cause::Damage(format!("attachment `{}` does not have its digest", name.escape_debug()))),
        }
    }

    /// The `k` nearest of each query. `queries` holds `n * d` numbers, query after query.
    ///
    /// # Errors
    /// A binary index, queries of another length or with numbers that are not finite, `k` of 0 or too large for memory, or FAISS's own.
    pub fn search(&self, queries: &[f32], k: usize) -> Result<Hits, Cause> {
        self.trained()?;
        if let Some(refusal) = self.not_for.and_then(|not_for| not_for.refusal(k)) {
            return Err(Cause::Refused(refusal));
        }
        self.finite(queries)?;
        let (distances, ids) = self.index.borrow().search(queries, k)?;
        Ok(Hits { distances, ids })
    }

    /// The `k` nearest of each query of a binary index. `queries` holds `n * d / 8` bytes; distances count bits.
    ///
    /// # Errors
    /// An index that is not binary, queries of another length, `k` of 0, or FAISS's own.
    pub fn search_binary(&self, queries: &[u8], k: usize) -> Result<Hits<i32>, Cause> {
        self.trained()?;
        let (distances, ids) = self.index.borrow().search_binary(queries, k)?;
        Ok(Hits { distances, ids })
    }

    /// All that lie within `radius` of each query; for similarities, above it.
    ///
    /// # Errors
    /// A binary index, queries of another length, or FAISS's own: not every class can do it.
    pub fn range_search(&self, queries: &[f32], radius: f32) -> Result<RangeHits, Cause> {
        self.trained()?;
        self.finite(queries)?;
        self.index.borrow().range_search(queries, radius)
    }

    /// The vector that FAISS makes of what is stored under `id`: exact for flat storages, else an approximation.
    ///
    /// # Errors
    /// FAISS's: no such id, or a class that cannot reconstruct.
    pub fn reconstruct(&self, id: i64) -> Result<Vec<f32>, Cause> {
        self.trained()?;
        let outline = &self.provenance.outline;
        if let Ids::Below(rows) = ids_of(outline)?
            && !u64::try_from(id).is_ok_and(|row| row < rows)
        {
            return Err(Cause::Refused(format!("there is no vector {id}: the index holds {rows}")));
        }
        let checked = || check_direct_maps(outline, &self.opened).map_err(|cause| cause.to_string());
        self.direct_maps.get_or_init(checked).clone().map_err(Cause::Refused)?;
        self.index.borrow().reconstruct(id)
    }

    /// Set a parameter of search by FAISS's name for it (`ParameterSpace`): `nprobe`, `efSearch`, `quantizer_efSearch`,
    /// `k_factor_rf`, ...
    ///
    /// # Errors
    /// When the index has no such parameter, or the value is none: FAISS takes whatever number it gets, and some end the
    /// process when they are used.
    pub fn set_parameter(&mut self, name: &str, value: f64) -> Result<(), Cause> {
        let least = if name.ends_with("nprobe") || name.ends_with("efSearch") { 1.0 } else { 0.0 };
        // Factors are the only parameters that need not be whole (`AutoTune.cpp`, FAISS 1.12.0).
        let whole = value.fract() == 0.0 || name.ends_with("k_factor") || name.ends_with("k_factor_rf");
        let unlimited = name.ends_with("max_codes") && value == f64::INFINITY;
        let is_value = unlimited || whole && (least..=f64::from(i32::MAX)).contains(&value);
        if !is_value {
            return Err(Cause::Refused(format!("{value} is no value for `{name}`: it counts from {least}")));
        }
        self.index.set_parameter(name, value)
    }

    /// Some classes end the process when a distance is no number.
    fn finite(&self, queries: &[f32]) -> Result<(), Cause> {
        match queries.iter().position(|number| !number.is_finite()) {
            None => Ok(()),
            Some(place) => {
                let (query, number) = (place / self.d().max(1), queries[place]);
                Err(Cause::Refused(format!("query {query} holds {number}, to which nothing is near")))
            }
        }
    }

    /// An untrained index has nothing to search, and some classes of FAISS look all the same.
    fn trained(&self) -> Result<(), Cause> {
        match self.is_trained() {
            true => Ok(()),
            false => Err(Cause::Refused("the index is not trained".into())),
        }
    }
}

impl super::save::Savable<super::save::Loaded> for Index {
    fn borrowed(&self) -> Result<super::save::Live<'_>, Cause> {
        Ok(super::save::Live(self.index.borrow()))
    }
}

/// The release of FAISS that this program is linked with, as the core has it.
pub(super) fn linked() -> faissil_core::faiss::Version {
    let text = ffi::version();
    let mut parts = text.split('.').map(|part| part.parse().unwrap_or(0));
    let mut next = || parts.next().unwrap_or(0);
    faissil_core::faiss::Version(next(), next(), next())
}
