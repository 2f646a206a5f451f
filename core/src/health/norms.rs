//! Vectors, stored or decoded: norms, and values that no vector should have.

use super::about::{self, Measure, State, judged};
use super::detail::{Detail, NormBucket, Norms, OddRow, Quantile, VectorsDetail};
use super::rows::Counter;
use super::section::Found;
use crate::report::{Json, Level, grouped};
use crate::vectors::VectorBatch;
use alloc::{collections::BTreeMap, format, string::String, vec::Vec};

/// Rows that are named.
const MOST_ODD: usize = 100;

/// Classes of the histogram.
const CLASSES: u64 = 40;

/// Spread of norms above which an inner product is no cosine; see [`about::NORM_SPREAD`].
const SPREAD: f64 = 0.01;

/// Shares for which the norm is given.
const SHARES: [f64; 7] = [0.01, 0.05, 0.25, 0.5, 0.75, 0.95, 0.99];

/// Counts over vectors. Norms are kept as counts of cells a thousandth wide, so any number of rows takes a few megabytes.
pub(super) struct VectorCounter {
    d: usize,
    metric_name: Option<String>,
    fidelity: Level,
    rows: u64,
    nan: u64,
    infinite: u64,
    zero: u64,
    unit: u64,
    sum: f64,
    squares: f64,
    /// The first norm: sums are of what norms differ from it, which keeps digits when all are nearly the same.
    origin: f64,
    min: f64,
    max: f64,
    cells: BTreeMap<u32, u64>,
    odd_rows: Vec<OddRow>,
}

impl VectorCounter {
    pub(super) fn new(d: u64, metric_name: Option<String>, fidelity: Level) -> VectorCounter {
        VectorCounter {
            d: usize::try_from(d).unwrap_or(usize::MAX).max(1),
            metric_name,
            fidelity,
            rows: 0,
            nan: 0,
            infinite: 0,
            zero: 0,
            unit: 0,
            sum: 0.0,
            squares: 0.0,
            origin: 0.0,
            min: f64::INFINITY,
            max: 0.0,
            cells: BTreeMap::new(),
            odd_rows: Vec::new(),
        }
    }

    fn vector(&mut self, row: u64, floats: &[u8]) {
        self.rows = self.rows.saturating_add(1);
        let square = norm_square(floats);
        let (count, what) = match square {
            square if square.is_nan() => (&mut self.nan, "nan"),
            square if square.is_infinite() => (&mut self.infinite, "infinite"),
            0.0 => (&mut self.zero, "zero"),
            _ => return self.norm(libm::sqrt(square)),
        };
        *count = count.saturating_add(1);
        if self.odd_rows.len() < MOST_ODD {
            self.odd_rows.push(OddRow { row, what });
        }
        if what == "zero" {
            self.norm(0.0);
        }
    }

    fn norm(&mut self, norm: f64) {
        self.unit = self.unit.saturating_add(u64::from((norm - 1.0).abs() <= 0.001));
        if self.cells.is_empty() {
            self.origin = norm;
        }
        self.sum += norm - self.origin;
        self.squares += (norm - self.origin) * (norm - self.origin);
        self.min = self.min.min(norm);
        self.max = self.max.max(norm);
        let count = self.cells.entry(cell(norm)).or_default();
        *count = count.saturating_add(1);
    }

    fn norms(&self) -> Option<Norms> {
        let count: u64 = self.cells.values().sum();
        if count == 0 {
            return None;
        }
        let n = count as f64;
        let shift = self.sum / n;
        let variance = (self.squares / n - shift * shift).max(0.0);
        let quantiles = SHARES.iter().map(|&q| Quantile { q, norm: self.quantile(q, count) }).collect();
        let mean = (self.origin + shift).clamp(self.min, self.max);
        Some(Norms { min: self.min, max: self.max, mean, std: libm::sqrt(variance), quantiles })
    }

    /// The norm of the first vector, in order of norms, that has at least this share of all at or below it.
    fn quantile(&self, share: f64, count: u64) -> f64 {
        let mut below = 0_u64;
        for (&cell, &here) in &self.cells {
            below = below.saturating_add(here);
            if below as f64 >= share * count as f64 {
                return middle(cell).clamp(self.min, self.max);
            }
        }
        self.max
    }

    fn histogram(&self) -> Vec<NormBucket> {
        if self.cells.is_empty() {
            return Vec::new();
        }
        // Norms that are all but the same are one class: narrower ones than a cell would show cells, not norms.
        let classes = if self.max - self.min < self.max / 25.0 { 1 } else { CLASSES };
        let width = (self.max - self.min) / classes as f64;
        let border = |class: u64| if class == classes { self.max } else { self.min + width * class as f64 };
        let bucket = |class: u64| NormBucket { from: border(class), to: border(class.saturating_add(1)), count: 0 };
        let mut out: Vec<NormBucket> = (0..classes).map(bucket).collect();
        for (&cell, &count) in &self.cells {
            let norm = middle(cell).clamp(self.min, self.max);
            let class = out.partition_point(|bucket| bucket.from <= norm).saturating_sub(1);
            if let Some(bucket) = out.get_mut(class) {
                bucket.count = bucket.count.saturating_add(count);
            }
        }
        out
    }

