//! Appending what a snapshot writer has to say to a file.

use crate::{
    Cause,
    drive::{Onlooker, drive_on},
    hashing::{ChunkValues, hash_piece},
    parallel::{PIECE, Progress, in_order, most_of, sweep},
    sorting::Sorter,
    store::Store,
    summing::Summing,
};
use faissil_core::{
    Span,
    codec::{Holds, Level},
    cut::Cuts,
    files::Files,
    ids::{IdPlace, IdStream},
    lists::{EachSize, Lists},
    outline::Outline,
    snapshot::{CodedChunk, Digest, Finished, MARK_LEN, Parts, SealedHash, Writer, lists_of},
};
use std::{fs, os::unix::fs::FileExt};

/// Pieces of a packed stream that are cut before any of them is coded.
const CUTS: usize = 256;

/// What became of an array, or of other bytes with one name, in a packed snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackedPart {
    /// What it is called: `quantizer.codes`.
    pub path: String,
    /// Names of the codecs of its chunks, each once, in the order in which they come.
    pub codecs: Vec<&'static str>,
    /// Bytes in the stream.
    pub len: u64,
    /// Bytes that they are stored in.
    pub stored_len: u64,
}

/// Count a chunk in.
fn count_in(parts: &mut Vec<PackedPart>, path: &str, chunk: &CodedChunk<'_>) {
    // Lists are cut into groups and runs; together they are one thing.
    let path = match path.find(" of list") {
        Some(at) => &path[..at],
        None => path,
    };
    let at = parts.iter().position(|part| part.path == path).unwrap_or_else(|| {
        parts.push(PackedPart { path: path.into(), codecs: Vec::new(), len: 0, stored_len: 0 });
        parts.len() - 1
    });
    let part = &mut parts[at];
    part.len += chunk.decoded_len;
    part.stored_len += chunk.stored.len() as u64;
    if !part.codecs.contains(&chunk.coding.name()) {
        part.codecs.push(chunk.coding.name());
    }
}

/// A snapshot writer and the file behind it.
pub struct Append<'a> {
    writer: Writer,
    file: &'a fs::File,
}

