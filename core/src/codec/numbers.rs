//! Codec 2: floats and integers as numbers in bins.
//!
//! An element becomes a number in which what matters stands high, so that the bins hold what is uneven (exponent and upper
//! bits of a float, size of an integer) and plain bits the rest:
//!
//! - a float has its sign moved to the lowest place, so that both signs share bins;
//! - a difference to the element before, as a zigzag, where neighbours are close;
//! - `zeros` low bits, which are zero in most elements (float32 that was fp16 has 13 of them), are rotated to the top: they
//!   cost nothing where they are zero, and an element in which they are not is an outlier.
//!
//! Each step is a permutation of the bit patterns, so every element comes back as it was, NaN payloads and all.
//!
//! ```text
//! tail      the last (length % width) bytes as they are
//! bins      the numbers of all elements
//! ```

use super::bins::{self, BLOCK, Numbers};
use super::bytes::Bytes;
use super::choose_bins::estimate;
use super::planes::Width;
use alloc::{vec, vec::Vec};

/// How elements become numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum View {
    /// The bits of the element.
    Plain,
    /// The bits of a float, its sign in the lowest place.
    Float,
    /// The difference to the element before, zigzag.
    Difference,
}

impl View {
    /// Every view, by the number that it has as a parameter.
    pub const ALL: [View; 3] = [View::Plain, View::Float, View::Difference];

    /// As a parameter of the codec.
    pub fn byte(self) -> u8 {
        match self {
            View::Plain => 0,
            View::Float => 1,
            View::Difference => 2,
        }
    }
}

/// The parameters of the codec.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct NumberCoding {
    /// Bytes of an element: 4 or 8.
    pub width: Width,
    /// How elements become numbers.
    pub view: View,
    /// Low bits that are zero in most elements; fewer than an element has.
    pub zeros: u8,
}

impl NumberCoding {
    pub(super) fn from_bytes(width: u8, view: u8, zeros: u8) -> Option<NumberCoding> {
        let width = Width::from_byte(width).filter(|width| width.bytes() >= 4)?;
        let view = View::ALL.into_iter().find(|known| known.byte() == view)?;
        let coding = NumberCoding { width, view, zeros };
        (u32::from(zeros) < coding.rotated()).then_some(coding)
    }

    /// Bits of an element.
    fn bits(self) -> u32 {
        u32::from(self.width.byte()).wrapping_mul(8)
    }

    /// Bits that are rotated: without the sign of a float.
    fn rotated(self) -> u32 {
        match self.view {
            View::Float => self.bits().wrapping_sub(1),
            _ => self.bits(),
        }
    }
}

/// `value`, of `bits` bits, turned left by `by` of them.
#[inline(always)]
fn turn(value: u64, bits: u32, by: u32) -> u64 {
    if by == 0 {
        return value;
    }
    let all = u64::MAX >> 64u32.wrapping_sub(bits);
    ((value << by) | (value >> bits.wrapping_sub(by))) & all
}

/// The numbers of these elements.
fn numbers(coding: NumberCoding, elements: impl Iterator<Item = u64>) -> Vec<u64> {
    let (bits, rotated) = (coding.bits(), coding.rotated());
    let all = u64::MAX >> 64u32.wrapping_sub(bits);
    let by = rotated.wrapping_sub(coding.zeros.into());
    let by = if by == rotated { 0 } else { by };
    let mut before = 0u64;
    let number = |element: u64| match coding.view {
        View::Plain => turn(element, rotated, by),
        View::Float => {
            let sign = element >> bits.wrapping_sub(1);
            (turn(element & (all >> 1), rotated, by) << 1) | sign
        }
        View::Difference => {
            let difference = element.wrapping_sub(before) & all;
            before = element;
            let negative = difference >> bits.wrapping_sub(1);
            let zigzag = (difference << 1) ^ 0u64.wrapping_sub(negative);
            turn(zigzag & all, rotated, by)
        }
    };
    elements.map(number).collect()
}

/// The elements of `bytes`, which are 4 or 8 bytes wide.
fn elements(width: Width, bytes: &[u8]) -> Vec<u64> {
    match width {
        Width::W8 => bytes.as_chunks::<8>().0.iter().map(|bytes| u64::from_le_bytes(*bytes)).collect(),
        _ => bytes.as_chunks::<4>().0.iter().map(|bytes| u32::from_le_bytes(*bytes).into()).collect(),
    }
}

pub(super) fn encode(coding: NumberCoding, bytes: &[u8], effort: usize) -> Vec<u8> {
    let numbers = numbers(coding, elements(coding.width, bytes).into_iter());
    let tail = bytes.len() & (coding.width.bytes().saturating_sub(1));
    let mut out = bytes.get(bytes.len().saturating_sub(tail)..).unwrap_or(&[]).to_vec();
    bins::encode(&numbers, (coding.bits() & 0x7F) as u8, effort, &mut out);
    out
}

