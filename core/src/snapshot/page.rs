//! Trees of pages: tables of any length that are read and written with bounded memory.
//!
//! A page is a head of 8 bytes and entries of one width, 32 KiB at most. A leaf page holds entries of a
//! table; an inner page holds for each page below it where it is, its digest and its first key. Pages
//! are written as they fill, each after all that it speaks for, so a tree fills one stretch of the file
//! without a gap. Its root page ends the stretch, or stands apart, where a reader of the file's end gets it along.

use super::digest::Digest;
use super::manifest::{Place, check_place};
use super::section::Tree;
use super::wire::{Cursor, Fixed, fixed};
use crate::bytes::Span;
use crate::error::Error;
use crate::limits::{MAX_PAGE, MAX_PAGE_HEIGHT};
use alloc::{format, vec, vec::Vec};

fixed! {
    /// The first 8 bytes of a page.
    PageHead {
        /// What the leaves hold: 1 values of sealed chunks, 2 coded chunks, 3 list sizes, 4 ids.
        kind: u8,
        /// Storeys above the leaf pages; 0 for a leaf page.
        height: u8,
        /// 0, else refused.
        zeros: u16,
        /// Number of entries, at least 1; they fill the rest of the page.
        count: u32,
    }
}

fixed! {
    /// An entry of an inner page: one page below.
    Child {
        /// First key below: number of the entry (kinds 1 and 3), first byte of the decoded chunk (kind 2), id (kind 4, two's complement).
        key: u64,
        /// First byte of the page.
        start: u64,
        /// Length of the page.
        len: u64,
        /// BLAKE3 of the page.
        digest: Digest,
    }
}

fixed! {
    /// Entry of kind 1: a chunk of a sealed stream.
    ValueEntry {
        /// BLAKE3 subtree value of the chunk.
        value: Digest,
    }
}

fixed! {
    /// Entry of kind 2: a coded chunk.
    CodedEntry {
        /// First byte that it decodes to, within the stream or the attachment.
        decoded_start: u64,
        /// Number of bytes that it decodes to, 1 to 4194304.
        decoded_len: u64,
        /// First stored byte, from the start of the file.
        stored_start: u64,
        /// Number of stored bytes, at least 1.
        stored_len: u64,
        /// Number of the codec.
        codec: u32,
        /// How many of the bytes of `parameters` are used, at most 16.
        parameters_len: u32,
        /// Parameters of the codec, then zeros.
        parameters: [u8; 16],
        /// BLAKE3 of the stored bytes.
        stored_digest: Digest,
        /// BLAKE3 of the decoded bytes.
        decoded_digest: Digest,
    }
}

fixed! {
    /// Entry of kind 3: the size of one inverted list.
    SizeEntry {
        /// Number of entries in the list. A page may hold its sizes in 1, 2 or 4 bytes each, its length says in how many.
        size: u64,
    }
}

fixed! {
    /// Entry of kind 4: where an id is. Entries ascend by id, then by row.
    IdEntry {
        /// The id.
        id: i64,
        /// Its row; for inverted lists the entries of all lists before, plus the place in the list.
        row: u64,
    }
}

/// What the leaves of a tree hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Table {
    /// [`ValueEntry`].
    Values,
    /// [`CodedEntry`].
    Coded,
    /// [`SizeEntry`].
    Sizes,
    /// [`IdEntry`].
    Ids,
}

impl Table {
    /// The number in a page's head.
    pub const fn number(self) -> u8 {
        match self {
            Table::Values => 1,
            Table::Coded => 2,
            Table::Sizes => 3,
            Table::Ids => 4,
        }
    }

    /// Bytes of one entry of a leaf page; of [`Table::Sizes`] at most.
    pub const fn width(self) -> u64 {
        match self {
            Table::Values => ValueEntry::WIDTH,
            Table::Coded => CodedEntry::WIDTH,
            Table::Sizes => SizeEntry::WIDTH,
            Table::Ids => IdEntry::WIDTH,
        }
    }

    /// Whether key `a` may not stand before key `b`.
    fn ascends(self, a: u64, b: u64) -> bool {
        match self {
            Table::Ids => a.cast_signed() <= b.cast_signed(),
            _ => a < b,
        }
    }
}

/// The most entries of this width in a page.
pub(super) fn capacity(width: u64) -> u64 {
    MAX_PAGE.saturating_sub(PageHead::WIDTH).checked_div(width).unwrap_or(0)
}

/// A verified page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Page {
    /// Entries of the table: their bytes and how many.
    Leaf {
        /// The entries, each [`Table::width`] bytes, whatever the page has.
        entries: Vec<u8>,
        /// Where the first of them stands in the file.
        at: u64,
    },
    /// Pages below.
    Inner(Vec<Child>),
}

