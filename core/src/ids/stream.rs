//! Ids in row order, batch by batch.
//!
//! An [`IdStream`] is a reading that is done again and again: each time it hands out the next batch,
//! and at last `None`. It asks for the ids and, for lists, for their sizes, in ascending order of
//! rows, and holds a few batches at most. A host that goes through the whole stream anyway brings the
//! ids from what passes by: a span behind what has passed is one of sizes and short.

use super::{ExternalId, IdPlace, Row, ids_in};
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::{Files, ahead, read_through};
use crate::limits::WALK_BYTES;
use crate::lists::{List, Lists, Walk};
use crate::window::{Stop, Window};
use alloc::vec::Vec;
use core::ops::Range;

/// Rows that are asked for at once.
const ASKED: u64 = WALK_BYTES / 8;

/// Bytes of the ids of one batch at most: little enough for the allocator to give the same memory again and again.
const BATCH_BYTES: u64 = 1 << 16;

/// Ids of neighbouring rows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// The row of the first.
    pub row: Row,
    /// One id a row.
    pub ids: Vec<ExternalId>,
    /// For lists: where the first stands; the others follow it in the same list.
    pub at: Option<InList>,
}

/// A place in inverted lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct InList {
    /// Number of the list.
    pub list: u64,
    /// Entries before it in the list.
    pub offset: u64,
}

/// Reads ids in row order: a reading that is done again and again, with the next batch each time and
/// at last `None`.
pub struct IdStream<'a> {
    source: Source<'a>,
    files: Files,
    rows: Range<u64>,
    window: Window,
    asked: Asked,
}

enum Source<'a> {
    Numbers,
    Array(Span),
    Lists { lists: &'a Lists, walk: Walk<'a>, list: Option<List> },
}

#[derive(Clone, Copy)]
enum Asked {
    Ids(Span),
    Sizes,
}

/// A run of rows whose ids stand one after the other.
struct Run {
    rows: u64,
    ids: Span,
    at: Option<InList>,
}

impl<'a> IdStream<'a> {
    /// The ids of `rows` of this place. Rows that the place does not have are left out; where no ids
    /// are stored, the ids are the rows' numbers and the caller says how many rows there are.
    pub fn new(place: &IdPlace<'a>, files: Files, rows: Range<u64>) -> IdStream<'a> {
        let have = match place {
            IdPlace::None => u64::MAX,
            place => place.count().unwrap_or(0),
        };
        let rows = rows.start..rows.end.min(have);
        let source = match *place {
            IdPlace::Map { array, .. } => Source::Array(array.span),
            IdPlace::Lists { lists, .. } => {
                let walk = lists.walk_rows(files.stream, rows.start);
                Source::Lists { lists, walk, list: None }
            }
            IdPlace::None | IdPlace::Unfollowed(_) => Source::Numbers,
        };
        IdStream { source, files, rows, window: Window::new(files.len()), asked: Asked::Sizes }
    }

    /// The ids of all rows of this place.
    pub fn all(place: &IdPlace<'a>, files: Files) -> IdStream<'a> {
        IdStream::new(place, files, 0..place.count().unwrap_or(0))
    }

    /// Where the ids from `row` on stand.
    fn run(&mut self, row: u64, most: u64) -> Result<Step<Run>, Error> {
        let eight = |rows: u64| rows.saturating_mul(8);
        match &mut self.source {
            Source::Numbers => Ok(Step::Done(Run { rows: most, ids: Span::default(), at: None })),
            Source::Array(span) => {
                let ids = Span::new(span.start.saturating_add(eight(row)), eight(most));
                Ok(Step::Done(Run { rows: most, ids, at: None }))
            }
            Source::Lists { lists, walk, list } => loop {
                if let Some(now) = list
                    && let offset = row.saturating_sub(now.row)
                    && offset < now.size
                {
                    let rows = most.min(now.size.saturating_sub(offset));
                    let ids = Span::new(now.ids.start.saturating_add(eight(offset)), eight(rows));
                    let at = Some(InList { list: now.number, offset });
                    return Ok(Step::Done(Run { rows, ids: self.files.place(lists, ids)?, at }));
                }
                match walk.step()? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(Some(next)) => *list = Some(next),
                    Step::Done(None) => {
                        let rule = "entries of all lists = rows";
                        return Err(Error::inconsistent(lists.span.start, rule, lists.balance.total, row));
                    }
                }
            },
        }
    }
}

impl Reading for IdStream<'_> {
    type Output = Option<Batch>;

    fn step(&mut self) -> Result<Step<Option<Batch>>, Error> {
        let row = self.rows.start;
        let most = self.rows.end.saturating_sub(row).min(ASKED);
        if most == 0 {
            return Ok(Step::Done(None));
        }
        let run = match self.run(row, most)? {
            Step::Done(run) => run,
            Step::Need(span) => {
                self.asked = Asked::Sizes;
                return Ok(Step::Need(span));
            }
        };
        let ids: Vec<ExternalId> = if let Source::Numbers = self.source {
            (row..row.saturating_add(run.rows)).map(|row| ExternalId(row.cast_signed())).collect()
        } else {
            let here: Vec<ExternalId> = ids_in(self.window.run(run.ids.start, run.ids.len.min(BATCH_BYTES))).collect();
            // One that was cut in two stands in two pieces of the window.
            let first = Span::new(run.ids.start, 8);
            match if here.is_empty() { self.window.bytes(first) } else { Ok(Vec::new()) } {
                Ok(bytes) => here.into_iter().chain(ids_in(&bytes)).collect(),
                Err(Stop::Need(missing)) => {
                    let missing = Span::between(missing.start, run.ids.end());
                    let wanted = match self.source {
                        // One row is wanted alone, neighbours are not.
                        Source::Lists { lists, .. } if self.rows.end.saturating_sub(row) > 1 => ahead(lists, missing),
                        _ => missing,
                    };
                    // What is behind is let go before more comes; not row by row, which would move what lies ahead.
                    match self.source {
                        Source::Lists { lists, .. } if read_through(lists, run.ids).is_none() => {
                            if missing.start == run.ids.start {
                                self.window = Window::new(self.files.len());
                            }
                        }
                        _ => self.window.forget(Span::between(0, run.ids.start)),
                    }
                    self.asked = Asked::Ids(wanted);
                    return Ok(Step::Need(wanted));
                }
                Err(Stop::Bad(error)) => return Err(error),
            }
        };
        self.rows.start = row.saturating_add(ids.len() as u64);
        Ok(Step::Done(Some(Batch { row: Row(row), ids, at: run.at })))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match (self.asked, &mut self.source) {
            (Asked::Sizes, Source::Lists { walk, .. }) => walk.bring(at, bytes),
            (Asked::Ids(wanted), _) => {
                // A host may bring a whole chunk; only what is asked for is kept.
                let Some(part) = wanted.overlap(&Span::new(at, bytes.len() as u64)) else { return };
                let skip = part.start.saturating_sub(at);
                self.window.insert(part.start, crate::bytes::slice(bytes, Span::new(skip, part.len)));
            }
            _ => {}
        }
    }
}
