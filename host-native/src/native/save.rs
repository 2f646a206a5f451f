//! A live index becomes a snapshot.
//!
//! Four steps: the index is [measured](super::measure) and held to the rules, FAISS writes it through
//! [`Hashing`] into a file without a name, what goes with it is appended as for any index file
//! ([`crate::save`]), and the file gets its name. Whatever goes wrong before that, the old file is
//! untouched and nothing is left behind.

use super::{
    ffi::{self, Borrowed},
    measure::{Measured, measure},
    writer::{Hashed, Hashing},
};
use crate::{
    Cause, Error,
    drive::Onlooker,
    judge,
    load::{check_rest, check_stream},
    opened::Opened,
    parallel::Progress,
    replace::{Replacement, directory_of},
    save::{Additions, Attach, Prepared, Saved, Stream, append, check_additions, prepare, report, with_writeback},
    store::{File, Stoppable, Store},
    summing::Summing,
};
use faiss::index::{CpuIndex, NativeIndex};
use faissil_core::{
    files::Files,
    ids::place,
    index::has_ids,
    report::Level,
    snapshot::{Finished, Layout, Writer},
};
use std::{
    fmt, fs,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{Arc, atomic::AtomicBool},
};

/// Any index of the crate `faiss` that lives in this machine's memory: `IndexImpl`, the typed ones, id maps over them,
/// binary ones. `Kind` is [`Float`] or [`Binary`] and is inferred.
pub trait Savable<Kind> {
    #[doc(hidden)]
    fn borrowed(&self) -> Result<Live<'_>, Cause>;
}

/// Indexes of floats.
#[derive(Debug)]
pub enum Float {}

/// Indexes of bits.
#[derive(Debug)]
pub enum Binary {}

/// What [`load`](fn@super::load) gives back.
#[derive(Debug)]
pub enum Loaded {}

/// A live index, as this crate sees it.
#[derive(Debug, Clone, Copy)]
pub struct Live<'a>(pub(super) Borrowed<'a>);

impl<I: NativeIndex<Inner = faiss_sys::FaissIndex> + CpuIndex> Savable<Float> for I {
    fn borrowed(&self) -> Result<Live<'_>, Cause> {
        Borrowed::float(self.inner_ptr(), self).map(Live)
    }
}

impl<I: NativeIndex<u8, i32, Inner = faiss_sys::FaissIndexBinary> + CpuIndex<u8, i32>> Savable<Binary> for I {
    fn borrowed(&self) -> Result<Live<'_>, Cause> {
        Borrowed::binary(self.inner_ptr(), self).map(Live)
    }
}

/// Whether a snapshot is on the disk when saving it returns.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Durability {
    /// Yes: file and directory are synced. A crash at any instant leaves the old snapshot or the new one.
    #[default]
    Synced,
    /// When the system gets to it. Readers see the old snapshot or the new one; after a crash of the machine the file
    /// may be anything, which verifying it shows.
    Unsynced,
}

/// Save `index` as a sealed snapshot at `path`, replacing what is there. [`Save`] has the options.
///
/// # Errors
/// When the index contradicts itself, FAISS cannot write it, or the file cannot be written. Then what was at `path` is as it was.
///
/// # Example
///
/// ```
/// use faiss::{Index, index_factory, MetricType};
///
/// let folder = tempfile::tempdir()?;
/// let path = folder.path().join("four.faissil");
/// let mut index = index_factory(2, "Flat", MetricType::L2)?;
/// index.add(&[0.0, 0.0, 0.0, 1.0, 1.0, 0.0, 1.0, 1.0])?;
/// let saved = faissil::save(&index, &path)?;
/// assert_eq!(saved.fidelity, "exact bytes");
///
/// let loaded = faissil::load(&path)?;
/// assert_eq!(loaded.search(&[0.9, 0.2], 1)?.ids, [2]);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn save<Kind>(index: &impl Savable<Kind>, path: impl AsRef<Path>) -> Result<Saved, Error> {
    Save::new().save(index, path)
}

