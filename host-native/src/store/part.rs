//! A window on another store.

use super::Store;
use crate::Cause;
use faissil_core::Span;

/// The bytes of `span` of another store, counted from 0: the stream inside a sealed snapshot.
#[derive(Debug, Clone, Copy)]
pub struct Part<S> {
    store: S,
    span: Span,
}

impl<S: Store> Part<S> {
    /// The part of `store` at `span`, as far as that is inside.
    pub fn new(store: S, span: Span) -> Part<S> {
        let span = Span::new(0, store.len()).overlap(&span).unwrap_or_default();
        Part { store, span }
    }
}

impl<S: Store> Store for Part<S> {
    fn len(&self) -> u64 {
        self.span.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let want = Span::new(at, out.len() as u64);
        if !Span::new(0, self.span.len).contains(&want) {
            return Err(faissil_core::Error::truncated(want, self.span.len.saturating_sub(at)).into());
        }
        self.store.read_at(self.span.start + at, out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_does_not_reach_out_of_itself() {
        let part = Part::new(b"0123456789".as_slice(), Span::new(2, 5));
        assert_eq!(part.read(Span::new(1, 4)).unwrap(), b"3456");
        assert!(part.read(Span::new(1, 5)).is_err());
        assert!(part.read_at(u64::MAX, &mut [0; 2]).is_err());
    }
}
