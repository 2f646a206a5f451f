//! The report of a snapshot of bytes that are no index to this build: what the snapshot says of itself, and why there
//! is no more.

use super::make::{hex, remark};
use super::page::{fidelity, keepsakes, remarks, row, size_row};
use super::{Attachment, Container, Fault, Fidelity, Known, Object, Remark, Stream};
use crate::order::sort_by;
use alloc::{string::String, vec::Vec};
use serde::Serialize;

/// The JSON of `inspect` for a snapshot without an outline: fields of [`Inspection`](super::Inspection), with an index of null.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Opaque {
    /// As in [`Inspection`](super::Inspection), like all fields here.
    pub file: String,
    /// `sealed` or `packed`.
    pub kind: Container,
    /// Length of the file in bytes.
    pub size_bytes: u64,
    /// BLAKE3 of the manifest in hex.
    pub snapshot_digest: Option<String>,
    /// The bytes that are kept.
    pub stream: Stream,
    /// Always false: they are followed nowhere.
    pub complete: bool,
    /// Why there is no outline.
    pub fault: Fault,
    /// Always null.
    pub index: Option<()>,
    /// How close what is kept comes to what was added.
    pub fidelity: Fidelity,
    /// User's keys and values, sorted by key.
    pub metadata: Object<String>,
    /// Attached files.
    pub attachments: Vec<Attachment>,
    /// Warnings first, then remarks.
    pub notes: Vec<Remark>,
}

/// What there is to say about a snapshot of bytes that have no outline, for this reason.
pub fn opaque(known: Known, fault: Fault) -> Opaque {
    let (mut metadata, mut notes) = (known.metadata, known.notes);
    sort_by(&mut metadata, Ord::cmp);
    sort_by(&mut notes, |a, b| b.warning.cmp(&a.warning));
    Opaque {
        file: known.file,
        kind: known.kind,
        size_bytes: known.size_bytes,
        snapshot_digest: known.snapshot_digest.as_ref().map(hex),
        stream: Stream { len: known.stream_len, blake3: known.stream_digest.as_ref().map(hex) },
        complete: false,
        fault,
        index: None,
        fidelity: known.fidelity,
        metadata: Object(metadata),
        attachments: known.attachments,
        notes: notes.into_iter().map(remark).collect(),
    }
}

/// The page for it.
pub fn opaque_page(report: &Opaque) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_page(&mut out, report);
    out
}

fn write_page(out: &mut String, report: &Opaque) -> core::fmt::Result {
    use core::fmt::Write;
    let kind = match report.kind {
        Container::Packed => "packed",
        _ => "sealed",
    };
    writeln!(out, "{}: a {kind} snapshot of bytes that are kept as they are\n", report.file)?;
    row(out, "index", "no outline: this build does not follow these bytes")?;
    size_row(out, report.size_bytes, report.stream.len, "the bytes kept")?;
    for (name, digest) in [("blake3", &report.stream.blake3), ("snapshot", &report.snapshot_digest)] {
        if let Some(digest) = digest {
            row(out, name, digest)?;
        }
    }
    remarks(out, &report.notes)?;
    fidelity(out, &report.fidelity)?;
    keepsakes(out, &report.metadata, &report.attachments)
}
