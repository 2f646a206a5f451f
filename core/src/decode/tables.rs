//! Codebooks on their way into memory.

use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits;
use alloc::vec::Vec;

/// A codebook: its floats. Numbers and bytes, where there are any, are kept by their bits.
pub type Table = Vec<f32>;

/// Reads some arrays whole, one after the other; a [`Reading`].
#[derive(Debug)]
pub struct Tables {
    spans: Vec<Span>,
    read: Vec<Vec<u8>>,
}

impl Tables {
    /// Read the bytes of these spans of a file of `file_len` bytes.
    ///
    /// # Errors
    /// When they pass the file's end, or are more than [`limits::MAX_TABLES`] bytes.
    pub fn new(spans: Vec<Span>, file_len: u64) -> Result<Tables, Error> {
        let mut all = 0_u64;
        for span in &spans {
            let have = file_len.saturating_sub(span.start);
            if span.len > have {
                return Err(Error::truncated(*span, have));
            }
            all = all.saturating_add(span.len);
            if all > limits::MAX_TABLES {
                return Err(Error::limit(span.start, "bytes of codebooks to decode with", limits::MAX_TABLES, all));
            }
        }
        Ok(Tables { spans, read: Vec::new() })
    }
}

impl Reading for Tables {
    /// The bytes of each.
    type Output = Vec<Vec<u8>>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        loop {
            let full = self.read.last().map_or(0, |bytes| bytes.len() as u64);
            let span = self.read.len().checked_sub(1).and_then(|at| self.spans.get(at)).copied().unwrap_or_default();
            if full < span.len {
                let start = span.start.saturating_add(full);
                return Ok(Step::Need(Span::between(start, span.end())));
            }
            if self.read.len() == self.spans.len() {
                return Ok(Step::Done(core::mem::take(&mut self.read)));
            }
            self.read.push(Vec::new());
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        let Some(span) = self.read.len().checked_sub(1).and_then(|last| self.spans.get(last)) else { return };
        let Some(reading) = self.read.last_mut() else { return };
        let next = span.start.saturating_add(reading.len() as u64);
        let Some(skip) = next.checked_sub(at) else { return };
        let rest = span.end().saturating_sub(next);
        reading.extend_from_slice(crate::bytes::slice(bytes, Span::new(skip, rest)));
    }
}

/// The floats of these bytes, little-endian; of bytes that are no floats, all of them.
pub fn table(bytes: &[u8]) -> Table {
    let (floats, rest) = bytes.as_chunks::<4>();
    let mut last = [0; 4];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    let last = (!rest.is_empty()).then_some(last);
    floats.iter().copied().chain(last).map(f32::from_le_bytes).collect()
}
