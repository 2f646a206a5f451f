//! An index file becomes a snapshot.
//!
//! The stream is judged, copied or packed with all cores while it is hashed and its ids are summed up,
//! and everything that was written is read back and verified before the file gets its name.

mod prepared;

pub(crate) use prepared::{PARTIAL, Prepared, check_additions, prepare};

use crate::{
    Cause, Error,
    append::{Append, PackedPart},
    drive::Onlooker,
    judge,
    opened::Opened,
    parallel::Progress,
    replace::{Replacement, directory_of},
    sorting::Sorter,
    store::{File, Joined, Stoppable, Store},
    summing::Summing,
    verify::{Verified, verify},
};
use faissil_core::{
    codec::Level,
    files::Files,
    ids::{IdSummary, place},
    index::has_ids,
    keep::{Kept, this_build},
    outline::Outline,
    snapshot::{Digest, Finished, Layout, Parts, SealedHash, Writer},
};
use std::{
    fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{atomic::AtomicBool, mpsc},
    thread,
    time::Duration,
};

/// What goes into a snapshot beside the stream.
#[derive(Debug, Clone, Default)]
pub struct Additions {
    /// Metadata; of two values of one key the last counts.
    pub metadata: Vec<(String, String)>,
    /// Attachments, each under a name.
    pub attachments: Vec<(String, Attach)>,
    /// Side files of the index that are not beside it.
    pub side_files: Vec<PathBuf>,
    /// Whether to add a table by which an id is found with few reads.
    pub id_index: bool,
    /// Whether to take bytes that are no index that this build knows.
    pub opaque: bool,
    /// How much time a packed stream may take to be small.
    pub pack: Level,
}

/// What is attached.
#[derive(Debug, Clone)]
pub enum Attach {
    /// The bytes of a file; the end of its name says of which media type.
    File(PathBuf),
    /// These bytes.
    Bytes {
        /// What they are: `application/json`, ...
        media_type: String,
        /// All of them.
        bytes: Vec<u8>,
    },
}

/// Where the index comes from.
#[derive(Debug, Clone)]
pub enum Input {
    /// A file: an index, or a snapshot.
    Path(PathBuf),
    /// Standard input.
    Stdin,
}

/// What was saved.
#[derive(Debug)]
pub struct Saved {
    /// Sealed or packed.
    pub layout: Layout,
    /// Length of the snapshot in bytes.
    pub size_bytes: u64,
    /// Length of the stream in bytes.
    pub stream_len: u64,
    /// BLAKE3 of the stream.
    pub stream_digest: Digest,
    /// The snapshot digest.
    pub digest: Digest,
    /// The worst of all rows: `exact bytes` where the stream is the index itself, `partial` when a side file is missing.
    pub fidelity: &'static str,
    /// The outline, if one could be made.
    pub outline: Option<Outline>,
    /// The ids, if any are stored.
    pub ids: Option<IdSummary>,
    /// Names and lengths of the attachments.
    pub attachments: Vec<(String, u64)>,
    /// Of a packed snapshot of an index file, what became of each part of the stream.
    pub parts: Vec<PackedPart>,
    /// What the user has to know.
    pub warnings: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// What reading it back found: no damage. `None` for a live index, whose bytes are held against their digests alone.
    pub verified: Option<Verified>,
}

