//! Numbers of vectors that add up: `AdditiveQuantizer` and the products of such.

use super::{Table, add, bits, no_entry};
use crate::error::Error;
use alloc::vec::Vec;

/// An additive quantizer. The norm that some codes end with is of no use here.
#[derive(Debug, Clone, PartialEq)]
pub struct Additive<T> {
    /// The quantizers of runs of dimensions, one after the other; one for all of them but in a product.
    pub(super) splits: Vec<Split<T>>,
}

/// The quantizer of a run of dimensions.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Split<T> {
    /// Dimensions.
    pub(super) d: usize,
    /// Bits of the number in each codebook.
    pub(super) nbits: Vec<u32>,
    /// The codebooks one after the other, each of `2^nbits` vectors.
    pub(super) codebooks: T,
}

impl<T> Additive<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Additive<U>, Error> {
        let one = |split: &Split<T>| {
            Ok(Split { d: split.d, nbits: split.nbits.clone(), codebooks: table(&split.codebooks)? })
        };
        Ok(Additive { splits: self.splits.iter().map(one).collect::<Result<_, Error>>()? })
    }
}

impl Additive<Table> {
    pub(super) fn decode(&self, codes: &[u8], width: usize, d: usize, out: &mut [f32]) -> Result<(), Error> {
        for (code, mut out) in codes.chunks_exact(width.max(1)).zip(out.chunks_exact_mut(d.max(1))) {
            let mut numbers = bits::Reader::new(code);
            for split in &self.splits {
                let (part, rest) = out.split_at_mut(split.d.min(out.len()));
                out = rest;
                let mut first = 0_usize;
                for (book, &bits) in split.nbits.iter().enumerate() {
                    let number = numbers.next(bits);
                    let start = first.saturating_add(number as usize).saturating_mul(split.d);
                    let entry = split.codebooks.get(start..start.saturating_add(split.d));
                    let entry = entry.filter(|entry| entry.len() == part.len()).ok_or_else(|| no_entry(number))?;
                    if book == 0 {
                        part.copy_from_slice(entry);
                    } else {
                        add(part, entry);
                    }
                    first = first.saturating_add(1_usize.wrapping_shl(bits));
                }
            }
        }
        Ok(())
    }
}
