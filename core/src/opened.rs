//! A file that was opened and found to be a snapshot, or not.
//!
//! [`open`] looks at a file's ends. An [`Opened`] is what it found, plain data that outlives the question. [`Access`]
//! puts it together with a way to ask for bytes, and hides which it is: its [`stream`](Access::stream) is the FAISS
//! stream, whether the file is the stream, begins with it, or holds it in coded chunks.

use crate::asking::Ask;
use crate::bytes::Span;
use crate::error::{Cause, Kind};
use crate::judge;
use crate::snapshot::{
    Attachment, Attachments, FindMark, FindTrailer, Layout, MAGIC, Open, Remains, Snapshot, TRAILER_LEN,
};
use crate::source::{Cache, Source};
use alloc::{format, string::String, vec::Vec};

/// What an open file was found to be.
#[derive(Debug, Clone)]
pub struct Opened {
    /// The snapshot in it, if it is one.
    pub snapshot: Option<Snapshot>,
    /// Length of the stream in a file to which the end of a snapshot was being added when something
    /// stopped it. The rest does not count. Nothing but the outline vouches for the stream: a seal whose end was cut
    /// off looks the same.
    pub interrupted: Option<u64>,
}

impl Opened {
    /// The snapshot.
    ///
    /// # Errors
    /// When it is none.
    pub fn snapshot(&self) -> Result<&Snapshot, Cause> {
        self.snapshot.as_ref().ok_or_else(|| {
            Cause::Refused(match self.interrupted {
                Some(len) => interrupted_seal(len),
                None => "not a snapshot: no digests to hold its bytes against".into(),
            })
        })
    }

    /// `faiss`, `sealed` or `packed`.
    pub fn kind(&self) -> &'static str {
        self.snapshot.as_ref().map_or("faiss", |snapshot| snapshot.layout().name())
    }
}

/// Look at a file.
///
/// # Errors
/// When it cannot be read, or ends like a snapshot and is none that can be read.
pub async fn open(ask: &Ask) -> Result<Opened, Cause> {
    let file = Source::file(ask);
    match file.run(&mut Open::new(file.len())).await {
        Ok(snapshot) => Ok(Opened { snapshot: Some(snapshot), interrupted: None }),
        Err(Cause::Fault(fault)) if matches!(fault.kind, Kind::NotThis(_)) => {
            let (end, remains) = remains(&file).await?;
            if let Some(remains) = remains {
                return Err(Cause::Damage(spoiled(remains, file.len())));
            }
            let head = file.bytes(Span::new(0, file.len().min(MAGIC.len() as u64))).await?;
            if head == MAGIC {
                let said = "a packed snapshot without its trailer: it was cut short, or has bytes after its end";
                return Err(Cause::Damage(said.into()));
            }
            // A stream that fills the file has nothing behind it.
            let interrupted = match end {
                Some(end) => file.run(&mut FindMark::new(file.len(), end)).await?,
                None => None,
            };
            Ok(Opened { snapshot: None, interrupted })
        }
        Err(other) => Err(other),
    }
}

/// Where the stream of a file ends, if it is known and something follows; and what is left of a snapshot's end.
///
/// # Errors
/// When it cannot be read.
pub async fn remains(file: &Source<'_>) -> Result<(Option<u64>, Option<Remains>), Cause> {
    let end = judge::outline(file).await.ok().filter(|outline| outline.fault.is_none());
    let end = end.map(|outline| outline.end).filter(|end| *end < file.len());
    Ok((end, file.run(&mut FindTrailer::new(file.len(), end.unwrap_or(file.len()))).await?))
}

/// What became of the end of a snapshot that was finished.
fn spoiled(remains: Remains, file_len: u64) -> String {
    let at = file_len.saturating_sub(TRAILER_LEN);
    match remains {
        Remains::Damaged => format!("the trailer of this snapshot, at byte {at}, is damaged"),
        Remains::Cut(left) => {
            let lost = TRAILER_LEN.saturating_sub(left);
            format!(
                "this snapshot was cut short: the last {lost} of the {TRAILER_LEN} bytes of its trailer are missing"
            )
        }
        Remains::Followed(end) => {
            let more = file_len.saturating_sub(end);
            format!("bytes after the trailer: this snapshot ends at byte {end}, {more} bytes follow")
        }
    }
}

/// What is known of a file with an interrupted seal behind a stream of `stream_len` bytes, and no more.
pub fn interrupted_seal(stream_len: u64) -> String {
    format!(
        "interrupted seal: stream intact to byte {stream_len} as far as its outline shows; no digest vouches for it \
         (the seal was not finished, or its end was cut off)"
    )
}

/// What was used last of the chunks of a file, for all questions about it.
#[derive(Debug, Clone, Default)]
pub struct Caches {
    /// Of the stream.
    pub stream: Cache,
    /// Of the attachment that is its side file.
    pub side: Cache,
}

/// An opened file with a way to ask for its bytes.
#[derive(Debug, Clone)]
pub struct Access<'a> {
    /// What asks.
    pub ask: Ask,
    /// What the file was found to be.
    pub opened: &'a Opened,
    /// What was used last.
    pub caches: Caches,
}

impl<'a> Access<'a> {
    /// Ask of this file with `ask`. Who asks once needs no caches of their own.
    pub fn new(ask: Ask, opened: &'a Opened, caches: Caches) -> Access<'a> {
        Access { ask, opened, caches }
    }

    /// The file.
    pub fn file(&self) -> Source<'a> {
        Source::file(&self.ask)
    }

    /// The FAISS stream, for those who hold all of it against its digest anyway: of a sealed snapshot, its bytes are
    /// not checked.
    pub fn stream(&self) -> Source<'a> {
        match (&self.opened.snapshot, self.opened.interrupted) {
            (_, Some(len)) => Source::part(&self.ask, Span::new(0, len)),
            (Some(snapshot), None) if snapshot.layout() == Layout::Packed => {
                Source::stream(&self.ask, snapshot, &self.caches.stream)
            }
            (Some(snapshot), None) => Source::part(&self.ask, snapshot.stream_span().unwrap_or_default()),
            (None, None) => self.file(),
        }
    }

    /// The FAISS stream, every byte checked before it is given where there are digests.
    pub fn checked(&self) -> Source<'a> {
        match &self.opened.snapshot {
            Some(snapshot) => Source::stream(&self.ask, snapshot, &self.caches.stream),
            None => self.stream(),
        }
    }

    /// The FAISS stream for whoever looks at damage: damaged bytes are given as they are, and
    /// [`Cache::shown`] says which.
    pub fn damaged(&self) -> Source<'a> {
        match &self.opened.snapshot {
            Some(snapshot) => Source::damaged_stream(&self.ask, snapshot, &self.caches.stream),
            None => self.stream(),
        }
    }

    /// The attachments of the snapshot; none of a file that is none.
    ///
    /// # Errors
    /// When their table is damaged.
    pub async fn attachments(&self) -> Result<Vec<Attachment>, Cause> {
        match &self.opened.snapshot {
            Some(snapshot) => attachments(&self.file(), snapshot).await,
            None => Ok(Vec::new()),
        }
    }
}

/// The attachments of a snapshot.
///
/// # Errors
/// When their table is damaged.
pub async fn attachments(file: &Source<'_>, snapshot: &Snapshot) -> Result<Vec<Attachment>, Cause> {
    Ok(file.run(&mut snapshot.body::<Attachments>()).await?.map(|body| body.attachments).unwrap_or_default())
}
