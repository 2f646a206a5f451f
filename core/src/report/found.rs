//! The JSON of `ids --id`.

use alloc::{string::String, vec::Vec};
use serde::Serialize;

/// Where ids are.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundIds {
    /// The file's name as it was given.
    pub file: String,
    /// One for each id that was asked for.
    pub found: Vec<FoundId>,
}

/// Where an id is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct FoundId {
    /// The id.
    pub id: i64,
    /// How many rows have it.
    pub count: u64,
    /// Where; the first 16,384 of them.
    pub places: Vec<FoundPlace>,
}

/// A row that has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct FoundPlace {
    /// The row.
    pub row: u64,
    /// The inverted list; null where there are none.
    pub list: Option<u64>,
    /// Entries before it in the list.
    pub offset: Option<u64>,
}
