//! A map of an index: its vectors, or a sample of them, along their two principal components.
//!
//! The rows are read once and kept as floats. The leading eigenvectors of their covariance are found by subspace iteration
//! with Rayleigh-Ritz steps (Halko, Martinsson and Tropp 2011, arXiv:0909.4061; Saad 2011, Numerical Methods for Large
//! Eigenvalue Problems, section 5.2), which needs no matrix of d x d unless that is small. It starts from fixed random numbers and adds in a
//! fixed order, so a map is the same on every machine. An axis points where its largest weight is positive.
//!
//! [`Mapping`] hands out [`Stage::Going`] after every few million multiplications, so that a host stays answerable.

mod axes;

use super::cost::rows_cost;
use super::norms::{floats, norm_square};
use super::rows::Sampled;
use super::sample::{Coverage, Options, Rows};
use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::files::Files;
use crate::look_up::fidelity;
use crate::outline::Outline;
use crate::report::Level;
use crate::vectors::{Codes, NoVectors, Stored, VectorBatch, find_floats};
use alloc::{string::String, vec::Vec};
use axes::Axes;
use serde::Serialize;

/// Rows of a map at most.
const MOST_ROWS: u64 = 5000;

/// Bytes of floats that are kept.
const MOST_BYTES: u64 = 40 << 20;

/// A map that can be drawn, and what that costs.
#[derive(Debug, Clone)]
pub struct MapPlan<'a> {
    /// What will be looked at: at most [`Options::rows`], 5000 rows, or as many as fit 40 MiB.
    pub coverage: Coverage,
    /// Whether the vectors are exact or decoded.
    pub fidelity: Level,
    /// Bytes that will be asked for at most. A host that checks chunks reads these whole.
    pub bytes_most: u64,
    stored: Stored<'a>,
    rows: Rows,
    files: Files,
    seed: u64,
}

/// How far a long work is, or its end.
#[derive(Debug, Clone, PartialEq)]
pub enum Stage<T> {
    /// Still going; the share that is done, about.
    Going(f64),
    /// Done.
    Done(T),
}

/// The JSON of a map. The arrays have an entry for each point, in the order of rows.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Map {
    /// The file's name as it was given.
    pub file: String,
    /// What was looked at.
    pub coverage: Coverage,
    /// `exact vectors`, or `decoded vectors` where they come from codes or through transforms.
    pub fidelity: Level,
    /// Dimensions of the vectors.
    pub d: u64,
    /// Rows that were looked at and are not on the map: a value is NaN or infinite.
    pub left_out: u64,
    /// Variance of the vectors along all dimensions.
    pub variance: f64,
    /// Variance along the two axes.
    pub explained: [f64; 2],
    /// The same as shares of all variance.
    pub explained_share: [f64; 2],
    /// Iterations that it took.
    pub iterations: u64,
    /// How far the axes are from eigenvectors: the longer of |C v - l v| / l of both; null without variance.
    pub residual: Option<f64>,
    /// Row of each point.
    pub row: Vec<u64>,
    /// Along the first axis, from the mean.
    pub x: Vec<f32>,
    /// Along the second axis, from the mean.
    pub y: Vec<f32>,
    /// L2 norm of the vector.
    pub norm: Vec<f32>,
    /// Number of the inverted list; null outside lists.
    pub list: Option<Vec<u64>>,
}

/// What drawing a map of this index takes.
///
/// # Errors
/// The index has no vectors, or none that decode, or they are bits.
pub fn map_plan<'a>(outline: &'a Outline, files: Files, options: &Options) -> Result<MapPlan<'a>, NoVectors> {
    let stored = find_floats(outline)?;
    let fit = MOST_BYTES.checked_div(stored.row_bytes).unwrap_or(0).max(1);
    let rows = options.draw(stored.rows, options.rows.min(MOST_ROWS).min(fit));
    let (_, bytes_most) = rows_cost(&stored, &rows, files);
    Ok(MapPlan {
        coverage: rows.coverage,
        fidelity: fidelity(&stored),
        bytes_most,
        stored,
        rows,
        files,
        seed: options.seed,
    })
}

