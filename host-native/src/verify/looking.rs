//! The ids, summed up again while the stream passes, and what becomes of it when they cannot be read.

use crate::{Cause, drive::Onlooker, store::Store, summing::Summing};
use faissil_core::{Span, ids::IdSummary};

/// Summing up ids while the stream passes.
pub(super) enum Looking<'a> {
    /// There are none.
    Away,
    /// So far it went well.
    On(Box<Onlooker<Summing<'a>>>),
    /// They could not be read. Where the chunks turn out to be good, this has to be told.
    Failed(Cause),
}

impl<'a> Looking<'a> {
    pub(super) fn of(begun: Result<Onlooker<Summing<'a>>, Cause>) -> Looking<'a> {
        begun.map_or_else(Looking::Failed, |onlooker| Looking::On(Box::new(onlooker)))
    }

    /// The bytes among which the ids are.
    pub(super) fn lie_in(&self) -> Span {
        match self {
            Looking::On(onlooker) => onlooker.reading().lie_in(),
            _ => Span::default(),
        }
    }

    pub(super) fn pass(&mut self, at: u64, bytes: &[u8], stream: &impl Store) {
        if let Looking::On(onlooker) = self
            && let Err(cause) = onlooker.pass(at, bytes, stream)
        {
            *self = Looking::Failed(cause);
        }
    }

    pub(super) fn finish(self, store: &impl Store) -> Result<Option<IdSummary>, Cause> {
        match self {
            Looking::Away => Ok(None),
            Looking::On(onlooker) => onlooker.finish(store),
            Looking::Failed(cause) => Err(cause),
        }
    }
}
