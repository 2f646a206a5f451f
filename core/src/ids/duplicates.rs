//! How many ids occurred before, counted exactly within a bounded memory.
//!
//! [`Seen`] takes ids in any order. It keeps a list of up to a million; when that is full, a bitmap,
//! which holds the usual case, a shuffle of 67 million neighbouring numbers, in the same 8 MiB. What
//! does not fit even so can leave as sorted runs, which a host merges and counts with [`Merge`];
//! a host that keeps no runs is told that the number is not known.

use super::{ExternalId, repeats::repeats};
use alloc::{boxed::Box, vec::Vec};

/// Ids kept as a list: 8 MiB.
const LIST: usize = 1 << 20;
/// Ids that may come between two calls of [`Seen::take_run`].
const BATCH: usize = 1 << 17;
/// Bits of one page of the bitmap: 4 KiB.
const PAGE_BITS: i64 = 1 << 15;
/// Pages of the bitmap: 8 MiB, so 67 million neighbouring ids.
const PAGES: usize = 1 << 11;

/// Ids that repeat others: a known number, or more than was counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DuplicateCount {
    /// So many.
    Exactly(u64),
    /// Not known: the ids needed more memory than there is for them.
    Unknown,
    /// So many, and those that a [`Merge`] over all runs finds.
    AndInRuns(u64),
}

/// The ids that occurred, as a set.
#[derive(Debug)]
pub struct Seen {
    held: Held,
    repeats: u64,
    keeps_runs: bool,
    ran_over: bool,
}

#[derive(Debug)]
enum Held {
    List(Vec<i64>),
    Bits(Bitmap),
    /// A list, and the pages of a bitmap that is on its way out.
    Leaving(Vec<i64>, Bitmap),
    Lost,
}

type Page = [u64; 512];

impl Seen {
    /// Nothing yet. `keeps_runs`: whether the host will call [`take_run`](Seen::take_run).
    pub fn new(keeps_runs: bool) -> Seen {
        Seen { held: Held::List(Vec::new()), repeats: 0, keeps_runs, ran_over: false }
    }

    /// Count `id` in.
    pub fn push(&mut self, id: ExternalId) {
        let ExternalId(id) = id;
        match &mut self.held {
            Held::List(list) if list.len() < LIST => list.push(id),
            Held::Leaving(list, _) if list.len() < LIST + BATCH => list.push(id),
            Held::List(_) => {
                self.settle();
                self.push(ExternalId(id));
            }
            Held::Bits(bits) => match bits.page(page_of(id)) {
                Some(page) => self.repeats = self.repeats.saturating_add(u64::from(!mark(page, id))),
                None => {
                    let bits = core::mem::take(bits);
                    self.run_over(Vec::new(), bits);
                    self.push(ExternalId(id));
                }
            },
            // The host did not take the runs that were ready.
            Held::Leaving(..) => self.held = Held::Lost,
            Held::Lost => {}
        }
    }

    /// Count all of `ids` in.
    pub fn push_all(&mut self, mut ids: &[ExternalId]) {
        if let Held::List(list) = &mut self.held {
            let room = LIST.saturating_sub(list.len()).min(ids.len());
            let (now, later) = ids.split_at(room);
            list.extend(now.iter().map(|id| id.0));
            ids = later;
        }
        while let Some((&id, rest)) = ids.split_first() {
            ids = match self.push_in_page(ids) {
                Some(left) => left,
                None => {
                    self.push(id);
                    rest
                }
            };
        }
    }

