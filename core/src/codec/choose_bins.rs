//! Which bins suit a sequence of numbers.
//!
//! A sample is sorted and taken apart into fine bins, each of a size that is a power of two, at a multiple of it; where a few values are all there is, each gets a bin. Neighbours are then joined as it costs
//! fewest bits in all, the description of the bins included: the shortest way through a graph whose nodes are the fine bins'
//! edges.

use super::bins::Bin;
use alloc::{vec, vec::Vec};

/// Most bins, the one for whatever fits in no other among them.
const MOST: usize = 256;

/// Bits that a bin takes in the table.
const HEAD: u64 = 36;

/// Cost in 256ths of a bit.
const UNIT: u64 = 256;

/// The bins for `values`, of which none has more than `width` bits: ascending, and in the end one that holds them all.
pub(super) fn choose(values: &[u64], width: u8, effort: usize) -> Vec<Bin> {
    let sample = sorted_sample(values, 1 << 14);
    let mut bins = best(&sample, values.len(), effort).0;
    bins.push(Bin { first: 0, bits: width });
    bins
}

/// Bits that `values` take, about.
pub(super) fn estimate(values: &[u64]) -> u64 {
    let sample = sorted_sample(values, 1 << 12);
    best(&sample, values.len(), 64).1
}

fn sorted_sample(values: &[u64], most: usize) -> Vec<u64> {
    let step = values.len().div_ceil(most).max(1);
    let mut jitter = 0u32;
    // One of each `step`, in no rhythm: values come in rows.
    let one = |part: &[u64]| {
        jitter = jitter.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        part.get(((jitter >> 16) as usize).checked_rem(part.len())?).copied()
    };
    let mut sample: Vec<u64> = values.chunks(step).filter_map(one).collect();
    sample.sort_unstable();
    sample
}

/// A run of the sorted sample with the same high bits.
#[derive(Clone, Copy)]
struct Fine {
    low: u64,
    high: u64,
    count: u64,
}

fn best(sorted: &[u64], all: usize, effort: usize) -> (Vec<Bin>, u64) {
    let fine = fine(sorted, effort);
    // What a value of the sample stands for, in 256ths.
    let weight = (all as u64).saturating_mul(UNIT).checked_div(sorted.len() as u64).unwrap_or(UNIT);
    let total = log2(sorted.len() as u64);
    let nodes = fine.len().saturating_add(1);
    // Least cost up to each edge, and the edge before it.
    let mut costs = vec![(u64::MAX, 0usize); nodes];
    costs.first_mut().into_iter().for_each(|cost| *cost = (0, 0));
    let head = HEAD.saturating_mul(UNIT);
    for end in 1..nodes {
        let mut least = (u64::MAX, 0);
        let Some(last) = fine.get(end.wrapping_sub(1)) else { break };
        let mut count = 0u64;
        for start in (0..end).rev() {
            let (Some(first), Some(before)) = (fine.get(start), costs.get(start)) else { break };
            count = count.saturating_add(first.count);
            let bits = u64::from(bits(last.high.wrapping_sub(first.low)));
            let each = total.saturating_sub(log2(count)).saturating_add(bits.saturating_mul(UNIT));
            let of_bin = (count.saturating_mul(each).saturating_mul(weight) >> 8).saturating_add(head);
            if of_bin >= least.0 && count > (sorted.len() as u64 >> 1) {
                break; // It only grows from here on.
            }
            let cost = before.0.saturating_add(of_bin);
            if cost < least.0 {
                least = (cost, start);
            }
        }
        costs.get_mut(end).into_iter().for_each(|cost| *cost = least);
    }
    let cost = costs.last().map_or(0, |cost| cost.0);
    let mut bins = Vec::new();
    let mut end = fine.len();
    while end > 0 {
        let start = costs.get(end).map_or(0, |cost| cost.1);
        if let (Some(first), Some(last)) = (fine.get(start), fine.get(end.wrapping_sub(1))) {
            bins.push(Bin { first: first.low, bits: bits(last.high.wrapping_sub(first.low)) });
        }
        end = start;
    }
    bins.reverse();
    bins.truncate(MOST.wrapping_sub(1));
    (bins, cost / UNIT)
}

/// Bits of the largest number.
fn bits(largest: u64) -> u8 {
    (64u32.wrapping_sub(largest.leading_zeros()) & 0x7F) as u8
}

/// The sample as at most `effort` runs, or twice as many where they are short of single values.
fn fine(sorted: &[u64], effort: usize) -> Vec<Fine> {
    let mut distinct = Vec::new();
    for values in sorted.chunk_by(|a, b| a == b) {
        let Some(&low) = values.first() else { continue };
        distinct.push(Fine { low, high: low, count: values.len() as u64 });
        if distinct.len() >= MOST {
            distinct.clear();
            break;
        }
    }
    if !distinct.is_empty() {
        return distinct;
    }
    let least = sorted.len().checked_div(effort).unwrap_or(1).max(1);
    let mut out = Vec::new();
    let mut open = vec![(sorted, 0, u64::MAX)];
    while let Some((run, from, to)) = open.pop() {
        let (Some(&low), Some(&high)) = (run.first(), run.last()) else { continue };
        if run.len() <= least {
            // What lies between the values of a sample may be among the others.
            out.push(Fine { low: from, high: to, count: run.len() as u64 });
            continue;
        }
        if low == high {
            out.push(Fine { low, high, count: run.len() as u64 });
            continue;
        }
        // The highest bit in which they differ parts them.
        let top = bits(low ^ high).wrapping_sub(1);
        let edge = (high >> top) << top;
        let half = (1u64 << top).wrapping_sub(1);
        let (left, right) = run.split_at_checked(run.partition_point(|&value| value < edge)).unwrap_or((run, &[]));
        open.push((right, edge, edge | half));
        open.push((left, edge.wrapping_sub(half).wrapping_sub(1), edge.wrapping_sub(1)));
    }
    out
}

/// Logarithm to base 2, in 256ths, the same on every machine.
pub(super) fn log2(value: u64) -> u64 {
    let whole = u64::from(value.max(1).ilog2());
    // Between powers of two: x - 1 + 0.0861 of a bow over it, within a 100th of a bit.
    let part = ((value.max(1) << 63u64.wrapping_sub(whole) << 1) >> 56) & 0xFF;
    let bow = part.wrapping_mul(UNIT.wrapping_sub(part)).wrapping_mul(88) >> 16;
    whole.wrapping_mul(UNIT).wrapping_add(part).wrapping_add(bow)
}
