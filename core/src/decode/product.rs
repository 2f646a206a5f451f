//! The number of a centroid for each part of the vector: `ProductQuantizer`.

use super::{Scratch, Table, bits, no_entry};
use crate::error::Error;

/// A product quantizer.
#[derive(Debug, Clone, PartialEq)]
pub struct Product<T> {
    /// Parts of a vector.
    pub(super) m: usize,
    /// Dimensions of a part.
    pub(super) dsub: usize,
    /// Centroids of a part.
    pub(super) ksub: usize,
    /// Bits that a number takes in the code: `nbits`, or whole bytes in `IndexPQ` up to 1.5.1.
    pub(super) bits: u32,
    /// The centroids, `m * ksub * dsub`.
    pub(super) centroids: T,
}

impl<T> Product<T> {
    pub(super) fn map<U>(&self, table: &mut dyn FnMut(&T) -> Result<U, Error>) -> Result<Product<U>, Error> {
        let Product { m, dsub, ksub, bits, ref centroids } = *self;
        Ok(Product { m, dsub, ksub, bits, centroids: table(centroids)? })
    }
}

impl Product<Table> {
    pub(super) fn decode(
        &self,
        codes: &[u8],
        width: usize,
        out: &mut [f32],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let (m, width) = (self.m.max(1), width.max(1));
        let rows = codes.len().checked_div(width).unwrap_or(0);
        scratch.numbers.clear();
        scratch.numbers.resize(rows.saturating_mul(m), 0);
        if self.bits == 8 && width == m {
            bits::unpack(codes, 8, &mut scratch.numbers);
        } else {
            for (code, numbers) in codes.chunks_exact(width).zip(scratch.numbers.chunks_exact_mut(m)) {
                bits::unpack(code, self.bits, numbers);
            }
        }
        let numbers = &scratch.numbers;
        // Copies of a length that is known beforehand need no call each.
        match self.dsub {
            1 => self.gather::<1>(numbers, out),
            2 => self.gather::<2>(numbers, out),
            3 => self.gather::<3>(numbers, out),
            4 => self.gather::<4>(numbers, out),
            6 => self.gather::<6>(numbers, out),
            8 => self.gather::<8>(numbers, out),
            12 => self.gather::<12>(numbers, out),
            16 => self.gather::<16>(numbers, out),
            24 => self.gather::<24>(numbers, out),
            32 => self.gather::<32>(numbers, out),
            dsub => {
                let (m, dsub, book) = (self.m.max(1), dsub.max(1), self.ksub.saturating_mul(dsub).max(1));
                let row = m.saturating_mul(dsub).max(1);
                for (numbers, out) in numbers.chunks_exact(m).zip(out.chunks_exact_mut(row)) {
                    let parts = numbers.iter().zip(out.chunks_exact_mut(dsub)).zip(self.centroids.chunks_exact(book));
                    for ((number, out), book) in parts {
                        let start = (*number as usize).saturating_mul(dsub);
                        let centroid = book.get(start..start.saturating_add(dsub));
                        out.copy_from_slice(centroid.ok_or_else(|| no_entry(*number))?);
                    }
                }
                Ok(())
            }
        }
    }

    fn gather<const D: usize>(&self, numbers: &[u32], out: &mut [f32]) -> Result<(), Error> {
        let (m, ksub) = (self.m.max(1), self.ksub.max(1));
        let (centroids, out) = (self.centroids.as_chunks::<D>().0, out.as_chunks_mut::<D>().0);
        for (numbers, out) in numbers.chunks_exact(m).zip(out.chunks_exact_mut(m)) {
            for ((number, out), book) in numbers.iter().zip(out).zip(centroids.chunks_exact(ksub)) {
                *out = *book.get(*number as usize).ok_or_else(|| no_entry(*number))?;
            }
        }
        Ok(())
    }
}
