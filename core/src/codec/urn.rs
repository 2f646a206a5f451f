//! Draws from an urn: which of several kinds comes next, where it is known how many of each there are in all.
//!
//! What is drawn does not come again, so the last ones cost next to nothing, and all together cost the logarithm of
//! the number of ways in which they could have come: less than by any fixed table, which pays for draws that can no longer happen.
//! Totals are no powers of two, so this is a range coder and not rANS: two divisions a draw, and a descent in a tree of counts.
//!
//! ```text
//! words     u32, little-endian, in the order in which they are taken
//! ```
//!
//! `range` begins as 2^64 - 1, `code` as the first word times 2^32 plus the second. A draw of `total` that are left: `unit` is
//! `range / total`; the drawn kind is the one of whose things, counted through all kinds in order, one has the number `code / unit`.
//! With `start` things of kinds before it and `count` of it, `code` loses `unit * start` and `range` becomes `unit * count`. While
//! `range` is below 2^32 both are multiplied by 2^32, and `code` gains the next word. In the end `code` is 0 and all words are taken.

use super::bytes::Bytes;
use alloc::{vec, vec::Vec};

/// What is left in an urn.
pub(super) struct Urn {
    /// How many of each kind.
    counts: Vec<u32>,
    /// For each node of a binary tree over the kinds, the root being 1, how many are below its left child.
    left: Vec<u32>,
    total: u64,
}

impl Urn {
    /// An urn with so many of each kind, fewer than 2^32 in all.
    pub(super) fn new(counts: &[u64]) -> Urn {
        let counts: Vec<u32> = counts.iter().map(|&count| (count & 0xFFFF_FFFF) as u32).collect();
        let leaves = counts.len().next_power_of_two();
        let mut left = vec![0u32; leaves];
        let mut level: Vec<u32> = counts.clone();
        level.resize(leaves, 0);
        while let (pairs, nodes @ 1..) = (level.as_chunks::<2>().0, level.len() >> 1) {
            for (node, &[first, _]) in left.iter_mut().skip(nodes).zip(pairs) {
                *node = first;
            }
            level = pairs.iter().map(|[a, b]| a.wrapping_add(*b)).collect();
        }
        let total = counts.iter().map(|&count| u64::from(count)).sum();
        Urn { counts, left, total }
    }

    /// Take out the thing with this number, which is below the total: its kind, how many of kinds before it there are, and of it.
    #[inline]
    fn take(&mut self, number: u64) -> (usize, u64, u64) {
        let (mut node, mut rest) = (1usize, number);
        while let Some(left) = self.left.get_mut(node) {
            let is_right = rest >= u64::from(*left);
            rest = rest.wrapping_sub(if is_right { (*left).into() } else { 0 });
            *left = left.wrapping_sub(u32::from(!is_right));
            node = node.wrapping_mul(2).wrapping_add(usize::from(is_right));
        }
        let kind = node.wrapping_sub(self.left.len());
        let count = self.counts.get_mut(kind).map_or(0, |count| {
            *count = count.wrapping_sub(1);
            count.wrapping_add(1)
        });
        self.total = self.total.wrapping_sub(1);
        (kind, number.wrapping_sub(rest), count.into())
    }

    /// How many of kinds before this one there are.
    fn before(&self, kind: usize) -> u64 {
        let mut node = kind.wrapping_add(self.left.len());
        let mut sum = 0u64;
        while node > 1 {
            if node & 1 == 1 {
                sum = sum.wrapping_add(self.left.get(node >> 1).copied().unwrap_or(0).into());
            }
            node >>= 1;
        }
        sum
    }
}

/// The least range between draws.
const LOW: u64 = 1 << 32;

