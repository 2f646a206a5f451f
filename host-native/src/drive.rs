//! The one loop from what a reading needs to a store that has it.
//!
//! Headers are asked for a few bytes at a time, so a read brings a whole page; a walk that goes
//! straight on gets pages that double up to [`LONGEST`], so that it costs few calls. Nothing is kept
//! here: what a reading does not forget it holds itself.

use crate::{Cause, store::Store};
use faissil_core::{Reading, Span, Step};

/// Bytes of the smallest read.
const PAGE: u64 = 4096;

/// Bytes of the largest.
pub const LONGEST: u64 = 1 << 20;

/// Run `reading` to its end over `store`.
///
/// # Errors
/// Whatever the reading or the store says.
pub fn drive<R: Reading>(mut reading: R, store: &(impl Store + ?Sized)) -> Result<R::Output, Cause> {
    let mut page = PAGE;
    let mut expected = u64::MAX;
    let mut buffer = Vec::new();
    loop {
        let span = match reading.step()? {
            Step::Done(out) => return Ok(out),
            Step::Need(span) => span,
        };
        let straight_on = span.start == expected;
        page = if straight_on { (page * 2).min(LONGEST) } else { PAGE };
        let have = store.len().saturating_sub(span.start);
        if have == 0 || span.is_empty() {
            return Err(faissil_core::Error::truncated(span, have).into());
        }
        let len = span.len.clamp(page, LONGEST).min(have);
        buffer.resize(len as usize, 0);
        store.read_at(span.start, &mut buffer)?;
        reading.bring(span.start, &buffer);
        expected = Span::new(span.start, len).end();
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
}
