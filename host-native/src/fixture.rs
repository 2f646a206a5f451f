//! Small index files for tests, made on the spot and the same every time.
//!
//! A [`Fixture`] says what the index is (FAISS's factory string), how many vectors of how many
//! dimensions, and a seed; [`build`](Fixture::build) gives the stream that FAISS writes for it. The vectors come
//! from [`data`], in whole numbers throughout, so they are the same on every machine; row 7 of a fixture of ten rows
//! is row 7 of one of a million.
//!
//! Without FAISS this crate writes what takes no training: `Flat`, `IDMap,Flat` and `IDMap2,Flat`. Built with the
//! feature `native` it takes every string of FAISS's factories, also the binary ones, and lets FAISS train and fill the
//! index on one thread. `docs/testing.md` says which of those are the same bytes on every machine.
//!
//! # Example
//!
//! ```
//! use faissil::fixture::Fixture;
//!
//! let stream = Fixture::new("IDMap2,Flat").rows(20).dim(4).seed(7).build()?;
//! assert_eq!(stream, Fixture::new("IDMap2,Flat").rows(20).dim(4).seed(7).build()?);
//! assert!(stream.starts_with(b"IxM2"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

pub mod data;
#[cfg(feature = "native")]
mod native;

use crate::{Cause, Error};
use data::Data;
use faissil_core::{
    ids::ExternalId,
    standin::{Shape, StandIn},
};
use std::collections::BTreeSet;

/// Bytes of vectors that a fixture may hold: it is made in memory, and FAISS needs a second copy.
const MOST: u64 = 1 << 30;

/// Parts of factory strings whose training multiplies matrices. Found by making 60 kinds of index with the kernels that
/// OpenBLAS has for four processors (`OPENBLAS_CORETYPE`); `LSQ` came out the same and is here because it solves systems too.
const BY_BLAS: [&str; 8] = ["PCA", "OPQ", "RR", "ITQ", "LSHr", "RQ", "LSQ", "RCQ"];

/// What FAISS compares vectors by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Metric {
    /// `METRIC_L2`: the squared distance.
    #[default]
    L2,
    /// `METRIC_INNER_PRODUCT`.
    InnerProduct,
}

impl Metric {
    /// FAISS's number.
    pub const fn number(self) -> i32 {
        match self {
            Metric::InnerProduct => 0,
            Metric::L2 => 1,
        }
    }
}

/// An index that can be made again; see the top of the module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fixture {
    factory: String,
    rows: u64,
    d: u32,
    data: Data,
    metric: Metric,
    without: BTreeSet<u64>,
}

impl Fixture {
    /// The index that FAISS's factory makes of this string, with 100 vectors of 8 dimensions (64 bits for a binary
    /// index), seed 0 and the metric L2.
    pub fn new(factory: impl Into<String>) -> Fixture {
        let factory = factory.into();
        let d = if is_binary(&factory) { 64 } else { 8 };
        Fixture { factory, rows: 100, d, data: Data::new(0), metric: Metric::L2, without: BTreeSet::new() }
    }

    /// With so many vectors.
    #[must_use]
    pub fn rows(mut self, rows: u64) -> Fixture {
        self.rows = rows;
        self
    }

    /// With so many dimensions, or bits of a binary index.
    #[must_use]
    pub fn dim(mut self, d: u32) -> Fixture {
        self.d = d;
        self
    }

    /// With the vectors and ids of another seed.
    #[must_use]
    pub fn seed(mut self, seed: u64) -> Fixture {
        self.data = Data { changed: std::mem::take(&mut self.data.changed), ..Data::new(seed) };
        self
    }

    /// With this metric.
    #[must_use]
    pub fn metric(mut self, metric: Metric) -> Fixture {
        self.metric = metric;
        self
    }

    /// Without these rows, as after a `remove_ids`: the others keep their ids and vectors.
    #[must_use]
    pub fn without(mut self, rows: impl IntoIterator<Item = u64>) -> Fixture {
        self.without.extend(rows);
        self
    }

    /// With other vectors in these rows, as after a change in the pipeline that made them.
    #[must_use]
    pub fn changed(mut self, rows: impl IntoIterator<Item = u64>) -> Fixture {
        self.data.changed.extend(rows);
        self
    }

    /// Dimensions, or bits of a binary index.
    pub fn d(&self) -> u32 {
        self.d
    }

    /// Whether the bytes are the same on every processor of a kind. FAISS makes rotations and residual quantizers with the
    /// BLAS library, whose sums depend on the processor: what has one of these is kept as a file.
    pub fn is_portable(&self) -> bool {
        !BY_BLAS.iter().any(|part| self.factory.contains(part))
    }

    /// What the rows hold.
    pub fn data(&self) -> &Data {
        &self.data
    }

