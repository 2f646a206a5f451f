//! Chunks: the pieces by which a stream or an attachment is hashed, stored and checked.
//!
//! Everything here is a pure function of bytes, to be run on as many threads as there are:
//! [`hash_sealed`] and [`CodedChunk::pack`] for writing, [`ChunkEntry::check`] for reading.
//! [`StreamDigest`] puts the values of a sealed stream together to its digest, in order.

use super::digest::Digest;
use crate::bytes::Span;
use crate::codec::{self, Coding, Holds, Level};
use crate::error::Error;
use crate::limits::{MAX_CHUNK, SEALED_CHUNKS, SEALED_LOG2};
use alloc::{borrow::Cow, vec::Vec};
use blake3::hazmat::{self, HasherExt};

/// What a chunk is part of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Owner {
    /// The stream.
    Stream,
    /// The attachment of this number in `ATCH`.
    Attachment(u64),
}

/// A chunk, as the chunk table records it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChunkEntry {
    /// What it is part of.
    pub owner: Owner,
    /// Its number among the chunks of its owner.
    pub number: u64,
    /// Its bytes within the stream or the attachment.
    pub logical: Span,
    /// Where it is stored in the file.
    pub stored: Span,
    /// How it is stored, and what its bytes hash to.
    pub kind: ChunkKind,
}

/// How a chunk is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ChunkKind {
    /// Verbatim, as part of a sealed stream.
    Sealed {
        /// BLAKE3 subtree value.
        value: Digest,
        /// The digest of the stream, when the chunk is all of it.
        whole: Option<Digest>,
    },
    /// By a codec.
    Coded {
        /// Number of the codec.
        codec: u32,
        /// Parameters of the codec.
        parameters: Vec<u8>,
        /// BLAKE3 of the stored bytes.
        stored_digest: Digest,
        /// BLAKE3 of the decoded bytes.
        decoded_digest: Digest,
    },
}

impl ChunkEntry {
    /// The chunk's bytes, decoded, from its stored bytes; checked before and after any decoder runs.
    ///
    /// # Errors
    /// [`Kind::Truncated`](crate::Kind::Truncated) when `stored` is too short, [`Kind::Digest`](crate::Kind::Digest) when the bytes are damaged, [`Kind::Codec`](crate::Kind::Codec) when the
    /// codec is unknown or cannot decode them; all at the chunk's first stored byte.
    pub fn check<'a>(&self, stored: &'a [u8]) -> Result<Cow<'a, [u8]>, Error> {
        let at = self.stored.start;
        if stored.len() as u64 != self.stored.len {
            return Err(Error::truncated(self.stored, stored.len() as u64).inside("chunk"));
        }
        match &self.kind {
            ChunkKind::Sealed { value, whole } => {
                let hashed = hash_sealed(self.logical.start, stored);
                value.expect(hashed.value, at, "chunk")?;
                if let Some(whole) = whole {
                    whole.expect(hashed.root, at, "stream")?;
                }
                Ok(Cow::Borrowed(stored))
            }
            ChunkKind::Coded { codec, parameters, stored_digest, decoded_digest } => {
                stored_digest.check(stored, at, "stored bytes of the chunk")?;
                let coding = Coding::from_entry(*codec, parameters).map_err(|error| error.moved_to(at))?;
                let decoded = codec::decode(coding, stored, at, self.logical.len)?;
                decoded_digest.check(&decoded, at, "decoded bytes of the chunk")?;
                Ok(decoded)
            }
        }
    }
}

impl ChunkEntry {
    /// The error that decoding it gives where its codec is not in this build, see [`codec::is_here`].
    pub fn lacks_codec(&self) -> Option<Error> {
        match &self.kind {
            ChunkKind::Coded { codec, .. } if !codec::is_here(*codec) => {
                Some(codec::not_here(*codec, self.stored.start))
            }
            _ => None,
        }
    }

    /// What the stored bytes give, held against no digest: for whoever looks at damage, or holds all of the stream against
    /// its digest. `None` where they are not as many as they should be or cannot be decoded.
    pub fn unchecked<'a>(&self, stored: &'a [u8]) -> Option<Cow<'a, [u8]>> {
        match &self.kind {
            ChunkKind::Sealed { .. } => {
                let whole = stored.len() as u64 == self.logical.len;
                whole.then_some(Cow::Borrowed(stored))
            }
            ChunkKind::Coded { .. } => self.unchecked_into(stored, Vec::new()).map(Cow::Owned),
        }
    }

    /// [`unchecked`](ChunkEntry::unchecked), of a coded chunk, into memory that was used before, of any length and content.
    pub fn unchecked_into(&self, stored: &[u8], room: Vec<u8>) -> Option<Vec<u8>> {
        let ChunkKind::Coded { codec, parameters, .. } = &self.kind else { return None };
        let coding = Coding::from_entry(*codec, parameters).ok()?;
        let bytes = codec::decode_into(coding, stored, self.stored.start, self.logical.len, room).ok()?;
        (bytes.len() as u64 == self.logical.len).then_some(bytes)
    }
}

