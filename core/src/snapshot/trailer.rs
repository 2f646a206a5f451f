//! The marks that a snapshot is found by: trailer, packed head, and the mark between a stream and what follows.

use super::digest::Digest;
use super::wire::{Cursor, Fixed, fixed};
use crate::bytes::{Reading, Span, Step};
use crate::error::{Error, Kind};
use crate::limits::{MAX_MANIFEST, MAX_SIGNATURES, WALK_BYTES};
use crate::window::{Read, Window, step_of};
use alloc::{format, vec::Vec};

/// The newest version of the format that this build reads, and the one it writes.
pub const VERSION: u16 = 1;
/// The last bytes of every snapshot and the first of a packed one.
pub const MAGIC: [u8; 8] = *b"\x89FAISSIL";
/// The first bytes after the stream of a sealed snapshot.
pub const MARK_MAGIC: [u8; 8] = *b"\x89FAISSBK";
/// Length of the trailer in bytes.
pub const TRAILER_LEN: u64 = Trailer::WIDTH;
/// Length of the head of a packed snapshot in bytes.
pub const HEAD_LEN: u64 = Head::WIDTH;
/// Length of the mark in bytes.
pub const MARK_LEN: u64 = Mark::WIDTH;

fixed! {
    /// The last 64 bytes of a snapshot.
    Trailer {
        /// First byte of the manifest, from the start of the file.
        manifest_start: u64,
        /// Length of the manifest, at most 61440.
        manifest_len: u64,
        /// BLAKE3 of the manifest: the snapshot digest.
        digest: Digest,
        /// Length of the signature area between manifest and trailer, at most 65536; writers put 0.
        signatures_len: u32,
        /// Version of the format: 1.
        version: u16,
        /// 0, else refused.
        flags: u16,
        /// `89 46 41 49 53 53 49 4C`.
        magic: [u8; 8],
    }
}

fixed! {
    /// The first 16 bytes of a packed snapshot.
    Head {
        /// `89 46 41 49 53 53 49 4C`.
        magic: [u8; 8],
        /// 0, else refused.
        zeros: u64,
    }
}

fixed! {
    /// The 16 bytes behind the stream of a sealed snapshot. By it an interrupted seal is known.
    Mark {
        /// `89 46 41 49 53 53 42 4B`.
        magic: [u8; 8],
        /// Length of the stream, which is also the place of the mark.
        stream_len: u64,
    }
}

impl Trailer {
    /// The trailer of a file of `file_len` bytes, from its last 64.
    ///
    /// # Errors
    /// [`Kind::NotThis`] without the magic, [`Kind::Unsupported`] for another version or flags,
    /// else what is wrong with the lengths.
    pub fn parse(bytes: &[u8], file_len: u64) -> Result<Trailer, Error> {
        let at = file_len.saturating_sub(TRAILER_LEN);
        Trailer::parse_at(bytes, at, file_len).map_err(|error| error.inside("trailer"))
    }

    fn parse_at(bytes: &[u8], at: u64, file_len: u64) -> Result<Trailer, Error> {
        let trailer = Trailer::take_fixed(&mut Cursor::new(bytes, at))?;
        let field = |name: &str| at.saturating_add(Trailer::offset_of(name));
        if trailer.magic != MAGIC {
            return Err(no_trailer(file_len));
        }
        if trailer.version > VERSION {
            let text =
                format!("snapshot version {} is newer than {VERSION}, the newest this build reads", trailer.version);
            return Err(Error::new(Kind::Unsupported(text.into()), field("version")));
        }
        if trailer.version == 0 {
            return Err(Error::invalid(field("version"), "version is 1 or more", 0));
        }
        if trailer.flags != 0 {
            return Err(Error::invalid(field("flags"), "flags are 0", trailer.flags));
        }
        // Lengths that add up and are above a limit are another writer's; else they are damaged.
        let total = u128::from(trailer.manifest_start)
            .saturating_add(trailer.manifest_len.into())
            .saturating_add(u128::from(trailer.signatures_len))
            .saturating_add(TRAILER_LEN.into());
        if total != u128::from(file_len) {
            let rule = "manifest_start + manifest_len + signatures_len + 64 = length of the file";
            return Err(Error::inconsistent(at, rule, file_len, total));
        }
        if trailer.manifest_len > MAX_MANIFEST {
            let error = Error::limit(field("manifest_len"), "bytes of a manifest", MAX_MANIFEST, trailer.manifest_len);
            return Err(error);
        }
        let signatures = u64::from(trailer.signatures_len);
        if signatures > MAX_SIGNATURES {
            let error = Error::limit(field("signatures_len"), "bytes of signatures", MAX_SIGNATURES, signatures);
            return Err(error);
        }
        Ok(trailer)
    }

