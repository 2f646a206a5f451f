//! What the ids of an index look like, in a few numbers.
//!
//! A [`Summariser`] takes ids in row order, in pieces of any length, and keeps constant memory; only
//! the count of duplicates among unsorted ids needs more, and that is bounded ([`Seen`]).

use super::duplicates::{DuplicateCount, Seen};
use super::{ExternalId, ids_in};
use alloc::vec::Vec;
use serde::{Deserialize, Serialize};

/// How ids follow each other in row order; the strongest that holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum IdKind {
    /// There are none.
    None,
    /// Each is one more than the one before.
    Sequential,
    /// Each is the same step, positive or negative and not one, from the one before.
    Stride,
    /// None is less than the one before. Equal ones may occur.
    Sorted,
    /// No order that helps.
    Arbitrary,
}

impl IdKind {
    /// All kinds; the position is the number that stands for a kind in a snapshot.
    pub const ALL: [IdKind; 5] = [IdKind::None, IdKind::Sequential, IdKind::Stride, IdKind::Sorted, IdKind::Arbitrary];

    /// The number that stands for it in a snapshot.
    pub const fn number(self) -> u32 {
        match self {
            IdKind::None => 0,
            IdKind::Sequential => 1,
            IdKind::Stride => 2,
            IdKind::Sorted => 3,
            IdKind::Arbitrary => 4,
        }
    }

    /// The kind that a number stands for.
    pub fn from_number(number: u32) -> Option<IdKind> {
        Self::ALL.into_iter().find(|kind| kind.number() == number)
    }

    /// One word, as in reports.
    pub const fn name(self) -> &'static str {
        match self {
            IdKind::None => "none",
            IdKind::Sequential => "sequential",
            IdKind::Stride => "stride",
            IdKind::Sorted => "sorted",
            IdKind::Arbitrary => "arbitrary",
        }
    }
}

/// What the ids of an index look like.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct IdSummary {
    /// How they follow each other.
    pub kind: IdKind,
    /// How many there are: one for each row.
    pub count: u64,
    /// The least; none where there are no ids.
    pub min: Option<ExternalId>,
    /// The greatest.
    pub max: Option<ExternalId>,
    /// The id of row 0.
    pub first: Option<ExternalId>,
    /// The constant step of [`IdKind::Sequential`] (1) and [`IdKind::Stride`].
    pub step: Option<i64>,
    /// Rows whose id an earlier row has too: rows less different ids. `None` where it is not known.
    pub duplicates: Option<u64>,
}

/// A range at the start of no more ids than this is none: holding every id that follows against it costs more
/// than it saves.
const SHORT: u64 = 64;

/// Makes an [`IdSummary`] from ids that come in row order.
#[derive(Debug)]
pub struct Summariser {
    count: u64,
    first: i64,
    last: i64,
    min: i64,
    max: i64,
    ascending: bool,
    /// Ids equal to the one before: all repeats, as long as they ascend.
    equal: u64,
    /// The rows up to `in_step` are `first + row * step`: one range, never put into `seen`. None of a range that was
    /// [`SHORT`].
    step: Option<i64>,
    in_step: u64,
    /// Repeats of an id of that range.
    in_range: u64,
    seen: Seen,
    /// An id cut in two by the end of a piece.
    part: Vec<u8>,
}

impl Summariser {
    /// Nothing yet. `keeps_runs`: whether the host will call [`take_run`](Summariser::take_run).
    pub fn new(keeps_runs: bool) -> Summariser {
        Summariser {
            count: 0,
            first: 0,
            last: 0,
            min: i64::MAX,
            max: i64::MIN,
            ascending: true,
            equal: 0,
            step: None,
            in_step: 0,
            in_range: 0,
            seen: Seen::new(keeps_runs),
            part: Vec::new(),
        }
    }

    /// The next bytes of the ids; a piece may end inside an id.
    pub fn push_bytes(&mut self, mut bytes: &[u8]) {
        if !self.part.is_empty() {
            let (now, later) = bytes.split_at(8_usize.saturating_sub(self.part.len()).min(bytes.len()));
            self.part.extend_from_slice(now);
            bytes = later;
            if self.part.len() < 8 {
                return;
            }
            let part = core::mem::take(&mut self.part);
            ids_in(&part).for_each(|id| self.push(id));
        }
        self.push_all(&ids_in(bytes).collect::<Vec<_>>());
        self.part.extend_from_slice(bytes.as_chunks::<8>().1);
    }

