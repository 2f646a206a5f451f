//! Numbers in bins: which bin by the entropy coder, where in it as plain bits.
//!
//! A bin is a first value and a width of 0 to 64 bits. What a sequence of numbers looks like (a few values only, a
//! bell, a range that is even inside, rare outliers) is all in the choice of the bins, which is the
//! writer's; a reader adds and shifts.
//!
//! ```text
//! varint    number of bins, 1 to 256
//! a bin     varint first value less that of the bin before, u8 bits, varint frequency of 4,096
//! symbols   the bins of all numbers: varint length in bytes, then rANS
//! bits      of each number in order, as many as its bin has, the lowest first; zeros fill the last byte
//! ```
//!
//! Of no numbers nothing is stored.

use super::bytes::{Bytes, put};
use super::choose_bins::choose;
use super::rans::{self, Decoder, LOG2, Table, frequencies, shares};
use alloc::vec::Vec;

/// Numbers that are decoded at a time.
pub(super) const BLOCK: usize = 512;

/// A run of values.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Bin {
    pub(super) first: u64,
    pub(super) bits: u8,
}

impl Bin {
    fn holds(self, value: u64) -> bool {
        value.checked_sub(self.first).is_some_and(|place| place <= mask(self.bits))
    }
}

/// The lowest bits, so many of them.
#[inline(always)]
fn mask(bits: u8) -> u64 {
    match bits {
        0..64 => (1u64 << bits).wrapping_sub(1),
        _ => u64::MAX,
    }
}

/// Code `values`, of which none has more than `width` bits.
pub(super) fn encode(values: &[u64], width: u8, effort: usize, out: &mut Vec<u8>) {
    if values.is_empty() {
        return;
    }
    let bins = choose(values, width, effort);
    let finder = Finder::new(&bins);
    // The last bin takes whatever the others do not.
    let escape = bins.len().saturating_sub(1);
    let mut counts = alloc::vec![0u32; bins.len()];
    let mut symbols: Vec<u8> = Vec::with_capacity(values.len());
    for &value in values {
        let symbol = finder.find(&bins, value).unwrap_or(escape);
        counts.get_mut(symbol).into_iter().for_each(|count| *count = count.saturating_add(1));
        symbols.push((symbol as u64 & 0xFF) as u8);
    }
    // Bins that hold nothing are left out.
    let kept: Vec<usize> = (0..bins.len()).filter(|&bin| counts.get(bin).is_some_and(|&count| count > 0)).collect();
    let frequencies = frequencies(LOG2, &counts);
    put(out, kept.len() as u64);
    let mut last = 0u64;
    for &number in &kept {
        let (Some(bin), Some(&frequency)) = (bins.get(number), frequencies.get(number)) else { continue };
        put(out, bin.first.wrapping_sub(last));
        out.push(bin.bits);
        put(out, frequency.into());
        last = bin.first;
    }
    let shares = shares(&frequencies);
    let share = |index: usize| {
        symbols.get(index).and_then(|&symbol| shares.get(usize::from(symbol))).copied().unwrap_or_default()
    };
    rans::encode(LOG2, values.len(), share, out);
    let mut bits = Bits { out, held: 0, count: 0 };
    for (&value, &symbol) in values.iter().zip(&symbols) {
        let Some(bin) = bins.get(usize::from(symbol)) else { continue };
        bits.put(value.wrapping_sub(bin.first), bin.bits);
    }
    bits.finish();
}

/// Finds the bin of a value without looking at all of them.
struct Finder {
    low: u64,
    shift: u32,
    /// For each stretch of values the first bin that may hold one of them.
    first: Vec<u16>,
}

const STRETCHES: u64 = 1 << 11;

impl Finder {
    fn new(bins: &[Bin]) -> Finder {
        let known = bins.get(..bins.len().saturating_sub(1)).unwrap_or(&[]);
        let low = known.first().map_or(0, |bin| bin.first);
        let high = known.last().map_or(0, |bin| bin.first.saturating_add(mask(bin.bits)));
        let range = high.saturating_sub(low);
        let shift = 64u32.saturating_sub(range.leading_zeros()).saturating_sub(STRETCHES.trailing_zeros());
        let start = |stretch: u64| {
            let value = low.saturating_add(stretch << shift);
            u16::try_from(known.partition_point(|bin| bin.first <= value).saturating_sub(1)).unwrap_or(0)
        };
        let stretches = (range >> shift).saturating_add(1).min(STRETCHES);
        Finder { low, shift, first: (0..stretches).map(start).collect() }
    }

    #[inline(always)]
    fn find(&self, bins: &[Bin], value: u64) -> Option<usize> {
        let stretch = usize::try_from(value.checked_sub(self.low)? >> self.shift).ok()?;
        let mut bin = usize::from(*self.first.get(stretch)?);
        let last = bins.len().saturating_sub(2);
        while bin < last && bins.get(bin.wrapping_add(1)).is_some_and(|next| next.first <= value) {
            bin = bin.wrapping_add(1);
        }
        bins.get(bin).filter(|found| found.holds(value)).map(|_| bin)
    }
}

/// Bits on their way into bytes.
struct Bits<'a> {
    out: &'a mut Vec<u8>,
    held: u64,
    count: u8,
}

