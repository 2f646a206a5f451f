//! Extreme numbers, and the places in a stream where they can be put.

use faissil_core::outline::{Meaning, Outline};
use std::ops::Range;

/// Cut to the width of the field they go into.
pub const EXTREMES: [u64; 12] = [
    0,
    1,
    0x7F,
    0xFFFF,
    i32::MAX as u64,
    1 << 31,
    u32::MAX as u64,
    1 << 32,
    i64::MAX as u64,
    1 << 63,
    u64::MAX - 7,
    u64::MAX,
];

/// The bytes of every number that stands in a header.
pub fn numbers(outline: &Outline) -> Vec<(String, Range<usize>)> {
    let mut found = Vec::new();
    for leaf in outline.leaves() {
        let (start, end) = (leaf.span.start as usize, leaf.span.end() as usize);
        match leaf.meaning {
            Meaning::Field(_) if leaf.span.len <= 8 => found.push((leaf.path, start..end)),
            Meaning::Count(_) => found.push((format!("count of {}", leaf.path), start..end)),
            // The first element of an array: a list size, an offset, a bit count.
            Meaning::Array(array) if !leaf.span.is_empty() => {
                found.push((format!("first of {}", leaf.path), start..start + array.dtype.width() as usize));
            }
            _ => {}
        }
    }
    found
}
