//! What a question may read: a file, or the stream or attachment in it.
//!
//! A [`Source`] runs any reading over bytes that are somewhere in the files that an [`Ask`] asks for. Where they stand
//! as they are it only moves places; where chunks stand for them it looks the chunk up, asks for it, checks it and
//! hands it on, so that nothing is given that was not checked. A side file follows its stream in one run of bytes, as
//! [`crate::files`] has it.
//!
//! What was used last stays in a [`Cache`], which outlives a question: who has more than one hands it on.

mod recent;

pub use recent::{Recent, Shown};

use crate::asking::Ask;
use crate::bytes::{Reading, Span, Step, slice};
use crate::error::{Cause, Error};
use crate::files::Files;
use crate::snapshot::{Attachment, ChunkEntry, Snapshot, Tree};
use crate::text::escaped;
use alloc::{borrow::Cow, format, rc::Rc, string::String, sync::Arc, vec, vec::Vec};
use core::{cell::Cell, fmt};

/// A reading, whatever its output.
trait Runs {
    /// The bytes that it needs, or none: it has its output.
    fn need(&mut self) -> Result<Option<Span>, Error>;

    /// As [`Reading::bring`].
    fn bring(&mut self, at: u64, bytes: &[u8]);
}

/// A reading, and its output once it is there.
struct Run<'r, R: Reading + ?Sized> {
    reading: &'r mut R,
    out: Option<R::Output>,
}

impl<R: Reading + ?Sized> Runs for Run<'_, R> {
    fn need(&mut self) -> Result<Option<Span>, Error> {
        Ok(match self.reading.step()? {
            Step::Need(span) => Some(span),
            Step::Done(out) => {
                self.out = Some(out);
                None
            }
        })
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.reading.bring(at, bytes);
    }
}

/// A reading that ended has its output.
fn unfinished() -> Cause {
    Cause::Refused("a reading ended without an output".into())
}

/// Bytes of a decoded chunk that a reading gets at once, at least, where they are there.
const PAGE: u64 = 4096;

/// Bytes that it gets at most.
const LONGEST: u64 = 1 << 20;

/// Pages of a chunk table and checked chunks, shared by all sources that are made with it.
#[derive(Clone, Default)]
pub struct Cache(Rc<Cell<Recent>>);

impl Cache {
    fn with<T>(&self, look: impl FnOnce(&mut Recent) -> T) -> T {
        let mut recent = self.0.take();
        let out = look(&mut recent);
        self.0.set(recent);
        out
    }

    /// The damaged chunks that were given.
    pub fn shown(&self) -> Vec<Shown> {
        self.with(|recent| recent.shown())
    }
}

/// Bytes that readings can be run over.
#[derive(Clone)]
pub struct Source<'a> {
    ask: Ask,
    first: Part<'a>,
    /// The side file, or nothing.
    second: Option<Part<'a>>,
    recorded: Option<(&'a Snapshot, &'a [RecordedSizes])>,
}

/// Sizes of inverted lists that a snapshot records in pages of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedSizes {
    /// Where the stream has them: a u64 a list.
    pub span: Span,
    /// The pages.
    pub pages: Tree,
}

#[derive(Clone)]
enum Part<'a> {
    /// In the files as they are.
    Verbatim(Span),
    Chunks(Chunks<'a>),
}

/// What chunks of a snapshot stand for.
#[derive(Clone)]
struct Chunks<'a> {
    snapshot: &'a Snapshot,
    /// The attachment with its number, unless it is the stream.
    attachment: Option<(u64, &'a Attachment)>,
    cache: Cache,
    /// Whether damaged chunks are given too, and noted.
    shows_damage: bool,
}

impl<'a> Source<'a> {
    fn only(ask: &Ask, first: Part<'a>) -> Source<'a> {
        Source { ask: ask.clone(), first, second: None, recorded: None }
    }

    /// The file, without its side file.
    pub fn file(ask: &Ask) -> Source<'a> {
        Source::part(ask, Span::new(0, ask.files().stream))
    }

