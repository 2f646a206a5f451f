//! Inverted lists: how entries are spread over them, and what that costs a search.
//!
//! Only the sizes of lists are read. They are kept as a count for each different size: the sum of all sizes bounds how
//! many different ones there can be, so a billion entries in millions of lists need some ten thousand counts.

use super::about::{self, Measure, State, judged};
use super::detail::{Bucket, Detail, Largest, ListsDetail, Rank, Scanned};
use super::section::Found;
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::lists::{Balance, List, Lists, Walk};
use crate::report::{Json, grouped};
use alloc::{collections::BTreeMap, format, vec::Vec};

/// Different sizes that are counted: 8 MiB of counts, reached by no less than 2^35 entries.
const MOST_SIZES: usize = 1 << 18;

/// Largest lists that are named.
const MOST_LARGEST: usize = 20;

/// Points of the rank-size curve on each of its two scales.
const POINTS: u64 = 128;

/// Imbalance factor above which lists are called uneven; see [`about::IMBALANCE`].
const UNEVEN: f64 = 2.0;

/// Share of empty lists that is too much; see [`about::EMPTY_LISTS`].
const MANY_EMPTY: f64 = 0.1;

/// FAISS's `min_points_per_centroid`.
const FEW_ENTRIES: f64 = 39.0;

/// Reads the sizes of lists.
pub(super) struct ListSizes<'a> {
    walk: Walk<'a>,
    sizes: Sizes,
}

/// Sizes of lists, counted.
#[derive(Debug, Default)]
struct Sizes {
    nlist: u64,
    nprobe: Option<u64>,
    /// How many lists have a size, of those with entries.
    counts: BTreeMap<u64, u64>,
    /// Whether there were more different sizes than are counted.
    is_over: bool,
    balance: Balance,
    /// Size and number, largest first.
    largest: Vec<Largest>,
}

impl<'a> ListSizes<'a> {
    /// Of the lists of an index that stores this `nprobe`.
    pub(super) fn new(lists: &'a Lists, file_len: u64, nprobe: Option<u64>) -> ListSizes<'a> {
        ListSizes { walk: lists.walk(file_len, 0), sizes: Sizes { nlist: lists.nlist, nprobe, ..Sizes::default() } }
    }
}

impl Reading for ListSizes<'_> {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        loop {
            match self.walk.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(Some(list)) => self.sizes.add(&list),
                Step::Done(None) => return Ok(Step::Done(core::mem::take(&mut self.sizes).found())),
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.walk.bring(at, bytes);
    }
}

impl Sizes {
    fn add(&mut self, list: &List) {
        self.balance.add(list.size);
        if list.size == 0 {
            return;
        }
        if self.counts.len() < MOST_SIZES || self.counts.contains_key(&list.size) {
            let count = self.counts.entry(list.size).or_default();
            *count = count.saturating_add(1);
        } else {
            self.is_over = true;
        }
        let place = self.largest.partition_point(|other| other.entries >= list.size);
        if place < MOST_LARGEST {
            self.largest.insert(place, Largest { list: list.number, entries: list.size });
            self.largest.truncate(MOST_LARGEST);
        }
    }

    fn empty(&self) -> u64 {
        self.nlist.saturating_sub(self.balance.non_empty)
    }

    fn found(self) -> Found {
        let (scanned, measures) = (self.scanned(), self.measures());
        let detail = ListsDetail {
            nlist: self.nlist,
            entries: self.balance.total,
            empty: self.empty(),
            largest_size: self.balance.largest,
            mean_size: ratio(self.balance.total, self.nlist),
            nprobe: self.nprobe,
            imbalance: self.balance.imbalance_factor(self.nlist),
            histogram: self.histogram(),
            ranks: self.ranks(),
            largest: self.largest,
            scanned,
        };
        Found { measures, detail: Detail::Lists(detail) }
    }

