//! What is known of a source, and what the caller accepts.

use super::strategy::Strategies;
use crate::report::Level;
use alloc::{string::String, vec::Vec};
use core::ops::Range;
use serde::Serialize;

/// Where an index is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// In a file or in memory: every byte can be read.
    Local,
    /// Behind a server that answers some questions.
    Remote,
}

/// What an index stores of a vector.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stores {
    /// The float32 values that were added.
    Floats,
    /// A code from which they are made again, not exactly.
    Codes,
    /// Nobody can tell, so no more than a code is promised.
    Unknown,
}

/// Something that a source is asked to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Give the FAISS stream.
    Native,
    /// Give many stored vectors.
    Bulk,
    /// Give the stored codes.
    Codes,
    /// Reconstruct neighbouring rows.
    Range,
    /// Reconstruct one row.
    One,
    /// Give the ids of rows.
    Ids,
    /// Search.
    Search,
}

/// A fault of the source's version: what must not be asked of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What.
    pub forbids: Call,
    /// What would happen, in words that follow "it": `ends the server`.
    pub why: String,
}

/// What a source can do. Page limits are in rows a request.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Can {
    /// Length in bytes of the FAISS stream, where all of it can be read.
    pub native: Option<u64>,
    /// Rows whose vectors, as they were added, are kept beside the index.
    pub cached: Vec<Range<u64>>,
    /// Stored vectors by the page.
    pub bulk: Option<u64>,
    /// Whether the codes can be read and there is a decoder for them.
    pub decode: bool,
    /// Why not, where that is known.
    pub undecoded: Option<String>,
    /// Neighbouring rows reconstructed, by the page.
    pub range: Option<u64>,
    /// One row reconstructed.
    pub one: bool,
}

/// How a source can be searched for ids.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Search {
    /// Queries in a request, at most.
    pub page: u64,
    /// Requests that one page of queries takes.
    pub passes: u64,
    /// Queries that it is expected to take.
    pub queries: u64,
    /// Bytes that a query and its answers take in memory, and on their way.
    pub query_bytes: u64,
}

/// What is known of the ids.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IdFacts {
    /// Whether rows have ids that are not their numbers; `None` where nobody can tell.
    pub own: Option<bool>,
    /// Whether the stored ids can be read.
    pub map: bool,
    /// Whether the client that added the rows has kept their ids.
    pub cached: bool,
    /// Ids by the page, from the source.
    pub served: Option<u64>,
    /// By searching for each vector.
    pub search: Option<Search>,
}

/// What things cost at this source.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cost {
    /// Milliseconds that a request takes beside its bytes.
    pub request_ms: u64,
    /// Bytes that arrive in a millisecond.
    pub bytes_per_ms: u64,
    /// Bytes of a vector on its way.
    pub row_bytes: u64,
    /// Bytes that a row of a page takes in memory until it is written.
    pub row_memory: u64,
    /// Bytes that everything else takes.
    pub base_memory: u64,
    /// Requests beside those for rows: what was asked to know all this, and what has to be asked at the end.
    pub overhead: u64,
}

/// All that is known of a source.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    /// Where it is.
    pub mode: Mode,
    /// What gives it, with its version: `a file`, `FAISS 1.12.0 in this process`, `a FAISSx server, version 0.20260422.2`.
    pub from: String,
    /// What it is: a factory string or a class.
    pub index: String,
    /// Vectors in it.
    pub rows: u64,
    /// Dimensions of a vector.
    pub d: u32,
    /// What it stores of each.
    pub stores: Stores,
    /// What it can do.
    pub can: Can,
    /// Its ids.
    pub ids: IdFacts,
    /// What its version must not be asked for.
    pub faults: Vec<Fault>,
    /// What things cost.
    pub cost: Cost,
}

/// What becomes of rows that cannot be had.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Missing {
    /// Nothing is done at all.
    Refuse,
    /// They are left out, named and counted.
    LeaveOut,
    /// Zeros stand in their place, and are said to.
    Placeholder,
}

/// What the caller accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// The lowest fidelity of a row that is had.
    pub floor: Level,
    /// Ways that are not wanted.
    pub without: Strategies,
    /// Bytes of memory at most.
    pub memory: u64,
    /// Requests at most, those beside the rows among them.
    pub requests: Option<u64>,
    /// Milliseconds at most, as expected.
    pub millis: Option<u64>,
    /// Rows in a page at most.
    pub page: Option<u64>,
    /// What becomes of the other rows.
    pub missing: Missing,
    /// Whether row numbers may stand in for ids that cannot be had.
    pub number_rows: bool,
    /// Whether every page is asked for until two answers agree.
    pub twice: bool,
}

impl Default for Policy {
    /// Decoded vectors or better, 128 MiB, and nothing missing.
    fn default() -> Policy {
        Policy {
            floor: Level::DecodedVectors,
            without: Strategies::default(),
            memory: 128 << 20,
            requests: None,
            millis: None,
            page: None,
            missing: Missing::Refuse,
            number_rows: false,
            twice: false,
        }
    }
}

impl Facts {
    /// The fidelity of a vector that the source makes from what it stores.
    pub(super) fn made(&self) -> Level {
        match self.stores {
            Stores::Floats => Level::ExactVectors,
            Stores::Codes | Stores::Unknown => Level::DecodedVectors,
        }
    }

    /// Why this must not be asked, if so.
    pub(super) fn forbidden(&self, call: Call) -> Option<&str> {
        self.faults.iter().find(|fault| fault.forbids == call).map(|fault| fault.why.as_str())
    }
}
