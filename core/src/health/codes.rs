//! Codes that are numbers side by side: how each sub-quantizer, codebook or bit uses its codes.

use super::about::{self, Measure, judged};
use super::detail::{CodesDetail, Detail, Sub};
use super::rows::Counter;
use super::section::Found;
use crate::report::{Json, grouped};
use crate::vectors::VectorBatch;
use alloc::{format, string::String, vec, vec::Vec};

/// Share of the possible perplexity below which codes are poorly used; see [`about::CODE_USE`].
const POOR: f64 = 0.25;

/// Share of unused codes that is too much; see [`about::UNUSED_CODES`].
const MANY_UNUSED: f64 = 0.05;

/// Counts of all codes: 16 MiB.
const MOST_COUNTS: u64 = 1 << 22;

/// Counts for each number that is read: with fewer numbers a count of each code says nothing, and takes memory that the
/// bytes do not warrant.
const COUNTS_PER_NUMBER: u64 = 16;

/// How a row's code is made up: numbers of some bits each, one after the other from the lowest bit of the first byte on,
/// as `PQEncoderGeneric` (faiss/impl/ProductQuantizer-inl.h) and `BitstringWriter` (faiss/utils/hamming.h) put them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Fields {
    /// See [`CodesDetail::kind`].
    pub(super) kind: &'static str,
    /// Bytes of a row.
    pub(super) code_size: u64,
    /// Bytes before the first number.
    pub(super) skip: u64,
    /// Bits of each number, and of the place it takes.
    pub(super) bits: Vec<(u32, u32)>,
}

impl Fields {
    /// Why these codes of so many rows cannot be counted here, if they cannot.
    pub(super) fn refusal(&self, rows: u64) -> Option<String> {
        let counts: u64 = self.bits.iter().map(|&(bits, _)| 1_u64.unbounded_shl(bits)).fold(0, u64::saturating_add);
        let places: u64 = self.bits.iter().map(|&(_, place)| u64::from(place)).sum();
        let needed = self.skip.saturating_mul(8).saturating_add(places).div_ceil(8);
        if needed > self.code_size {
            return Some(format!("codes of {} bytes have no room for {needed}", self.code_size));
        }
        let numbers = rows.saturating_mul(self.bits.len() as u64);
        if counts > numbers.saturating_mul(COUNTS_PER_NUMBER) {
            return Some(format!("{} numbers are too few for {} different codes", grouped(numbers), grouped(counts)));
        }
        (counts > MOST_COUNTS).then(|| format!("{} different codes are more than are counted", grouped(counts)))
    }
}

/// Counts how often each code occurs.
pub(super) struct CodeCounter {
    fields: Fields,
    rows: u64,
    /// Of each number: the bit where it stands, and where its counts start.
    places: Vec<(usize, usize)>,
    counts: Vec<u32>,
}

impl CodeCounter {
    /// Of codes that [`Fields::refusal`] does not refuse.
    pub(super) fn new(fields: Fields) -> CodeCounter {
        let mut places = Vec::with_capacity(fields.bits.len());
        let (mut at, mut start) = (usize::try_from(fields.skip.saturating_mul(8)).unwrap_or(usize::MAX), 0_usize);
        for &(bits, place) in &fields.bits {
            places.push((at, start));
            at = at.saturating_add(usize::try_from(place).unwrap_or(usize::MAX));
            start = start.saturating_add(1_usize.unbounded_shl(bits));
        }
        CodeCounter { fields, rows: 0, places, counts: vec![0; start] }
    }

    fn code(&mut self, code: &[u8]) {
        self.rows = self.rows.saturating_add(1);
        for (&(bits, _), &(at, start)) in self.fields.bits.iter().zip(&self.places) {
            let number = if bits == 8 && at % 8 == 0 {
                code.get(at / 8).copied().unwrap_or(0).into()
            } else {
                number_at(code, at, bits)
            };
            if let Some(count) = self.counts.get_mut(start.saturating_add(number)) {
                *count = count.saturating_add(1);
            }
        }
    }

