//! Writing a snapshot: bytes to append, in order, from chunks as they are made.
//!
//! A [`Writer`] does no I/O and holds a page a storey of what it writes. Everything is pushed in order;
//! whatever it has for the file is fetched with [`Writer::take`] and belongs behind what was fetched before. A
//! sealed stream's bytes are the host's own affair: the writer starts behind them.
//!
//! One table is written at a time: the stream's chunks, an attachment's, the id lookup, the sizes of one record's
//! inverted lists. Nothing but what is pushed goes in, so equal input gives equal bytes.
//!
//! Root pages that lead to a vector by its id stand last before the manifest, so that one read of the file's
//! end brings them along; what that comes to in requests is in `docs/snapshot-format.md`.

mod finish;
pub(super) mod pages;

use super::chunk::{CodedChunk, SealedHash, StreamDigest, sealed_chunks, sealed_log2};
use super::digest::Digest;
use super::page::{Appended, CodedEntry, IdEntry, SizeEntry, Table, ValueEntry};
use super::rules::attachment_name_fault;
use super::section::{Attachment, Entry, Fidelity, Ids, Layout, Producer, Recipe, Tree};
use super::trailer::{Head, Mark};
use super::tree::TreeBody;
use crate::error::Error;
use crate::text::escaped;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};
use pages::{Root, TreeWriter};

/// Writes one snapshot.
#[derive(Debug)]
pub struct Writer {
    layout: Layout,
    stream_len: u64,
    chunk_log2: u8,
    out: Appended,
    open: Part,
    /// The stream's digest and table, once its last chunk is in; the root page is not written yet.
    stream: Option<(Digest, Root)>,
    attachments: Vec<Attachment>,
    lookup: Option<Root>,
    sizes: BTreeMap<usize, SizesRoot>,
}

/// The root of list sizes. A leaf page is written at once: reading it costs no more than a leaf below a root at the
/// file's end, and an index can have very many.
#[derive(Debug)]
enum SizesRoot {
    Written(Tree),
    Held(Root),
}

/// The table that is being written.
#[derive(Debug)]
enum Part {
    None,
    Sealed { pages: TreeWriter, merged: StreamDigest, last: Option<SealedHash> },
    Packed { pages: TreeWriter, len: u64 },
    Attachment { pages: TreeWriter, len: u64, name: String, media_type: String },
    Ids { pages: TreeWriter, last: Option<IdEntry> },
    Sizes { pages: TreeWriter, number: usize, next: u64 },
}

/// What a snapshot says beside its chunks and tables.
#[derive(Debug, Clone, Default)]
pub struct Parts {
    /// Lowest FAISS version that reads the stream: major, minor, patch; zeros where it is not known.
    pub faiss_min: (u16, u16, u16),
    /// The user's entries, in any order; of two with one key the last counts.
    pub metadata: Vec<Entry>,
    /// Name and version of the writer.
    pub producer: Option<Producer>,
    /// The ids; `lookup` is filled in by the writer.
    pub ids: Option<Ids>,
    /// The outline; `sizes` and `records_at` are filled in by the writer.
    pub tree: Option<TreeBody>,
    /// How good the rows are, unless all bytes are exact.
    pub fidelity: Option<Fidelity>,
    /// What a stand-in stream stands for.
    pub recipe: Option<Recipe>,
}

/// The end of a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finished {
    /// What belongs behind all that was taken before: last blocks and manifest.
    pub bytes: Vec<u8>,
    /// The last 64 bytes of the file, to be written when all before them is safe.
    pub trailer: Vec<u8>,
    /// The snapshot digest.
    pub digest: Digest,
    /// The stream digest.
    pub stream_digest: Digest,
    /// Length of the whole file in bytes.
    pub file_len: u64,
}

