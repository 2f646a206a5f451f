//! FAISS in this process as a source: the bytes of a live index, or its vectors as FAISS reconstructs them.
//!
//! [`LiveSource`] says what can be had of an index, for the planner, and [`pull`](fn@crate::pull::pull) carries the plan out. FAISS's own bytes come first, which is
//! [`save`](super::save). Where they are not wanted, or FAISS cannot write the index (replicas, shards), the vectors are asked for, in ranges
//! or one by one, and the ids are read from the id map or the inverted lists; the snapshot then holds a flat index under an
//! id map and says what it stands for.
//!
//! What FAISS cannot do it says by throwing, and in one of its threads that ends the process. So each way is tried on a few rows first,
//! ranges are asked of classes only whose make is known, and an IVF is asked by row only where its ids are the row numbers.

use super::{
    ffi::{self, Borrowed, Family},
    measure::{Measured, measure},
    reconstructing::{self, Ids},
    save::{Live, Savable, Save},
};
use crate::{
    Cause, Error,
    parallel::Progress,
    save::{Additions, Saved},
    source::{Arrived, Lost, Origin, Source, metric_of, params_of},
};
use faissil_core::{
    describe,
    outline::Record,
    plan::{Call, Can, Cost, Facts, Fault, IdFacts, IdStep, Mode, Stores, Strategy},
    snapshot::Layout,
    vectors::{Stored, find_floats},
};
use std::{ops::Range, path::Path};

/// Bytes of vectors that FAISS is asked for at once: more are no faster.
const PAGE: u64 = 4 << 20;

/// A live index of the crate `faiss`, as a [`Source`].
///
/// # Example
///
/// ```
/// use faiss::{Index, MetricType, index_factory};
/// use faissil::{
///     core::plan::{Policy, Strategies, Strategy},
///     native::LiveSource,
///     pull::{Options, pull},
/// };
///
/// let folder = tempfile::tempdir()?;
/// let mut index = index_factory(2, "HNSW8,Flat", MetricType::L2)?;
/// index.add(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
///
/// // Its vectors alone, without the graph.
/// let without = Strategies::default().and(Strategy::NativeBytes);
/// let options = Options { policy: Policy { without, ..Policy::default() }, ..Options::default() };
/// let pulled = pull(&mut LiveSource::new(&index)?, &folder.path().join("flat.faissil"), &options, &|_, _| {})?;
/// assert_eq!(pulled.saved.fidelity, "exact vectors");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct LiveSource<'a> {
    index: Borrowed<'a>,
    /// The index inside the id map, which the vectors are asked of.
    base: Borrowed<'a>,
    rows: Rows<'a>,
    measured: Option<Measured>,
    facts: Facts,
}

/// What FAISS calls a row.
#[derive(Debug)]
enum Rows<'a> {
    /// By its number, which is its id.
    Numbered,
    /// By its number, and these are the ids.
    Mapped(&'a [i64]),
    /// By its id, looked up in a direct map; rows are the entries of the lists in their order.
    Listed(Vec<i64>),
}

