//! An index file becomes a snapshot.
//!
//! The stream is judged, copied or packed with all cores while it is hashed and its ids are summed up,
//! and everything that was written is read back and verified before the file gets its name.

use crate::{
    Cause, Error,
    append::{Append, Progress},
    beside,
    drive::{Onlooker, drive},
    judge::{self, Judged},
    opened::{Opened, interrupted_seal},
    replace::{Replacement, directory_of},
    sorting::Sorter,
    store::{Decoded, File, Joined, Stoppable, Store},
    summing::Summing,
    verify::{Verified, has_ids, this_build, verify},
};
use faissil_core::{
    files::Files,
    ids::{IdSummary, place},
    keep::Kept,
    outline::Outline,
    snapshot::{
        Attachments, Digest, Entry, Fidelity, Finished, Layout, Metadata, Parts, Recipe, Run, SECTIONS, SealedHash,
        Snapshot, Writer,
    },
};
use std::{
    collections::BTreeSet,
    fs, io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::{atomic::AtomicBool, mpsc},
    thread,
    time::Duration,
};

/// Media type of the side file of on-disk inverted lists.
const SIDE_FILE_TYPE: &str = "application/x-faiss-ivfdata";

/// Number of the level in `FIDE` for data that is not all there.
pub(crate) const PARTIAL: u8 = 3;

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
    /// `exact bytes`, or `partial` when a side file is missing.
    pub fidelity: &'static str,
    /// The outline, if one could be made.
    pub outline: Option<Outline>,
    /// The ids, if any are stored.
    pub ids: Option<IdSummary>,
    /// Names and lengths of the attachments.
    pub attachments: Vec<(String, u64)>,
    /// What the user has to know.
    pub warnings: Vec<String>,
    /// What is good to know.
    pub notes: Vec<String>,
    /// What reading it back found: no damage. `None` where the caller did without.
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
    replacement.check_room(least).map_err(|cause| cause.writing(output))?;

    let file = replacement.file();
    let write = || {
        let writer = match layout {
            Layout::Sealed => Writer::sealed(stream.len(), None)?,
            Layout::Packed => Writer::packed(stream.len())?,
        };
        let copy = if layout == Layout::Sealed { Stream::Copy } else { Stream::Pack };
        let (finished, ids) = with_writeback(file, || {
            append(writer, file, copy, &stream, &prepared, additions, &directory_of(output), progress)
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
    Ok(report(layout, stream.len(), finished, prepared, ids, Some(verified)))
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
        fidelity: if prepared.is_partial() { "partial" } else { "exact bytes" },
        outline: prepared.judged.outline,
        ids,
        attachments,
        warnings: prepared.judged.warnings,
        notes: prepared.judged.notes,
        verified,
    }
}

/// What goes into a snapshot, read and judged.
pub(crate) struct Prepared<'a> {
    pub(crate) judged: Judged,
    pub(crate) metadata: Vec<Entry>,
    attachments: Vec<Attaching<'a>>,
    /// Number of the attachment that is the side file.
    pub(crate) side: Option<usize>,
    pub(crate) fidelity: Option<Fidelity>,
    pub(crate) recipe: Option<Recipe>,
}

struct Attaching<'a> {
    name: String,
    media_type: String,
    store: Box<dyn Store + 'a>,
}

impl Prepared<'_> {
    /// Bytes of all attachments.
    pub(crate) fn attached(&self) -> u64 {
        self.attachments.iter().map(|added| added.store.len()).sum()
    }

    /// Whether rows of the index are missing.
    pub(crate) fn is_partial(&self) -> bool {
        self.fidelity.as_ref().is_some_and(|fidelity| fidelity.runs.iter().any(|run| run.level >= PARTIAL))
    }
}