    /// The bytes of the manifest.
    pub fn manifest(&self) -> Span {
        Span::new(self.manifest_start, self.manifest_len)
    }

    /// The signature area.
    pub fn signatures(&self) -> Span {
        Span::new(self.manifest().end(), self.signatures_len.into())
    }
}

/// The file does not end with a trailer.
pub(crate) fn no_trailer(file_len: u64) -> Error {
    let text = "no snapshot trailer in the last 64 bytes: the file is not sealed, was cut short, or has bytes after its trailer";
    Error::new(Kind::NotThis(text.into()), file_len.saturating_sub(TRAILER_LEN))
}

impl Head {
    /// The head of every packed snapshot.
    pub const VALUE: Head = Head { magic: MAGIC, zeros: 0 };

    /// That these first bytes of the file are the head.
    ///
    /// # Errors
    /// [`Kind::Invalid`] otherwise.
    pub fn check(bytes: &[u8]) -> Result<(), Error> {
        let head = Head::take_fixed(&mut Cursor::new(bytes, 0)).map_err(|error| error.inside("head"))?;
        if head == Head::VALUE {
            return Ok(());
        }
        let rule = "head is the magic and eight zeros";
        Err(Error::invalid(0, rule, format!("{:02x?}", bytes)).inside("head"))
    }
}

impl Mark {
    /// The mark behind a stream of this length.
    pub const fn after(stream_len: u64) -> Mark {
        Mark { magic: MARK_MAGIC, stream_len }
    }

    /// That these bytes are the mark behind a stream of `stream_len` bytes.
    ///
    /// # Errors
    /// [`Kind::Invalid`] or [`Kind::Inconsistent`] otherwise.
    pub fn check(bytes: &[u8], stream_len: u64) -> Result<(), Error> {
        let inside = |error: Error| error.inside("mark");
        let mark = Mark::take_fixed(&mut Cursor::new(bytes, stream_len)).map_err(inside)?;
        if mark.magic != MARK_MAGIC {
            let found = format!("{:02x?}", mark.magic);
            return Err(inside(Error::invalid(stream_len, "magic is 89 46 41 49 53 53 42 4b", found)));
        }
        if mark.stream_len != stream_len {
            let at = stream_len.saturating_add(8);
            return Err(inside(Error::inconsistent(at, "stream_len = STRM.length", stream_len, mark.stream_len)));
        }
        Ok(())
    }
}

/// Looks for an interrupted seal in a file that has no trailer.
///
/// Gives the length of the stream that the seal was added to. To be asked after
/// [`FindTrailer`](super::FindTrailer), which tells a seal that was finished and then damaged. A
/// mark names its own place, so it is found whether or not the end of the stream can be. `from` is
/// where the stream may end at the earliest: its known end, or 0. A mark that was itself cut
/// short is recognised at `from` only.
#[derive(Debug, Clone)]
pub struct FindMark {
    window: Window,
    from: u64,
    next: u64,
}

impl FindMark {
    /// In a file of `file_len` bytes, from byte `from` on.
    pub fn new(file_len: u64, from: u64) -> FindMark {
        FindMark { window: Window::new(file_len), from, next: from }
    }

    fn run(&mut self) -> Read<Option<u64>> {
        let len = self.window.file_len();
        while self.next < len {
            let piece = Span::between(self.next, self.next.saturating_add(WALK_BYTES).min(len));
            let bytes = self.window.bytes(piece)?;
            if let Some(at) = mark_in(&bytes, piece.start) {
                return Ok(Some(at));
            }
            if self.next == self.from && piece.len < MARK_LEN {
                let mark = Mark::after(self.from).to_bytes();
                return Ok((mark.starts_with(&bytes) && self.from > 0).then_some(self.from));
            }
            if piece.end() == len {
                break;
            }
            // The last bytes of this piece may begin a mark that the next one ends.
            self.next = piece.end().saturating_sub(MARK_LEN);
            self.window.forget(Span::between(0, self.next));
        }
        Ok(None)
    }
}

