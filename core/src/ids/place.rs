//! Where an index keeps its external ids.
//!
//! FAISS passes the labels that an inner index answers outwards. An id map replaces them
//! (`IndexIDMap::search`: `id_map[label]`), so the outermost id map wins and is the whole answer; a
//! transform, a refinement, a row-wise scaling hand them through; a graph (HNSW, NSG, NNDescent)
//! never looks at the ids of its storage and answers row numbers. Facts from FAISS 1.15.0, the
//! `search` of each class.

use crate::lists::Lists;
use crate::outline::{Array, Outline, Record};
use alloc::{format, string::String};

/// Where the ids are.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum IdPlace<'a> {
    /// Nowhere: row `i` has the id `i`.
    None,
    /// In an id map, one 64-bit id a row. The record holds the array.
    Map {
        /// The `IndexIDMap`, `IndexIDMap2` or its binary kind.
        record: &'a Record,
        /// Its `id_map`.
        array: &'a Array,
    },
    /// Beside the codes in inverted lists: list 0 first.
    Lists {
        /// The IVF index.
        record: &'a Record,
        /// Its lists.
        lists: &'a Lists,
        /// `instances` of `IndexIVFFlatDedup`: pairs of the id that is in a list and one more id of
        /// the same vector. These ids have no row of their own: their row is that of the first.
        instances: Option<&'a Array>,
    },
    /// Stored in a form that is not read.
    Unfollowed(Unfollowed<'a>),
}

/// Ids that are stored, but in a form that is not read.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Unfollowed<'a> {
    /// The record that holds them.
    pub record: &'a Record,
    /// Why, as the end of a sentence.
    pub why: &'static str,
}

impl Unfollowed<'_> {
    /// The sentence: which record, where, why.
    pub fn sentence(&self) -> String {
        format!("the ids of {} at byte {} are not read: {}", self.record.class, self.record.span.start, self.why)
    }
}

impl IdPlace<'_> {
    /// How many rows carry an id here; `None` where no ids are stored or read.
    pub fn count(&self) -> Option<u64> {
        match self {
            IdPlace::Map { array, .. } => array.shape.first().copied(),
            IdPlace::Lists { lists, .. } => Some(lists.balance.total),
            IdPlace::None | IdPlace::Unfollowed(_) => None,
        }
    }

    /// Further ids of vectors that are stored once (`IndexIVFFlatDedup`). They have no row of their own and do not count
    /// among those that rows carry. A pair of ids for each.
    pub fn aliases(&self) -> u64 {
        match self {
            IdPlace::Lists { instances: Some(array), .. } => array.span.len >> 4,
            _ => 0,
        }
    }
}

/// Where the index of this outline keeps its external ids.
pub fn place(outline: &Outline) -> IdPlace<'_> {
    let mut record = &outline.root;
    loop {
        if let Some(array) = record.array("id_map") {
            return IdPlace::Map { record, array };
        }
        if let Some(lists) = record.lists() {
            return IdPlace::Lists { record, lists, instances: record.array("instances") };
        }
        if record.class == "IndexBinaryHash" && record.u64("ntotal") != Some(0) {
            return IdPlace::Unfollowed(Unfollowed { record, why: "they lie in hash buckets, in no order of rows" });
        }
        match inside(record) {
            Some(inner) => record = inner,
            // `il00` says that an IVF keeps its lists elsewhere; else the file broke off before them.
            None if outline.fault.is_some() => {
                return IdPlace::Unfollowed(Unfollowed { record, why: "the outline breaks off before them" });
            }
            None => return IdPlace::None,
        }
    }
}

/// The index whose labels this one hands on.
fn inside(record: &Record) -> Option<&Record> {
    let role = match record.class {
        "IndexPreTransform" | "IndexRowwiseMinMax" | "IndexRowwiseMinMaxFP16" | "IndexBinaryFromFloat" => "index",
        "IndexRefine" | "IndexRefineFlat" | "IndexRefinePanorama" => "base_index",
        "IndexIVFIndependentQuantizer" => "index_ivf",
        _ => return None,
    };
    record.child(role)
}