impl Writer {
    /// A sealed snapshot of a stream of `stream_len` bytes, with chunks of 2^`chunk_log2` bytes (20 unless given; raised
    /// for long streams, see [`sealed_log2`]). The first bytes that are taken belong at byte `stream_len` of the file.
    ///
    /// # Errors
    /// An empty stream, or an exponent that is not 14 to 24.
    pub fn sealed(stream_len: u64, chunk_log2: Option<u8>) -> Result<Writer, Error> {
        let log2 = sealed_log2(stream_len, chunk_log2)?;
        let mut out = Appended::at(stream_len);
        out.push(&Mark::after(stream_len).to_bytes());
        let pages = TreeWriter::new(Table::Values);
        let part = Part::Sealed { pages, merged: StreamDigest::new(), last: None };
        Writer::new(Layout::Sealed, stream_len, log2, out, part)
    }

    /// A packed snapshot of a stream of `stream_len` bytes. The first bytes that are taken belong at byte 0 of the file.
    ///
    /// # Errors
    /// An empty stream.
    pub fn packed(stream_len: u64) -> Result<Writer, Error> {
        let mut out = Appended::at(0);
        out.push(&Head::VALUE.to_bytes());
        let part = Part::Packed { pages: TreeWriter::new(Table::Coded), len: 0 };
        Writer::new(Layout::Packed, stream_len, 0, out, part)
    }

    fn new(layout: Layout, stream_len: u64, chunk_log2: u8, out: Appended, open: Part) -> Result<Writer, Error> {
        if stream_len == 0 {
            return Err(Error::invalid(0, "length of the stream is not 0", 0).inside("stream"));
        }
        Ok(Writer {
            layout,
            stream_len,
            chunk_log2,
            out,
            open,
            stream: None,
            attachments: Vec::new(),
            lookup: None,
            sizes: BTreeMap::new(),
        })
    }

    /// Exponent of the size of sealed chunks; 0 for a packed snapshot.
    pub fn chunk_log2(&self) -> u8 {
        self.chunk_log2
    }

    /// Number of chunks that a sealed stream has.
    pub fn sealed_chunks(&self) -> u64 {
        sealed_chunks(self.stream_len, self.chunk_log2)
    }

    /// What is to be appended to the file now. To be called often: it is all that grows.
    pub fn take(&mut self) -> Vec<u8> {
        core::mem::take(&mut self.out.bytes)
    }

    /// Place in the file of the next byte that will be appended.
    pub fn position(&self) -> u64 {
        self.out.end
    }

    /// The next chunk of a sealed stream, hashed by [`hash_sealed`](super::hash_sealed).
    ///
    /// # Errors
    /// The writer is not at the chunks of a sealed stream.
    pub fn push_sealed(&mut self, hash: SealedHash) -> Result<(), Error> {
        let Part::Sealed { pages, merged, last } = &mut self.open else {
            return Err(self.out_of_turn("a chunk of a sealed stream"));
        };
        pages.push(merged.count(), &ValueEntry { value: hash.value }.to_bytes(), &mut self.out);
        merged.push(hash.value);
        *last = Some(hash);
        Ok(())
    }

    /// All chunks of a sealed stream are in. Gives the stream digest.
    ///
    /// # Errors
    /// There were more or fewer than the stream has.
    pub fn end_sealed(&mut self) -> Result<Digest, Error> {
        let expected = self.sealed_chunks();
        match core::mem::replace(&mut self.open, Part::None) {
            Part::Sealed { pages, merged, last } => {
                if merged.count() != expected {
                    let rule = "chunks of the sealed stream";
                    return Err(Error::inconsistent(self.out.end, rule, expected, merged.count()));
                }
                let single = last.map(|hash| hash.root);
                let digest = if expected == 1 { single } else { merged.finish() };
                let table = pages.finish_below(&mut self.out)?;
                self.end_stream(digest, table)
            }
            other => {
                self.open = other;
                Err(self.out_of_turn("the end of a sealed stream"))
            }
        }
    }

