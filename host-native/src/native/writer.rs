//! What FAISS writes, on its way into a file: hashed and written in one pass, from FAISS's own memory.
//!
//! FAISS hands over its arrays where they lie. A large one is hashed by the other cores while this thread writes it; what
//! is small is gathered into a batch, which another thread hashes while FAISS goes on. Nothing is held but two batches
//! and 32 bytes for each MiB of the stream.

use crate::{
    Cause,
    hashing::hash_piece,
    parallel::{PIECE, in_order, most_of},
};
use faissil_core::{Span, snapshot::SealedHash};
use std::{
    fs,
    os::unix::fs::FileExt,
    sync::{
        atomic::{AtomicBool, Ordering},
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread::{Scope, ScopedJoinHandle},
};

/// Bytes of a batch, a multiple of a piece.
const BATCH: usize = 4 << 20;

/// An array of at least so many bytes is hashed where it lies: threads are started for it, which pays from here on.
const LARGE: usize = 2 * BATCH;

/// Exponent of the size of the pieces that are hashed.
const PIECE_LOG2: u8 = PIECE.trailing_zeros() as u8;

/// A stream that is written and hashed at once.
pub(super) struct Hashing<'scope, 'env> {
    file: &'env fs::File,
    progress: &'env (dyn Fn(u64, u64) + Sync),
    cancel: &'env AtomicBool,
    /// Length that the stream will have.
    expected: u64,
    /// Bytes that have come.
    at: u64,
    /// The last of them, not hashed yet; it starts at a multiple of a piece.
    batch: Vec<u8>,
    batches: SyncSender<(u64, Vec<u8>)>,
    /// Batches to be used again.
    empty: Receiver<Vec<u8>>,
    hasher: ScopedJoinHandle<'scope, Vec<(u64, Vec<SealedHash>)>>,
    values: Vec<(u64, Vec<SealedHash>)>,
}

impl<'scope, 'env> Hashing<'scope, 'env> {
    /// Begin at byte 0 of `file`. `progress` is told how far it is, `cancel` ends it.
    pub(super) fn new(
        scope: &'scope Scope<'scope, 'env>,
        file: &'env fs::File,
        expected: u64,
        progress: &'env (dyn Fn(u64, u64) + Sync),
        cancel: &'env AtomicBool,
    ) -> Hashing<'scope, 'env> {
        let (batches, full) = sync_channel::<(u64, Vec<u8>)>(1);
        let (back, empty) = sync_channel(3);
        let hasher = scope.spawn(move || {
            let mut values = Vec::new();
            for (start, batch) in full {
                values.push((start, hash_piece(Span::new(start, batch.len() as u64), &batch, PIECE_LOG2)));
                // Nobody listens any more when the last one comes back.
                let _ = back.try_send(batch);
            }
            values
        });
        let (batch, values) = (Vec::with_capacity(BATCH), Vec::new());
        Hashing { file, progress, cancel, expected, at: 0, batch, batches, empty, hasher, values }
    }

    /// The next bytes of the stream.
    ///
    /// # Errors
    /// When the file cannot be written, or on being cancelled.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), Cause> {
        if self.cancel.load(Ordering::Relaxed) {
            return Err(Cause::Cancelled);
        }
        if bytes.len() >= LARGE {
            // What is hashed where it lies starts at a piece.
            let head = (self.at.next_multiple_of(PIECE) - self.at) as usize;
            self.gather(&bytes[..head])?;
            self.flush()?;
            let whole = (bytes.len() - head) / PIECE as usize * PIECE as usize;
            self.large(&bytes[head..head + whole])?;
            bytes = &bytes[head + whole..];
        }
        self.gather(bytes)
    }

    /// Hash on all cores, and write here, in order: a file takes one writer at a time, and others would only spin.
    fn large(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        const JOB: usize = 4 * PIECE as usize;
        let (file, progress, cancel, expected, start) = (self.file, self.progress, self.cancel, self.expected, self.at);
        let job = |number: u64| {
            let from = number as usize * JOB;
            (start + from as u64, &bytes[from..bytes.len().min(from + JOB)])
        };
        let work = |number: u64| {
            let (at, part) = job(number);
            Ok(hash_piece(Span::new(at, part.len() as u64), part, PIECE_LOG2))
        };
        let values = &mut self.values;
        in_order(bytes.len().div_ceil(JOB) as u64, most_of(PIECE), work, |number, hashes| {
            let (at, part) = job(number);
            if cancel.load(Ordering::Relaxed) {
                return Err(Cause::Cancelled);
            }
            file.write_all_at(part, at)?;
            values.push((at, hashes));
            progress(at + part.len() as u64, expected);
            Ok(())
        })?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    /// Put into batches.
    fn gather(&mut self, mut bytes: &[u8]) -> Result<(), Cause> {
        while !bytes.is_empty() {
            let room = BATCH - self.batch.len();
            let (now, later) = bytes.split_at(bytes.len().min(room));
            self.batch.extend_from_slice(now);
            self.at += now.len() as u64;
            bytes = later;
            if self.batch.len() == BATCH {
                self.flush()?;
            }
        }
        Ok(())
    }

    /// Write what was gathered, and have it hashed.
    fn flush(&mut self) -> Result<(), Cause> {
        if self.batch.is_empty() {
            return Ok(());
        }
        let start = self.at - self.batch.len() as u64;
        let next = self.empty.try_recv().unwrap_or_else(|_| Vec::with_capacity(BATCH));
        let batch = std::mem::replace(&mut self.batch, next);
        self.batch.clear();
        self.file.write_all_at(&batch, start)?;
        (self.progress)(self.at, self.expected);
        // The hasher ends only when its sender is gone, or by a panic that `finish` passes on.
        let _ = self.batches.send((start, batch));
        Ok(())
    }

    /// The length of the stream, and the values of its pieces of [`PIECE`] bytes, in order.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn finish(mut self) -> Result<(u64, Vec<SealedHash>), Cause> {
        self.flush()?;
        drop(self.batches);
        let mut values = self.values;
        match self.hasher.join() {
            Ok(more) => values.extend(more),
            Err(panic) => std::panic::resume_unwind(panic),
        }
        values.sort_by_key(|(start, _)| *start);
        Ok((self.at, values.into_iter().flat_map(|(_, hashes)| hashes).collect()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faissil_core::snapshot::hash_sealed;
    use std::io::Read;

    #[test]
    fn pieces_of_any_length_come_to_the_same_file_and_values() {
        let bytes: Vec<u8> = (0..30u32 << 20).map(|n| (n.wrapping_mul(2_654_435_761) >> 24) as u8).collect();
        for cuts in [vec![1, 7, 4096, LARGE, 3], vec![LARGE + 13, LARGE + 1], vec![5 << 20], vec![100, BATCH - 100, 8]]
        {
            let mut file = tempfile::tempfile().unwrap();
            let never = AtomicBool::new(false);
            let (len, values) = std::thread::scope(|scope| {
                let mut hashing = Hashing::new(scope, &file, bytes.len() as u64, &|_, _| {}, &never);
                let mut rest = &bytes[..];
                for cut in cuts.iter().cycle() {
                    let (now, later) = rest.split_at(rest.len().min(*cut));
                    hashing.take(now).unwrap();
                    rest = later;
                    if rest.is_empty() {
                        break;
                    }
                }
                hashing.finish().unwrap()
            });
            let mut written = Vec::new();
            file.read_to_end(&mut written).unwrap();
            assert!(written == bytes, "{cuts:?}");
            assert_eq!(len, bytes.len() as u64);
            let expected: Vec<_> = bytes
                .chunks(PIECE as usize)
                .zip((0..).step_by(PIECE as usize))
                .map(|(piece, start)| hash_sealed(start, piece))
                .collect();
            assert_eq!(values, expected, "{cuts:?}");
        }
    }

    #[test]
    fn cancelling_ends_it() {
        let file = tempfile::tempfile().unwrap();
        let cancel = AtomicBool::new(false);
        std::thread::scope(|scope| {
            let mut hashing = Hashing::new(scope, &file, 1 << 20, &|_, _| {}, &cancel);
            hashing.take(b"some").unwrap();
            cancel.store(true, Ordering::Relaxed);
            assert!(matches!(hashing.take(b"more"), Err(Cause::Cancelled)));
        });
    }
}