/// A chunk of a sealed stream, hashed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedHash {
    /// Its subtree value, for the chunk table.
    pub value: Digest,
    /// The digest that the stream has if this chunk is all of it; else without meaning.
    pub root: Digest,
}

/// Hash the chunk of a sealed stream that starts at byte `start` of it, a multiple of the chunk size.
/// One pass gives both values. Empty bytes give zeros.
pub fn hash_sealed(start: u64, bytes: &[u8]) -> SealedHash {
    let mut hasher = SealedHasher::new(start);
    hasher.update(bytes);
    hasher.finish()
}

/// [`hash_sealed`] for bytes that arrive in pieces.
#[derive(Debug, Clone)]
pub struct SealedHasher {
    hasher: blake3::Hasher,
    start: u64,
}

impl SealedHasher {
    /// For the chunk that starts at byte `start` of the stream, a multiple of the chunk size: 16 KiB at least.
    pub fn new(start: u64) -> SealedHasher {
        let mut hasher = blake3::Hasher::new();
        // Never so by our own arithmetic; BLAKE3 would panic.
        let start = start & !1023;
        hasher.set_input_offset(start);
        SealedHasher { hasher, start }
    }

    /// The next bytes of the chunk. What passes the chunk's possible length (the largest power of two that divides
    /// its start) is not hashed.
    pub fn update(&mut self, bytes: &[u8]) {
        let room =
            hazmat::max_subtree_len(self.start).map_or(u64::MAX, |most| most.saturating_sub(self.hasher.count()));
        let room = usize::try_from(room).unwrap_or(usize::MAX).min(bytes.len());
        self.hasher.update(bytes.get(..room).unwrap_or(bytes));
    }

    /// The values of what was hashed; zeros when that was nothing.
    pub fn finish(&self) -> SealedHash {
        if self.hasher.count() == 0 {
            return SealedHash { value: Digest([0; 32]), root: Digest([0; 32]) };
        }
        let value = Digest(self.hasher.finalize_non_root());
        // A root is only defined for input that starts at byte 0.
        let root = if self.start == 0 { self.hasher.finalize().into() } else { Digest([0; 32]) };
        SealedHash { value, root }
    }
}

/// The exponent of the chunk size for a sealed stream of this length: `wanted` or 20, raised until
/// there are at most 65,536 chunks or the chunks are 16 MiB.
///
/// # Errors
/// [`Kind::Invalid`](crate::Kind::Invalid) when `wanted` is not 14 to 24.
pub fn sealed_log2(stream_len: u64, wanted: Option<u8>) -> Result<u8, Error> {
    let mut log2 = wanted.unwrap_or(20);
    if !SEALED_LOG2.contains(&log2) {
        return Err(Error::invalid(0, "chunk_log2 is 14 to 24", log2));
    }
    while sealed_chunks(stream_len, log2) > SEALED_CHUNKS && log2 < *SEALED_LOG2.end() {
        log2 = log2.saturating_add(1);
    }
    Ok(log2)
}

/// How many chunks of 2^`log2` bytes a stream has.
pub fn sealed_chunks(stream_len: u64, log2: u8) -> u64 {
    let size = 1u64.checked_shl(log2.into()).unwrap_or(u64::MAX);
    stream_len.div_ceil(size)
}

/// The bytes of chunk `number` of a sealed stream.
pub fn sealed_span(stream_len: u64, log2: u8, number: u64) -> Span {
    let size = 1u64.checked_shl(log2.into()).unwrap_or(u64::MAX);
    let start = number.saturating_mul(size).min(stream_len);
    Span::between(start, start.saturating_add(size).min(stream_len))
}

/// Merges the values of a sealed stream's chunks, in order, to the digest of the stream.
///
/// For a stream of one chunk there is nothing to merge: its digest is [`SealedHash::root`].
#[derive(Debug, Clone, Default)]
pub struct StreamDigest {
    /// Values of complete subtrees, largest first.
    stack: Vec<[u8; 32]>,
    count: u64,
}

impl StreamDigest {
    /// Nothing yet.
    pub fn new() -> StreamDigest {
        StreamDigest::default()
    }

    /// The value of the next chunk.
    pub fn push(&mut self, value: Digest) {
        // Merging waits until more is known to follow, because the last merge of all is of another kind.
        while self.stack.len() as u64 > u64::from(self.count.count_ones()) {
            self.merge();
        }
        self.stack.push(value.0);
        self.count = self.count.saturating_add(1);
    }

    fn merge(&mut self) {
        if let (Some(right), Some(left)) = (self.stack.pop(), self.stack.pop()) {
            self.stack.push(hazmat::merge_subtrees_non_root(&left, &right, hazmat::Mode::Hash));
        }
    }

    /// Values pushed so far.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// The digest of the stream; `None` when fewer than two values were pushed.
    pub fn finish(mut self) -> Option<Digest> {
        while self.stack.len() > 2 {
            self.merge();
        }
        let (right, left) = (self.stack.pop()?, self.stack.pop()?);
        Some(hazmat::merge_subtrees_root(&left, &right, hazmat::Mode::Hash).into())
    }
}

