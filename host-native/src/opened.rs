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
    snapshot::{FindMark, Layout, MAGIC, Open, Snapshot},
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
    /// stopped it. The rest does not count.
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
                let head = file.read(Span::new(0, file.len().min(MAGIC.len() as u64)))?;
                if head == MAGIC {
                    let said = "a packed snapshot without its end: it was cut short";
                    return Err(Cause::Damage(said.into()));
                }
                let interrupted = interrupted_seal(&file)?;
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

/// Where the stream ends in a file whose sealing was interrupted. A stream that is complete ends where its outline
/// does, so there is nothing to look for behind one that fills the file.
fn interrupted_seal(file: &File) -> Result<Option<u64>, Cause> {
    match crate::judge::outline(file) {
        Ok(outline) if outline.end < file.len() && outline.fault.is_none() => {
            drive(FindMark::new(file.len(), outline.end), file)
        }
        _ => Ok(None),
    }
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
