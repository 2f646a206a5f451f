//! The entropy coder: rANS, static tables, eight states side by side.
//!
//! A symbol that is expected in `f` of `2^LOG2` cases costs `LOG2 - log2(f)` bits, also where that is a
//! fraction of one. Symbol `i` goes through state `i mod 8`: a processor works on eight at a time. Nothing
//! is adaptive, so decoding is a table look-up and a multiplication a symbol.
//!
//! ```text
//! 8 x u32   the states, little-endian
//! words     u16, little-endian, in the order in which decoding takes them
//! ```
//!
//! Decoding one symbol: `slot` is the low `LOG2` bits of the state, its symbol the one whose cases
//! `start..start + f` hold it; the state becomes `f * (state >> LOG2) + slot - start`, and where that is
//! below 2^16, itself times 2^16 plus the next word. In the end each state is 2^16 and all words are taken.

use super::bytes::Bytes;
use alloc::vec::Vec;

/// States side by side.
pub(super) const LANES: usize = 8;
/// The least that a state is between symbols.
const LOW: u32 = 1 << 16;

/// A symbol, how many cases it has, and which of them a slot is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Case {
    pub(super) symbol: u8,
    pub(super) frequency: u32,
    pub(super) place: u32,
}

/// Which symbol a slot belongs to.
pub(super) trait Slots {
    /// Slots are 2 to the power of this many.
    const LOG2: u32;

    /// The case of a slot, which is below `2^LOG2`.
    fn case(&self, slot: u32) -> Case;
}

/// The frequencies of a [`Table`] are of 2^12.
pub(super) const LOG2: u32 = 12;
const SLOTS: usize = 1 << LOG2;

/// A table of at most 256 symbols, 20 KiB: what a step needs is loaded rather than taken apart, and stays in a core's first cache.
pub(super) struct Table(alloc::boxed::Box<Columns>);

/// Of each slot.
struct Columns {
    symbols: [u8; SLOTS],
    frequencies: [u16; SLOTS],
    places: [u16; SLOTS],
}

impl Table {
    /// From the frequencies of the symbols, which add up to 4,096. `None` where they do not, or are more than 256.
    pub(super) fn new(frequencies: &[u32]) -> Option<Table> {
        let total = frequencies.iter().try_fold(0u32, |sum, &f| sum.checked_add(f))?;
        if total != 1 << LOG2 || frequencies.len() > 256 {
            return None;
        }
        let columns = Columns { symbols: [0; SLOTS], frequencies: [0; SLOTS], places: [0; SLOTS] };
        let mut columns = alloc::boxed::Box::new(columns);
        let Columns { symbols, frequencies: of, places } = &mut *columns;
        let mut slots = symbols.iter_mut().zip(of).zip(places);
        for (symbol, &frequency) in (0u8..=255).zip(frequencies) {
            let frequency = (frequency & 0xFFFF) as u16;
            for (place, ((symbols, of), places)) in (0..frequency).zip(slots.by_ref()) {
                (*symbols, *of, *places) = (symbol, frequency, place);
            }
        }
        Some(Table(columns))
    }
}

impl Slots for Table {
    const LOG2: u32 = LOG2;

    #[inline(always)]
    fn case(&self, slot: u32) -> Case {
        let slot = (slot & 0xFFF) as usize;
        let Columns { symbols, frequencies, places } = &*self.0;
        let number = |of: &[u16; SLOTS]| of.get(slot).copied().unwrap_or(0).into();
        let symbol = symbols.get(slot).copied().unwrap_or(0);
        Case { symbol, frequency: number(frequencies), place: number(places) }
    }
}

/// Symbols on their way out of stored bytes.
pub(super) struct Decoder<'a> {
    states: [u32; LANES],
    words: &'a [u8],
}

impl<'a> Decoder<'a> {
    pub(super) fn new(bytes: &mut Bytes<'a>) -> Result<Decoder<'a>, &'static str> {
        let part = bytes.part()?.rest();
        let (states, words) = part.split_at_checked(LANES.wrapping_mul(4)).ok_or("has no room for its states")?;
        let mut lanes = [0; LANES];
        for (lane, bytes) in lanes.iter_mut().zip(states.as_chunks::<4>().0) {
            *lane = u32::from_le_bytes(*bytes);
            if *lane < LOW {
                return Err("begins with a state that is too small");
            }
        }
        Ok(Decoder { states: lanes, words })
    }