impl<'a> LiveSource<'a> {
    /// Look at a live index, and try what FAISS can reconstruct of it. Nobody can change it while this lives.
    ///
    /// # Errors
    /// An index that is a null pointer.
    pub fn new<Kind>(index: &'a impl Savable<Kind>) -> Result<LiveSource<'a>, Cause> {
        let Live(index) = index.borrowed()?;
        let (measured, unwritten) = match measure(index) {
            Ok(measured) => (Some(measured), None),
            Err(cause) => (None, Some(cause)),
        };
        let (base, ids) = match index.inside_map() {
            Some((base, ids)) => (base, Some(ids)),
            None => (index, None),
        };
        let mut source =
            LiveSource { facts: facts(index, measured.as_ref()), index, base, rows: Rows::Numbered, measured };
        if let Some(cause) = unwritten {
            source.forbid(&[Call::Native], &format!("cannot be written: {cause}"));
        }
        if let Some(ids) = ids {
            source.rows = Rows::Mapped(ids);
            source.facts.ids = IdFacts { own: Some(true), map: true, ..IdFacts::default() };
        }
        if let Err(why) = source.find_ways() {
            source.forbid(&[Call::Range, Call::One], &why);
        }
        Ok(source)
    }

    fn forbid(&mut self, calls: &[Call], why: &str) {
        self.facts.faults.extend(calls.iter().map(|&forbids| Fault { forbids, why: why.into() }));
    }

    /// Find out how FAISS can be asked for vectors; the reason where it cannot.
    fn find_ways(&mut self) -> Result<(), String> {
        let rows = self.facts.rows;
        if self.index.family() == Family::Binary {
            return Err("stores bits, and a flat index holds floats".into());
        }
        if rows == 0 {
            return Ok(());
        }
        let inside = self.base.ntotal();
        let mapped = if let Rows::Mapped(ids) = self.rows { ids.len() as u64 } else { rows };
        if (inside, mapped) != (rows, rows) {
            return Err(format!("has {rows} rows, {inside} in the index inside and {mapped} ids"));
        }
        let is_map = matches!(self.rows, Rows::Mapped(_));
        let record = self.measured.as_ref().map(|measured| {
            let root = &measured.outline.root;
            if is_map { root.child("index").unwrap_or(root) } else { root }
        });
        let Some(record) = record else {
            // An id map inside would take a row number for an id.
            if self.base.inside_map().is_some() {
                return Err("has an id map inside an id map".into());
            }
            self.base.reconstruct(0).map_err(refused)?;
            self.facts.can.one = true;
            self.forbid(
                &[Call::Range],
                "may end the process: what FAISS does with a range of rows is known of classes that it writes",
            );
            return Ok(());
        };
        if has_map(record) {
            return Err("has an id map inside, which takes row numbers for ids".into());
        }
        if let Some(bbs) = wide_blocks(record) {
            return Err(format!(
                "gives vectors that were not added: FAISS looks for codes in blocks of 32, and these are blocks of {bbs}"
            ));
        }
        if let Ids::Below(there) = reconstructing::of(record).map_err(|cause| format!("cannot be asked: {cause}"))?
            && there < rows
        {
            return Err(format!("has {there} vectors for {rows} rows"));
        }
        if has_lists(record) {
            return self.ways_of_lists(self.base.behind_transforms().unwrap_or(self.base));
        }
        self.base.reconstruct(0).map_err(refused)?;
        (self.facts.can.one, self.facts.can.range) = (true, Some(self.page_rows()));
        Ok(())
    }

    /// An IVF gives ranges of ids, whatever its direct map, and single ids through one.
    fn ways_of_lists(&mut self, lists: Borrowed<'a>) -> Result<(), String> {
        let ids = lists.ids_in_lists().ok_or("keeps its lists where they cannot be read")?;
        let rows = self.facts.rows;
        if ids.len() as u64 != rows {
            return Err(format!("has {} entries in its lists for {rows} rows", ids.len()));
        }
        if are_row_numbers(&ids) {
            self.base.reconstruct_range(0, 1).map_err(refused)?;
            self.facts.can.range = Some(self.page_rows());
            match self.base.reconstruct(0) {
                Ok(_) => self.facts.can.one = true,
                Err(cause) => self.forbid(&[Call::One], &refused(cause)),
            }
            if self.facts.ids.own.is_none() {
                self.facts.ids.own = Some(false);
            }
            return Ok(());
        }
        if let Rows::Mapped(_) = self.rows {
            return Err("has ids in its lists that are not the rows of the id map".into());
        }
        self.facts.ids = IdFacts { own: Some(true), map: true, ..IdFacts::default() };
        let mut sorted = ids.clone();
        sorted.sort_unstable();
        let first = ids.first().copied().unwrap_or(0);
        let twice = sorted.windows(2).find(|pair| pair[0] == pair[1]).map(|pair| pair[0]);
        self.rows = Rows::Listed(ids);
        self.forbid(&[Call::Range], "goes by row numbers, and the lists have other ids");
        if let Some(id) = twice {
            self.forbid(&[Call::One], &format!("finds one vector for each id, and id {id} is there more than once"));
        } else if let Err(cause) = self.base.reconstruct(first) {
            let why = format!("{}; `make_direct_map` of the index makes it possible", refused(cause));
            self.forbid(&[Call::One], &why);
        } else {
            self.facts.can.one = true;
        }
        Ok(())
    }

    fn page_rows(&self) -> u64 {
        (PAGE / (u64::from(self.facts.d) * 4).max(1)).max(1)
    }
}

fn refused(cause: Cause) -> String {
    format!("is refused: {cause}")
}

/// Whether an id map is anywhere in this index.
fn has_map(record: &Record) -> bool {
    record.class.starts_with("IndexIDMap") || record.children().any(has_map)
}

/// The size of the blocks of fast scan in what FAISS reconstructs from, where FAISS takes one row for another: not 32 (`pq4_get_packed_element`,
/// FAISS 1.12.0 to 1.15.1).
fn wide_blocks(record: &Record) -> Option<u64> {
    match record.child("refine_index") {
        Some(refined) => wide_blocks(refined),
        None => record.u64("bbs").filter(|bbs| *bbs != 32).or_else(|| record.children().find_map(wide_blocks)),
    }
}

/// Whether it is an IVF, or one behind transforms.
fn has_lists(record: &Record) -> bool {
    record.lists().is_some() || record.child("index").is_some_and(|inside| inside.lists().is_some())
}

/// Whether these are 0, 1, 2, ... in any order.
fn are_row_numbers(ids: &[i64]) -> bool {
    let mut seen = vec![false; ids.len()];
    ids.iter().all(|&id| {
        let place = usize::try_from(id).ok().and_then(|row| seen.get_mut(row));
        place.is_some_and(|place| !std::mem::replace(place, true))
    })
}

/// What is known before FAISS is asked for a vector.
fn facts(index: Borrowed<'_>, measured: Option<&Measured>) -> Facts {
    let root = measured.map(|measured| &measured.outline.root);
    let stored = measured.map(|measured| find_floats(&measured.outline));
    let stores = match &stored {
        Some(Ok(stored)) if Stored::is_exact(stored) => Stores::Floats,
        Some(_) => Stores::Codes,
        None => Stores::Unknown,
    };
    let d = u32::try_from(index.d()).unwrap_or(u32::MAX);
    let row_bytes = u64::from(d) * 4;
    Facts {
        mode: Mode::Local,
        from: format!("FAISS {} in this process", ffi::version()),
        index: root.map_or_else(|| "an index that FAISS cannot write".into(), |root| describe::description(root).text),
        rows: index.ntotal(),
        d,
        stores,
        can: Can { native: measured.map(|measured| measured.len), ..Can::default() },
        ids: IdFacts { own: if root.is_some_and(has_lists) { None } else { Some(false) }, ..IdFacts::default() },
        faults: vec![Fault { forbids: Call::Codes, why: "is not looked at: FAISS decodes them".into() }],
        cost: Cost {
            request_ms: 0,
            bytes_per_ms: 500_000,
            row_bytes,
            // As FAISS gives it, and as it is written.
            row_memory: row_bytes * 2,
            base_memory: 8 << 20,
            overhead: 0,
        },
    }
}

impl Source for LiveSource<'_> {
    fn name(&self) -> String {
        format!("{} in memory", self.facts.index)
    }