    /// The side file; empty where there is none.
    pub fn side(ask: &Ask) -> Source<'a> {
        let Files { stream, side } = ask.files();
        Source::only(ask, Part::Verbatim(Span::new(stream, side.unwrap_or(0))))
    }

    /// A part of the file, as far as it is there.
    pub fn part(ask: &Ask, span: Span) -> Source<'a> {
        let span = Span::new(0, ask.files().stream).overlap(&span).unwrap_or_default();
        Source::only(ask, Part::Verbatim(span))
    }

    /// The stream of a snapshot, each chunk checked.
    pub fn stream(ask: &Ask, snapshot: &'a Snapshot, cache: &Cache) -> Source<'a> {
        let cache = cache.clone();
        Source::only(ask, Part::Chunks(Chunks { snapshot, attachment: None, cache, shows_damage: false }))
    }

    /// The same for whoever looks at damage: a chunk that is damaged is given as it is, and noted in
    /// [`Cache::shown`].
    pub fn damaged_stream(ask: &Ask, snapshot: &'a Snapshot, cache: &Cache) -> Source<'a> {
        let cache = cache.clone();
        Source::only(ask, Part::Chunks(Chunks { snapshot, attachment: None, cache, shows_damage: true }))
    }

    /// Attachment `number` of a snapshot, each chunk checked.
    pub fn attachment(
        ask: &Ask,
        snapshot: &'a Snapshot,
        number: u64,
        attachment: &'a Attachment,
        cache: &Cache,
    ) -> Source<'a> {
        let (cache, attachment) = (cache.clone(), Some((number, attachment)));
        Source::only(ask, Part::Chunks(Chunks { snapshot, attachment, cache, shows_damage: false }))
    }

    /// This and then, if there is one, `second`.
    #[must_use]
    pub fn and(self, second: Option<Source<'a>>) -> Source<'a> {
        Source { second: second.map(|second| second.first), ..self }
    }

    /// The same, for whoever goes by what a snapshot records: readings find sizes of lists in its pages of at most 32 KiB
    /// rather than in a chunk of the stream.
    #[must_use]
    pub fn with_sizes(self, snapshot: &'a Snapshot, recorded: &'a [RecordedSizes]) -> Source<'a> {
        Source { recorded: Some((snapshot, recorded)), ..self }
    }

    /// Lengths of both parts.
    pub fn files(&self) -> Files {
        Files { stream: self.first.len(), side: self.second.as_ref().map(Part::len) }
    }

    /// How many bytes there are.
    pub fn len(&self) -> u64 {
        self.files().len()
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What asks for the bytes.
    pub fn ask(&self) -> &Ask {
        &self.ask
    }

    /// Run `reading` to its next output.
    ///
    /// # Errors
    /// Whatever the reading says; damage in what it needs.
    pub async fn run<R: Reading + ?Sized>(&self, reading: &mut R) -> Result<R::Output, Cause> {
        let mut run = Run { reading, out: None };
        self.go(&mut run, &mut |_| {}).await?;
        run.out.ok_or_else(unfinished)
    }

    /// The same, and tell how many of about `all` bytes came so far, after `before` that came to others.
    ///
    /// # Errors
    /// As [`run`](Source::run).
    pub async fn run_telling<R: Reading + ?Sized>(
        &self,
        reading: &mut R,
        before: u64,
        all: u64,
    ) -> Result<R::Output, Cause> {
        let mut done = before;
        let mut count = |more| {
            done = done.saturating_add(more);
            self.ask.tell(done.min(all), all);
        };
        let mut run = Run { reading, out: None };
        self.go(&mut run, &mut count).await?;
        run.out.ok_or_else(unfinished)
    }

    /// Run a reading until it has its output. One piece of code for all of them: a browser has to load it.
    async fn go(&self, reading: &mut dyn Runs, count: &mut dyn FnMut(u64)) -> Result<(), Cause> {
        let (mut page, mut expected) = (PAGE, u64::MAX);
        loop {
            let Some(span) = reading.need()? else { return Ok(()) };
            // Who goes straight on gets pages that double.
            let straight_on = span.start == expected;
            page = if straight_on { page.saturating_mul(2).min(LONGEST) } else { PAGE };
            let brought = self.bring(span, span.len.clamp(page, LONGEST), reading).await?;
            count(brought);
            expected = span.start.saturating_add(brought);
        }
    }

    /// Bring a reading the bytes of a span, or the first of them; how many.
    async fn bring(&self, span: Span, page: u64, reading: &mut dyn Runs) -> Result<u64, Cause> {
        if let Some(sizes) = self.recorded_sizes(span.start).await {
            reading.bring(span.start, &sizes);
            return Ok(sizes.len() as u64);
        }
        let (part, before) = self.part_of(span)?;
        let inside = Span::new(span.start.saturating_sub(before), span.len);
        match part {
            Part::Verbatim(place) => {
                let wanted = Span::new(place.start.saturating_add(inside.start), inside.len);
                let bytes = self.ask.some(place.overlap(&wanted).unwrap_or(wanted)).await;
                let most = Span::new(0, place.len.saturating_sub(inside.start));
                let bytes = slice(&bytes, most);
                reading.bring(span.start, bytes);
                Ok(bytes.len() as u64)
            }
            Part::Chunks(chunks) => {
                let entry = chunks.entry(&self.ask, inside.start).await?;
                let len = page.min(entry.logical.end().saturating_sub(inside.start));
                let piece = chunks.piece(&self.ask, &entry, Span::new(inside.start, len)).await?;
                reading.bring(span.start, piece.bytes());
                Ok(len)
            }
        }
    }

    /// What a snapshot records of the sizes of lists from byte `at` on. Pages that are damaged are not needed: the stream
    /// says the same.
    async fn recorded_sizes(&self, at: u64) -> Option<Vec<u8>> {
        let (snapshot, recorded) = self.recorded?;
        let sizes = recorded.iter().find(|sizes| sizes.span.contains(&Span::new(at, 8)))?;
        let before = at.saturating_sub(sizes.span.start);
        if before & 7 != 0 {
            return None;
        }
        let mut find = snapshot.find_size(&sizes.pages, before >> 3);
        alloc::boxed::Box::pin(Source::file(&self.ask).run(&mut find)).await.ok()
    }

    /// All bytes of `span`, which must be small enough to hold.
    ///
    /// # Errors
    /// When they are not all there; damage.
    pub async fn bytes(&self, span: Span) -> Result<Vec<u8>, Cause> {
        let have = self.len().saturating_sub(span.start);
        if span.len > have {
            return Err(Error::truncated(span, have).into());
        }
        let mut out = Vec::new();
        let mut at = span.start;
        while at < span.end() {
            let (part, before) = self.part_of(Span::new(at, 1))?;
            let inside = Span::between(at.saturating_sub(before), span.end().saturating_sub(before));
            match part {
                Part::Verbatim(place) => {
                    let wanted = Span::new(place.start.saturating_add(inside.start), inside.len);
                    let mut more = self.ask.all(place.overlap(&wanted).unwrap_or_default()).await;
                    if out.is_empty() { out = more } else { out.append(&mut more) }
                }
                Part::Chunks(chunks) => {
                    let entry = chunks.entry(&self.ask, inside.start).await?;
                    let wanted = Span::between(inside.start, inside.end().min(entry.logical.end()));
                    out.extend_from_slice(chunks.piece(&self.ask, &entry, wanted).await?.bytes());
                }
            }
            let next = span.start.saturating_add(out.len() as u64);
            if next <= at {
                return Err(Error::truncated(span, next.saturating_sub(span.start)).into());
            }
            at = next;
        }
        Ok(out)
    }

    /// All bytes of the chunk that holds byte `at`, checked; what is not in chunks comes in pieces of 1 MiB.
    ///
    /// # Errors
    /// When they are damaged or cannot be decoded, or `at` is not inside.
    pub async fn piece_at(&self, at: u64) -> Result<Arc<Vec<u8>>, Cause> {
        let (part, before) = self.part_of(Span::new(at, 1))?;
        match part {
            Part::Verbatim(_) => {
                let span = Span::new(0, self.len()).overlap(&Span::new(at, LONGEST)).unwrap_or_default();
                Ok(Arc::new(self.bytes(span).await?))
            }
            Part::Chunks(chunks) => {
                let entry = chunks.entry(&self.ask, at.saturating_sub(before)).await?;
                chunks.chunk(&self.ask, &entry).await
            }
        }
    }

    /// The part that a span starts in, and how many bytes are before it.
    fn part_of(&self, span: Span) -> Result<(&Part<'a>, u64), Error> {
        let border = self.first.len();
        let found = match &self.second {
            Some(second) if span.start >= border => (second, border),
            _ => (&self.first, 0),
        };
        let have = self.len().saturating_sub(span.start);
        if have == 0 || span.is_empty() { Err(Error::truncated(span, have)) } else { Ok(found) }
    }
}

impl Part<'_> {
    fn len(&self) -> u64 {
        match self {
            Part::Verbatim(span) => span.len,
            Part::Chunks(Chunks { attachment: Some((_, attachment)), .. }) => attachment.length,
            Part::Chunks(chunks) => chunks.snapshot.stream().length,
        }
    }
}