/// Judge the stream of the file called `name` and collect what goes with it. `opaque`: what takes in any bytes.
pub(crate) fn prepare<'a>(
    opened: &'a Opened,
    additions: &Additions,
    name: &Path,
    opaque: &str,
) -> Result<Prepared<'a>, Error> {
    let reading = |cause: Cause| cause.reading(name);
    let stream = opened.stream();
    let judged = judge::judge(&stream, additions.opaque).map_err(|cause| refuse(cause, name, opaque))?;
    once("--meta", additions.metadata.iter().map(|(key, _)| key))?;
    once("--attach", additions.attachments.iter().map(|(name, _)| name))?;
    let mut prepared = Prepared::only(judged);
    if let Some(len) = opened.interrupted {
        let rest = opened.file.len() - len;
        let said = format!("{}; the {rest} bytes behind it are left out", interrupted_seal(len));
        prepared.judged.warnings.push(said);
    }
    if let Some(snapshot) = &opened.snapshot {
        prepared.keep(snapshot, &opened.file).map_err(reading)?;
    }
    let entry = |(key, value): &(String, String)| Entry { key: key.clone(), value: value.clone() };
    prepared.metadata.extend(additions.metadata.iter().map(entry));
    for (name, attach) in &additions.attachments {
        let what = match attach {
            Attach::File(path) => path.display().to_string(),
            Attach::Bytes { .. } => name.escape_debug().to_string(),
        };
        beside::plain_name(name)
            .map_err(|cause| cause.of(format!("cannot attach `{what}`")).hint("--attach NAME=PATH"))?;
        match attach {
            Attach::File(path) => prepared.attach(name, media_type(path), Box::new(File::open(path)?)),
            Attach::Bytes { media_type, bytes } => prepared.attach(name, media_type, Box::new(bytes.clone())),
        };
    }
    prepared.take_side_files(opened, additions)?;
    Ok(prepared)
}

/// That nothing is given twice: the last would win in silence.
fn once<'n>(option: &str, mut names: impl Iterator<Item = &'n String>) -> Result<(), Error> {
    let mut seen = BTreeSet::new();
    match names.find(|name| !seen.insert(*name)) {
        Some(name) => {
            let cause = Cause::Refused(format!("`{}` is given twice", name.escape_debug()));
            Err(cause.of(format!("cannot take {option}")))
        }
        None => Ok(()),
    }
}

impl<'a> Prepared<'a> {
    /// A judged stream, and nothing with it.
    pub(crate) fn only(judged: Judged) -> Prepared<'a> {
        Prepared { judged, metadata: Vec::new(), attachments: Vec::new(), side: None, fidelity: None, recipe: None }
    }

    /// Keep what the snapshot has beside its stream.
    fn keep(&mut self, snapshot: &'a Snapshot, file: &'a File) -> Result<(), Cause> {
        if let Some(metadata) = drive(snapshot.body::<Metadata>(), file)? {
            self.metadata = metadata.entries;
        }
        self.fidelity = drive(snapshot.body::<Fidelity>(), file)?;
        self.recipe = drive(snapshot.body::<Recipe>(), file)?;
        let attachments = drive(snapshot.body::<Attachments>(), file)?;
        for (number, attachment) in (0..).zip(attachments.map(|body| body.attachments).unwrap_or_default()) {
            let (name, media_type) = (attachment.name.clone(), attachment.media_type.clone());
            let store = Decoded::attachment(snapshot, number, attachment, file);
            self.attach(&name, &media_type, Box::new(store));
        }
        let unknown = |tag| !SECTIONS.iter().any(|(known, ..)| *known == tag);
        for section in snapshot.sections().iter().filter(|section| unknown(section.tag)) {
            let said = format!("section {} is not known to this build and was left out", section.name());
            self.judged.warnings.push(said);
        }
        Ok(())
    }

    /// Add an attachment, in the place of one with the same name. Gives its number.
    pub(crate) fn attach(&mut self, name: &str, media_type: &str, store: Box<dyn Store + 'a>) -> usize {
        let added = Attaching { name: name.into(), media_type: media_type.into(), store };
        match self.attachments.iter().position(|other| other.name == name) {
            Some(place) => {
                self.attachments[place] = added;
                place
            }
            None => {
                self.attachments.push(added);
                self.attachments.len() - 1
            }
        }
    }

    /// Take in the files that the stream refers to.
    fn take_side_files(&mut self, opened: &Opened, additions: &Additions) -> Result<(), Error> {
        let Some(outline) = &self.judged.outline else { return Ok(()) };
        let names: Vec<String> = judge::side_files(outline).into_iter().map(String::from).collect();
        let ntotal = outline.root.u64("ntotal").unwrap_or(0);
        let mut given: Vec<&PathBuf> = additions.side_files.iter().collect();
        for stored in &names {
            let base = beside::base_name(stored).unwrap_or_default().to_string();
            let named = |path: &&PathBuf| path.file_name().is_some_and(|name| name == base.as_str());
            let place = given.iter().position(named).or((names.len() == 1 && given.len() == 1).then_some(0));
            let found = match place.map(|place| given.remove(place)) {
                Some(path) => File::open(path)?,
                None if self.attachments.iter().any(|attachment| attachment.name == base) => {
                    self.side = self.attachments.iter().position(|attachment| attachment.name == base);
                    continue;
                }
                None => match beside::open_side_file(opened.file.path(), stored) {
                    Ok(file) => file,
                    Err(cause) => {
                        self.miss(stored, &cause, ntotal);
                        continue;
                    }
                },
            };
            if base.is_empty() {
                self.miss(stored, &Cause::Refused("its name cannot be used".into()), ntotal);
                continue;
            }
            self.fidelity = None;
            self.side = Some(self.attach(&base, SIDE_FILE_TYPE, Box::new(found)));
        }
        match given.first() {
            None => Ok(()),
            Some(path) => {
                let cause = Cause::Refused("the index refers to no file of that name".into());
                Err(cause.of(format!("cannot take `{}` as a side file", path.display())))
            }
        }
    }

    /// A side file is not there: the index is kept without its lists.
    fn miss(&mut self, stored: &str, cause: &Cause, rows: u64) {
        let stored = stored.escape_debug();
        self.judged.warnings.push(format!(
            "the lists of this index are in another file, `{stored}`, which was not found beside it ({cause}); \
             they are not in the snapshot (--side-file PATH takes them in)"
        ));
        if rows > 0 {
            let strategies = vec![format!("stream bytes, without the lists in `{stored}`")];
            self.fidelity = Some(Fidelity { strategies, runs: vec![Run { rows, level: PARTIAL, strategy: 0 }] });
        }
    }
}

