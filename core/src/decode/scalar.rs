//! A number for each dimension: `ScalarQuantizer` (`impl/scalar_quantizer/`, FAISS 1.15.0).

use super::turbo::Turbo;
use super::{Scratch, Table, bits, no_entry};
use crate::error::Error;

/// What the numbers mean.
#[derive(Debug, Clone, PartialEq)]
pub enum Scalar<T> {
    /// Steps between a smallest and a largest value: `QT_8bit`, `QT_6bit`, `QT_4bit`, and the uniform ones.
    Range {
        /// Bits of a number.
        bits: u32,
        /// One range for all dimensions, or one each.
        is_uniform: bool,
        /// The smallest values, then the widths.
        trained: T,
    },
    /// `QT_fp16`: IEEE half precision.
    Half,
    /// `QT_bf16`: the upper half of a float.
    Brain,
    /// `QT_8bit_direct`: the byte itself.
    Direct,
    /// `QT_8bit_direct_signed`: the byte less 128.
    DirectSigned,
    /// `QT_0bit`: nothing, so 0, or the centroid of the list.
    Nothing,
    /// `QT_*_tqmse`, `QT_*_eden`: the number of a value in a table.
    Values {
        /// Bits of a number.
        bits: u32,
        /// The values, then the boundaries between them.
        trained: T,
    },
    /// `QT_*_tq`: such a number, and the sign of a projection of what is left.
    Turbo(Turbo<T>),
}

impl<T> Scalar<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Scalar<U>, Error> {
        Ok(match self {
            Scalar::Range { bits, is_uniform, trained } => {
                Scalar::Range { bits: *bits, is_uniform: *is_uniform, trained: table(trained)? }
            }
            Scalar::Half => Scalar::Half,
            Scalar::Brain => Scalar::Brain,
            Scalar::Direct => Scalar::Direct,
            Scalar::DirectSigned => Scalar::DirectSigned,
            Scalar::Nothing => Scalar::Nothing,
            Scalar::Values { bits, trained } => Scalar::Values { bits: *bits, trained: table(trained)? },
            Scalar::Turbo(turbo) => Scalar::Turbo(turbo.map(table)?),
        })
    }
}

impl Scalar<Table> {
    pub(super) fn decode(
        &self,
        codes: &[u8],
        width: usize,
        d: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let rows = codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1)));
        match self {
            Scalar::Range { bits, is_uniform, trained } => {
                for (code, out) in rows {
                    scratch.numbers.resize(d, 0);
                    if *bits != 8 {
                        bits::unpack(code, *bits, &mut scratch.numbers);
                    }
                    match (bits, is_uniform) {
                        (8, false) => by_dimension(code.iter().map(|&byte| f32::from(byte)), 255.0, trained, out),
                        (8, true) => uniform(code.iter().map(|&byte| f32::from(byte)), 255.0, trained, out),
                        (bits, false) => by_dimension(small(&scratch.numbers), steps(*bits), trained, out),
                        (bits, true) => uniform(small(&scratch.numbers), steps(*bits), trained, out),
                    }
                }
            }
            Scalar::Half => {
                for (to, bytes) in rows.flat_map(|(code, out)| out.iter_mut().zip(code.as_chunks::<2>().0)) {
                    *to = half(u16::from_le_bytes(*bytes));
                }
            }
            Scalar::Brain => {
                for (to, bytes) in rows.flat_map(|(code, out)| out.iter_mut().zip(code.as_chunks::<2>().0)) {
                    *to = f32::from_bits(u32::from(u16::from_le_bytes(*bytes)) << 16);
                }
            }
            Scalar::Direct => {
                for (code, out) in rows {
                    out.iter_mut().zip(code).for_each(|(to, byte)| *to = f32::from(*byte));
                }
            }
            Scalar::DirectSigned => {
                for (code, out) in rows {
                    out.iter_mut().zip(code).for_each(|(to, byte)| *to = f32::from(*byte) - 128.0);
                }
            }
            // The sum with the centroid that comes then is the centroid, whatever its sign.
            Scalar::Nothing => out.fill(-0.0),
            Scalar::Values { bits, trained } => {
                scratch.numbers.resize(d, 0);
                for (code, out) in rows {
                    bits::unpack(code, *bits, &mut scratch.numbers);
                    for (to, number) in out.iter_mut().zip(&scratch.numbers) {
                        *to = *trained.get(*number as usize).ok_or_else(|| no_entry(*number))?;
                    }
                }
            }
            Scalar::Turbo(turbo) => turbo.decode(rows, d),
        }
        Ok(())
    }
}

/// The largest number of so many bits.
fn steps(bits: u32) -> f32 {
    u16::try_from(1_u32.wrapping_shl(bits).wrapping_sub(1)).map_or(1.0, f32::from)
}

/// Numbers of at most 16 bits as floats.
#[allow(clippy::cast_precision_loss)] // none is lost
fn small(numbers: &[u32]) -> impl Iterator<Item = f32> {
    numbers.iter().map(|number| *number as f32)
}

/// FAISS divides in its portable code and multiplies by the inverse in that for vector units; this is the latter.
fn by_dimension(numbers: impl Iterator<Item = f32>, steps: f32, trained: &[f32], out: &mut [f32]) {
    let (least, range) = trained.split_at(out.len().min(trained.len()));
    let step = 1.0 / steps;
    for (((to, number), least), range) in out.iter_mut().zip(numbers).zip(least).zip(range) {
        *to = least + (number + 0.5) * step * range;
    }
}

fn uniform(numbers: impl Iterator<Item = f32>, steps: f32, trained: &[f32], out: &mut [f32]) {
    let [least, range, ..] = trained else { return };
    let step = 1.0 / steps;
    for (to, number) in out.iter_mut().zip(numbers) {
        *to = least + (number + 0.5) * step * range;
    }
}

/// Half precision to single. Without a branch, so that many are done at once: the exponent is shifted into
/// place and mended by one exact multiplication, which also makes subnormal numbers normal.
fn half(bits: u16) -> f32 {
    const SCALE: f32 = f32::from_bits(0x7780_0000); // 2^112
    let bits = u32::from(bits);
    let magnitude = f32::from_bits((bits & 0x7FFF) << 13) * SCALE;
    let is_special = (bits & 0x7C00) == 0x7C00; // infinite, or not a number
    let special = 0x7F80_0000 | ((bits & 0x3FF) << 13) | if bits & 0x3FF == 0 { 0 } else { 0x40_0000 };
    let magnitude = if is_special { special } else { magnitude.to_bits() };
    f32::from_bits(magnitude | ((bits & 0x8000) << 16))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn halves_are_what_ieee_says() {
        for bits in 0..=u16::MAX {
            let (exponent, fraction) = (i32::from(bits >> 10 & 31), f64::from(bits & 0x3FF) / 1024.0);
            let magnitude = match exponent {
                0 => fraction * 2f64.powi(-14),
                31 if bits & 0x3FF == 0 => f64::INFINITY,
                31 => f64::NAN,
                _ => (1.0 + fraction) * 2f64.powi(exponent - 15),
            };
            let expected = if bits & 0x8000 == 0 { magnitude } else { -magnitude };
            let found = f64::from(half(bits));
            assert!(found == expected || found.is_nan() && expected.is_nan(), "{bits:#x}: {found} for {expected}");
            assert_eq!(half(bits).is_sign_negative(), bits & 0x8000 != 0);
        }
    }
}
