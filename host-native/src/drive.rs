//! The one loop from what a reading needs to a store that has it.
//!
//! Headers are asked for a few bytes at a time, so a read brings a whole page; a walk that goes
//! straight on gets pages that double up to [`LONGEST`], so that it costs few calls. Nothing is kept
//! here: what a reading does not forget it holds itself.

use crate::{Cause, error::Verdict, parallel::Progress, store::Store};
use faissil_core::{
    Reading, Span, Step,
    asking::{Ask, Course, Give, Task},
    files::Files,
};
use std::future::Future;

/// Bytes of the smallest read.
const PAGE: u64 = 4096;

/// Bytes of the largest.
pub const LONGEST: u64 = 1 << 20;

/// Run `reading` to its end over `store`.
///
/// # Errors
/// Whatever the reading or the store says.
pub fn drive<R: Reading>(mut reading: R, store: &(impl Store + ?Sized)) -> Result<R::Output, Cause> {
    drive_on(&mut reading, store)
}

/// Run a reading that has an output again and again, such as a walk over pages, to its next one.
///
/// # Errors
/// As [`drive`].
pub fn drive_on<R: Reading>(reading: &mut R, store: &(impl Store + ?Sized)) -> Result<R::Output, Cause> {
    drive_with(reading, store, &mut Vec::new())
}

/// The same through a buffer that is there already.
///
/// # Errors
/// As [`drive`].
pub fn drive_with<R: Reading>(
    reading: &mut R,
    store: &(impl Store + ?Sized),
    buffer: &mut Vec<u8>,
) -> Result<R::Output, Cause> {
    let mut page = PAGE;
    let mut expected = u64::MAX;
    loop {
        let span = match reading.step()? {
            Step::Done(out) => return Ok(out),
            Step::Need(span) => span,
        };
        let straight_on = span.start == expected;
        page = if straight_on { (page * 2).min(LONGEST) } else { PAGE };
        expected = bring(reading, span, page, store, buffer)?;
    }
}

/// Ask `question` of a store.
///
/// # Errors
/// Whatever the question or the store says.
pub fn ask<'a, T, F>(store: &(impl Store + ?Sized), question: impl FnOnce(Ask) -> F) -> Result<T, Cause>
where
    F: Future<Output = Result<T, faissil_core::error::Cause>> + 'a,
{
    Ok(drive(Task::new(Files::only(store.len()), question), store)??)
}

/// Ask `question` of a file and the side file behind it, which are `joined`; `files` are their lengths. Tell how far
/// it is.
///
/// # Errors
/// Whatever the question or the store says.
pub fn ask_telling<'a, T, F>(
    joined: &(impl Store + ?Sized),
    files: Files,
    progress: Progress<'_>,
    question: impl FnOnce(Ask) -> F,
) -> Result<T, Cause>
where
    F: Future<Output = Result<T, faissil_core::error::Cause>> + 'a,
{
    let reading = Task::new(files, question);
    Ok(drive(Telling { reading, far: Task::progress, told: (0, 0), progress }, joined)??)
}

/// The same for a question with an answer in many parts; `each` gets them.
///
/// # Errors
/// As [`ask_telling`].
pub fn ask_on_telling<'a, G: 'a, F>(
    joined: &(impl Store + ?Sized),
    files: Files,
    progress: Progress<'_>,
    question: impl FnOnce(Ask, Give<G>) -> F,
    mut each: impl FnMut(G),
) -> Result<(), Cause>
where
    F: Future<Output = Result<(), faissil_core::error::Cause>> + 'a,
{
    let reading = Course::new(files, question);
    let mut telling = Telling { reading, far: Course::progress, told: (0, 0), progress };
    while let Some(part) = drive_on(&mut telling, joined)?? {
        each(part);
    }
    Ok(())
}

/// A task or a course that tells how far it is.
struct Telling<'p, R> {
    reading: R,
    far: fn(&R) -> (u64, u64),
    told: (u64, u64),
    progress: Progress<'p>,
}

impl<R: Reading> Reading for Telling<'_, R> {
    type Output = R::Output;

    fn step(&mut self) -> Result<Step<Self::Output>, faissil_core::Error> {
        let step = self.reading.step()?;
        let now = (self.far)(&self.reading);
        if now != self.told {
            self.told = now;
            (self.progress)(now.0, now.1);
        }
        Ok(step)
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.reading.bring(at, bytes);
    }
}

