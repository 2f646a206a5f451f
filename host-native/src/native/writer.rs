//! What FAISS writes, on its way into a file: hashed and written in one pass, from FAISS's own memory.
//!
//! FAISS hands over its arrays where they lie, and they are there only until the callback returns. So while this thread writes
//! an array another one hashes it, and all cores hash a large one. What is small is gathered first, up to 1 MiB. Nothing
//! else is held but 64 bytes for each MiB of the stream.

use crate::{
    Cause,
    hashing::hash_piece,
    parallel::{PIECE, in_order, most_of},
};
use faissil_core::{
    Span,
    snapshot::{SealedHash, SealedHasher},
};
use std::{
    fs,
    os::unix::fs::FileExt,
    sync::atomic::{AtomicBool, Ordering},
    thread,
};

/// Less than this is gathered: a thread that hashes it would cost more than it saves.
const SMALL: usize = 256 << 10;

/// Bytes that are gathered.
const GATHERED: usize = PIECE as usize;

/// An array of at least so many bytes is hashed by all cores.
const LARGE: usize = 8 << 20;

/// Exponent of the size of the pieces that are hashed.
const PIECE_LOG2: u8 = PIECE.trailing_zeros() as u8;

/// A stream that is written and hashed at once.
pub(super) struct Hashing<'a> {
    file: &'a fs::File,
    progress: &'a (dyn Fn(u64, u64) + Sync),
    cancel: &'a AtomicBool,
    /// Length that the stream will have.
    expected: u64,
    /// Bytes that are written and hashed.
    at: u64,
    /// What follows them.
    gathered: Vec<u8>,
    pieces: Pieces,
}

/// Values of pieces of [`PIECE`] bytes, made in order.
struct Pieces {
    values: Vec<SealedHash>,
    /// The piece that is not complete.
    open: SealedHasher,
    /// Bytes in it.
    filled: u64,
}

impl Pieces {
    fn new() -> Pieces {
        Pieces { values: Vec::new(), open: SealedHasher::new(0), filled: 0 }
    }

    /// The next bytes of the stream.
    fn push(&mut self, mut bytes: &[u8]) {
        while !bytes.is_empty() {
            let (now, later) = bytes.split_at(bytes.len().min((PIECE - self.filled) as usize));
            self.open.update(now);
            self.filled += now.len() as u64;
            bytes = later;
            if self.filled == PIECE {
                self.values.push(self.open.finish());
                self.begin();
            }
        }
    }

    /// Whole pieces that were hashed elsewhere.
    fn extend(&mut self, hashes: Vec<SealedHash>) {
        self.values.extend(hashes);
        self.begin();
    }

    /// The next piece starts behind all that are complete.
    fn begin(&mut self) {
        self.open = SealedHasher::new(self.values.len() as u64 * PIECE);
        self.filled = 0;
    }

    fn finish(mut self) -> Vec<SealedHash> {
        if self.filled > 0 {
            self.values.push(self.open.finish());
        }
        self.values
    }
}

impl<'a> Hashing<'a> {
    /// Begin at byte 0 of `file`. `progress` is told how far it is, `cancel` ends it.
    pub(super) fn new(
        file: &'a fs::File,
        expected: u64,
        progress: &'a (dyn Fn(u64, u64) + Sync),
        cancel: &'a AtomicBool,
    ) -> Hashing<'a> {
        let gathered = Vec::with_capacity(GATHERED);
        Hashing { file, progress, cancel, expected, at: 0, gathered, pieces: Pieces::new() }
    }

    /// The next bytes of the stream.
    ///
    /// # Errors
    /// When the file cannot be written, or on being cancelled.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        if bytes.len() < SMALL {
            if self.gathered.len() + bytes.len() > GATHERED {
                self.flush()?;
            }
            self.gathered.extend_from_slice(bytes);
            return Ok(());
        }
        self.flush()?;
        if bytes.len() < LARGE {
            return self.array(bytes);
        }
        // What all cores hash starts at a piece and ends at one.
        let head = (self.at.next_multiple_of(PIECE) - self.at) as usize;
        let whole = (bytes.len() - head) / GATHERED * GATHERED;
        self.array(&bytes[..head])?;
        self.large(&bytes[head..head + whole])?;
        self.array(&bytes[head + whole..])
    }

    /// Write what was gathered.
    fn flush(&mut self) -> Result<(), Cause> {
        let mut gathered = std::mem::take(&mut self.gathered);
        let written = self.array(&gathered);
        gathered.clear();
        self.gathered = gathered;
        written
    }

    /// Write bytes while another thread hashes them.
    fn array(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.check_cancelled()?;
        let (file, at, pieces) = (self.file, self.at, &mut self.pieces);
        if bytes.len() < SMALL {
            pieces.push(bytes);
            file.write_all_at(bytes, at)?;
        } else {
            thread::scope(|scope| {
                scope.spawn(|| pieces.push(bytes));
                file.write_all_at(bytes, at)
            })?;
        }
        self.at += bytes.len() as u64;
        (self.progress)(self.at, self.expected);
        Ok(())
    }

    /// Write pieces, in order, while all cores hash them: a file takes one writer at a time, and others would only spin.
    fn large(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        const JOB: usize = 4 * GATHERED;
        let start = self.at;
        let job = |number: u64| {
            let from = number as usize * JOB;
            (start + from as u64, &bytes[from..bytes.len().min(from + JOB)])
        };
        let work = |number: u64| {
            let (at, part) = job(number);
            Ok(hash_piece(Span::new(at, part.len() as u64), part, PIECE_LOG2))
        };
        in_order(bytes.len().div_ceil(JOB) as u64, most_of(PIECE), work, |number, hashes| {
            self.check_cancelled()?;
            let (at, part) = job(number);
            self.file.write_all_at(part, at)?;
            self.pieces.extend(hashes);
            self.at += part.len() as u64;
            (self.progress)(self.at, self.expected);
            Ok(())
        })
    }

    fn check_cancelled(&self) -> Result<(), Cause> {
        match self.cancel.load(Ordering::Relaxed) {
            true => Err(Cause::Cancelled),
            false => Ok(()),
        }
    }

    /// The values of the stream's pieces of [`PIECE`] bytes, in order.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn finish(mut self) -> Result<Vec<SealedHash>, Cause> {
        self.flush()?;
        Ok(self.pieces.finish())
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
        for cuts in [
            vec![1, 7, 4096, LARGE, 3],
            vec![LARGE + 13, LARGE + 1],
            vec![5 << 20],
            vec![100, GATHERED - 100, 8],
            vec![SMALL, SMALL - 1, 1],
        ] {
            let mut file = tempfile::tempfile().unwrap();
            let never = AtomicBool::new(false);
            let mut hashing = Hashing::new(&file, bytes.len() as u64, &|_, _| {}, &never);
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*cut));
                hashing.take(now).unwrap();
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            let values = hashing.finish().unwrap();
            let mut written = Vec::new();
            file.read_to_end(&mut written).unwrap();
            assert!(written == bytes, "{cuts:?}");
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
        let mut hashing = Hashing::new(&file, 1 << 20, &|_, _| {}, &cancel);
        hashing.take(b"some").unwrap();
        cancel.store(true, Ordering::Relaxed);
        assert!(matches!(hashing.take(&[0; SMALL]), Err(Cause::Cancelled)));
    }
}
