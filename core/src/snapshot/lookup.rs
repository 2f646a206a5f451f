//! Finding one thing in a table of pages: the rows of an id, the chunk that holds a byte, the size of a list.

use super::chunk::ChunkEntry;
use super::open::Snapshot;
use super::page::{Child, IdEntry, Leaf, Page, SizeEntry, Table, check_key, entries};
use super::section::{Attachment, Layout, Tree};
use super::walk::{ChunkWalk, TreeWalk};
use super::wire::Fixed;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::MAX_GROUP;
use crate::order::ByNumber;
use crate::window::{Read, Window, step_of};
use alloc::vec::Vec;

impl Snapshot {
    /// Finds the rows of `id` in the lookup tree of [`Ids::lookup`](super::Ids): one request a storey, and one
    /// more for each further page that repetitions of the id fill.
    pub fn find_id(&self, lookup: &Tree, id: i64) -> FindId {
        FindId {
            id,
            manifest: self.manifest().start,
            window: self.window(),
            pending: alloc::vec![(lookup.height, root_of(lookup).1, lookup.root().span())],
            seen: ByNumber::default(),
            rows: Vec::new(),
        }
    }

    /// Walks the lookup tree, page by page: all ids with their rows, ascending.
    pub fn walk_ids(&self, lookup: &Tree) -> IdsWalk {
        IdsWalk { walk: TreeWalk::new(self, lookup.clone(), Table::Ids), last: None }
    }
}

impl Snapshot {
    /// Finds the chunk of the stream that holds byte `at` of it: one request a storey. The output is all chunks of
    /// the table's page, the wanted one among them, so that neighbours cost nothing; `None` past the end.
    ///
    /// Numbers of chunks count from the first of the page where the snapshot is packed.
    pub fn find_chunk(&self, at: u64) -> FindChunk {
        let (table, key) = match self.layout() {
            Layout::Sealed => (Table::Values, at.checked_shr(self.chunks().chunk_log2.into()).unwrap_or(0)),
            Layout::Packed => (Table::Coded, at),
        };
        let pending = (at < self.stream().length).then(|| root_of(&self.chunks().table));
        self.find(self.walk_chunks(), table, key, pending)
    }

    /// Finds the chunk of attachment `number` of `ATCH` that holds byte `at` of it, as [`find_chunk`](Snapshot::find_chunk) does.
    pub fn find_attachment_chunk(&self, number: u64, attachment: &Attachment, at: u64) -> FindChunk {
        let table = attachment.table.as_ref().filter(|_| at < attachment.length);
        self.find(self.walk_attachment(number, attachment), Table::Coded, at, table.map(root_of))
    }

    fn find(&self, walk: ChunkWalk, table: Table, key: u64, pending: Option<(u8, Child)>) -> FindChunk {
        FindChunk { walk, descent: self.descent(table, key, pending) }
    }

    /// Finds the recorded size of inverted list `number` in the tree of [`ListsSummary::sizes`](super::ListsSummary):
    /// one request a storey.
    pub fn find_size(&self, sizes: &Tree, number: u64) -> FindSize {
        FindSize(self.descent(Table::Sizes, number, Some(root_of(sizes))))
    }

    fn descent(&self, table: Table, key: u64, pending: Option<(u8, Child)>) -> Descent {
        Descent { manifest: self.manifest().start, window: self.window(), table, key, pending, root: true }
    }
}

/// The way down a tree to the leaf page that holds a key.
#[derive(Debug, Clone)]
struct Descent {
    manifest: u64,
    window: Window,
    table: Table,
    key: u64,
    /// The page that comes next, with its height.
    pending: Option<(u8, Child)>,
    root: bool,
}