    /// The next ids.
    pub fn push_all(&mut self, mut ids: &[ExternalId]) {
        // A range at the start has to be looked at, id by id. Once there is none, this is the usual case.
        while (self.count < 2 || self.in_step > 0)
            && let Some((&id, rest)) = ids.split_first()
        {
            self.push(id);
            ids = rest;
        }
        self.seen.push_all(ids);
        for &ExternalId(id) in ids {
            self.pass(id);
        }
        self.count = self.count.saturating_add(ids.len() as u64);
    }

    /// What is to be noted of every id but the first.
    fn pass(&mut self, id: i64) {
        self.ascending &= id >= self.last;
        self.equal = self.equal.saturating_add(u64::from(id == self.last));
        self.min = self.min.min(id);
        self.max = self.max.max(id);
        self.last = id;
    }

    /// The next id.
    pub fn push(&mut self, id: ExternalId) {
        let ExternalId(id) = id;
        match self.count {
            0 => (self.first, self.in_step, self.min, self.max, self.last) = (id, 1, id, id, id),
            _ => self.follow(id),
        }
        self.count = self.count.saturating_add(1);
    }

    fn follow(&mut self, id: i64) {
        if self.count == 1 {
            // A step that passes 64 bits counts as none.
            self.step = id.checked_sub(self.last).filter(|&step| step != 0);
        }
        let steady = self.in_step == self.count;
        if steady && self.step.is_some_and(|step| self.last.checked_add(step) == Some(id)) {
            self.in_step = self.in_step.saturating_add(1);
            return self.pass(id);
        }
        if steady && self.in_step <= SHORT {
            self.dissolve();
        }
        if self.in_range(id) {
            self.in_range = self.in_range.saturating_add(1);
        } else {
            self.seen.push(ExternalId(id));
        }
        self.pass(id);
    }

    /// Treat the ids of the range at the start as the others.
    fn dissolve(&mut self) {
        let mut id = self.first;
        for _ in 0..core::mem::take(&mut self.in_step) {
            self.seen.push(ExternalId(id));
            id = id.wrapping_add(self.step.unwrap_or(0));
        }
    }

    /// Whether `id` is one of the range at the start.
    fn in_range(&self, id: i64) -> bool {
        row_in_range(self.first, self.step, self.in_step, id).is_some()
    }

    /// Ids that must leave to make room; see [`Seen::take_run`].
    pub fn take_run(&mut self, last: bool) -> Option<Vec<i64>> {
        self.seen.take_run(last)
    }

    /// Ids among which repeats are still to be counted; see [`Seen::uncounted`].
    pub fn uncounted(&self) -> &[i64] {
        // In ascending ids equal ones are neighbours, and counted.
        if self.ascending { &[] } else { self.seen.uncounted() }
    }

    /// The host counted so many repeats among them.
    pub fn counted(&mut self, repeats: u64) {
        self.seen.counted(repeats);
    }

    /// The summary. `in_runs`: what a [`Merge`](super::Merge) of all runs counted, if there were any.
    pub fn finish(mut self, in_runs: Option<u64>) -> IdSummary {
        if self.ascending {
            self.seen.counted(0);
        }
        let some = self.count > 0;
        let step = match self.count {
            1 => Some(1),
            count if count == self.in_step => self.step,
            _ => None,
        };
        let kind = match step {
            _ if !some => IdKind::None,
            Some(1) => IdKind::Sequential,
            Some(_) => IdKind::Stride,
            None if self.ascending => IdKind::Sorted,
            None => IdKind::Arbitrary,
        };
        let duplicates = match self.seen.count() {
            _ if self.ascending => Some(self.equal),
            DuplicateCount::Exactly(repeats) => Some(repeats.saturating_add(self.in_range)),
            DuplicateCount::AndInRuns(repeats) => {
                in_runs.map(|more| repeats.saturating_add(self.in_range).saturating_add(more))
            }
            DuplicateCount::Unknown => None,
        };
        let id = |id| some.then_some(ExternalId(id));
        IdSummary {
            kind,
            count: self.count,
            min: id(self.min),
            max: id(self.max),
            first: id(self.first),
            step: step.filter(|_| some),
            duplicates,
        }
    }
}