/// The bytes that FAISS writes of `index`: its stream, in memory. For small indexes; [`save`] holds none of it.
///
/// # Errors
/// As [`save`].
pub fn stream_of<Kind>(index: &impl Savable<Kind>) -> Result<Vec<u8>, Cause> {
    let Live(index) = index.borrowed()?;
    let mut stream = Vec::with_capacity(usize::try_from(measure(index)?.len).unwrap_or(0));
    ffi::write(index, &mut |bytes| {
        stream.extend_from_slice(bytes);
        Ok(())
    })?;
    Ok(stream)
}

/// How an index is saved.
///
/// ```
/// # use faiss::{Index, index_factory, MetricType};
/// # let folder = tempfile::tempdir()?;
/// # let path = folder.path().join("four.faissil");
/// # let index = index_factory(2, "Flat", MetricType::L2)?;
/// faissil::Save::new()
///     .metadata("model", "all-MiniLM-L6-v2")
///     .attach_bytes("names.json", "application/json", br#"["a", "b"]"#)
///     .save(&index, &path)?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[must_use = "nothing happens before `save`"]
#[derive(Clone)]
pub struct Save {
    layout: Layout,
    additions: Additions,
    durability: Durability,
    read_back: bool,
    partial: bool,
    progress: Arc<dyn Fn(u64, u64) + Send + Sync>,
    cancel: Arc<AtomicBool>,
}

impl Default for Save {
    fn default() -> Save {
        Save::new()
    }
}

impl fmt::Debug for Save {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Save")
            .field("layout", &self.layout)
            .field("additions", &self.additions)
            .field("durability", &self.durability)
            .finish_non_exhaustive()
    }
}

impl Save {
    /// A sealed snapshot without additions, synced.
    pub fn new() -> Save {
        Save {
            layout: Layout::Sealed,
            additions: Additions::default(),
            durability: Durability::Synced,
            read_back: false,
            partial: false,
            progress: Arc::new(|_, _| {}),
            cancel: Arc::default(),
        }
    }

    /// With this layout and these additions.
    pub(super) fn of(layout: Layout, additions: Additions) -> Save {
        Save { layout, additions, ..Save::new() }
    }

    /// Sealed, which FAISS reads as well, or packed, which is smaller. A packed snapshot passes through a temporary file of the
    /// index's size beside it, because its chunks are cut where the index has its seams, and those are known at its end.
    pub fn layout(mut self, layout: Layout) -> Save {
        self.layout = layout;
        self
    }

    /// Add a key and its value to the metadata.
    pub fn metadata(mut self, key: impl Into<String>, value: impl Into<String>) -> Save {
        self.additions.metadata.push((key.into(), value.into()));
        self
    }

    /// Add a file under a plain name.
    pub fn attach(mut self, name: impl Into<String>, path: impl Into<PathBuf>) -> Save {
        self.additions.attachments.push((name.into(), Attach::File(path.into())));
        self
    }

    /// Add bytes under a plain name.
    pub fn attach_bytes(
        mut self,
        name: impl Into<String>,
        media_type: impl Into<String>,
        bytes: impl Into<Vec<u8>>,
    ) -> Save {
        let attach = Attach::Bytes { media_type: media_type.into(), bytes: bytes.into() };
        self.additions.attachments.push((name.into(), attach));
        self
    }

    /// Add a table by which a vector is found by its id with few reads, also over a network.
    pub fn id_index(mut self) -> Save {
        self.additions.id_index = true;
        self
    }

    /// The file with the lists of an index that has `OnDiskInvertedLists`; it becomes an attachment.
    pub fn side_file(mut self, path: impl Into<PathBuf>) -> Save {
        self.additions.side_files.push(path.into());
        self
    }

    /// Accept that lists which are in a file that is not given or found are left out, with fidelity `partial`. Without this
    /// such an index is refused.
    pub fn allow_partial(mut self) -> Save {
        self.partial = true;
        self
    }

