//! The stream that a salvage plan makes, without making it.

use super::Store;
use crate::Cause;
use faissil_core::{
    Span,
    salvage::{Piece, Plan},
};

/// What `plan` makes of an old stream, byte for byte.
#[derive(Debug, Clone, Copy)]
pub struct Rewritten<'a, S> {
    plan: &'a Plan,
    old: S,
}

impl<'a, S: Store> Rewritten<'a, S> {
    /// The new stream; `old` is the one that the plan is for.
    pub fn new(plan: &'a Plan, old: S) -> Rewritten<'a, S> {
        Rewritten { plan, old }
    }
}

impl<S: Store> Store for Rewritten<'_, S> {
    fn len(&self) -> u64 {
        self.plan.stream_len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let mut filled = 0;
        while filled < out.len() {
            let now = at + filled as u64;
            let Some((piece, offset)) = self.plan.find(now) else {
                let want = Span::new(at, out.len() as u64);
                return Err(faissil_core::Error::truncated(want, self.len().saturating_sub(at)).into());
            };
            let part = Span::new(offset, (piece.len() - offset).min((out.len() - filled) as u64));
            let into = &mut out[filled..filled + part.len as usize];
            match (piece, self.plan.source(piece, part)) {
                (Piece::Copy(_), Some(source)) => self.old.read_at(source.start, into)?,
                (_, source) => {
                    let source = source.map(|span| self.old.read(span)).transpose()?.unwrap_or_default();
                    into.copy_from_slice(&self.plan.make(piece, part, &source));
                }
            }
            filled += part.len as usize;
        }
        Ok(())
    }
}
