//! Numbers of a few bits side by side, the lowest first: FAISS's `BitstringReader`.

/// Fill `out` with the numbers of `bits` bits that `code` starts with; missing bytes are 0.
pub(super) fn unpack(code: &[u8], bits: u32, out: &mut [u32]) {
    match bits {
        8 => {
            for (to, byte) in out.iter_mut().zip(code) {
                *to = u32::from(*byte);
            }
        }
        16 => {
            for (to, bytes) in out.iter_mut().zip(code.as_chunks::<2>().0) {
                *to = u32::from(u16::from_le_bytes(*bytes));
            }
        }
        4 => {
            for (to, byte) in out.chunks_mut(2).zip(code) {
                for (to, half) in to.iter_mut().zip([byte & 15, byte >> 4]) {
                    *to = u32::from(half);
                }
            }
        }
        _ => {
            let mut reader = Reader::new(code);
            for to in out {
                *to = reader.next(bits);
            }
        }
    }
}

/// Reads numbers of different lengths.
pub(super) struct Reader<'a> {
    bytes: core::slice::Iter<'a, u8>,
    word: u64,
    have: u32,
}

impl<'a> Reader<'a> {
    /// From the first bit of `code` on.
    pub(super) fn new(code: &'a [u8]) -> Reader<'a> {
        Reader { bytes: code.iter(), word: 0, have: 0 }
    }

    /// The next number, of at most 32 bits; 0 behind the end.
    #[allow(clippy::cast_possible_truncation)] // the mask leaves at most 32 bits
    pub(super) fn next(&mut self, bits: u32) -> u32 {
        while self.have < bits {
            let byte = self.bytes.next().copied().unwrap_or(0);
            self.word |= u64::from(byte).wrapping_shl(self.have);
            self.have = self.have.wrapping_add(8);
        }
        let mask = 1_u64.wrapping_shl(bits).wrapping_sub(1);
        let number = (self.word & mask) as u32;
        self.word = self.word.wrapping_shr(bits);
        self.have = self.have.wrapping_sub(bits);
        number
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_width_reads_what_was_written() {
        for bits in 1..=30_u32 {
            let numbers: alloc::vec::Vec<u32> =
                (0..19_u32).map(|i| i.wrapping_mul(2_654_435_761) >> (32 - bits)).collect();
            let mut code = alloc::vec![0_u8; (19 * bits as usize).div_ceil(8)];
            for (at, number) in numbers.iter().enumerate() {
                for bit in 0..bits {
                    let place = at * bits as usize + bit as usize;
                    code[place / 8] |= ((number >> bit & 1) as u8) << (place % 8);
                }
            }
            let mut out = [0; 19];
            unpack(&code, bits, &mut out);
            assert_eq!(out, *numbers, "{bits} bits");
        }
    }
}
