//! What there is to say about a file, as one shape for programs and one page for people.
//!
//! [`Inspection`] is the JSON of `faissil inspect --json`, the same from the command and from a browser; its
//! fields are documented in `docs/json.md`, which a test holds against these structures. [`inspection`]
//! makes one from an outline and from what only the caller knows ([`Known`]): names, digests, ids,
//! attachments. [`page`] turns it into text, and [`Dump`] shows a stream's bytes beside their meaning.
//!
//! Nothing here reads a file or decides anything: what it says comes from [`crate::describe`] and the caller.

mod dump;
mod fidelity;
mod found;
mod json;
mod make;
mod opaque;
mod page;
mod verification;

pub use dump::Dump;
pub use dump::Dumped;
pub use fidelity::Level;
pub use found::{FoundId, FoundIds, FoundPlace};
pub use json::{Json, Object};
pub use make::{hex, inspection};
pub use opaque::{Opaque, opaque, opaque_page};
pub use page::{grouped, page, size};
pub use verification::{DamageReport, LostIds, Verification};

use crate::describe::Note;
use crate::ids::{IdKind, IdSummary};
use alloc::{string::String, vec::Vec};
use json::maybe_number;
use serde::Serialize;

/// What a file is to Faissil.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Container {
    /// A plain FAISS index file.
    #[default]
    Faiss,
    /// A snapshot that starts with the stream.
    Sealed,
    /// A snapshot that holds the stream in coded chunks.
    Packed,
}

/// What the caller knows about a file beside its outline.
#[derive(Debug, Clone, Default)]
pub struct Known {
    /// The file's name as it was given.
    pub file: String,
    /// What it is.
    pub kind: Container,
    /// Its length in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the manifest.
    pub snapshot_digest: Option<[u8; 32]>,
    /// Length of the FAISS stream in bytes.
    pub stream_len: u64,
    /// BLAKE3 of the stream.
    pub stream_digest: Option<[u8; 32]>,
    /// Whether the outline was taken from the snapshot's own record of it, and not made from the stream.
    pub as_recorded: bool,
    /// What the ids look like; `None` where none are stored or nobody looked.
    pub ids: Option<IdSummary>,
    /// How good the rows are.
    pub fidelity: Fidelity,
    /// User's keys and values.
    pub metadata: Vec<(String, String)>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
    /// Remarks of the caller, such as a side file that is missing.
    pub notes: Vec<Note>,
}

/// The JSON of `inspect`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Inspection {
    /// The file's name as it was given.
    pub file: String,
    /// `faiss`, `sealed` or `packed`.
    pub kind: Container,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the manifest in hex; null for a plain FAISS file.
    pub snapshot_digest: Option<String>,
    /// The FAISS stream in it.
    pub stream: Stream,
    /// Whether the outline was taken from the snapshot's record and not made from the stream.
    pub as_recorded: bool,
    /// Whether the stream could be followed to its end.
    pub complete: bool,
    /// Why not; null when it could.
    pub fault: Option<Fault>,
    /// Bytes after the end of the index; null when there are none.
    pub trailing: Option<Place>,
    /// The lowest FAISS release that reads the stream, such as `1.7.3`; 1.2.1 stands for that or earlier.
    pub faiss_version_min: String,
    /// What in the stream asks for that release.
    pub faiss_version_why: VersionReason,
    /// What the index is: FAISS's factory string, or the nearest thing to one.
    pub description: String,
    /// The string that FAISS's factory accepts; null where no string makes this index.
    pub factory: Option<String>,
    /// Classes of the indexes inside one another, outermost first, in file order; null for a null pointer.
    pub class_chain: Vec<Option<&'static str>>,
    /// Four-character codes in file order.
    pub fourcc_chain: Vec<String>,
    /// Parameters of the outermost index, then of what it wraps where the name is new (an index behind an id map,
    /// transforms, a graph or a refinement; not a coarse quantizer).
    pub params: Object<Json>,
    /// The index and everything inside.
    pub index: Node,
    /// How entries are spread over inverted lists, one object for each index that has lists.
    pub lists: Vec<ListBalance>,
    /// The external ids; null when none are stored.
    pub ids: Option<Ids>,
    /// What the index takes in memory once FAISS has loaded it.
    pub memory: Memory,
    /// How close what is kept comes to what was added.
    pub fidelity: Fidelity,
    /// User's keys and values, sorted by key.
    pub metadata: Object<String>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
    /// Warnings first, then remarks.
    pub notes: Vec<Remark>,
}

/// The FAISS stream of a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Stream {
    /// Its length in bytes.
    pub len: u64,
    /// Its BLAKE3 in hex, as `b3sum` prints it; null where it is not stored.
    pub blake3: Option<String>,
}

/// Why a stream could not be followed to its end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fault {
    /// The kind of fault in a word or two: `unknown tag`, `truncated`, `inconsistent`.
    pub kind: String,
    /// The byte at which it shows.
    pub at: u64,
    /// The part that was being read; empty at the top.
    pub path: String,
    /// The whole sentence.
    pub message: String,
}

/// A place in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Place {
    /// First byte.
    pub offset: u64,
    /// Length.
    pub bytes: u64,
}

