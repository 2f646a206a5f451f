//! Stored vectors in row order, batch by batch.

use super::decoding::{Decoding, Rows};
use super::label::LabelStream;
use super::run::{Run, in_blocks, levels, plain, run_of};
use super::stored::{Codes, Stored};
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::{Files, ahead, read_through};
use crate::ids::{ExternalId, InList, Row};
use crate::limits::WALK_BYTES;
use crate::lists::{Layout, List, Walk};
use crate::window::{Stop, Window};
use alloc::{collections::VecDeque, vec::Vec};
use core::ops::Range;

/// Rows of one batch at most.
const BATCH: u64 = 4096;

/// Bytes that the decoded vectors of one batch take at most, unless one takes more: few enough to stay near while
/// they go from step to step, and for an allocator to have at hand.
const DECODED: u64 = 96 << 10;

/// Vectors of neighbouring rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VectorBatch {
    /// The row of the first.
    pub row: Row,
    /// The floats, little-endian, row after row; of a binary index the bits.
    pub floats: Vec<u8>,
    /// One id a row, where ids were asked for.
    pub ids: Vec<ExternalId>,
    /// For lists: where the first stands; the others follow it in the same list.
    pub at: Option<InList>,
}

/// Reads stored vectors in row order; a reading that is done again and again, with the next batch
/// each time and at last `None`. Codes are decoded on the way: their codebooks are read first, and held
/// ([`limits::MAX_TABLES`](crate::limits::MAX_TABLES) at most). Beyond that it holds at most a few megabytes, or one
/// vector.
pub struct VectorStream<'a> {
    stored: Stored<'a>,
    files: Files,
    /// Rows to come, in order; the first is being read.
    ranges: VecDeque<Range<u64>>,
    walk: Option<Walk<'a>>,
    list: Option<List>,
    window: Window,
    asked: Asked,
    labels: Option<LabelStream<'a>>,
    /// Whether `labels` has been set to the first range.
    labelled: bool,
    ids: VecDeque<ExternalId>,
    with_ids: bool,
    /// `None` where rows are handed out as they are.
    decoding: Option<Decoding<'a>>,
    /// What batches were in, to be used again.
    spare: Vec<Vec<u8>>,
}

#[derive(Clone, Copy)]
enum Asked {
    Codes,
    Sizes,
    Labels,
    Decoding,
}