    /// Whether the snapshot is on the disk at the end.
    pub fn durability(mut self, durability: Durability) -> Save {
        self.durability = durability;
        self
    }

    /// Whether what was written is read again and held against its digests before it gets its name. It is not, unless told so: digests are
    /// made of what FAISS holds, so whatever goes wrong behind them shows when the snapshot is verified or loaded.
    pub fn read_back(mut self, read_back: bool) -> Save {
        self.read_back = read_back;
        self
    }

    /// Be told how many bytes of how many are done, once for writing and once for reading back.
    pub fn progress(mut self, progress: impl Fn(u64, u64) + Send + Sync + 'static) -> Save {
        self.progress = Arc::new(progress);
        self
    }

    /// Stop, with [`Cause::Cancelled`], soon after this has become true.
    pub fn cancel(mut self, cancel: Arc<AtomicBool>) -> Save {
        self.cancel = cancel;
        self
    }

    /// Save `index` at `path`.
    ///
    /// # Errors
    /// As [`save`](fn@save).
    pub fn save<Kind>(&self, index: &impl Savable<Kind>, path: impl AsRef<Path>) -> Result<Saved, Error> {
        let path = path.as_ref();
        let live = index.borrowed().map_err(|cause| refused(cause, path))?;
        self.save_live(live, path, &*self.progress)
    }

    /// The same, with progress told to a function that need not outlive it.
    pub(super) fn save_live(&self, Live(index): Live<'_>, path: &Path, progress: Progress<'_>) -> Result<Saved, Error> {
        let refused = |cause: Cause| refused(cause, path);
        check_additions(&self.additions)?;
        let measured = measure(index).map_err(refused)?;
        if !self.partial
            && let [stored, ..] = judge::side_files(&measured.outline)[..]
            && self.additions.side_files.is_empty()
        {
            let said = format!("its inverted lists are in another file, `{}`", stored.escape_debug());
            return Err(Cause::Refused(said)
                .of(format!("cannot save the index as `{}`", path.display()))
                .hint("`Save::side_file` takes that file in, `Save::allow_partial` saves the index without it"));
        }
        let replacement = Replacement::of(path)?;
        let writing = |cause: Cause| match cause {
            Cause::Io(_) => cause.writing(path),
            other => refused(other),
        };
        match self.layout {
            Layout::Sealed => replacement.reserve(measured.len),
            Layout::Packed => replacement.check_room(measured.len),
        }
        .map_err(writing)?;
        let file = replacement.file();
        let write = || match self.layout {
            Layout::Sealed => self.sealed(index, &measured, &replacement, path, progress, writing),
            Layout::Packed => self.packed(index, &measured, file, path, progress, writing),
        };
        let saved = match self.durability {
            Durability::Synced => with_writeback(file, write)?,
            Durability::Unsynced => write()?,
        };
        let committed = match self.durability {
            Durability::Synced => replacement.commit(),
            Durability::Unsynced => replacement.commit_unsynced(),
        };
        committed.map_err(writing)?;
        Ok(saved)
    }

    fn sealed(
        &self,
        index: Borrowed<'_>,
        measured: &Measured,
        replacement: &Replacement,
        path: &Path,
        progress: Progress<'_>,
        writing: impl Fn(Cause) -> Error,
    ) -> Result<Saved, Error> {
        let file = replacement.file();
        // Their lists may be in a file that is not FAISS's to write.
        let ids = place(&measured.outline);
        let follows = has_ids(&ids) && judge::side_files(&measured.outline).is_empty();
        let written = || {
            let scratch = directory_of(path);
            let files = Files { stream: measured.len, side: None };
            let ids = follows.then(|| Onlooker::new(Summing::new(&ids, files, &scratch))).transpose()?;
            let hashed = self.write(index, measured.len, file, ids, progress)?;
            Ok((Opened::from_file(File::from_open(file.try_clone()?, replacement.path())?)?, hashed))
        };
        let (opened, hashed) = written().map_err(&writing)?;
        let prepared = self.prepared(&opened, path)?;
        let how = Stream::Hashed { values: &hashed.values, ids: hashed.ids.map(Box::new) };
        self.finish(how, file, path, &opened.file, prepared, progress).map_err(writing)
    }