    /// Count in the first of `ids`, and those that follow it in the same page, as many do; the rest. `None` where there is
    /// no page for it.
    fn push_in_page<'a>(&mut self, ids: &'a [ExternalId]) -> Option<&'a [ExternalId]> {
        let Held::Bits(bits) = &mut self.held else { return None };
        let number = page_of(ids.first()?.0);
        let page = bits.page(number)?;
        let same = |id: &&ExternalId| page_of(id.0) == number;
        let (now, later) = ids.split_at(ids.iter().take_while(same).count());
        for id in now {
            self.repeats = self.repeats.saturating_add(u64::from(!mark(page, id.0)));
        }
        Some(later)
    }

    /// A full list: drop repeats, and go over to the bitmap where it is the smaller.
    fn settle(&mut self) {
        let Held::List(list) = &mut self.held else { return };
        let mut list = core::mem::take(list);
        self.repeats = self.repeats.saturating_add(sort_and_drop(&mut list));
        if list.len() <= LIST / 2 {
            self.held = Held::List(list);
            return;
        }
        let mut bits = Bitmap::default();
        if list.iter().all(|&id| bits.page(page_of(id)).map(|page| mark(page, id)).is_some()) {
            self.held = Held::Bits(bits);
        } else {
            self.run_over(list, Bitmap::default());
        }
    }

    fn run_over(&mut self, list: Vec<i64>, mut bits: Bitmap) {
        self.ran_over = true;
        // The last leaves first.
        bits.pages.reverse();
        self.held = if self.keeps_runs { Held::Leaving(list, bits) } else { Held::Lost };
    }

    /// Ids that must leave to make room: ascending, without repeats, at most 2^20 and a batch. A host
    /// that keeps runs calls this after every batch of at most 2^17 ids until nothing comes, and once
    /// more, with `last`, at the end.
    pub fn take_run(&mut self, last: bool) -> Option<Vec<i64>> {
        let Held::Leaving(list, Bitmap { pages, .. }) = &mut self.held else { return None };
        if !pages.is_empty() {
            let mut run = Vec::new();
            while run.len() < LIST
                && let Some((number, page)) = pages.pop()
            {
                run.extend(members(number, &page));
            }
            return Some(run);
        }
        if list.is_empty() || !(last || list.len() > LIST / 2) {
            return None;
        }
        let mut run = core::mem::take(list);
        self.repeats = self.repeats.saturating_add(sort_and_drop(&mut run));
        Some(run)
    }

    /// Ids among which repeats are still to be counted, at most 2^20; [`count`](Seen::count) does it where the host
    /// does not.
    pub fn uncounted(&self) -> &[i64] {
        match &self.held {
            Held::List(list) => list,
            _ => &[],
        }
    }

    /// The host counted so many [`repeats`] in [`uncounted`](Seen::uncounted).
    pub fn counted(&mut self, repeats: u64) {
        if let Held::List(list) = &mut self.held {
            list.clear();
            self.repeats = self.repeats.saturating_add(repeats);
        }
    }

    /// How many of the ids occurred before.
    pub fn count(&mut self) -> DuplicateCount {
        let more = repeats(self.uncounted(), 0, 0);
        self.counted(more);
        match self.held {
            Held::Lost => DuplicateCount::Unknown,
            _ if self.ran_over => DuplicateCount::AndInRuns(self.repeats),
            _ => DuplicateCount::Exactly(self.repeats),
        }
    }
}

/// Counts ids that repeat in the merge of sorted runs.
#[derive(Debug, Clone, Copy, Default)]
pub struct Merge {
    last: Option<i64>,
    repeats: u64,
}

impl Merge {
    /// The next id of all runs, in ascending order.
    pub fn push(&mut self, id: ExternalId) {
        self.repeats = self.repeats.saturating_add(u64::from(self.last == Some(id.0)));
        self.last = Some(id.0);
    }

    /// Ids that were equal to the one before.
    pub fn repeats(&self) -> u64 {
        self.repeats
    }
}

/// Sort, keep one of each, and say how many went.
fn sort_and_drop(list: &mut Vec<i64>) -> u64 {
    let before = list.len();
    list.sort_unstable();
    list.dedup();
    before.saturating_sub(list.len()) as u64
}

/// A set of neighbouring ids.
#[derive(Debug, Default)]
struct Bitmap {
    /// By number, ascending.
    pages: Vec<(i64, Box<Page>)>,
    /// The place of the page that was used last. Ids ascend more often than not, so the next page is near it.
    last: usize,
}

