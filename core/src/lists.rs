//! Inverted lists: which bytes hold the codes and the ids of each list.
//!
//! An index can have millions of lists, so an outline keeps no node a list. It keeps how lists are
//! laid out ([`Layout`]), where their sizes stand, a summary ([`Balance`]), and every
//! [`LISTS_PER_CHECKPOINT`](crate::limits::LISTS_PER_CHECKPOINT) lists a [`Checkpoint`]. Any list is
//! found by walking from the checkpoint before it, reading a few kilobytes of sizes.

use crate::bytes::Span;
use alloc::{string::String, vec::Vec};

mod sizes;
mod walk;

pub use sizes::EachSize;
pub use walk::{Locate, Survey, Walk};

/// The data of an index's inverted lists.
#[derive(Debug, Clone, PartialEq)]
pub struct Lists {
    /// How a list's bytes follow each other.
    pub layout: Layout,
    /// Number of lists, empty ones included.
    pub nlist: u64,
    /// Bytes of one code; for [`Layout::Block`], where FAISS stores none, of a packed code as far as
    /// the index around it tells, else 0.
    pub code_size: u64,
    /// Where the sizes of the lists stand.
    pub sizes: Sizes,
    /// The data in this stream, all lists; empty where the data is in another file.
    pub span: Span,
    /// Entries in all lists together, and how evenly they are spread.
    pub balance: Balance,
    /// Places to start a walk from, in ascending order; the first is the start of the data. Never empty.
    pub checkpoints: Vec<Checkpoint>,
}

/// How the bytes of inverted lists follow each other in the data.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// `ilar`: of each list that is not empty its codes, `size * code_size` bytes, then its ids,
    /// `size` of `i64`.
    Array,
    /// `ilpn`, `ilp2`: codes of whole batches, ids, then cumulative sums, `f32`, of `levels + 1`
    /// for each row of the whole batches.
    Panorama {
        /// Rows in a batch.
        batch_size: u64,
        /// Levels; one more sum than this is stored a row.
        n_levels: u64,
    },
    /// `ilbl`: of each list, empty or not, a count and its ids, then a count and its codes, in
    /// blocks of `block_size` bytes for `n_per_block` rows.
    Block {
        /// Rows in a block.
        n_per_block: u64,
        /// Bytes in a block.
        block_size: u64,
    },
    /// Formats before FAISS 1.4 (`IvFl`, `IvPQ`, ...): the ids of all lists, each behind a count,
    /// stand in the index header; the data holds of each list a count and its codes.
    Split {
        /// The ids of all lists, counts included.
        ids: Span,
        /// Bytes of one counted element of the codes: 4 where FAISS counted floats, else 1.
        counted: u64,
    },
    /// `ilod`: the data is in another file.
    OnDisk {
        /// The name of that file as FAISS stored it.
        filename: String,
        /// Its size in bytes as FAISS stored it.
        totsize: u64,
    },
}

/// Where the sizes of inverted lists stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sizes {
    /// `full`: one `u64` a list, in this span.
    Full(Span),
    /// `sprs`: pairs of `u64`, list number and size, of the lists that are not empty, in this span.
    Sparse(Span),
    /// In front of the data of each list.
    Inline,
    /// `ilod`: three `u64` a list, size, capacity and offset in the other file, in this span.
    Slots(Span),
}

/// How evenly entries are spread over lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Balance {
    /// Entries in all lists together.
    pub total: u64,
    /// Lists that hold at least one.
    pub non_empty: u64,
    /// Size of the largest list.
    pub largest: u64,
    /// Sum of the squares of the sizes.
    pub squares: u128,
}

/// A place in the data of inverted lists from which a walk can start.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Checkpoint {
    /// Index of the next entry: a list number, or for [`Sizes::Sparse`] the number of a pair.
    pub entry: u64,
    /// Entries in all lists before it: the row of its first vector.
    pub row: u64,
    /// Byte where its data starts.
    pub at: u64,
    /// Byte where its ids start, in [`Layout::Split`]; else 0.
    pub ids_at: u64,
}

/// One inverted list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct List {
    /// Its number.
    pub number: u64,
    /// Row of its first entry: entries of all lists before it.
    pub row: u64,
    /// Entries in it.
    pub size: u64,
    /// Its codes: in the stream, or in the other file for [`Layout::OnDisk`].
    pub codes: Span,
    /// Its ids, `size` of `i64`, in the same file as the codes.
    pub ids: Span,
}

impl Balance {
    /// Count in a list of `size` entries. Saturates.
    pub fn add(&mut self, size: u64) {
        self.total = self.total.saturating_add(size);
        self.non_empty = self.non_empty.saturating_add(u64::from(size > 0));
        self.largest = self.largest.max(size);
        self.squares = self.squares.saturating_add(u128::from(size).saturating_mul(size.into()));
    }

    /// FAISS's imbalance factor (`InvertedLists::imbalance_factor`): `nlist * sum(n^2) / sum(n)^2`, 1
    /// for lists of one size. `None` where nothing is stored.
    #[allow(clippy::cast_precision_loss, clippy::arithmetic_side_effects)] // a ratio for people, in floats
    pub fn imbalance_factor(&self, nlist: u64) -> Option<f64> {
        (self.total > 0).then(|| nlist as f64 * self.squares as f64 / (self.total as f64 * self.total as f64))
    }
}
