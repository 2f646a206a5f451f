//! What is in a file, as a report.
//!
//! A snapshot's own record answers without its stream being touched, and is marked `as recorded`; of a
//! plain index file the outline is made and the ids are read.

use crate::{
    Cause, Error,
    drive::drive,
    judge,
    load::attachments,
    opened::{Opened, Stream, interrupted_seal},
    parallel::Progress,
    store::{Decoded, File, Joined, Shown, Store, Watched},
    summing::Summing,
    verify::has_ids,
};
use faissil_core::{
    Kind,
    describe::Note,
    files::Files,
    ids::{IdPlace, IdSummary, place},
    keep,
    outline::Outline,
    report::{Attachment, Container, Fault, Fidelity, Inspection, Known, Level, Opaque, Run, inspection, opaque},
    snapshot::{self, Layout, Snapshot},
};
use std::{env, path::Path};

/// An index with all that is needed to read in it.
#[derive(Debug)]
pub struct Index<'a> {
    /// The stream; of a snapshot, every byte is checked before it is given.
    pub stream: Stream<'a, &'a File>,
    /// The file with on-disk lists, if the stream refers to one and it is there.
    pub side: Option<Side<'a>>,
    /// Why it is not there, although the stream refers to it.
    pub side_missing: Option<String>,
    /// Where everything lies, made from the stream.
    pub outline: Outline,
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

