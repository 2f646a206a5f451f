//! What undoes a transform: `VectorTransform::reverse_transform` (`VectorTransform.cpp`, FAISS 1.15.0).

use super::math::walsh_hadamard;
use super::{Table, add, copy};
use crate::error::Error;
use crate::random::SplitMix64;
use alloc::vec::Vec;

/// A transform, backwards: from its `d_out` dimensions to its `d_in`.
#[derive(Debug, Clone, PartialEq)]
pub enum Reverse<T> {
    /// A matrix and a bias: the transposed matrix, after the bias is taken off. FAISS means to do so for orthonormal
    /// matrices only, whose inverse that is. It asks before it has read the dimensions (`read_VectorTransform`,
    /// `impl/index_read.cpp`, 1.15.0) and finds every matrix of a file orthonormal, so of one that is not (whitening) it
    /// gives this too.
    Linear {
        /// Dimensions that it gives back.
        d_in: u64,
        /// Dimensions that it gets.
        d_out: u64,
        /// `d_out` rows of `d_in`.
        matrix: T,
        /// `d_out` floats.
        bias: Option<T>,
    },
    /// Dimensions in another order; those that were left out are 0.
    Remap {
        /// Dimensions that it gives back.
        d_in: u64,
        /// Dimensions that it gets.
        d_out: u64,
        /// For each dimension that it gets the one that it was, or -1; by the bits of `i32`.
        map: T,
    },
    /// Normalization: lengths are lost, so nothing is done.
    Nothing {
        /// Dimensions.
        d: u64,
    },
    /// The mean is added again.
    Centering {
        /// Dimensions.
        d: u64,
        /// The mean.
        mean: T,
    },
    /// Three rounds of a Hadamard transform, backwards.
    Hadamard {
        /// Dimensions, a power of two.
        d: u64,
        /// What the signs follow from.
        seed: u32,
    },
}

impl<T> Reverse<T> {
    /// Dimensions of what comes out.
    pub fn d_in(&self) -> u64 {
        match self {
            Reverse::Linear { d_in, .. } | Reverse::Remap { d_in, .. } => *d_in,
            Reverse::Nothing { d } | Reverse::Centering { d, .. } | Reverse::Hadamard { d, .. } => *d,
        }
    }

    /// Dimensions of what goes in.
    pub fn d_out(&self) -> u64 {
        match self {
            Reverse::Linear { d_out, .. } | Reverse::Remap { d_out, .. } => *d_out,
            Reverse::Nothing { d } | Reverse::Centering { d, .. } | Reverse::Hadamard { d, .. } => *d,
        }
    }

    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Reverse<U>, Error> {
        Ok(match self {
            Reverse::Linear { d_in, d_out, matrix, bias } => {
                let (matrix, bias) = (table(matrix)?, bias.as_ref().map(table).transpose()?);
                Reverse::Linear { d_in: *d_in, d_out: *d_out, matrix, bias }
            }
            Reverse::Remap { d_in, d_out, map } => Reverse::Remap { d_in: *d_in, d_out: *d_out, map: table(map)? },
            Reverse::Nothing { d } => Reverse::Nothing { d: *d },
            Reverse::Centering { d, mean } => Reverse::Centering { d: *d, mean: table(mean)? },
            Reverse::Hadamard { d, seed } => Reverse::Hadamard { d: *d, seed: *seed },
        })
    }
}

impl Reverse<Table> {
    /// Undo it for `rows` rows.
    pub(super) fn apply(&self, from: &[f32], rows: usize, out: &mut Vec<f32>) {
        let (d_in, d_out) = (super::memory(self.d_in()), super::memory(self.d_out()));
        out.clear();
        out.resize(rows.saturating_mul(d_in), 0.0);
        let pairs = from.chunks_exact(d_out.max(1)).zip(out.chunks_exact_mut(d_in.max(1)));
        match self {
            Reverse::Linear { matrix, bias, .. } => linear(from, matrix, bias.as_deref(), d_in, d_out, out),
            Reverse::Remap { map, .. } => {
                for (from, out) in pairs {
                    for (value, place) in from.iter().zip(map) {
                        let place = usize::try_from(place.to_bits().cast_signed()).ok();
                        if let Some(to) = place.and_then(|place| out.get_mut(place)) {
                            *to = *value;
                        }
                    }
                }
            }
            Reverse::Nothing { .. } => copy(out, from),
            Reverse::Centering { mean, .. } => {
                for (from, out) in pairs {
                    copy(out, from);
                    add(out, mean);
                }
            }
            Reverse::Hadamard { seed, .. } => hadamard(pairs, *seed, d_in),
        }
    }
}

/// Rows of the output that are worked on together, so that a row of the matrix is read once for all of them.
const TOGETHER: usize = 8;

/// `out = (from - bias) * matrix`, dimension after dimension.
pub(super) fn linear(from: &[f32], matrix: &[f32], bias: Option<&[f32]>, d_in: usize, d_out: usize, out: &mut [f32]) {
    let (width_in, width_out) = (d_in.max(1), d_out.max(1));
    let some = from.chunks(TOGETHER.saturating_mul(width_out));
    for (from, out) in some.zip(out.chunks_mut(TOGETHER.saturating_mul(width_in))) {
        for (number, row) in matrix.chunks_exact(width_in).take(d_out).enumerate() {
            let bias = bias.and_then(|bias| bias.get(number)).copied();
            for (from, out) in from.chunks_exact(width_out).zip(out.chunks_exact_mut(width_in)) {
                let value = from.get(number).copied().unwrap_or(0.0);
                let value = bias.map_or(value, |bias| value - bias);
                out.iter_mut().zip(row).for_each(|(to, entry)| *to += value * entry);
            }
        }
    }
}

/// `HadamardRotation` backwards: each round is its own inverse but for the length.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as FAISS rounds
fn hadamard<'a>(pairs: impl Iterator<Item = (&'a [f32], &'a mut [f32])>, seed: u32, d: usize) {
    let mut random = SplitMix64(seed.into());
    let rounds: Vec<Vec<f32>> =
        (0..3).map(|_| (0..d).map(|_| if random.next().is_multiple_of(2) { -1.0 } else { 1.0 }).collect()).collect();
    let scale = 1.0 / (d as f32 * libm::sqrt(d as f64) as f32);
    for (from, out) in pairs {
        copy(out, from);
        for signs in rounds.iter().rev() {
            walsh_hadamard(out);
            out.iter_mut().zip(signs).for_each(|(to, sign)| *to *= sign);
        }
        out.iter_mut().for_each(|to| *to *= scale);
    }
}
