//! Codec 1: elements taken apart into byte planes, each plane raw or DEFLATE.
//!
//! Plane `p` holds byte `p` of every element. Of a float the planes with the low bits of the mantissa
//! do not shrink and the one with the exponent does, so each plane stands by itself: stored at its own
//! length it is raw and costs a copy, stored shorter it is a raw DEFLATE stream (RFC 1951).
//!
//! ```text
//! width x u32   stored length of each plane, little-endian
//! planes        one after the other; decoded, each has (length / width) bytes
//! tail          the last (length % width) bytes as they are
//! ```

use super::deflate::{BLOCK, Deflater, Inflate, Method};
use alloc::{borrow::Cow, boxed::Box, format, vec, vec::Vec};

/// Bytes of an element, and so the number of planes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // the names say it all
pub enum Width {
    W1,
    W2,
    W4,
    W8,
}

impl Width {
    /// Every width, ascending.
    pub const ALL: [Width; 4] = [Width::W1, Width::W2, Width::W4, Width::W8];

    /// In bytes.
    pub const fn bytes(self) -> usize {
        self.byte() as usize
    }

    /// As the parameter of the codec.
    pub const fn byte(self) -> u8 {
        match self {
            Width::W1 => 1,
            Width::W2 => 2,
            Width::W4 => 4,
            Width::W8 => 8,
        }
    }

    /// The width of this many bytes, if there is one.
    pub fn from_byte(byte: u8) -> Option<Width> {
        Width::ALL.into_iter().find(|width| width.byte() == byte)
    }
}

/// Why stored bytes are refused, and the byte of them at which it shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Fault {
    pub(super) at: usize,
    pub(super) reason: Cow<'static, str>,
}

/// Bytes of the table of plane lengths.
fn head_len(width: Width) -> usize {
    width.bytes().saturating_mul(size_of::<u32>())
}

pub(super) fn encode(width: Width, bytes: &[u8], deflater: &mut Deflater) -> Vec<u8> {
    let (whole, tail) = split_tail(bytes, width);
    let mut stored = vec![0; head_len(width)];
    let mut plane = Vec::new();
    for number in 0..width.bytes() {
        plane.clear();
        plane.extend(whole.iter().skip(number).step_by(width.bytes()));
        let coded = shrink(&plane, deflater);
        let kept = coded.as_deref().unwrap_or(&plane);
        if let Some(slot) = stored.as_chunks_mut::<4>().0.get_mut(number) {
            // A plane of a chunk is far below 4 GiB; callers bound chunks to `MAX_CHUNK`.
            *slot = u32::try_from(kept.len()).unwrap_or(u32::MAX).to_le_bytes();
        }
        stored.extend_from_slice(kept);
    }
    stored.extend_from_slice(tail);
    stored
}

fn split_tail(bytes: &[u8], width: Width) -> (&[u8], &[u8]) {
    let tail = bytes.len() & (width.bytes().saturating_sub(1)); // widths are powers of two
    bytes.split_at_checked(bytes.len().saturating_sub(tail)).unwrap_or((bytes, &[]))
}

/// The plane as DEFLATE, where that is at least a 64th smaller.
fn shrink(plane: &[u8], deflater: &mut Deflater) -> Option<Vec<u8>> {
    let enough = |len: usize| len.saturating_sub((len >> 6).max(1));
    let sample = sample(plane);
    let (method, coded) = Method::ALL
        .into_iter()
        .filter_map(|method| Some((method, deflater.deflate(method, &sample, enough(sample.len()))?)))
        .min_by_key(|(_, coded)| coded.len())?;
    if sample.len() == plane.len() { Some(coded) } else { deflater.deflate(method, plane, enough(plane.len())) }
}

/// The plane if it is short, else two parts of it: what does not shrink costs little time.
fn sample(plane: &[u8]) -> Cow<'_, [u8]> {
    const PART: usize = 1 << 13;
    if plane.len() <= PART << 1 {
        return Cow::Borrowed(plane);
    }
    let quarter = plane.len() >> 2;
    let part = |from: usize| plane.get(from..).and_then(|rest| rest.get(..PART)).unwrap_or(&[]);
    Cow::Owned([part(quarter), part(plane.len().saturating_sub(quarter).saturating_sub(PART))].concat())
}

