//! What is known of the vectors of an index before any byte of them is read.

use crate::bytes::Span;
use crate::decode::{Blocks, Coding};
use crate::lists::Lists;
use crate::outline::{Array, Family, Record};
use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// Vectors, or codes of vectors, that are stored row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<'a> {
    /// The record that stores them.
    pub record: &'a Record,
    /// Dimensions of a vector as it is handed out.
    pub d: u64,
    /// Bytes of a row as it is handed out: `d * 4` for float32, `d / 8` for the bits of a binary index.
    pub row_bytes: u64,
    /// Bytes of a row as it is stored.
    pub code_bytes: u64,
    /// How many there are.
    pub rows: u64,
    /// Where.
    pub codes: Codes<'a>,
    /// How a row becomes a vector.
    pub coding: Coding<Span>,
    /// Where the centroid of a list is found, which has to be added to what its codes decode to.
    pub coarse: Option<Coarse<'a>>,
    /// Further bytes of each row in an array of their own.
    pub beside: Option<Beside>,
    /// Id maps to go through from a label to an id, innermost first.
    pub maps: Vec<&'a Array>,
    /// Transforms that the vectors went through before they were stored, in that order.
    pub transforms: Vec<&'a Record>,
    /// `instances` of `IndexIVFFlatDedup`: ids without a row of their own; see
    /// [`IdPlace::Lists`](crate::ids::IdPlace::Lists).
    pub instances: Option<&'a Array>,
}

/// Where vectors or their codes lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Codes<'a> {
    /// One after the other; row `i` has the label `i`.
    Rows(&'a Array),
    /// In batches, each level by level; row `i` has the label `i`.
    Levels {
        /// The data.
        array: &'a Array,
        /// Rows in a batch.
        batch_size: u64,
        /// Levels that the dimensions are cut into.
        n_levels: u64,
    },
    /// In blocks of rows side by side; row `i` has the label `i`.
    Blocks {
        /// The data.
        array: &'a Array,
        /// How a block is laid out.
        blocks: Blocks,
    },
    /// Nowhere: the number of a row is its code, the lowest byte first. These are all there is to combine from codebooks, and
    /// may be more than there are bytes in any file.
    Numbers,
    /// In inverted lists, whose ids are the labels; batches, levels and blocks start anew in each list where their
    /// [`Layout`](crate::lists::Layout) says so.
    Lists(&'a Lists, Option<Blocks>),
}

/// A coarse quantizer, for the centroid of a list.
#[derive(Debug, Clone, PartialEq)]
pub struct Coarse<'a> {
    /// What the number of a list leads to.
    pub key: Key<'a>,
    /// How that becomes a centroid.
    pub coding: Coding<Span>,
}

/// What the number of a list leads to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Key<'a> {
    /// It is a code of so many bytes itself, the lowest first.
    Code(u64),
    /// It is a row of these.
    Row {
        /// Their codes, in no lists.
        codes: Codes<'a>,
        /// Bytes of one.
        width: u64,
        /// How many there are.
        rows: u64,
    },
}

/// Bytes of each row that do not stand with its code: those of the row, or in lists of the id.
#[derive(Debug, Clone, PartialEq)]
pub struct Beside {
    /// The bytes of all.
    pub span: Span,
    /// Bytes of one.
    pub width: u64,
    /// How they become a vector that is added; `None` where they are the end of the code.
    pub coding: Option<Coding<Span>>,
}

/// Why an index has no vectors to hand out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NoVectors {
    /// The class of the record that is in the way.
    pub class: &'static str,
    /// Where it starts.
    pub at: u64,
    /// The whole sentence.
    pub reason: String,
}

impl<'a> Codes<'a> {
    /// Where they are, outside of lists.
    pub fn array(&self) -> Option<&'a Array> {
        match *self {
            Codes::Rows(array) | Codes::Levels { array, .. } | Codes::Blocks { array, .. } => Some(array),
            Codes::Numbers | Codes::Lists(..) => None,
        }
    }
}