    fn end_stream(&mut self, digest: Option<Digest>, table: Option<Root>) -> Result<Digest, Error> {
        let (Some(digest), Some(table)) = (digest, table) else {
            return Err(Error::invalid(self.out.end, "a stream has chunks", 0));
        };
        self.stream = Some((digest, table));
        Ok(digest)
    }

    /// The next chunk of a packed stream, or of the attachment that is open.
    ///
    /// # Errors
    /// The writer is at neither.
    pub fn push_chunk(&mut self, chunk: &CodedChunk<'_>) -> Result<(), Error> {
        let (Part::Packed { pages, len } | Part::Attachment { pages, len, .. }) = &mut self.open else {
            return Err(self.out_of_turn("a coded chunk"));
        };
        let used = chunk.coding.parameters();
        let mut parameters = [0; 16];
        parameters.iter_mut().zip(&used).for_each(|(to, from)| *to = *from);
        pages.make_room(&mut self.out);
        let stored = self.out.push(&chunk.stored);
        let entry = CodedEntry {
            decoded_start: *len,
            decoded_len: chunk.decoded_len,
            stored_start: stored.start,
            stored_len: stored.len,
            codec: chunk.coding.number(),
            parameters_len: u32::try_from(used.len()).unwrap_or(u32::MAX),
            parameters,
            stored_digest: chunk.stored_digest,
            decoded_digest: chunk.decoded_digest,
        };
        pages.push(*len, &entry.to_bytes(), &mut self.out);
        *len = len.saturating_add(chunk.decoded_len);
        Ok(())
    }

    /// All chunks of a packed stream are in, and this is the BLAKE3 of the stream.
    ///
    /// # Errors
    /// They do not add up to the stream.
    pub fn end_packed(&mut self, digest: Digest) -> Result<(), Error> {
        match core::mem::replace(&mut self.open, Part::None) {
            Part::Packed { pages, len } => {
                if len != self.stream_len {
                    let rule = "bytes of all chunks = length of the stream";
                    return Err(Error::inconsistent(self.out.end, rule, self.stream_len, len));
                }
                let table = pages.finish_below(&mut self.out)?;
                self.end_stream(Some(digest), table).map(|_| ())
            }
            other => {
                self.open = other;
                Err(self.out_of_turn("the end of a packed stream"))
            }
        }
    }

    /// Begin an attachment; its chunks follow.
    ///
    /// # Errors
    /// A name that is not a bare file name or that is taken, or another table is open.
    pub fn begin_attachment(&mut self, name: &str, media_type: &str) -> Result<(), Error> {
        self.idle("an attachment")?;
        if let Some(rule) = attachment_name_fault(name) {
            return Err(Error::invalid(self.out.end, rule, format!("`{}`", escaped(name))).inside("attachment"));
        }
        if self.attachments.iter().any(|attachment| attachment.name == name) {
            return Err(
                Error::invalid(self.out.end, "names are unique", format!("`{name}` twice")).inside("attachment")
            );
        }
        let pages = TreeWriter::new(Table::Coded);
        self.open = Part::Attachment { pages, len: 0, name: name.into(), media_type: media_type.into() };
        Ok(())
    }

    /// The attachment is complete, and this is the BLAKE3 of its bytes.
    ///
    /// # Errors
    /// None is open.
    pub fn end_attachment(&mut self, digest: Digest) -> Result<(), Error> {
        match core::mem::replace(&mut self.open, Part::None) {
            Part::Attachment { pages, len, name, media_type } => {
                let table = pages.finish(&mut self.out)?;
                self.attachments.push(Attachment { name, media_type, length: len, digest, table });
                Ok(())
            }
            other => {
                self.open = other;
                Err(self.out_of_turn("the end of an attachment"))
            }
        }
    }

