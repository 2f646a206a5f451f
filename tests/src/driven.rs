//! Readings driven as a strict host would.
//!
//! [`over`] brings what is asked for in pages of any size, and fails a reading that asks for nothing, for what is
//! not in the file, or without end.

use faissil_core::bytes::{Reading, Step, slice};
use faissil_core::error::Error;

/// The outcome of `reading` over `file`, which arrives in pages of at most `page` bytes.
///
/// # Panics
/// When the reading breaks its contract, or asks more often than `3 * file.len() / page + 1000` times.
pub fn over<R: Reading>(mut reading: R, file: &[u8], page: usize) -> Result<R::Output, Error> {
    step(&mut reading, file, page)
}

/// As [`over`], for a reading that is done more than once.
pub fn step<R: Reading>(reading: &mut R, file: &[u8], page: usize) -> Result<R::Output, Error> {
    let most = 3 * (file.len() / page) + 1000;
    for _ in 0..most {
        match reading.step()? {
            Step::Done(out) => return Ok(out),
            Step::Need(span) => {
                assert!(!span.is_empty(), "asked for nothing at {span}");
                assert!(span.end() <= file.len() as u64, "asked for {span} of {} bytes", file.len());
                let bytes = slice(file, span);
                reading.bring(span.start, &bytes[..bytes.len().min(page)]);
            }
        }
    }
    panic!("asked more than {most} times for {} bytes in pages of {page}", file.len());
}

/// All that a reading hands out, batch by batch, until `None`.
pub fn batches<T, R: Reading<Output = Option<T>>>(reading: &mut R, file: &[u8], page: usize) -> Result<Vec<T>, Error> {
    let mut out = Vec::new();
    while let Some(batch) = step(reading, file, page)? {
        out.push(batch);
    }
    Ok(out)
}
