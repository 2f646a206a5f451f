//! Writing a tree of pages, from the leaves up.

use crate::error::Error;
use crate::limits::{MAX_GROUP, MAX_PAGE, MAX_PAGE_HEIGHT};
use crate::snapshot::manifest::Place;
use crate::snapshot::page::{Appended, Child, PageHead, Table, capacity, narrow};
use crate::snapshot::section::Tree;
use crate::snapshot::wire::Fixed;
use alloc::vec::Vec;

/// Writes a tree of pages, one page of each storey in memory.
#[derive(Debug, Clone)]
pub(crate) struct TreeWriter {
    table: Table,
    /// Children of a page right above the leaves, at most.
    group: u64,
    /// Whether sizes of lists take no more bytes than they need.
    narrow: bool,
    storeys: Vec<Storey>,
    count: u64,
}

#[derive(Debug, Clone, Default)]
struct Storey {
    entries: Vec<u8>,
    count: u64,
    first: u64,
}

impl TreeWriter {
    pub(crate) fn new(table: Table) -> TreeWriter {
        TreeWriter { table, group: capacity(Child::WIDTH), narrow: false, storeys: Vec::new(), count: 0 }
    }

    /// A tree of about `count` entries, with as few leaves in a group (an inner page and its leaves, which lie before it) as
    /// a root page can have groups: see [`MAX_GROUP`].
    pub(crate) fn in_groups(table: Table, count: u64) -> TreeWriter {
        let groups = capacity(Child::WIDTH);
        let leaves = count.div_ceil(capacity(table.width()).max(1));
        let each = leaves.div_ceil(groups.max(1)).max(1);
        let group = if leaves > groups && group_bytes(each) <= MAX_GROUP { each } else { groups };
        TreeWriter { group, ..TreeWriter::new(table) }
    }

    /// The sizes of inverted lists, in as few bytes as hold those of a page, or in eight.
    pub(crate) fn of_sizes(narrow: bool) -> TreeWriter {
        TreeWriter { narrow, ..TreeWriter::new(Table::Sizes) }
    }

    /// Add the next entry; `bytes` has the table's width. A page that is full goes to `out` before.
    pub(crate) fn push(&mut self, key: u64, bytes: &[u8], out: &mut Appended) {
        self.make_room(out);
        self.count = self.count.saturating_add(1);
        self.add(0, key, bytes);
    }

    /// Write the leaf page if it is full. What the next entry speaks for belongs behind it.
    pub(crate) fn make_room(&mut self, out: &mut Appended) {
        self.make_room_at(0, out);
    }

    /// A full page waits for the next entry: if none comes it may be the root.
    fn make_room_at(&mut self, height: usize, out: &mut Appended) {
        let most = match height {
            0 => capacity(self.table.width()),
            1 => self.group,
            _ => capacity(Child::WIDTH),
        };
        if self.storeys.get(height).is_some_and(|storey| storey.count >= most) {
            self.flush(height, out);
        }
    }

    fn add(&mut self, height: usize, key: u64, bytes: &[u8]) {
        if self.storeys.len() == height {
            self.storeys.push(Storey::default());
        }
        let Some(storey) = self.storeys.get_mut(height) else { return };
        if storey.count == 0 {
            storey.first = key;
        }
        storey.entries.extend_from_slice(bytes);
        storey.count = storey.count.saturating_add(1);
    }

    fn flush(&mut self, height: usize, out: &mut Appended) {
        // A full page above does not speak for this one, so it comes first.
        self.make_room_at(height.saturating_add(1), out);
        let Some(storey) = self.storeys.get_mut(height) else { return };
        let full = core::mem::take(storey);
        let place = out.place(&self.page(height, &full));
        let child = Child { key: full.first, start: place.start, len: place.len, digest: place.digest };
        self.add(height.saturating_add(1), full.first, &child.to_bytes());
    }

    /// Write what is left, the root page too; `None` when nothing was pushed.
    pub(crate) fn finish(self, out: &mut Appended) -> Result<Option<Tree>, Error> {
        Ok(self.finish_below(out)?.map(|root| root.place(out)))
    }

    /// Write what is left but for the root page; `None` when nothing was pushed.
    pub(crate) fn finish_below(mut self, out: &mut Appended) -> Result<Option<Root>, Error> {
        let mut height: usize = 0;
        while height.saturating_add(1) < self.storeys.len() {
            self.flush(height, out);
            height = height.saturating_add(1);
        }
        let Some(top) = self.storeys.get(height) else { return Ok(None) };
        let page = self.page(height, top);
        match u8::try_from(height) {
            Ok(height) if height <= MAX_PAGE_HEIGHT => Ok(Some(Root { count: self.count, height, page })),
            _ => Err(Error::limit(out.end, "storeys of pages", MAX_PAGE_HEIGHT.into(), height as u64)),
        }
    }

    fn page(&self, height: usize, storey: &Storey) -> Vec<u8> {
        let head = PageHead {
            kind: self.table.number(),
            height: u8::try_from(height).unwrap_or(u8::MAX),
            zeros: 0,
            count: u32::try_from(storey.count).unwrap_or(u32::MAX),
        };
        let mut bytes = head.to_bytes();
        match height {
            0 if self.narrow => bytes.extend(narrow(&storey.entries)),
            _ => bytes.extend_from_slice(&storey.entries),
        }
        bytes
    }
}

/// The root page of a tree whose other pages are written.
#[derive(Debug, Clone)]
pub(crate) struct Root {
    count: u64,
    pub(crate) height: u8,
    /// Its bytes.
    pub(crate) page: Vec<u8>,
}

impl Root {
    /// Write it: the tree is complete.
    pub(crate) fn place(&self, out: &mut Appended) -> Tree {
        let Place { start, len, digest } = out.place(&self.page);
        Tree { count: self.count, height: self.height, start, len, digest }
    }
}

/// Bytes of so many full leaf pages with the page above them, at most.
fn group_bytes(leaves: u64) -> u64 {
    leaves.saturating_mul(MAX_PAGE).saturating_add(MAX_PAGE)
}