impl Page {
    /// The page at `place`, which must be of this table and height.
    ///
    /// # Errors
    /// [`Kind::Digest`](crate::Kind::Digest) when `bytes` are not the page; else what in it contradicts itself.
    pub(crate) fn parse(bytes: &[u8], place: &Place, table: Table, height: u8, manifest: u64) -> Result<Page, Error> {
        let inside = |error: Error| error.inside("page");
        place.digest.check(bytes, place.start, "page").map_err(inside)?;
        let mut cursor = Cursor::new(bytes, place.start);
        let head = PageHead::take_fixed(&mut cursor).map_err(inside)?;
        if head.kind != table.number() {
            return Err(inside(Error::inconsistent(place.start, "kind of the table", table.number(), head.kind)));
        }
        if head.height != height {
            let at = place.start.saturating_add(1);
            return Err(inside(Error::inconsistent(at, "height is one less than above", height, head.height)));
        }
        if head.zeros != 0 {
            return Err(inside(Error::invalid(place.start.saturating_add(2), "zeros are 0", head.zeros)));
        }
        let width = match (height, table) {
            (0, Table::Sizes) => size_width(place.len, head.count),
            (0, _) => table.width(),
            _ => Child::WIDTH,
        };
        let need = u64::from(head.count).saturating_mul(width).saturating_add(PageHead::WIDTH);
        if head.count == 0 || need != place.len {
            let at = place.start.saturating_add(4);
            let rule = "8 + count * width of an entry = length of the page, count is not 0";
            return Err(inside(Error::inconsistent(at, rule, place.len, need)));
        }
        if height == 0 {
            let (at, entries) = (cursor.at(), cursor.rest());
            let entries = if width == table.width() { entries.to_vec() } else { widened(entries, width, head.count) };
            return Ok(Page::Leaf { entries, at });
        }
        let mut children: Vec<Child> = Vec::new();
        for _ in 0..head.count {
            let at = cursor.at();
            let child = Child::take_fixed(&mut cursor).map_err(inside)?;
            check_page(&child.place(), at, manifest).map_err(inside)?;
            if children.last().is_some_and(|last| !table.ascends(last.key, child.key)) {
                return Err(inside(Error::invalid(at, "keys ascend", child.key)));
            }
            children.push(child);
        }
        Ok(Page::Inner(children))
    }
}

/// Widths that sizes of lists have, in bytes.
const SIZE_WIDTHS: [u64; 4] = [1, 2, 4, 8];

/// The width of the sizes in a page of this length; the largest where it has none of theirs.
fn size_width(len: u64, count: u32) -> u64 {
    let entries = len.saturating_sub(PageHead::WIDTH);
    let fits = |width: &u64| u64::from(count).checked_mul(*width) == Some(entries);
    SIZE_WIDTHS.into_iter().find(fits).unwrap_or(SizeEntry::WIDTH)
}

/// Sizes of this width as [`SizeEntry`]s.
fn widened(entries: &[u8], width: u64, count: u32) -> Vec<u8> {
    let width = usize::try_from(width).unwrap_or(1).max(1);
    let mut out = vec![0; (count as usize).saturating_mul(8)];
    for (to, from) in out.as_chunks_mut::<8>().0.iter_mut().zip(entries.chunks_exact(width)) {
        to.iter_mut().zip(from).for_each(|(to, from)| *to = *from);
    }
    out
}

/// [`SizeEntry`]s in as few bytes each as hold the largest of them.
pub(super) fn narrow(entries: &[u8]) -> Vec<u8> {
    let entries = entries.as_chunks::<8>().0;
    let largest = entries.iter().map(|entry| u64::from_le_bytes(*entry)).max().unwrap_or(0);
    let width =
        1usize << (u64::BITS.saturating_sub(largest.leading_zeros()).div_ceil(8).max(1)).next_power_of_two().ilog2();
    entries.iter().flat_map(|entry| entry.iter().take(width).copied()).collect()
}

impl Child {
    /// Where the page below is.
    pub fn place(&self) -> Place {
        Place { start: self.start, len: self.len, digest: self.digest }
    }
}

/// That a page, of which byte `at` tells, has a possible place and size.
pub(crate) fn check_page(place: &Place, at: u64, manifest: u64) -> Result<(), Error> {
    if place.len > MAX_PAGE {
        return Err(Error::limit(at, "bytes of a page", MAX_PAGE, place.len));
    }
    check_place(place, at, manifest)
}

/// That the root of a tree, recorded at about byte `at`, is possible.
pub(crate) fn check_tree(tree: &Tree, at: u64, manifest: u64) -> Result<(), Error> {
    if tree.height > MAX_PAGE_HEIGHT {
        return Err(Error::limit(at, "storeys of pages", MAX_PAGE_HEIGHT.into(), tree.height.into()));
    }
    if tree.count == 0 {
        return Err(Error::invalid(at, "a tree has entries", 0));
    }
    check_page(&tree.root(), at, manifest)
}

