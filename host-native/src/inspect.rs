//! What is in a file, as a report, asked of files; see [`faissil_core::inspect`].

use crate::{
    Cause, Error, beside,
    drive::{ask, ask_on_telling, ask_telling},
    opened::{Opened, Stream},
    parallel::Progress,
    store::{Decoded, File, Joined, Shown, Store},
    summing::Directory,
};
use faissil_core::{
    asking::{Ask, Give},
    files::Files,
    ids::IdSummary,
    index, inspect,
    opened::{Access, Caches},
    report::{Fault, Inspection, Opaque},
};
use std::{ops::Deref, path::Path};

/// An index with all that is needed to read in it.
#[derive(Debug)]
pub struct Index<'a> {
    opened: &'a Opened,
    /// The stream; of a snapshot, every byte is checked before it is given.
    pub stream: Stream<'a, &'a File>,
    /// The file with on-disk lists, if the stream refers to one and it is there.
    pub side: Option<Side<'a>>,
    /// Why it is not there, although the stream refers to it.
    pub side_missing: Option<String>,
    found: index::Index,
}

impl Deref for Index<'_> {
    type Target = index::Index;

    /// Its outline, and where its side file is.
    fn deref(&self) -> &index::Index {
        &self.found
    }
}

/// The side file of an index.
#[derive(Debug)]
pub enum Side<'a> {
    /// A file beside it.
    File(File),
    /// An attachment of the snapshot.
    Attached(Box<Decoded<'a, &'a File>>),
}

impl Store for Side<'_> {
    fn len(&self) -> u64 {
        match self {
            Side::File(file) => file.len(),
            Side::Attached(decoded) => decoded.len(),
        }
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        match self {
            Side::File(file) => file.read_at(at, out),
            Side::Attached(decoded) => decoded.read_at(at, out),
        }
    }
}

/// `opened` as questions see it.
fn access(ask: Ask, opened: &Opened) -> Access<'_> {
    Access::new(ask, opened, Caches::default())
}

impl<'a> Index<'a> {
    /// The index in an opened file, its outline made from the stream.
    ///
    /// # Errors
    /// When it is none, or cannot be read. An outline that stops early is no error.
    pub fn of(opened: &'a Opened) -> Result<Index<'a>, Cause> {
        let found = ask(&opened.file, |ask| async move { index::Index::of(&access(ask, opened)).await })?;
        Ok(Index::with(opened, opened.checked(), found))
    }

    /// The same for whoever looks at damage: damaged bytes are given as they are, and [`shown`](Index::shown) says which.
    /// Where they are in the way of the outline, it is the one that the snapshot records.
    ///
    /// # Errors
    /// As [`of`](Index::of).
    pub fn with_damage(opened: &'a Opened) -> Result<Index<'a>, Cause> {
        let Some(snapshot) = &opened.snapshot else { return Index::of(opened) };
        let found = ask(&opened.file, |ask| async move { index::Index::with_damage(&access(ask, opened)).await })?;
        let stream = Stream::Checked(Box::new(Decoded::damaged_stream(snapshot, &opened.file)));
        Ok(Index::with(opened, stream, found))
    }

    /// The damaged chunks that were given so far.
    pub fn shown(&self) -> Vec<Shown> {
        match &self.stream {
            Stream::Checked(decoded) => decoded.shown(),
            Stream::Verbatim(_) => Vec::new(),
        }
    }

    fn with(opened: &'a Opened, stream: Stream<'a, &'a File>, mut found: index::Index) -> Index<'a> {
        let attached = found.attached_side().zip(opened.snapshot.as_ref());
        let mut side = attached.map(|((number, attachment), snapshot)| {
            Side::Attached(Box::new(Decoded::attachment(snapshot, number, attachment.clone(), &opened.file)))
        });
        if let Some(stored) = found.wants_side() {
            match beside::open_side_file(opened.file.path(), stored) {
                Ok(file) => {
                    side = Some(Side::File(file));
                    found = found.with_side(Ok::<(), Cause>(()));
                }
                Err(cause) => found = found.with_side(Err(cause)),
            }
        }
        let side_missing = found.side_missing();
        Index { opened, stream, side, side_missing, found }
    }

    /// Lengths of stream and side file.
    pub fn files(&self) -> Files {
        Files { stream: self.stream.len(), side: self.side.as_ref().map(Store::len) }
    }

    /// Stream and side file in one.
    pub fn joined(&self) -> Joined<&Stream<'a, &'a File>, &Side<'a>> {
        Joined::new(&self.stream, self.side.as_ref())
    }

    /// What the ids look like; `None` where none are stored.
    ///
    /// # Errors
    /// When they cannot be read.
    pub fn sum_ids(&self, progress: Progress<'_>) -> Result<Option<IdSummary>, Cause> {
        let scratch = Directory::temporary();
        self.ask(progress, |access| async move { self.found.sum_ids(&access, &scratch).await })
    }

    /// Ask `question` of the file and its side file.
    ///
    /// # Errors
    /// Whatever the question or the files say.
    pub fn ask<'q, T, F>(&'q self, progress: Progress<'_>, question: impl FnOnce(Access<'q>) -> F) -> Result<T, Cause>
    where
        F: Future<Output = Result<T, faissil_core::error::Cause>> + 'q,
    {
        let (joined, files) = self.whole();
        ask_telling(&joined, files, progress, |ask| question(access(ask, self.opened)))
    }

