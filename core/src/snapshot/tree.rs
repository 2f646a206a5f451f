//! `TREE`: the outline of the stream, as recorded.
//!
//! [`TreeBody`] is the summary that a reader gets with the manifest: description, facts, balance of inverted
//! lists, the largest arrays. All records follow in one piece, in the body where they fit, else in the blocks
//! ([`Snapshot::outline`]); sizes of inverted lists are a table of pages. The wire form of the records is in
//! `tree/records.rs`. Everything here repeats the stream and could lie: a verifier makes it again and compares.

mod records;

use super::manifest::{Place, check_place};
use super::open::{SectionBody, Snapshot};
use super::page::{SizeEntry, Table, check_key, check_tree, entries};
use super::section::{Entry, Tree, tag};
use super::walk::TreeWalk;
use super::wire::record;
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::limits::MAX_BODY;
use crate::lists::Lists;
use crate::order::sort_by;
use crate::outline::{Dtype, Fourcc, Meaning, Outline};
use crate::window::{Read, Window, step_of};
use alloc::{format, string::String, vec::Vec};

pub use records::{UNKNOWN_CLASS, decode_outline, encode_outline};
use records::{dtype_from_number, dtype_number};

/// The most arrays in the summary.
pub const SUMMARY_ARRAYS: usize = 16;

record! {
    /// An entry of `TREE`: an array of the stream.
    ArrayPlace {
        /// Path of names from the outermost record: `quantizer.codes`.
        path: String,
        /// Type of an element: 0 u8, 1 i32, 2 i64, 3 u64, 4 f32, 5 f64.
        dtype: u8,
        /// Elements along each axis, outermost first.
        shape: Vec<u64>,
        /// First byte, in the stream.
        start: u64,
        /// Length in bytes.
        len: u64,
    }
}

record! {
    /// An entry of `TREE`: the inverted lists of one record.
    ListsSummary {
        /// Path of the record that they belong to.
        path: String,
        /// Number of lists, empty ones included.
        nlist: u64,
        /// Entries in all lists together.
        total: u64,
        /// Lists that hold at least one.
        non_empty: u64,
        /// Size of the largest list.
        largest: u64,
        /// Sum of the squares of the sizes.
        squares: u128,
        /// Sizes of all lists, list 0 first: pages of kind 3.
        sizes: Option<Tree>,
    }
}

record! {
    /// `TREE`: the outline, as recorded.
    TreeBody {
        /// What the index is: FAISS's factory string where there is one.
        description: String,
        /// Facts about it, ascending by key.
        facts: Vec<Entry>,
        /// Inverted lists, in file order.
        lists: Vec<ListsSummary>,
        /// The 16 largest arrays, in file order.
        arrays: Vec<ArrayPlace>,
        /// All records, when they fit here; else empty.
        records: Vec<u8>,
        /// All records, when they stand in the blocks.
        records_at: Option<Place>,
    }
}

impl TreeBody {
    /// The summary of an outline, with its description and facts as the caller words them. The records are in
    /// the body at first; the writer moves them where they are too long.
    pub fn new(outline: &Outline, description: String, mut facts: Vec<Entry>) -> TreeBody {
        sort_by(&mut facts, |a, b| a.key.cmp(&b.key));
        facts.dedup_by(|a, b| a.key == b.key);
        TreeBody {
            description,
            facts,
            lists: lists_of(outline).into_iter().map(|(path, lists)| summary(path, lists)).collect(),
            arrays: largest_arrays(outline),
            records: encode_outline(outline),
            records_at: None,
        }
    }
}

/// All inverted lists of an outline with their paths, in file order: the order of `TREE.lists`.
pub fn lists_of(outline: &Outline) -> Vec<(String, &Lists)> {
    let leaves = outline.leaves().into_iter();
    leaves
        .filter_map(|leaf| match leaf.meaning {
            Meaning::Lists(lists) => Some((leaf.path, lists)),
            _ => None,
        })
        .collect()
}

fn summary(path: String, lists: &Lists) -> ListsSummary {
    let balance = lists.balance;
    ListsSummary {
        path,
        nlist: lists.nlist,
        total: balance.total,
        non_empty: balance.non_empty,
        largest: balance.largest,
        squares: balance.squares,
        sizes: None,
    }
}

fn largest_arrays(outline: &Outline) -> Vec<ArrayPlace> {
    let leaves = outline.leaves();
    let mut arrays: Vec<_> = leaves
        .iter()
        .filter_map(|leaf| match leaf.meaning {
            Meaning::Array(array) if !array.span.is_empty() => Some((leaf, array)),
            _ => None,
        })
        .collect();
    sort_by(&mut arrays, |(_, a), (_, b)| b.span.len.cmp(&a.span.len).then(a.span.start.cmp(&b.span.start)));
    arrays.truncate(SUMMARY_ARRAYS);
    sort_by(&mut arrays, |(_, a), (_, b)| a.span.start.cmp(&b.span.start));
    let place = |(leaf, array): &(&crate::outline::Leaf<'_>, &crate::outline::Array)| ArrayPlace {
        path: leaf.path.clone(),
        dtype: dtype_number(array.dtype),
        shape: array.shape.clone(),
        start: array.span.start,
        len: array.span.len,
    };
    arrays.iter().map(place).collect()
}

