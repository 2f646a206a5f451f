//! The size of each list in order, empty ones too.

use super::{List, Lists, Walk};
use crate::bytes::{Reading, Step};
use crate::error::Error;
use alloc::vec::Vec;

/// Sizes given at once.
const BATCH: usize = 1 << 12;

/// Reads the size of each list, list 0 first: a reading that is done again and again, with the next sizes each time and
/// at last `None`.
pub struct EachSize<'l> {
    walk: Walk<'l>,
    nlist: u64,
    next: u64,
    /// A list that was found, behind empty ones that were not given yet.
    found: Option<List>,
    ended: bool,
    sizes: Vec<u64>,
}

impl<'l> EachSize<'l> {
    /// Of these lists, in a stream of `stream_len` bytes.
    pub fn new(lists: &'l Lists, stream_len: u64) -> EachSize<'l> {
        let walk = lists.walk(stream_len, 0);
        EachSize { walk, nlist: lists.nlist, next: 0, found: None, ended: false, sizes: Vec::new() }
    }
}

impl Reading for EachSize<'_> {
    type Output = Option<Vec<u64>>;

    fn step(&mut self) -> Result<Step<Option<Vec<u64>>>, Error> {
        while self.sizes.len() < BATCH {
            if self.found.is_none() && !self.ended {
                match self.walk.step()? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(found) => (self.found, self.ended) = (found, found.is_none()),
                }
            }
            if self.ended && self.next >= self.nlist {
                break;
            }
            let until = self.found.map_or(self.nlist, |list| list.number);
            let size = if self.next < until { 0 } else { self.found.take().map_or(0, |list| list.size) };
            self.sizes.push(size);
            self.next = self.next.saturating_add(1);
        }
        let sizes = core::mem::take(&mut self.sizes);
        Ok(Step::Done((!sizes.is_empty()).then_some(sizes)))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        Reading::bring(&mut self.walk, at, bytes);
    }
}