/// Bytes that are asked for, or part of a chunk that is kept.
enum Piece {
    Own(Vec<u8>),
    Shared(Arc<Vec<u8>>, Span),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Piece::Own(bytes) => bytes,
            Piece::Shared(bytes, span) => slice(bytes, *span),
        }
    }
}

impl Chunks<'_> {
    /// The entry of the chunk that holds byte `at`.
    async fn entry(&self, ask: &Ask, at: u64) -> Result<ChunkEntry, Cause> {
        if let Some(entry) = self.cache.with(|recent| recent.entry(at)) {
            return Ok(entry);
        }
        let mut find = match self.attachment {
            None => self.snapshot.find_chunk(at),
            Some((number, attachment)) => self.snapshot.find_attachment_chunk(number, attachment, at),
        };
        let page = alloc::boxed::Box::pin(Source::file(ask).run(&mut find)).await?.unwrap_or_default();
        let entry = self.cache.with(|recent| recent.keep_page(page.into(), at));
        entry.ok_or_else(|| no_chunk(at))
    }

    /// The bytes `wanted` of a chunk, which lie inside.
    async fn piece(&self, ask: &Ask, entry: &ChunkEntry, wanted: Span) -> Result<Piece, Cause> {
        let from = wanted.start.saturating_sub(entry.logical.start);
        if self.cache.with(|recent| recent.is_gone(entry)) {
            let stored = Span::new(entry.stored.start.saturating_add(from), wanted.len);
            return Ok(Piece::Own(ask.all(stored).await));
        }
        let bytes = self.chunk(ask, entry).await?;
        Ok(Piece::Shared(bytes, Span::new(from, wanted.len)))
    }

    /// The bytes of a chunk, checked, or given as they are.
    async fn chunk(&self, ask: &Ask, entry: &ChunkEntry) -> Result<Arc<Vec<u8>>, Cause> {
        if let Some(bytes) = self.cache.with(|recent| recent.chunk(entry.logical)) {
            return Ok(bytes);
        }
        let stored = Source::file(ask).stored(entry.stored).await?;
        let decoded = match entry.check(&stored) {
            Ok(Cow::Owned(decoded)) => Some(decoded),
            Ok(Cow::Borrowed(_)) => None,
            Err(error) if self.shows_damage => {
                let (shown, bytes) = shown(entry, &stored, &error);
                self.cache.with(|recent| recent.keep_shown(shown, bytes.clone()));
                return Ok(bytes);
            }
            Err(error) => {
                let name = chunk_name(self.attachment.map(|(_, attachment)| attachment), entry);
                return Err(error.inside(&name).into());
            }
        };
        let bytes = Arc::new(decoded.unwrap_or(stored));
        self.cache.with(|recent| recent.keep(entry, bytes.clone()));
        Ok(bytes)
    }
}

