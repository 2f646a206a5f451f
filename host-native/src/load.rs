//! The exact stream of a snapshot, and its attachments, as files again.
//!
//! Every byte is checked before it gets a name: a damaged snapshot gives nothing.

use crate::{
    Cause, Error,
    beside::{self, Place},
    drive::{drive, drive_on},
    error::{Verdict, to_stdout},
    hashing::{ChunkValues, hash_piece},
    judge,
    opened::Opened,
    parallel::{Progress, in_order, most_of, sweep},
    replace::{Replacement, directory_of},
    save::with_writeback,
    store::{Decoded, File, Store},
    verify::{Verified, verify},
};
use faissil_core::{
    Span,
    report::{Level, grouped},
    snapshot::{
        Attachment, Attachments, Check, ChunkEntry, ChunkKind, Digest, Fidelity, Found, Owner, SealedHash, Snapshot,
        StreamDigest,
    },
    source::chunk_name,
};
use std::{
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// Where bytes go.
#[derive(Debug, Clone)]
pub enum Output {
    /// A file, replaced as a whole.
    Path(PathBuf),
    /// Standard output. Everything is checked before the first byte is written, and again on the way.
    Stdout,
}

/// What was loaded.
#[derive(Debug)]
pub struct Loaded {
    /// The snapshot digest.
    pub digest: Digest,
    /// BLAKE3 of the stream.
    pub stream_digest: Digest,
    /// Length of the stream in bytes.
    pub stream_len: u64,
    /// Side files, and whether they were there already.
    pub side_files: Vec<(PathBuf, bool)>,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

/// The snapshot in an opened file.
///
/// # Errors
/// When it is none.
pub fn snapshot_of(opened: &Opened) -> Result<&Snapshot, Cause> {
    Ok(opened.snapshot()?)
}

/// That a snapshot is the one that is expected, by its own digest or that of its stream.
///
/// # Errors
/// When it is another.
pub fn check_expected(snapshot: &Snapshot, expected: Option<Digest>) -> Result<(), Cause> {
    Ok(snapshot.check_expected(expected)?)
}

/// That every row of the snapshot is at least this close to what was added.
///
/// # Errors
/// When rows are not; the first of them are named.
pub fn check_floor(opened: &Opened, snapshot: &Snapshot, floor: Level) -> Result<(), Cause> {
    let Some(fidelity) = drive(snapshot.body::<Fidelity>(), &opened.file)? else { return Ok(()) };
    let (mut first, mut below, mut count) = (0, Vec::new(), 0);
    for run in &fidelity.runs {
        let level = Level::from_number(run.level).unwrap_or(Level::Placeholder);
        if level > floor {
            let how = fidelity.strategies.get(usize::from(run.strategy)).map_or("", String::as_str);
            below.push(format!("rows {}..{}: {} ({how})", first, first + run.rows, level.name()));
            count += run.rows;
        }
        first += run.rows;
    }
    if fidelity.runs.is_empty() && floor == Level::ExactBytes {
        return Err(Cause::Refused("it stands in for an index without rows, and is not that byte for byte".into()));
    }
    if below.is_empty() {
        return Ok(());
    }
    let more = below.len().saturating_sub(10);
    below.truncate(10);
    let more = if more > 0 { format!("; and {more} runs more") } else { String::new() };
    Err(Cause::Refused(format!("{count} rows are below {}: {}{more}", floor.name(), below.join("; "))))
}

/// Put the stream of the snapshot at `input` back, and its side files beside it.
///
/// # Errors
/// When the snapshot is damaged, is not the expected one, or something cannot be read or written. Then
/// the output is as it was.
pub fn load(input: &Path, output: &Output, expected: Option<Digest>, progress: Progress<'_>) -> Result<Loaded, Error> {
    load_opened(&Opened::open(input)?, input, output, expected, progress)
}

/// The same for an opened snapshot, which messages call `input`.
///
/// # Errors
/// As [`load`].
pub fn load_opened(
    opened: &Opened,
    input: &Path,
    output: &Output,
    expected: Option<Digest>,
    progress: Progress<'_>,
) -> Result<Loaded, Error> {
    let reading = |cause: Cause| cause.reading(input);
    let snapshot = snapshot_of(opened).map_err(|cause| match judge::judge(&opened.stream(), false) {
        Ok(_) => {
            reading(cause).hint(format!("`faissil save {0} {0}.faissil` makes a snapshot of an index", input.display()))
        }
        // What the file is not must be said before what it lacks.
        Err(cause) => reading(cause),
    })?;
    check_expected(snapshot, expected)
        .map_err(|cause| reading(cause).hint("this is another snapshot than you think"))?;
    let damaged = |cause: Cause| match cause.verdict() {
        Verdict::Damaged => {
            let cause = with_what_is_lost(cause, opened, snapshot, &directory_for_scratch(output), progress);
            reading(cause).hint(
                "nothing was written; `faissil load --salvage` gives back the rest where that can be done, \
                 `faissil verify` says more",
            )
        }
        Verdict::Undone => reading(cause),
    };
    let mut loaded = Loaded {
        digest: snapshot.digest(),
        stream_digest: snapshot.stream().digest,
        stream_len: snapshot.stream().length,
        side_files: Vec::new(),
        warnings: Vec::new(),
    };
    check_rest(&opened.file, snapshot).map_err(&damaged)?;
    let path = match output {
        Output::Stdout => {
            pass_stream(&opened.file, snapshot, &Sink::Nothing, progress).map_err(&damaged)?;
            pass_stream(&opened.file, snapshot, &Sink::Stdout, progress).map_err(&damaged)?;
            for (_, side) in side_files(opened, snapshot, &mut loaded.warnings).map_err(&damaged)? {
                let name = side.name.escape_debug();
                loaded.warnings.push(format!(
                    "the lists of this index are in another file: FAISS needs `{name}` beside it, which \
                     `faissil attachments --extract` takes out of the snapshot"
                ));
            }
            return Ok(loaded);
        }
        Output::Path(path) => path,
    };
    if std::fs::metadata(path).is_ok_and(|target| opened.file.is_same(&target)) {
        let cause = Cause::Refused("it is the snapshot itself".into()).writing(path);
        return Err(cause.hint("`faissil unseal` turns a sealed snapshot back into the index, in place"));
    }
    let sides = side_files(opened, snapshot, &mut loaded.warnings).map_err(&damaged)?;
    let directory = directory_of(path);
    let places = sides.iter().map(|(_, side)| place_of(&directory, side)).collect::<Result<Vec<_>, _>>();
    let places = places.map_err(|cause| cause.writing(path))?;

    let replacement = Replacement::of(path)?;
    let need = |place: &Place, side: &Attachment| if matches!(place, Place::Free(_)) { side.length } else { 0 };
    let more: u64 = places.iter().zip(&sides).map(|(place, (_, side))| need(place, side)).sum();
    let room = replacement.check_room(loaded.stream_len + more).and_then(|()| replacement.reserve(loaded.stream_len));
    room.map_err(|cause| cause.writing(path))?;
    let file = replacement.file();
    with_writeback(file, || pass_stream(&opened.file, snapshot, &Sink::File(file), progress)).map_err(|cause| {
        match cause {
            Cause::Io(_) => cause.writing(path),
            _ => damaged(cause),
        }
    })?;
    for ((number, side), place) in sides.iter().zip(places) {
        let new = matches!(place, Place::Free(_));
        let (Place::Free(target) | Place::Same(target)) = place;
        if new {
            extract(&opened.file, snapshot, *number, side, &Output::Path(target.clone()), progress)?;
        }
        loaded.side_files.push((target, !new));
    }
    replacement.commit().map_err(|cause| cause.writing(path))?;
    Ok(loaded)
}

/// A cause that says after its own words which ids are lost.
pub(crate) fn with_what_is_lost(
    cause: Cause,
    opened: &Opened,
    snapshot: &Snapshot,
    scratch: &Path,
    progress: Progress<'_>,
) -> Cause {
    match verify(&opened.file, snapshot, scratch, progress) {
        Ok(verified) => match what_is_lost(&verified) {
            lost if lost.is_empty() => cause,
            lost => Cause::Damage(format!("{cause}; {lost}")),
        },
        Err(_) => cause,
    }
}

/// Where a command that may write nothing keeps what memory does not hold.
fn directory_for_scratch(output: &Output) -> PathBuf {
    match output {
        Output::Path(path) => directory_of(path),
        Output::Stdout => std::env::temp_dir(),
    }
}

/// Ids that one sentence names.
const NAMED: usize = 10;

/// The ids that are lost with all damage, as the end of a sentence: `683 ids are lost: 7, 12, ...`. Empty where none
/// are.
pub fn what_is_lost(verified: &Verified) -> String {
    let lost = || verified.damage.iter().map(|damage| &damage.ids_lost);
    let count: u64 = lost().map(|lost| lost.count).sum();
    let named: Vec<String> = lost().flat_map(|lost| &lost.ids).take(NAMED).map(i64::to_string).collect();
    let more = if (named.len() as u64) < count { ", ..." } else { "" };
    match (count, named.is_empty()) {
        (0, _) => String::new(),
        (_, true) => format!("{} ids are lost, which ones cannot be read", grouped(count)),
        (1, false) => format!("1 id is lost: {}", named.join(", ")),
        (_, false) => format!("{} ids are lost: {}{more}", grouped(count), named.join(", ")),
    }
}

pub(crate) fn place_of(directory: &Path, side: &Attachment) -> Result<Place, Cause> {
    beside::place(directory, &side.name, side.length, &blake3::Hash::from_bytes(side.digest.0))
}

/// The attachments that the stream refers to as side files.
pub(crate) fn side_files(
    opened: &Opened,
    snapshot: &Snapshot,
    warnings: &mut Vec<String>,
) -> Result<Vec<(u64, Attachment)>, Cause> {
    let stream = opened.stream();
    let Ok(outline) = judge::outline(&stream) else { return Ok(Vec::new()) };
    let names = judge::side_files(&outline);
    if names.is_empty() {
        return Ok(Vec::new());
    }
    let attachments = attachments(&opened.file, snapshot)?;
    let mut found = Vec::new();
    for stored in names {
        let base = beside::base_name(stored).unwrap_or_default();
        match (0..).zip(&attachments).find(|(_, attachment)| attachment.name == base) {
            Some((number, attachment)) => found.push((number, attachment.clone())),
            None => warnings.push(format!(
                "the lists of this index are in another file, `{}`, which is not in the snapshot",
                stored.escape_debug()
            )),
        }
    }
    Ok(found)
}

/// The attachments of a snapshot.
///
/// # Errors
/// When their table is damaged.
pub fn attachments(file: &File, snapshot: &Snapshot) -> Result<Vec<Attachment>, Cause> {
    Ok(drive(snapshot.body::<Attachments>(), file)?.map(|body| body.attachments).unwrap_or_default())
}

/// Write attachment `number`, checked, to a new file or standard output.
///
/// # Errors
/// When it is damaged, or something else is at the output.
pub fn extract(
    file: &File,
    snapshot: &Snapshot,
    number: u64,
    attachment: &Attachment,
    output: &Output,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let doing =
        |cause: Cause| cause.of(format!("cannot extract `{}` from `{}`", attachment.name, file.path().display()));
    let bytes = Decoded::attachment(snapshot, number, attachment.clone(), file);
    let copy = |out: &mut dyn Write| {
        let mut whole = blake3::Hasher::new();
        let mut at = 0;
        while at < bytes.len() {
            let chunk = bytes.chunk_at(at)?;
            whole.update(&chunk);
            out.write_all(&chunk)?;
            at += chunk.len() as u64;
            progress(at, attachment.length);
        }
        match Digest::from(whole.finalize()) == attachment.digest {
            true => Ok(()),
            false => Err(Cause::Damage(format!("attachment `{}` does not have its digest", attachment.name))),
        }
    };
    match output {
        Output::Stdout => {
            copy(&mut io::sink()).map_err(doing)?;
            copy(&mut io::stdout().lock()).map_err(doing)
        }
        Output::Path(path) => {
            let replacement = Replacement::of(path)?;
            replacement.check_room(attachment.length).map_err(|cause| cause.writing(path))?;
            copy(&mut replacement.file()).map_err(doing)?;
            replacement.commit_new().map_err(|cause| cause.writing(path))
        }
    }
}

/// Every byte of the stream into `to`, checked on the way.
///
/// # Errors
/// The first damage, or when it cannot be written.
#[cfg(feature = "native")]
pub(crate) fn copy_stream(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    to: &std::fs::File,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    pass_stream(file, snapshot, &Sink::File(to), progress)
}

/// What becomes of the bytes of a stream.
enum Sink<'a> {
    Nothing,
    Stdout,
    File(&'a std::fs::File),
}

impl Sink<'_> {
    /// Write the bytes that belong at `at`; they come in order. One thread does it: a file takes one writer at a time,
    /// and others would only spin.
    fn write(&self, at: u64, bytes: &[u8]) -> Result<(), Cause> {
        match self {
            Sink::Nothing => {}
            Sink::Stdout => io::stdout().lock().write_all(bytes).map_err(to_stdout)?,
            Sink::File(file) => file.write_all_at(bytes, at)?,
        }
        Ok(())
    }
}

/// That every byte of the stream is as it was recorded.
///
/// # Errors
/// The first damage.
pub fn check_stream(file: &(impl Store + ?Sized), snapshot: &Snapshot, progress: Progress<'_>) -> Result<(), Cause> {
    pass_stream(file, snapshot, &Sink::Nothing, progress)
}

/// That everything beside the stream is as it was recorded: structure, pages, sections, attachments.
pub(crate) fn check_rest(file: &(impl Store + ?Sized), snapshot: &Snapshot) -> Result<(), Cause> {
    let mut check = Check::new(snapshot);
    let mut whole = blake3::Hasher::new();
    loop {
        match drive_on(&mut check, file)? {
            Found::Done => return Ok(()),
            Found::Chunks(entries) => {
                for entry in entries.iter().filter(|entry| entry.owner != Owner::Stream) {
                    whole.update(&entry.check(&file.read(entry.stored)?)?);
                }
            }
            Found::Whole { owner: Owner::Stream, .. } => {}
            Found::Whole { digest, .. } => {
                if Digest::from(std::mem::take(&mut whole).finalize()) != digest {
                    return Err(Cause::Damage(format!("an attachment does not have the digest {digest}")));
                }
            }
        }
    }
}

/// Check every chunk of the stream and hand its bytes on.
fn pass_stream(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    sink: &Sink<'_>,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let expected = snapshot.stream().digest;
    let len = snapshot.stream().length;
    let mut walk = snapshot.walk_chunks();
    let (mut merged, mut whole, mut single) = (StreamDigest::new(), blake3::Hasher::new(), None);
    while let Some(entries) = drive_on(&mut walk, file)? {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
        if let ChunkKind::Sealed { .. } = first.kind {
            let log2 = snapshot.chunks().chunk_log2;
            let mut values = ChunkValues::new(log2);
            let mut next = entries.iter();
            let mut compare = |hash: SealedHash| {
                merged.push(hash.value);
                single = Some(hash.root);
                match next.next() {
                    Some(ChunkEntry { kind: ChunkKind::Sealed { value, .. }, .. }) if *value == hash.value => Ok(()),
                    Some(entry) => Err(damaged(entry.number, entry.stored)),
                    None => Ok(()),
                }
            };
            let span = Span::between(first.logical.start, last.logical.end());
            let work = |span: Span, bytes: &[u8]| Ok(hash_piece(span, bytes, log2));
            sweep(
                file,
                span,
                |_| !matches!(sink, Sink::Nothing),
                work,
                |span, bytes, hashes| {
                    values.push(hashes).into_iter().try_for_each(&mut compare)?;
                    sink.write(span.start, bytes)?;
                    progress(span.end(), len);
                    Ok(())
                },
            )?;
            if let Some(hash) = values.finish() {
                compare(hash)?;
            }
            continue;
        }
        let largest = entries.iter().map(|entry| entry.logical.len + entry.stored.len).max().unwrap_or(1);
        let work = |number: u64| {
            let entry = &entries[number as usize];
            let stored = file.read(entry.stored)?;
            let bytes = entry.check(&stored).map_err(|error| error.inside(&chunk_name(None, entry)))?;
            Ok::<_, Cause>(bytes.into_owned())
        };
        in_order(entries.len() as u64, most_of(largest), work, |number, bytes| {
            whole.update(&bytes);
            let span = entries[number as usize].logical;
            sink.write(span.start, &bytes)?;
            progress(span.end(), len);
            Ok(())
        })?;
    }
    let found = match snapshot.stream_span() {
        Some(_) if merged.count() == 1 => single,
        Some(_) => merged.finish(),
        None => Some(whole.finalize().into()),
    };
    match found == Some(expected) {
        true => Ok(()),
        false => Err(Cause::Damage(format!("the stream does not have the digest {expected}"))),
    }
}

pub(crate) fn damaged(number: u64, span: Span) -> Cause {
    Cause::Damage(format!("damaged: chunk {number}, bytes {span}, does not have its digest"))
}