    fn measures(&self, norms: Option<&Norms>) -> Vec<Measure> {
        let odd = self.nan.saturating_add(self.infinite);
        let says = format!(
            "{} of {} vectors have a NaN, {} an infinite value",
            grouped(self.nan),
            grouped(self.rows),
            grouped(self.infinite)
        );
        let mut out = Vec::from([about::NOT_FINITE.is(Json::Uint(odd), judged(odd > 0), says)]);
        let says = format!("{} of {} vectors are zero", grouped(self.zero), grouped(self.rows));
        out.push(about::ZERO_VECTORS.is(Json::Uint(self.zero), judged(self.zero > 0), says));
        let Some(norms) = norms.filter(|norms| norms.mean > 0.0) else {
            out.push(about::NORM_SPREAD.unknown("no vector has a norm to speak of".into()));
            return out;
        };
        let spread = norms.std / norms.mean;
        let says = format!(
            "norms from {:.4} to {:.4}, mean {:.4}, standard deviation {:.4}",
            norms.min, norms.max, norms.mean, norms.std
        );
        let is_inner = self.metric_name.as_deref() == Some("INNER_PRODUCT");
        // Codes lose a little of each length, which says nothing of the vectors that were added.
        let is_exact = self.fidelity == Level::ExactVectors;
        let state = if is_inner && is_exact { judged(spread > SPREAD) } else { State::Figure };
        out.push(about::NORM_SPREAD.is(Json::Float(spread), state, says));
        out
    }
}

impl Counter for VectorCounter {
    fn count(&mut self, batch: &VectorBatch) {
        for (row, floats) in (batch.row.0..).zip(batch.floats.chunks_exact(self.d.saturating_mul(4))) {
            self.vector(row, floats);
        }
    }

    fn found(&mut self) -> Found {
        let norm = self.norms();
        let measures = self.measures(norm.as_ref());
        let detail = VectorsDetail {
            fidelity: self.fidelity,
            d: self.d as u64,
            metric_name: self.metric_name.take(),
            nan: self.nan,
            infinite: self.infinite,
            zero: self.zero,
            unit: self.unit,
            norm,
            histogram: self.histogram(),
            odd_rows: core::mem::take(&mut self.odd_rows),
        };
        Found { measures, detail: Detail::Vectors(detail) }
    }
}

/// The floats of a row.
pub(super) fn floats(bytes: &[u8]) -> impl Iterator<Item = f32> {
    bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four))
}

/// The sum of squares, which is NaN or infinite where a value is, and else neither: squares of f32 fit f64.
///
/// Four sums side by side, always in the same order: the same on every machine.
pub(super) fn norm_square(bytes: &[u8]) -> f64 {
    let (fours, rest) = bytes.as_chunks::<16>();
    let mut sums = [0.0_f64; 4];
    for four in fours {
        for (sum, value) in sums.iter_mut().zip(floats(four)) {
            *sum += f64::from(value) * f64::from(value);
        }
    }
    for (sum, value) in sums.iter_mut().zip(floats(rest)) {
        *sum += f64::from(value) * f64::from(value);
    }
    let [a, b, c, d] = sums;
    (a + b) + (c + d)
}

/// Bits of a norm's mantissa that a cell leaves out: 10 of 23 stay.
const LEFT_OUT: u32 = 13;

/// The cell of a norm that is not negative.
fn cell(norm: f64) -> u32 {
    #[allow(clippy::cast_possible_truncation)] // rounds, and what is too large becomes the largest
    let narrow = (norm as f32).min(f32::MAX);
    narrow.to_bits() >> LEFT_OUT
}

/// The norm in the middle of a cell.
fn middle(cell: u32) -> f64 {
    let bits = cell.unbounded_shl(LEFT_OUT);
    let half = 1_u32.unbounded_shl(LEFT_OUT.saturating_sub(1));
    f32::from_bits(if bits == 0 { 0 } else { bits | half }).into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::Row;

    fn counted(rows: &[&[f32]]) -> VectorsDetail {
        let mut counter = VectorCounter::new(rows[0].len() as u64, None, Level::ExactVectors);
        for (row, values) in (7..).zip(rows) {
            let floats = values.iter().flat_map(|value| value.to_le_bytes()).collect();
            counter.count(&VectorBatch { row: Row(row), floats, ids: Vec::new(), at: None });
        }
        let Detail::Vectors(detail) = counter.found().detail else { unreachable!("vectors are counted") };
        detail
    }

    #[test]
    fn odd_vectors_are_told_apart_and_named() {
        let found = counted(&[
            &[3.0, 4.0, 0.0],
            &[0.0, -0.0, 0.0],
            &[f32::NAN, f32::INFINITY, 1.0],
            &[1.0, f32::NEG_INFINITY, 0.0],
            &[f32::MAX, f32::MAX, f32::MAX],
            &[0.0, 1.0, 0.0],
        ]);
        assert_eq!((found.nan, found.infinite, found.zero, found.unit), (1, 1, 1, 1));
        let named: Vec<_> = found.odd_rows.iter().map(|odd| (odd.row, odd.what)).collect();
        assert_eq!(named, [(8, "zero"), (9, "nan"), (10, "infinite")]);
        let norm = found.norm.unwrap();
        assert_eq!(norm.min, 0.0);
        assert!((norm.max / (f64::from(f32::MAX) * 3.0_f64.sqrt()) - 1.0).abs() < 1e-12);
        assert_eq!(found.histogram.iter().map(|bucket| bucket.count).sum::<u64>(), 4);
    }

    #[test]
    fn a_cell_is_a_thousandth_wide() {
        for norm in [1e-30, 0.1, 1.0, 1.0004, 77.7, 3e38] {
            assert!((middle(cell(norm)) / norm - 1.0).abs() < 1.0 / 1024.0, "{norm}");
        }
        assert_eq!(middle(cell(0.0)), 0.0);
    }
}