    fn measures(&self) -> Vec<Measure> {
        let Balance { total, non_empty, .. } = self.balance;
        let empty = self.empty();
        let mut out = Vec::new();
        match self.balance.imbalance_factor(self.nlist) {
            Some(factor) => {
                let says = format!("the imbalance factor is {factor:.2}; 1 is even");
                out.push(about::IMBALANCE.is(Json::Float(factor), judged(factor > UNEVEN), says));
                let share = ratio(empty, self.nlist);
                let says = format!("{} of {} lists are empty", grouped(empty), grouped(self.nlist));
                out.push(about::EMPTY_LISTS.is(Json::Float(share), judged(share > MANY_EMPTY), says));
                let mean = ratio(total, self.nlist);
                let says = format!("{mean:.1} entries a list on average, {} at most", grouped(self.balance.largest));
                out.push(about::ENTRIES_PER_LIST.is(Json::Float(mean), judged(mean < FEW_ENTRIES), says));
            }
            None => out.push(about::IMBALANCE.unknown("nothing is stored in the lists".into())),
        }
        if let Some(nprobe) = self.nprobe.filter(|_| total > 0) {
            let share = self.share(nprobe, &self.grouped_sizes());
            out.push(match share {
                Some(share) => {
                    let says = format!(
                        "with nprobe {nprobe} a query visits {:.2} % of the entries, in {} of {} lists that hold any",
                        share * 100.0,
                        grouped(nprobe.min(non_empty)),
                        grouped(non_empty)
                    );
                    about::SCANNED.is(Json::Float(share), State::Figure, says)
                }
                None => about::SCANNED.unknown("there are too many different sizes of lists".into()),
            });
        }
        out
    }

    /// Lists by size: none, one, two and three, four to seven, and so on.
    fn histogram(&self) -> Vec<Bucket> {
        let empty = Bucket { from: 0, to: 0, count: self.empty(), entries: 0 };
        let mut out = Vec::from([empty]);
        for (&size, &count) in &self.counts {
            let from = 1_u64.unbounded_shl(size.ilog2());
            // Buckets between, too: an axis has no holes.
            while out.last().is_some_and(|last| last.from < from) {
                let next = out.last().map_or(0, |last| last.to).saturating_add(1);
                out.push(Bucket { from: next, to: next.saturating_mul(2).saturating_sub(1), count: 0, entries: 0 });
            }
            if let Some(last) = out.last_mut() {
                last.count = last.count.saturating_add(count);
                last.entries = last.entries.saturating_add(size.saturating_mul(count));
            }
        }
        if self.is_over { Vec::new() } else { out }
    }

    /// The curve of sizes, largest first: every rank of few lists, else ranks that are evenly spread on a linear and on
    /// a logarithmic axis.
    fn ranks(&self) -> Vec<Rank> {
        if self.is_over || self.nlist == 0 {
            return Vec::new();
        }
        let mut runs = Vec::new();
        let mut end = 0_u64;
        for (&size, &count) in self.counts.iter().rev() {
            end = end.saturating_add(count);
            runs.push((end, size));
        }
        let size_of = |rank: u64| {
            let run = runs.partition_point(|&(end, _)| end < rank);
            runs.get(run).map_or(0, |&(_, size)| size)
        };
        spread(self.nlist).into_iter().map(|rank| Rank { rank, size: size_of(rank) }).collect()
    }

    /// What a query visits for nprobe 1, 2, 4 and so on, `nlist`, and the stored one.
    fn scanned(&self) -> Vec<Scanned> {
        if self.is_over || self.balance.total == 0 {
            return Vec::new();
        }
        let sizes = self.grouped_sizes();
        let mut probes: Vec<u64> = (0..64).map(|bit| 1_u64 << bit).take_while(|&nprobe| nprobe < self.nlist).collect();
        probes.push(self.nlist);
        probes.extend(self.nprobe.filter(|&nprobe| (1..=self.nlist).contains(&nprobe)));
        probes.sort_unstable();
        probes.dedup();
        let one = |nprobe| {
            let share = self.share(nprobe, &sizes)?;
            Some(Scanned { nprobe, share, entries: share * self.balance.total as f64 })
        };
        probes.into_iter().filter_map(one).collect()
    }

    /// Sizes and how many lists have them; sizes that differ by less than a thousandth are taken together.
    fn grouped_sizes(&self) -> Vec<(f64, f64)> {
        let mut groups: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
        for (&size, &count) in &self.counts {
            let low = size.max(1).ilog2().saturating_sub(10);
            let key = size.unbounded_shr(low).unbounded_shl(low);
            let (sum, lists) = groups.entry(key).or_default();
            *sum += size as f64 * count as f64;
            *lists += count as f64;
        }
        groups.into_values().map(|(sum, lists)| (sum / lists, lists)).collect()
    }

