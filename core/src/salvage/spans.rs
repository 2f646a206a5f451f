//! Damaged bytes, and rows in runs.

use crate::bytes::Span;
use alloc::vec::Vec;
use core::ops::Range;

/// Bytes of a stream whose content cannot be trusted: spans that ascend and do not meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Damaged(Vec<Span>);

impl Damaged {
    /// These spans, in any order.
    pub fn new(spans: impl IntoIterator<Item = Span>) -> Damaged {
        let runs = Runs::new(spans.into_iter().map(|span| span.start..span.end()));
        Damaged(runs.iter().map(|run| Span::between(run.start, run.end)).collect())
    }

    /// The spans.
    pub fn spans(&self) -> &[Span] {
        &self.0
    }

    /// Whether nothing is damaged.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// What is left when the bytes of `good` are known to be right.
    #[must_use]
    pub fn without(&self, good: impl IntoIterator<Item = Span>) -> Damaged {
        let good = Damaged::new(good);
        let mut left = Vec::new();
        for span in &self.0 {
            let mut at = span.start;
            for known in good.within(*span) {
                left.push(Span::between(at, known.start));
                at = known.end();
            }
            left.push(Span::between(at, span.end()));
        }
        Damaged::new(left)
    }

    /// The damaged parts of `span`.
    pub fn within(&self, span: Span) -> impl Iterator<Item = Span> + '_ {
        let first = self.0.partition_point(|damaged| damaged.end() <= span.start);
        let from = self.0.get(first..).unwrap_or_default().iter();
        from.take_while(move |damaged| damaged.start < span.end()).filter_map(move |damaged| damaged.overlap(&span))
    }

    /// Whether a byte of `span` is damaged.
    pub fn touches(&self, span: Span) -> bool {
        self.within(span).next().is_some()
    }

    /// The elements of `width` bytes from the start of `array` on of which a byte is damaged.
    pub(super) fn elements(&self, array: Span, width: u64) -> Runs {
        let width = width.max(1);
        let number = |at: u64| at.saturating_sub(array.start).checked_div(width).unwrap_or(0);
        let last = |part: Span| number(part.end().saturating_sub(1)).saturating_add(1);
        Runs::new(self.within(array).map(|part| number(part.start)..last(part)))
    }
}

/// Numbers of rows in runs that ascend and do not meet.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Runs {
    runs: Vec<Range<u64>>,
    /// Rows of all runs before each.
    before: Vec<u64>,
    count: u64,
}

impl Runs {
    /// These runs, in any order; empty ones are left out.
    pub fn new(runs: impl IntoIterator<Item = Range<u64>>) -> Runs {
        let mut sorted: Vec<Range<u64>> = runs.into_iter().filter(|run| !run.is_empty()).collect();
        sorted.sort_unstable_by_key(|run| run.start);
        let mut out = Runs::default();
        for run in sorted {
            match out.runs.last_mut() {
                Some(last) if last.end >= run.start => last.end = last.end.max(run.end),
                _ => out.runs.push(run),
            }
        }
        for run in &out.runs {
            out.before.push(out.count);
            out.count = out.count.saturating_add(run.end.saturating_sub(run.start));
        }
        out
    }

    /// The runs, in ascending order.
    pub fn iter(&self) -> impl Iterator<Item = Range<u64>> + '_ {
        self.runs.iter().cloned()
    }

    /// Rows in all runs.
    pub fn count(&self) -> u64 {
        self.count
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.runs.is_empty()
    }

    /// These rows and those.
    pub(super) fn and(&self, others: &Runs) -> Runs {
        Runs::new(self.iter().chain(others.iter()))
    }

    /// Of the rows `0..rows`, those that are in no run.
    pub fn others(&self, rows: u64) -> Runs {
        let starts = core::iter::once(0).chain(self.runs.iter().map(|run| run.end));
        let ends = self.runs.iter().map(|run| run.start).chain(core::iter::once(rows));
        Runs::new(starts.zip(ends).map(|(start, end)| start..end.min(rows)))
    }

    /// How many of the rows are smaller than `row`, and whether it is one itself.
    pub fn before(&self, row: u64) -> (u64, bool) {
        let after = self.runs.partition_point(|run| run.start <= row);
        let Some(last) = after.checked_sub(1) else { return (0, false) };
        let (Some(run), Some(before)) = (self.runs.get(last), self.before.get(last)) else { return (0, false) };
        let inside = row.min(run.end).saturating_sub(run.start);
        (before.saturating_add(inside), row < run.end)
    }

    /// `range` cut where runs begin and end, and whether each part is in a run.
    pub(super) fn cut(&self, range: Range<u64>) -> Vec<(Range<u64>, bool)> {
        let mut parts = Vec::new();
        let mut at = range.start;
        let first = self.runs.partition_point(|run| run.end <= range.start);
        for run in self.runs.get(first..).unwrap_or_default() {
            if run.start >= range.end {
                break;
            }
            parts.push((at..run.start.max(at), false));
            at = run.end.min(range.end);
            parts.push((run.start.max(range.start)..at, true));
        }
        parts.push((at..range.end, false));
        parts.retain(|(part, _)| !part.is_empty());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::vec;

    #[test]
    fn runs_meet_and_have_gaps() {
        let runs = Runs::new([7..9, 0..3, 2..5, 9..9]);
        assert_eq!(runs.iter().collect::<Vec<_>>(), [0..5, 7..9]);
        assert_eq!(runs.count(), 7);
        assert_eq!(runs.others(12).iter().collect::<Vec<_>>(), [5..7, 9..12]);
        assert_eq!(runs.others(8).iter().collect::<Vec<_>>(), vec![5..7]);
        assert_eq!(
            [0, 4, 5, 7, 8, 9, 99].map(|row| runs.before(row)),
            [(0, true), (4, true), (5, false), (5, true), (6, true), (7, false), (7, false)]
        );
        assert_eq!(runs.cut(3..8), [(3..5, true), (5..7, false), (7..8, true)]);
        assert_eq!(runs.cut(5..7), [(5..7, false)]);
    }

    #[test]
    fn an_element_is_lost_with_one_byte() {
        let damaged = Damaged::new([Span::new(103, 1), Span::new(108, 8), Span::new(90, 10)]);
        let rows = damaged.elements(Span::new(100, 40), 4);
        assert_eq!(rows.iter().collect::<Vec<_>>(), [0..1, 2..4]);
        assert!(damaged.touches(Span::new(99, 1)) && !damaged.touches(Span::new(100, 3)));
        let left = damaged.without([Span::new(95, 9), Span::new(110, 2)]);
        assert_eq!(left.spans(), [Span::new(90, 5), Span::new(108, 2), Span::new(112, 4)]);
    }
}
