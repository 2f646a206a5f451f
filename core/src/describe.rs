//! What an index is, in the words of a person who uses FAISS.
//!
//! Works on an [`Outline`] alone and reads no bytes of its own: the description
//! ([`description`], FAISS's factory string where there is one), what the index will take in memory
//! ([`memory`]), which FAISS is the lowest that reads it ([`floor`]), and what deserves a remark
//! ([`notes`]). Everything here follows from what the outline holds; nothing is guessed in silence: an
//! estimate says what it counts, and a description that no factory understands says so.

mod factory;
mod floor;
mod memory;
mod notes;
#[cfg(test)]
mod sample;

pub use factory::{Description, description, metric_name};
pub use floor::{Floor, floor};
pub use memory::{Memory, Portion, memory};
pub use notes::{Note, notes};

use crate::outline::{Family, Fourcc, Meaning, Outline, Record, Value};
use alloc::vec::Vec;

/// The classes of the indexes in a stream, outermost first, in file order; `None` for one that is a null
/// pointer. Transforms and inverted lists are not in it.
pub fn class_chain(outline: &Outline) -> Vec<Option<&'static str>> {
    let is_index = |record: &&Record| matches!(record.family, Family::Index | Family::BinaryIndex);
    let indexes = outline.records().into_iter().filter(is_index);
    indexes.map(|record| (!is_null(record)).then_some(record.class)).collect()
}

/// Every four-character code of a stream with the byte where it stands, in file order.
pub fn fourccs(outline: &Outline) -> Vec<(Fourcc, u64)> {
    let tag = |leaf: crate::outline::Leaf<'_>| match leaf.meaning {
        Meaning::Field(field) => match field.value {
            Value::Tag(tag) => Some((tag, leaf.span.start)),
            _ => None,
        },
        _ => None,
    };
    outline.leaves().into_iter().filter_map(tag).collect()
}

/// Whether a record stands for a null pointer (`null`, `il00`).
pub fn is_null(record: &Record) -> bool {
    record.tag.is_some_and(|tag| matches!(&tag.0, b"null" | b"il00"))
}

/// Vectors that an index holds: `ntotal`, or for an `IndexIVFIndependentQuantizer`, which keeps 0 in its own
/// header, that of the IVF inside.
pub fn vectors(index: &Record) -> u64 {
    let own = index.u64("ntotal").unwrap_or(0);
    match index.child("index_ivf") {
        Some(inside) if own == 0 => vectors(inside),
        _ => own,
    }
}
