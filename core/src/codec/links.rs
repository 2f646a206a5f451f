//! Codec 4: links of a graph, with empty slots between them.
//!
//! Every node has so many slots, and the empty ones, -1, stand behind its links. So the slots are runs of links and runs
//! of empty ones, and where a run of links is not longer than the slots of a node, the empty run that follows it ends
//! with a multiple of `period` slots: what is stored of its length is how far it is from there, which is nearly always nothing.
//! The links themselves are numbers in bins.
//!
//! ```text
//! varint    number of pairs of runs, of which the last may have no empty slots
//! varint    bytes of the lengths of runs of links, then these as numbers in bins
//! varint    bytes of the excess of empty runs, then these as numbers in bins
//! rest      the links, as numbers in bins
//! ```

use super::bins;
use super::bytes::{Bytes, put, put_part};
use alloc::{vec, vec::Vec};

/// An empty slot.
const EMPTY: u32 = u32::MAX;

/// Pairs of runs: of links, then of empty slots.
fn runs(slots: &[u32]) -> Vec<(u64, u64)> {
    let mut pairs = Vec::new();
    let mut left = slots;
    while !left.is_empty() {
        let links = left.iter().take_while(|&&slot| slot != EMPTY).count();
        let rest = left.get(links..).unwrap_or(&[]);
        let empty = rest.iter().take_while(|&&slot| slot == EMPTY).count();
        left = rest.get(empty..).unwrap_or(&[]);
        pairs.push((links as u64, empty as u64));
    }
    pairs
}

/// The number of slots that pairs of runs are a multiple of; 1 where there is none, 0 where hardly a slot is empty.
pub(super) fn period(bytes: &[u8]) -> u32 {
    let slots: Vec<u32> = slots(bytes);
    let pairs = runs(&slots);
    // The first begins and the last ends in the middle of a node.
    let inner = pairs.get(1..pairs.len().saturating_sub(1)).unwrap_or(&[]);
    if inner.len() < 8 {
        return 0;
    }
    let of_all = inner.iter().fold(0, |divisor, &(links, empty)| gcd(divisor, links.wrapping_add(empty)));
    u32::try_from(of_all).unwrap_or(1)
}

fn gcd(mut a: u64, mut b: u64) -> u64 {
    while b != 0 {
        (a, b) = (b, a.checked_rem(b).unwrap_or(0));
    }
    a
}

fn slots(bytes: &[u8]) -> Vec<u32> {
    bytes.as_chunks::<4>().0.iter().map(|slot| u32::from_le_bytes(*slot)).collect()
}

/// Empty slots that are expected behind a run of links.
fn expected(links: u64, period: u64) -> u64 {
    period.wrapping_sub(links.checked_rem(period).unwrap_or(0)).checked_rem(period).unwrap_or(0)
}

/// `bytes`, a multiple of four.
pub(super) fn encode(period: u32, bytes: &[u8], effort: usize) -> Vec<u8> {
    let slots = slots(bytes);
    let pairs = runs(&slots);
    let excess = |&(links, empty): &(u64, u64)| {
        let more = empty.wrapping_sub(expected(links, period.into())) as i64;
        ((more << 1) ^ (more >> 63)).cast_unsigned()
    };
    let mut out = Vec::new();
    put(&mut out, pairs.len() as u64);
    for numbers in [pairs.iter().map(|pair| pair.0).collect(), pairs.iter().map(excess).collect::<Vec<u64>>()] {
        let mut part = Vec::new();
        bins::encode(&numbers, 64, effort, &mut part);
        put_part(&mut out, &part);
    }
    let links: Vec<u64> = slots.iter().filter(|&&slot| slot != EMPTY).map(|&slot| slot.into()).collect();
    bins::encode(&links, 32, effort, &mut out);
    out
}

pub(super) fn decode(period: u32, bytes: &mut Bytes<'_>, len: usize) -> Result<Vec<u8>, &'static str> {
    const WRONG: &str = "has runs that do not fill its slots";
    let all = len >> 2;
    let pairs = bytes.count()?;
    if pairs > all || len & 3 != 0 {
        return Err(WRONG);
    }
    let lengths = bins::decode(bytes.part()?, pairs)?;
    let mut gaps = bins::decode(bytes.part()?, pairs)?;
    let (mut links, mut slots) = (0u64, 0u64);
    for (&run, gap) in lengths.iter().zip(&mut gaps) {
        // What stands there is by how much the gap differs from the expected one, zigzag; less than none becomes far too many.
        let more = (*gap >> 1) ^ 0u64.wrapping_sub(*gap & 1);
        *gap = expected(run, period.into()).wrapping_add(more);
        links = links.saturating_add(run);
        slots = slots.saturating_add(run).saturating_add(*gap);
    }
    if slots != all as u64 {
        return Err(WRONG);
    }
    let links = bins::decode(*bytes, usize::try_from(links).map_err(|_| WRONG)?)?;
    let mut out = vec![0xFF; len];
    let (mut place, mut next) = (out.as_chunks_mut::<4>().0.iter_mut(), links.iter());
    for (&run, &gap) in lengths.iter().zip(&gaps) {
        let run = usize::try_from(run).map_err(|_| WRONG)?;
        for (slot, &link) in place.by_ref().take(run).zip(next.by_ref()) {
            *slot = ((link & 0xFFFF_FFFF) as u32).to_le_bytes();
        }
        if let Some(skip) = usize::try_from(gap).map_err(|_| WRONG)?.checked_sub(1) {
            place.nth(skip);
        }
    }
    Ok(out)
}
