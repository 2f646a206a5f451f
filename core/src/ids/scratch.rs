//! What is done with more ids than memory holds.
//!
//! Counting ids that repeat, exactly, can take more memory than there is. A host that has a disk puts them there; one
//! that has none uses [`Memory`]. A [`Scratch`] is that choice, made once and handed to all questions that need it.

use super::{IdPlace, IdStream, IdSummary, Summariser};
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::files::Files;
use alloc::boxed::Box;

/// A reading that sums up ids.
pub type Summing<'p> = Box<dyn Reading<Output = Option<IdSummary>> + 'p>;

/// Room for more ids than memory holds, or what is done without it.
pub trait Scratch {
    /// Sums up all ids of a place.
    fn sum<'p>(&self, place: &IdPlace<'p>, files: Files) -> Summing<'p>;
}

/// No room but memory, of which 20 MiB are used. Ids that are more than a million and neither ascend nor lie close
/// together are not counted.
#[derive(Debug, Clone, Copy, Default)]
pub struct Memory;

impl Scratch for Memory {
    fn sum<'p>(&self, place: &IdPlace<'p>, files: Files) -> Summing<'p> {
        Box::new(InMemory { ids: IdStream::all(place, files), summariser: Some(Summariser::new(false)) })
    }
}

struct InMemory<'p> {
    ids: IdStream<'p>,
    summariser: Option<Summariser>,
}

impl Reading for InMemory<'_> {
    type Output = Option<IdSummary>;

    fn step(&mut self) -> Result<Step<Option<IdSummary>>, Error> {
        loop {
            match (self.ids.step()?, &mut self.summariser) {
                (Step::Need(span), _) => return Ok(Step::Need(span)),
                (Step::Done(Some(batch)), Some(summariser)) => summariser.push_all(&batch.ids),
                (Step::Done(_), summariser) => {
                    return Ok(Step::Done(summariser.take().map(|summariser| summariser.finish(None))));
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.ids.bring(at, bytes);
    }
}