/// Save the index of `input` as a snapshot at `output`.
///
/// # Errors
/// When the index is not fit to be saved, or cannot be read or written. Then `output` is as it was.
pub fn save(
    input: &Input,
    output: &Path,
    layout: Layout,
    additions: &Additions,
    progress: Progress<'_>,
) -> Result<Saved, Error> {
    let opened = match input {
        Input::Path(path) => Opened::open(path)?,
        Input::Stdin => spool(&directory_of(output)).map_err(|cause| cause.reading(Path::new("-")))?,
    };
    let name = match input {
        Input::Path(path) => path.as_path(),
        Input::Stdin => Path::new("-"),
    };
    let prepared = prepare(&opened, additions, name, "--opaque")?;
    let replacement = Replacement::of(output)?;
    let stream = opened.stream();
    let need = prepared.attached() + stream.len();
    let least = if layout == Layout::Sealed { need } else { 0 };
    let room = replacement.check_room(least).and_then(|()| match layout {
        Layout::Sealed => replacement.reserve(stream.len()),
        Layout::Packed => Ok(()),
    });
    room.map_err(|cause| cause.writing(output))?;

    let file = replacement.file();
    let mut parts = Vec::new();
    let mut write = || {
        let writer = match layout {
            Layout::Sealed => Writer::sealed(stream.len(), None)?,
            Layout::Packed => Writer::packed(stream.len())?,
        };
        let how = if layout == Layout::Sealed { Stream::Copy } else { Stream::Pack(&mut parts) };
        let (finished, ids) = with_writeback(file, || {
            append(writer, file, how, &stream, &prepared, additions, &directory_of(output), progress)
        })?;
        file.write_all_at(&finished.trailer, finished.file_len - finished.trailer.len() as u64)?;
        Ok::<_, Cause>((finished, ids))
    };
    let (finished, ids) = write().map_err(|cause| blame(cause, name, output))?;
    if let Some(snapshot) = &opened.snapshot
        && snapshot.stream().digest != finished.stream_digest
    {
        let said = "the stream does not have the digest that the snapshot records";
        return Err(Cause::Damage(said.into()).reading(name).hint("`faissil verify` says where the damage is"));
    }
    opened.file.check_unchanged().map_err(|cause| cause.reading(name))?;

    let verified = thread::scope(|scope| {
        let synced = scope.spawn(|| file.sync_all());
        let verified = read_back(file, output, &finished, &AtomicBool::new(false), progress);
        synced.join().map_err(|_| Cause::Refused("syncing the file failed".into()))?.map_err(Cause::from)?;
        verified
    });
    let verified = verified.map_err(|cause| cause.writing(output))?;
    replacement.commit().map_err(|cause| cause.writing(output))?;
    Ok(Saved { parts, ..report(layout, stream.len(), finished, prepared, ids, Some(verified)) })
}

/// That what stands in `file` is the snapshot that was written.
pub(crate) fn read_back(
    file: &fs::File,
    path: &Path,
    finished: &Finished,
    cancel: &AtomicBool,
    progress: Progress<'_>,
) -> Result<Verified, Cause> {
    let again = Opened::from_file(File::from_open(file.try_clone()?, path)?)?;
    let Some(snapshot) = again.snapshot.as_ref().filter(|snapshot| snapshot.digest() == finished.digest) else {
        return Err(Cause::Damage("what was written reads back as something else".into()));
    };
    let verified = verify(&Stoppable::new(&again.file, cancel), snapshot, &directory_of(path), progress)?;
    match verified.damage.first() {
        None => Ok(verified),
        Some(damage) => Err(Cause::Damage(format!("what was written reads back damaged: {}", damage.reason))),
    }
}

pub(crate) fn report(
    layout: Layout,
    stream_len: u64,
    finished: Finished,
    prepared: Prepared<'_>,
    ids: Option<IdSummary>,
    verified: Option<Verified>,
) -> Saved {
    let attachments = prepared.attachments.iter().map(|added| (added.name.clone(), added.store.len())).collect();
    Saved {
        layout,
        size_bytes: finished.file_len,
        stream_len,
        stream_digest: finished.stream_digest,
        digest: finished.digest,
        fidelity: prepared.level().name(),
        outline: prepared.judged.outline,
        ids,
        attachments,
        parts: Vec::new(),
        warnings: prepared.judged.warnings,
        notes: prepared.judged.notes,
        verified,
    }
}

/// What to do with a stream.
pub(crate) enum Stream<'a> {
    /// Copy it to the start of the file.
    Copy,
    /// It stands there already. This is asked before the first byte is written behind it.
    InPlace(&'a dyn Fn() -> Result<(), Cause>),
    /// It stands there already, and `values` are those of its pieces of [`PIECE`](crate::parallel::PIECE) bytes.
    /// `ids` has summed them up on the way; where it is missing, they are read.
    #[cfg_attr(
        not(feature = "native"),
        expect(dead_code, reason = "only FAISS writes streams that are hashed on the way")
    )]
    Hashed { values: &'a [SealedHash], ids: Option<Box<Onlooker<Summing<'a>>>> },
    /// Write it in coded chunks; what became of each part of it is put here.
    Pack(&'a mut Vec<PackedPart>),
}

