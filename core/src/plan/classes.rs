//! What FAISS can give back of the vectors of each of its classes, for a source that says only the class.
//!
//! From FAISS 1.15.1: `Index::reconstruct` throws unless a class has its own, `Index::reconstruct_n` calls it row by row,
//! in several threads from 1,001 rows on, where a throw ends the process (`Index.cpp`); `IndexIVF::reconstruct` needs a
//! direct map, `IndexIVF::reconstruct_n` walks the lists and needs none (`IndexIVF.cpp`); an `IndexIDMap` has no `reconstruct`, an
//! `IndexIDMap2` takes ids for row numbers (`IndexIDMap.cpp`).

use super::facts::Stores;

/// What a class stores, and what FAISS reconstructs of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ClassFacts {
    /// What is stored of a vector.
    pub stores: Stores,
    /// Whether `reconstruct_n` takes row numbers and gives their vectors.
    pub range: bool,
    /// Whether `reconstruct` does, with no direct map.
    pub one: bool,
    /// Whether rows have ids of their own.
    pub own_ids: Option<bool>,
}

/// Names, or beginnings of names, and what holds for them; the first that fits counts.
const CLASSES: &[(&str, ClassFacts)] = &[
    ("IndexIDMap", facts(Stores::Unknown, false, false, Some(true))),
    ("IndexFlatPanorama", facts(Stores::Floats, true, true, Some(false))),
    ("IndexFlat", facts(Stores::Floats, true, true, Some(false))),
    ("IndexHNSWFlat", facts(Stores::Floats, true, true, Some(false))),
    ("IndexNSGFlat", facts(Stores::Floats, true, true, Some(false))),
    ("IndexHNSW", facts(Stores::Unknown, true, true, Some(false))),
    ("IndexNSG", facts(Stores::Unknown, true, true, Some(false))),
    ("IndexNNDescentFlat", facts(Stores::Floats, true, true, Some(false))),
    ("IndexIVFFlatDedup", facts(Stores::Unknown, false, false, None)),
    // Ids in the lists are row numbers unless others were given when they were added.
    ("IndexIVFFlat", facts(Stores::Floats, true, false, None)),
    ("IndexIVF", facts(Stores::Codes, true, false, None)),
    ("IndexPQ", facts(Stores::Codes, true, true, Some(false))),
    ("IndexScalarQuantizer", facts(Stores::Codes, true, true, Some(false))),
    ("IndexPreTransform", facts(Stores::Codes, true, true, None)),
    ("IndexBinary", facts(Stores::Unknown, false, false, None)),
];

const fn facts(stores: Stores, range: bool, one: bool, own_ids: Option<bool>) -> ClassFacts {
    ClassFacts { stores, range, one, own_ids }
}

/// What is known of this class; of one that the table does not have, nothing can be asked.
pub fn class_facts(class: &str) -> ClassFacts {
    let found = CLASSES.iter().find(|(name, _)| class.starts_with(name));
    found.map_or(facts(Stores::Unknown, false, false, None), |(_, facts)| *facts)
}
