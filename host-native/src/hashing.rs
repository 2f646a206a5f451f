//! Values of the chunks of a sealed stream, from pieces that were hashed on all cores.
//!
//! Pieces of a [`sweep`] are hashed wherever they are read; their values come
//! together here, in order, into one value a chunk. Chunks may be
//! smaller or larger than pieces: both are powers of two.

mod parts;

pub use parts::{Part, Parts, hash_part};

use crate::{
    Cause,
    parallel::{PIECE, Progress, sweep},
    store::Store,
};
use blake3::hazmat::{Mode, merge_subtrees_non_root};
use faissil_core::{
    Span,
    snapshot::{Digest, SealedHash, StreamDigest, hash_sealed},
};
use std::{fs, os::unix::fs::FileExt};

/// Hash one piece of a stream that has chunks of `1 << log2` bytes: one value for each chunk in it, or one
/// for the piece when a chunk is larger.
pub fn hash_piece(span: Span, bytes: &[u8], log2: u8) -> Vec<SealedHash> {
    let size = (1u64 << log2).min(PIECE);
    let starts = (span.start..).step_by(size as usize);
    bytes.chunks(size as usize).zip(starts).map(|(part, start)| hash_sealed(start, part)).collect()
}

/// The BLAKE3 of all bytes of a store, made on all cores.
///
/// # Errors
/// When it cannot be read.
pub fn digest_of(store: &(impl Store + ?Sized), progress: Progress<'_>) -> Result<Digest, Cause> {
    pass(store, None, progress)
}

/// Copy a store to the start of a file; its digest.
///
/// # Errors
/// When it cannot be read or written.
pub fn copy_to(store: &(impl Store + ?Sized), to: &fs::File, progress: Progress<'_>) -> Result<Digest, Cause> {
    pass(store, Some(to), progress)
}

fn pass(store: &(impl Store + ?Sized), to: Option<&fs::File>, progress: Progress<'_>) -> Result<Digest, Cause> {
    let (mut merged, mut single) = (StreamDigest::new(), Digest::of(b""));
    let span = Span::new(0, store.len());
    let work = |span: Span, bytes: &[u8]| Ok(hash_sealed(span.start, bytes));
    sweep(
        store,
        span,
        |_| to.is_some(),
        work,
        |span, bytes, hash| {
            merged.push(hash.value);
            single = hash.root;
            if let Some(to) = to {
                to.write_all_at(bytes, span.start)?;
            }
            progress(span.end(), store.len());
            Ok(())
        },
    )?;
    Ok(if merged.count() > 1 { merged.finish().unwrap_or(single) } else { single })
}

/// Puts the values of pieces together, in order.
#[derive(Debug)]
pub struct ChunkValues {
    /// Pieces that make one chunk; 1 where a piece makes one or more.
    pieces: u64,
    /// Of the chunk that is not complete: values of its complete subtrees, largest first, and pieces so far.
    open: Vec<[u8; 32]>,
    in_chunk: u64,
    /// Of a chunk of several pieces: the digest that the stream has if this chunk is all of it.
    whole: StreamDigest,
    single: Option<SealedHash>,
}

impl ChunkValues {
    /// For chunks of `1 << log2` bytes.
    pub fn new(log2: u8) -> ChunkValues {
        let pieces = ((1u64 << log2) / PIECE).max(1);
        ChunkValues { pieces, open: Vec::new(), in_chunk: 0, whole: StreamDigest::new(), single: None }
    }

    /// Take the values of the next piece, and give those of the chunks that are known to be complete.
    pub fn push(&mut self, piece: Vec<SealedHash>) -> Vec<SealedHash> {
        if self.pieces == 1 {
            return piece;
        }
        let mut complete = Vec::new();
        for hash in piece {
            if self.in_chunk == self.pieces {
                complete.extend(self.close());
            }
            self.whole.push(hash.value);
            self.single = (self.in_chunk == 0).then_some(hash);
            // As a counter in base two carries: equal neighbours become one.
            self.open.push(hash.value.0);
            self.in_chunk += 1;
            (0..self.in_chunk.trailing_zeros()).for_each(|_| self.merge());
        }
        complete
    }

    /// The last chunk, if it was not given yet.
    pub fn finish(mut self) -> Option<SealedHash> {
        self.close()
    }

    fn close(&mut self) -> Option<SealedHash> {
        while self.open.len() > 1 {
            self.merge();
        }
        self.in_chunk = 0;
        let value = Digest(self.open.pop()?);
        let root = std::mem::take(&mut self.whole).finish();
        Some(self.single.take().unwrap_or(SealedHash { value, root: root.unwrap_or(value) }))
    }

    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.open.pop(), self.open.pop()) {
            self.open.push(merge_subtrees_non_root(&left, &right, Mode::Hash));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn chunks_of_any_size_have_the_values_of_their_bytes() {
        let bytes: Vec<u8> = (0..6 * PIECE + 12_345).map(|n| (n % 253) as u8).collect();
        for len in [1, 1 << 14, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 4 * PIECE, 5 * PIECE + 1, bytes.len() as u64] {
            let bytes = &bytes[..len as usize];
            for log2 in [14, 19, 20, 21, 22, 24] {
                let mut values = ChunkValues::new(log2);
                let mut found = Vec::new();
                for (number, piece) in bytes.chunks(PIECE as usize).enumerate() {
                    let span = Span::new(number as u64 * PIECE, piece.len() as u64);
                    found.extend(values.push(hash_piece(span, piece, log2)));
                }
                found.extend(values.finish());
                let size = 1u64 << log2;
                let expected: Vec<_> = bytes
                    .chunks(size as usize)
                    .zip((0..).step_by(size as usize))
                    .map(|(chunk, start)| hash_sealed(start, chunk).value)
                    .collect();
                assert_eq!(found.iter().map(|hash| hash.value).collect::<Vec<_>>(), expected, "{len} bytes, 2^{log2}");
                if let [only] = found[..] {
                    assert_eq!(only.root, Digest::of(bytes), "{len} bytes, 2^{log2}");
                }
            }
        }
    }
}
