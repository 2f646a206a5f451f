//! Snapshots: the file format of Faissil, version 1, as `docs/snapshot-format.md` has it.
//!
//! A snapshot holds a FAISS stream, verbatim from byte 0 (sealed) or in coded chunks (packed), and behind
//! it everything that is known about it, each byte under a BLAKE3 digest. It is found from its end: [`Open`]
//! reads trailer and manifest in one request and gives a [`Snapshot`]. Tables of any length are trees of
//! pages, walked with bounded memory; chunks are checked by pure functions, one a thread.
//!
//! | to | start at |
//! |---|---|
//! | open | [`Open`], then [`Snapshot::body`] for metadata, ids, attachments, outline |
//! | check everything | [`Check`], and [`ChunkEntry::check`] for each chunk that it names |
//! | get bytes back | [`Snapshot::walk_chunks`], [`Snapshot::walk_attachment`]; some of them: [`Snapshot::find_chunk`] |
//! | write | [`Writer`] |
//! | see why there is no trailer | [`FindTrailer`], [`FindMark`] |
//!
//! This module knows what an outline is, and nothing of FAISS's grammar: whether the recorded outline, ids and version are
//! true of the stream is for the caller to derive again and compare.

mod check;
mod chunk;
mod digest;
#[cfg(test)]
mod faults;
mod lookup;
mod manifest;
mod open;
mod page;
mod remains;
mod rules;
mod section;
mod trailer;
mod tree;
mod walk;
pub mod wire;
mod write;

pub use check::{Check, CheckAll, Damage, Found};
pub use chunk::{
    ChunkEntry, ChunkKind, CodedChunk, Owner, SealedHash, SealedHasher, StreamDigest, hash_sealed, sealed_chunks,
    sealed_log2, sealed_span,
};
pub use digest::{Digest, NotADigest};
pub use lookup::{FindChunk, FindId, FindSize, IdsWalk};
pub use manifest::{CONTENTS, CRITICAL, Content, Place, REFERENCE, SECTIONS, Section};
pub use open::{BodyReading, Open, SectionBody, Snapshot};
pub use page::{Child, CodedEntry, IdEntry, PageHead, SizeEntry, Table, ValueEntry};
pub use remains::{FindTrailer, Remains};
pub use rules::attachment_name_fault;
pub use section::{
    Attachment, Attachments, Chunks, Entry, Fidelity, Ids, Layout, Metadata, Producer, Recipe, Run, Stream, Tree,
    id_kind, tag,
};
pub use trailer::{FindMark, HEAD_LEN, Head, MAGIC, MARK_LEN, MARK_MAGIC, Mark, TRAILER_LEN, Trailer, VERSION};
pub use tree::{
    ArrayPlace, Classes, ListsSummary, OutlineReading, SUMMARY_ARRAYS, SizesWalk, TreeBody, UNKNOWN_CLASS,
    decode_outline, encode_outline, lists_of,
};
pub use walk::ChunkWalk;
pub use write::{Finished, Parts, Writer};

use alloc::vec::Vec;

/// Every structure of the format with its fields, as `docs/snapshot-format.md` has them.
pub fn field_tables() -> Vec<(&'static str, Vec<wire::FieldRow>)> {
    alloc::vec![
        ("Trailer", Trailer::fields()),
        ("Head", Head::fields()),
        ("Mark", Mark::fields()),
        ("Place", Place::fields()),
        ("Tree", Tree::fields()),
        ("PageHead", PageHead::fields()),
        ("Child", Child::fields()),
        ("ValueEntry", ValueEntry::fields()),
        ("CodedEntry", CodedEntry::fields()),
        ("SizeEntry", SizeEntry::fields()),
        ("IdEntry", IdEntry::fields()),
        ("Stream", Stream::fields()),
        ("Chunks", Chunks::fields()),
        ("Attachments", Attachments::fields()),
        ("Attachment", Attachment::fields()),
        ("Metadata", Metadata::fields()),
        ("Entry", Entry::fields()),
        ("Producer", Producer::fields()),
        ("Ids", Ids::fields()),
        ("TreeBody", TreeBody::fields()),
        ("ListsSummary", ListsSummary::fields()),
        ("ArrayPlace", ArrayPlace::fields()),
        ("Fidelity", Fidelity::fields()),
        ("Run", Run::fields()),
        ("Recipe", Recipe::fields()),
    ]
}