impl ArrayPlace {
    /// Type of an element.
    pub fn dtype(&self) -> Option<Dtype> {
        dtype_from_number(self.dtype)
    }
}

impl SectionBody for TreeBody {
    const TAG: Fourcc = tag::TREE;

    fn check(&self, at: u64, manifest: u64) -> Result<(), Error> {
        for (number, lists) in self.lists.iter().enumerate() {
            let inside = |error: Error| error.inside(&format!("lists[{number}]"));
            let Some(sizes) = &lists.sizes else { continue };
            if sizes.count != lists.nlist {
                return Err(inside(Error::inconsistent(at, "sizes.count = nlist", lists.nlist, sizes.count)));
            }
            check_tree(sizes, at, manifest).map_err(inside)?;
        }
        if let Some(array) = self.arrays.iter().find(|array| array.dtype().is_none()) {
            return Err(Error::invalid(at, "dtype is 0 to 5", array.dtype).inside("arrays"));
        }
        let Some(place) = &self.records_at else { return Ok(()) };
        let inside = |error: Error| error.inside("records_at");
        if !self.records.is_empty() {
            return Err(inside(Error::invalid(at, "records stand in one place", "two")));
        }
        if place.len > MAX_BODY {
            return Err(inside(Error::limit(at, "bytes of records", MAX_BODY, place.len)));
        }
        check_place(place, at, manifest).map_err(inside)
    }
}

/// Gives the fixed name of a FAISS class, for [`decode_outline`].
pub type Classes = fn(&str) -> Option<&'static str>;

impl Snapshot {
    /// Reads the recorded outline, whose summary is `body`.
    ///
    /// `classes` knows the names of FAISS's classes; what it does not know becomes [`UNKNOWN_CLASS`].
    pub fn outline(&self, body: &TreeBody, classes: Classes) -> OutlineReading {
        OutlineReading { body: body.clone(), window: self.window(), classes }
    }

    /// Walks the recorded sizes of inverted lists, list 0 first, page by page. Without sizes there is no page.
    pub fn walk_sizes(&self, lists: &ListsSummary) -> SizesWalk {
        let walk = match &lists.sizes {
            Some(tree) => TreeWalk::new(self, tree.clone(), Table::Sizes),
            None => TreeWalk::empty(self, Table::Sizes),
        };
        SizesWalk { walk, next: 0 }
    }
}

/// Reads the recorded outline; see [`Snapshot::outline`].
#[derive(Debug, Clone)]
pub struct OutlineReading {
    body: TreeBody,
    window: Window,
    classes: Classes,
}

impl OutlineReading {
    pub(crate) fn run(&self) -> Read<Outline> {
        let Some(place) = &self.body.records_at else {
            return Ok(decode_outline(&self.body.records, 0, self.classes)?);
        };
        let bytes = self.window.bytes(place.span())?;
        place.digest.check(&bytes, place.start, "records")?;
        Ok(decode_outline(&bytes, place.start, self.classes)?)
    }
}

impl Reading for OutlineReading {
    type Output = Outline;

    fn step(&mut self) -> Result<Step<Outline>, Error> {
        step_of(self.run()).map_err(|error| error.inside("TREE.records"))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

/// A walk over recorded sizes of inverted lists. Its output is the sizes of the next page, and `None` at the
/// end: step on after each.
#[derive(Debug, Clone)]
pub struct SizesWalk {
    walk: TreeWalk,
    next: u64,
}

impl SizesWalk {
    /// What the table fills of the file, as far as the walk has come.
    pub fn extent(&self) -> Option<crate::bytes::Span> {
        self.walk.extent()
    }

    /// The root page, if it does not follow the rest, once the walk is at its end.
    pub fn apart(&self) -> Option<crate::bytes::Span> {
        self.walk.apart()
    }

    pub(crate) fn run(&mut self) -> Read<Option<Vec<u64>>> {
        let Some(leaf) = self.walk.next()? else { return Ok(None) };
        check_key(&leaf, self.next)?;
        let sizes: Result<Vec<u64>, Error> =
            entries::<SizeEntry>(&leaf.entries, leaf.at).map(|entry| entry.map(|(_, entry)| entry.size)).collect();
        let sizes = sizes?;
        self.next = self.next.saturating_add(sizes.len() as u64);
        Ok(Some(sizes))
    }
}

impl Reading for SizesWalk {
    type Output = Option<Vec<u64>>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        step_of(self.run()).map_err(|error| error.inside("TREE.sizes"))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.walk.bring(at, bytes);
    }
}