impl Bits<'_> {
    fn put(&mut self, value: u64, bits: u8) {
        if bits > 32 {
            self.put_some(value & 0xFFFF_FFFF, 32);
            self.put_some(value >> 32, bits.wrapping_sub(32));
        } else {
            self.put_some(value, bits);
        }
    }

    /// At most 32.
    fn put_some(&mut self, value: u64, bits: u8) {
        self.held |= value << self.count;
        self.count = self.count.wrapping_add(bits);
        if self.count >= 32 {
            self.out.extend_from_slice(&((self.held & 0xFFFF_FFFF) as u32).to_le_bytes());
            self.held >>= 32;
            self.count = self.count.wrapping_sub(32);
        }
    }

    fn finish(self) {
        let bytes = usize::from(self.count.div_ceil(8));
        self.out.extend(self.held.to_le_bytes().into_iter().take(bytes));
    }
}

/// A bin, as decoding wants it.
#[derive(Debug, Clone, Copy, Default)]
struct Place {
    first: u64,
    mask: u64,
    bits: u32,
}

/// Numbers on their way out of stored bytes, which they take to the end.
pub(super) struct Numbers<'a> {
    symbols: Decoder<'a>,
    table: Table,
    bins: [Place; 256],
    bits: &'a [u8],
    at: usize,
    widest: u8,
}

impl<'a> Numbers<'a> {
    /// Of numbers that are at least one.
    pub(super) fn open(mut bytes: Bytes<'a>) -> Result<Numbers<'a>, &'static str> {
        let count = bytes.count()?;
        if !(1..=256).contains(&count) {
            return Err("has no bins, or more than 256");
        }
        let mut bins = [Place::default(); 256];
        let mut frequencies = Vec::with_capacity(count);
        let (mut first, mut widest) = (0u64, 0);
        for bin in bins.iter_mut().take(count) {
            first = first.wrapping_add(bytes.integer()?);
            let bits = bytes.byte()?;
            if bits > 64 {
                return Err("has a bin of more than 64 bits");
            }
            widest = bits.max(widest);
            *bin = Place { first, mask: mask(bits), bits: bits.into() };
            frequencies.push(u32::try_from(bytes.integer()?).map_err(|_| "has frequencies that do not add up")?);
        }
        let table = Table::new(&frequencies).ok_or("has frequencies that do not add up")?;
        let symbols = Decoder::new(&mut bytes)?;
        Ok(Numbers { symbols, table, bins, bits: bytes.rest(), at: 0, widest })
    }

    /// The next numbers: a multiple of eight and at most [`BLOCK`] of them, but for the last call.
    pub(super) fn fill(&mut self, out: &mut [u64]) -> Result<(), &'static str> {
        let mut symbols = [0u16; BLOCK];
        let symbols = symbols.get_mut(..out.len()).ok_or("is asked for too much at once")?;
        let table = &self.table;
        self.symbols.fill(|_| table, symbols)?;
        // Whatever the symbols are, these bits are enough; nothing has to be looked at again.
        let most = self.at.saturating_add(out.len().saturating_mul(usize::from(self.widest)));
        if self.widest <= 56 && most >> 3 <= self.bits.len().saturating_sub(8) && self.bits.len() > 8 {
            self.at = places(&self.bins, self.bits, self.at, symbols, out);
            return Ok(());
        }
        for (number, &symbol) in out.iter_mut().zip(symbols.iter()) {
            let Place { first, bits, .. } = self.bins.get(usize::from(symbol & 0xFF)).copied().unwrap_or_default();
            let low = bits.min(32);
            let high = bits.saturating_sub(low);
            let place = self.some(self.at, low) | (self.some(self.at.wrapping_add(low as usize), high) << 32);
            *number = first.wrapping_add(place);
            self.at = self.at.wrapping_add(bits as usize);
        }
        if self.at > self.bits.len().saturating_mul(8) {
            return Err("ends before its last bit");
        }
        Ok(())
    }

    /// At most 32 bits; zeros behind the end.
    fn some(&self, at: usize, bits: u32) -> u64 {
        let mut word = [0; 8];
        let rest = self.bits.get(at >> 3..).unwrap_or(&[]);
        word.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        (u64::from_le_bytes(word) >> (at & 7)) & (1u64 << bits).wrapping_sub(1)
    }

    /// That the numbers end here, and their bytes with them.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        self.symbols.finish()?;
        let filling = self.bits.len().saturating_mul(8).checked_sub(self.at).ok_or("ends before its last bit")?;
        if filling > 7 || (filling > 0 && self.some(self.at, u32::try_from(filling).unwrap_or(0)) != 0) {
            return Err("is followed by bits that belong to nothing");
        }
        Ok(())
    }
}

/// The numbers of these symbols, whose bits begin with bit `at` and do not reach the last eight bytes. Gives the bit behind them.
#[inline(never)] // with registers of its own
fn places(bins: &[Place; 256], bits: &[u8], mut at: usize, symbols: &[u16], out: &mut [u64]) -> usize {
    for (number, &symbol) in out.iter_mut().zip(symbols) {
        let Place { first, mask, bits: width } = bins.get(usize::from(symbol & 0xFF)).copied().unwrap_or_default();
        let byte = at >> 3;
        let word = bits.get(byte..byte.wrapping_add(8)).and_then(|word| word.first_chunk::<8>()).copied();
        let place = (u64::from_le_bytes(word.unwrap_or_default()) >> (at & 7)) & mask;
        *number = first.wrapping_add(place);
        at = at.wrapping_add(width as usize);
    }
    at
}

/// All of `count` numbers.
pub(super) fn decode(bytes: Bytes<'_>, count: usize) -> Result<Vec<u64>, &'static str> {
    if count == 0 {
        return bytes.finish().map(|()| Vec::new());
    }
    let mut numbers = Numbers::open(bytes)?;
    let mut out = alloc::vec![0; count];
    out.chunks_mut(BLOCK).try_for_each(|block| numbers.fill(block))?;
    numbers.finish()?;
    Ok(out)
}