/// Bring the start of `span`, a page at least where none of it is damaged; where the brought bytes end.
fn bring<R: Reading>(
    reading: &mut R,
    span: Span,
    page: u64,
    store: &(impl Store + ?Sized),
    buffer: &mut Vec<u8>,
) -> Result<u64, Cause> {
    let have = store.len().saturating_sub(span.start);
    if have == 0 || span.is_empty() {
        return Err(faissil_core::Error::truncated(span, have).into());
    }
    let mut len = span.len.clamp(page, LONGEST).min(have);
    loop {
        buffer.resize(len as usize, 0);
        match store.read_at(span.start, buffer) {
            Ok(()) => break,
            // The damage may lie behind what is needed.
            Err(cause) if len > 1 && cause.verdict() == Verdict::Damaged => len /= 2,
            Err(cause) => return Err(cause),
        }
    }
    reading.give(span.start, buffer);
    Ok(Span::new(span.start, len).end())
}

/// A reading that looks on while a store is read from end to end for another purpose, so that no
/// byte is read twice.
///
/// It takes what it needs from the bytes that pass. What has passed already, or never comes, it reads
/// itself.
pub struct Onlooker<R: Reading> {
    reading: R,
    need: Option<Span>,
    done: Option<R::Output>,
}

impl<R: Reading> Onlooker<R> {
    /// Begin, before the first byte.
    ///
    /// # Errors
    /// Of the reading.
    pub fn new(reading: R) -> Result<Onlooker<R>, Cause> {
        let mut onlooker = Onlooker { reading, need: None, done: None };
        onlooker.step()?;
        Ok(onlooker)
    }

    /// The reading.
    pub fn reading(&self) -> &R {
        &self.reading
    }

    fn step(&mut self) -> Result<(), Cause> {
        match self.reading.step()? {
            Step::Done(out) => (self.need, self.done) = (None, Some(out)),
            Step::Need(span) => self.need = Some(span),
        }
        Ok(())
    }

    /// The bytes from `at` on pass; they come in order. `store` has those before.
    ///
    /// # Errors
    /// Of the reading or the store.
    pub fn pass(&mut self, at: u64, bytes: &[u8], store: &(impl Store + ?Sized)) -> Result<(), Cause> {
        let passing = Span::new(at, bytes.len() as u64);
        while let Some(need) = self.need {
            if need.start >= passing.end() {
                return Ok(());
            }
            if need.start < at {
                bring(&mut self.reading, Span::between(need.start, need.end().min(at)), PAGE, store, &mut Vec::new())?;
            } else {
                let part = Span::between(need.start, need.end().min(passing.end()));
                let bytes = faissil_core::bytes::slice(bytes, Span::new(part.start - at, part.len));
                self.reading.bring(part.start, bytes);
            }
            self.step()?;
        }
        Ok(())
    }

    /// What it came to, after all has passed.
    ///
    /// # Errors
    /// Of the reading or the store.
    pub fn finish(mut self, store: &(impl Store + ?Sized)) -> Result<R::Output, Cause> {
        match self.done.take() {
            Some(out) => Ok(out),
            None => drive(self.reading, store),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::Counting;
    use faissil_core::window::Replay;

    #[test]
    fn a_long_walk_takes_few_reads_and_a_jump_a_small_one() {
        let store = Counting::new(vec![7u8; 8 << 20]);
        let walk = Replay::new(store.len(), 0u64, |at: &mut u64, window| {
            while *at < 4 << 20 {
                window.bytes(Span::new(*at, 64))?;
                window.forget(Span::new(*at, 64));
                *at += 64;
            }
            window.bytes(Span::new(7 << 20, 8))
        });
        assert_eq!(drive(walk, &store).unwrap(), [7; 8]);
        assert!(store.reads() < 16, "{} reads", store.reads());
        assert!(store.bytes() < (5 << 20) + 8192, "{} bytes", store.bytes());
    }

    #[test]
    fn an_onlooker_takes_what_passes_and_reads_nothing() {
        let bytes: Vec<u8> = (0..100_000u32).map(|n| n as u8).collect();
        let reading = || {
            Replay::new(bytes.len() as u64, (0u64, 0u64), |(at, sum): &mut (u64, u64), window| {
                while *at < 90_000 {
                    let piece = window.bytes(Span::new(*at, 999))?;
                    *sum += piece.iter().map(|&byte| u64::from(byte)).sum::<u64>();
                    window.forget(Span::new(*at, 999));
                    *at += 3000;
                }
                window.bytes(Span::new(5, 2)).map(|early| (*sum, early))
            })
        };
        let store = Counting::new(bytes.clone());
        let mut onlooker = Onlooker::new(reading()).unwrap();
        for (number, piece) in bytes.chunks(7001).enumerate() {
            onlooker.pass(number as u64 * 7001, piece, &store).unwrap();
        }
        let (sum, early) = onlooker.finish(&store).unwrap();
        assert_eq!((sum, early), drive(reading(), &bytes).unwrap());
        assert_eq!(store.reads(), 1, "only what had passed before it was needed");
    }
}
