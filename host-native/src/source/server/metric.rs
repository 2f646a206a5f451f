//! The metric of an index, by its distances, where the server does not say it or says it of several.

use super::ServerSource;
use crate::{Cause, remote::Answers};
use faissil_core::plan::Stores;

/// FAISS's number of `METRIC_L2`.
pub(super) const L2: i32 = 1;

/// Pairs of vectors whose distance is looked at.
const PAIRS: usize = 4;

/// FAISS's metrics that a flat index is told by, with its numbers and their names in a sentence.
const METRICS: [(i32, &str); 4] = [(L2, "L2"), (0, "inner product"), (2, "L1"), (3, "Linf")];

/// The metric by which the answers to these rows, as queries, came about. Where they do not tell it is what the server said, or L2, with a warning.
pub(super) fn measured(
    source: &mut ServerSource,
    sample: &[u64],
    queries: &[u8],
    answers: &[Answers],
    told: Option<i32>,
) -> Result<i32, Cause> {
    let (d, rows) = (source.facts.d, source.place.base.rows.cast_signed());
    let is_exact = source.facts.stores == Stores::Floats;
    let (mut off, mut slack, mut pairs) = ([0.0; METRICS.len()], 0.0, 0);
    for ((row, query), answer) in sample.iter().zip(queries.chunks_exact(d as usize * 4)).zip(answers).take(PAIRS) {
        let found = answer.labels.iter().zip(&answer.distances).filter(|(label, _)| (0..rows).contains(*label));
        // The farthest, since a vector is no way from itself by more than one metric.
        let Some((label, distance)) = found.rev().min_by_key(|(label, _)| **label == row.cast_signed()) else {
            continue;
        };
        let other = source.one_row(label.cast_unsigned())?;
        for (off, (metric, _)) in off.iter_mut().zip(METRICS) {
            *off += (distance - between(metric, query, &other)).abs();
        }
        // FAISS takes squared distances from products, whose last digits are lost.
        slack += 1e-3 * distance.abs() + 2e-6 * (between(0, query, query) + between(0, &other, &other));
        pairs += 1;
    }
    // Codes have other distances than what they decode to, but by two metrics only.
    let known = if is_exact { METRICS.len() } else { 2 };
    let least = off[0].min(off[1]);
    let near = |off: f64| off <= if is_exact { slack } else { least * 1.001 };
    let found: Vec<i32> =
        METRICS[..known].iter().zip(off).filter(|(_, off)| near(*off)).map(|(each, _)| each.0).collect();
    let is_told = pairs > 0 && slack.is_finite();
    match found.as_slice() {
        [L2, 0, ..] => {}
        // By what else it is near the answers are the same, or there is one vector.
        [metric, ..] if is_told => return Ok(*metric),
        _ => {}
    }
    let noted = told.filter(|_| !found.is_empty()).unwrap_or(L2);
    let name = METRICS.iter().find(|(metric, _)| *metric == noted).map_or("L2", |(_, name)| name);
    source.warnings.push(if found.is_empty() && is_told {
        format!(
            "its metric is none of those that are looked for (L2, inner product, L1, Linf): {name} is noted, and searches in the snapshot find other \
             neighbours"
        )
    } else {
        format!("the server does not say the metric, and its answers do not tell: {name} is noted")
    });
    Ok(noted)
}

/// The distance of two vectors by a metric of the table (`faiss/MetricType.h`, FAISS 1.15.1).
fn between(metric: i32, a: &[u8], b: &[u8]) -> f64 {
    let pairs = floats(a).zip(floats(b));
    match metric {
        0 => pairs.map(|(a, b)| a * b).sum(),
        2 => pairs.map(|(a, b)| (a - b).abs()).sum(),
        3 => pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f64::max),
        _ => pairs.map(|(a, b)| (a - b) * (a - b)).sum(),
    }
}

fn floats(bytes: &[u8]) -> impl Iterator<Item = f64> + '_ {
    bytes.as_chunks::<4>().0.iter().map(|float| f32::from_le_bytes(*float).into())
}
