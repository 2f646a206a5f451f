//! Counting ids that repeat without sorting them all.
//!
//! A table of marks, a few to an id, says which places were hit twice. Only ids of such places can repeat:
//! of a million without order a fifth, and only these are sorted. The count is exact; ids that were chosen to
//! hit the same places cost what sorting all of them costs.
//!
//! The work can be parted by hash, so that a host counts with several threads: equal ids are in one part.

use alloc::{vec, vec::Vec};

/// Fewer ids than this are as quickly sorted.
const FEW: usize = 1 << 12;

/// Places in the table for each id, as a power of two.
const PLACES: u32 = 2;

/// Ids that are looked at in one go; they stay in the nearest cache.
const BLOCK: usize = 1 << 10;

/// How many of `ids` are equal to one before them, among those of one part: part `part` of `1 << parts`, where `parts`
/// is at most 8. The sum over all parts is the whole count.
pub fn repeats(ids: &[i64], part: u64, parts: u32) -> u64 {
    let all = || ids.iter().copied().filter(|&id| part_of(id, parts) == part);
    if ids.len() < FEW {
        return repeats_sorted(all().collect());
    }
    let each = ids.len().unbounded_shr(parts).max(1).next_power_of_two();
    let mut marks = Marks::new(each.ilog2().saturating_add(PLACES), parts);
    let mut mine = [0; BLOCK];
    for block in ids.chunks(BLOCK) {
        pick(block, &mut mine, |id| part_of(id, parts) == part).iter().for_each(|&id| marks.hit(id));
    }
    let mut twice = Vec::new();
    let mut hits = [0; BLOCK];
    for block in ids.chunks(BLOCK) {
        let mine = pick(block, &mut mine, |id| part_of(id, parts) == part);
        twice.extend_from_slice(pick(mine, &mut hits, |id| marks.is_twice(id)));
    }
    repeats_sorted(twice)
}

/// Those of at most [`BLOCK`] ids that `wanted` says, without a branch: which ids they are cannot be foreseen.
fn pick<'a>(ids: &[i64], out: &'a mut [i64; BLOCK], wanted: impl Fn(i64) -> bool) -> &'a [i64] {
    let mut count = 0_usize;
    for &id in ids {
        if let Some(place) = out.get_mut(count) {
            *place = id;
        }
        count = count.saturating_add(usize::from(wanted(id)));
    }
    out.get(..count).unwrap_or(out)
}

fn repeats_sorted(mut ids: Vec<i64>) -> u64 {
    ids.sort_unstable();
    ids.windows(2).map(|pair| u64::from(pair.first() == pair.last())).sum()
}

/// A hash whose upper bits depend on all of the id: a multiplication by 2^64 over the golden ratio.
fn hash(id: i64) -> u64 {
    let mixed = id.cast_unsigned() ^ id.cast_unsigned().unbounded_shr(32);
    mixed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The part of an id: the uppermost bits.
fn part_of(id: i64, parts: u32) -> u64 {
    hash(id).unbounded_shr(u64::BITS.saturating_sub(parts))
}

/// Two bits for each place: hit, and hit again.
struct Marks {
    words: Vec<u64>,
    /// Bits of a place, and those above them that tell the parts apart.
    bits: u32,
    parts: u32,
}

impl Marks {
    fn new(bits: u32, parts: u32) -> Marks {
        // 32 places to a word; `bits` is at least 5.
        let words = 1_usize.unbounded_shl(bits.saturating_sub(5));
        Marks { words: vec![0; words], bits, parts }
    }

    /// The word of an id, and the first of its two bits.
    fn place(&self, id: i64) -> (usize, u64) {
        let place = hash(id).unbounded_shl(self.parts).unbounded_shr(u64::BITS.saturating_sub(self.bits));
        (usize::try_from(place >> 5).unwrap_or(0), 1 << ((place & 31) << 1))
    }

    fn hit(&mut self, id: i64) {
        let (word, mark) = self.place(id);
        if let Some(word) = self.words.get_mut(word) {
            *word |= mark | (*word & mark) << 1;
        }
    }

    fn is_twice(&self, id: i64) -> bool {
        let (word, mark) = self.place(id);
        self.words.get(word).is_some_and(|word| word & mark << 1 != 0)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use alloc::collections::BTreeSet;

    fn assert_counts(what: &str, ids: &[i64]) {
        let expected = (ids.len() - ids.iter().collect::<BTreeSet<_>>().len()) as u64;
        for parts in [0, 1, 3] {
            let found: u64 = (0..1 << parts).map(|part| repeats(ids, part, parts)).sum();
            assert_eq!(found, expected, "{what}, {parts}");
        }
    }

    fn scattered(count: i64) -> impl Iterator<Item = i64> {
        (0..count).map(|n| n.wrapping_mul(0x5851_F42D_4C95_7F2D).rotate_left(29).wrapping_mul(0x1405_7B7E_F767_814F))
    }

    #[test]
    fn repeats_are_counted_exactly() {
        for count in [0, 1, 2, FEW as i64 - 1, FEW as i64, 3 * FEW as i64 + 77] {
            let ids: Vec<i64> = scattered(count).collect();
            assert_counts("none", &ids);
            assert_counts("each", &[ids.as_slice(), &ids].concat());
            assert_counts("some", &ids.iter().map(|id| id % 10_007).collect::<Vec<_>>());
            assert_counts("few", &ids.iter().map(|id| id % 5 - 2).collect::<Vec<_>>());
            for shift in [1, 17, 33, 49] {
                assert_counts("upper bits", &ids.iter().map(|id| id << shift).collect::<Vec<_>>());
                assert_counts("lower bits", &ids.iter().map(|id| id >> shift).collect::<Vec<_>>());
            }
            assert_counts("extremes", &[ids.as_slice(), &[i64::MIN, i64::MAX, i64::MIN, 0, -1, 0]].concat());
        }
    }

    #[test]
    fn ids_that_hit_one_place_are_counted_all_the_same() {
        // The inverse of the multiplier makes ids whose hashes share their upper bits; small enough for the mixing to
        // leave them alone, or not: the table is as full as it gets in either case.
        let inverse = 0xF1DE_83E1_9937_733D_u64;
        assert_eq!(inverse.wrapping_mul(0x9E37_79B9_7F4A_7C15), 1);
        let ids: Vec<i64> = (0..2 * FEW as u64)
            .map(|n| inverse.wrapping_mul(n % 7000))
            .map(|mixed| (mixed ^ mixed >> 32).cast_signed())
            .collect();
        assert_eq!(ids.iter().filter(|&&id| hash(id) < 7000).count(), ids.len());
        assert_counts("one place", &ids);
    }
}