    /// Begin the id lookup; all ids follow, ascending by id and then by row. How many is a hint: pages are grouped by it, so that
    /// one request brings what leads to an id.
    ///
    /// # Errors
    /// There is one, or another table is open.
    pub fn begin_ids(&mut self, count: u64) -> Result<(), Error> {
        self.idle("the id lookup")?;
        if self.lookup.is_some() {
            return Err(self.out_of_turn("a second id lookup"));
        }
        self.open = Part::Ids { pages: TreeWriter::in_groups(Table::Ids, count), last: None };
        Ok(())
    }

    /// The next id and its row.
    ///
    /// # Errors
    /// It does not follow the one before.
    pub fn push_id(&mut self, id: i64, row: u64) -> Result<(), Error> {
        let Part::Ids { pages, last } = &mut self.open else {
            return Err(self.out_of_turn("an id"));
        };
        if last.is_some_and(|last| (last.id, last.row) >= (id, row)) {
            return Err(
                Error::invalid(self.out.end, "ids ascend, then rows", format!("{id} in row {row}")).inside("ids")
            );
        }
        let entry = IdEntry { id, row };
        pages.push(id.cast_unsigned(), &entry.to_bytes(), &mut self.out);
        *last = Some(entry);
        Ok(())
    }

    /// All ids are in.
    ///
    /// # Errors
    /// The id lookup is not open.
    pub fn end_ids(&mut self) -> Result<(), Error> {
        match core::mem::replace(&mut self.open, Part::None) {
            Part::Ids { pages, .. } => {
                self.lookup = pages.finish_below(&mut self.out)?;
                Ok(())
            }
            other => {
                self.open = other;
                Err(self.out_of_turn("the end of the id lookup"))
            }
        }
    }

    /// Begin the sizes of the inverted lists of entry `number` of [`TreeBody::lists`]; all sizes follow, list 0 first.
    ///
    /// # Errors
    /// They are there already, or another table is open.
    pub fn begin_sizes(&mut self, number: usize) -> Result<(), Error> {
        self.idle("the sizes of lists")?;
        if self.sizes.contains_key(&number) {
            return Err(self.out_of_turn("sizes of the same lists twice"));
        }
        let pages = TreeWriter::of_sizes(self.layout == Layout::Packed);
        self.open = Part::Sizes { pages, number, next: 0 };
        Ok(())
    }

    /// The size of the next list.
    ///
    /// # Errors
    /// No sizes are being written.
    pub fn push_size(&mut self, size: u64) -> Result<(), Error> {
        let Part::Sizes { pages, next, .. } = &mut self.open else {
            return Err(self.out_of_turn("the size of a list"));
        };
        pages.push(*next, &SizeEntry { size }.to_bytes(), &mut self.out);
        *next = next.saturating_add(1);
        Ok(())
    }

    /// All sizes of these lists are in.
    ///
    /// # Errors
    /// No sizes are being written.
    pub fn end_sizes(&mut self) -> Result<(), Error> {
        match core::mem::replace(&mut self.open, Part::None) {
            Part::Sizes { pages, number, .. } => {
                if let Some(root) = pages.finish_below(&mut self.out)? {
                    let root = match root.height {
                        0 => SizesRoot::Written(root.place(&mut self.out)),
                        _ => SizesRoot::Held(root),
                    };
                    self.sizes.insert(number, root);
                }
                Ok(())
            }
            other => {
                self.open = other;
                Err(self.out_of_turn("the end of list sizes"))
            }
        }
    }

    fn idle(&self, next: &'static str) -> Result<(), Error> {
        match self.open {
            Part::None => Ok(()),
            _ => Err(self.out_of_turn(next)),
        }
    }

    fn out_of_turn(&self, found: &str) -> Error {
        let open = match self.open {
            Part::None => "tables begin, and the snapshot ends, when no table is open",
            Part::Sealed { .. } => "chunks of the sealed stream come next",
            Part::Packed { .. } => "chunks of the packed stream come next",
            Part::Attachment { .. } => "chunks of the attachment come next",
            Part::Ids { .. } => "ids come next",
            Part::Sizes { .. } => "sizes of lists come next",
        };
        Error::invalid(self.out.end, open, found)
    }
}