/// The place of a mark in `bytes`, which stand at byte `start`.
fn mark_in(bytes: &[u8], start: u64) -> Option<u64> {
    let width = usize::try_from(MARK_LEN).ok()?;
    bytes.windows(width).zip(start..).find_map(|(piece, at)| {
        (at > 0 && piece.starts_with(&MARK_MAGIC) && piece == Mark::after(at).to_bytes()).then_some(at)
    })
}

impl Reading for FindMark {
    type Output = Option<u64>;

    fn step(&mut self) -> Result<Step<Option<u64>>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

/// The trailer's bytes.
pub(crate) fn trailer_bytes(manifest: Span, digest: Digest) -> Vec<u8> {
    Trailer {
        manifest_start: manifest.start,
        manifest_len: manifest.len,
        digest,
        signatures_len: 0,
        version: VERSION,
        flags: 0,
        magic: MAGIC,
    }
    .to_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;

    fn trailer() -> Vec<u8> {
        trailer_bytes(Span::new(100, 36), Digest::of(b"manifest"))
    }

    fn message(at: usize, byte: u8, file_len: u64) -> alloc::string::String {
        let mut bytes = trailer();
        bytes[at] = byte;
        Trailer::parse(&bytes, file_len).unwrap_err().to_string()
    }

    #[test]
    fn a_trailer_is_read_back() {
        let read = Trailer::parse(&trailer(), 200).unwrap();
        assert_eq!((read.manifest(), read.signatures()), (Span::new(100, 36), Span::new(136, 0)));
    }

    #[test]
    fn every_field_is_held_to_its_rule() {
        assert_eq!(
            message(52, 3, 200),
            "unsupported at byte 188 while reading trailer: snapshot version 3 is newer than 1, the newest this build reads"
        );
        assert_eq!(message(52, 0, 200), "invalid at byte 188 while reading trailer: version is 1 or more: found 0");
        assert_eq!(message(54, 1, 200), "invalid at byte 190 while reading trailer: flags are 0: found 1");
        assert!(
            message(63, 1, 200).starts_with("not recognised at byte 136 while reading trailer: no snapshot trailer")
        );
        assert_eq!(
            message(11, 1, 200 + (1 << 24)),
            "over the limit at byte 16777360 while reading trailer: bytes of a manifest is limited to 61440: found 16777252"
        );
        assert_eq!(
            message(50, 2, 200 + (2 << 16)),
            "over the limit at byte 131256 while reading trailer: bytes of signatures is limited to 65536: found 131072"
        );
        for length in [11, 50] {
            assert!(message(length, 1, 200).contains("length of the file: expected 200, found"), "{length}");
        }
        assert!(message(0, 101, 200).contains("length of the file: expected 200, found 201"));
    }

    #[test]
    fn an_interrupted_seal_is_found() {
        for cut in 1..40 {
            let mut file = vec![7u8; 1000];
            file.extend(Mark::after(1000).to_bytes());
            file.extend([9; 30]);
            file.truncate(1000 + cut);
            assert_eq!(FindMark::new(file.len() as u64, 1000).over(&file), Ok(Some(1000)), "{cut}");
            let found = (cut >= 16).then_some(1000);
            assert_eq!(FindMark::new(file.len() as u64, 0).over(&file), Ok(found), "{cut}");
        }
        let plain = vec![7u8; 1000];
        assert_eq!(FindMark::new(1000, 0).over(&plain), Ok(None));
        assert_eq!(FindMark::new(1000, 999).over(&plain), Ok(None));
    }

    #[test]
    fn a_mark_across_two_pieces_is_found() {
        for stream in [WALK_BYTES - 20, WALK_BYTES - 16, WALK_BYTES - 9, WALK_BYTES] {
            let mut file = vec![0u8; usize::try_from(stream).unwrap()];
            file.extend(Mark::after(stream).to_bytes());
            file.extend([0; 50]);
            assert_eq!(FindMark::new(file.len() as u64, 0).over(&file), Ok(Some(stream)));
        }
    }
}