    /// The numbers of the rows that are in it, ascending.
    pub fn kept(&self) -> impl Iterator<Item = u64> + Clone + '_ {
        (0..self.rows).filter(|row| !self.without.contains(row))
    }

    /// The stream of the index.
    ///
    /// # Errors
    /// When the string is none, needs the feature `native`, or FAISS cannot make the index of these vectors.
    pub fn build(&self) -> Result<Vec<u8>, Error> {
        self.stream().map_err(|cause| {
            let needs_faiss = matches!(cause, Cause::Refused(_)) && !cfg!(feature = "native");
            let error = cause.of(format!("cannot make an index of `{}`", self.factory.escape_debug()));
            let hint = "without FAISS: Flat, IDMap,Flat and IDMap2,Flat; a build with the feature `native` makes all";
            if needs_faiss { error.hint(hint) } else { error }
        })
    }

    fn stream(&self) -> Result<Vec<u8>, Cause> {
        let bytes = self.rows.saturating_mul(u64::from(self.d).saturating_mul(4));
        if bytes > MOST {
            let said = format!("{bytes} bytes of vectors, and a fixture has at most {MOST}");
            return Err(Cause::Refused(said));
        }
        let shape = match self.factory.as_str() {
            "Flat" => Shape::Flat,
            "IDMap,Flat" => Shape::IdMap,
            "IDMap2,Flat" => Shape::IdMap2,
            _ => return self.by_faiss(),
        };
        let rows = self.kept().count() as u64;
        let stand_in = StandIn::shaped(shape, self.d, self.metric.number(), 0.0, rows)?;
        let vectors = self.kept().map(|row| self.data.floats(row, self.d).flat_map(f32::to_le_bytes).collect());
        let ids = self.kept().filter(|_| shape != Shape::Flat).map(|row| self.data.id(row));
        Ok(stand_in.pieces(vectors, ids).collect::<Result<Vec<_>, _>>()?.concat())
    }

    /// The ids of the rows in it, where the string asks for an id map.
    pub fn ids(&self) -> Option<Vec<ExternalId>> {
        self.factory.contains("IDMap").then(|| self.kept().map(|row| self.data.id(row)).collect())
    }

    #[cfg(feature = "native")]
    fn by_faiss(&self) -> Result<Vec<u8>, Cause> {
        native::build(self)
    }

    #[cfg(not(feature = "native"))]
    #[allow(clippy::unused_self)]
    fn by_faiss(&self) -> Result<Vec<u8>, Cause> {
        Err(Cause::Refused("this build is without FAISS".into()))
    }
}

/// Whether this is a string of FAISS's `index_binary_factory`: those all begin with a B, and no other does.
fn is_binary(factory: &str) -> bool {
    factory.starts_with('B')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::judge;
    use faissil_core::describe::description;

    #[test]
    fn what_is_made_without_faiss_is_what_its_string_says() {
        for (factory, metric, tags) in [
            ("Flat", Metric::L2, "IxF2"),
            ("Flat", Metric::InnerProduct, "IxFI"),
            ("IDMap,Flat", Metric::L2, "IxMp"),
            ("IDMap2,Flat", Metric::InnerProduct, "IxM2"),
        ] {
            let fixture = Fixture::new(factory).rows(20).dim(3).metric(metric).without([4, 5]);
            let stream = fixture.build().unwrap();
            let outline = judge::outline(&stream).unwrap();
            assert_eq!((outline.fault.clone(), outline.trailing()), (None, None), "{factory}");
            assert_eq!(description(&outline.root).factory.as_deref(), Some(factory));
            assert_eq!(outline.root.u64("ntotal"), Some(18), "{factory}");
            assert!(stream.starts_with(tags.as_bytes()), "{factory}");
        }
    }

    /// The bytes of a fixture are a promise to whoever commits a page about one.
    #[test]
    fn fixtures_do_not_change() {
        let digest = |fixture: Fixture| blake3::hash(&fixture.build().unwrap()).to_hex()[..16].to_string();
        let found = [
            digest(Fixture::new("Flat")),
            digest(Fixture::new("IDMap,Flat").rows(1000).dim(33).seed(u64::MAX)),
            digest(Fixture::new("IDMap2,Flat").rows(7).dim(1).metric(Metric::InnerProduct).changed([2])),
        ];
        assert_eq!(found, ["5151aa53a81683a8", "3ceb2e5151ed3290", "b81c236bdd4008e1"]);
    }

    #[test]
    fn what_cannot_be_made_is_refused_with_the_reason() {
        let error = Fixture::new("Flat").rows(1 << 40).build().unwrap_err().to_string();
        assert!(error.contains("bytes of vectors"), "{error}");
        let error = Fixture::new("Flat").dim(0).build().unwrap_err().to_string();
        assert!(error.contains("d is 1..=1048576"), "{error}");
        let error = Fixture::new("no such index").build().unwrap_err();
        assert!(error.to_string().starts_with("cannot make an index of `no such index`"), "{error}");
        assert_eq!(error.hint.is_some(), !cfg!(feature = "native"), "{error}");
    }
}
