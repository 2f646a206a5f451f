//! What the ids of a stream look like, made while its bytes pass by.

use crate::{
    parallel::{in_order, threads},
    sorting::Sorter,
};
use faissil_core::{
    Error, Kind, Reading, Span, Step,
    files::Files,
    ids::{self, ExternalId, IdPlace, IdStream, IdSummary, Merge, Pair, Scratch, Sorted, Summariser, repeats},
};
use std::{
    io,
    panic::resume_unwind,
    path::{Path, PathBuf},
    sync::mpsc::{SyncSender, sync_channel},
    thread::{self, JoinHandle},
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

/// So many ids are worth threads of their own.
const MANY: usize = 1 << 16;

/// Ids that are sent to another thread at once, and how often before it takes them: 4 MiB.
const SENT: usize = 1 << 13;
const WAITING: usize = 1 << 6;

/// Sums up the ids of a place. Ids that are too many for memory are sorted in a file.
pub struct Summing<'a> {
    ids: IdStream<'a>,
    lie_in: Span,
    sum: Where,
}

/// Who counts.
enum Where {
    /// Whoever brings the bytes.
    Here(Box<Sum>),
    /// A thread of its own: it costs more to count an id than to read it, and who reads has other work.
    Aside(Aside),
    /// It is finished, or went wrong.
    Nowhere,
}

/// The sum so far.
struct Sum {
    summariser: Summariser,
    runs: Sorter,
    spilled: bool,
}

/// A thread that counts what it is sent.
struct Aside {
    gathered: Vec<ExternalId>,
    send: SyncSender<Vec<ExternalId>>,
    thread: JoinHandle<io::Result<Sum>>,
}

impl<'a> Summing<'a> {
    /// All ids of this place; `scratch` is a directory with room.
    pub fn new(place: &IdPlace<'a>, files: Files, scratch: &Path) -> Summing<'a> {
        let ids = IdStream::all(place, files);
        let lie_in = match place {
            IdPlace::Map { array, .. } => array.span,
            IdPlace::Lists { lists, .. } => lists.span,
            IdPlace::None | IdPlace::Unfollowed(_) => Span::default(),
        };
        let sum = Sum { summariser: Summariser::new(true), runs: Sorter::new(scratch), spilled: false };
        let many = place.count().unwrap_or(0) >= MANY as u64 && threads() > 1;
        Summing { ids, lie_in, sum: if many { Where::Aside(Aside::new(sum)) } else { Where::Here(Box::new(sum)) } }
    }

    /// The bytes of the stream among which the ids are.
    pub fn lie_in(&self) -> Span {
        self.lie_in
    }

    fn push(&mut self, ids: Vec<ExternalId>) -> io::Result<()> {
        let counts = match &mut self.sum {
            Where::Here(sum) => return sum.push(&ids),
            Where::Aside(aside) => aside.push(ids),
            Where::Nowhere => true,
        };
        // A thread that has ended before its time says why at its end.
        if counts { Ok(()) } else { self.take().map(drop) }
    }

    fn take(&mut self) -> io::Result<Option<Sum>> {
        match std::mem::replace(&mut self.sum, Where::Nowhere) {
            Where::Here(sum) => Ok(Some(*sum)),
            Where::Aside(aside) => aside.finish().map(Some),
            Where::Nowhere => Ok(None),
        }
    }
}

impl Aside {
    fn new(mut sum: Sum) -> Aside {
        let (send, receive) = sync_channel::<Vec<ExternalId>>(WAITING);
        let count = move || {
            receive.iter().try_for_each(|ids| sum.push(&ids))?;
            Ok(sum)
        };
        Aside { gathered: Vec::new(), send, thread: thread::spawn(count) }
    }

    /// False: nobody counts any more.
    fn push(&mut self, ids: Vec<ExternalId>) -> bool {
        if self.gathered.is_empty() && ids.len() >= SENT {
            return self.send.send(ids).is_ok();
        }
        self.gathered.extend_from_slice(&ids);
        self.gathered.len() < SENT || self.send.send(std::mem::take(&mut self.gathered)).is_ok()
    }

    fn finish(self) -> io::Result<Sum> {
        // Where nobody takes them, the thread says why.
        let _ = self.send.send(self.gathered);
        drop(self.send);
        self.thread.join().unwrap_or_else(|panic| resume_unwind(panic))
    }
}

impl Sum {
    fn push(&mut self, ids: &[ExternalId]) -> io::Result<()> {
        self.summariser.push_all(ids);
        self.spill(false)
    }

    fn spill(&mut self, last: bool) -> io::Result<()> {
        while let Some(run) = self.summariser.take_run(last) {
            self.spilled = true;
            self.runs.push_run(run.into_iter().map(|id| (id, 0)))?;
        }
        Ok(())
    }

    fn finish(mut self) -> io::Result<IdSummary> {
        self.spill(true)?;
        let mut summariser = self.summariser;
        let parts = if summariser.uncounted().len() < MANY { 0 } else { threads().ilog2() };
        let mut counted = 0;
        let count = |part| Ok::<_, crate::Cause>(repeats(summariser.uncounted(), part, parts));
        in_order(1 << parts, 1 << parts, count, |_, more| {
            counted += more;
            Ok(())
        })?;
        summariser.counted(counted);
        let mut merge = Merge::default();
        if self.spilled {
            for pair in self.runs.sorted()? {
                merge.push(ExternalId(pair?.0));
            }
        }
        Ok(summariser.finish(self.spilled.then(|| merge.repeats())))
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
                Step::Done(Some(batch)) => self.push(batch.ids).map_err(no_scratch)?,
                Step::Done(None) => {
                    let sum = self.take().map_err(no_scratch)?;
                    return sum.map(Sum::finish).transpose().map(Step::Done).map_err(no_scratch);
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.ids.bring(at, bytes);
    }
}