/// The view and zeros that promise most for these bytes, as floats or as integers, and the bits that they take.
pub(super) fn best(width: Width, float: bool, bytes: &[u8]) -> (NumberCoding, u64) {
    let elements = elements(width, bytes);
    let views: &[View] = if float { &[View::Float] } else { &[View::Plain, View::Difference] };
    let measured = views.iter().map(|&view| {
        let mut coding = NumberCoding { width, view, zeros: 0 };
        let plain = numbers(coding, elements.iter().copied());
        coding.zeros = zeros(coding, &plain);
        let cost = match coding.zeros {
            0 => estimate(&plain),
            _ => estimate(&numbers(coding, elements.iter().copied())),
        };
        (coding, cost)
    });
    let least = measured.min_by_key(|&(_, cost)| cost);
    least.unwrap_or((NumberCoding { width, view: View::Plain, zeros: 0 }, u64::MAX))
}

/// How many low bits are to be taken for zeros: as saves most when every number in which they are not costs all its bits.
fn zeros(coding: NumberCoding, numbers: &[u64]) -> u8 {
    let sign = u32::from(coding.view == View::Float);
    let most = coding.rotated().wrapping_sub(1);
    let mut counts = [0u64; 64];
    for &number in numbers {
        let zeros = (number >> sign).trailing_zeros().min(most);
        counts.get_mut(zeros as usize).into_iter().for_each(|count| *count = count.wrapping_add(1));
    }
    let all = numbers.len() as u64;
    let (mut best, mut gain, mut fewer) = (0, 0u64, 0u64);
    for (zeros, &count) in (0u8..).zip(&counts).take(most as usize) {
        // `fewer` have less than these.
        let saved = all.wrapping_sub(fewer).wrapping_mul(zeros.into());
        let lost = fewer.wrapping_mul(coding.bits().into());
        if saved.saturating_sub(lost) > gain {
            (best, gain) = (zeros, saved.saturating_sub(lost));
        }
        fewer = fewer.wrapping_add(count);
    }
    best
}

/// `len` bytes, stored up to the end of `bytes`, in memory that may hold anything.
pub(super) fn decode(
    coding: NumberCoding,
    mut bytes: Bytes<'_>,
    len: usize,
    mut out: Vec<u8>,
) -> Result<Vec<u8>, &'static str> {
    let tail = bytes.take(len & (coding.width.bytes().saturating_sub(1)))?;
    if out.capacity() < len {
        // Memory that the system has zeroed already.
        out = vec![0; len];
    }
    out.resize(len, 0);
    let whole = len.saturating_sub(tail.len());
    let (body, end) = out.split_at_mut_checked(whole).unwrap_or_default();
    end.copy_from_slice(tail);
    if body.is_empty() {
        bytes.finish()?;
        return Ok(out);
    }
    let mut numbers = Numbers::open(bytes)?;
    match coding.width {
        Width::W8 => spread::<8>(coding, &mut numbers, body)?,
        _ => spread::<4>(coding, &mut numbers, body)?,
    }
    numbers.finish()?;
    Ok(out)
}

fn spread<const WIDTH: usize>(
    coding: NumberCoding,
    numbers: &mut Numbers<'_>,
    body: &mut [u8],
) -> Result<(), &'static str> {
    let (zeros, rotated) = (u32::from(coding.zeros), coding.rotated());
    let mut before = 0u64;
    for block in body.chunks_mut(BLOCK.wrapping_mul(WIDTH)) {
        let places = block.as_chunks_mut::<WIDTH>().0;
        match coding.view {
            View::Plain => numbers.fill(places, |number| bytes(turn(lowest::<WIDTH>(number), rotated, zeros)))?,
            View::Float if zeros == 0 => numbers.fill(places, plain_float)?,
            View::Float => {
                numbers.fill(places, |number| signed(turn(lowest::<WIDTH>(number) >> 1, rotated, zeros), number))?;
            }
            View::Difference => numbers.fill(places, |number| {
                let zigzag = turn(lowest::<WIDTH>(number), rotated, zeros);
                let difference = (zigzag >> 1) ^ 0u64.wrapping_sub(zigzag & 1);
                before = before.wrapping_add(difference);
                bytes(before)
            })?,
        }
    }
    Ok(())
}

/// As many bits as an element has.
#[inline(always)]
fn lowest<const WIDTH: usize>(number: u64) -> u64 {
    if WIDTH == 8 { number } else { number & 0xFFFF_FFFF }
}

/// A float whose sign is the lowest bit of its number, and which has no zeros apart.
#[inline(always)]
fn plain_float<const WIDTH: usize>(number: u64) -> [u8; WIDTH] {
    if WIDTH == 8 {
        bytes(number.rotate_right(1))
    } else {
        bytes(u64::from(((number & 0xFFFF_FFFF) as u32).rotate_right(1)))
    }
}

/// A float without its sign, with that of the lowest bit of its number.
#[inline(always)]
fn signed<const WIDTH: usize>(float: u64, number: u64) -> [u8; WIDTH] {
    bytes(float | (number << if WIDTH == 8 { 63 } else { 31 }))
}

#[inline(always)]
fn bytes<const WIDTH: usize>(element: u64) -> [u8; WIDTH] {
    element.to_le_bytes().first_chunk().copied().unwrap_or([0; WIDTH])
}