pub(super) fn decode(width: Width, stored: &[u8], len: usize) -> Result<Vec<u8>, Fault> {
    let mut parts = Parts::open(width, stored, len)?;
    let mut out = vec![0; len];
    let whole = len.saturating_sub(parts.tail.len());
    let (body, tail) = out.split_at_mut_checked(whole).unwrap_or_default();
    for block in body.chunks_mut(BLOCK.saturating_mul(width.bytes())) {
        let elements = block.len().checked_div(width.bytes()).unwrap_or(0);
        for (number, plane) in parts.planes.iter_mut().enumerate() {
            let Plane { at, .. } = *plane;
            let bytes = plane.next(elements).map_err(|reason| fault(number, at, reason))?;
            match width {
                Width::W1 => spread::<1>(number, bytes, block),
                Width::W2 => spread::<2>(number, bytes, block),
                Width::W4 => spread::<4>(number, bytes, block),
                Width::W8 => spread::<8>(number, bytes, block),
            }
        }
    }
    for (number, plane) in parts.planes.iter_mut().enumerate() {
        plane.finish().map_err(|reason| fault(number, plane.at, reason))?;
    }
    tail.copy_from_slice(parts.tail);
    Ok(out)
}

fn fault(number: usize, at: usize, reason: &str) -> Fault {
    Fault { at, reason: format!("plane {number} {reason}").into() }
}

/// Put the bytes of one plane into their places.
fn spread<const WIDTH: usize>(number: usize, plane: &[u8], out: &mut [u8]) {
    for (element, &byte) in out.as_chunks_mut::<WIDTH>().0.iter_mut().zip(plane) {
        if let Some(place) = element.get_mut(number) {
            *place = byte;
        }
    }
}

/// Stored bytes, taken apart.
struct Parts<'a> {
    planes: Vec<Plane<'a>>,
    tail: &'a [u8],
}

struct Plane<'a> {
    /// Where its stored bytes start.
    at: usize,
    source: Source<'a>,
}