impl<'a> VectorStream<'a> {
    /// The vectors of `ranges` of rows, in the order given; rows that do not exist are left out.
    /// `with_ids`: read their ids too.
    pub fn new(
        stored: &Stored<'a>,
        files: Files,
        ranges: impl IntoIterator<Item = Range<u64>>,
        with_ids: bool,
    ) -> VectorStream<'a> {
        let ranges = ranges
            .into_iter()
            .map(|range| range.start..range.end.min(stored.rows))
            .filter(|range| range.start < range.end)
            .collect();
        VectorStream {
            stored: stored.clone(),
            files,
            ranges,
            walk: None,
            list: None,
            window: Window::new(files.len()),
            asked: Asked::Codes,
            labels: None,
            labelled: false,
            ids: VecDeque::new(),
            with_ids,
            decoding: Decoding::of(stored, files),
            spare: Vec::new(),
        }
    }

    /// After these the vectors of `rows`, in a stream that is at its end: what it knows of the index is kept.
    pub fn go_to(&mut self, rows: Range<u64>) {
        let rows = rows.start..rows.end.min(self.stored.rows);
        if self.ranges.is_empty() {
            self.labelled = false;
            (self.walk, self.list) = (None, None);
        }
        if rows.start < rows.end {
            self.ranges.push_back(rows);
        }
    }

    /// Take back the floats of batches that are done with, so that the next ones need no memory of their own.
    pub fn recycle(&mut self, floats: impl IntoIterator<Item = Vec<u8>>) {
        self.spare.extend(floats);
    }

    /// All vectors.
    pub fn all(stored: &Stored<'a>, files: Files, with_ids: bool) -> VectorStream<'a> {
        VectorStream::new(stored, files, core::iter::once(0..stored.rows), with_ids)
    }

    /// The vectors of chosen rows, ascending, each row once.
    pub fn rows(stored: &Stored<'a>, files: Files, mut rows: Vec<Row>, with_ids: bool) -> VectorStream<'a> {
        rows.sort_unstable();
        rows.dedup();
        let mut ranges: Vec<Range<u64>> = Vec::new();
        for Row(row) in rows {
            match ranges.last_mut() {
                Some(last) if last.end == row => last.end = row.saturating_add(1),
                _ => ranges.push(row..row.saturating_add(1)),
            }
        }
        VectorStream::new(stored, files, ranges, with_ids)
    }

    /// Where the vectors from `row` on lie.
    fn run(&mut self, row: u64, most: u64) -> Result<Step<Run>, Error> {
        let width = self.stored.code_bytes;
        match self.stored.codes {
            Codes::Lists(lists, blocks) => loop {
                if let Some(list) = self.list
                    && let Some(offset) = row.checked_sub(list.row)
                    && offset < list.size
                {
                    let most = most.min(list.size.saturating_sub(offset));
                    let codes = self.files.place(lists, list.codes)?;
                    return Ok(Step::Done(match (&lists.layout, blocks) {
                        (Layout::Panorama { batch_size, n_levels }, _) => {
                            levels(codes, width, *batch_size, *n_levels, offset, most)
                        }
                        (_, Some(blocks)) => in_blocks(codes, blocks, offset, most),
                        _ => plain(codes, width, offset, most),
                    }));
                }
                let stream = self.files.stream;
                let walk = self.walk.get_or_insert_with(|| lists.walk_rows(stream, row));
                match walk.step()? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(Some(list)) => self.list = Some(list),
                    Step::Done(None) => {
                        let rule = "entries of all lists = rows";
                        return Err(Error::inconsistent(lists.span.start, rule, lists.balance.total, row));
                    }
                }
            },
            codes => Ok(Step::Done(run_of(&codes, width, row, most))),
        }
    }

    /// The rows of a run, as decoding knows them.
    fn rows_of(&self, run: &Run, range: &Range<u64>) -> Result<Rows, Error> {
        let (row, count) = (range.start, run.rows);
        let mut rows =
            Rows { row, count, list: None, ids: Span::default(), has_next: range.end.saturating_sub(row) > count };
        if let (Codes::Lists(lists, _), Some(list)) = (self.stored.codes, self.list) {
            rows.list = Some(list);
            let first = row.saturating_sub(list.row).saturating_mul(8);
            let ids = Span::new(list.ids.start.saturating_add(first), count.saturating_mul(8));
            rows.ids = self.files.place(lists, ids)?;
        }
        Ok(rows)
    }

    /// Make sure that ids of `rows` rows are at hand.
    fn fill_ids(&mut self, range: &Range<u64>, rows: u64) -> Result<Step<()>, Error> {
        if !self.labelled {
            self.labels = Some(LabelStream::new(&self.stored, self.files, range.clone()));
            self.labelled = true;
        }
        while (self.ids.len() as u64) < rows {
            let Some(labels) = &mut self.labels else { break };
            match labels.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(None) => {
                    let rule = "there is one id a row";
                    return Err(Error::inconsistent(self.stored.record.span.start, rule, rows, self.ids.len()));
                }
                Step::Done(Some(batch)) => self.ids.extend(batch.ids),
            }
        }
        Ok(Step::Done(()))
    }
}

