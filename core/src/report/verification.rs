//! The JSON of `verify`.

use super::{Place, Stream};
use alloc::{string::String, vec::Vec};
use serde::Serialize;

/// What a verification found: the JSON of `faissil verify --json`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Verification {
    /// The file's name as it was given.
    pub file: String,
    /// `faiss`, `sealed`, `packed`, or `unreadable`.
    pub kind: &'static str,
    /// Whether nothing is wrong; null where there is nothing to verify against.
    pub ok: Option<bool>,
    /// Length of the file in bytes.
    pub bytes: u64,
    /// Chunks that were checked, of stream and attachments.
    pub chunks: u64,
    /// BLAKE3 of the manifest in hex; null for a plain FAISS file.
    pub snapshot_digest: Option<String>,
    /// The FAISS stream in it.
    pub stream: Stream,
    /// What is wrong, in the order in which it was found.
    pub damage: Vec<DamageReport>,
    /// What is not damage but has to be known.
    pub warnings: Vec<String>,
}

/// Something that is not as it was recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DamageReport {
    /// The bytes of the file.
    pub span: Place,
    /// What lies there: names from the outermost record, or a section.
    pub path: String,
    /// The ids whose vectors are touched.
    pub ids_lost: LostIds,
    /// How it shows.
    pub reason: String,
}

/// Ids that are lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LostIds {
    /// How many rows.
    pub count: u64,
    /// The ids of the first of them, as far as they can still be read.
    pub ids: Vec<i64>,
}
