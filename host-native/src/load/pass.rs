//! Every byte of a stream checked, and handed on.
//!
//! The chunks of a sealed stream are hashed where they lie. Of a packed one each core decodes chunks and hashes what comes out as part of
//! the whole stream, so every byte is hashed once; only where that does not come to the digest of the stream, or a chunk does not decode, are all chunks
//! held against their own digests, which say where the damage is. Standard output cannot be taken back: what goes there is checked chunk by chunk.

use crate::{
    Cause,
    drive::drive_on,
    error::to_stdout,
    hashing::{ChunkValues, Parts, hash_part, hash_piece},
    parallel::{Progress, in_order, lock, most_of, sweep},
    store::Store,
};
use faissil_core::{
    Span,
    snapshot::{ChunkEntry, ChunkKind, Digest, SealedHash, Snapshot, StreamDigest},
    source::chunk_name,
};
use std::{
    borrow::Cow,
    io::{self, Write},
    os::unix::fs::FileExt,
    sync::Mutex,
};

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
pub(super) enum Sink<'a> {
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

/// Check the stream and hand its bytes on.
pub(super) fn pass_stream(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    sink: &Sink<'_>,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let found = match (snapshot.stream_span(), sink) {
        (Some(_), _) => sealed(file, snapshot, sink, progress)?,
        (None, Sink::Stdout) => by_chunk(file, snapshot, sink, progress)?,
        (None, _) => match as_a_whole(file, snapshot, sink, progress)? {
            found if found == Some(snapshot.stream().digest) => found,
            _ => by_chunk(file, snapshot, &Sink::Nothing, progress)?,
        },
    };
    let expected = snapshot.stream().digest;
    match found == Some(expected) {
        true => Ok(()),
        false => Err(Cause::Damage(format!("the stream does not have the digest {expected}"))),
    }
}

/// The digest of a sealed stream, each chunk held against its value.
fn sealed(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    sink: &Sink<'_>,
    progress: Progress<'_>,
) -> Result<Option<Digest>, Cause> {
    let log2 = snapshot.chunks().chunk_log2;
    let mut walk = snapshot.walk_chunks();
    let (mut merged, mut single) = (StreamDigest::new(), None);
    while let Some(entries) = drive_on(&mut walk, file)? {
        let (Some(first), Some(last)) = (entries.first(), entries.last()) else { continue };
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
        sweep(
            file,
            Span::between(first.logical.start, last.logical.end()),
            |_| !matches!(sink, Sink::Nothing),
            |span, bytes| Ok(hash_piece(span, bytes, log2)),
            |span, bytes, hashes| {
                values.push(hashes).into_iter().try_for_each(&mut compare)?;
                sink.write(span.start, bytes)?;
                progress(span.end(), snapshot.stream().length);
                Ok(())
            },
        )?;
        if let Some(hash) = values.finish() {
            compare(hash)?;
        }
    }
    Ok(if merged.count() == 1 { single } else { merged.finish() })
}

/// The digest of a packed stream, no chunk held against its own. `None` where a chunk does not decode, or is all of it.
fn as_a_whole(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    sink: &Sink<'_>,
    progress: Progress<'_>,
) -> Result<Option<Digest>, Cause> {
    let (mut parts, mut decodes) = (Parts::default(), true);
    // What chunks were decoded into: fresh memory costs as much as a third of the decoding.
    let spare = Mutex::new(Vec::new());
    each_chunk(
        file,
        snapshot,
        |entry, stored| {
            let room = lock(&spare).pop().unwrap_or_default();
            let bytes = entry.unchecked_into(stored, room)?;
            Some((hash_part(entry.logical.start, &bytes), bytes))
        },
        |entry, made| {
            let Some((part, bytes)) = made else {
                decodes = false;
                return Ok(());
            };
            parts.push(part);
            sink.write(entry.logical.start, &bytes)?;
            lock(&spare).push(bytes);
            progress(entry.logical.end(), snapshot.stream().length);
            Ok(())
        },
    )?;
    Ok(if decodes { parts.finish() } else { None })
}

/// The digest of a packed stream, every chunk held against its own.
fn by_chunk(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    sink: &Sink<'_>,
    progress: Progress<'_>,
) -> Result<Option<Digest>, Cause> {
    let mut whole = blake3::Hasher::new();
    each_chunk(
        file,
        snapshot,
        |entry, stored| {
            entry.check(stored).map(Cow::into_owned).map_err(|error| error.inside(&chunk_name(None, entry)))
        },
        |entry, bytes| {
            let bytes = bytes?;
            whole.update(&bytes);
            sink.write(entry.logical.start, &bytes)?;
            progress(entry.logical.end(), snapshot.stream().length);
            Ok(())
        },
    )?;
    Ok(Some(whole.finalize().into()))
}

/// Read the chunks of a packed stream, make something of each on all cores, and take what was made in order.
fn each_chunk<T: Send>(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    make: impl Fn(&ChunkEntry, &[u8]) -> T + Sync,
    mut take: impl FnMut(&ChunkEntry, T) -> Result<(), Cause>,
) -> Result<(), Cause> {
    let mut walk = snapshot.walk_chunks();
    let buffers = Mutex::new(Vec::new());
    while let Some(entries) = drive_on(&mut walk, file)? {
        let largest = entries.iter().map(|entry| entry.logical.len + entry.stored.len).max().unwrap_or(1);
        let work = |number: u64| {
            let entry = &entries[number as usize];
            let mut stored = lock(&buffers).pop().unwrap_or_default();
            file.read_into(entry.stored, &mut stored)?;
            let made = make(entry, &stored);
            lock(&buffers).push(stored);
            Ok::<_, Cause>(made)
        };
        in_order(entries.len() as u64, most_of(largest), work, |number, made| take(&entries[number as usize], made))?;
    }
    Ok(())
}

pub(crate) fn damaged(number: u64, span: Span) -> Cause {
    Cause::Damage(format!("damaged: chunk {number}, bytes {span}, does not have its digest"))
}