impl<'a> Index<'a> {
    /// The index in an opened file, its outline made from the stream.
    ///
    /// # Errors
    /// When it is none, or cannot be read. An outline that stops early is no error.
    pub fn of(opened: &'a Opened) -> Result<Index<'a>, Cause> {
        let stream = opened.checked();
        let outline = judge::outline(&stream)?;
        Ok(Index::with(opened, stream, outline))
    }

    /// The same for whoever looks at damage: damaged bytes are given as they are, and [`shown`](Index::shown) says which.
    /// Where they are in the way of the outline, it is the one that the snapshot records.
    ///
    /// # Errors
    /// As [`of`](Index::of).
    pub fn with_damage(opened: &'a Opened) -> Result<Index<'a>, Cause> {
        let Some(snapshot) = &opened.snapshot else { return Index::of(opened) };
        let stream = Stream::Checked(Box::new(Decoded::damaged_stream(snapshot, &opened.file)));
        let found = judge::outline(&stream);
        let outline = match recorded_outline(snapshot, &opened.file) {
            Ok(Some(recorded)) if !shown(&stream).is_empty() => recorded,
            _ => found?,
        };
        Ok(Index::with(opened, stream, outline))
    }

    /// The damaged chunks that were given so far.
    pub fn shown(&self) -> Vec<Shown> {
        shown(&self.stream)
    }

    fn with(opened: &'a Opened, stream: Stream<'a, &'a File>, outline: Outline) -> Index<'a> {
        let (mut side, mut side_missing) = (None, None);
        if let Some(stored) = judge::side_files(&outline).first() {
            match open_side(opened, stored) {
                Ok(found) => side = Some(found),
                Err(cause) => {
                    let stored = stored.escape_debug();
                    side_missing =
                        Some(format!("the lists are in another file, `{stored}`, which cannot be read: {cause}"));
                }
            }
        }
        Index { stream, side, side_missing, outline }
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
        let place = place(&self.outline);
        if !has_ids(&place) {
            return Ok(None);
        }
        let all = place.count().unwrap_or(0).saturating_mul(8);
        let store = Watched::new(self.joined(), all, progress);
        drive(Summing::new(&place, self.files(), &env::temp_dir()), &store)
    }
}

fn shown(stream: &Stream<'_, &File>) -> Vec<Shown> {
    match stream {
        Stream::Checked(decoded) => decoded.shown(),
        Stream::Verbatim(_) => Vec::new(),
    }
}

/// The outline that a snapshot records; `None` for one of bytes that were no index to its writer.
fn recorded_outline(snapshot: &Snapshot, file: &File) -> Result<Option<Outline>, Cause> {
    match drive(snapshot.body::<snapshot::TreeBody>(), file)? {
        Some(tree) => drive(snapshot.outline(&tree, keep::class), file).map(Some),
        None => Ok(None),
    }
}

fn open_side<'a>(opened: &'a Opened, stored: &str) -> Result<Side<'a>, Cause> {
    let Some(snapshot) = &opened.snapshot else {
        return crate::beside::open_side_file(opened.file.path(), stored).map(Side::File);
    };
    let name = crate::beside::base_name(stored)?;
    let attachments = attachments(&opened.file, snapshot)?;
    let found = (0..).zip(&attachments).find(|(_, attachment)| attachment.name == name);
    let (number, attachment) = found.ok_or_else(|| Cause::Refused("it is not in the snapshot".into()))?;
    Ok(Side::Attached(Box::new(Decoded::attachment(snapshot, number, attachment.clone(), &opened.file))))
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
/// As [`inspect`].
pub fn inspect_opened(opened: &Opened, progress: Progress<'_>) -> Result<Inspection, Error> {
    inspection_of(opened, progress).map_err(|cause| cause.reading(opened.file.path()))
}

/// What an opened snapshot says of itself although its bytes are no index to this build, which `why` says. `None` for
/// anything else.
///
/// # Errors
/// When the snapshot cannot be read.
pub fn inspect_opaque(opened: &Opened, why: &Cause) -> Result<Option<Opaque>, Cause> {
    let file = &opened.file;
    let Some(snapshot) = &opened.snapshot else { return Ok(None) };
    if drive(snapshot.body::<snapshot::TreeBody>(), file)?.is_some() {
        return Ok(None);
    }
    let mut known = Known { file: file.path().display().to_string(), size_bytes: file.len(), ..Known::default() };
    recall(snapshot, file, &mut known)?;
    let message = why.to_string();
    let fault = match why {
        Cause::Fault(fault) => {
            Fault { kind: fault.kind.label().into(), at: fault.at, path: fault.path.clone(), message }
        }
        _ => Fault { kind: "not recognised".into(), at: 0, path: String::new(), message },
    };
    Ok(Some(opaque(known, fault)))
}

fn inspection_of(opened: &Opened, progress: Progress<'_>) -> Result<Inspection, Cause> {
    let file = &opened.file;
    let mut known = Known { file: file.path().display().to_string(), size_bytes: file.len(), ..Known::default() };
    if let Some(snapshot) = &opened.snapshot {
        recall(snapshot, file, &mut known)?;
        if let Some(outline) = recorded_outline(snapshot, file)? {
            known.as_recorded = true;
            let ids = drive(snapshot.body::<snapshot::Ids>(), file)?;
            known.ids = ids.as_ref().and_then(keep::id_summary);
            if known.fidelity.level == Level::Partial {
                for stored in judge::side_files(&outline) {
                    let said = format!(
                        "the inverted lists are missing: they were in `{}`, which is not in this snapshot",
                        stored.escape_debug()
                    );
                    known.notes.push(Note::new("lists-missing", true, said));
                }
            }
            return Ok(inspection(&outline, known));
        }
    }
    let index = Index::of(opened)?;
    known.stream_len = index.stream.len();
    if let Some(len) = opened.interrupted {
        let said = format!("{}; `seal` begins it again, `unseal` takes it off", interrupted_seal(len));
        known.notes.push(Note::new("interrupted-seal", true, said));
    }
    // Of a snapshot every byte of the stream is kept, cut short or not.
    let cut_short = index.outline.fault.as_ref().is_some_and(|fault| matches!(fault.kind, Kind::Truncated { .. }));
    if cut_short && opened.snapshot.is_none() {
        known.fidelity.level = Level::Partial;
    }
    match (&index.side_missing, place(&index.outline)) {
        (Some(missing), _) => {
            known.fidelity.level = Level::Partial;
            known.notes.push(Note::new("side-file-missing", true, missing.clone()));
        }
        (None, IdPlace::Unfollowed(why)) => known.notes.push(Note::new("ids-not-read", false, why.sentence())),
        (None, _) if index.outline.fault.is_some() => {}
        (None, _) => match index.sum_ids(progress) {
            Ok(ids) => known.ids = ids,
            Err(cause @ Cause::Io(_)) => return Err(cause),
            Err(cause) => known.notes.push(Note::new("ids-not-read", true, format!("the ids cannot be read: {cause}"))),
        },
    }
    Ok(inspection(&index.outline, known))
}

/// What a snapshot says about itself.
pub(crate) fn recall(snapshot: &Snapshot, file: &File, known: &mut Known) -> Result<(), Cause> {
    known.kind = match snapshot.layout() {
        Layout::Sealed => Container::Sealed,
        Layout::Packed => Container::Packed,
    };
    known.snapshot_digest = Some(snapshot.digest().0);
    known.stream_digest = Some(snapshot.stream().digest.0);
    known.stream_len = snapshot.stream().length;
    if let Some(metadata) = drive(snapshot.body::<snapshot::Metadata>(), file)? {
        known.metadata = metadata.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    }
    for attachment in attachments(file, snapshot)? {
        let snapshot::Attachment { name, media_type, length, .. } = attachment;
        known.attachments.push(Attachment { name, media_type, bytes: length });
    }
    if let Some(recorded) = drive(snapshot.body::<snapshot::Fidelity>(), file)? {
        known.fidelity = fidelity(&recorded);
    }
    if !snapshot.signatures().is_empty() {
        known.notes.push(Note::new("signature", false, "signature present, not checked"));
    }
    Ok(())
}

fn fidelity(recorded: &snapshot::Fidelity) -> Fidelity {
    let mut first = 0;
    let mut runs = Vec::new();
    let worst = recorded.runs.iter().map(|run| run.level).max().unwrap_or(0);
    for run in &recorded.runs {
        let strategy = recorded.strategies.get(usize::from(run.strategy)).cloned().unwrap_or_default();
        let level = Level::from_number(run.level).unwrap_or(Level::Placeholder);
        runs.push(Run { first, rows: run.rows, level, strategy });
        first += run.rows;
    }
    Fidelity { level: Level::from_number(worst).unwrap_or(Level::Placeholder), runs }
}