/// What asks for a FAISS release.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct VersionReason {
    /// The tag or value, in words.
    pub reason: String,
    /// Path of the record or field; empty for the outermost record.
    pub path: String,
    /// The byte where it stands.
    pub offset: u64,
    /// Whether only that release reads the stream, and no later one.
    pub only: bool,
}

/// An object of the stream.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Node {
    /// FAISS class that a reader ends up with; `null` for a null pointer.
    pub class: String,
    /// Its four-character code; null for a part without one.
    pub fourcc: Option<String>,
    /// First byte.
    pub offset: u64,
    /// Length in bytes, with everything inside.
    pub bytes: u64,
    /// Dimension (in bits for binary indexes); null for what is not an index.
    pub d: Option<u64>,
    /// Vectors, as its own header says; null for what is not an index.
    pub ntotal: Option<u64>,
    /// FAISS's number of the metric; null for what is not an index.
    pub metric: Option<i64>,
    /// FAISS's name of that number without `METRIC_`; null for a number without a name.
    pub metric_name: Option<String>,
    /// Argument of the metric, 0 where none is stored; null for what is not a float index.
    #[serde(serialize_with = "maybe_number")]
    pub metric_arg: Option<f64>,
    /// Whether it is trained; null for what cannot be.
    pub is_trained: Option<bool>,
    /// Stored and derived values by FAISS's names.
    pub params: Object<Json>,
    /// Stored arrays, in file order.
    pub arrays: Vec<ArrayPlace>,
    /// Objects inside, in file order, transforms and inverted lists among them.
    pub children: Vec<Child>,
}

/// An object inside another.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Child {
    /// What it is to the object around it: `quantizer`, `invlists`, `chain[0]`.
    pub role: String,
    /// The object.
    pub index: Node,
}

/// A stored array.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ArrayPlace {
    /// FAISS's name; `lists` is the data of inverted lists, codes and ids.
    pub name: String,
    /// `u8`, `i32`, `i64`, `u64`, `f32` or `f64`.
    pub dtype: &'static str,
    /// Elements along each axis, outermost first.
    pub shape: Vec<u64>,
    /// First byte of the data.
    pub offset: u64,
    /// Length of the data in bytes.
    pub bytes: u64,
}

/// How entries are spread over inverted lists.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ListBalance {
    /// Path of the record with the lists.
    pub path: String,
    /// Number of lists.
    pub nlist: u64,
    /// Entries in all lists.
    pub entries: u64,
    /// Lists that hold at least one.
    pub non_empty: u64,
    /// Entries in the largest list.
    pub largest: u64,
    /// FAISS's imbalance factor, 1 for lists of one size; null when nothing is stored.
    #[serde(serialize_with = "maybe_number")]
    pub imbalance: Option<f64>,
    /// The name of the file that holds the lists, as stored; null when they are in the stream.
    pub side_file: Option<String>,
}

/// What the external ids look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Ids {
    /// `sequential`, `stride`, `sorted` or `arbitrary`; `none` when there are no rows.
    pub kind: IdKind,
    /// How many there are.
    pub count: u64,
    /// The least; null when there are none.
    pub min: Option<i64>,
    /// The greatest; null when there are none.
    pub max: Option<i64>,
    /// Rows whose id an earlier row has too; null when it was not counted.
    pub duplicates: Option<u64>,
    /// The id of row 0; null when there are none.
    pub first: Option<i64>,
    /// The constant step of sequential ids (1) and strides; null for others.
    pub step: Option<i64>,
}

/// What an index takes in memory once FAISS has loaded it whole.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Memory {
    /// In all, in bytes.
    pub bytes: u64,
    /// The same divided by the number of vectors; null when there are none.
    #[serde(serialize_with = "maybe_number")]
    pub bytes_per_vector: Option<f64>,
    /// What it is made of, largest first.
    pub portions: Vec<Portion>,
}

/// A part of the memory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Portion {
    /// What it is.
    pub what: &'static str,
    /// Bytes in it.
    pub bytes: u64,
    /// Whether the number depends on the C++ library.
    pub estimate: bool,
}

/// How close what is kept comes to what was added.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Fidelity {
    /// The worst level of all rows.
    pub level: Level,
    /// Levels by runs of rows, from row 0 on; empty when `level` holds throughout.
    pub runs: Vec<Run>,
}

impl Default for Fidelity {
    /// Exact bytes throughout.
    fn default() -> Fidelity {
        Fidelity { level: Level::ExactBytes, runs: Vec::new() }
    }
}

/// Rows that follow each other and are equally good.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Run {
    /// The first row.
    pub first: u64,
    /// Number of rows.
    pub rows: u64,
    /// How good they are.
    pub level: Level,
    /// How they were had.
    pub strategy: String,
}

/// An attached file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Attachment {
    /// Its name.
    pub name: String,
    /// Its media type; empty where none was given.
    pub media_type: String,
    /// Its length in bytes.
    pub bytes: u64,
}

/// A warning or a remark.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remark {
    /// A short name that does not change.
    pub code: String,
    /// `warning` or `note`.
    pub level: &'static str,
    /// One sentence.
    pub text: String,
}
