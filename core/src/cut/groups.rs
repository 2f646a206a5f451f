//! Inverted lists, cut into groups of whole lists, and long ones into their runs.
//!
//! Codes and ids alternate list by list, and lists can be tiny or huge. A chunk is as many whole lists as fit and its
//! codec takes; a list that does not fit by itself is cut into its codes, its ids and what else it has, each between
//! entries.

use super::{Even, Grain};
use crate::bytes::{Span, Step};
use crate::codec::{Holds, MOST_LISTS, Width};
use crate::error::Error;
use crate::lists::{Layout, List, Lists, Walk};
use alloc::{collections::VecDeque, format, string::String, vec::Vec};

/// Bytes of the count in front of a run.
const COUNT: u64 = 8;

/// The walk along the lists of one index.
pub(super) struct Groups<'o> {
    lists: &'o Lists,
    walk: Walk<'o>,
    grain: Grain,
    path: String,
    /// The first byte that is in no chunk yet, and the list that starts there.
    start: u64,
    first: u64,
    /// Entries of the lists since then that hold any.
    sizes: Vec<u64>,
    /// The last list that was met, whose end is known with the next one.
    last: Option<List>,
}

impl<'o> Groups<'o> {
    pub(super) fn new(lists: &'o Lists, file_len: u64, grain: Grain, path: String) -> Groups<'o> {
        let walk = lists.walk(file_len, 0);
        Groups { lists, walk, grain, path, start: lists.span.start, first: 0, sizes: Vec::new(), last: None }
    }

    pub(super) fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.walk.bring(at, bytes);
    }

    /// Go on by one list; whether there may be more.
    pub(super) fn step(&mut self, ready: &mut VecDeque<Even>) -> Result<Step<bool>, Error> {
        let next = match self.walk.step()? {
            Step::Need(span) => return Ok(Step::Need(span)),
            Step::Done(next) => next,
        };
        let end = next.as_ref().map_or(self.lists.span.end(), |list| self.start_of(list));
        let end = end.clamp(self.start, self.lists.span.end());
        if let Some(last) = self.last.take() {
            self.met(&last, end, ready);
        }
        let more = next.is_some();
        if !more {
            self.group(end, self.lists.nlist, ready);
        }
        self.last = next;
        Ok(Step::Done(more))
    }

    /// `list` ends at `end`.
    fn met(&mut self, list: &List, end: u64, ready: &mut VecDeque<Even>) {
        let fits = |from: u64| Span::between(from, end).len <= self.grain.piece;
        if fits(self.start) && self.sizes.len() < MOST_LISTS {
            return self.hold(list);
        }
        let start = self.start_of(list).clamp(self.start, end);
        let alone = fits(start);
        self.group(start, list.number, ready);
        if alone {
            self.hold(list);
        } else {
            self.runs(list, end, ready);
            self.start = end;
            self.first = list.number.saturating_add(1);
        }
    }

    /// The list goes into the chunk that is open.
    fn hold(&mut self, list: &List) {
        if list.size > 0 {
            self.sizes.push(list.size);
        }
    }

    /// Everything up to `end`, where list `number` starts, is one chunk.
    fn group(&mut self, end: u64, number: u64, ready: &mut VecDeque<Even>) {
        let span = Span::between(self.start, end);
        if !span.is_empty() {
            let path = format!("{} of lists {}..{number}", self.path, self.first);
            let sizes = core::mem::take(&mut self.sizes);
            let holds = match self.lists.layout {
                Layout::Array => Holds::Lists { code_size: self.lists.code_size, sizes },
                _ => Holds::Anything,
            };
            ready.push_back(Even::new(span, self.grain, 1, holds, path));
        }
        self.start = end.max(self.start);
        self.first = number;
    }

    /// Cut one list into its runs. They follow each other without a gap, whatever the list says.
    fn runs(&mut self, list: &List, end: u64, ready: &mut VecDeque<Even>) {
        let (codes, ids) = (list.codes, list.ids);
        let code = self.lists.code_size;
        // Where the run ends, bytes of a row, of an element, in front of the first row; its name.
        let runs = match &self.lists.layout {
            Layout::Panorama { .. } => [
                (codes.end(), code, Holds::Rows(code), 0, "codes"),
                (ids.end(), 8, Holds::Integers(Width::W8), 0, "ids"),
                (end, 4, Holds::Floats(Width::W4), 0, "sums"),
            ],
            Layout::Block { block_size, .. } => [
                (codes.start, 8, Holds::Integers(Width::W8), 0, "ids"),
                (end, *block_size, Holds::Anything, 0, "codes"),
                (end, 1, Holds::Anything, 0, ""),
            ],
            Layout::Split { .. } => {
                let count = codes.start.saturating_sub(self.start).min(COUNT);
                [
                    (end, code, Holds::Anything, count, "codes"),
                    (end, 1, Holds::Anything, 0, ""),
                    (end, 1, Holds::Anything, 0, ""),
                ]
            }
            Layout::Array | Layout::OnDisk { .. } => [
                (codes.end(), code, Holds::Rows(code), 0, "codes"),
                (end, 8, Holds::Integers(Width::W8), 0, "ids"),
                (end, 1, Holds::Anything, 0, ""),
            ],
        };
        let mut at = self.start;
        for (run_end, row, holds, lead, name) in runs {
            let span = Span::between(at, run_end.min(end));
            if !span.is_empty() {
                let path = format!("{}.{name} of list {}", self.path, list.number);
                ready.push_back(Even { lead, ..Even::new(span, self.grain, row, holds, path) });
                at = span.end();
            }
        }
    }

    /// The first byte of a list, its counts included.
    fn start_of(&self, list: &List) -> u64 {
        match self.lists.layout {
            Layout::Block { .. } => list.ids.start.saturating_sub(COUNT),
            Layout::Split { .. } => list.codes.start.saturating_sub(COUNT),
            _ => list.codes.start,
        }
    }
}
