//! A random rotation from its seed: what FAISS makes by `float_randn` and `matrix_qr` (`utils/random.cpp`,
//! `utils/utils.cpp`, 1.15.0).
//!
//! The numbers are normal ones by Marsaglia's polar method, from twisters that are seeded in turn. The rotation is the Q
//! of their QR decomposition, with the signs that Householder's reflections give in LAPACK (`sgeqrf`, `sorgqr`): each
//! reflection sends a column to the side that it is not on, and the last column has none. LAPACK works in single
//! precision and in blocks whose size depends on the machine; here it is double precision, column by column, so that
//! only FAISS's own rounding is between the two.

use super::math::{MersenneTwister, dot};
use alloc::vec::Vec;

/// The rotation of `d` dimensions: its columns, one after the other.
#[allow(clippy::cast_possible_truncation)] // single precision is wanted
pub(super) fn rotation(seed: u32, d: usize) -> Vec<f32> {
    let mut columns = normal(seed, d.saturating_mul(d));
    orthogonalize(&mut columns, d);
    columns.iter().map(|x| *x as f32).collect()
}

/// `n` normal numbers, in single precision as FAISS has them: one run or, where they are many, 1024 with a seed each.
#[allow(clippy::cast_possible_truncation)] // FAISS keeps seeds and numbers so
fn normal(seed: u32, n: usize) -> Vec<f64> {
    const MANY: usize = 1024;
    let mut seeds = MersenneTwister::new(seed);
    let [first, step] = [0; 2].map(|_: u32| seeds.next() & 0x7FFF_FFFF);
    let runs = if n < MANY { 1 } else { MANY };
    let mut out = Vec::with_capacity(n);
    for (run, seed) in (1..=runs).zip((0_u32..).map(|run| first.wrapping_add(run.wrapping_mul(step)))) {
        let mut twister = MersenneTwister::new(seed);
        let mut number = || f64::from(twister.next()) / f64::from(u32::MAX) * 2.0 - 1.0;
        let end = (run as u64).saturating_mul(n as u64).checked_div(runs as u64).unwrap_or(0) as usize;
        while out.len() < end {
            let (a, b) = (number(), number());
            let s = a * a + b * b;
            if s < 1.0 {
                let scale = libm::sqrt(-2.0 * libm::log(s) / s);
                out.push(f64::from((a * scale) as f32));
                if out.len() < end {
                    out.push(f64::from((b * scale) as f32));
                }
            }
        }
    }
    out
}

/// Columns that are worked off together: so few that they stay in a near cache while all others pass by.
const TOGETHER: usize = 8;

/// What reflects a column onto an axis. Its direction stands in that column, from the axis on, and starts with 1.
#[derive(Clone, Copy)]
struct Reflection {
    /// The axis, and the place of the column.
    axis: usize,
    /// What is taken off: so many times the part along the direction.
    scale: f64,
}

/// The Q of the QR decomposition of these columns of `d` numbers, in their place.
fn orthogonalize(columns: &mut [f64], d: usize) {
    let (width, many) = (d.max(1), d.max(1).saturating_mul(TOGETHER));
    let mut reflections: Vec<Reflection> = (0..d).map(|axis| Reflection { axis, scale: 0.0 }).collect();
    for (number, some) in reflections.chunks_mut(TOGETHER).enumerate() {
        let (here, behind) = part(columns, many, number);
        for (at, reflection) in some.iter_mut().enumerate() {
            let (column, after) = part(here, width, at);
            reflection.scale = aim(column.get_mut(reflection.axis..).unwrap_or_default());
            reflect(after, width, [(&*reflection, &*column)].into_iter());
        }
        reflect(behind, width, some.iter().zip(here.chunks_exact(width)));
    }
    // The axes through all reflections, the last first. Those of columns behind an axis leave it where it is.
    for (number, some) in reflections.chunks(TOGETHER).enumerate().rev() {
        let (here, behind) = part(columns, many, number);
        reflect(behind, width, some.iter().zip(here.chunks_exact(width)).rev());
        for (at, reflection) in some.iter().enumerate().rev() {
            let (column, after) = part(here, width, at);
            reflect(after, width, [(reflection, &*column)].into_iter());
            let (zeros, along) = column.split_at_mut(reflection.axis.min(column.len()));
            zeros.fill(0.0);
            along.iter_mut().for_each(|x| *x *= -reflection.scale);
            if let Some(first) = along.first_mut() {
                *first += 1.0;
            }
        }
    }
}

/// The part of this number, all parts of `len` elements, and what is behind it.
fn part(columns: &mut [f64], len: usize, number: usize) -> (&mut [f64], &mut [f64]) {
    let from = columns.get_mut(number.saturating_mul(len)..).unwrap_or_default();
    from.split_at_mut(len.min(from.len()))
}

/// Turn what a column has from its axis on into the direction of its reflection; how far that goes. The last column has
/// nothing behind its axis and stays.
fn aim(column: &mut [f64]) -> f64 {
    let Some(([alpha], below)) = column.split_first_chunk_mut::<1>() else { return 0.0 };
    let left = dot(below, below);
    let mut scale = 0.0;
    if left > 0.0 {
        let length = libm::sqrt(*alpha * *alpha + left);
        let beta = if *alpha < 0.0 { length } else { -length };
        scale = (beta - *alpha) / beta;
        let shorter = 1.0 / (*alpha - beta);
        below.iter_mut().for_each(|x| *x *= shorter);
    }
    *alpha = 1.0;
    scale
}

/// Each column, reflected by all of these in turn.
fn reflect<'a>(columns: &mut [f64], width: usize, by: impl Iterator<Item = (&'a Reflection, &'a [f64])> + Clone) {
    for column in columns.chunks_exact_mut(width) {
        for (reflection, direction) in by.clone() {
            let from = reflection.axis;
            let (column, direction) =
                (column.get_mut(from..).unwrap_or_default(), direction.get(from..).unwrap_or_default());
            let along = dot(column, direction) * reflection.scale;
            column.iter_mut().zip(direction).for_each(|(x, way)| *x -= along * way);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rotations_keep_lengths_and_angles() {
        for d in [1, 2, 7, 8, 9, 33] {
            let columns = rotation(5, d);
            for (a, one) in columns.chunks(d).enumerate() {
                for (b, other) in columns.chunks(d).enumerate() {
                    let found: f32 = one.iter().zip(other).map(|(x, y)| x * y).sum();
                    let expected = if a == b { 1.0 } else { 0.0 };
                    assert!((found - expected).abs() < 1e-6, "columns {a} and {b} of {d}: {found}");
                }
            }
        }
    }
}
