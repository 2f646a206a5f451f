//! Which codec bytes go through: by what they are, and by trial on a part of them.

use super::deflate::Deflater;
use super::planes::{self, Width};
use super::{Coding, columns, links, lists, numbers};
use crate::limits::MAX_CHUNK;
use alloc::{borrow::Cow, vec, vec::Vec};

/// What bytes are, as far as is known.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub enum Holds {
    /// Not known, or mixed.
    #[default]
    Anything,
    /// IEEE 754 floats of this width, 4 or 8.
    Floats(Width),
    /// Integers of this width, 4 or 8.
    Integers(Width),
    /// Rows of so many bytes.
    Rows(u64),
    /// Whole inverted lists.
    Lists {
        /// Bytes of a code.
        code_size: u64,
        /// Entries of each list.
        sizes: Vec<u64>,
    },
}

impl Holds {
    /// Bytes of an element, where all are alike.
    pub fn width(&self) -> Option<Width> {
        match self {
            Holds::Floats(width) | Holds::Integers(width) => Some(*width),
            _ => None,
        }
    }
}

/// How much time is spent for fewer bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub enum Level {
    /// Codecs 0 and 1, as they decode with the least work, and of the others where they save a quarter.
    Fast,
    /// Whatever saves a 64th.
    #[default]
    Balanced,
    /// The fewest bytes: everything that could pay is tried on all bytes.
    Small,
}

impl Level {
    /// Every level.
    pub const ALL: [Level; 3] = [Level::Fast, Level::Balanced, Level::Small];

    /// As it is called on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Level::Fast => "fast",
            Level::Balanced => "balanced",
            Level::Small => "small",
        }
    }

    /// The level of this name.
    pub fn from_name(name: &str) -> Option<Level> {
        Level::ALL.into_iter().find(|level| level.name() == name)
    }

    /// Fine bins of a sequence of numbers.
    fn effort(self) -> usize {
        match self {
            Level::Fast => 128,
            Level::Balanced => 256,
            Level::Small => 512,
        }
    }

    /// Tables of the columns of codes: each number is tried.
    fn tables(self) -> &'static [usize] {
        match self {
            Level::Fast => &[1],
            Level::Balanced => &[4],
            Level::Small => &[1, 6],
        }
    }

    /// What coding must save to be worth its decoding.
    fn pays(self, coded: usize, raw: usize) -> bool {
        let least = match self {
            Level::Fast => raw >> 2,
            Level::Balanced => raw >> 6,
            Level::Small => raw >> 10,
        };
        coded.saturating_add(least.max(64)) <= raw
    }
}

/// Bytes as they are to be stored, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Packed<'a> {
    /// What they went through.
    pub coding: Coding,
    /// The stored bytes; never more of them than were given.
    pub stored: Cow<'a, [u8]>,
}

/// Fewer bytes than these are stored as they are: coding has to save 64 to pay.
const SHORT: u64 = 128;

/// Store `bytes` in the smallest way that pays at this level, which is raw where nothing does.
///
/// The result depends on the arguments alone.
pub fn pack<'a>(level: Level, holds: &Holds, bytes: &'a [u8]) -> Packed<'a> {
    let raw = Packed { coding: Coding::Raw, stored: Cow::Borrowed(bytes) };
    // Of few bytes none can be saved, and trying takes as long as for thousands.
    if !(SHORT..=MAX_CHUNK).contains(&(bytes.len() as u64)) {
        return raw;
    }
    let mut best = raw;
    // More bins are not always fewer bytes: a table takes room too.
    let tried: &[Level] = if level == Level::Small { &[Level::Balanced, Level::Small] } else { &[level] };
    let consider = |best: &mut Packed<'a>, coding| {
        for &as_if in tried {
            let Some(stored) = encode(coding, as_if, holds, bytes) else { continue };
            let smaller = match best.coding {
                Coding::Raw => level.pays(stored.len(), bytes.len()),
                _ => stored.len() < best.stored.len(),
            };
            if smaller {
                *best = Packed { coding, stored: Cow::Owned(stored) };
            }
        }
    };
    candidates(level, holds, bytes).into_iter().for_each(|coding| consider(&mut best, coding));
    // What is not as it was said to be, or said too little; and vectors that repeat, which no codec by meaning sees.
    let is_mixed = holds.width().is_none();
    if (is_mixed && (best.coding == Coding::Raw || repeats(Width::W8, middle(bytes)))) || level == Level::Small {
        by_width(bytes).into_iter().for_each(|coding| consider(&mut best, coding));
    }
    best
}