impl<'a> Append<'a> {
    /// Write what `writer` says to `file`, each byte at the place that the writer has for it.
    pub fn new(writer: Writer, file: &'a fs::File) -> Append<'a> {
        Append { writer, file }
    }

    /// Write what the writer has to say so far.
    fn flush(&mut self) -> Result<(), Cause> {
        let bytes = self.writer.take();
        Ok(self.file.write_all_at(&bytes, self.writer.position() - bytes.len() as u64)?)
    }

    /// Go through a stream that is sealed here: hash it on all cores, and write it to the file from byte 0 on
    /// when `copy` says so. `ids` looks on. Where it is not copied, it stands in the file already: `before` is asked
    /// before anything is written behind it, and the mark is on the disk before anything follows it. Gives the stream
    /// digest.
    ///
    /// # Errors
    /// Of reading, writing or looking on.
    pub fn sealed(
        &mut self,
        stream: &(impl Store + ?Sized),
        copy: bool,
        mut ids: Option<&mut Onlooker<Summing<'_>>>,
        before: &dyn Fn() -> Result<(), Cause>,
        progress: Progress<'_>,
    ) -> Result<Digest, Cause> {
        let (log2, len, file) = (self.writer.chunk_log2(), stream.len(), self.file);
        let mut values = ChunkValues::new(log2);
        let work = |span: Span, bytes: &[u8]| Ok(hash_piece(span, bytes, log2));
        sweep(
            stream,
            Span::new(0, len),
            |_| true,
            work,
            |span, bytes, hashes| {
                // One thread writes, in order: a file takes one writer at a time, and others would only spin.
                if copy {
                    file.write_all_at(bytes, span.start)?;
                }
                for hash in values.push(hashes) {
                    self.writer.push_sealed(hash)?;
                }
                if let Some(ids) = &mut ids {
                    ids.pass(span.start, bytes, stream)?;
                }
                progress(span.end(), len);
                Ok(())
            },
        )?;
        if let Some(hash) = values.finish() {
            self.writer.push_sealed(hash)?;
        }
        let digest = self.writer.end_sealed()?;
        before()?;
        if copy {
            self.flush()?;
            return Ok(digest);
        }
        // A crash may keep the file's new length and lose the bytes. With the mark on the disk first, whatever is lost
        // behind it is known for what it is.
        let bytes = self.writer.take();
        let (mark, rest) = bytes.split_at(bytes.len().min(MARK_LEN as usize));
        file.write_all_at(mark, len)?;
        file.sync_all()?;
        file.write_all_at(rest, len + mark.len() as u64)?;
        Ok(digest)
    }

    /// A sealed stream that stands in the file already: the values of its pieces of [`PIECE`] bytes, in order. Gives the
    /// stream digest.
    ///
    /// # Errors
    /// When they are not the pieces of a stream of that length, or the file cannot be written.
    pub fn hashed(&mut self, pieces: &[SealedHash]) -> Result<Digest, Cause> {
        let mut values = ChunkValues::new(self.writer.chunk_log2());
        for piece in pieces {
            for hash in values.push(vec![*piece]) {
                self.writer.push_sealed(hash)?;
            }
        }
        if let Some(hash) = values.finish() {
            self.writer.push_sealed(hash)?;
        }
        let digest = self.writer.end_sealed()?;
        self.flush()?;
        Ok(digest)
    }

    /// Go through a stream that is packed here: cut it at its own seams, code and hash the pieces on all
    /// cores. `ids` looks on, `parts` gets what became of each array. Gives the stream digest.
    ///
    /// # Errors
    /// Of reading, writing or looking on.
    pub fn packed(
        &mut self,
        stream: &(impl Store + ?Sized),
        outline: Option<&Outline>,
        level: Level,
        parts: &mut Vec<PackedPart>,
        mut ids: Option<&mut Onlooker<Summing<'_>>>,
        progress: Progress<'_>,
    ) -> Result<Digest, Cause> {
        let mut cuts = outline.map_or_else(|| Cuts::opaque(stream.len()), Cuts::new);
        let mut whole = blake3::Hasher::new();
        loop {
            let mut batch = Vec::new();
            while batch.len() < CUTS
                && let Some(cut) = drive_on(&mut cuts, stream)?
            {
                batch.push(cut);
            }
            let Some(largest) = batch.iter().map(|cut| cut.span.len).max() else { break };
            let work = |number: u64| {
                let cut = &batch[number as usize];
                let bytes = stream.read(cut.span)?;
                let chunk = owned(CodedChunk::pack(level, &cut.holds, &bytes)?);
                Ok((bytes, chunk))
            };
            in_order(batch.len() as u64, most_of(2 * largest), work, |number, (bytes, chunk)| {
                let cut = &batch[number as usize];
                let span = cut.span;
                whole.update(&bytes);
                self.writer.push_chunk(&chunk)?;
                count_in(parts, &cut.path, &chunk);
                if let Some(ids) = &mut ids {
                    ids.pass(span.start, &bytes, stream)?;
                }
                progress(span.end(), stream.len());
                self.flush()
            })?;
        }
        let digest = whole.finalize().into();
        self.writer.end_packed(digest)?;
        self.flush()?;
        Ok(digest)
    }

    /// Add an attachment.
    ///
    /// # Errors
    /// A bad name, or when it cannot be read or written.
    pub fn attachment(&mut self, name: &str, media_type: &str, store: &(impl Store + ?Sized)) -> Result<(), Cause> {
        self.writer.begin_attachment(name, media_type)?;
        let mut whole = blake3::Hasher::new();
        let piece = |number: u64| Span::between(number * PIECE, store.len().min((number + 1) * PIECE));
        let work = |number: u64| {
            let bytes = store.read(piece(number))?;
            let chunk = owned(CodedChunk::pack(Level::Balanced, &Holds::Anything, &bytes)?);
            Ok((bytes, chunk))
        };
        in_order(store.len().div_ceil(PIECE), most_of(2 * PIECE), work, |_, (bytes, chunk)| {
            whole.update(&bytes);
            self.writer.push_chunk(&chunk)?;
            self.flush()
        })?;
        self.writer.end_attachment(whole.finalize().into())?;
        self.flush()
    }

    /// Add the sizes of all inverted lists, unless they take more than the stream.
    ///
    /// # Errors
    /// When the lists cannot be walked.
    pub fn list_sizes(&mut self, outline: &Outline, stream: &(impl Store + ?Sized)) -> Result<(), Cause> {
        for (number, (_, lists)) in lists_of(outline).into_iter().enumerate() {
            // A few bytes can claim any number of empty lists.
            if lists.nlist.saturating_mul(8) > stream.len() {
                continue;
            }
            self.writer.begin_sizes(number)?;
            let mut pushed = 0;
            for_each_size(lists, stream, |size| {
                self.writer.push_size(size)?;
                pushed += 1;
                if pushed % (1 << 16) == 0 { self.flush() } else { Ok(()) }
            })?;
            self.writer.end_sizes()?;
            self.flush()?;
        }
        Ok(())
    }

    /// Add the table by which an id is found.
    ///
    /// # Errors
    /// When the ids cannot be read or sorted.
    pub fn id_lookup(
        &mut self,
        place: &IdPlace<'_>,
        files: Files,
        store: &(impl Store + ?Sized),
        mut sorter: Sorter,
    ) -> Result<(), Cause> {
        let mut ids = IdStream::all(place, files);
        while let Some(batch) = drive_on(&mut ids, store)? {
            for (id, row) in batch.ids.iter().zip(batch.row.0..) {
                sorter.push((id.0, row))?;
            }
        }
        self.writer.begin_ids(sorter.count())?;
        for (number, pair) in sorter.sorted()?.enumerate() {
            let (id, row) = pair?;
            self.writer.push_id(id, row)?;
            if number % (1 << 16) == 0 {
                self.flush()?;
            }
        }
        self.writer.end_ids()?;
        self.flush()
    }

    /// Write everything but the trailer, which is in what is given back.
    ///
    /// # Errors
    /// When a part breaks the rules of its section, or the file cannot be written.
    pub fn finish(mut self, parts: Parts) -> Result<Finished, Cause> {
        self.flush()?;
        let at = self.writer.position();
        let finished = self.writer.finish(parts)?;
        self.file.write_all_at(&finished.bytes, at)?;
        Ok(finished)
    }
}

/// The chunk with its bytes.
fn owned(chunk: CodedChunk<'_>) -> CodedChunk<'static> {
    let CodedChunk { coding, decoded_len, stored, stored_digest, decoded_digest } = chunk;
    let stored = stored.into_owned().into();
    CodedChunk { coding, decoded_len, stored, stored_digest, decoded_digest }
}

/// Call `take` with the size of each list, list 0 first, empty ones too.
///
/// # Errors
/// When the lists cannot be walked, or of `take`.
pub fn for_each_size(
    lists: &Lists,
    stream: &(impl Store + ?Sized),
    mut take: impl FnMut(u64) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let mut sizes = EachSize::new(lists, stream.len());
    while let Some(run) = drive_on(&mut sizes, stream)? {
        run.into_iter().try_for_each(&mut take)?;
    }
    Ok(())
}