enum Source<'a> {
    Raw(&'a [u8]),
    Deflate(Box<Inflate<'a>>),
}

impl<'a> Parts<'a> {
    fn open(width: Width, stored: &'a [u8], len: usize) -> Result<Parts<'a>, Fault> {
        let whole = len.checked_div(width.bytes()).unwrap_or(0);
        let tail_len = len.checked_rem(width.bytes()).unwrap_or(0);
        let Some((head, mut rest)) = stored.split_at_checked(head_len(width)) else {
            let reason = format!("{} bytes are too few for the lengths of {} planes", stored.len(), width.bytes());
            return Err(Fault { at: 0, reason: reason.into() });
        };
        let mut planes = Vec::with_capacity(width.bytes());
        for (number, length) in head.as_chunks::<4>().0.iter().enumerate() {
            let at = stored.len().saturating_sub(rest.len());
            let length = usize::try_from(u32::from_le_bytes(*length)).unwrap_or(usize::MAX);
            let fault = |reason| Fault { at: number.saturating_mul(4), reason: Cow::Owned(reason) };
            if length > whole {
                return Err(fault(format!("plane {number} is stored in {length} bytes but has {whole}")));
            }
            let Some((bytes, after)) = rest.split_at_checked(length) else {
                return Err(fault(format!("plane {number} is stored in {length} bytes, {} are left", rest.len())));
            };
            let source =
                if length == whole { Source::Raw(bytes) } else { Source::Deflate(Box::new(Inflate::new(bytes))) };
            planes.push(Plane { at, source });
            rest = after;
        }
        if rest.len() != tail_len {
            let at = stored.len().saturating_sub(rest.len());
            let reason = format!("{} bytes follow the planes where {tail_len} belong", rest.len());
            return Err(Fault { at, reason: reason.into() });
        }
        Ok(Parts { planes, tail: rest })
    }
}

impl Plane<'_> {
    /// Its next bytes, at most [`BLOCK`].
    fn next(&mut self, len: usize) -> Result<&[u8], &'static str> {
        match &mut self.source {
            Source::Raw(bytes) => {
                let (now, later) = bytes.split_at_checked(len).ok_or("is too short")?;
                *bytes = later;
                Ok(now)
            }
            Source::Deflate(inflate) => inflate.next(len),
        }
    }

    /// That it ends here.
    fn finish(&mut self) -> Result<(), &'static str> {
        match &mut self.source {
            Source::Raw(_) => Ok(()),
            Source::Deflate(inflate) => inflate.finish(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;

    fn refused(width: Width, stored: &[u8], len: usize) -> String {
        decode(width, stored, len).unwrap_err().reason.into_owned()
    }

    #[test]
    fn planes_lie_one_after_the_other_with_the_tail_behind() {
        let stored = encode(Width::W2, b"aAbBcCx", &mut Deflater::default());
        assert_eq!(stored, b"\x03\0\0\0\x03\0\0\0abcABCx");
        assert_eq!(decode(Width::W2, &stored, 7).unwrap(), b"aAbBcCx");
    }

    #[test]
    fn an_even_plane_shrinks_and_its_neighbour_stays_raw() {
        let noise = (0..128u32).flat_map(|n| *blake3::hash(&n.to_le_bytes()).as_bytes());
        let bytes: Vec<u8> = noise.flat_map(|byte| [byte, 7]).collect();
        let stored = encode(Width::W2, &bytes, &mut Deflater::default());
        assert_eq!(stored[..4], 4096u32.to_le_bytes());
        assert!(stored.len() < 4200, "{}", stored.len());
        assert_eq!(decode(Width::W2, &stored, bytes.len()).unwrap(), bytes);
    }

    #[test]
    fn lengths_that_do_not_fit_are_refused_by_number() {
        assert_eq!(refused(Width::W4, b"1234567", 9), "7 bytes are too few for the lengths of 4 planes");
        assert_eq!(refused(Width::W2, b"\x04\0\0\0\x03\0\0\0abcABC", 6), "plane 0 is stored in 4 bytes but has 3");
        assert_eq!(refused(Width::W2, b"\x03\0\0\0\x03\0\0\0abcAB", 6), "plane 1 is stored in 3 bytes, 2 are left");
        assert_eq!(refused(Width::W1, b"\x03\0\0\0abcd", 3), "1 bytes follow the planes where 0 belong");
        assert_eq!(refused(Width::W2, b"\x01\0\0\0\x01\0\0\0aA", 3), "0 bytes follow the planes where 1 belong");
        assert_eq!(decode(Width::W1, b"\x03\0\0\0abcd", 3).unwrap_err().at, 7);
    }

    #[test]
    fn a_plane_must_decode_to_its_length_and_use_all_its_bytes() {
        let zeros = |len| Deflater::default().deflate(Method::Matches, &vec![0; len], 999).unwrap();
        let stored = |plane: &[u8]| [&u32::try_from(plane.len()).unwrap().to_le_bytes(), plane].concat();
        for len in [1000, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK] {
            assert_eq!(decode(Width::W1, &stored(&zeros(len)), len).unwrap(), vec![0; len]);
            assert_eq!(refused(Width::W1, &stored(&zeros(len - 1)), len), "plane 0 ends before its last byte");
            assert_eq!(refused(Width::W1, &stored(&zeros(len + 1)), len), "plane 0 goes on after its last byte");
            let cut = zeros(len);
            let cut = &cut[..cut.len() - 1];
            assert_eq!(refused(Width::W1, &stored(cut), len), "plane 0 is cut short: its DEFLATE stream goes on");
            let more = [&zeros(len)[..], b"!"].concat();
            assert_eq!(refused(Width::W1, &stored(&more), len), "plane 0 is followed by bytes of no plane");
        }
        assert_eq!(refused(Width::W1, &stored(&[0xFF; 9]), 1000), "plane 0 is no DEFLATE stream");
    }

    #[test]
    fn reaching_before_the_first_byte_is_refused() {
        // Fixed codes: a match of length 3 at distance 1 with nothing before it, then the end.
        let stored = [&3u32.to_le_bytes()[..], &[0x03, 0x02, 0x00]].concat();
        assert_eq!(refused(Width::W1, &stored, 5), "plane 0 is no DEFLATE stream");
    }
}
