//! `QT_2bit_tq` to `QT_5bit_tq`: TurboQuant (`QuantizerTurboQuantFull`, FAISS 1.15.0).
//!
//! A code is the numbers of values, bit by bit in planes; the signs of a projection of what is left; then the length of
//! the vector and of what is left, as floats. The projection follows from a seed.

use super::Table;
use super::math::{MersenneTwister, inverse_root, walsh_hadamard};
use crate::error::{Error, Kind};
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
    /// The signs of the projection, once `trained` is there.
    pub(super) signs: Vec<f32>,
}

impl<T> Turbo<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Turbo<U>, Error> {
        Ok(Turbo { bits: self.bits, d: self.d, trained: table(&self.trained)?, signs: self.signs.clone() })
    }
}

impl Turbo<Table> {
    /// Make the projection from its seed.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let values = 2_usize.wrapping_shl(u32::try_from(self.bits).unwrap_or(0)).saturating_sub(1);
        let Some([low, _, kind]) = self.trained.get(values..).and_then(|rest| rest.first_chunk()) else {
            return Err(Error::invalid(0, "sq.trained ends with a seed and a projection", self.trained.len()));
        };
        if *kind != 0.0 {
            let what =
                "this scalar quantizer's random rotation comes from FAISS's linear algebra and is not redone here";
            return Err(Error::new(Kind::Unsupported(what.into()), 0));
        }
        let mut twister = MersenneTwister::new(low.to_bits());
        let sign = |_| if twister.next().is_multiple_of(2) { 1.0 } else { -1.0 };
        self.signs = (0..self.d.next_power_of_two()).map(sign).collect();
        Ok(())
    }

    #[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // as FAISS rounds
    pub(super) fn decode<'a>(&self, rows: impl Iterator<Item = (&'a [u8], &'a mut [f32])>, d: usize) {
        let plane = d.div_ceil(8);
        let inverse = inverse_root(d);
        let inverse_padded = inverse_root(self.signs.len());
        let factor = super::math::sqrt(core::f64::consts::PI / 2.0);
        let mut projected = Vec::new();
        for (code, out) in rows {
            let (planes, rest) = code.split_at(plane.saturating_mul(self.bits).min(code.len()));
            let (signs, factors) = rest.split_at(plane.min(rest.len()));
            let [norm, left] = *super::tables::table(factors).first_chunk().unwrap_or(&[0.0; 2]);
            let coefficient = (factor / f64::from(d as f32) * f64::from(left)) as f32;
            projected.clear();
            projected.extend((0..d).map(|j| if bit(signs, j) { inverse_padded } else { -inverse_padded }));
            projected.resize(self.signs.len(), 0.0);
            walsh_hadamard(&mut projected);
            for (j, ((to, projected), sign)) in out.iter_mut().zip(&projected).zip(&self.signs).enumerate() {
                let places = planes.chunks_exact(plane.max(1)).enumerate();
                let number = places.map(|(p, plane)| usize::from(bit(plane, j)).wrapping_shl(p as u32)).sum::<usize>();
                let value = self.trained.get(number).copied().unwrap_or(0.0) * inverse;
                *to = (value + coefficient * (projected * sign)) * norm;
            }
        }
    }
}

/// Bit `j`, the lowest of each byte first.
pub(super) fn bit(bytes: &[u8], j: usize) -> bool {
    bytes.get(j >> 3).is_some_and(|byte| byte.wrapping_shr(u32::try_from(j & 7).unwrap_or(0)) & 1 == 1)
}
