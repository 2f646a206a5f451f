//! Codecs: how the bytes of a packed chunk are stored smaller.
//!
//! A chunk says by number which codec its bytes went through, with a few bytes of parameters.
//! [`TABLE`] is the list of codecs; the one in `docs/snapshot-format.md` is made from it. Decoding is
//! safe on any bytes: what comes out has exactly the declared length or there is an error, and no
//! more than a few times that length and a constant is ever in memory. Encoding is deterministic.
//!
//! A codec sees one chunk and knows nothing of snapshots, digests or FAISS. To store bytes use
//! [`pack`], which is told what they are, measures what pays and falls back to raw; to get them back, [`decode`].
//! All modelling comes down to three tools: the entropy coder (`rans`), numbers in bins (`bins`), and draws of what is known to be
//! there (`urn`).

mod bins;
mod bytes;
mod choose;
mod choose_bins;
mod columns;
mod deflate;
mod links;
mod lists;
mod numbers;
mod planes;
mod rans;
mod urn;

use crate::error::{Cause, Error, Kind};
use crate::limits::MAX_CHUNK;
use alloc::{borrow::Cow, format, string::String, vec, vec::Vec};
use bytes::Bytes;
pub use choose::{Holds, Level, Packed, encode, pack};
pub use numbers::{NumberCoding, View};
use planes::Fault;
pub use planes::Width;

/// One codec as the snapshot format knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// The number that stands in a chunk's entry.
    pub number: u32,
    /// Its name in messages and reports.
    pub name: &'static str,
    /// Its parameters, byte by byte.
    pub parameters: &'static str,
    /// What its stored bytes are.
    pub stored: &'static str,
}

/// Every codec that this build reads and writes, by ascending number.
pub const TABLE: [Codec; 6] = [
    Codec { number: 0, name: "raw", parameters: "none", stored: "the bytes themselves" },
    Codec {
        number: 1,
        name: "planes",
        parameters: "one byte, the element width: 1, 2, 4 or 8",
        stored: "byte planes, each by itself raw or DEFLATE (RFC 1951)",
    },
    Codec {
        number: 2,
        name: "numbers",
        parameters: "three bytes: element width, 4 or 8; view: 0 plain, 1 float, 2 difference; zeros",
        stored: "elements as numbers in bins: which bin by rANS, where in it as plain bits",
    },
    Codec {
        number: 3,
        name: "columns",
        parameters: "u32, bytes of a row, 1 to 65536",
        stored: "byte columns of rows, each as it is or by rANS with one of a few tables",
    },
    Codec {
        number: 4,
        name: "links",
        parameters: "u32, the period of the slots",
        stored: "runs of links and of empty slots, and the links, as numbers in bins",
    },
    Codec {
        number: 5,
        name: "lists",
        parameters: "u32, bytes of a code, at most 65536",
        stored: "whole inverted lists: their sizes, codes and ids apart",
    },
];

/// Most inverted lists of a chunk that codec 5 takes.
pub const MOST_LISTS: usize = lists::MOST_LISTS;

/// Most bytes of parameters that a codec can have.
pub const MAX_PARAMETERS: usize = 16;

/// A codec with its parameters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Coding {
    /// Codec 0: the bytes themselves.
    Raw,
    /// Codec 1: elements of this many bytes, taken apart into byte planes.
    Planes(Width),
    /// Codec 2: floats and integers as numbers in bins.
    Numbers(NumberCoding),
    /// Codec 3: rows of this many bytes, column by column.
    Columns(u32),
    /// Codec 4: links of a graph, whose slots have this period.
    Links(u32),
    /// Codec 5: inverted lists with codes of this many bytes.
    Lists(u32),
}

impl Coding {
    /// The codec's number.
    pub fn number(self) -> u32 {
        match self {
            Coding::Raw => 0,
            Coding::Planes(_) => 1,
            Coding::Numbers(_) => 2,
            Coding::Columns(_) => 3,
            Coding::Links(_) => 4,
            Coding::Lists(_) => 5,
        }
    }

