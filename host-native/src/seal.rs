//! An index file is made a snapshot where it stands, and back.
//!
//! Sealing only ever appends. Until the last 64 bytes are written the file counts as the index that it
//! was: a mark goes behind the stream and onto the disk before anything else, by which a crash leaves
//! the rest known, and sealing again, or unsealing, takes that off. The stream itself is never written to.

use crate::{
    Cause, Error,
    error::Verdict,
    judge,
    opened::{Opened, interrupted_seal},
    parallel::Progress,
    replace::{check_room, directory_of},
    save::{Additions, Saved, Stream, append, prepare, read_back, report},
    store::{File, Store},
};
use faissil_core::{
    Span,
    snapshot::{Layout, Writer},
};
use std::{
    fs::{self, TryLockError},
    os::unix::fs::FileExt,
    path::Path,
    sync::atomic::AtomicBool,
};

/// What was taken off.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unsealed {
    /// Length of the index file now.
    pub stream_len: u64,
    /// Bytes taken off its end.
    pub removed: u64,
    /// Whether it was a seal that had been interrupted.
    pub interrupted: bool,
}

/// Seal the index file at `path` in place.
///
/// # Errors
/// When it is not an index whose end is known, is sealed already, is being sealed, or cannot be written. Then it is
/// as it was.
pub fn seal(path: &Path, additions: &Additions, progress: Progress<'_>) -> Result<Saved, Error> {
    let what = |cause: Cause| cause.of(format!("cannot seal `{}`", path.display()));
    let file = open_locked(path).map_err(what)?;
    let mut opened = open(&file, path)?;
    if let Some(snapshot) = &opened.snapshot {
        let cause = Cause::Refused(format!("it is a {} snapshot already", snapshot.layout().name()));
        return Err(
            what(cause).hint("`faissil unseal` takes a seal off, `faissil save` makes a snapshot of a snapshot")
        );
    }
    let mut taken_off = None;
    if let Some(len) = opened.interrupted {
        let said = format!("{}; the {} bytes behind it were taken off", interrupted_seal(len), opened.file.len() - len);
        taken_off = Some(said);
        // What an earlier attempt left is of no use: the digests are made anew.
        file.set_len(len).map_err(|error| what(error.into()))?;
        file.sync_all().map_err(|error| what(error.into()))?;
        opened = open(&file, path)?;
    }
    let mut prepared = prepare(&opened, additions, path, "`faissil save --opaque`")?;
    prepared.judged.warnings.extend(taken_off);
    let stream_len = opened.file.len();
    let outline = judge::outline(&opened.file).ok().filter(|outline| outline.fault.is_none());
    let Some(outline) = outline else {
        let cause = Cause::Refused("where the index ends is not known, so nothing is appended to it".into());
        return Err(what(cause).hint("`faissil save` makes a snapshot in another file"));
    };
    if let Some(rest) = outline.trailing()
        && only_zeros(&opened.file, rest).map_err(what)?
    {
        let said = format!("{} zeros follow the end of the index at byte {}", rest.len, rest.start);
        let hint = "a crash while the file was written or sealed can leave them; `truncate --size` takes them off, \
                    `faissil save` keeps them in a snapshot in another file";
        return Err(what(Cause::Refused(said)).hint(hint));
    }
    check_room(&directory_of(path), prepared.attached()).map_err(what)?;

    let sealed = add(&file, &opened, &prepared, additions, path, progress);
    match sealed {
        Ok((finished, ids, verified)) => {
            Ok(report(Layout::Sealed, stream_len, finished, prepared, ids, Some(verified)))
        }
        Err(cause) => {
            // Take off whatever was appended. If that fails too, it is an interrupted seal.
            let undone = file.set_len(stream_len).and_then(|()| file.sync_all());
            let error = what(cause);
            Err(match undone {
                Ok(()) => error.hint("the file is as it was"),
                Err(_) => error.hint("the index in it is untouched; `faissil unseal` takes off what was appended"),
            })
        }
    }
}

