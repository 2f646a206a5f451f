//! The bytes of a file that have arrived so far, and readings made by starting again.
//!
//! Headers are small and bulk is skipped as spans, so a parser can be plain straight-line code: when
//! a byte is missing it stops with [`Stop::Need`], and after that byte has arrived it is run once
//! more from the start. [`Replay`] is that loop as a [`Reading`]. What must not be done twice (a
//! walk over a graph, a sum over a million list sizes) is kept in the replay's own state.

use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::order::ByNumber;
use alloc::vec::Vec;

/// Why straight-line code stopped before its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Stop {
    /// These bytes have not arrived yet.
    Need(Span),
    /// The file is at fault.
    Bad(Error),
}

impl From<Error> for Stop {
    fn from(error: Error) -> Stop {
        Stop::Bad(error)
    }
}

/// A value, or the reason why it cannot be had at this moment.
pub type Read<T> = Result<T, Stop>;

/// What a reading answers when its straight-line code has come to this.
///
/// # Errors
/// The fault of the file.
pub(crate) fn step_of<T>(read: Read<T>) -> Result<Step<T>, Error> {
    match read {
        Ok(out) => Ok(Step::Done(out)),
        Err(Stop::Need(span)) => Ok(Step::Need(span)),
        Err(Stop::Bad(error)) => Err(error),
    }
}

/// The parts of a file that are in memory.
#[derive(Debug, Clone, Default)]
pub struct Window {
    len: u64,
    /// Pieces by their first byte; they neither overlap nor touch an empty piece.
    pieces: ByNumber<Vec<u8>>,
}

impl Window {
    /// A window on a file of `len` bytes, of which none has arrived.
    pub fn new(len: u64) -> Window {
        Window { len, pieces: ByNumber::default() }
    }

    /// Length of the whole file in bytes.
    pub fn file_len(&self) -> u64 {
        self.len
    }

    /// Bytes held at the moment.
    pub fn held(&self) -> u64 {
        self.pieces.values().map(|piece| piece.len() as u64).sum()
    }

    /// Take in the bytes at `at`. What is there already is kept; bytes past the file's end are ignored.
    pub fn insert(&mut self, at: u64, bytes: &[u8]) {
        let end = Span::new(at, bytes.len() as u64).end().min(self.len);
        let mut from = at;
        while from < end {
            if let Some(held_to) = self.held_from(from) {
                from = held_to;
                continue;
            }
            let to = self.pieces.first_from(from).map_or(end, |&(start, _)| start.min(end));
            let skip = from.saturating_sub(at);
            let part = crate::bytes::slice(bytes, Span::between(skip, to.saturating_sub(at)));
            if part.is_empty() {
                return;
            }
            self.pieces.insert(from, part.to_vec());
            from = to;
        }
    }

    /// Take in the bytes at `at`, the vector itself where nothing of them is there yet; then it is empty afterwards.
    pub fn take_in(&mut self, at: u64, bytes: &mut Vec<u8>) {
        let span = Span::new(at, bytes.len() as u64);
        let is_new = self.held_from(at).is_none()
            && self.pieces.first_from(at).is_none_or(|&(start, _)| start >= span.end())
            && span.end() <= self.len;
        if is_new && !bytes.is_empty() {
            self.pieces.insert(at, core::mem::take(bytes));
        } else {
            self.insert(at, bytes);
        }
    }

    /// Where the piece that holds byte `at` ends.
    fn held_from(&self, at: u64) -> Option<u64> {
        let &(start, ref piece) = self.pieces.last_to(at)?;
        let end = Span::new(start, piece.len() as u64).end();
        (end > at).then_some(end)
    }

    /// The held bytes from `at` on, at most `most`, as one run; empty when byte `at` has not arrived.
    pub fn run(&self, at: u64, most: u64) -> &[u8] {
        let Some(&(start, ref piece)) = self.pieces.last_to(at) else { return &[] };
        crate::bytes::slice(piece, Span::new(at.saturating_sub(start), most))
    }

    /// Fill `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// [`Stop::Need`] with the first bytes that are missing; [`Error::truncated`] when the file ends
    /// before `out` is full.
    pub fn copy(&self, at: u64, out: &mut [u8]) -> Read<()> {
        let want = Span::new(at, out.len() as u64);
        self.check(want)?;
        let mut from = at;
        let mut rest = out;
        while !rest.is_empty() {
            let run = self.run(from, rest.len() as u64);
            if run.is_empty() {
                return Err(Stop::Need(Span::between(from, want.end())));
            }
            let (now, later) = rest.split_at_mut(run.len());
            now.copy_from_slice(run);
            from = from.saturating_add(run.len() as u64);
            rest = later;
        }
        Ok(())
    }

