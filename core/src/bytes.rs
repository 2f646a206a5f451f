//! Places in a file, and the one way to ask for them.
//!
//! A [`Span`] is a place: start and length in bytes from the start of the file, both `u64` on every
//! machine. Anything in this crate that needs bytes is a [`Reading`]: it says which span it wants
//! next, a host brings it, until it is done. No trait here does I/O, so one parser serves files,
//! servers, browsers and tests; [`Reading::over`] runs one over bytes that are all in memory.

pub use crate::place::Span;

use crate::error::Error;
use alloc::vec::Vec;

/// What a [`Reading`] answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step<T> {
    /// It is finished.
    Done(T),
    /// It needs these bytes, or at least the first of them, before it can go on. Never empty,
    /// always inside the file.
    Need(Span),
}

/// Something that reads a file by saying which bytes it wants.
///
/// A host calls [`step`](Reading::step) until it is done, and [`bring`](Reading::bring)s what was
/// asked for. It may bring more, to save round trips, or less, as long as the first byte is there.
pub trait Reading {
    /// What comes out at the end.
    type Output;

    /// Go as far as the bytes allow.
    fn step(&mut self) -> Result<Step<Self::Output>, Error>;

    /// Hand over the bytes that start at `at`.
    fn bring(&mut self, at: u64, bytes: &[u8]);

    /// The same with a vector of them, which a reading that keeps them may take rather than copy: then it is empty afterwards.
    fn give(&mut self, at: u64, bytes: &mut Vec<u8>) {
        self.bring(at, bytes);
    }

    /// Run over a whole file that is in memory.
    fn over(mut self, file: &[u8]) -> Result<Self::Output, Error>
    where
        Self: Sized,
    {
        loop {
            match self.step()? {
                Step::Done(out) => return Ok(out),
                Step::Need(span) => {
                    let found = slice(file, span);
                    if found.is_empty() {
                        return Err(Error::truncated(span, 0));
                    }
                    self.bring(span.start, found);
                }
            }
        }
    }
}

/// The part of `file` that `span` names, as far as it is there.
pub fn slice(file: &[u8], span: Span) -> &[u8] {
    let (Ok(start), end) = (usize::try_from(span.start), usize::try_from(span.end()).unwrap_or(usize::MAX)) else {
        return &[];
    };
    file.get(start..end.min(file.len())).unwrap_or(&[])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spans_meet_where_both_have_bytes() {
        let a = Span::new(10, 5);
        assert_eq!(a.overlap(&Span::new(12, 9)), Some(Span::new(12, 3)));
        assert_eq!(a.overlap(&Span::new(15, 9)), None);
        assert!(a.contains(&Span::new(10, 5)) && !a.contains(&Span::new(10, 6)));
        assert_eq!(Span::new(u64::MAX, 9).end(), u64::MAX);
    }

    #[test]
    fn a_slice_stops_at_the_end() {
        assert_eq!(slice(b"abc", Span::new(1, 9)), b"bc");
        assert_eq!(slice(b"abc", Span::new(7, 1)), b"");
    }
}
