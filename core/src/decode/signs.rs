//! One bit a dimension: RaBitQ, and the hash of random projections.

use super::math::inverse_root;
use super::turbo::bit;
use super::{Table, add};
use crate::error::Error;

/// RaBitQ: a sign for each dimension, then factors as floats, of which the second is the length. Further bits of a
/// dimension correct distances and take no part in FAISS's reconstruction (`RaBitQuantizer::decode_core`, 1.15.0).
#[derive(Debug, Clone, PartialEq)]
pub struct SignBits<T> {
    /// What the vectors were centred by, where it is stored with the quantizer.
    pub(super) center: Option<T>,
}

impl<T> SignBits<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<SignBits<U>, Error> {
        Ok(SignBits { center: self.center.as_ref().map(table).transpose()? })
    }
}

impl SignBits<Table> {
    pub(super) fn decode(&self, codes: &[u8], width: usize, d: usize, out: &mut [f32]) {
        let inverse = inverse_root(d);
        for (code, out) in codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
            let (bits, factors) = code.split_at(d.div_ceil(8).min(code.len()));
            let length = factors.as_chunks::<4>().0.get(1).map_or(0.0, |bytes| f32::from_le_bytes(*bytes));
            let (value, byte) = ((length * inverse).to_bits(), out.chunks_mut(8).zip(bits));
            for (out, byte) in byte {
                for (place, to) in (0_u32..).zip(out) {
                    // A bit that is not set turns the sign.
                    let sign = u32::from(!byte.wrapping_shr(place) & 1) << 31;
                    *to = f32::from_bits(value ^ sign);
                }
            }
            if let Some(center) = &self.center {
                add(out, center);
            }
        }
    }
}

/// `IndexLSH`: 1 or -1 for each bit, and a threshold.
#[derive(Debug, Clone, PartialEq)]
pub struct Hash<T> {
    /// One a bit.
    pub(super) thresholds: Option<T>,
}

impl<T> Hash<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Hash<U>, Error> {
        Ok(Hash { thresholds: self.thresholds.as_ref().map(table).transpose()? })
    }
}

impl Hash<Table> {
    pub(super) fn decode(&self, codes: &[u8], width: usize, d: usize, out: &mut [f32]) {
        for (code, out) in codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
            for (j, to) in out.iter_mut().enumerate() {
                *to = if bit(code, j) { 1.0 } else { -1.0 };
            }
            if let Some(thresholds) = &self.thresholds {
                add(out, thresholds);
            }
        }
    }
}
