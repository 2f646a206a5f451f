//! What FAISS writes, on its way into a file: hashed and written in one pass, from FAISS's own memory.
//!
//! FAISS hands over its arrays where they lie, and they are there only until the callback returns. So while this thread writes
//! an array another one hashes it and sums up the ids in it, and all cores hash a large one. What is small is gathered first,
//! half a MiB at most. Nothing else is held but 64 bytes for each such piece of the stream.
//!
//! The file is written in whole pages: the kernel is writing what came before to the disk already, and whoever touches a
//! page again waits for that.

use crate::{
    Cause,
    drive::Onlooker,
    hashing::hash_piece,
    parallel::{PIECE, in_order, most_of},
    store::Store,
    summing::Summing,
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

/// Bytes of a page.
const PAGE: usize = 4096;

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
    /// Bytes that are written and hashed: whole pages.
    at: u64,
    /// What follows them.
    gathered: Vec<u8>,
    pieces: Pieces,
    /// Sums the ids up. Given up where they cannot be followed; whoever reads the file finds out why.
    ids: Option<Onlooker<Summing<'a>>>,
}

/// What came of it.
pub(super) struct Hashed<'a> {
    /// The values of the stream's pieces of [`PIECE`] bytes, in order.
    pub(super) values: Vec<SealedHash>,
    /// Has seen every byte.
    pub(super) ids: Option<Onlooker<Summing<'a>>>,
}

/// What is in the file already.
struct Written<'a>(&'a fs::File, u64);

impl Store for Written<'_> {
    fn len(&self) -> u64 {
        self.1
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        Ok(self.0.read_exact_at(out, at)?)
    }
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
    /// Begin at byte 0 of `file`. `ids` looks on, `progress` is told how far it is, `cancel` ends it.
    pub(super) fn new(
        file: &'a fs::File,
        expected: u64,
        ids: Option<Onlooker<Summing<'a>>>,
        progress: &'a (dyn Fn(u64, u64) + Sync),
        cancel: &'a AtomicBool,
    ) -> Hashing<'a> {
        let gathered = Vec::with_capacity(GATHERED);
        Hashing { file, progress, cancel, expected, at: 0, gathered, pieces: Pieces::new(), ids }
    }

    /// The next bytes of the stream.
    ///
    /// # Errors
    /// When the file cannot be written, or on being cancelled.
    pub(super) fn take(&mut self, mut bytes: &[u8]) -> Result<(), Cause> {
        if bytes.len() >= SMALL {
            // Fill the last page, so that what follows is whole pages from here on.
            let (now, later) = bytes.split_at(self.gathered.len().next_multiple_of(PAGE) - self.gathered.len());
            self.gathered.extend_from_slice(now);
            self.flush()?;
            let (pages, rest) = later.split_at(later.len() / PAGE * PAGE);
            self.pages(pages)?;
            bytes = rest;
        }
        while self.gathered.len() + bytes.len() > GATHERED {
            let (now, later) = bytes.split_at(GATHERED - self.gathered.len());
            self.gathered.extend_from_slice(now);
            self.flush()?;
            bytes = later;
        }
        self.gathered.extend_from_slice(bytes);
        Ok(())
    }

    /// Write what was gathered.
    fn flush(&mut self) -> Result<(), Cause> {
        let mut gathered = std::mem::take(&mut self.gathered);
        let written = self.array(&gathered);
        gathered.clear();
        self.gathered = gathered;
        written
    }

    /// Write whole pages.
    fn pages(&mut self, bytes: &[u8]) -> Result<(), Cause> {
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

    /// Write bytes while another thread hashes them.
    fn array(&mut self, bytes: &[u8]) -> Result<(), Cause> {
        if bytes.is_empty() {
            return Ok(());
        }
        self.check_cancelled()?;
        if bytes.len() < SMALL {
            self.pieces.push(bytes);
            self.look(bytes);
            self.file.write_all_at(bytes, self.at)?;
        } else {
            let (file, at) = (self.file, self.at);
            thread::scope(|scope| {
                scope.spawn(|| {
                    self.pieces.push(bytes);
                    self.look(bytes);
                });
                file.write_all_at(bytes, at)
            })?;
        }
        self.at += bytes.len() as u64;
        (self.progress)(self.at, self.expected);
        Ok(())
    }

    /// Show the next bytes to who sums up the ids.
    fn look(&mut self, bytes: &[u8]) {
        if let Some(ids) = &mut self.ids
            && ids.pass(self.at, bytes, &Written(self.file, self.at)).is_err()
        {
            self.ids = None;
        }
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
            self.look(part);
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

    /// Write the rest.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub(super) fn finish(mut self) -> Result<Hashed<'a>, Cause> {
        self.flush()?;
        Ok(Hashed { values: self.pieces.finish(), ids: self.ids })
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
            let mut hashing = Hashing::new(&file, bytes.len() as u64, None, &|_, _| {}, &never);
            let mut rest = &bytes[..];
            for cut in cuts.iter().cycle() {
                let (now, later) = rest.split_at(rest.len().min(*cut));
                hashing.take(now).unwrap();
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            let values = hashing.finish().unwrap().values;
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
        let mut hashing = Hashing::new(&file, 1 << 20, None, &|_, _| {}, &cancel);
        hashing.take(b"some").unwrap();
        cancel.store(true, Ordering::Relaxed);
        assert!(matches!(hashing.take(&[0; SMALL]), Err(Cause::Cancelled)));
    }
}
