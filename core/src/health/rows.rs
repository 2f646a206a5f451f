//! Rows that pass by: whoever counts something over them, and the reading that brings them.

use super::sample::{Rows, Tag};
use super::section::Found;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::Files;
use crate::vectors::{Codes, Key, Stored, VectorBatch, VectorStream};
use alloc::vec::Vec;

/// Counts something over rows.
pub(super) trait Counter {
    /// The next rows.
    fn count(&mut self, batch: &VectorBatch);

    /// What it came to; the counter is not used after that.
    fn found(&mut self) -> Found;
}

/// Reads rows and counts something over them.
pub(super) struct Counted<'a, C> {
    stream: Sampled<'a>,
    counter: C,
}

impl<'a, C: Counter> Counted<'a, C> {
    pub(super) fn new(stored: &Stored<'a>, files: Files, rows: &Rows, counter: C) -> Counted<'a, C> {
        Counted { stream: Sampled::new(stored, files, rows), counter }
    }
}

impl<C: Counter> Reading for Counted<'_, C> {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        loop {
            match self.stream.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(Some(batch)) => self.counter.count(&batch),
                Step::Done(None) => return Ok(Step::Done(self.counter.found())),
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.stream.bring(at, bytes);
    }
}

/// What a request for a few rows may be rounded up to, in bytes.
pub(super) const ROUND_UP: u64 = 4096;

/// Rows of a sample, which asks for no more than a run at once: a stream of rows would read ahead where lists are small.
pub(super) struct Sampled<'a> {
    stream: VectorStream<'a>,
    /// Where the lists lie, in the stream or behind it, and their centroids, each with the most that is asked for there.
    trimmed: Vec<(Span, u64)>,
}

impl<'a> Sampled<'a> {
    pub(super) fn new(stored: &Stored<'a>, files: Files, rows: &Rows) -> Sampled<'a> {
        let mut trimmed = Vec::new();
        match (stored.codes, rows.coverage.sample) {
            (Codes::Lists(lists, _), Some(drawn)) if rows.coverage.tag == Tag::Sampled => {
                let side = Span::between(files.stream, files.len());
                let region = if lists.span.is_empty() { side } else { lists.span };
                // Of each row its code and its id, and of each of as many lists two counts.
                let run = drawn.run_rows.saturating_mul(stored.code_bytes.saturating_add(24));
                trimmed.push((region, run.max(ROUND_UP)));
                if let Some(Key::Row { codes, width, .. }) = stored.coarse.as_ref().map(|coarse| coarse.key) {
                    let one = if let Codes::Blocks { blocks, .. } = codes { blocks.bytes } else { width };
                    trimmed.extend(codes.array().map(|array| (array.span, one.max(ROUND_UP))));
                }
            }
            _ => {}
        }
        Sampled { stream: VectorStream::new(stored, files, rows.ranges.iter().cloned(), false), trimmed }
    }
}

impl Reading for Sampled<'_> {
    type Output = Option<VectorBatch>;

    fn step(&mut self) -> Result<Step<Option<VectorBatch>>, Error> {
        let step = self.stream.step()?;
        let Step::Need(span) = step else { return Ok(step) };
        let most = self.trimmed.iter().find(|(region, _)| region.contains(&span)).map_or(span.len, |(_, most)| *most);
        Ok(Step::Need(Span::new(span.start, span.len.min(most))))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.stream.bring(at, bytes);
    }
}