/// `bytes` in this coding, whether it pays or not. `None` where it has no form for them.
pub fn encode(coding: Coding, level: Level, holds: &Holds, bytes: &[u8]) -> Option<Vec<u8>> {
    match (coding, holds) {
        (Coding::Raw, _) => Some(bytes.to_vec()),
        (Coding::Planes(width), _) => Some(planes::encode(width, bytes, &mut Deflater::default())),
        (Coding::Numbers(coding), _) => Some(numbers::encode(coding, bytes, level.effort())),
        (Coding::Columns(columns), _) => columns::encode(columns, bytes, level.tables()),
        (Coding::Links(period), _) => {
            bytes.len().is_multiple_of(4).then(|| links::encode(period, bytes, level.effort()))
        }
        (Coding::Lists(code_size), Holds::Lists { sizes, .. }) => {
            lists::encode(code_size, sizes, bytes, level.effort(), level.tables())
        }
        (Coding::Lists(_), _) => None,
    }
}

/// The codings that are worth a try on all of `bytes`.
fn candidates(level: Level, holds: &Holds, bytes: &[u8]) -> Vec<Coding> {
    let mut out = Vec::new();
    let float = matches!(holds, Holds::Floats(_));
    match holds {
        Holds::Floats(width) | Holds::Integers(width) if *width >= Width::W4 => {
            let part = middle(bytes);
            let (coding, bits) = numbers::best(*width, float, part);
            let period = if *width == Width::W4 && !float { links::period(part) } else { 0 };
            let numbers = usize::try_from(bits >> 3).unwrap_or(usize::MAX);
            let links = if period > 0 { links::encode(period, part, level.effort()).len() } else { usize::MAX };
            // Only repetition makes planes smaller than bins, and to look for it takes a 50th of trying.
            let is_tried = level == Level::Small || repeats(*width, part);
            let planes =
                if is_tried { planes::encode(*width, part, &mut Deflater::default()).len() } else { usize::MAX };
            let measured =
                [(Coding::Numbers(coding), numbers), (Coding::Links(period), links), (Coding::Planes(*width), planes)];
            let least = measured.iter().map(|measured| measured.1).min().unwrap_or(0);
            // Of what is near the best on a part, all is tried on the whole where that may take its time.
            let slack = if level == Level::Small { least >> 4 } else { 0 };
            out.extend(measured.iter().filter(|m| m.1 <= least.saturating_add(slack)).map(|m| m.0));
            if least >= part.len() && level != Level::Small {
                out.clear();
            }
        }
        Holds::Rows(row) => {
            let row = u32::try_from(*row).unwrap_or(0);
            if (1..=columns::MOST_COLUMNS).contains(&row) {
                out.push(Coding::Columns(row));
            }
            if row > 0 && row.is_multiple_of(4) {
                // Codes may be vectors.
                let part = middle(bytes);
                let (coding, bits) = numbers::best(Width::W4, true, part);
                if bits >> 3 < (part.len() as u64).saturating_sub(part.len() as u64 >> 3) {
                    out.push(Coding::Numbers(coding));
                }
            }
        }
        Holds::Lists { code_size, .. } => {
            let code_size = u32::try_from(*code_size).ok().filter(|&size| size <= columns::MOST_COLUMNS);
            out.extend(code_size.map(Coding::Lists));
        }
        _ => {}
    }
    out
}

/// The planes that promise most for bytes of which nothing is known.
fn by_width(bytes: &[u8]) -> Option<Coding> {
    let sample = middle(bytes);
    let mut best = (None, sample.len());
    let mut deflater = Deflater::default();
    for width in Width::ALL {
        // A wider one must earn its place: twice as many planes often gain a hair.
        let len = planes::encode(width, sample, &mut deflater).len();
        if Level::Balanced.pays(len, best.1) {
            best = (Some(Coding::Planes(width)), len);
        }
    }
    best.0
}

/// Whether one in eight elements was there before, about.
fn repeats(width: Width, part: &[u8]) -> bool {
    const MARKS: u32 = 17;
    let mut seen = vec![0u64; 1 << (MARKS - 6)];
    let mut again = 0usize;
    let elements = part.chunks_exact(width.bytes());
    let all = elements.len();
    for element in elements {
        let hash = element.iter().fold(0u64, |hash, &byte| (hash << 8) | u64::from(byte));
        let mark = hash.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - MARKS);
        let Some(slot) = seen.get_mut((mark >> 6) as usize) else { continue };
        again = again.wrapping_add(((*slot >> (mark & 63)) & 1) as usize);
        *slot |= 1 << (mark & 63);
    }
    again > all >> 3
}

/// At most 64 KiB from the middle, from a place where an element of any width starts.
fn middle(bytes: &[u8]) -> &[u8] {
    const SAMPLE: usize = 1 << 16;
    let start = (bytes.len().saturating_sub(SAMPLE) >> 1) & !7;
    bytes.get(start..).and_then(|rest| rest.get(..SAMPLE.min(rest.len()))).unwrap_or(bytes)
}