/// Code that these kinds are drawn from an urn with so many of each, all of them, in this order.
pub(super) fn encode(counts: &[u64], drawn: &[u16], out: &mut Vec<u8>) {
    let mut urn = Urn::new(counts);
    let (mut low, mut range) = (0u64, u64::MAX);
    let mut words: Vec<u32> = Vec::new();
    let put = |words: &mut Vec<u32>, low: &mut u64| {
        words.push(((*low >> 32) & 0xFFFF_FFFF) as u32);
        *low <<= 32;
    };
    for &kind in drawn {
        let unit = range.checked_div(urn.total).unwrap_or(0);
        let (_, start, count) = urn.take(urn.before(kind.into()));
        let (sum, is_over) = low.overflowing_add(unit.wrapping_mul(start));
        low = sum;
        if is_over {
            // Into the words that were put already.
            for word in words.iter_mut().rev() {
                *word = word.wrapping_add(1);
                if *word != 0 {
                    break;
                }
            }
        }
        range = unit.wrapping_mul(count);
        while range < LOW && range > 0 {
            put(&mut words, &mut low);
            range <<= 32;
        }
    }
    put(&mut words, &mut low);
    put(&mut words, &mut low);
    out.extend(words.iter().flat_map(|word| word.to_le_bytes()));
}

/// All draws from an urn with so many of each kind, out of bytes that they take to the end.
pub(super) fn decode(counts: &[u64], mut bytes: Bytes<'_>) -> Result<Vec<u16>, &'static str> {
    const WRONG: &str = "has draws that are none";
    let mut urn = Urn::new(counts);
    let (words, odd) = bytes.rest().as_chunks::<4>();
    let mut words = words.iter().map(|word| u64::from(u32::from_le_bytes(*word))).fuse();
    let mut next = || words.next().ok_or("is cut short");
    let mut code = (next()? << 32) | next()?;
    let mut range = u64::MAX;
    let mut out = vec![0u16; usize::try_from(urn.total).map_err(|_| WRONG)?];
    for slot in &mut out {
        let unit = range.checked_div(urn.total).unwrap_or(0);
        let number = code.checked_div(unit).filter(|&number| number < urn.total).ok_or(WRONG)?;
        let (kind, start, count) = urn.take(number);
        code = code.wrapping_sub(unit.wrapping_mul(start));
        range = unit.wrapping_mul(count);
        *slot = u16::try_from(kind).map_err(|_| WRONG)?;
        while range < LOW && range > 0 {
            code = (code << 32) | next()?;
            range <<= 32;
        }
    }
    if code != 0 || next().is_ok() || !odd.is_empty() {
        return Err("does not end after its last draw");
    }
    Ok(out)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // small numbers
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        #[test]
        fn what_was_drawn_comes_back(counts in proptest::collection::vec(0u64..40, 1..70), seed in any::<u64>()) {
            let mut drawn: Vec<u16> =
                (0u16..).zip(&counts).flat_map(|(kind, &count)| (0..count).map(move |_| kind)).collect();
            let mut state = seed | 1;
            for place in (1..drawn.len()).rev() {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                drawn.swap(place, usize::try_from((state >> 33) % (place as u64 + 1)).unwrap());
            }
            let mut stored = Vec::new();
            encode(&counts, &drawn, &mut stored);
            prop_assert_eq!(decode(&counts, Bytes::new(&stored)).unwrap(), drawn);
            stored.extend([0; 4]);
            prop_assert!(decode(&counts, Bytes::new(&stored)).is_err());
            stored.truncate(stored.len() - 8);
            prop_assert!(decode(&counts, Bytes::new(&stored)).is_err());
        }
    }

    #[test]
    fn an_urn_of_one_kind_costs_nothing_but_its_two_words() {
        let mut stored = Vec::new();
        encode(&[0, 1000, 0], &[1; 1000], &mut stored);
        assert_eq!(stored, [0; 8]);
    }

    #[test]
    fn all_draws_cost_the_logarithm_of_their_ways() {
        // 1000! / (500! 500!) is 2^994.7.
        let drawn: Vec<u16> = (0..1000u16).map(|n| (n * 7 / 3) & 1).collect();
        let ones = drawn.iter().map(|&kind| u64::from(kind)).sum::<u64>();
        let mut stored = Vec::new();
        encode(&[1000 - ones, ones], &drawn, &mut stored);
        assert!((120..=132).contains(&stored.len()), "{}", stored.len());
    }
}
