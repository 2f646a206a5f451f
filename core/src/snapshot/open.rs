//! Opening a snapshot: from its last bytes to its sections.
//!
//! [`Open`] reads the last 64 KiB in one request, which hold trailer and manifest, and gives a
//! [`Snapshot`]. The snapshot keeps those bytes, so bodies and pages that stand in them cost no further request.

use super::chunk::{Owner, sealed_chunks};
use super::digest::Digest;
use super::manifest::{Content, Section, take_manifest};
use super::page::{Table, check_tree};
use super::remains::trailer_in;
use super::section::{Attachment, Chunks, Layout, Stream, tag};
use super::trailer::{HEAD_LEN, MARK_LEN, TRAILER_LEN, Trailer, no_trailer};
use super::walk::{ChunkWalk, TreeWalk};
use super::wire::Body;
use crate::bytes::{Reading, Span, Step};
use crate::error::{Cause, Error};
use crate::limits::{SEALED_LOG2, TAIL_BYTES};
use crate::outline::Fourcc;
use crate::window::{Read, Window, step_of};
use alloc::{format, string::ToString, vec::Vec};

/// Opens the snapshot in a file: a [`Reading`] of its last 64 KiB.
///
/// It needs a second read only where a signature area pushes the manifest out of those.
#[derive(Debug, Clone)]
pub struct Open {
    window: Window,
}

/// A snapshot: what its manifest says, under its digest.
#[derive(Debug, Clone)]
pub struct Snapshot {
    file_len: u64,
    trailer: Trailer,
    sections: Vec<Section>,
    stream: Stream,
    layout: Layout,
    chunks: Chunks,
    tail: Vec<u8>,
}

impl Open {
    /// Of a file of `file_len` bytes.
    pub fn new(file_len: u64) -> Open {
        Open { window: Window::new(file_len) }
    }

    pub(crate) fn run(&self) -> Read<Snapshot> {
        let file_len = self.window.file_len();
        if file_len < TRAILER_LEN {
            return Err(no_trailer(file_len).inside("trailer").into());
        }
        let tail = self.window.bytes(Span::between(file_len.saturating_sub(TAIL_BYTES), file_len))?;
        let trailer_at = tail.len().saturating_sub(usize::try_from(TRAILER_LEN).unwrap_or(0));
        let trailer = match Trailer::parse(tail.get(trailer_at..).unwrap_or(&[]), file_len) {
            Ok(trailer) => trailer,
            Err(error) => return Err(bytes_after_trailer(&tail, file_len).unwrap_or(error).into()),
        };
        let manifest = self.window.bytes(trailer.manifest())?;
        trailer
            .digest
            .check(&manifest, trailer.manifest_start, "manifest")
            .map_err(|error| error.inside("manifest"))?;
        let snapshot = Snapshot::parse(file_len, trailer, &manifest, tail).map_err(|error| error.inside("manifest"))?;
        Ok(snapshot)
    }
}

impl Reading for Open {
    type Output = Snapshot;

    fn step(&mut self) -> Result<Step<Snapshot>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

impl Snapshot {
    fn parse(file_len: u64, trailer: Trailer, manifest: &[u8], tail: Vec<u8>) -> Result<Snapshot, Error> {
        let start = trailer.manifest_start;
        let sections = take_manifest(manifest, start)?;
        let (stream, at): (Stream, u64) = inline(&sections, tag::STRM, start)?;
        let (chunks, chunks_at): (Chunks, u64) = inline(&sections, tag::CHNK, start)?;
        let layout = check_stream(&stream, at, start).map_err(|error| error.inside("STRM"))?;
        check_chunks(&chunks, &stream, layout, chunks_at, start).map_err(|error| error.inside("CHNK"))?;
        Ok(Snapshot { file_len, trailer, sections, stream, layout, chunks, tail })
    }

    /// Length of the file in bytes.
    pub fn file_len(&self) -> u64 {
        self.file_len
    }

    /// The snapshot digest: BLAKE3 of the manifest.
    pub fn digest(&self) -> Digest {
        self.trailer.digest
    }

