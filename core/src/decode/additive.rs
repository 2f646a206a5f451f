//! Numbers of vectors that add up: `AdditiveQuantizer` and the products of such.

use super::{Table, add, bits, no_entry};
use crate::error::Error;
use alloc::vec::Vec;

/// More bits of a number no outline lets through.
const MOST_BITS: u32 = 30;

/// An additive quantizer. The norm that some codes end with is of no use here.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive<T> {
    /// Bytes that a code has, at least those of its numbers.
    pub(super) width: u64,
    /// The quantizers of runs of dimensions, one after the other; one for all of them but in a product.
    pub(super) splits: Vec<Split<T>>,
}

/// The quantizer of a run of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split<T> {
    /// Dimensions.
    pub(super) d: usize,
    /// Bits of the number in each codebook, as the file has them: 64-bit numbers.
    pub(super) nbits: T,
    /// The codebooks one after the other, each of `2^nbits` vectors.
    pub(super) codebooks: T,
    /// The codebooks by their bits and where each starts, once `nbits` is there.
    pub(super) books: Vec<(u32, usize)>,
}

impl<T> Additive<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Additive<U>, Error> {
        let mut one = |split: &Split<T>| {
            let (nbits, codebooks) = (table(&split.nbits)?, table(&split.codebooks)?);
            Ok(Split { d: split.d, nbits, codebooks, books: split.books.clone() })
        };
        Ok(Additive { width: self.width, splits: self.splits.iter().map(&mut one).collect::<Result<_, Error>>()? })
    }
}

impl Additive<Table> {
    /// Find the codebooks.
    pub(super) fn prepare(&mut self) -> Result<(), Error> {
        let mut all = 0_u64;
        for split in &mut self.splits {
            let mut entries = 0_usize;
            split.books.clear();
            for [low, _] in split.nbits.as_chunks::<2>().0 {
                let bits = low.to_bits().min(MOST_BITS);
                split.books.push((bits, entries.saturating_mul(split.d)));
                entries = entries.saturating_add(1_usize.wrapping_shl(bits));
                all = all.saturating_add(bits.into());
            }
            let expected = entries.saturating_mul(split.d);
            if expected != split.codebooks.len() {
                return Err(Error::inconsistent(0, "codebooks = entries * d", expected, split.codebooks.len()));
            }
        }
        let bytes = all.div_ceil(8);
        if bytes > self.width {
            return Err(Error::inconsistent(0, "a code has the bits of its numbers", bytes, self.width));
        }
        Ok(())
    }

    pub(super) fn decode(&self, codes: &[u8], width: usize, d: usize, out: &mut [f32]) -> Result<(), Error> {
        for (code, mut out) in codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
            let mut numbers = bits::Reader::new(code);
            for split in &self.splits {
                let (part, rest) = out.split_at_mut(split.d.min(out.len()));
                out = rest;
                for (book, &(bits, first)) in split.books.iter().enumerate() {
                    let number = numbers.next(bits);
                    let start = first.saturating_add((number as usize).saturating_mul(split.d));
                    let entry = split.codebooks.get(start..start.saturating_add(split.d));
                    let entry = entry.filter(|entry| entry.len() == part.len()).ok_or_else(|| no_entry(number))?;
                    if book == 0 {
                        part.copy_from_slice(entry);
                    } else {
                        add(part, entry);
                    }
                }
            }
        }
        Ok(())
    }
}