/// What to do with a stream.
#[derive(Clone, Copy)]
pub(crate) enum Stream<'a> {
    /// Copy it to the start of the file.
    Copy,
    /// It stands there already. This is asked before the first byte is written behind it.
    InPlace(&'a dyn Fn() -> Result<(), Cause>),
    /// It stands there already, and these are the values of its pieces of [`PIECE`](crate::parallel::PIECE) bytes.
    #[cfg_attr(
        not(feature = "native"),
        expect(dead_code, reason = "only FAISS writes streams that are hashed on the way")
    )]
    Hashed(&'a [SealedHash]),
    /// Write it in coded chunks.
    Pack,
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
    let mut onlooker = match &id_place {
        Some(place) if readable => Some(Onlooker::new(Summing::new(place, files, scratch))?),
        _ => None,
    };

    let mut append = Append::new(writer, file);
    match how {
        Stream::Pack => append.packed(stream, outline, onlooker.as_mut(), progress)?,
        Stream::Hashed(values) => append.hashed(values)?,
        Stream::Copy => append.sealed(stream, true, onlooker.as_mut(), &|| Ok(()), progress)?,
        Stream::InPlace(unchanged) => append.sealed(stream, false, onlooker.as_mut(), unchanged, progress)?,
    };
    let ids = onlooker.map(|onlooker| onlooker.finish(&joined)).transpose()?.flatten();
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

/// Why this input is not taken, and what would help.
fn refuse(cause: Cause, name: &Path, opaque: &str) -> Error {
    use faissil_core::Kind;
    let hint = match &cause {
        Cause::Fault(fault) => match fault.kind {
            Kind::UnknownTag(_) | Kind::MisplacedTag { .. } => Some("this is not a FAISS index that this build knows"),
            Kind::Truncated { .. } => Some("was the file cut short when it was copied?"),
            _ => Some("the file contradicts itself"),
        },
        _ => None,
    };
    let error = cause.reading(name);
    match hint {
        Some(hint) => {
            error.hint(format!("{hint}{} {opaque} saves it all the same", if hint.ends_with('?') { "" } else { ";" }))
        }
        None => error,
    }
}

/// Whether reading or writing is what failed shows in the kind of cause.
fn blame(cause: Cause, input: &Path, output: &Path) -> Error {
    match cause {
        Cause::Io(_) => cause.writing(output),
        _ => cause.reading(input),
    }
}

/// The media type that the end of a name stands for.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("md") => "text/markdown",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("tsv") => "text/tab-separated-values",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}
