//! What the ids of a stream look like, made while its bytes pass by.

use crate::{
    parallel::{in_order, threads},
    sorting::Sorter,
};
use faissil_core::{
    Error, Kind, Reading, Span, Step,
    files::Files,
    ids::{self, IdPlace, IdStream, IdSummary, Merge, Pair, Scratch, Sorted, Summariser, repeats},
};
use std::{
    io,
    path::{Path, PathBuf},
};

/// A directory with room for ids that memory does not hold.
#[derive(Debug, Clone)]
pub struct Directory(pub PathBuf);

impl Directory {
    /// Where the system has what does not stay.
    pub fn temporary() -> Directory {
        Directory(std::env::temp_dir())
    }
}

impl Scratch for Directory {
    fn sum<'p>(&self, place: &IdPlace<'p>, files: Files) -> ids::Summing<'p> {
        Box::new(Summing::new(place, files, &self.0))
    }

    fn sorted<'p>(&self, place: &IdPlace<'p>, files: Files) -> Option<Sorted<'p>> {
        Some(Box::new(SortedIds { ids: IdStream::all(place, files), sorter: Sorter::new(&self.0), sorted: None }))
    }
}

/// Pairs given at once.
const BATCH: usize = 1 << 12;

/// Ids with their rows, sorted in a file where memory does not hold them.
struct SortedIds<'p> {
    ids: IdStream<'p>,
    sorter: Sorter,
    sorted: Option<Box<dyn Iterator<Item = io::Result<Pair>>>>,
}

impl Reading for SortedIds<'_> {
    type Output = Option<Vec<Pair>>;

    fn step(&mut self) -> Result<Step<Option<Vec<Pair>>>, Error> {
        loop {
            if let Some(sorted) = &mut self.sorted {
                let pairs = sorted.take(BATCH).collect::<io::Result<Vec<_>>>().map_err(no_scratch)?;
                return Ok(Step::Done((!pairs.is_empty()).then_some(pairs)));
            }
            match self.ids.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(Some(batch)) => {
                    for (id, row) in batch.ids.iter().zip(batch.row.0..) {
                        self.sorter.push((id.0, row)).map_err(no_scratch)?;
                    }
                }
                Step::Done(None) => {
                    let sorter = std::mem::replace(&mut self.sorter, Sorter::new(Path::new("")));
                    self.sorted = Some(Box::new(sorter.sorted().map_err(no_scratch)?));
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.ids.bring(at, bytes);
    }
}

/// So many ids are worth threads to count those that repeat.
const MANY: usize = 1 << 16;

/// Sums up the ids of a place. Ids that are too many for memory are sorted in a file.
pub struct Summing<'a> {
    ids: IdStream<'a>,
    lie_in: Span,
    summariser: Option<Summariser>,
    runs: Sorter,
    spilled: bool,
}

impl<'a> Summing<'a> {
    /// All ids of this place; `scratch` is a directory with room.
    pub fn new(place: &IdPlace<'a>, files: Files, scratch: &Path) -> Summing<'a> {
        let (ids, runs) = (IdStream::all(place, files), Sorter::new(scratch));
        let lie_in = match place {
            IdPlace::Map { array, .. } => array.span,
            IdPlace::Lists { lists, .. } => lists.span,
            IdPlace::None | IdPlace::Unfollowed(_) => Span::default(),
        };
        Summing { ids, lie_in, summariser: Some(Summariser::new(true)), runs, spilled: false }
    }

    /// The bytes of the stream among which the ids are.
    pub fn lie_in(&self) -> Span {
        self.lie_in
    }

    fn spill(&mut self, last: bool) -> io::Result<()> {
        while let Some(run) = self.summariser.as_mut().and_then(|summariser| summariser.take_run(last)) {
            self.spilled = true;
            self.runs.push_run(run.into_iter().map(|id| (id, 0)))?;
        }
        Ok(())
    }

    fn finish(&mut self) -> io::Result<Option<IdSummary>> {
        self.spill(true)?;
        let Some(mut summariser) = self.summariser.take() else { return Ok(None) };
        let parts = if summariser.uncounted().len() < MANY { 0 } else { threads().ilog2() };
        let mut counted = 0;
        let count = |part| Ok(repeats(summariser.uncounted(), part, parts));
        in_order(1 << parts, 1 << parts, count, |_, more| {
            counted += more;
            Ok(())
        })?;
        summariser.counted(counted);
        let runs = std::mem::replace(&mut self.runs, Sorter::new(Path::new("")));
        let repeats = if self.spilled {
            let mut merge = Merge::default();
            for pair in runs.sorted()? {
                merge.push(faissil_core::ids::ExternalId(pair?.0));
            }
            Some(merge.repeats())
        } else {
            None
        };
        Ok(Some(summariser.finish(repeats)))
    }
}

fn no_scratch(error: io::Error) -> Error {
    Error::new(Kind::Unsupported(format!("cannot sort the ids on disk: {error}").into()), 0)
}

impl Reading for Summing<'_> {
    type Output = Option<IdSummary>;

    fn step(&mut self) -> Result<Step<Option<IdSummary>>, Error> {
        loop {
            match self.ids.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(None) => return self.finish().map(Step::Done).map_err(no_scratch),
                Step::Done(Some(batch)) => {
                    if let Some(summariser) = &mut self.summariser {
                        summariser.push_all(&batch.ids);
                    }
                    self.spill(false).map_err(no_scratch)?;
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.ids.bring(at, bytes);
    }
}