    /// That this is the snapshot that is expected, by its own digest or that of its stream.
    ///
    /// # Errors
    /// When it is another.
    pub fn check_expected(&self, expected: Option<Digest>) -> Result<(), Cause> {
        let (own, stream) = (self.digest(), self.stream().digest);
        match expected {
            Some(expected) if expected != own && expected != stream => {
                Err(Cause::Damage(format!("expected digest {expected}; the snapshot has {own}, its stream {stream}")))
            }
            _ => Ok(()),
        }
    }

    /// Sealed or packed.
    pub fn layout(&self) -> Layout {
        self.layout
    }

    /// What is recorded about the stream: length, digest, lowest FAISS version.
    pub fn stream(&self) -> &Stream {
        &self.stream
    }

    /// The verbatim stream in the file; `None` in a packed snapshot.
    pub fn stream_span(&self) -> Option<Span> {
        (self.layout == Layout::Sealed).then(|| Span::new(0, self.stream.length))
    }

    /// What is recorded about the stream's chunks.
    pub fn chunks(&self) -> &Chunks {
        &self.chunks
    }

    /// The bytes of the manifest.
    pub fn manifest(&self) -> Span {
        self.trailer.manifest()
    }

    /// The signature area; not empty means: signature present, not checked.
    pub fn signatures(&self) -> Span {
        self.trailer.signatures()
    }

    /// All sections, ascending by tag, unknown ones among them.
    pub fn sections(&self) -> &[Section] {
        &self.sections
    }

    /// The section of this tag.
    pub fn section(&self, tag: Fourcc) -> Option<&Section> {
        self.sections.iter().find(|section| section.tag == tag)
    }

    /// Between stream or head and manifest: where pages, bodies and coded chunks are.
    pub fn blocks(&self) -> Span {
        Span::between(self.blocks_start(), self.trailer.manifest_start)
    }

    /// The first byte after the head, or after the stream and its mark.
    fn blocks_start(&self) -> u64 {
        match self.layout {
            Layout::Sealed => self.stream.length.saturating_add(MARK_LEN),
            Layout::Packed => HEAD_LEN,
        }
    }

    /// Reads a section's body, checked against its digest and its rules.
    ///
    /// The output is `None` when the snapshot has no such section. `T` names the section: [`Ids`](super::Ids),
    /// [`Metadata`](super::Metadata), [`Attachments`](super::Attachments), [`Producer`](super::Producer),
    /// [`Fidelity`](super::Fidelity), [`Recipe`](super::Recipe), [`TreeBody`](super::TreeBody).
    pub fn body<T: SectionBody>(&self) -> BodyReading<T> {
        BodyReading {
            content: self.section(T::TAG).map(|section| section.body.clone()),
            window: self.window(),
            manifest: self.trailer.manifest_start,
            body: core::marker::PhantomData,
        }
    }

    /// Walks the chunk table of the stream, page by page.
    pub fn walk_chunks(&self) -> ChunkWalk {
        match self.layout {
            Layout::Sealed => ChunkWalk::sealed(self),
            Layout::Packed => {
                let walk = TreeWalk::new(self, self.chunks.table.clone(), Table::Coded);
                ChunkWalk::coded(walk, Owner::Stream, self.stream.length)
            }
        }
    }

    /// Walks the chunk table of attachment `number` of `ATCH`, page by page. One without bytes has no chunk.
    pub fn walk_attachment(&self, number: u64, attachment: &Attachment) -> ChunkWalk {
        let walk = match &attachment.table {
            Some(tree) => TreeWalk::new(self, tree.clone(), Table::Coded),
            None => TreeWalk::empty(self, Table::Coded),
        };
        ChunkWalk::coded(walk, Owner::Attachment(number), attachment.length)
    }