    fn facts(&self) -> &Facts {
        &self.facts
    }

    fn metric(&self) -> (i32, f32) {
        let metric = i32::try_from(self.index.metric()).unwrap_or(1);
        self.measured.as_ref().map_or((metric, 0.0), |measured| metric_of(&measured.outline))
    }

    fn origin(&self) -> Origin {
        let params = self.measured.as_ref().map(|measured| params_of(&measured.outline)).unwrap_or_default();
        Origin { text: format!("taken from {}", self.facts.from), params }
    }

    fn save_bytes(
        &mut self,
        output: &Path,
        layout: Layout,
        additions: &Additions,
        progress: Progress<'_>,
    ) -> Result<Saved, Error> {
        Save::of(layout, additions.clone()).save_live(Live(self.index), output, progress)
    }

    fn page(&mut self, strategy: Strategy, rows: Range<u64>, _: Option<Range<u64>>) -> Result<Vec<u8>, Lost> {
        let lost = |cause: Cause| Lost::Rows(cause.to_string());
        let count = rows.end - rows.start;
        let floats = match (strategy, &self.rows) {
            (Strategy::ReconstructRange, Rows::Numbered | Rows::Mapped(_)) => {
                self.base.reconstruct_range(rows.start, count).map_err(lost)?
            }
            (Strategy::ReconstructOne, names) => {
                let name = |row: u64| match names {
                    Rows::Listed(ids) => ids.get(row as usize).copied().unwrap_or(-1),
                    _ => row.cast_signed(),
                };
                let each: Result<Vec<_>, _> = rows.map(|row| self.base.reconstruct(name(row))).collect();
                each.map_err(lost)?.concat()
            }
            (other, _) => return Err(Lost::Rows(format!("FAISS is not asked for {}", other.name()))),
        };
        Ok(floats.into_iter().flat_map(f32::to_le_bytes).collect())
    }

    fn ids(&mut self, _: &IdStep, _: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause> {
        let ids = match &self.rows {
            Rows::Mapped(ids) => ids,
            Rows::Listed(ids) => ids.as_slice(),
            Rows::Numbered => return Ok(()),
        };
        for (row, &id) in (0..).zip(ids) {
            if arrived.lacks_id(row) {
                arrived.note(row, id)?;
            }
        }
        Ok(())
    }

    /// Whoever could change it would have to borrow it.
    fn check_unchanged(&mut self) -> Result<(), Cause> {
        Ok(())
    }
}
