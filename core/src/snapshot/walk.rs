//! Walks over tables: one leaf page at a time, verified, with the stretch of the file that the table fills.

use super::chunk::{ChunkEntry, ChunkKind, Owner, sealed_span};
use super::digest::Digest;
use super::open::Snapshot;
use super::page::{CodedEntry, Leaf, Table, ValueEntry, Visit, Walk, check_key, entries};
use super::section::Tree;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::MAX_CHUNK;
use crate::window::{Read, Window, step_of};
use alloc::vec::Vec;

/// A walk over the leaf pages of a tree. Checks digests, heights, counts and keys, and that all it speaks for
/// lies without gap or overlap.
#[derive(Debug, Clone)]
pub(crate) struct TreeWalk {
    walk: Option<Walk>,
    table: Table,
    window: Window,
    /// Entries that the tree says it has, and those seen.
    count: u64,
    seen: u64,
    extent: Option<Span>,
    root: Span,
    /// The root page, where it does not end the stretch of the rest.
    apart: Option<Span>,
}

impl TreeWalk {
    pub(crate) fn new(snapshot: &Snapshot, tree: Tree, table: Table) -> TreeWalk {
        let (count, root) = (tree.count, tree.root().span());
        let walk = Some(Walk::new(tree, table, snapshot.manifest().start));
        TreeWalk { walk, table, window: snapshot.window(), count, seen: 0, extent: None, root, apart: None }
    }

    pub(crate) fn empty(snapshot: &Snapshot, table: Table) -> TreeWalk {
        TreeWalk {
            walk: None,
            table,
            window: snapshot.window(),
            count: 0,
            seen: 0,
            extent: None,
            root: Span::default(),
            apart: None,
        }
    }

    /// The next leaf page; `None` at the end.
    pub(crate) fn next(&mut self) -> Read<Option<Leaf>> {
        loop {
            let Some(walk) = &mut self.walk else { return Ok(None) };
            let bytes = match walk.wants() {
                Some(place) => {
                    // Its length is checked: with its section for a root, with the page above for others.
                    let bytes = self.window.bytes(place.span())?;
                    self.window.forget(place.span());
                    bytes
                }
                None => Vec::new(),
            };
            match walk.next(&bytes)? {
                Some(Visit::Leaf(leaf)) => {
                    self.take_leaf(&leaf)?;
                    return Ok(Some(leaf));
                }
                Some(Visit::Inner(page)) => self.cover(page, page.start)?,
                None => {}
            }
            if self.walk.as_ref().is_some_and(Walk::finished) {
                self.finish_count()?;
                self.walk = None;
            }
        }
    }

    fn take_leaf(&mut self, leaf: &Leaf) -> Result<(), Error> {
        let count = (leaf.entries.len() as u64).checked_div(self.table.width()).unwrap_or(0);
        self.seen = self.seen.saturating_add(count);
        if self.table == Table::Coded {
            for entry in entries::<CodedEntry>(&leaf.entries, leaf.at) {
                let (at, entry) = entry?;
                self.cover(Span::new(entry.stored_start, entry.stored_len), at)?;
            }
        }
        self.cover(leaf.page, leaf.page.start)?;
        if self.walk.as_ref().is_some_and(Walk::finished) {
            self.finish_count()?;
            self.walk = None;
        }
        Ok(())
    }

    fn finish_count(&self) -> Result<(), Error> {
        if self.seen == self.count {
            return Ok(());
        }
        let at = self.extent.map_or(0, |extent| extent.end());
        Err(Error::inconsistent(at, "entries in all leaf pages = count of the tree", self.count, self.seen))
    }

    /// Count in bytes that the tree speaks for, as byte `at` of the file says: they must follow those before.
    /// Only the root page, which comes last, may stand elsewhere.
    fn cover(&mut self, span: Span, at: u64) -> Result<(), Error> {
        match &mut self.extent {
            None => self.extent = Some(span),
            Some(extent) if extent.end() != span.start && span == self.root => self.apart = Some(span),
            Some(extent) => {
                if extent.end() != span.start {
                    let rule = "a table's chunks and pages follow each other without gap or overlap";
                    return Err(Error::inconsistent(at, rule, extent.end(), span.start));
                }
                extent.len = extent.len.saturating_add(span.len);
            }
        }
        Ok(())
    }

    /// What the tree and all that it speaks for fills, so far; without a root page that stands apart.
    pub(crate) fn extent(&self) -> Option<Span> {
        self.extent
    }

    /// The root page, if it stands apart.
    pub(crate) fn apart(&self) -> Option<Span> {
        self.apart
    }

    pub(crate) fn bring(&mut self, at: u64, bytes: &[u8]) {
        // A host may bring more than was asked for; what lies ahead is kept only as far as one page goes.
        let most = usize::try_from(crate::limits::MAX_PAGE).unwrap_or(usize::MAX).min(bytes.len());
        self.window.insert(at, bytes.get(..most).unwrap_or(bytes));
    }
}

/// A walk over a chunk table. Its output is the entries of the next leaf page, in order, and `None` at the end:
/// step on after each. Memory is bounded by a few pages, whatever the table.
#[derive(Debug, Clone)]
pub struct ChunkWalk {
    walk: TreeWalk,
    owner: Owner,
    /// Length of the stream or the attachment.
    len: u64,
    /// Sealed chunks: exponent of their size, and the digest of the stream.
    sealed: Option<(u8, Digest)>,
    next: u64,
    /// Next byte of the stream or the attachment.
    at: u64,
}

