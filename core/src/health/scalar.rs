//! Codes of a scalar quantizer: how much lies at the ends of the range.

use super::about::{self, Measure, State, judged};
use super::codes::number_at;
use super::detail::{Detail, Dimension, ScalarDetail};
use super::rows::Counter;
use super::section::Found;
use crate::report::{Json, grouped};
use crate::vectors::VectorBatch;
use alloc::{format, string::String, vec, vec::Vec};

/// Share of codes at the upper end that is too much; see [`about::CLIPPED`].
const CLIPPED: f64 = 0.01;

/// Rows from which on a dimension without variation is held against the index.
const ROWS_TO_JUDGE: u64 = 100;

/// Rows from which on codes at the upper end are: of fewer, the one of the largest value is a large share.
const ROWS_TO_JUDGE_ENDS: u64 = 1000;

/// Dimensions that are named.
const MOST_WORST: usize = 20;

/// Where the classes of shares end.
const CLASSES: [f64; 5] = [0.0, 0.001, 0.01, 0.1, 1.0];

/// Bits of a dimension in the codes of this `sq.qtype_name`, where the range is cut evenly: the others are tables,
/// floats, or the values themselves.
pub(super) fn bits_of(qtype: &str) -> Option<u32> {
    match qtype {
        "QT_8bit" | "QT_8bit_uniform" => Some(8),
        "QT_6bit" => Some(6),
        "QT_4bit" | "QT_4bit_uniform" => Some(4),
        _ => None,
    }
}

/// Counts codes at the ends of the range, for each dimension.
pub(super) struct ScalarCounter {
    qtype: String,
    bits: u32,
    code_size: usize,
    rows: u64,
    dimensions: Vec<Ends>,
}

#[derive(Debug, Clone, Copy, Default)]
struct Ends {
    low: u64,
    high: u64,
    first: usize,
    varies: bool,
}

impl ScalarCounter {
    pub(super) fn new(qtype: &str, bits: u32, d: usize, code_size: usize) -> ScalarCounter {
        ScalarCounter { qtype: qtype.into(), bits, code_size, rows: 0, dimensions: vec![Ends::default(); d] }
    }

    fn code(&mut self, code: &[u8]) {
        let last = 1_usize.unbounded_shl(self.bits).saturating_sub(1);
        let step = usize::try_from(self.bits).unwrap_or(8);
        let mut at = 0_usize;
        for ends in &mut self.dimensions {
            let number = if self.bits == 8 {
                code.get(at / 8).copied().unwrap_or(0).into()
            } else {
                number_at(code, at, self.bits)
            };
            ends.low = ends.low.saturating_add(u64::from(number == 0));
            ends.high = ends.high.saturating_add(u64::from(number == last));
            if self.rows == 0 {
                ends.first = number;
            }
            ends.varies |= number != ends.first;
            at = at.saturating_add(step);
        }
        self.rows = self.rows.saturating_add(1);
    }

    fn shares(&self) -> impl Iterator<Item = (Dimension, bool)> + '_ {
        let share = |count: u64| if self.rows == 0 { 0.0 } else { count as f64 / self.rows as f64 };
        (0..).zip(&self.dimensions).map(move |(dimension, ends)| {
            (Dimension { dimension, low: share(ends.low), high: share(ends.high) }, ends.varies)
        })
    }

    fn measures(&self, constant: u64) -> Vec<Measure> {
        if self.rows == 0 || self.dimensions.is_empty() {
            let why = "there are no codes";
            return Vec::from([about::CLIPPED.unknown(why.into()), about::CONSTANT.unknown(why.into())]);
        }
        let varying = self.shares().filter(|(_, varies)| *varies).map(|(dimension, _)| dimension);
        let worst = varying.max_by(|a, b| a.high.total_cmp(&b.high).then(b.dimension.cmp(&a.dimension)));
        let clipped = match worst {
            Some(worst) => {
                let says = format!(
                    "dimension {} has {:.2} % of its codes at the upper end, {:.2} % at the lower",
                    worst.dimension,
                    worst.high * 100.0,
                    worst.low * 100.0
                );
                let is_enough = self.rows >= ROWS_TO_JUDGE_ENDS;
                let state = if is_enough { judged(worst.high > CLIPPED) } else { State::Figure };
                about::CLIPPED.is(Json::Float(worst.high), state, says)
            }
            None => about::CLIPPED.unknown("no dimension varies in what was read".into()),
        };
        let says = format!("{} of {} dimensions do not vary", grouped(constant), grouped(self.dimensions.len() as u64));
        let state = if self.rows < ROWS_TO_JUDGE { State::Figure } else { judged(constant > 0) };
        Vec::from([clipped, about::CONSTANT.is(Json::Uint(constant), state, says)])
    }
}

impl Counter for ScalarCounter {
    fn count(&mut self, batch: &VectorBatch) {
        batch.floats.chunks_exact(self.code_size.max(1)).for_each(|code| self.code(code));
    }

    fn found(&mut self) -> Found {
        let constant = self.dimensions.iter().filter(|ends| !ends.varies).count() as u64;
        let d = self.dimensions.len() as u64;
        let all = (self.rows as f64 * d as f64).max(1.0);
        let total = |ends: fn(&Ends) -> u64| self.dimensions.iter().map(ends).sum::<u64>() as f64 / all;
        let mut low_histogram = vec![0; CLASSES.len()];
        let mut high_histogram = low_histogram.clone();
        for (dimension, _) in self.shares() {
            for (histogram, share) in [(&mut low_histogram, dimension.low), (&mut high_histogram, dimension.high)] {
                if let Some(count) = histogram.get_mut(CLASSES.partition_point(|&end| end < share)) {
                    *count = u64::saturating_add(*count, 1);
                }
            }
        }
        let mut worst: Vec<Dimension> = self.shares().map(|(dimension, _)| dimension).collect();
        let ends = |dimension: &Dimension| dimension.low + dimension.high;
        worst.sort_by(|a, b| ends(b).total_cmp(&ends(a)).then(a.dimension.cmp(&b.dimension)));
        worst.truncate(MOST_WORST);
        let measures = self.measures(constant);
        let (low, high) = (total(|ends| ends.low), total(|ends| ends.high));
        let qtype = core::mem::take(&mut self.qtype);
        let detail =
            ScalarDetail { qtype, bits: self.bits, d, low, high, constant, high_histogram, low_histogram, worst };
        Found { measures, detail: Detail::Scalar(detail) }
    }
}
