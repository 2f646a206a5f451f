//! Damaged headers written again.
//!
//! A snapshot records the whole outline, every header field with its value, under a digest of its own. So
//! where the bytes of a field are damaged its value is still known, and only bulk (vectors, codes, links)
//! can be lost for good.

use super::spans::Damaged;
use crate::lists::{Lists, Sizes};
use crate::outline::{Array, Meaning, Outline, Value};
use alloc::{vec, vec::Vec};

/// Bytes that are known without being read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Patch {
    /// Where they belong in the stream.
    pub at: u64,
    /// The bytes.
    pub bytes: Vec<u8>,
}

/// The damaged fields and counts of a stream, from its outline, which must not have been made from these very
/// bytes. In ascending order.
pub fn mend(outline: &Outline, damaged: &Damaged) -> Vec<Patch> {
    let leaves = outline.leaves().into_iter().filter(|leaf| damaged.touches(leaf.span));
    leaves
        .filter_map(|leaf| {
            let bytes = match leaf.meaning {
                Meaning::Field(field) => encode(&field.value)?,
                Meaning::Count(array) => count(array)?.to_le_bytes().into(),
                Meaning::Array(_) | Meaning::Lists(_) => return None,
            };
            (bytes.len() as u64 == leaf.span.len).then_some(Patch { at: leaf.span.start, bytes })
        })
        .collect()
}

/// The stored sizes of inverted lists, from the sizes of all lists in order. `None` where they do not stand in one
/// piece, or are not these.
pub fn mend_sizes(lists: &Lists, sizes: impl Iterator<Item = u64>) -> Option<Patch> {
    let (span, sparse) = match lists.sizes {
        Sizes::Full(span) => (span, false),
        Sizes::Sparse(span) => (span, true),
        Sizes::Inline | Sizes::Slots(_) => return None,
    };
    let mut bytes = Vec::new();
    for (number, size) in (0u64..).zip(sizes) {
        // FAISS pairs only lists that hold something, but others may: then the length below does not fit.
        if sparse && size > 0 {
            bytes.extend_from_slice(&number.to_le_bytes());
        }
        if !sparse || size > 0 {
            bytes.extend_from_slice(&size.to_le_bytes());
        }
        if bytes.len() as u64 > span.len {
            return None;
        }
    }
    (bytes.len() as u64 == span.len).then_some(Patch { at: span.start, bytes })
}

/// A value as FAISS stores it.
pub(super) fn encode(value: &Value) -> Option<Vec<u8>> {
    Some(match value {
        Value::Bool(v) => vec![u8::from(*v)],
        Value::U8(v) => vec![*v],
        Value::I8(v) => v.to_le_bytes().into(),
        Value::I32(v) => v.to_le_bytes().into(),
        Value::U32(v) => v.to_le_bytes().into(),
        Value::I64(v) => v.to_le_bytes().into(),
        Value::U64(v) => v.to_le_bytes().into(),
        Value::F32(v) => v.to_le_bytes().into(),
        Value::F64(v) => v.to_le_bytes().into(),
        Value::Tag(tag) => tag.0.into(),
        Value::Text(_) | Value::Many(_) => return None,
    })
}

/// The number in front of an array: its elements, or how many pairs or triples they are.
fn count(array: &Array) -> Option<u64> {
    match &*array.name {
        "lists" | "slots" | "direct_map.hashtable" | "factors_storage" => array.shape.first().copied(),
        _ => array.shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n)),
    }
}
