//! Places in a file, and the one way to ask for them.
//!
//! A [`Span`] is a place: start and length in bytes from the start of the file, both `u64` on every
//! machine. Anything in this crate that needs bytes is a [`Reading`]: it says which span it wants
//! next, a host brings it, until it is done. No trait here does I/O, so one parser serves files,
//! servers, browsers and tests; [`Reading::over`] runs one over bytes that are all in memory.

use crate::error::Error;
use core::fmt;

/// A run of bytes: where it starts and how long it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Span {
    /// First byte, counted from the start of the file.
    pub start: u64,
    /// Length in bytes.
    pub len: u64,
}

impl Span {
    /// The span of `len` bytes from `start`.
    pub const fn new(start: u64, len: u64) -> Span {
        Span { start, len }
    }

    /// The span from `start` up to but not including `end`; empty where `end` is not after `start`.
    pub const fn between(start: u64, end: u64) -> Span {
        Span { start, len: end.saturating_sub(start) }
    }

    /// The first byte after the span. Saturates: a span that claims to pass `u64::MAX` ends there.
    pub const fn end(&self) -> u64 {
        self.start.saturating_add(self.len)
    }

    /// Whether there is no byte in it.
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether all of `other` lies inside.
    pub const fn contains(&self, other: &Span) -> bool {
        other.start >= self.start && other.end() <= self.end()
    }

    /// The bytes that both spans share, if any.
    pub fn overlap(&self, other: &Span) -> Option<Span> {
        let (start, end) = (self.start.max(other.start), self.end().min(other.end()));
        (start < end).then(|| Span::between(start, end))
    }
}

impl fmt::Display for Span {
    /// As half-open byte positions: `45..3245`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}..{}", self.start, self.end())
    }
}

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
