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
use super::rans::{self, Decoder, LOG2, Share, Table, frequencies, shares};
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
    let mut counts = [0u32; 256];
    let mut count = |symbol: u8| {
        counts.get_mut(usize::from(symbol)).into_iter().for_each(|count| *count = count.saturating_add(1));
        symbol
    };
    let symbols: Vec<u8> = values.iter().map(|&value| count(finder.find(value))).collect();
    let counts = counts.get(..bins.len()).unwrap_or(&counts);
    // Bins that hold nothing are left out.
    let kept: Vec<usize> = (0..bins.len()).filter(|&bin| counts.get(bin).is_some_and(|&count| count > 0)).collect();
    let frequencies = frequencies(LOG2, counts);
    put(out, kept.len() as u64);
    let mut last = 0u64;
    for &number in &kept {
        let (Some(bin), Some(&frequency)) = (bins.get(number), frequencies.get(number)) else { continue };
        put(out, bin.first.wrapping_sub(last));
        out.push(bin.bits);
        put(out, frequency.into());
        last = bin.first;
    }
    let mut of = [Share::default(); 256];
    of.iter_mut().zip(shares(&frequencies)).for_each(|(to, from)| *to = from);
    let share = |index: usize| {
        let symbol = symbols.get(index).copied().unwrap_or(0);
        of.get(usize::from(symbol)).copied().unwrap_or_default()
    };
    rans::encode(LOG2, values.len(), share, out);
    let widths = counts.iter().zip(&bins).map(|(&count, bin)| u64::from(count).saturating_mul(bin.bits.into()));
    let len = usize::try_from(widths.sum::<u64>().div_ceil(8)).unwrap_or(usize::MAX);
    let start = out.len();
    out.resize(start.saturating_add(len.next_multiple_of(4)), 0);
    let mut bits = Bits { words: out.get_mut(start..).unwrap_or_default().as_chunks_mut().0, held: 0, count: 0 };
    for (&value, &symbol) in values.iter().zip(&symbols) {
        let bin = finder.bin(symbol);
        bits.put(value.wrapping_sub(bin.first), bin.bits);
    }
    bits.finish();
    out.truncate(start.saturating_add(len));
}

/// Finds the bin of a value without looking at all of them.
struct Finder {
    /// All, the last for whatever the others do not hold.
    bins: [Bin; 256],
    escape: u8,
    /// Where each of the others starts; nothing starts behind them.
    starts: [u64; 256],
    low: u64,
    shift: u32,
    /// For each stretch of values the first bin that may hold one of them.
    first: [u8; STRETCHES],
}

const STRETCHES: usize = 1 << 11;

impl Finder {
    fn new(all: &[Bin]) -> Finder {
        let known = all.get(..all.len().saturating_sub(1)).unwrap_or(&[]);
        let low = known.first().map_or(0, |bin| bin.first);
        let high = known.last().map_or(0, |bin| bin.first.saturating_add(mask(bin.bits)));
        let range = high.saturating_sub(low);
        let shift = 64u32.saturating_sub(range.leading_zeros()).saturating_sub(STRETCHES.trailing_zeros());
        let start = |stretch: u64| {
            let value = low.saturating_add(stretch << shift);
            u8::try_from(known.partition_point(|bin| bin.first <= value).saturating_sub(1)).unwrap_or(u8::MAX)
        };
        let mut first = [0; STRETCHES];
        (0u64..).zip(&mut first).for_each(|(stretch, slot)| *slot = start(stretch));
        let mut bins = [Bin { first: 0, bits: 0 }; 256];
        bins.iter_mut().zip(all).for_each(|(to, from)| *to = *from);
        let mut starts = [u64::MAX; 256];
        starts.iter_mut().zip(known).for_each(|(to, from)| *to = from.first);
        Finder { bins, escape: u8::try_from(known.len()).unwrap_or(u8::MAX), starts, low, shift, first }
    }

    #[inline(always)]
    fn bin(&self, symbol: u8) -> Bin {
        self.bins.get(usize::from(symbol)).copied().unwrap_or(Bin { first: 0, bits: 0 })
    }