impl Source<'_> {
    /// The bytes of a chunk as they are stored.
    async fn stored(&self, span: Span) -> Result<Vec<u8>, Cause> {
        let have = self.len().saturating_sub(span.start);
        if span.len > have {
            return Err(Error::truncated(span, have).into());
        }
        Ok(self.ask.all(span).await)
    }
}

/// The chunk table has nothing for byte `at`.
pub fn no_chunk(at: u64) -> Cause {
    Cause::Damage(format!("the chunk table has no chunk with byte {at}"))
}

/// A damaged chunk as whoever looks at damage gets it: its bytes, or zeros.
pub fn shown(entry: &ChunkEntry, stored: &[u8], error: &Error) -> (Shown, Arc<Vec<u8>>) {
    use alloc::string::ToString;
    let (number, logical) = (entry.number, entry.logical);
    let found = entry.unchecked(stored).map(Cow::into_owned);
    let shown = Shown { number, logical, reason: error.to_string(), has_bytes: found.is_some() };
    let zeros = || vec![0; usize::try_from(logical.len).unwrap_or(0)];
    (shown, Arc::new(found.unwrap_or_else(zeros)))
}

/// What the bytes of a chunk are called in messages.
pub fn chunk_name(attachment: Option<&Attachment>, entry: &ChunkEntry) -> String {
    let (number, logical) = (entry.number, entry.logical);
    match attachment {
        None => format!("bytes {logical} of the stream, chunk {number}"),
        Some(attachment) => format!("bytes {logical} of attachment `{}`, chunk {number}", escaped(&attachment.name)),
    }
}

impl fmt::Debug for Cache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cache")
    }
}

impl fmt::Debug for Source<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Source").field("files", &self.files()).finish_non_exhaustive()
    }
}