    /// By way of a file without a name that holds the stream.
    fn packed(
        &self,
        index: Borrowed<'_>,
        measured: &Measured,
        file: &fs::File,
        path: &Path,
        progress: Progress<'_>,
        writing: impl Fn(Cause) -> Error,
    ) -> Result<Saved, Error> {
        let written = || {
            let spool = tempfile::tempfile_in(directory_of(path))?;
            self.write(index, measured.len, &spool, None, progress)?;
            Opened::from_file(File::from_open(spool, path)?)
        };
        let opened = written().map_err(&writing)?;
        let prepared = self.prepared(&opened, path)?;
        let stream = Stoppable::new(&opened.file, &self.cancel);
        self.finish(Stream::Pack(&mut Vec::new()), file, path, &stream, prepared, progress).map_err(writing)
    }

    /// Write what goes with the stream, and the stream where it is not there yet; read all of it back.
    fn finish(
        &self,
        how: Stream<'_>,
        file: &fs::File,
        path: &Path,
        stream: &impl Store,
        prepared: Prepared<'_>,
        progress: Progress<'_>,
    ) -> Result<Saved, Cause> {
        let writer = match self.layout {
            Layout::Sealed => Writer::sealed(stream.len(), None)?,
            Layout::Packed => Writer::packed(stream.len())?,
        };
        let scratch = directory_of(path);
        let (finished, ids) = append(writer, file, how, stream, &prepared, &self.additions, &scratch, progress)?;
        file.write_all_at(&finished.trailer, finished.file_len - finished.trailer.len() as u64)?;
        if self.read_back {
            self.check_written(file, path, &finished, progress)?;
        }
        Ok(report(self.layout, stream.len(), finished, prepared, ids, None))
    }

    /// Hold every byte that was written against its digest. What the manifest says of the stream was made from it a moment ago, so that
    /// is not made again.
    fn check_written(
        &self,
        file: &fs::File,
        path: &Path,
        finished: &Finished,
        progress: Progress<'_>,
    ) -> Result<(), Cause> {
        let again = Opened::from_file(File::from_open(file.try_clone()?, path)?)?;
        let Some(snapshot) = again.snapshot.as_ref().filter(|snapshot| snapshot.digest() == finished.digest) else {
            return Err(Cause::Damage("what was written reads back as something else".into()));
        };
        let file = Stoppable::new(&again.file, &self.cancel);
        check_rest(&file, snapshot)?;
        check_stream(&file, snapshot, progress)
    }

    /// Let FAISS write; `ids` looks on.
    fn write<'a>(
        &'a self,
        index: Borrowed<'_>,
        len: u64,
        file: &'a fs::File,
        ids: Option<Onlooker<Summing<'a>>>,
        progress: Progress<'a>,
    ) -> Result<Hashed<'a>, Cause> {
        let mut hashing = Hashing::new(file, len, ids, progress, &self.cancel);
        ffi::write(index, &mut |bytes| hashing.take(bytes))?;
        hashing.finish()
    }

    fn prepared<'a>(&self, opened: &'a Opened, path: &Path) -> Result<Prepared<'a>, Error> {
        let prepared = prepare(opened, &self.additions, path, "`faissil save --opaque`")?;
        match prepared.judged.warnings.first() {
            Some(warning) if prepared.level() >= Level::Partial && !self.partial => {
                let cause = Cause::Refused(warning.clone());
                Err(cause.of(format!("cannot save the index as `{}`", path.display())))
            }
            _ => Ok(prepared),
        }
    }
}

fn refused(cause: Cause, path: &Path) -> Error {
    cause.of(format!("cannot save the index as `{}`", path.display())).hint("nothing was written")
}