    #[inline(always)]
    fn find(&self, value: u64) -> u8 {
        let stretch = usize::try_from(value.wrapping_sub(self.low) >> self.shift).unwrap_or(usize::MAX);
        let Some(&first) = self.first.get(stretch) else { return self.escape };
        let mut symbol = first;
        while symbol < self.escape
            && self.starts.get(usize::from(symbol.wrapping_add(1))).is_some_and(|&start| start <= value)
        {
            symbol = symbol.wrapping_add(1);
        }
        if self.bin(symbol).holds(value) { symbol } else { self.escape }
    }
}

/// Bits on their way into bytes, of which there are enough.
struct Bits<'a> {
    words: &'a mut [[u8; 4]],
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
            self.word();
            self.held >>= 32;
            self.count = self.count.wrapping_sub(32);
        }
    }

    fn word(&mut self) {
        if let Some((word, rest)) = core::mem::take(&mut self.words).split_first_mut() {
            *word = ((self.held & 0xFFFF_FFFF) as u32).to_le_bytes();
            self.words = rest;
        }
    }

    fn finish(mut self) {
        self.word();
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

    /// What `make` makes of the next numbers: a multiple of eight and at most [`BLOCK`] of them, but for the last call.
    pub(super) fn fill<T>(&mut self, out: &mut [T], mut make: impl FnMut(u64) -> T) -> Result<(), &'static str> {
        let mut symbols = [0u8; BLOCK];
        let symbols = symbols.get_mut(..out.len()).ok_or("is asked for too much at once")?;
        let table = &self.table;
        self.symbols.fill(|_| table, symbols)?;
        // Whatever the symbols are, these bits are enough; nothing has to be looked at again.
        let most = self.at.saturating_add(out.len().saturating_mul(usize::from(self.widest)));
        if self.widest <= 56 && most >> 3 <= self.bits.len().saturating_sub(8) && self.bits.len() > 8 {
            self.at = places(&self.bins, self.bits, self.at, symbols, out, make);
            return Ok(());
        }
        for (slot, &symbol) in out.iter_mut().zip(symbols.iter()) {
            let Place { first, bits, .. } = self.bins.get(usize::from(symbol)).copied().unwrap_or_default();
            let low = bits.min(32);
            let high = bits.saturating_sub(low);
            let place = self.some(self.at, low) | (self.some(self.at.wrapping_add(low as usize), high) << 32);
            *slot = make(first.wrapping_add(place));
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
fn places<T>(
    bins: &[Place; 256],
    bits: &[u8],
    mut at: usize,
    symbols: &[u8],
    out: &mut [T],
    mut make: impl FnMut(u64) -> T,
) -> usize {
    let bin = |symbol: u8| bins.get(usize::from(symbol)).copied().unwrap_or_default();
    // At least 57 bits.
    let word = |at: usize| {
        let byte = at >> 3;
        let word = bits.get(byte..byte.wrapping_add(8)).and_then(|word| word.first_chunk::<8>()).copied();
        u64::from_le_bytes(word.unwrap_or_default()) >> (at & 7)
    };
    let (pairs, last) = symbols.as_chunks::<2>();
    let (slots, last_slot) = out.as_chunks_mut::<2>();
    for (slots, &[one, two]) in slots.iter_mut().zip(pairs) {
        let (one, two) = (bin(one), bin(two));
        let both = one.bits.wrapping_add(two.bits);
        let first = word(at);
        let second = if both <= 57 { first >> (one.bits & 63) } else { word(at.wrapping_add(one.bits as usize)) };
        let number = |bin: Place, word: u64| bin.first.wrapping_add(word & bin.mask);
        *slots = [make(number(one, first)), make(number(two, second))];
        at = at.wrapping_add(both as usize);
    }
    for (slot, &symbol) in last_slot.iter_mut().zip(last) {
        let bin = bin(symbol);
        *slot = make(bin.first.wrapping_add(word(at) & bin.mask));
        at = at.wrapping_add(bin.bits as usize);
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
    out.chunks_mut(BLOCK).try_for_each(|block| numbers.fill(block, |number| number))?;
    numbers.finish()?;
    Ok(out)
}
