//! The bodies of the sections, field by field.
//!
//! A field is only ever added at the end of a top-level body, with a default; entries of lists never
//! change. Enumerations are integers with their constants beside them.

use super::digest::Digest;
use super::manifest::Place;
use super::wire::record;
use alloc::{string::String, vec::Vec};

/// Tags of the sections.
pub mod tag {
    use crate::outline::Fourcc;

    /// Attachments.
    pub const ATCH: Fourcc = Fourcc(*b"ATCH");
    /// Chunk table of the stream.
    pub const CHNK: Fourcc = Fourcc(*b"CHNK");
    /// Fidelity.
    pub const FIDE: Fourcc = Fourcc(*b"FIDE");
    /// Ids.
    pub const IDMP: Fourcc = Fourcc(*b"IDMP");
    /// Metadata.
    pub const META: Fourcc = Fourcc(*b"META");
    /// Writer.
    pub const PROD: Fourcc = Fourcc(*b"PROD");
    /// Recipe.
    pub const RCPE: Fourcc = Fourcc(*b"RCPE");
    /// Stream.
    pub const STRM: Fourcc = Fourcc(*b"STRM");
    /// Outline.
    pub const TREE: Fourcc = Fourcc(*b"TREE");
}

/// How a snapshot holds its stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Layout {
    /// Verbatim, from byte 0.
    Sealed,
    /// In coded chunks.
    Packed,
}

impl Layout {
    /// The number in `STRM.layout`.
    pub const fn number(self) -> u8 {
        match self {
            Layout::Sealed => 1,
            Layout::Packed => 2,
        }
    }

    /// The layout of this number.
    pub const fn from_number(number: u8) -> Option<Layout> {
        match number {
            1 => Some(Layout::Sealed),
            2 => Some(Layout::Packed),
            _ => None,
        }
    }

    /// `sealed` or `packed`.
    pub const fn name(self) -> &'static str {
        match self {
            Layout::Sealed => "sealed",
            Layout::Packed => "packed",
        }
    }
}

record! {
    /// The root of a tree of pages.
    Tree {
        /// Entries in all leaf pages together, at least 1.
        count: u64,
        /// Storeys above the leaf pages: 0 when the root is a leaf page; at most 5.
        height: u8,
        /// First byte of the root page.
        start: u64,
        /// Length of the root page.
        len: u64,
        /// BLAKE3 of the root page.
        digest: Digest,
    }
}

impl Tree {
    /// The root page.
    pub fn root(&self) -> Place {
        Place { start: self.start, len: self.len, digest: self.digest }
    }
}

record! {
    /// `STRM`: the stream.
    Stream {
        /// 1 sealed, 2 packed.
        layout: u8,
        /// Length of the stream in bytes, at least 1.
        length: u64,
        /// BLAKE3 of the stream, what `b3sum` prints.
        digest: Digest,
        /// Lowest FAISS version that reads the stream, as recorded: major; 0.0.0 where it is not known.
        faiss_major: u16,
        /// Its minor version.
        faiss_minor: u16,
        /// Its patch version.
        faiss_patch: u16,
    }
}

record! {
    /// `CHNK`: the chunks of the stream.
    Chunks {
        /// Sealed: a chunk is 2 to the power of this many bytes, 14 to 24; packed: 0.
        chunk_log2: u8,
        /// The chunk table: pages of kind 1 (sealed) or 2 (packed), one entry a chunk.
        table: Tree,
    }
}

record! {
    /// An entry of `ATCH`: one attachment.
    Attachment {
        /// Name, unique within the snapshot: not empty, no `/`, `\`, NUL or control character, neither `.` nor `..`, at most 255 bytes.
        name: String,
        /// Media type, such as `application/json`; may be empty.
        media_type: String,
        /// Length in bytes.
        length: u64,
        /// BLAKE3 of the bytes.
        digest: Digest,
        /// Chunk table, pages of kind 2; absent when the length is 0.
        table: Option<Tree>,
    }
}

record! {
    /// `ATCH`: files that belong with the index.
    Attachments {
        /// The attachments, in the order in which they were added.
        attachments: Vec<Attachment>,
    }
}

record! {
    /// An entry of `META`.
    Entry {
        /// Key, unique, not empty.
        key: String,
        /// Value.
        value: String,
    }
}

record! {
    /// `META`: what the user wanted to note.
    Metadata {
        /// The entries, ascending by the bytes of the key.
        entries: Vec<Entry>,
    }
}

record! {
    /// `PROD`: who wrote the snapshot.
    Producer {
        /// Name of the program.
        name: String,
        /// Its version.
        version: String,
    }
}

record! {
    /// `IDMP`: the ids, as recorded.
    Ids {
        /// Number of ids.
        count: u64,
        /// 0 none, 1 sequential (`start`, `start + 1`, ...), 2 stride (`start + row * stride`), 3 sorted (not descending), 4 arbitrary.
        kind: u8,
        /// Smallest id; 0 when there is none.
        min: i64,
        /// Largest id; 0 when there is none.
        max: i64,
        /// Kinds 1 and 2: id of row 0; else 0.
        start: i64,
        /// Kinds 1 and 2: from one id to the next; else 0.
        stride: i64,
        /// Rows whose id stands in an earlier row too; absent where they were not counted.
        duplicates: Option<u64>,
        /// Id lookup: pages of kind 4, one entry an id.
        lookup: Option<Tree> = None,
    }
}

/// The numbers in `IDMP.kind`.
pub mod id_kind {
    /// No ids are stored, or there are no rows.
    pub const NONE: u8 = 0;
    /// Each id is one more than the one before.
    pub const SEQUENTIAL: u8 = 1;
    /// Each id differs from the one before by the same number.
    pub const STRIDE: u8 = 2;
    /// No id is smaller than the one before.
    pub const SORTED: u8 = 3;
    /// Anything else.
    pub const ARBITRARY: u8 = 4;
}

record! {
    /// An entry of `FIDE`: rows that follow each other.
    Run {
        /// Number of rows.
        rows: u64,
        /// 0 exact bytes, 1 exact vectors, 2 decoded vectors, 3 partial, 4 placeholder.
        level: u8,
        /// Number of the strategy in `strategies`.
        strategy: u16,
    }
}

record! {
    /// `FIDE`: how good the rows are. Not golden yet: the body may change.
    Fidelity {
        /// Names of strategies.
        strategies: Vec<String>,
        /// Runs from row 0 on.
        runs: Vec<Run>,
    }
}

record! {
    /// `RCPE`: what a stand-in stream stands for. Not golden yet: the body may change.
    Recipe {
        /// Description of the index that the stream stands for, as a FAISS factory string where there is one.
        description: String,
        /// Where the rows were had from.
        origin: String,
        /// Parameters, ascending by key.
        params: Vec<Entry>,
    }
}