    /// The share of entries that a query visits; see [`about::SCANNED`].
    fn share(&self, nprobe: u64, sizes: &[(f64, f64)]) -> Option<f64> {
        let total = self.balance.total as f64;
        if self.is_over {
            return None;
        }
        if nprobe >= self.balance.non_empty {
            return Some(1.0);
        }
        let first = self.balance.squares as f64 / (total * total);
        if nprobe <= 1 {
            return Some(first * nprobe as f64);
        }
        // The time at which so many lists have come up grows from 0 without bound: halve the interval until it is found.
        let drawn = |t: f64| sizes.iter().map(|&(size, lists)| lists * chance(t * size)).sum::<f64>();
        let (mut low, mut high) = (0.0, 1.0 / total);
        while drawn(high) < nprobe as f64 && high < 1e30 {
            high *= 2.0;
        }
        for _ in 0..60 {
            let middle = 0.5 * (low + high);
            if drawn(middle) < nprobe as f64 { low = middle } else { high = middle }
        }
        let visited: f64 = sizes.iter().map(|&(size, lists)| lists * size * chance(high * size)).sum();
        Some((visited / total).clamp(first, 1.0))
    }
}

/// That something which comes up at rate 1 has come up by time `t`.
fn chance(t: f64) -> f64 {
    -libm::expm1(-t)
}

/// Ranks from 1 to `all`, all of them where they are few.
fn spread(all: u64) -> Vec<u64> {
    if all <= POINTS.saturating_mul(2) {
        return (1..=all).collect();
    }
    let even = (0..POINTS).map(|step| {
        let wide = u128::from(all.saturating_sub(1)).saturating_mul(step.into());
        let wide = wide.checked_div((POINTS - 1).into()).unwrap_or(0);
        u64::try_from(wide).unwrap_or(0).saturating_add(1)
    });
    let exponent = libm::log(all as f64) / (POINTS - 1) as f64;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // at least 1, and saturating
    let log = (0..POINTS).map(|step| (libm::exp(exponent * step as f64) as u64).clamp(1, all));
    let mut ranks: Vec<u64> = even.chain(log).collect();
    ranks.sort_unstable();
    ranks.dedup();
    ranks
}

/// `part` of `all`; 0 of nothing.
fn ratio(part: u64, all: u64) -> f64 {
    if all == 0 { 0.0 } else { part as f64 / all as f64 }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)] // of small numbers in a test
mod tests {
    use super::*;
    use crate::bytes::Span;

    fn sizes(all: &[u64]) -> Sizes {
        let mut out = Sizes { nlist: all.len() as u64, ..Sizes::default() };
        for (number, &size) in (0..).zip(all) {
            out.add(&List { number, row: 0, size, codes: Span::default(), ids: Span::default() });
        }
        out
    }

    #[test]
    fn buckets_double_and_have_no_holes() {
        let found: Vec<_> = sizes(&[0, 1, 3, 2, 17, 17, 0]).histogram();
        let found: Vec<_> = found.iter().map(|b| (b.from, b.to, b.count, b.entries)).collect();
        assert_eq!(found, [(0, 0, 2, 0), (1, 1, 1, 1), (2, 3, 2, 5), (4, 7, 0, 0), (8, 15, 0, 0), (16, 31, 2, 34)]);
    }

    #[test]
    fn ranks_go_from_the_largest_to_the_empty() {
        let found = sizes(&[5, 0, 9, 5]).ranks();
        assert_eq!(found.iter().map(|r| (r.rank, r.size)).collect::<Vec<_>>(), [(1, 9), (2, 5), (3, 5), (4, 0)]);
        let many: Vec<u64> = (0..100_000).collect();
        let found = sizes(&many).ranks();
        assert!(found.len() < 260, "{}", found.len());
        assert!(found.iter().all(|r| r.size == 100_000 - r.rank));
        assert_eq!((found[0].rank, found[found.len() - 1].rank), (1, 100_000));
    }

    #[test]
    fn the_largest_are_named_in_order() {
        let many: Vec<u64> = (0..1000).map(|n| n * 7 % 1000).collect();
        let found = sizes(&many).largest;
        assert_eq!(found.len(), MOST_LARGEST);
        assert!((0..).zip(&found).all(|(n, l)| l.entries == 999 - n && l.list * 7 % 1000 == l.entries));
    }

    #[test]
    fn even_lists_are_visited_in_proportion() {
        let even = sizes(&[10; 64]);
        for row in even.scanned() {
            assert!((row.share - row.nprobe as f64 / 64.0).abs() < 1e-9, "{row:?}");
        }
        // Uneven ones sooner: the first probe finds the large list mostly.
        let uneven = sizes(&[900, 50, 50, 0]);
        let shares: Vec<f64> = uneven.scanned().iter().map(|row| row.share).collect();
        assert!((shares[0] - 0.815).abs() < 1e-12, "{shares:?}");
        assert!(shares[0] < shares[1] && shares[1] < shares[2] && shares[2] == 1.0, "{shares:?}");
    }
}