impl Descent {
    /// The leaf page; `None` where there is no tree.
    fn leaf(&mut self) -> Read<Option<Leaf>> {
        while let Some((height, child)) = self.pending {
            let place = child.place();
            let bytes = self.window.bytes(place.span())?;
            let page = Page::parse(&bytes, &place, self.table, height, self.manifest)?;
            match page {
                Page::Inner(children) => {
                    let after = children.partition_point(|child| child.key <= self.key);
                    let below = after.checked_sub(1).and_then(|number| children.get(number));
                    let Some(below) = below else {
                        return Err(
                            Error::invalid(place.start, "the first key is not above what is wanted", self.key).into()
                        );
                    };
                    self.pending = Some((height.saturating_sub(1), *below));
                    self.root = false;
                }
                Page::Leaf { entries, at } => {
                    let key = (!self.root).then_some(child.key);
                    return Ok(Some(Leaf { entries, at, page: place.span(), key }));
                }
            }
        }
        Ok(None)
    }
}

/// Finds a chunk; see [`Snapshot::find_chunk`].
#[derive(Debug, Clone)]
pub struct FindChunk {
    /// Has the rules of the table, and never moves.
    walk: ChunkWalk,
    descent: Descent,
}

impl FindChunk {
    fn run(&mut self) -> Read<Option<Vec<ChunkEntry>>> {
        Ok(match self.descent.leaf()? {
            Some(leaf) => Some(self.walk.page(&leaf)?),
            None => None,
        })
    }
}

impl Reading for FindChunk {
    type Output = Option<Vec<ChunkEntry>>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        step_of(self.run()).map_err(|error| error.inside(self.walk.part()))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.descent.window.insert(at, bytes);
    }
}

/// Finds the size of a list; see [`Snapshot::find_size`].
#[derive(Debug, Clone)]
pub struct FindSize(Descent);

impl FindSize {
    fn run(&mut self) -> Read<Vec<u8>> {
        let Some(leaf) = self.0.leaf()? else { return Ok(Vec::new()) };
        let before = self.0.key.saturating_sub(leaf.key.unwrap_or(0)).saturating_mul(SizeEntry::WIDTH);
        let skipped = usize::try_from(before).ok().and_then(|before| leaf.entries.get(before..));
        match skipped {
            Some(rest) if !rest.is_empty() => Ok(rest.to_vec()),
            _ => Err(Error::invalid(leaf.page.start, "the page holds the list", self.0.key).into()),
        }
    }
}

impl Reading for FindSize {
    /// The sizes of this list and of those after it that are in the same page, as the page has them: a u64 each,
    /// little-endian.
    type Output = Vec<u8>;

    fn step(&mut self) -> Result<Step<Vec<u8>>, Error> {
        step_of(self.run()).map_err(|error| error.inside("TREE.sizes"))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.0.window.insert(at, bytes);
    }
}

/// The root page of a tree, with its height.
fn root_of(tree: &Tree) -> (u8, Child) {
    (tree.height, Child { key: 0, start: tree.start, len: tree.len, digest: tree.digest })
}

/// Finds all rows of an id; see [`Snapshot::find_id`]. The rows ascend; none means that the id is not there.
#[derive(Debug, Clone)]
pub struct FindId {
    id: i64,
    manifest: u64,
    window: Window,
    /// Pages that may hold the id, with their height and what to ask for with them; the next one last.
    pending: Vec<(u8, Child, Span)>,
    /// Where the last page of each height ended: pages ascend, so none is read twice.
    seen: ByNumber<u64>,
    rows: Vec<u64>,
}

impl FindId {
    pub(crate) fn run(&mut self) -> Read<Vec<u64>> {
        while let Some((height, child, ask)) = self.pending.last() {
            let (height, place, ask) = (*height, child.place(), *ask);
            if self.seen.get(height.into()).is_some_and(|end| place.start < *end) {
                return Err(Error::invalid(place.start, "pages ascend in the file", place.span()).into());
            }
            self.window.need(ask)?;
            let bytes = self.window.bytes(place.span())?;
            let page = Page::parse(&bytes, &place, Table::Ids, height, self.manifest)?;
            self.window.forget(place.span());
            self.seen.insert(height.into(), place.span().end());
            self.pending.pop();
            match page {
                Page::Leaf { entries: bytes, at } => self.take_rows(&bytes, at)?,
                Page::Inner(children) => self.descend(height, &children),
            }
        }
        Ok(core::mem::take(&mut self.rows))
    }

