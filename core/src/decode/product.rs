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

/// What a decoded number is put into.
pub(super) trait Element: Copy {
    /// It, of this value.
    fn of(value: f32) -> Self;
}

impl Element for f32 {
    fn of(value: f32) -> f32 {
        value
    }
}

impl Element for [u8; 4] {
    fn of(value: f32) -> [u8; 4] {
        value.to_le_bytes()
    }
}

impl Product<Table> {
    /// Decode rows of `width` bytes each, to floats that something is added to, or at once to what is handed out.
    pub(super) fn decode<E: Element>(
        &self,
        codes: &[u8],
        width: usize,
        out: &mut [E],
        scratch: &mut Scratch,
    ) -> Result<(), Error> {
        let (m, width) = (self.m.max(1), width.max(1));
        let rows = codes.len().checked_div(width).unwrap_or(0);
        // What is there from before is written over.
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
            1 => self.gather::<_, 1>(numbers, out),
            2 => self.gather::<_, 2>(numbers, out),
            3 => self.gather::<_, 3>(numbers, out),
            4 => self.gather::<_, 4>(numbers, out),
            6 => self.gather::<_, 6>(numbers, out),
            8 => self.gather::<_, 8>(numbers, out),
            12 => self.gather::<_, 12>(numbers, out),
            16 => self.gather::<_, 16>(numbers, out),
            24 => self.gather::<_, 24>(numbers, out),
            32 => self.gather::<_, 32>(numbers, out),
            dsub => {
                let (m, dsub, book) = (self.m.max(1), dsub.max(1), self.ksub.saturating_mul(dsub).max(1));
                let row = m.saturating_mul(dsub).max(1);
                for (numbers, out) in numbers.chunks_exact(m).zip(out.chunks_exact_mut(row)) {
                    let parts = numbers.iter().zip(out.chunks_exact_mut(dsub)).zip(self.centroids.chunks_exact(book));
                    for ((number, out), book) in parts {
                        let start = (*number as usize).saturating_mul(dsub);
                        let centroid = book.get(start..start.saturating_add(dsub));
                        put(out, centroid.ok_or_else(|| no_entry(*number))?);
                    }
                }
                Ok(())
            }
        }
    }

    fn gather<E: Element, const D: usize>(&self, numbers: &[u32], out: &mut [E]) -> Result<(), Error> {
        let (m, ksub) = (self.m.max(1), self.ksub.max(1));
        let (centroids, out) = (self.centroids.as_chunks::<D>().0, out.as_chunks_mut::<D>().0);
        for (numbers, out) in numbers.chunks_exact(m).zip(out.chunks_exact_mut(m)) {
            for ((number, out), book) in numbers.iter().zip(out).zip(centroids.chunks_exact(ksub)) {
                *out = book.get(*number as usize).ok_or_else(|| no_entry(*number))?.map(E::of);
            }
        }
        Ok(())
    }
}

/// As many elements as both have: eight at once, which one by one the compiler does not make of it.
fn put<E: Element>(to: &mut [E], from: &[f32]) {
    let ((to, to_rest), (from, from_rest)) = (to.as_chunks_mut::<8>(), from.as_chunks::<8>());
    for (to, from) in to.iter_mut().zip(from) {
        *to = from.map(E::of);
    }
    for (to, from) in to_rest.iter_mut().zip(from_rest) {
        *to = E::of(*from);
    }
}