/// Whether nothing but zeros stands there.
fn only_zeros(file: &File, span: Span) -> Result<bool, Cause> {
    let mut at = span.start;
    while at < span.end() {
        let piece = Span::between(at, span.end().min(at + (1 << 18)));
        if file.read(piece)?.iter().any(|byte| *byte != 0) {
            return Ok(false);
        }
        at = piece.end();
    }
    Ok(true)
}

fn add(
    file: &fs::File,
    opened: &Opened,
    prepared: &crate::save::Prepared<'_>,
    additions: &Additions,
    path: &Path,
    progress: Progress<'_>,
) -> Result<(faissil_core::snapshot::Finished, Option<faissil_core::ids::IdSummary>, crate::verify::Verified), Cause> {
    let writer = Writer::sealed(opened.file.len(), None)?;
    let scratch = directory_of(path);
    let unchanged = || opened.file.check_unchanged();
    let how = Stream::InPlace(&unchanged);
    let (finished, ids) = append(writer, file, how, &opened.file, prepared, additions, &scratch, progress)?;
    // From here on a change by someone else shows in size or time.
    let before = File::from_open(file.try_clone()?, path)?;
    let trailer_at = finished.file_len - finished.trailer.len() as u64;
    file.sync_all()?;
    if before.len() != trailer_at {
        return Err(Cause::Refused("someone else wrote to the file".into()));
    }
    before.check_unchanged()?;
    file.write_all_at(&finished.trailer, trailer_at)?;
    file.sync_all()?;
    let verified = read_back(file, path, &finished, &AtomicBool::new(false), progress)?;
    Ok((finished, ids, verified))
}

/// Turn a sealed snapshot back into the index file that it was, or take off an interrupted seal.
///
/// # Errors
/// When it is not sealed, or its stream is damaged: then the seal is what tells.
pub fn unseal(path: &Path, progress: Progress<'_>) -> Result<Unsealed, Error> {
    let what = |cause: Cause| cause.of(format!("cannot unseal `{}`", path.display()));
    let file = open_locked(path).map_err(what)?;
    let opened = open(&file, path)?;
    let had = opened.file.len();
    let (stream_len, interrupted) = match (&opened.snapshot, opened.interrupted) {
        (_, Some(len)) => (len, true),
        (Some(snapshot), _) if snapshot.layout() == Layout::Sealed => {
            crate::load::check_stream(&opened.file, snapshot, progress).map_err(|cause| {
                let is_damage = cause.verdict() == Verdict::Damaged;
                let error = what(cause);
                if is_damage {
                    error.hint("the seal stays, because it says what is damaged: `faissil verify`")
                } else {
                    error
                }
            })?;
            (snapshot.stream().length, false)
        }
        (Some(_), _) => {
            let cause = Cause::Refused("it is a packed snapshot".into());
            return Err(what(cause).hint("`faissil load` gives the index back as another file"));
        }
        (None, None) => return Err(what(Cause::Refused("it is not sealed".into()))),
    };
    file.set_len(stream_len).and_then(|()| file.sync_all()).map_err(|error| what(error.into()))?;
    Ok(Unsealed { stream_len, removed: had - stream_len, interrupted })
}

fn open(file: &fs::File, path: &Path) -> Result<Opened, Error> {
    let again = file.try_clone().map_err(|error| Cause::from(error).reading(path))?;
    File::from_open(again, path).and_then(Opened::from_file).map_err(|cause| cause.reading(path))
}

/// Open for reading and writing, with nobody else at it.
fn open_locked(path: &Path) -> Result<fs::File, Cause> {
    if !fs::metadata(path)?.is_file() {
        return Err(Cause::Refused("not a regular file".into()));
    }
    let file = fs::File::options().read(true).write(true).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Cause::Refused("another program holds it locked".into())),
        // A file system without locks does without.
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
