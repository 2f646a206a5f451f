//! Every cap on numbers that a file claims, with its reason.
//!
//! Numbers in a file are claims. The promise: no input makes this crate panic, hang, recurse without
//! bound, or allocate more than a constant times the bytes that are present.

/// Indexes inside indexes. FAISS's own bound (`kMaxIndexNestingDepth`, `impl/index_read.cpp`, 1.15).
pub const MAX_DEPTH: usize = 50;

/// Records in one outline. An outline is kept whole, at some hundred bytes a record; real indexes
/// have a dozen, a product quantizer with many splits some hundreds.
pub const MAX_RECORDS: usize = 16_384;

/// Dimensions of an index: FAISS refuses more since 1.13.2 (`read_index_header`).
pub const MAX_DIMENSION: u64 = 1 << 20;

/// Bytes asked for at once while walking something long. Small enough for a browser's memory,
/// large enough that a request's latency does not matter.
pub const WALK_BYTES: u64 = 1 << 18;

/// Elements of a small array whose values are shown with the outline.
pub const MAX_SHOWN: u64 = 64;

/// Between two places from which a walk over inverted lists can start again. A list is found by
/// walking from the nearest one, so this bounds both the table and the walk.
pub const LISTS_PER_CHECKPOINT: u64 = 1024;

/// Decoded bytes of one coded chunk: what a thread that decodes needs beyond the bytes it was given.
pub const MAX_CHUNK: u64 = 4 << 20;