impl Reading for VectorStream<'_> {
    type Output = Option<VectorBatch>;

    fn step(&mut self) -> Result<Step<Option<VectorBatch>>, Error> {
        let Some(range) = self.ranges.front().cloned() else { return Ok(Step::Done(None)) };
        let row = range.start;
        let fit = |most: u64, width: u64| most.checked_div(width).unwrap_or(BATCH).clamp(1, BATCH);
        let decoded = self.decoding.as_ref().map_or(BATCH, |decoding| fit(DECODED, decoding.widest()));
        let most = range.end.saturating_sub(row).min(fit(WALK_BYTES, self.stored.code_bytes)).min(decoded);
        let run = match self.run(row, most)? {
            Step::Done(run) => run,
            Step::Need(span) => {
                self.asked = Asked::Sizes;
                return Ok(Step::Need(span));
            }
        };
        if self.with_ids
            && let Step::Need(span) = self.fill_ids(&range, run.rows)?
        {
            self.asked = Asked::Labels;
            return Ok(Step::Need(span));
        }
        let rows = self.rows_of(&run, &range)?;
        if let Some(decoding) = &mut self.decoding {
            match decoding.prepare(&rows) {
                Ok(()) => {}
                Err(Stop::Need(span)) => {
                    self.asked = Asked::Decoding;
                    return Ok(Step::Need(span));
                }
                Err(Stop::Bad(error)) => return Err(error),
            }
        }
        let codes = match run.join(&mut self.window) {
            Ok(codes) => codes,
            Err(Stop::Need(missing)) => {
                self.asked = Asked::Codes;
                // What is behind is let go before more comes; not batch by batch, which would move what lies ahead.
                let behind = Span::between(0, run.all().start);
                match self.stored.codes {
                    Codes::Lists(lists, _) if read_through(lists, run.all()).is_some() => self.window.forget(behind),
                    Codes::Rows(_) | Codes::Blocks { .. } => self.window.forget(behind),
                    _ if missing.start == run.all().start => self.window = Window::new(self.files.len()),
                    _ => {}
                }
                return Ok(Step::Need(match self.stored.codes {
                    Codes::Lists(lists, _) if rows.has_next => ahead(lists, missing),
                    // Codes are smaller than what a batch of them decodes to: the next ones come along. A batch that fills
                    // a request comes alone, and need not be copied.
                    Codes::Rows(array) if run.all().len < WALK_BYTES / 2 => {
                        let all = plain(array.span, self.stored.code_bytes, row, range.end.saturating_sub(row)).all();
                        let end = all.end().min(missing.start.saturating_add(WALK_BYTES));
                        Span::between(missing.start, end.max(missing.end()))
                    }
                    _ => missing,
                }));
            }
            Err(Stop::Bad(error)) => return Err(error),
        };
        let floats = match &mut self.decoding {
            None => codes,
            Some(decoding) => {
                decoding.decode(codes, &rows, self.spare.pop().unwrap_or_default()).map_err(|error| match error.at {
                    0 => error.moved_to(run.all().start).inside("codes"),
                    _ => error,
                })?
            }
        };
        let at = rows.list.map(|list| InList { list: list.number, offset: row.saturating_sub(list.row) });
        let next = row.saturating_add(run.rows);
        match self.ranges.front_mut() {
            Some(front) if next < front.end => front.start = next,
            _ => {
                self.ranges.pop_front();
                self.labelled = false;
                // The walk goes on where it is unless the next rows lie before it or far ahead.
                if self
                    .ranges
                    .front()
                    .is_some_and(|range| range.start < next || range.start > next.saturating_add(BATCH))
                {
                    (self.walk, self.list) = (None, None);
                }
            }
        }
        let mut ids = Vec::new();
        if self.with_ids {
            let rows = usize::try_from(run.rows).unwrap_or(usize::MAX).min(self.ids.len());
            ids.extend(self.ids.drain(..rows));
        }
        Ok(Step::Done(Some(VectorBatch { row: Row(row), floats, ids, at })))
    }

    fn give(&mut self, at: u64, bytes: &mut Vec<u8>) {
        match self.asked {
            Asked::Codes if bytes.len() as u64 <= WALK_BYTES && self.decoding.is_none() => {
                self.window.take_in(at, bytes);
                if bytes.is_empty() {
                    *bytes = self.spare.pop().unwrap_or_default();
                }
            }
            _ => self.bring(at, bytes),
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match self.asked {
            Asked::Codes => {
                // A host may bring a whole chunk; what is kept is let go with the batch.
                let block = match self.stored.codes {
                    Codes::Blocks { blocks, .. } | Codes::Lists(_, Some(blocks)) => blocks.bytes,
                    _ => self.stored.code_bytes,
                };
                let most = usize::try_from(WALK_BYTES.max(block)).unwrap_or(usize::MAX);
                self.window.insert(at, bytes.get(..most).unwrap_or(bytes));
            }
            Asked::Sizes => {
                if let Some(walk) = &mut self.walk {
                    walk.bring(at, bytes);
                }
            }
            Asked::Labels => {
                if let Some(labels) = &mut self.labels {
                    labels.bring(at, bytes);
                }
            }
            Asked::Decoding => {
                if let Some(decoding) = &mut self.decoding {
                    decoding.bring(at, bytes);
                }
            }
        }
    }
}