/// Bytes that are to be appended to a file, and where.
#[derive(Debug, Clone)]
pub(crate) struct Appended {
    pub(crate) bytes: Vec<u8>,
    /// Place in the file of the byte after the last of `bytes`.
    pub(crate) end: u64,
}

impl Appended {
    pub(crate) fn at(start: u64) -> Appended {
        Appended { bytes: Vec::new(), end: start }
    }

    /// Append, and say where it lies.
    pub(crate) fn push(&mut self, bytes: &[u8]) -> Span {
        let span = Span::new(self.end, bytes.len() as u64);
        self.bytes.extend_from_slice(bytes);
        self.end = span.end();
        span
    }

    /// Append, and say where it lies and what it hashes to.
    pub(crate) fn place(&mut self, bytes: &[u8]) -> Place {
        let span = self.push(bytes);
        Place { start: span.start, len: span.len, digest: Digest::of(bytes) }
    }
}

/// The entries of a leaf page, with the byte at which each stands.
pub(crate) fn entries<T: Fixed>(bytes: &[u8], at: u64) -> impl Iterator<Item = Result<(u64, T), Error>> + '_ {
    let mut cursor = Cursor::new(bytes, at);
    core::iter::from_fn(move || {
        let at = cursor.at();
        (!cursor.is_empty()).then(|| T::take_fixed(&mut cursor).map(|entry| (at, entry)))
    })
}

/// What a leaf page held in the course of a walk.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Leaf {
    pub(crate) entries: Vec<u8>,
    pub(crate) at: u64,
    /// The page.
    pub(crate) page: Span,
    /// The key that the page above gave for it; `None` for a root page.
    pub(crate) key: Option<u64>,
}

/// A walk over all pages of a tree, leaf by leaf, that holds one page a storey.
#[derive(Debug, Clone)]
pub(crate) struct Walk {
    table: Table,
    manifest: u64,
    /// Pages on the way down: what is left of each, reversed.
    path: Vec<Open>,
    root: Option<Tree>,
}

#[derive(Debug, Clone)]
struct Open {
    page: Span,
    /// The children not yet visited, last first.
    rest: Vec<Child>,
    height: u8,
}

/// What a walk comes to next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Visit {
    /// A leaf page.
    Leaf(Leaf),
    /// An inner page, all of whose children have been visited.
    Inner(Span),
}

impl Walk {
    pub(crate) fn new(tree: Tree, table: Table, manifest: u64) -> Walk {
        Walk { table, manifest, path: Vec::new(), root: Some(tree) }
    }

    /// Where the next page is, if one must be read before the walk can go on.
    pub(crate) fn wants(&self) -> Option<Place> {
        match (&self.root, self.path.last()) {
            (Some(tree), _) => Some(tree.root()),
            (None, Some(open)) => open.rest.last().map(Child::place),
            (None, None) => None,
        }
    }

    /// Go on with the bytes of the page that [`Walk::wants`] names; `None` at the end, or when
    /// the page was an inner one on the way down.
    pub(crate) fn next(&mut self, bytes: &[u8]) -> Result<Option<Visit>, Error> {
        let (place, height, key) = match (self.root.clone(), self.path.last()) {
            (Some(tree), _) => {
                check_tree(&tree, tree.start, self.manifest)?;
                (tree.root(), tree.height, None)
            }
            (None, Some(open)) => match open.rest.last() {
                Some(child) => (child.place(), open.height.saturating_sub(1), Some(child.key)),
                None => {
                    let done = open.page;
                    self.path.pop();
                    return Ok(Some(Visit::Inner(done)));
                }
            },
            (None, None) => return Ok(None),
        };
        let page = Page::parse(bytes, &place, self.table, height, self.manifest)?;
        if self.root.take().is_none()
            && let Some(open) = self.path.last_mut()
        {
            open.rest.pop();
        }
        match page {
            Page::Leaf { entries, at } => Ok(Some(Visit::Leaf(Leaf { entries, at, page: place.span(), key }))),
            Page::Inner(mut children) => {
                if let (Some(key), Some(first)) = (key, children.first())
                    && first.key != key
                {
                    let rule = "key above = first key below";
                    return Err(Error::inconsistent(place.start, rule, key, first.key).inside("page"));
                }
                children.reverse();
                self.path.push(Open { page: place.span(), rest: children, height });
                Ok(None)
            }
        }
    }

    /// Whether everything has been visited.
    pub(crate) fn finished(&self) -> bool {
        self.root.is_none() && self.path.is_empty()
    }
}

/// A key that is not the one that the page above gives.
pub(crate) fn check_key(leaf: &Leaf, first: u64) -> Result<(), Error> {
    match leaf.key {
        Some(key) if key != first => {
            let rule = "key above = first key of the page";
            Err(Error::inconsistent(leaf.page.start, rule, key, format!("{first}")).inside("page"))
        }
        _ => Ok(()),
    }
}