    /// The next symbols: a multiple of eight of them, but for the last call. Symbol `i` is of table `of(i)`.
    #[inline(never)] // with registers of its own
    pub(super) fn fill<'t, S: Slots + 't>(
        &mut self,
        of: impl Fn(usize) -> &'t S,
        out: &mut [u8],
    ) -> Result<(), &'static str> {
        let (groups, rest) = out.as_chunks_mut::<LANES>();
        let mut states = self.states;
        let mut words = self.words;
        let mut index = 0usize;
        for group in groups {
            let mut used = 0usize;
            let padded;
            let (window, room) = match words.as_chunks::<2>().0.first_chunk::<LANES>() {
                Some(window) => (window, LANES),
                None => {
                    padded = last_words(words);
                    (&padded.0, padded.1)
                }
            };
            for (lane, (state, symbol)) in states.iter_mut().zip(group.iter_mut()).enumerate() {
                *symbol = step(state, of(index.wrapping_add(lane)), window, &mut used);
            }
            if used > room {
                return Err("ends before its last symbol");
            }
            index = index.wrapping_add(LANES);
            words = words.get(used.wrapping_mul(2)..).unwrap_or(&[]);
        }
        let (window, room) = last_words(words);
        let mut used = 0usize;
        for (lane, (state, symbol)) in states.iter_mut().zip(rest).enumerate() {
            *symbol = step(state, of(index.wrapping_add(lane)), &window, &mut used);
        }
        if used > room {
            return Err("ends before its last symbol");
        }
        words = words.get(used.wrapping_mul(2)..).unwrap_or(&[]);
        (self.states, self.words) = (states, words);
        Ok(())
    }

    /// That the symbols end here, and their bytes with them.
    pub(super) fn finish(&self) -> Result<(), &'static str> {
        if self.words.is_empty() && self.states == [LOW; LANES] {
            Ok(())
        } else {
            Err("does not end after its last symbol")
        }
    }
}

/// Take one symbol out of a state; `used` of the words are taken before.
#[inline(always)]
fn step<S: Slots>(state: &mut u32, slots: &S, words: &[[u8; 2]; LANES], used: &mut usize) -> u8 {
    let x = *state;
    let case = slots.case(x & (1u32 << S::LOG2).wrapping_sub(1));
    let y = case.frequency.wrapping_mul(x >> S::LOG2).wrapping_add(case.place);
    let word = u16::from_le_bytes(words.get(*used & 7).copied().unwrap_or_default());
    let more = (y << 16) | u32::from(word);
    let short = y < LOW;
    *state = if short { more } else { y };
    *used = used.wrapping_add(usize::from(short));
    case.symbol
}

/// At most eight words from the start of `words`, zeros behind them, and how many there are.
#[cold]
fn last_words(words: &[u8]) -> ([[u8; 2]; LANES], usize) {
    let mut padded = [[0; 2]; LANES];
    let words = words.as_chunks::<2>().0;
    padded.iter_mut().zip(words).for_each(|(to, from)| *to = *from);
    (padded, words.len().min(LANES))
}

