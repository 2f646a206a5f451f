//! Going through inverted lists for entries that are left out.
//!
//! [`Pass`] walks over the lists and hands out each with the runs of entries of which nothing is damaged and, where
//! they are wanted, their ids, a few thousand at a time. It never asks for a damaged byte.

use super::spans::{Damaged, Runs};
use crate::bytes::{Span, Step};
use crate::error::Error;
use crate::limits::WALK_BYTES;
use crate::lists::{List, Lists, Walk};
use crate::window::{Stop, Window};
use alloc::{collections::VecDeque, vec::Vec};
use core::ops::Range;

/// Entries whose ids are read at once.
const BATCH: u64 = WALK_BYTES / 8;

/// A walk over all lists. Where ids are read, it is those of entries that are not damaged.
pub(super) struct Pass<'a> {
    walk: Walk<'a>,
    code_size: u64,
    reads_ids: bool,
    window: Window,
    wanted: Option<Span>,
    now: Option<Now>,
    entry: u64,
}

struct Now {
    found: Entries,
    todo: VecDeque<Range<u64>>,
    began: bool,
}

/// A list, and what is damaged of it.
#[derive(Debug, Clone)]
pub(super) struct Entries {
    /// The list.
    pub(super) list: List,
    /// Its place among the stored sizes.
    pub(super) entry: u64,
    /// Entries of which the code or the id is damaged.
    pub(super) lost: Runs,
    /// Entries of which the id is damaged.
    pub(super) nameless: Runs,
}

/// What a pass hands out.
pub(super) enum Event {
    /// The next list that is not empty.
    List(Entries),
    /// Ids in that list, from this entry on.
    Ids(u64, Vec<i64>),
    /// There is no list any more.
    End,
}

impl<'a> Pass<'a> {
    pub(super) fn new(lists: &'a Lists, file_len: u64, reads_ids: bool) -> Pass<'a> {
        let window = Window::new(file_len);
        let walk = lists.walk(file_len, 0);
        Pass { walk, code_size: lists.code_size, reads_ids, window, wanted: None, now: None, entry: 0 }
    }

    /// Hand over the bytes that start at `at`.
    pub(super) fn bring(&mut self, at: u64, bytes: &[u8]) {
        match self.wanted {
            // A host may bring a whole page; only what is asked for is kept.
            Some(wanted) => {
                let Some(part) = wanted.overlap(&Span::new(at, bytes.len() as u64)) else { return };
                let skip = part.start.saturating_sub(at);
                self.window.insert(part.start, crate::bytes::slice(bytes, Span::new(skip, part.len)));
            }
            None => self.walk.bring(at, bytes),
        }
    }

    /// What comes next.
    pub(super) fn step(&mut self, damaged: &Damaged) -> Result<Step<Event>, Error> {
        loop {
            if let Some(now) = &mut self.now {
                if !now.began {
                    now.began = true;
                    return Ok(Step::Done(Event::List(now.found.clone())));
                }
                if let Some(run) = now.todo.front().cloned() {
                    let start = now.found.list.ids.start.saturating_add(run.start.saturating_mul(8));
                    let span = Span::new(start, run.end.saturating_sub(run.start).saturating_mul(8));
                    match self.window.bytes(span) {
                        Ok(bytes) => {
                            self.window = Window::new(self.window.file_len());
                            now.todo.pop_front();
                            let ids = bytes.as_chunks::<8>().0.iter().map(|id| i64::from_le_bytes(*id)).collect();
                            return Ok(Step::Done(Event::Ids(run.start, ids)));
                        }
                        Err(Stop::Need(span)) => {
                            self.wanted = Some(span);
                            return Ok(Step::Need(span));
                        }
                        Err(Stop::Bad(error)) => return Err(error),
                    }
                }
                self.now = None;
            }
            self.wanted = None;
            let list = match self.walk.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(None) => return Ok(Step::Done(Event::End)),
                Step::Done(Some(list)) => list,
            };
            let entry = self.entry;
            self.entry = entry.saturating_add(1);
            if list.size > 0 {
                self.now = Some(self.look(list, entry, damaged));
            }
        }
    }

    fn look(&self, list: List, entry: u64, damaged: &Damaged) -> Now {
        let nameless = damaged.elements(list.ids, 8);
        let lost = damaged.elements(list.codes, self.code_size).and(&nameless);
        let mut todo = VecDeque::new();
        if self.reads_ids {
            for run in lost.others(list.size).iter() {
                let mut at = run.start;
                while at < run.end {
                    let end = run.end.min(at.saturating_add(BATCH));
                    todo.push_back(at..end);
                    at = end;
                }
            }
        }
        Now { found: Entries { list, entry, lost, nameless }, todo, began: false }
    }
}