/// The row of `id` among `count` ids from `first` at a constant step. With no step: one id.
pub(super) fn row_in_range(first: i64, step: Option<i64>, count: u64, id: i64) -> Option<u64> {
    let Some(step) = step else { return (id == first && count > 0).then_some(0) };
    if (step > 0 && id < first) || (step < 0 && id > first) {
        return None;
    }
    let (distance, step) = (id.abs_diff(first), step.unsigned_abs());
    // Most ids of a map without order are far outside: that is told without a division.
    if step.checked_mul(count).is_some_and(|reach| distance >= reach) {
        return None;
    }
    let row = distance.checked_div(step)?;
    (distance.checked_rem(step) == Some(0) && row < count).then_some(row)
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
pub(super) mod tests {
    use super::*;
    use alloc::collections::BTreeSet;
    use proptest::prelude::*;

    fn summary(ids: &[i64]) -> IdSummary {
        let mut summariser = Summariser::new(false);
        ids.iter().for_each(|&id| summariser.push(ExternalId(id)));
        summariser.finish(None)
    }

    /// The same facts the slow way.
    fn plain(ids: &[i64]) -> IdSummary {
        let step = match ids {
            [] => None,
            [_] => Some(1),
            [a, b, ..] => b.checked_sub(*a).filter(|step| {
                *step != 0 && ids.windows(2).all(|pair| i128::from(pair[1]) - i128::from(pair[0]) == i128::from(*step))
            }),
        };
        let kind = match step {
            _ if ids.is_empty() => IdKind::None,
            Some(1) => IdKind::Sequential,
            Some(_) => IdKind::Stride,
            None if ids.is_sorted() => IdKind::Sorted,
            None => IdKind::Arbitrary,
        };
        let distinct: BTreeSet<_> = ids.iter().collect();
        IdSummary {
            kind,
            count: ids.len() as u64,
            min: ids.iter().min().map(|&id| ExternalId(id)),
            max: ids.iter().max().map(|&id| ExternalId(id)),
            first: ids.first().map(|&id| ExternalId(id)),
            step,
            duplicates: Some((ids.len() - distinct.len()) as u64),
        }
    }

    #[test]
    fn kinds() {
        let kind = |ids: &[i64]| summary(ids).kind;
        assert_eq!(kind(&[]), IdKind::None);
        assert_eq!(kind(&[-7]), IdKind::Sequential);
        assert_eq!(kind(&[-2, -1, 0, 1]), IdKind::Sequential);
        assert_eq!(kind(&[9, 6, 3]), IdKind::Stride);
        assert_eq!(kind(&[3, 3, 3]), IdKind::Sorted);
        assert_eq!(kind(&[1, 2, 4]), IdKind::Sorted);
        assert_eq!(kind(&[4, 2, 1]), IdKind::Arbitrary);
        // The step does not fit 64 bits.
        assert_eq!(kind(&[i64::MIN, i64::MAX]), IdKind::Sorted);
        assert_eq!(kind(&[i64::MAX, i64::MIN]), IdKind::Arbitrary);
    }

    #[test]
    fn numbers_and_names_are_one_to_one() {
        for kind in IdKind::ALL {
            assert_eq!(IdKind::from_number(kind.number()), Some(kind));
        }
        assert_eq!(IdKind::from_number(5), None);
    }

    fn any_id() -> impl Strategy<Value = i64> {
        prop_oneof![-3..12_i64, any::<i64>(), Just(i64::MIN), Just(i64::MAX)]
    }

    pub(crate) fn any_ids() -> impl Strategy<Value = Vec<i64>> {
        let range = (any::<i64>(), -3..4_i64, 0..40_i64)
            .prop_map(|(first, step, n)| (0..n).map(|i| first.wrapping_add(i * step)).collect::<Vec<_>>());
        let sorted = proptest::collection::vec(any_id(), 0..40).prop_map(|mut ids| {
            ids.sort_unstable();
            ids
        });
        let broken = (range.clone(), proptest::collection::vec(any_id(), 0..9)).prop_map(|(a, b)| [a, b].concat());
        prop_oneof![range, sorted, broken, proptest::collection::vec(any_id(), 0..40)]
    }

    proptest! {
        #[test]
        fn a_summary_says_what_the_ids_are(ids in any_ids()) {
            prop_assert_eq!(summary(&ids), plain(&ids));
        }

        #[test]
        fn pieces_of_any_length_give_the_same(ids in any_ids(), len in 1..30_usize) {
            let bytes: Vec<u8> = ids.iter().flat_map(|id| id.to_le_bytes()).collect();
            let mut summariser = Summariser::new(false);
            bytes.chunks(len).for_each(|piece| summariser.push_bytes(piece));
            prop_assert_eq!(summariser.finish(None), summary(&ids));
        }
    }
}
