//! `QT_2bit_tq` to `QT_5bit_tq`: TurboQuant (`QuantizerTurboQuantFull`, FAISS 1.15.0).
//!
//! A code is the numbers of values, bit by bit in planes; the signs of a projection of what is left; then the length of
//! the vector and of what is left, as floats. The projection follows from a seed.

use super::Table;
use super::math::{MersenneTwister, inverse_root, walsh_hadamard};
use super::rotation::rotation;
use super::transform::linear;
use crate::error::Error;
use crate::limits;
use alloc::vec::Vec;

/// How such a code is read.
#[derive(Debug, Clone, PartialEq)]
pub struct Turbo<T> {
    /// Bits of the number of a value: one less than the type's name says.
    pub(super) bits: usize,
    /// Dimensions.
    pub(super) d: usize,
    /// Values, boundaries, the seed in two floats by its bits, and which projection.
    pub(super) trained: T,
    /// The projection, once `trained` is there.
    pub(super) projection: Projection,
}

/// What a vector went through before its signs were taken.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Projection {
    /// Signs of its dimensions, as many as the next power of two has; then a Hadamard transform. FAISS's default.
    Signs(Vec<f32>),
    /// A random rotation: its columns.
    Rotation(Vec<f32>),
}

impl<T> Turbo<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Turbo<U>, Error> {
        let (bits, d, projection) = (self.bits, self.d, self.projection.clone());
        Ok(Turbo { bits, d, trained: table(&self.trained)?, projection })
    }
}

impl Turbo<Table> {
    /// Make the projection from its seed.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let values = 2_usize.wrapping_shl(u32::try_from(self.bits).unwrap_or(0)).saturating_sub(1);
        let Some([low, _, kind]) = self.trained.get(values..).and_then(|rest| rest.first_chunk()) else {
            return Err(Error::invalid(0, "sq.trained ends with a seed and a projection", self.trained.len()));
        };
        // FAISS makes a whole number of it; what is not 0 is a rotation.
        if *kind >= 1.0 {
            if self.d as u64 > limits::MAX_ROTATION {
                let what = "dimensions of a random rotation that is made from its seed";
                return Err(Error::limit(0, what, limits::MAX_ROTATION, self.d as u64));
            }
            self.projection = Projection::Rotation(rotation(low.to_bits(), self.d));
            return Ok(());
        }
        let mut twister = MersenneTwister::new(low.to_bits());
        let sign = |_| if twister.next().is_multiple_of(2) { 1.0 } else { -1.0 };
        self.projection = Projection::Signs((0..self.d.next_power_of_two()).map(sign).collect());
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as FAISS rounds
    pub(super) fn decode<'a>(&self, rows: impl Iterator<Item = (&'a [u8], &'a mut [f32])>, d: usize) {
        let plane = d.div_ceil(8);
        let inverse = inverse_root(d);
        let width = match &self.projection {
            Projection::Signs(signs) => signs.len(),
            Projection::Rotation(_) => d,
        };
        let unit = inverse_root(width);
        let factor = libm::sqrt(core::f64::consts::PI / 2.0);
        let (mut signs_of, mut projected) = (Vec::new(), Vec::new());
        for (code, out) in rows {
            let (planes, rest) = code.split_at(plane.saturating_mul(self.bits).min(code.len()));
            let (signs, factors) = rest.split_at(plane.min(rest.len()));
            let [norm, left] = *super::tables::table(factors).first_chunk().unwrap_or(&[0.0; 2]);
            let coefficient = (factor / f64::from(d as f32) * f64::from(left)) as f32;
            signs_of.clear();
            signs_of.extend((0..d).map(|j| if bit(signs, j) { unit } else { -unit }));
            signs_of.resize(width, 0.0);
            match &self.projection {
                Projection::Signs(flips) => {
                    walsh_hadamard(&mut signs_of);
                    signs_of.iter_mut().zip(flips).for_each(|(to, flip)| *to *= flip);
                    core::mem::swap(&mut signs_of, &mut projected);
                }
                Projection::Rotation(columns) => {
                    projected.clear();
                    projected.resize(d, 0.0);
                    linear(&signs_of, columns, None, d, d, &mut projected);
                }
            }
            for (j, (to, projected)) in out.iter_mut().zip(&projected).enumerate() {
                let places = planes.chunks_exact(plane.max(1)).enumerate();
                let number = places.map(|(p, plane)| usize::from(bit(plane, j)).wrapping_shl(p as u32)).sum::<usize>();
                let value = self.trained.get(number).copied().unwrap_or(0.0) * inverse;
                *to = (value + coefficient * projected) * norm;
            }
        }
    }
}

/// Bit `j`, the lowest of each byte first.
pub(super) fn bit(bytes: &[u8], j: usize) -> bool {
    bytes.get(j >> 3).is_some_and(|byte| byte.wrapping_shr(u32::try_from(j & 7).unwrap_or(0)) & 1 == 1)
}