    fn take_rows(&mut self, bytes: &[u8], at: u64) -> Result<(), Error> {
        let mut last: Option<IdEntry> = None;
        for entry in entries::<IdEntry>(bytes, at) {
            let (at, entry) = entry?;
            check_order(last, entry, at)?;
            if entry.id == self.id {
                self.rows.push(entry.row);
            }
            last = Some(entry);
        }
        Ok(())
    }

    /// The children that may hold the id: from the last that starts before it to the last that starts with it.
    fn descend(&mut self, height: u8, children: &[Child]) {
        let starts_before = children.partition_point(|child| child.key.cast_signed() < self.id);
        let starts_after = children.partition_point(|child| child.key.cast_signed() <= self.id);
        let range = starts_before.saturating_sub(1)..starts_after;
        let below = height.saturating_sub(1);
        for number in range.rev() {
            let Some(child) = children.get(number) else { continue };
            let group = if below == 1 { group(children, number) } else { None };
            let held = group.filter(|group| group.end() <= self.window.file_len());
            self.pending.push((below, *child, held.unwrap_or(child.place().span())));
        }
    }
}

impl Reading for FindId {
    type Output = Vec<u64>;

    fn step(&mut self) -> Result<Step<Vec<u64>>, Error> {
        step_of(self.run()).map_err(|error| error.inside("id lookup"))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

/// Child `number` of these inner pages with its leaves, which lie between the page before and it, where they are few enough
/// to come with it. What lies before the leaves of the first is not known: as much as belongs to the second is taken.
fn group(children: &[Child], number: usize) -> Option<Span> {
    let end = |number: usize| children.get(number).map(|child| child.place().span().end());
    let (after, before) = (end(number.max(1))?, end(number.max(1).saturating_sub(1))?);
    let bytes = after.checked_sub(before).filter(|bytes| *bytes <= MAX_GROUP)?;
    let (page, end) = (children.get(number)?.place().span(), end(number)?);
    let group = Span::between(end.saturating_sub(bytes), end);
    group.contains(&page).then_some(group)
}

fn check_order(last: Option<IdEntry>, entry: IdEntry, at: u64) -> Result<(), Error> {
    if last.is_some_and(|last| (last.id, last.row) >= (entry.id, entry.row)) {
        return Err(Error::invalid(at, "ids ascend, then rows", entry.id));
    }
    Ok(())
}

/// A walk over all ids of a lookup tree. Its output is the ids and rows of the next page, and `None` at the end:
/// step on after each.
#[derive(Debug, Clone)]
pub struct IdsWalk {
    walk: TreeWalk,
    last: Option<IdEntry>,
}

impl IdsWalk {
    /// What the table fills of the file, as far as the walk has come.
    pub fn extent(&self) -> Option<Span> {
        self.walk.extent()
    }

    /// The root page, if it does not follow the rest, once the walk is at its end.
    pub fn apart(&self) -> Option<Span> {
        self.walk.apart()
    }

    pub(crate) fn run(&mut self) -> Read<Option<Vec<(i64, u64)>>> {
        let Some(leaf) = self.walk.next()? else { return Ok(None) };
        let mut out = Vec::new();
        for entry in entries::<IdEntry>(&leaf.entries, leaf.at) {
            let (at, entry) = entry?;
            if out.is_empty() {
                check_key(&leaf, entry.id.cast_unsigned())?;
            }
            check_order(self.last, entry, at)?;
            self.last = Some(entry);
            out.push((entry.id, entry.row));
        }
        Ok(Some(out))
    }
}

impl Reading for IdsWalk {
    type Output = Option<Vec<(i64, u64)>>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        step_of(self.run()).map_err(|error| error.inside("id lookup"))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.walk.bring(at, bytes);
    }
}