    fn subs(&self) -> Vec<Sub> {
        let one = |sub: u64, bits: u32, start: usize| {
            let all = 1_usize.unbounded_shl(bits);
            let counts = self.counts.get(start..start.saturating_add(all)).unwrap_or(&[]);
            let (top_code, top) =
                (0..).zip(counts).fold((0, 0), |best, (code, &n)| if n > best.1 { (code, n) } else { best });
            let n = self.rows as f64;
            Sub {
                sub,
                bits,
                used: counts.iter().filter(|&&count| count > 0).count() as u64,
                expected: all as f64 - unused_by_chance(n, all as f64),
                perplexity: perplexity(counts, n),
                top_code,
                top_share: if self.rows == 0 { 0.0 } else { f64::from(top) / n },
            }
        };
        let places = self.fields.bits.iter().zip(&self.places);
        (0..).zip(places).map(|(sub, (&(bits, _), &(_, start)))| one(sub, bits, start)).collect()
    }

    fn measures(&self, subs: &[Sub]) -> Vec<Measure> {
        if self.rows == 0 || subs.is_empty() {
            let why = "there are no codes";
            return Vec::from([about::CODE_USE.unknown(why.into()), about::UNUSED_CODES.unknown(why.into())]);
        }
        let n = self.rows as f64;
        let shares = subs.iter().map(|sub| (sub, sub.perplexity / even_perplexity(n, codes(sub.bits))));
        let worst = shares.min_by(|a, b| a.1.total_cmp(&b.1));
        let mut out = Vec::new();
        let what = match self.fields.kind {
            "product" => "sub-quantizer",
            "additive" => "codebook",
            _ => "bit",
        };
        if let Some((worst, share)) = worst {
            let says = format!(
                "{what} {} has perplexity {:.1}, {:.0} % of what {} rows could have",
                worst.sub,
                worst.perplexity,
                share * 100.0,
                grouped(self.rows)
            );
            out.push(about::CODE_USE.is(Json::Float(share), judged(share < POOR), says));
        }
        let all: f64 = subs.iter().map(|sub| codes(sub.bits)).sum();
        let unused: f64 = subs.iter().map(|sub| codes(sub.bits) - sub.used as f64).sum();
        let chance: f64 = subs.iter().map(|sub| unused_by_chance(n, codes(sub.bits))).sum();
        let beyond = ((unused - chance) / all).max(0.0);
        let says = format!("{unused:.0} of {all:.0} codes are not used; {chance:.0} would be so by chance");
        out.push(about::UNUSED_CODES.is(Json::Float(beyond), judged(beyond > MANY_UNUSED), says));
        out
    }
}

impl Counter for CodeCounter {
    fn count(&mut self, batch: &VectorBatch) {
        let width = usize::try_from(self.fields.code_size).unwrap_or(usize::MAX).max(1);
        batch.floats.chunks_exact(width).for_each(|code| self.code(code));
    }

    fn found(&mut self) -> Found {
        let subs = self.subs();
        let measures = self.measures(&subs);
        let detail = CodesDetail { kind: self.fields.kind, code_size: self.fields.code_size, subs };
        Found { measures, detail: Detail::Codes(detail) }
    }
}

/// The number of `bits` bits, at most 24, that starts at bit `at`.
pub(super) fn number_at(code: &[u8], at: usize, bits: u32) -> usize {
    let rest = code.get(at / 8..).unwrap_or(&[]);
    let four = rest.get(..4).unwrap_or(rest).iter();
    let all = four.rev().fold(0_u32, |all, &byte| all << 8 | u32::from(byte));
    let shift = u32::try_from(at % 8).unwrap_or(0);
    let mask = 1_u32.unbounded_shl(bits).wrapping_sub(1);
    usize::try_from(all.unbounded_shr(shift) & mask).unwrap_or(0)
}

fn codes(bits: u32) -> f64 {
    1_u64.unbounded_shl(bits) as f64
}

