//! External ids: where an index keeps them, what they look like, and both ways across.
//!
//! A search returns ids. FAISS keeps them in an id map (`IndexIDMap`), in the inverted lists of an
//! IVF, or not at all, and then a row's number is its id. [`place()`] says which, from an outline
//! alone. [`IdStream`] reads them in row order, [`Summariser`] says what they look like, [`Lookup`]
//! finds the row of an id by the cheapest [`Road`], whose [`Cost`] is known before it is taken.
//!
//! Rows count what the place holds, in storage order: an id map's entries, or the entries of list 0,
//! then of list 1, and so on. [`Row`] and [`ExternalId`] never mix. Nothing here decodes a vector.

mod duplicates;
mod lookup;
mod place;
mod repeats;
mod road;
mod scratch;
mod stream;
mod summary;

pub use duplicates::{DuplicateCount, Merge, Seen};
pub use lookup::{Found, Lookup, Place};
pub use place::{IdPlace, Unfollowed, place};
pub use repeats::repeats;
pub use road::{Cost, Plan, Road, plan_lookup};
pub use scratch::{Memory, Pair, Scratch, Sorted, Summing};
pub use stream::{Batch, IdStream, InList};
pub use summary::{IdKind, IdSummary, Summariser};

#[cfg(test)]
mod tests;

use core::fmt;
use serde::{Deserialize, Serialize};

/// A position in storage order, from 0.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct Row(pub u64);

/// What a search returns: any 64-bit number, negative ones included.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize)]
pub struct ExternalId(pub i64);

impl fmt::Display for Row {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for ExternalId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The ids in a run of bytes, eight little-endian bytes each; a piece of one at the end is left out.
pub fn ids_in(bytes: &[u8]) -> impl Iterator<Item = ExternalId> + '_ {
    let (whole, _) = bytes.as_chunks::<8>();
    whole.iter().map(|&eight| ExternalId(i64::from_le_bytes(eight)))
}
