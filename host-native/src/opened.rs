//! A file that was opened and found to be a snapshot, or not.
//!
//! [`Opened`] hides which: its [`stream`](Opened::stream) is the FAISS stream as a store, whether the
//! file is the stream, begins with it, or holds it in coded chunks. What it is, [`faissil_core::opened`] finds out.

pub use faissil_core::opened::interrupted_seal;

use crate::{
    Cause, Error,
    drive::ask,
    store::{Decoded, File, Part, Store},
};
use faissil_core::{
    Span, opened,
    snapshot::{Layout, Snapshot},
};
use std::{ops::Deref, path::Path};

/// An open file, with what it was found to be.
#[derive(Debug)]
pub struct Opened {
    /// The file.
    pub file: File,
    found: opened::Opened,
}

impl Deref for Opened {
    type Target = opened::Opened;

    /// What the file was found to be.
    fn deref(&self) -> &opened::Opened {
        &self.found
    }
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
        let found = ask(&file, |ask| async move { opened::open(&ask).await })?;
        Ok(Opened { file, found })
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