    /// That all bytes of `span` are here.
    ///
    /// # Errors
    /// [`Stop::Need`] with those that are missing; [`Error::truncated`] when the file ends before.
    pub fn need(&self, span: Span) -> Read<()> {
        self.check(span)?;
        let mut from = span.start;
        while from < span.end() {
            match self.held_from(from) {
                Some(to) => from = to,
                None => return Err(Stop::Need(Span::between(from, span.end()))),
            }
        }
        Ok(())
    }

    /// All bytes of `span`, in a vector that is made only once they are all here.
    pub fn bytes(&self, span: Span) -> Read<Vec<u8>> {
        self.need(span)?;
        let mut out = Vec::new();
        let mut from = span.start;
        while from < span.end() {
            let run = self.run(from, span.end().saturating_sub(from));
            out.extend_from_slice(run);
            from = from.saturating_add(run.len() as u64);
        }
        Ok(out)
    }

    /// The bytes of `span`, which will not be asked for again: a piece that is just these is moved out.
    pub fn take(&mut self, span: Span) -> Read<Vec<u8>> {
        let is_piece = self.pieces.get(span.start).is_some_and(|piece| piece.len() as u64 == span.len);
        match is_piece.then(|| self.pieces.remove(span.start)) {
            Some(Some(piece)) => Ok(piece),
            _ => self.bytes(span),
        }
    }

    /// That `span` lies inside the file.
    pub fn check(&self, span: Span) -> Read<()> {
        let have = self.len.saturating_sub(span.start);
        if span.len > have {
            return Err(Error::truncated(span, have).into());
        }
        Ok(())
    }

    /// Let go of what is held of `span`: it has been used and will not be asked for again.
    pub fn forget(&mut self, span: Span) {
        let mut from = self.pieces.last_to(span.start).map_or(span.start, |&(start, _)| start);
        while let Some(&(start, _)) = self.pieces.first_from(from).filter(|(start, _)| *start < span.end()) {
            let Some(piece) = self.pieces.remove(start) else { return };
            from = start.saturating_add(1).max(span.start);
            let held = Span::new(start, piece.len() as u64);
            for kept in
                [Span::between(start, span.start.min(held.end())), Span::between(span.end().max(start), held.end())]
            {
                if !kept.is_empty() {
                    let part = crate::bytes::slice(&piece, Span::new(kept.start.saturating_sub(start), kept.len));
                    self.pieces.insert(kept.start, part.to_vec());
                }
            }
        }
    }
}

/// A [`Reading`] made of a function that is run again whenever a missing byte has arrived.
///
/// The function gets its own state, which survives the starts, and the window.
pub struct Replay<S, F> {
    window: Window,
    state: S,
    run: F,
}

impl<S, T, F: FnMut(&mut S, &mut Window) -> Read<T>> Replay<S, F> {
    /// A reading of a file of `len` bytes.
    pub fn new(len: u64, state: S, run: F) -> Replay<S, F> {
        Replay { window: Window::new(len), state, run }
    }
}

impl<S, T, F: FnMut(&mut S, &mut Window) -> Read<T>> Reading for Replay<S, F> {
    type Output = T;

    fn step(&mut self) -> Result<Step<T>, Error> {
        step_of((self.run)(&mut self.state, &mut self.window))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn pieces_that_arrive_in_any_order_make_one_run() {
        let mut window = Window::new(10);
        window.insert(4, b"efg");
        window.insert(0, b"abcdefghij");
        assert_eq!(window.bytes(Span::new(0, 10)), Ok(b"abcdefghij".to_vec()));
        assert_eq!(window.held(), 10);
    }

    #[test]
    fn a_hole_is_asked_for_from_its_first_byte() {
        let mut window = Window::new(10);
        window.insert(0, b"abc");
        window.insert(5, b"f");
        assert_eq!(window.bytes(Span::new(1, 6)), Err(Stop::Need(Span::new(3, 4))));
        let mut out = vec![0; 2];
        assert_eq!(window.copy(1, &mut out), Ok(()));
        assert_eq!(out, b"bc");
    }

    #[test]
    fn past_the_end_is_truncated_and_not_needed() {
        let window = Window::new(10);
        assert_eq!(window.bytes(Span::new(8, 3)), Err(Error::truncated(Span::new(8, 3), 2).into()));
    }

    #[test]
    fn forgetting_cuts_a_hole() {
        let mut window = Window::new(10);
        window.insert(0, b"abcdefghij");
        window.forget(Span::new(2, 3));
        assert_eq!(window.run(0, 99), b"ab");
        assert_eq!(window.run(2, 99), b"");
        assert_eq!(window.run(5, 99), b"fghij");
    }
}