/// Frequencies for symbols that stand so often: they add up to `2^log2` and are at least 1 where a symbol stands at all.
/// At most so many symbols may, and one must.
pub(super) fn frequencies(log2: u32, counts: &[u32]) -> Vec<u32> {
    let total: u64 = counts.iter().map(|&count| u64::from(count)).sum();
    let slots = 1u64 << log2;
    let scaled = |count: u32| {
        let twice = u64::from(count).wrapping_mul(slots).wrapping_mul(2).wrapping_add(total);
        let nearest = twice.checked_div(total.wrapping_mul(2)).unwrap_or(0);
        if count == 0 { 0 } else { nearest.max(1) }
    };
    let mut out: Vec<u64> = counts.iter().map(|&count| scaled(count)).collect();
    let mut sum: u64 = out.iter().sum();
    // What rounding gave too much is taken where it costs least, which is where a case has the fewest symbols.
    let each = |count: u32, frequency: u64| (u64::from(count) << 20).checked_div(frequency).unwrap_or(0);
    while sum != slots && total > 0 {
        let cases = out.iter_mut().zip(counts).filter(|case| *case.1 > 0);
        let chosen = if sum > slots {
            cases.filter(|case| *case.0 > 1).min_by_key(|case| each(*case.1, case.0.wrapping_sub(1)))
        } else {
            cases.max_by_key(|case| each(*case.1, *case.0))
        };
        let Some((frequency, _)) = chosen else { break };
        *frequency = if sum > slots { frequency.wrapping_sub(1) } else { frequency.wrapping_add(1) };
        sum = if sum > slots { sum.wrapping_sub(1) } else { sum.wrapping_add(1) };
    }
    out.into_iter().map(|frequency| (frequency & 0xFFFF) as u32).collect()
}

/// What a symbol needs to be coded: its frequency and the cases of all symbols before it.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Share {
    pub(super) frequency: u32,
    pub(super) start: u32,
    /// 2^64 over the frequency, rounded up: a multiplication instead of a division. 0 for a frequency of 1.
    reciprocal: u64,
}

impl Share {
    /// `x` over the frequency, and what is left: exact, since the error of the reciprocal is below `x / 2^64`.
    fn parts(self, x: u32) -> (u32, u32) {
        let product = u128::from(x).wrapping_mul(self.reciprocal.into());
        let whole = if self.frequency == 1 { x } else { ((product >> 64) & 0xFFFF_FFFF) as u32 };
        (whole, x.wrapping_sub(whole.wrapping_mul(self.frequency)))
    }
}

/// The shares of symbols that have these frequencies.
pub(super) fn shares(frequencies: &[u32]) -> Vec<Share> {
    let next = |start: &mut u32, &frequency: &u32| {
        let reciprocal = u64::MAX.checked_div(frequency.into()).unwrap_or(0).wrapping_add(1);
        let share = Share { frequency, start: *start, reciprocal };
        *start = start.wrapping_add(frequency);
        Some(share)
    };
    frequencies.iter().scan(0, next).collect()
}

/// Code `count` symbols, of which number `i` has the share `share(i)`, and put them behind their length.
pub(super) fn encode(log2: u32, count: usize, share: impl Fn(usize) -> Share, out: &mut Vec<u8>) {
    let mut states = [LOW; LANES];
    // Decoding takes in the opposite order of coding, so words are put from the end on. No symbol takes more than one.
    let mut words = alloc::vec![[0u8; 2]; count];
    let mut used = 0usize;
    let mut step = |state: &mut u32, share: Share| {
        let x = *state;
        let full = u64::from(x) >= u64::from(share.frequency) << 32u32.wrapping_sub(log2);
        // Whether it is kept or written over is a matter of chance: a branch would be guessed wrong.
        let place = count.wrapping_sub(used).wrapping_sub(1);
        words.get_mut(place).into_iter().for_each(|word| *word = ((x & 0xFFFF) as u16).to_le_bytes());
        used = used.wrapping_add(usize::from(full));
        let x = if full { x >> 16 } else { x };
        let (whole, rest) = share.parts(x);
        *state = (whole << log2).wrapping_add(rest).wrapping_add(share.start);
    };
    let groups = count.checked_div(LANES).unwrap_or(0);
    let whole = groups.wrapping_mul(LANES);
    for index in (whole..count).rev() {
        states.get_mut(index.wrapping_sub(whole)).into_iter().for_each(|state| step(state, share(index)));
    }
    for group in (0..groups).rev() {
        for (lane, state) in states.iter_mut().enumerate().rev() {
            step(state, share(group.wrapping_mul(LANES).wrapping_add(lane)));
        }
    }
    let words = words.get(count.saturating_sub(used)..).unwrap_or(&[]).as_flattened();
    super::bytes::put(out, (words.len() as u64).wrapping_add(32));
    out.extend(states.iter().flat_map(|state| state.to_le_bytes()));
    out.extend_from_slice(words);
}