impl Stored<'_> {
    /// Further ids of vectors that are stored once: no row is theirs.
    pub fn aliases(&self) -> u64 {
        self.instances.map_or(0, |pairs| pairs.span.len >> 4)
    }

    /// Whether rows are the bits of a binary index and not floats.
    pub fn is_binary(&self) -> bool {
        self.record.family == Family::BinaryIndex
    }

    /// Whether every vector is handed out bit for bit as it was added, and not decoded.
    pub fn is_exact(&self) -> bool {
        self.coding.is_trivial()
    }

    /// What decoding reads whole before the first row, in the order in which it is read: codebooks, those of the coarse
    /// quantizer, and what stands beside the codes.
    pub fn tables(&self) -> Vec<Span> {
        let mut spans = self.coding.tables();
        spans.extend(self.coarse.iter().flat_map(|coarse| coarse.coding.tables()));
        if let Some(beside) = &self.beside {
            spans.extend(beside.coding.iter().flat_map(Coding::tables));
            spans.push(beside.span);
        }
        spans
    }

    /// That the data has room for all rows; an outline without a fault always says so.
    pub(super) fn fits(&self) -> bool {
        let bytes = self.code_bytes.checked_mul(self.rows);
        let in_blocks = |blocks: &Blocks| {
            let there = blocks.row_bytes() == self.code_bytes;
            there.then(|| self.rows.div_ceil(blocks.rows.max(1)).checked_mul(blocks.bytes)).flatten()
        };
        let is_nothing = self.code_bytes == 0 && matches!(self.codes, Codes::Lists(_, None)) && !self.is_exact();
        (self.code_bytes > 0 || is_nothing)
            && self.row_bytes > 0
            && match self.codes {
                Codes::Rows(array) => bytes == Some(array.span.len),
                Codes::Levels { array, batch_size, n_levels } => {
                    let slots = self.rows.div_ceil(batch_size.max(1)).checked_mul(batch_size);
                    let bytes = slots.and_then(|slots| slots.checked_mul(self.code_bytes));
                    batch_size > 0 && n_levels > 0 && bytes == Some(array.span.len)
                }
                Codes::Blocks { array, blocks } => in_blocks(&blocks).is_some_and(|bytes| bytes <= array.span.len),
                Codes::Numbers => true,
                Codes::Lists(_, Some(blocks)) => in_blocks(&blocks).is_some(),
                Codes::Lists(lists, None) => lists.code_size == self.code_bytes,
            }
    }
}

impl fmt::Display for NoVectors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

impl NoVectors {
    /// What a record stores, and what that means.
    pub(super) fn stores(record: &Record, verdict: &str, what: &str) -> NoVectors {
        NoVectors::says(record, verdict, &format!(" stores {what}"))
    }

    /// What is the matter with a record, and what that means.
    pub(super) fn because(record: &Record, verdict: &str, why: &str) -> NoVectors {
        NoVectors::says(record, verdict, &format!(": {why}"))
    }

    fn says(record: &Record, verdict: &str, end: &str) -> NoVectors {
        let tag = record.tag.map(|tag| format!("{tag} ")).unwrap_or_default();
        let (class, at) = (record.class, record.span.start);
        NoVectors { class, at, reason: format!("{verdict}: {class} ({tag}at byte {at}){end}") }
    }

    /// The file breaks off or contradicts itself before the vectors are known.
    pub(super) fn unread(record: &Record) -> NoVectors {
        NoVectors::stores(record, "cannot be read to its end", "vectors, but the outline breaks off in it")
    }

    /// Nothing was written.
    pub(super) fn left_out(record: &Record) -> NoVectors {
        let (class, at) = (record.class, record.span.start);
        let reason =
            format!("has no vectors: the {} at byte {at} was left out when the index was written", record.role);
        NoVectors { class, at, reason }
    }
}