impl Bitmap {
    /// The page of this number; `None` where no page is left for it.
    fn page(&mut self, number: i64) -> Option<&mut Page> {
        let is_it = |place: usize| self.pages.get(place).is_some_and(|(found, _)| *found == number);
        let next = self.last.saturating_add(1);
        self.last = if is_it(self.last) {
            self.last
        } else if is_it(next) {
            next
        } else {
            match self.pages.binary_search_by_key(&number, |(found, _)| *found) {
                Ok(place) => place,
                Err(_) if self.pages.len() >= PAGES => return None,
                Err(place) => {
                    self.pages.insert(place, (number, Box::new([0; 512])));
                    place
                }
            }
        };
        self.pages.get_mut(self.last).map(|(_, page)| &mut **page)
    }
}

/// The number of the page of `id`.
fn page_of(id: i64) -> i64 {
    id.div_euclid(PAGE_BITS)
}

/// Set the bit of `id`, which belongs into this page; whether it was new.
fn mark(page: &mut Page, id: i64) -> bool {
    let bit = id.rem_euclid(PAGE_BITS);
    let Some(word) = usize::try_from(bit / 64).ok().and_then(|place| page.get_mut(place)) else { return false };
    let mask = 1_u64 << (bit % 64);
    let new = *word & mask == 0;
    *word |= mask;
    new
}

/// The ids of a page, ascending.
fn members(number: i64, page: &Page) -> impl Iterator<Item = i64> + '_ {
    let first = number.saturating_mul(PAGE_BITS);
    page.iter().zip(0_i64..).flat_map(move |(&word, w)| {
        (0..64_i64)
            .filter(move |bit| word >> bit & 1 == 1)
            .map(move |bit| first.saturating_add(w.saturating_mul(64)).saturating_add(bit))
    })
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;

    fn all(seen: &mut Seen, ids: impl Iterator<Item = i64>) -> Vec<Vec<i64>> {
        let mut runs = Vec::new();
        for (n, id) in ids.enumerate() {
            seen.push(ExternalId(id));
            if n % 100_000 == 0 {
                while let Some(run) = seen.take_run(false) {
                    runs.push(run);
                }
            }
        }
        while let Some(run) = seen.take_run(true) {
            runs.push(run);
        }
        runs
    }

    #[test]
    fn few_ids_are_counted_in_a_list() {
        let mut seen = Seen::new(false);
        all(&mut seen, [5, i64::MIN, -1, 5, i64::MAX, -1, 5].into_iter());
        assert_eq!(seen.count(), DuplicateCount::Exactly(3));
    }

    #[test]
    fn many_neighbouring_ids_fit_a_bitmap() {
        let n = 1_100_000;
        let mut seen = Seen::new(false);
        // A shuffle of 0..n less 400: 7 shares no factor with n. Then some once more.
        all(&mut seen, (0..n).map(|i| i * 7 % n - 400).chain(-400..-300).chain([n - 401, n]));
        assert_eq!(seen.count(), DuplicateCount::Exactly(101));
    }

    #[test]
    fn scattered_ids_leave_in_runs_or_are_not_known() {
        let scattered = |i: i64| (i % 1_090_000).wrapping_mul(0x5851_F42D_4C95_7F2D);
        let n = 1_200_000;
        let mut seen = Seen::new(false);
        all(&mut seen, (0..n).map(scattered));
        assert_eq!(seen.count(), DuplicateCount::Unknown);

        let mut seen = Seen::new(true);
        let mut runs = all(&mut seen, (0..n).map(scattered));
        assert!(runs.len() > 1 && runs.iter().all(|run| run.is_sorted()));
        let counted = seen.count();
        assert!(matches!(counted, DuplicateCount::AndInRuns(_)), "{counted:?}");
        let DuplicateCount::AndInRuns(within) = counted else { return };
        let mut merged: Vec<i64> = runs.drain(..).flatten().collect();
        merged.sort_unstable();
        let mut merge = Merge::default();
        merged.iter().for_each(|&id| merge.push(ExternalId(id)));
        assert_eq!(within + merge.repeats(), 110_000);
    }
}
