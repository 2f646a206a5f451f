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

/// Header bytes asked for at once, at first. A header is some hundred bytes, so one request mostly
/// brings the next few of them.
pub const HEADER_BYTES: u64 = 1 << 10;

/// Requests for header bytes after which each asks for twice as many, up to [`WALK_BYTES`]: a file of
/// very many small records must not cost a restart of the grammar each.
pub const HEADER_STOPS_PER_DOUBLING: u32 = 16;

/// Bytes of `hnsw.levels` that are read to count the nodes of each level, and of the map of a
/// `RemapDimensionsTransform` to see whether it pads; longer ones are left out.
pub const LEVELS_BYTES: u64 = 4 << 20;

/// Splits or codebooks of an additive quantizer: FAISS's largest have some hundred.
pub const MAX_CODEBOOKS: u64 = 1 << 16;

/// Inverted lists of an index: as many as `IMI2x14` has, of which FAISS itself would hold the sizes in 2 GiB. Where
/// only lists that are not empty are stored, a file of some hundred bytes can claim any number.
pub const MAX_LISTS: u64 = 1 << 28;

/// Length of the name of a side file, as the longest path of the systems FAISS runs on.
pub const MAX_FILENAME: u64 = 4096;

/// Bytes of a snapshot's manifest: with the trailer it fits the 64 KiB that a summary may cost.
pub const MAX_MANIFEST: u64 = 60 << 10;

/// Bytes read from the end of a snapshot in one go: the longest manifest and the trailer.
pub const TAIL_BYTES: u64 = (60 << 10) + 64;

/// Bytes of a snapshot's signature area: two dozen signatures with their certificates.
pub const MAX_SIGNATURES: u64 = 64 << 10;

/// Bytes of a section body that stands in the manifest, so that all nine kinds fit there together.
pub const MAX_INLINE: u64 = 4 << 10;

/// Bytes of a section body that is read into memory: the records of the largest outline
/// ([`MAX_RECORDS`]), or the starts of a hundred million inverted lists, take a fraction of it.
pub const MAX_BODY: u64 = 8 << 20;

/// Bytes of one page of a table.
pub const MAX_PAGE: u64 = 32 << 10;

/// Bytes of an inner page of the id lookup with the leaf pages below it, where they are asked for together: 15 leaf pages, so that a
/// root page leads to the 17 million ids of 15 x 585 of them with one request.
pub const MAX_GROUP: u64 = 16 * MAX_PAGE;

/// Storeys of pages above the leaves. A page points to more than 500, so five reach past 10^13 pages.
pub const MAX_PAGE_HEIGHT: u8 = 5;

/// Exponents of the size of a sealed chunk: 16 KiB to 16 MiB.
pub const SEALED_LOG2: core::ops::RangeInclusive<u8> = 14..=24;

/// Sealed chunks in a table before the chunk size is doubled: 2 MiB of values.
pub const SEALED_CHUNKS: u64 = 1 << 16;

/// Bytes of codebooks that are held to decode vectors: as many as a product quantizer of 16 bits over 1024 dimensions has.
pub const MAX_TABLES: u64 = 256 << 20;

/// Dimensions of a random rotation that is made again from its seed: that takes their third power of operations, for
/// so many some seconds.
pub const MAX_ROTATION: u64 = 2048;