    /// A window that has the last bytes of the file already.
    pub(crate) fn window(&self) -> Window {
        let mut window = Window::new(self.file_len);
        window.insert(self.file_len.saturating_sub(self.tail.len() as u64), &self.tail);
        window
    }
}

/// The fault of a file that has a whole trailer in its last bytes, with more after it.
fn bytes_after_trailer(tail: &[u8], file_len: u64) -> Option<Error> {
    let end = trailer_in(tail, file_len.saturating_sub(tail.len() as u64))?;
    let found = format!("{} bytes more", file_len.saturating_sub(end));
    (end < file_len).then(|| Error::invalid(end, "the file ends with its trailer", found))
}

/// A body that every snapshot has and that always stands in the manifest, and its place.
fn inline<T: Body>(sections: &[Section], tag: Fourcc, manifest: u64) -> Result<(T, u64), Error> {
    let Some(section) = sections.iter().find(|section| section.tag == tag) else {
        return Err(Error::invalid(manifest, "a snapshot has this section", "none").inside(&tag.to_string()));
    };
    match &section.body {
        Content::Inline { bytes, at } => {
            T::parse(bytes, *at).map(|body| (body, *at)).map_err(|error| error.inside(&tag.to_string()))
        }
        Content::Reference(place) => {
            let error =
                Error::invalid(manifest, "body stands in the manifest", format!("a reference to {}", place.span()));
            Err(error.inside(&tag.to_string()))
        }
    }
}

fn check_stream(stream: &Stream, at: u64, manifest: u64) -> Result<Layout, Error> {
    let Some(layout) = Layout::from_number(stream.layout) else {
        return Err(Error::invalid(at, "layout is 1 (sealed) or 2 (packed)", stream.layout));
    };
    if stream.length == 0 {
        return Err(Error::invalid(at, "length of the stream is not 0", 0));
    }
    let before = match layout {
        Layout::Sealed => stream.length.saturating_add(MARK_LEN),
        Layout::Packed => HEAD_LEN,
    };
    if before > manifest {
        return Err(Error::inconsistent(at, "stream or head end before the manifest", manifest, before));
    }
    Ok(layout)
}

fn check_chunks(chunks: &Chunks, stream: &Stream, layout: Layout, at: u64, manifest: u64) -> Result<(), Error> {
    match layout {
        Layout::Sealed => {
            if !SEALED_LOG2.contains(&chunks.chunk_log2) {
                return Err(Error::invalid(at, "chunk_log2 is 14 to 24", chunks.chunk_log2));
            }
            let count = sealed_chunks(stream.length, chunks.chunk_log2);
            if chunks.table.count != count {
                let rule = "table.count = length of the stream / 2^chunk_log2, rounded up";
                return Err(Error::inconsistent(at, rule, count, chunks.table.count));
            }
        }
        Layout::Packed if chunks.chunk_log2 != 0 => {
            return Err(Error::invalid(at, "chunk_log2 is 0 in a packed snapshot", chunks.chunk_log2));
        }
        Layout::Packed => {}
    }
    check_tree(&chunks.table, at, manifest)
}

/// A section body with its tag and the rules that it must keep.
pub trait SectionBody: Body {
    /// The section's tag.
    const TAG: Fourcc;

    /// That the body, which stands at byte `at` of a file with its manifest at `manifest`, keeps its rules.
    ///
    /// # Errors
    /// The first rule that is broken.
    fn check(&self, at: u64, manifest: u64) -> Result<(), Error>;
}

/// Reads one section's body; see [`Snapshot::body`].
#[derive(Debug, Clone)]
pub struct BodyReading<T> {
    content: Option<Content>,
    window: Window,
    manifest: u64,
    body: core::marker::PhantomData<T>,
}

impl<T: SectionBody> BodyReading<T> {
    pub(crate) fn run(&self) -> Read<Option<T>> {
        let inside = |error: Error| error.inside(&T::TAG.to_string());
        let Some((bytes, at)) = body_bytes(self.content.as_ref(), &self.window, T::TAG)? else { return Ok(None) };
        let body = T::parse(&bytes, at).map_err(inside)?;
        body.check(at, self.manifest).map_err(inside)?;
        Ok(Some(body))
    }
}

/// The bytes of a section's body, and where they stand.
fn body_bytes(content: Option<&Content>, window: &Window, tag: Fourcc) -> Read<Option<(Vec<u8>, u64)>> {
    Ok(match content {
        None => None,
        Some(Content::Inline { bytes, at }) => Some((bytes.clone(), *at)),
        Some(Content::Reference(place)) => {
            let bytes = window.bytes(place.span())?;
            let checked = place.digest.check(&bytes, place.start, "section body");
            checked.map_err(|error| error.inside(&tag.to_string()))?;
            Some((bytes, place.start))
        }
    })
}

impl<T: SectionBody> Reading for BodyReading<T> {
    type Output = Option<T>;

    fn step(&mut self) -> Result<Step<Option<T>>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}