/// How many of `all` codes nobody has, if each of `n` rows has any of them with the same chance.
fn unused_by_chance(n: f64, all: f64) -> f64 {
    all * libm::exp(n * libm::log1p(-1.0 / all.max(2.0)))
}

/// 2^entropy of these counts, which add up to `n`.
fn perplexity(counts: &[u32], n: f64) -> f64 {
    if n == 0.0 {
        return 0.0;
    }
    let sum: f64 =
        counts.iter().filter(|&&count| count > 0).map(|&count| f64::from(count) * libm::log(count.into())).sum();
    libm::exp(libm::log(n) - sum / n)
}

/// The perplexity that `n` rows have on average if all of `all` codes are equally likely; counts are then all but
/// independent and Poisson. For many rows the first term of the series (Miller 1955) is enough.
fn even_perplexity(n: f64, all: f64) -> f64 {
    let mean = n / all;
    if mean > 50.0 {
        return libm::exp(libm::log(all) - (all - 1.0) / (2.0 * n));
    }
    let (mut p, mut sum) = (libm::exp(-mean), 0.0);
    for count in 1..400_u32 {
        p *= mean / f64::from(count);
        let term = p * f64::from(count) * libm::log(count.into());
        sum += term;
        // From here on they fall, faster and faster.
        if f64::from(count) > mean + 2.0 && term < sum * 1e-17 {
            break;
        }
    }
    libm::exp(libm::log(n) - all * sum / n).min(n)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // of small numbers in a test
mod tests {
    use super::*;
    use crate::ids::Row;

    #[test]
    fn numbers_are_read_from_the_lowest_bit_on() {
        // 12 bits each, as FAISS packs 0xABC and 0x123.
        let code = [0xBC, 0x3A, 0x12];
        assert_eq!((number_at(&code, 0, 12), number_at(&code, 12, 12)), (0xABC, 0x123));
        assert_eq!((number_at(&[0xFF], 3, 5), number_at(&[0xFF], 3, 8), number_at(&[], 3, 8)), (31, 31, 0));
    }

    #[test]
    fn even_codes_have_full_perplexity_and_one_code_none() {
        let bits = Vec::from([(8, 8), (8, 8)]);
        let fields = Fields { kind: "product", code_size: 2, skip: 0, bits };
        assert_eq!(fields.refusal(2560), None);
        assert!(fields.refusal(15).is_some());
        let mut counter = CodeCounter::new(fields);
        let floats = (0..2560_u32).flat_map(|n| [n.to_le_bytes()[0], 7]).collect();
        counter.count(&VectorBatch { row: Row(0), floats, ids: Vec::new(), at: None });
        let subs = counter.subs();
        assert!((subs[0].perplexity - 256.0).abs() < 1e-9 && subs[0].used == 256, "{subs:?}");
        assert!((subs[1].perplexity - 1.0).abs() < 1e-9 && subs[1].used == 1 && subs[1].top_code == 7, "{subs:?}");
        let found = counter.found();
        assert!(found.measures.iter().all(|measure| measure.state == about::State::Warning), "{found:?}");
    }

    #[test]
    fn what_chance_gives_is_what_random_codes_have() {
        let mut random = crate::random::SplitMix64(3);
        for (n, all) in [(100_u32, 256_u32), (1000, 256), (20_000, 256), (3000, 16), (50, 2)] {
            let (mut mean, mut unused) = (0.0, 0.0);
            for _ in 0..50 {
                let mut counts = vec![0_u32; all as usize];
                (0..n).for_each(|_| counts[usize::try_from(random.below(all.into())).unwrap()] += 1);
                mean += perplexity(&counts, n.into()) / 50.0;
                unused += counts.iter().filter(|&&count| count == 0).count() as f64 / 50.0;
            }
            let even = even_perplexity(n.into(), all.into());
            assert!((mean / even - 1.0).abs() < 0.02, "{n} {all}: {mean} {even}");
            assert!((unused - unused_by_chance(n.into(), all.into())).abs() < 3.0, "{n} {all}: {unused}");
        }
    }
}