/// A chunk that is coded and hashed, ready to be written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CodedChunk<'a> {
    /// The codec with its parameters.
    pub coding: Coding,
    /// Number of bytes before coding.
    pub decoded_len: u64,
    /// The bytes to store, never more than there were before coding.
    pub stored: Cow<'a, [u8]>,
    /// BLAKE3 of the stored bytes.
    pub stored_digest: Digest,
    /// BLAKE3 of the bytes before coding.
    pub decoded_digest: Digest,
}

impl<'a> CodedChunk<'a> {
    /// Code these bytes, which are what `holds` says, in the smallest way that pays at this level.
    ///
    /// # Errors
    /// No bytes, or more than 4 MiB.
    pub fn pack(level: Level, holds: &Holds, bytes: &'a [u8]) -> Result<CodedChunk<'a>, Error> {
        CodedChunk::hashed(codec::pack(level, holds, bytes), bytes)
    }

    /// These bytes as they are.
    ///
    /// # Errors
    /// No bytes, or more than 4 MiB.
    pub fn raw(bytes: &'a [u8]) -> Result<CodedChunk<'a>, Error> {
        CodedChunk::hashed(codec::Packed { coding: Coding::Raw, stored: Cow::Borrowed(bytes) }, bytes)
    }

    fn hashed(packed: codec::Packed<'a>, bytes: &'a [u8]) -> Result<CodedChunk<'a>, Error> {
        let decoded_len = bytes.len() as u64;
        if bytes.is_empty() {
            return Err(Error::invalid(0, "a chunk has bytes", 0).inside("chunk"));
        }
        if decoded_len > MAX_CHUNK {
            return Err(Error::limit(0, "decoded bytes of a chunk", MAX_CHUNK, decoded_len).inside("chunk"));
        }
        let decoded_digest = Digest::of(bytes);
        let stored_digest = match packed.coding {
            Coding::Raw => decoded_digest,
            _ => Digest::of(&packed.stored),
        };
        Ok(CodedChunk { coding: packed.coding, decoded_len, stored: packed.stored, stored_digest, decoded_digest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;
    use proptest::prelude::*;

    #[test]
    fn the_chunk_size_grows_with_the_stream() {
        assert_eq!(sealed_log2(1, None), Ok(20));
        assert_eq!(sealed_log2(1 << 36, None), Ok(20));
        assert_eq!(sealed_log2((1 << 36) + 1, None), Ok(21));
        assert_eq!(sealed_log2(u64::MAX, None), Ok(24));
        assert_eq!(sealed_log2(1, Some(14)), Ok(14));
        assert!(sealed_log2(1, Some(13)).is_err());
    }

    #[test]
    fn odd_starts_do_not_panic() {
        assert_eq!(hash_sealed(0, b"").value, Digest([0; 32]));
        hash_sealed(1, b"abc");
        hash_sealed(1024, &[0; 5000]);
        hash_sealed(u64::MAX, &[0; 5000]);
    }

    #[test]
    fn a_chunk_is_checked_against_both_digests() {
        let coded = CodedChunk::raw(b"abc").unwrap();
        let kind = ChunkKind::Coded {
            codec: coded.coding.number(),
            parameters: coded.coding.parameters(),
            stored_digest: coded.stored_digest,
            decoded_digest: Digest([0; 32]),
        };
        let (logical, stored) = (Span::new(0, 3), Span::new(16, 3));
        let entry = ChunkEntry { owner: Owner::Stream, number: 0, logical, stored, kind };
        let message = |bytes: &[u8]| alloc::string::ToString::to_string(&entry.check(bytes).unwrap_err());
        assert!(message(b"abd").starts_with("damaged at byte 16: stored bytes of the chunk: digest is "));
        assert!(message(b"abc").starts_with("damaged at byte 16: decoded bytes of the chunk: digest is "));
        assert!(message(b"ab").starts_with("truncated at byte 16 while reading chunk: need 3 bytes, have 2"));
    }

    proptest! {
        #[test]
        fn chunk_values_merge_to_the_digest(len in 1u64..400_000, log2 in 14u8..18, seed in any::<u8>()) {
            let bytes: Vec<u8> = (0..len).map(|i| i.to_le_bytes()[0].wrapping_mul(seed) ^ i.to_le_bytes()[1]).collect();
            let count = sealed_chunks(len, log2);
            let mut merged = StreamDigest::new();
            let mut last = hash_sealed(0, b"");
            let mut covered = 0;
            for number in 0..count {
                let span = sealed_span(len, log2, number);
                prop_assert_eq!(span.start, covered);
                covered = span.end();
                last = hash_sealed(span.start, crate::bytes::slice(&bytes, span));
                merged.push(last.value);
            }
            prop_assert_eq!(covered, len);
            let digest = if count == 1 { Some(last.root) } else { merged.finish() };
            prop_assert_eq!(digest, Some(Digest::of(&bytes)));
        }
    }

    #[test]
    fn a_hasher_takes_pieces() {
        let bytes = vec![5u8; 40_000];
        let mut hasher = SealedHasher::new(1 << 16);
        bytes.chunks(777).for_each(|piece| hasher.update(piece));
        assert_eq!(hasher.finish(), hash_sealed(1 << 16, &bytes));
    }
}