/// Write everything but the trailer.
#[allow(clippy::too_many_arguments)] // what saving and sealing share
pub(crate) fn append(
    writer: Writer,
    file: &fs::File,
    how: Stream<'_>,
    stream: &impl Store,
    prepared: &Prepared<'_>,
    additions: &Additions,
    scratch: &Path,
    progress: Progress<'_>,
) -> Result<(Finished, Option<IdSummary>), Cause> {
    let outline = prepared.judged.outline.as_ref();
    let side = prepared.side.map(|number| &*prepared.attachments[number].store);
    let files = Files { stream: stream.len(), side: side.map(Store::len) };
    let joined = Joined::new(stream, side);
    let id_place = outline.map(place).filter(has_ids);
    let readable = outline.is_none_or(|outline| side.is_some() || judge::side_files(outline).is_empty());
    let (how, seen) = match how {
        Stream::Hashed { values, ids } => (Stream::Hashed { values, ids: None }, ids),
        how => (how, None),
    };
    let mut onlooker = match &id_place {
        Some(place) if readable && seen.is_none() => Some(Onlooker::new(Summing::new(place, files, scratch))?),
        _ => None,
    };

    let mut append = Append::new(writer, file);
    match how {
        Stream::Pack(parts) => append.packed(stream, outline, additions.pack, parts, onlooker.as_mut(), progress)?,
        Stream::Hashed { values, .. } => append.hashed(values)?,
        Stream::Copy => append.sealed(stream, true, onlooker.as_mut(), &|| Ok(()), progress)?,
        Stream::InPlace(unchanged) => append.sealed(stream, false, onlooker.as_mut(), unchanged, progress)?,
    };
    let ids = match (seen, onlooker) {
        (Some(seen), _) => seen.finish(&joined)?,
        (None, Some(onlooker)) => onlooker.finish(&joined)?,
        (None, None) => None,
    };
    for added in &prepared.attachments {
        append.attachment(&added.name, &added.media_type, &*added.store)?;
    }
    if additions.id_index
        && let (Some(place), Some(_)) = (&id_place, &ids)
    {
        append.id_lookup(place, files, &joined, Sorter::new(scratch))?;
    }
    if let Some(outline) = outline.filter(|outline| outline.fault.is_none()) {
        append.list_sizes(outline, stream)?;
    }
    let kept = Kept::of(outline, ids.as_ref());
    let finished = append.finish(Parts {
        faiss_min: kept.faiss_min,
        metadata: prepared.metadata.clone(),
        producer: Some(this_build()),
        ids: kept.ids,
        tree: kept.tree,
        fidelity: prepared.fidelity.clone(),
        recipe: prepared.recipe.clone(),
    })?;
    Ok((finished, ids))
}

/// Do the work while what it writes is already on its way to the disk, so that the last sync is short.
pub(crate) fn with_writeback<T>(file: &fs::File, work: impl FnOnce() -> T) -> T {
    let (done, wait) = mpsc::channel::<()>();
    thread::scope(|scope| {
        scope.spawn(move || {
            let pause = Duration::from_millis(100);
            while wait.recv_timeout(pause) == Err(mpsc::RecvTimeoutError::Timeout) {
                // What goes wrong here shows at the last sync.
                let _ = file.sync_data();
            }
        });
        let out = work();
        drop(done);
        out
    })
}

/// Standard input as a file without a name in `directory`.
///
/// # Errors
/// When it cannot be read or kept, or as [`Opened::from_file`].
pub fn spool(directory: &Path) -> Result<Opened, Cause> {
    let mut file = tempfile::tempfile_in(directory)?;
    io::copy(&mut io::stdin().lock(), &mut file)?;
    Opened::from_file(File::from_open(file, Path::new("-"))?)
}

/// Whether reading or writing is what failed shows in the kind of cause.
fn blame(cause: Cause, input: &Path, output: &Path) -> Error {
    match cause {
        Cause::Io(_) => cause.writing(output),
        _ => cause.reading(input),
    }
}