    /// Ask a `question` with an answer in many parts; `each` gets them.
    ///
    /// # Errors
    /// As [`ask`](Index::ask).
    pub fn ask_on<'q, G: 'q, F>(
        &'q self,
        progress: Progress<'_>,
        question: impl FnOnce(Access<'q>, Give<G>) -> F,
        each: impl FnMut(G),
    ) -> Result<(), Cause>
    where
        F: Future<Output = Result<(), faissil_core::error::Cause>> + 'q,
    {
        let (joined, files) = self.whole();
        ask_on_telling(&joined, files, progress, |ask, give| question(access(ask, self.opened), give), each)
    }

    /// The file and the side file beside it, and their lengths.
    fn whole(&self) -> (Joined<&File, &File>, Files) {
        let side = match &self.side {
            Some(Side::File(file)) => Some(file),
            _ => None,
        };
        let files = Files { stream: self.opened.file.len(), side: side.map(Store::len) };
        (Joined::new(&self.opened.file, side), files)
    }
}

/// What is in the file at `path`.
///
/// # Errors
/// When it is no index, or cannot be read. A stream that cannot be followed to its end is no error: the report
/// has its `fault`.
pub fn inspect(path: &Path) -> Result<Inspection, Error> {
    inspect_opened(&Opened::open(path)?, &|_, _| {})
}

/// What is in an opened file.
///
/// # Errors
/// As [`inspect`](inspect()).
pub fn inspect_opened(opened: &Opened, progress: Progress<'_>) -> Result<Inspection, Error> {
    inspection_of(opened, progress).map_err(|cause| cause.reading(opened.file.path()))
}

fn inspection_of(opened: &Opened, progress: Progress<'_>) -> Result<Inspection, Cause> {
    let name = &name(opened);
    let recorded = ask(&opened.file, |ask| async move { inspect::recorded(&access(ask, opened), name).await })?;
    if let Some(recorded) = recorded {
        return Ok(recorded);
    }
    let (index, scratch) = (&Index::of(opened)?, &Directory::temporary());
    index.ask(progress, |access| async move { inspect::derived(&access, name, index, scratch).await })
}

fn name(opened: &Opened) -> String {
    opened.file.path().display().to_string()
}

/// What an opened snapshot says of itself although its bytes are no index to this build, which `why` says. `None` for
/// anything else.
///
/// # Errors
/// When the snapshot cannot be read.
pub fn inspect_opaque(opened: &Opened, why: &Cause) -> Result<Option<Opaque>, Cause> {
    let message = why.to_string();
    let fault = match why {
        Cause::Fault(fault) => {
            Fault { kind: fault.kind.label().into(), at: fault.at, path: fault.path.clone(), message }
        }
        _ => Fault { kind: "not recognised".into(), at: 0, path: String::new(), message },
    };
    let name = &name(opened);
    ask(&opened.file, |ask| async move { inspect::inspect_opaque(&access(ask, opened), name, fault).await })
}
