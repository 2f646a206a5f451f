//! What is left of a snapshot's end in a file that does not end with a trailer.
//!
//! A seal that was interrupted has no trailer yet. A seal that was finished and then damaged, cut or
//! appended to has one, or most of one, and must not pass for the former: its digests are lost, and
//! whoever seals the file again would vouch for bytes that nobody checked. [`FindTrailer`] tells the two
//! apart as far as the bytes do. A file that lost its whole trailer looks like an interrupted seal.

use super::digest::Digest;
use super::manifest::take_manifest;
use super::trailer::{MAGIC, TRAILER_LEN, Trailer, VERSION};
use super::wire::Cursor;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::limits::{MAX_MANIFEST, MAX_SIGNATURES, WALK_BYTES};
use crate::window::{Read, Window, step_of};

/// What became of the trailer of a snapshot that was finished.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Remains {
    /// The last 64 bytes are a trailer by their lengths and digest or version, with a wrong magic, version or flags.
    Damaged,
    /// The file ends within its trailer: this many of the 64 bytes are there.
    Cut(u64),
    /// A whole trailer ends at this byte, and more bytes follow.
    Followed(u64),
}

/// Looks for the trailer of a finished snapshot in a file that has none at its end: a [`Reading`] of
/// everything from `from` on.
#[derive(Debug, Clone)]
pub struct FindTrailer {
    window: Window,
    next: u64,
    end_seen: bool,
}

impl FindTrailer {
    /// In a file of `file_len` bytes; its end, and everything from byte `from` on, where the stream ends at the earliest.
    pub fn new(file_len: u64, from: u64) -> FindTrailer {
        FindTrailer { window: Window::new(file_len), next: from, end_seen: false }
    }

    fn run(&mut self) -> Read<Option<Remains>> {
        let len = self.window.file_len();
        if !self.end_seen {
            if let Some(found) = self.at_end()? {
                return Ok(Some(found));
            }
            self.end_seen = true;
        }
        while self.next.saturating_add(TRAILER_LEN) <= len {
            let piece = Span::between(self.next, self.next.saturating_add(WALK_BYTES).min(len));
            let bytes = self.window.bytes(piece)?;
            if let Some(end) = trailer_in(&bytes, piece.start) {
                return Ok(Some(Remains::Followed(end)));
            }
            if piece.end() == len {
                break;
            }
            // The last bytes of this piece may begin a trailer that the next one ends.
            self.next = piece.end().saturating_sub(TRAILER_LEN);
            self.window.forget(Span::between(0, self.next));
        }
        Ok(None)
    }

    /// Whether the file ends with a damaged trailer or a part of one.
    fn at_end(&self) -> Read<Option<Remains>> {
        let len = self.window.file_len();
        let last = self.window.bytes(Span::between(len.saturating_sub(TRAILER_LEN), len))?;
        for (bytes, have) in (0..last.len()).filter_map(|skip| last.get(skip..)).map(|part| (part, part.len() as u64)) {
            if self.is_trailer(bytes, len.saturating_sub(have))? {
                return Ok(Some(if have == TRAILER_LEN { Remains::Damaged } else { Remains::Cut(have) }));
            }
        }
        Ok(None)
    }

    /// Whether these bytes, which stand at byte `at`, are a trailer or the first bytes of one: its lengths lead from
    /// the manifest exactly here, and what it points at is a manifest.
    fn is_trailer(&self, bytes: &[u8], at: u64) -> Read<bool> {
        let mut cursor = Cursor::new(bytes, at);
        let (Some(start), Some(len)) = (number(bytes, 0, 8), number(bytes, 8, 8)) else { return Ok(false) };
        let signatures = number(bytes, 48, 4).unwrap_or(0);
        let adds_up = start.checked_add(len).and_then(|end| end.checked_add(signatures)) == Some(at);
        if !adds_up || start == 0 || len == 0 || len > MAX_MANIFEST || signatures > MAX_SIGNATURES {
            return Ok(false);
        }
        let whole = <Trailer as super::wire::Fixed>::take_fixed(&mut cursor);
        if whole.is_ok_and(|trailer| trailer.magic == MAGIC || (trailer.version == VERSION && trailer.flags == 0)) {
            return Ok(true);
        }
        let manifest = self.window.bytes(Span::new(start, len))?;
        let same = bytes.get(16..48).is_some_and(|digest| Digest::of(&manifest).0 == digest);
        Ok(same || take_manifest(&manifest, start).is_ok())
    }
}

/// The little-endian number of `width` bytes at byte `from`.
fn number(bytes: &[u8], from: usize, width: usize) -> Option<u64> {
    let field = bytes.get(from..from.checked_add(width)?)?;
    Some(field.iter().rev().fold(0, |number, byte| number << 8 | u64::from(*byte)))
}

/// Where a whole trailer in `bytes`, which stand at byte `start`, ends.
pub(super) fn trailer_in(bytes: &[u8], start: u64) -> Option<u64> {
    let width = usize::try_from(TRAILER_LEN).ok()?;
    bytes.windows(width).zip(start..).find_map(|(bytes, at)| {
        let end = at.saturating_add(TRAILER_LEN);
        (bytes.ends_with(&MAGIC) && Trailer::parse(bytes, end).is_ok()).then_some(end)
    })
}

impl Reading for FindTrailer {
    type Output = Option<Remains>;

    fn step(&mut self) -> Result<Step<Option<Remains>>, Error> {
        step_of(self.run())
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.window.insert(at, bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::super::faults::sealed;
    use super::*;

    fn remains(file: &[u8]) -> Option<Remains> {
        FindTrailer::new(file.len() as u64, 1).over(file).unwrap()
    }

    #[test]
    fn a_finished_seal_is_known_by_what_is_left_of_its_trailer() {
        let whole = sealed();
        for at in whole.len() - 12..whole.len() {
            let mut file = whole.clone();
            file[at] ^= 0x40;
            assert_eq!(remains(&file), Some(Remains::Damaged), "{at}");
        }
        for left in 16..64 {
            assert_eq!(remains(&whole[..whole.len() - 64 + left]), Some(Remains::Cut(left as u64)), "{left}");
        }
        for more in [1, 63, 64, 100, 70_000, 3_000_000] {
            let mut file = whole.clone();
            file.resize(whole.len() + more, 0);
            assert_eq!(remains(&file), Some(Remains::Followed(whole.len() as u64)), "{more}");
        }
    }

    #[test]
    fn an_unfinished_seal_has_no_trailer() {
        let whole = sealed();
        for len in 1..whole.len() - 64 + 16 {
            assert_eq!(remains(&whole[..len]), None, "{len}");
        }
    }
}
