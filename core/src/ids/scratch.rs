//! What is done with more ids than memory holds.
//!
//! Counting ids that repeat, exactly, and sorting them can take more memory than there is. A host that has a disk puts
//! them there; one that has none uses [`Memory`], which reads them as often as it takes. A [`Scratch`] is that choice,
//! made once and handed to all questions that need it.

use super::{ExternalId, IdPlace, IdStream, IdSummary, Merge, Summariser};
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::files::Files;
use alloc::{boxed::Box, vec::Vec};

/// A reading that sums up ids.
pub type Summing<'p> = Box<dyn Reading<Output = Option<IdSummary>> + 'p>;

/// A reading of ids with their rows, in order: done again and again, with the next of them each time and at last
/// `None`.
pub type Sorted<'p> = Box<dyn Reading<Output = Option<Vec<Pair>>> + 'p>;

/// An id and its row.
pub type Pair = (i64, u64);

/// Room for more ids than memory holds, or what is done without it.
pub trait Scratch {
    /// Sums up all ids of a place.
    fn sum<'p>(&self, place: &IdPlace<'p>, files: Files) -> Summing<'p>;

    /// All ids of a place with their rows, ascending; `None` where that takes too much.
    fn sorted<'p>(&self, place: &IdPlace<'p>, files: Files) -> Option<Sorted<'p>>;
}

/// No room but memory, of which 20 MiB are used.
///
/// Ids that are more than a million and neither ascend nor lie close together are sorted in as many passes over them as
/// it takes; where that is too many, they are not counted and not sorted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory;

/// Pairs that one pass gives: 8 MiB. Twice as many are held meanwhile.
const PAIRS: usize = 1 << 19;

/// Passes over all ids, at most.
const PASSES: u64 = 32;

impl Scratch for Memory {
    fn sum<'p>(&self, place: &IdPlace<'p>, files: Files) -> Summing<'p> {
        let summing = Stage::Summing(IdStream::all(place, files), Box::new(Summariser::new(false)));
        Box::new(InMemory { stage: summing, passes: Passes::new(place, files) })
    }

    fn sorted<'p>(&self, place: &IdPlace<'p>, files: Files) -> Option<Sorted<'p>> {
        let passes = Passes::new(place, files);
        passes.are_few().then(|| Box::new(passes) as Sorted<'p>)
    }
}

struct InMemory<'p> {
    stage: Stage<'p>,
    passes: Passes<'p>,
}

enum Stage<'p> {
    Summing(IdStream<'p>, Box<Summariser>),
    /// All is known but how many ids repeat.
    Counting(IdSummary, Merge),
    Over,
}

impl Reading for InMemory<'_> {
    type Output = Option<IdSummary>;

    fn step(&mut self) -> Result<Step<Option<IdSummary>>, Error> {
        loop {
            match &mut self.stage {
                Stage::Summing(ids, summariser) => match ids.step()? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(Some(batch)) => summariser.push_all(&batch.ids),
                    Step::Done(None) => {
                        let summariser = core::mem::replace(&mut **summariser, Summariser::new(false));
                        let summary = summariser.finish(None);
                        if summary.duplicates.is_some() || !self.passes.are_few() {
                            self.stage = Stage::Over;
                            return Ok(Step::Done(Some(summary)));
                        }
                        self.stage = Stage::Counting(summary, Merge::default());
                    }
                },
                Stage::Counting(summary, merge) => match self.passes.step()? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(Some(pairs)) => pairs.iter().for_each(|&(id, _)| merge.push(ExternalId(id))),
                    Step::Done(None) => {
                        let summary = IdSummary { duplicates: Some(merge.repeats()), ..*summary };
                        self.stage = Stage::Over;
                        return Ok(Step::Done(Some(summary)));
                    }
                },
                Stage::Over => return Ok(Step::Done(None)),
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Summing(ids, _) => ids.bring(at, bytes),
            Stage::Counting(..) => self.passes.bring(at, bytes),
            Stage::Over => {}
        }
    }
}

/// Sorts by reading all ids again and again, and keeping the least of those that were not given yet.
struct Passes<'p> {
    place: IdPlace<'p>,
    files: Files,
    /// The pass that is going on.
    ids: Option<IdStream<'p>>,
    held: Vec<Pair>,
    /// The last pair that was given.
    given: Option<Pair>,
    /// Whether this pass has let go of some.
    has_dropped: bool,
    is_over: bool,
}

impl<'p> Passes<'p> {
    fn new(place: &IdPlace<'p>, files: Files) -> Passes<'p> {
        Passes { place: *place, files, ids: None, held: Vec::new(), given: None, has_dropped: false, is_over: false }
    }

    fn are_few(&self) -> bool {
        self.place.count().unwrap_or(0) <= PASSES.saturating_mul(PAIRS as u64)
    }

    fn take(&mut self, pair: Pair) {
        if self.given.is_some_and(|given| pair <= given) {
            return;
        }
        if self.held.len() == PAIRS.saturating_mul(2) {
            self.keep_least();
        }
        self.held.push(pair);
    }

    /// Let go of the greater half.
    fn keep_least(&mut self) {
        if self.held.len() > PAIRS {
            self.held.select_nth_unstable(PAIRS);
            self.held.truncate(PAIRS);
            self.has_dropped = true;
        }
    }
}

impl Reading for Passes<'_> {
    type Output = Option<Vec<Pair>>;

    fn step(&mut self) -> Result<Step<Option<Vec<Pair>>>, Error> {
        if self.is_over {
            return Ok(Step::Done(None));
        }
        loop {
            let all = || IdStream::all(&self.place, self.files);
            match self.ids.get_or_insert_with(all).step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(Some(batch)) => {
                    for (id, row) in batch.ids.iter().zip(batch.row.0..) {
                        self.take((id.0, row));
                    }
                }
                Step::Done(None) => {
                    self.keep_least();
                    (self.ids, self.is_over) = (None, !core::mem::take(&mut self.has_dropped));
                    self.held.sort_unstable();
                    self.given = self.held.last().copied().or(self.given);
                    let pairs = core::mem::take(&mut self.held);
                    return Ok(Step::Done((!pairs.is_empty()).then_some(pairs)));
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        if let Some(ids) = &mut self.ids {
            ids.bring(at, bytes);
        }
    }
}
