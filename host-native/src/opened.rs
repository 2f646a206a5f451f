//! A file that was opened and found to be a snapshot, or not.
//!
//! [`Opened`] hides which: its [`stream`](Opened::stream) is the FAISS stream as a store, whether the
//! file is the stream, begins with it, or holds it in coded chunks.

use crate::{
    Cause, Error,
    drive::drive,
    store::{Decoded, File, Part, Store},
};
use faissil_core::{
    Kind, Span,
    snapshot::{FindMark, FindTrailer, Layout, MAGIC, Open, Remains, Snapshot, TRAILER_LEN},
};
use std::path::Path;

/// An open file.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    /// The snapshot in it, if it is one.
    pub snapshot: Option<Snapshot>,
    /// Length of the stream in a file to which the end of a snapshot was being added when something
    /// stopped it. The rest does not count. Nothing but the outline vouches for the stream: a seal whose end was cut
    /// off looks the same.
    pub interrupted: Option<u64>,
}

/// The FAISS stream of a file, wherever it is.
#[derive(Debug)]
pub enum Stream<'a, S> {
    /// A file, or the part of it, that is the stream.
    Verbatim(Part<S>),
    /// From chunks, each checked when it is read.
    Checked(Box<Decoded<'a, S>>),
}

impl Opened {
    /// Open the file at `path`.
    ///
    /// # Errors
    /// When it cannot be read, or ends like a snapshot and is none that can be read.
    pub fn open(path: &Path) -> Result<Opened, Error> {
        let file = File::open(path)?;
        Opened::from_file(file).map_err(|cause| {
            let damaged = cause.verdict() == crate::error::Verdict::Damaged;
            let error = cause.reading(path);
            if damaged { error.hint("the snapshot is damaged; get another copy of it") } else { error }
        })
    }

    /// Look at an open file.
    ///
    /// # Errors
    /// As [`open`](Opened::open).
    pub fn from_file(file: File) -> Result<Opened, Cause> {
        match drive(Open::new(file.len()), &file) {
            Ok(snapshot) => Ok(Opened { file, snapshot: Some(snapshot), interrupted: None }),
            Err(Cause::Fault(fault)) if matches!(fault.kind, Kind::NotThis(_)) => {
                let (end, remains) = remains(&file)?;
                if let Some(remains) = remains {
                    return Err(Cause::Damage(spoiled(remains, file.len())));
                }
                let head = file.read(Span::new(0, file.len().min(MAGIC.len() as u64)))?;
                if head == MAGIC {
                    let said = "a packed snapshot without its trailer: it was cut short, or has bytes after its end";
                    return Err(Cause::Damage(said.into()));
                }
                // A stream that fills the file has nothing behind it.
                let mark = end.map(|end| drive(FindMark::new(file.len(), end), &file)).transpose()?;
                let interrupted = mark.flatten();
                Ok(Opened { file, snapshot: None, interrupted })
            }
            Err(other) => Err(other),
        }
    }

    /// `faiss`, `sealed` or `packed`.
    pub fn kind(&self) -> &'static str {
        self.snapshot.as_ref().map_or("faiss", |snapshot| snapshot.layout().name())
    }

    /// The FAISS stream, for those who hold all of it against its digest anyway: of a sealed snapshot, its bytes are
    /// not checked.
    pub fn stream(&self) -> Stream<'_, &File> {
        match self.interrupted {
            Some(len) => Stream::Verbatim(Part::new(&self.file, Span::new(0, len))),
            None => stream_of(self.snapshot.as_ref(), &self.file),
        }
    }

    /// The FAISS stream, every byte checked before it is given where there are digests.
    pub fn checked(&self) -> Stream<'_, &File> {
        match &self.snapshot {
            Some(snapshot) => Stream::Checked(Box::new(Decoded::stream(snapshot, &self.file))),
            None => self.stream(),
        }
    }
}

/// Where the stream of a file ends, if it is known and something follows; and what is left of a snapshot's end.
pub(crate) fn remains(file: &File) -> Result<(Option<u64>, Option<Remains>), Cause> {
    let end = crate::judge::outline(file).ok().filter(|outline| outline.fault.is_none());
    let end = end.map(|outline| outline.end).filter(|end| *end < file.len());
    Ok((end, drive(FindTrailer::new(file.len(), end.unwrap_or(file.len())), file)?))
}

/// What became of the end of a snapshot that was finished.
fn spoiled(remains: Remains, file_len: u64) -> String {
    let at = file_len - TRAILER_LEN.min(file_len);
    match remains {
        Remains::Damaged => format!("the trailer of this snapshot, at byte {at}, is damaged"),
        Remains::Cut(left) => {
            let lost = TRAILER_LEN - left;
            format!(
                "this snapshot was cut short: the last {lost} of the {TRAILER_LEN} bytes of its trailer are missing"
            )
        }
        Remains::Followed(end) => {
            format!("bytes after the trailer: this snapshot ends at byte {end}, {} bytes follow", file_len - end)
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

/// The FAISS stream in `file`, which holds this snapshot, or is the stream. As [`Opened::stream`] has it.
pub fn stream_of<S: Store>(snapshot: Option<&Snapshot>, file: S) -> Stream<'_, S> {
    let whole = Span::new(0, file.len());
    match snapshot {
        Some(snapshot) if snapshot.layout() == Layout::Packed => {
            Stream::Checked(Box::new(Decoded::stream(snapshot, file)))
        }
        snapshot => Stream::Verbatim(Part::new(file, snapshot.and_then(Snapshot::stream_span).unwrap_or(whole))),
    }
}

impl<S: Store> Store for Stream<'_, S> {
    fn len(&self) -> u64 {
        match self {
            Stream::Verbatim(part) => part.len(),
            Stream::Checked(chunks) => chunks.len(),
        }
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        match self {
            Stream::Verbatim(part) => part.read_at(at, out),
            Stream::Checked(chunks) => chunks.read_at(at, out),
        }
    }
}