    /// The codec's name.
    pub fn name(self) -> &'static str {
        TABLE.get(self.number() as usize).map_or("unknown", |codec| codec.name)
    }

    /// The parameters as they stand in a chunk's entry.
    pub fn parameters(self) -> Vec<u8> {
        match self {
            Coding::Raw => Vec::new(),
            Coding::Planes(width) => vec![width.byte()],
            Coding::Numbers(NumberCoding { width, view, zeros }) => vec![width.byte(), view.byte(), zeros],
            Coding::Columns(number) | Coding::Links(number) | Coding::Lists(number) => number.to_le_bytes().to_vec(),
        }
    }

    /// The coding that a chunk's entry names.
    ///
    /// # Errors
    /// A number that is not in [`TABLE`], or parameters that the codec does not have. Only chunks that
    /// say so are harmed. `at` is 0; the caller knows where the entry stands.
    pub fn from_entry(number: u32, parameters: &[u8]) -> Result<Coding, Error> {
        let refused = |reason: String| Err(codec_error(number, reason, 0));
        let count = |takes: &str| refused(format!("takes {takes} of parameters, found {}", parameters.len()));
        if !is_here(number) {
            return Err(not_here(number, 0));
        }
        match (number, parameters) {
            (0, []) => Ok(Coding::Raw),
            (0, _) => refused(format!("takes no parameters, found {} bytes of them", parameters.len())),
            (1, &[byte]) => match Width::from_byte(byte) {
                Some(width) => Ok(Coding::Planes(width)),
                None => refused(format!("element width is 1, 2, 4 or 8: found {byte}")),
            },
            (1, _) => count("one byte"),
            (2, &[width, view, zeros]) => match NumberCoding::from_bytes(width, view, zeros) {
                Some(coding) => Ok(Coding::Numbers(coding)),
                None => refused(format!("no elements of width {width}, view {view} and {zeros} zeros")),
            },
            (2, _) => count("three bytes"),
            (3..=5, &[a, b, c, d]) => {
                let value = u32::from_le_bytes([a, b, c, d]);
                match number {
                    3 if (1..=columns::MOST_COLUMNS).contains(&value) => Ok(Coding::Columns(value)),
                    3 => refused(format!("rows are 1 to 65536 bytes: found {value}")),
                    4 => Ok(Coding::Links(value)),
                    _ if value <= columns::MOST_COLUMNS => Ok(Coding::Lists(value)),
                    _ => refused(format!("codes are at most 65536 bytes: found {value}")),
                }
            }
            (3..=5, _) => count("four bytes"),
            _ => refused(format!("not known to this build, which reads codecs 0 to {}", TABLE.len().saturating_sub(1))),
        }
    }
}

/// The `len` bytes that were stored as `stored`, which starts at byte `at` of the file.
///
/// Raw bytes are lent, others are new.
///
/// # Errors
/// [`Kind::Codec`] when `stored` is not what this coding makes of `len` bytes; [`Kind::Limit`] when
/// `len` is over [`MAX_CHUNK`] and the bytes are coded.
pub fn decode(coding: Coding, stored: &[u8], at: u64, len: u64) -> Result<Cow<'_, [u8]>, Error> {
    match coding {
        Coding::Raw if stored.len() as u64 == len => Ok(Cow::Borrowed(stored)),
        _ => decode_into(coding, stored, at, len, Vec::new()).map(Cow::Owned),
    }
}

/// [`decode`] into memory that was used before, of any length and content; it may be left unused.
///
/// # Errors
/// As [`decode`].
pub fn decode_into(coding: Coding, stored: &[u8], at: u64, len: u64, mut room: Vec<u8>) -> Result<Vec<u8>, Error> {
    let bounded = || match usize::try_from(len) {
        Ok(bytes) if len <= MAX_CHUNK => Ok(bytes),
        _ => Err(Error::limit(at, "bytes of a coded chunk", MAX_CHUNK, len)),
    };
    let of = |what: &str, decoded: Result<Vec<u8>, &'static str>| {
        decoded.map_err(|reason| Fault { at: 0, reason: format!("its {what}: {reason}").into() })
    };
    let mut bytes = Bytes::new(stored);
    let decoded = match coding {
        Coding::Raw if stored.len() as u64 == len => {
            room.clear();
            room.extend_from_slice(stored);
            Ok(room)
        }
        Coding::Raw => Err(Fault { at: 0, reason: format!("{} bytes are stored for {len}", stored.len()).into() }),
        Coding::Planes(width) => planes::decode(width, stored, bounded()?),
        coding if !is_here(coding.number()) => return Err(not_here(coding.number(), at)),
        Coding::Numbers(coding) => of("numbers", numbers::decode(coding, bytes, bounded()?, room)),
        Coding::Columns(columns) => of("columns", columns::decode(columns, &mut bytes, bounded()?)),
        Coding::Links(period) => of("links", links::decode(period, &mut bytes, bounded()?)),
        Coding::Lists(code_size) => of("lists", lists::decode(code_size, &mut bytes, bounded()?)),
    };
    decoded.map_err(|fault| codec_error(coding.number(), fault.reason, at.saturating_add(fault.at as u64)))
}

/// Whether the decoder of this codec is in this build: without the feature `codecs` only those of 0 and 1 are.
pub fn is_here(number: u32) -> bool {
    number < 2 || cfg!(feature = "codecs")
}

/// The error that a chunk of such a codec at byte `at` gives.
pub(crate) fn not_here(number: u32, at: u64) -> Error {
    codec_error(number, "not in this build", at)
}

/// Whether a build with all codecs may have an answer where this one has none.
pub fn lacks(cause: &Cause) -> bool {
    matches!(cause, Cause::Fault(fault) if matches!(fault.kind, Kind::Codec { codec, .. } if !is_here(codec)))
}

fn codec_error(codec: u32, reason: impl Into<Cow<'static, str>>, at: u64) -> Error {
    Error::new(Kind::Codec { codec, reason: reason.into() }, at)
}

/// [`TABLE`] as the Markdown table of `docs/snapshot-format.md`.
pub fn table_page() -> String {
    let mut page = String::from("| codec | name | parameters | stored bytes |\n|--:|---|---|---|\n");
    for Codec { number, name, parameters, stored } in TABLE {
        page.push_str(&format!("| {number} | {name} | {parameters} | {stored} |\n"));
    }
    page
}

#[cfg(test)]
mod tests;
