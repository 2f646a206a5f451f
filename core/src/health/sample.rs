//! Which rows are looked at: all of them, or a random sample that can be drawn again.
//!
//! A sample is stratified: the rows are cut into equal parts, and of each part one run of neighbouring rows is taken, at
//! a random place. So it spans the whole index, costs as many requests as there are runs, and touches as many chunks.

use crate::random::SplitMix64;
use alloc::vec::Vec;
use core::ops::Range;
use serde::Serialize;

/// How much is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Options {
    /// Rows of a sample at least.
    pub rows: u64,
    /// Of short rows a sample has as many as fit so many bytes.
    pub bytes: u64,
    /// Runs of neighbouring rows that a sample is made of at most.
    pub runs: u64,
    /// Where the random numbers start.
    pub seed: u64,
    /// Up to so many bytes everything is read instead of a sample.
    pub whole: u64,
}

impl Default for Options {
    /// Everything up to 16 MiB, else 4096 rows or 4 MiB in 256 runs, seed 1.
    fn default() -> Options {
        Options { rows: 4096, bytes: 4 << 20, runs: 256, seed: 1, whole: 16 << 20 }
    }
}

/// What of it was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Coverage {
    /// `complete`, `sampled`, or `none` where nothing could be looked at.
    pub tag: Tag,
    /// What is counted: `rows`, `lists` or `nodes`.
    pub unit: &'static str,
    /// How many were looked at.
    pub looked_at: u64,
    /// Of how many.
    pub of: u64,
    /// How a sample was drawn; null without one.
    pub sample: Option<Drawn>,
}

/// How a sample was drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Drawn {
    /// Where the random numbers started.
    pub seed: u64,
    /// Runs of neighbouring rows, one at a random place in each of so many equal parts of the index.
    pub runs: u64,
    /// Rows of a run at most.
    pub run_rows: u64,
}

/// Whether all was looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Tag {
    /// All of it.
    Complete,
    /// A random sample.
    Sampled,
    /// Nothing.
    None,
}

impl Coverage {
    /// All of `of`.
    pub(super) fn complete(unit: &'static str, of: u64) -> Coverage {
        Coverage { tag: Tag::Complete, unit, looked_at: of, of, sample: None }
    }

    /// Nothing of `of`.
    pub(super) fn none(unit: &'static str, of: u64) -> Coverage {
        Coverage { tag: Tag::None, unit, looked_at: 0, of, sample: None }
    }
}

/// Rows to look at, in ascending order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Rows {
    pub(super) ranges: Vec<Range<u64>>,
    pub(super) coverage: Coverage,
}

impl Options {
    /// What somebody asks for: a sample of so many rows, in so many runs, with random numbers from `seed` on, or everything;
    /// the usual, where nothing is said.
    pub fn asked(rows: Option<u64>, runs: Option<u64>, seed: Option<u64>, all: bool) -> Options {
        let usual = Options::default();
        let options = Options { runs: runs.unwrap_or(usual.runs), seed: seed.unwrap_or(usual.seed), ..usual };
        match rows {
            _ if all => Options { whole: u64::MAX, ..options },
            // Who asks for so many rows gets them, no more.
            Some(rows) => Options { rows, bytes: 0, whole: 0, ..options },
            None => options,
        }
    }

    /// The rows to look at of `of` rows of `row_bytes` each.
    pub(super) fn choose(&self, of: u64, row_bytes: u64) -> Rows {
        let rows = self.rows.max(self.bytes.checked_div(row_bytes).unwrap_or(0));
        let is_short = of.checked_mul(row_bytes).is_some_and(|all| all <= self.whole);
        self.draw(of, if is_short { of } else { rows })
    }

    /// About `rows` rows of `of`.
    pub(super) fn draw(&self, of: u64, rows: u64) -> Rows {
        if rows >= of {
            return Rows { ranges: core::iter::once(0..of).collect(), coverage: Coverage::complete("rows", of) };
        }
        let runs = self.runs.clamp(1, rows.max(1));
        let run_rows = rows.checked_div(runs).unwrap_or(1).max(1);
        let mut random = SplitMix64(self.seed);
        let ranges: Vec<Range<u64>> = (0..runs)
            .map(|part| {
                let (first, end) = (border(of, part, runs), border(of, part.saturating_add(1), runs));
                let spare = end.saturating_sub(first).saturating_sub(run_rows);
                let start = first.saturating_add(random.below(spare.saturating_add(1)));
                start..start.saturating_add(run_rows).min(end)
            })
            .collect();
        let looked_at = ranges.iter().map(|run| run.end.saturating_sub(run.start)).sum();
        let sample = Some(Drawn { seed: self.seed, runs, run_rows });
        Rows { ranges, coverage: Coverage { tag: Tag::Sampled, unit: "rows", looked_at, of, sample } }
    }
}

/// Where part `part` of `parts` equal parts of `of` rows starts.
fn border(of: u64, part: u64, parts: u64) -> u64 {
    let wide = u128::from(of).saturating_mul(part.into()).checked_div(parts.into()).unwrap_or(0);
    u64::try_from(wide).unwrap_or(of)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_spans_the_rows_and_is_the_same_again() {
        for (of, rows, runs) in [(1_000_000, 4096, 256), (10, 9, 4), (u64::MAX, 100, 7), (257, 256, 256)] {
            let options = Options { rows, runs, ..Options::default() };
            let found = options.draw(of, rows);
            assert_eq!(found, options.draw(of, rows));
            assert_eq!(found.ranges.len() as u64, runs);
            assert!(found.ranges.windows(2).all(|pair| pair[0].end <= pair[1].start));
            assert!(found.ranges.iter().all(|run| run.start < run.end && run.end <= of));
            assert_eq!(found.coverage.looked_at, rows / runs * runs);
            assert_eq!(found.coverage.tag, Tag::Sampled);
        }
        let other = Options { seed: 2, ..Options::default() };
        assert_ne!(other.draw(1 << 40, 4096), Options::default().draw(1 << 40, 4096));
    }

    #[test]
    fn short_indexes_are_looked_at_whole() {
        let options = Options::default();
        assert_eq!(options.choose(1 << 12, 1 << 12).coverage, Coverage::complete("rows", 1 << 12));
        assert_eq!(options.choose(1 << 13, 1 << 12).coverage.looked_at, 4096);
        // Of short rows there are more than asked for.
        assert_eq!(options.choose(1 << 30, 16).coverage.looked_at, (4 << 20) / 16);
        assert_eq!(options.choose(0, 16).coverage, Coverage::complete("rows", 0));
    }
}