/// Draws a map: a reading that is done again and again, until [`Stage::Done`].
pub struct Mapping<'a> {
    stream: Sampled<'a>,
    points: Points,
    lists: bool,
    coverage: Coverage,
    fidelity: Level,
    axes: Option<Axes>,
    file: String,
    seed: u64,
}

/// Rows that are on the map.
#[derive(Debug, Default)]
struct Points {
    d: usize,
    left_out: u64,
    values: Vec<f32>,
    row: Vec<u64>,
    norm: Vec<f32>,
    list: Vec<u64>,
}

impl<'a> MapPlan<'a> {
    /// The reading that draws it; `file` is the name that the map carries.
    pub fn mapping(&self, file: String) -> Mapping<'a> {
        let d = usize::try_from(self.stored.d).unwrap_or(usize::MAX).max(1);
        Mapping {
            stream: Sampled::new(&self.stored, self.files, &self.rows),
            points: Points { d, ..Points::default() },
            lists: matches!(self.stored.codes, Codes::Lists(..)),
            coverage: self.coverage,
            fidelity: self.fidelity,
            axes: None,
            file,
            seed: self.seed,
        }
    }
}

impl Reading for Mapping<'_> {
    type Output = Stage<Map>;

    fn step(&mut self) -> Result<Step<Stage<Map>>, Error> {
        let Some(axes) = &mut self.axes else {
            return Ok(match self.stream.step()? {
                Step::Need(span) => Step::Need(span),
                Step::Done(Some(batch)) => {
                    self.points.take(&batch);
                    let read = self.points.row.len() as f64 / (self.coverage.looked_at as f64).max(1.0);
                    Step::Done(Stage::Going(read.min(1.0) / 2.0))
                }
                Step::Done(None) => {
                    self.axes = Some(Axes::new(&self.points.values, self.points.d, self.seed));
                    Step::Done(Stage::Going(0.5))
                }
            });
        };
        if !axes.step(&self.points.values) {
            return Ok(Step::Done(Stage::Going(0.5 + 0.5 * axes.progress())));
        }
        Ok(Step::Done(Stage::Done(Map {
            file: core::mem::take(&mut self.file),
            fidelity: self.fidelity,
            ..self.points.map(axes, self.coverage, self.lists)
        })))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.stream.bring(at, bytes);
    }
}

impl Points {
    fn take(&mut self, batch: &VectorBatch) {
        for (row, bytes) in (batch.row.0..).zip(batch.floats.chunks_exact(self.d.saturating_mul(4))) {
            let square = norm_square(bytes);
            if !square.is_finite() {
                self.left_out = self.left_out.saturating_add(1);
                continue;
            }
            self.values.extend(floats(bytes));
            self.row.push(row);
            self.norm.push(narrow(libm::sqrt(square)));
            self.list.extend(batch.at.map(|at| at.list));
        }
    }

    fn map(&mut self, axes: &Axes, coverage: Coverage, lists: bool) -> Map {
        let variance = axes.variance;
        let share = axes.explained.map(|along| if variance > 0.0 { along / variance } else { 0.0 });
        let places = axes.places(&self.values);
        Map {
            file: String::new(),
            coverage,
            fidelity: Level::ExactVectors,
            d: self.d as u64,
            left_out: self.left_out,
            variance,
            explained: axes.explained,
            explained_share: share,
            iterations: axes.iterations,
            residual: axes.residual,
            x: places.iter().map(|place| narrow(place[0])).collect(),
            y: places.iter().map(|place| narrow(place[1])).collect(),
            row: core::mem::take(&mut self.row),
            norm: core::mem::take(&mut self.norm),
            list: lists.then(|| core::mem::take(&mut self.list)),
        }
    }
}

/// The nearest `f32`, the largest for what is beyond.
fn narrow(value: f64) -> f32 {
    #[allow(clippy::cast_possible_truncation)] // rounds
    let narrow = value as f32;
    narrow.clamp(f32::MIN, f32::MAX)
}
