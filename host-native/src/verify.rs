//! Every byte of a snapshot held against what was recorded of it, on all cores; see [`faissil_core::verify`].
//!
//! Chunks are read once, and while they pass the ids are summed up again. What they came to is compared and explained by
//! the core.

mod looking;

pub use faissil_core::verify::{Damage, IdsLost, MOST_IDS, Verified};

use crate::{
    Cause,
    drive::{Onlooker, ask, drive_on},
    hashing::{ChunkValues, hash_piece},
    opened::stream_of,
    parallel::{Progress, in_order, most_of, sweep},
    store::{Decoded, Joined, Store},
    summing::{Directory, Summing},
};
use faissil_core::{
    Span,
    files::Files,
    opened::{Access, Caches, Opened},
    snapshot::{Check, ChunkEntry, ChunkKind, Digest, Found, Owner, SealedHash, Snapshot},
    verify::{Checked, Prepared, SEALED, finish},
};
use looking::Looking;
use std::path::Path;

/// Verify the snapshot in `file`. `scratch` is a directory for what memory does not hold.
///
/// # Errors
/// When the file cannot be read. Damage is no error.
pub fn verify(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    scratch: &Path,
    progress: Progress<'_>,
) -> Result<Verified, Cause> {
    let opened = &Opened { snapshot: Some(snapshot.clone()), interrupted: None };
    let prepared = &ask(file, |ask| async move { Prepared::of(&Access::new(ask, opened, Caches::default())).await })?;

    let stream = stream_of(Some(snapshot), file);
    let side = prepared.side();
    let side = side.map(|(number, attachment)| Decoded::attachment(snapshot, number, attachment.clone(), file));
    let files = Files { stream: stream.len(), side: side.as_ref().map(Store::len) };
    let id_place = prepared.id_place();
    let mut summing = match &id_place {
        Some(place) => Looking::of(Onlooker::new(Summing::new(place, files, scratch))),
        None => Looking::Away,
    };
    let mut checked = Checked::default();
    check_all(file, snapshot, &stream, &mut summing, &mut checked, progress)?;
    let ids = match checked.stream_is_good() {
        true => match summing.finish(&Joined::new(&stream, side.as_ref())) {
            Err(cause @ Cause::Io(_)) => return Err(cause),
            ids => ids.map_err(|cause| cause.to_string()),
        },
        false => Ok(None),
    };
    let scratch = &Directory(scratch.into());
    ask(file, |ask| async move {
        finish(&Access::new(ask, opened, Caches::default()), prepared, checked, ids, scratch).await
    })
}

/// Go through everything that the snapshot holds.
fn check_all(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    stream: &impl Store,
    ids: &mut Looking<'_>,
    checked: &mut Checked,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let mut check = Check::new(snapshot);
    let mut whole = Some(blake3::Hasher::new());
    loop {
        match drive_on(&mut check, file) {
            Ok(Found::Done) => break,
            Ok(Found::Chunks(entries)) => {
                check_chunks(file, snapshot, stream, &entries, &mut whole, ids, checked, progress)?;
            }
            Ok(Found::Whole { owner, digest }) => {
                let hasher = whole.replace(blake3::Hasher::new());
                checked.whole(snapshot, owner, digest, hasher.map(|hasher| Digest::from(hasher.finalize())));
            }
            Err(cause) => {
                failed(snapshot, checked, cause)?;
                break;
            }
        }
    }
    if !checked.stream_seen() {
        // Something before the stream was wrong. The stream may be good all the same.
        let mut walk = snapshot.walk_chunks();
        loop {
            match drive_on(&mut walk, file) {
                Ok(Some(entries)) => {
                    check_chunks(file, snapshot, stream, &entries, &mut whole, ids, checked, progress)?;
                }
                Ok(None) => break,
                Err(cause) => {
                    failed(snapshot, checked, cause)?;
                    break;
                }
            }
        }
    }
    Ok(())
}

fn failed(snapshot: &Snapshot, checked: &mut Checked, cause: Cause) -> Result<(), Cause> {
    let of_bytes = cause.of_bytes().ok_or(cause)?;
    Ok(checked.failed(snapshot, of_bytes)?)
}

/// Check chunks that follow each other.
#[allow(clippy::too_many_arguments)] // one step of `check_all`, with all its state
fn check_chunks(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    stream: &impl Store,
    entries: &[ChunkEntry],
    whole: &mut Option<blake3::Hasher>,
    ids: &mut Looking<'_>,
    checked: &mut Checked,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    checked.begin(entries);
    let of_stream = first.owner == Owner::Stream;
    let ids_lie_in = ids.lie_in();
    let mut pass = |span: Span, bytes: &[u8]| {
        if of_stream {
            progress(span.end(), stream.len());
            ids.pass(span.start, bytes, stream);
        }
    };
    if let ChunkKind::Sealed { .. } = first.kind {
        let log2 = snapshot.chunks().chunk_log2;
        let mut values = ChunkValues::new(log2);
        let mut next = entries.iter();
        let mut compare = |hash: SealedHash, checked: &mut Checked| {
            let Some(entry) = next.next() else { return };
            let ChunkKind::Sealed { value, whole } = &entry.kind else { return };
            if hash.value != *value || whole.is_some_and(|whole| whole != hash.root) {
                checked.damaged(entry, SEALED);
            }
        };
        let span = Span::between(first.logical.start, last.logical.end());
        sweep(
            file,
            span,
            |span| ids_lie_in.overlap(&span).is_some(),
            |span, bytes| Ok(hash_piece(span, bytes, log2)),
            |span, bytes, hashes| {
                values.push(hashes).into_iter().for_each(|hash| compare(hash, checked));
                pass(span, bytes);
                Ok(())
            },
        )?;
        if let Some(hash) = values.finish() {
            compare(hash, checked);
        }
        return Ok(());
    }
    let largest = entries.iter().map(|entry| entry.logical.len + entry.stored.len).max().unwrap_or(1);
    let work = |number: u64| {
        let entry = &entries[number as usize];
        let stored = file.read(entry.stored)?;
        Ok(entry.check(&stored).map(std::borrow::Cow::into_owned))
    };
    in_order(entries.len() as u64, most_of(largest), work, |number, decoded| {
        let entry = &entries[number as usize];
        match decoded {
            Ok(bytes) => {
                if let Some(hasher) = whole {
                    hasher.update(&bytes);
                }
                pass(entry.logical, &bytes);
            }
            Err(error) => {
                *whole = None;
                checked.damaged(entry, error.to_string());
            }
        }
        Ok(())
    })
}