impl ChunkWalk {
    pub(crate) fn sealed(snapshot: &Snapshot) -> ChunkWalk {
        let (stream, chunks) = (snapshot.stream(), snapshot.chunks());
        ChunkWalk {
            walk: TreeWalk::new(snapshot, chunks.table.clone(), Table::Values),
            owner: Owner::Stream,
            len: stream.length,
            sealed: Some((chunks.chunk_log2, stream.digest)),
            next: 0,
            at: 0,
        }
    }

    pub(crate) fn coded(walk: TreeWalk, owner: Owner, len: u64) -> ChunkWalk {
        ChunkWalk { walk, owner, len, sealed: None, next: 0, at: 0 }
    }

    /// The chunks of one leaf page, found from its key.
    pub(crate) fn page(&self, leaf: &Leaf) -> Result<Vec<ChunkEntry>, Error> {
        let mut walk = self.clone();
        let key = leaf.key.unwrap_or(0);
        match walk.sealed {
            Some((log2, digest)) => {
                walk.next = key;
                walk.take_values(leaf, log2, digest)
            }
            None => {
                walk.at = key;
                walk.take_coded(leaf)
            }
        }
    }

    /// What the table's pages and coded chunks fill of the file, as far as the walk has come; complete at
    /// its end. A root page that stands apart is not in it: see [`apart`](ChunkWalk::apart).
    pub fn extent(&self) -> Option<Span> {
        self.walk.extent()
    }

    /// The root page, if it does not follow the rest, once the walk is at its end.
    pub fn apart(&self) -> Option<Span> {
        self.walk.apart()
    }

    pub(crate) fn run(&mut self) -> Read<Option<Vec<ChunkEntry>>> {
        let Some(leaf) = self.walk.next()? else {
            if self.at != self.len {
                let at = self.walk.extent().map_or(0, |extent| extent.end());
                let rule = "decoded lengths of all chunks = length of what they belong to";
                return Err(Error::inconsistent(at, rule, self.len, self.at).into());
            }
            return Ok(None);
        };
        Ok(Some(match self.sealed {
            Some((log2, digest)) => self.take_values(&leaf, log2, digest)?,
            None => self.take_coded(&leaf)?,
        }))
    }

    fn take_values(&mut self, leaf: &Leaf, log2: u8, digest: Digest) -> Result<Vec<ChunkEntry>, Error> {
        check_key(leaf, self.next)?;
        let mut out = Vec::new();
        for entry in entries::<ValueEntry>(&leaf.entries, leaf.at) {
            let (at, entry) = entry?;
            let span = sealed_span(self.len, log2, self.next);
            if span.is_empty() {
                return Err(Error::invalid(at, "no chunk starts after the end of the stream", self.next));
            }
            let whole = (span.len == self.len).then_some(digest);
            let kind = ChunkKind::Sealed { value: entry.value, whole };
            out.push(ChunkEntry { owner: self.owner, number: self.next, logical: span, stored: span, kind });
            self.next = self.next.saturating_add(1);
            self.at = span.end();
        }
        Ok(out)
    }

    fn take_coded(&mut self, leaf: &Leaf) -> Result<Vec<ChunkEntry>, Error> {
        check_key(leaf, self.at)?;
        let mut out = Vec::new();
        for entry in entries::<CodedEntry>(&leaf.entries, leaf.at) {
            let (at, entry) = entry?;
            if entry.decoded_start != self.at {
                return Err(Error::inconsistent(at, "chunks follow each other", self.at, entry.decoded_start));
            }
            if entry.decoded_len == 0 || entry.decoded_len > self.len.saturating_sub(self.at) {
                let rule = "decoded length is not 0 and stays within what it belongs to";
                return Err(Error::invalid(at.saturating_add(8), rule, entry.decoded_len));
            }
            if entry.decoded_len > MAX_CHUNK {
                let at = at.saturating_add(8);
                return Err(Error::limit(at, "decoded bytes of a chunk", MAX_CHUNK, entry.decoded_len));
            }
            if entry.stored_len == 0 || entry.stored_len > entry.decoded_len {
                let rule = "stored length is 1 to the decoded length";
                return Err(Error::invalid(at.saturating_add(24), rule, entry.stored_len));
            }
            let logical = Span::new(entry.decoded_start, entry.decoded_len);
            out.push(ChunkEntry {
                owner: self.owner,
                number: self.next,
                logical,
                stored: Span::new(entry.stored_start, entry.stored_len),
                kind: ChunkKind::Coded {
                    codec: entry.codec,
                    parameters: parameters(&entry, at)?,
                    stored_digest: entry.stored_digest,
                    decoded_digest: entry.decoded_digest,
                },
            });
            self.next = self.next.saturating_add(1);
            self.at = logical.end();
        }
        Ok(out)
    }

    pub(crate) fn part(&self) -> &'static str {
        match self.owner {
            Owner::Stream => "chunk table",
            Owner::Attachment(_) => "chunk table of an attachment",
        }
    }
}

/// The codec's parameters of an entry at byte `at`.
fn parameters(entry: &CodedEntry, at: u64) -> Result<Vec<u8>, Error> {
    let len = usize::try_from(entry.parameters_len).unwrap_or(usize::MAX);
    let Some((used, rest)) = entry.parameters.split_at_checked(len) else {
        let most = entry.parameters.len() as u64;
        return Err(Error::limit(at.saturating_add(36), "bytes of parameters", most, entry.parameters_len.into()));
    };
    if rest.iter().any(|byte| *byte != 0) {
        return Err(Error::invalid(at.saturating_add(40), "zeros follow the parameters", "another byte"));
    }
    Ok(used.to_vec())
}

impl Reading for ChunkWalk {
    type Output = Option<Vec<ChunkEntry>>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        let part = self.part();
        step_of(self.run()).map_err(|error| error.inside(part))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.walk.bring(at, bytes);
    }
}
