//! The layout of fast-scan indexes: codes of 4 bits, those of a block of rows side by side.
//!
//! In a block of `n` rows the codes `2k` and `2k + 1` of all rows are `n` bytes: first the even ones, in groups of 16
//! bytes for 32 rows, then the odd. In a group the low halves are the first 16 rows, the high halves the others; rows
//! 0, 8, 1, 9, ... stand one after the other (`pq4_get_packed_element`, `impl/fast_scan/`, FAISS 1.15.0). RaBitQ blocks
//! then hold further bytes of each row.

use alloc::vec::Vec;

/// Blocks of rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Blocks {
    /// Rows in a block.
    pub rows: u64,
    /// Bytes of a block.
    pub bytes: u64,
    /// Bytes of a row's codes of 4 bits, two in each.
    pub code_bytes: u64,
}

impl Blocks {
    /// Blocks of `rows` rows in `bytes` bytes, with `m2` codes of 4 bits a row, an even number; what is left are
    /// further bytes of each row. `None` where that does not go up.
    pub fn new(rows: u64, bytes: u64, m2: u64) -> Option<Blocks> {
        let code_bytes = m2.checked_div(2)?;
        let fits = rows > 0 && rows.is_multiple_of(32) && code_bytes > 0 && m2.is_multiple_of(2);
        let whole = bytes.checked_rem(rows)? == 0 && code_bytes.checked_mul(rows)? <= bytes;
        (fits && whole).then_some(Blocks { rows, bytes, code_bytes })
    }

    /// Bytes of a row that is taken out of its block.
    pub fn row_bytes(&self) -> u64 {
        self.bytes.checked_div(self.rows).unwrap_or(0)
    }

    /// The rows from number `skip` on, `count` of them, of blocks that lie one after the other.
    pub fn unpack(&self, blocks: &[u8], skip: u64, count: u64) -> Vec<u8> {
        let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
        let (code, width, rows) = (size(self.code_bytes), size(self.row_bytes()).max(1), size(self.rows).max(1));
        let more = width.saturating_sub(code);
        let mut out = Vec::new();
        for block in blocks.chunks_exact(size(self.bytes).max(1)) {
            let start = out.len();
            out.resize(start.saturating_add(rows.saturating_mul(width)), 0);
            let (packed, further) = block.split_at(code.saturating_mul(rows).min(block.len()));
            let placed = out.get_mut(start..).unwrap_or_default();
            for (pair, bytes) in packed.chunks_exact(rows).enumerate() {
                for (group, codes) in bytes.as_chunks::<32>().0.iter().enumerate() {
                    let (even, odd) = codes.split_at(16);
                    for (place, (even, odd)) in even.iter().zip(odd).enumerate() {
                        let low = (place >> 1) | ((place & 1) << 3);
                        let row = group.saturating_mul(32).saturating_add(low);
                        let at = row.saturating_mul(width).saturating_add(pair);
                        if let Some(byte) = placed.get_mut(at) {
                            *byte = (even & 15) | (odd << 4);
                        }
                        if let Some(byte) = placed.get_mut(at.saturating_add(width.saturating_mul(16))) {
                            *byte = (even >> 4) | (odd & 0xF0);
                        }
                    }
                }
            }
            if more > 0 {
                for (row, further) in placed.chunks_exact_mut(width).zip(further.chunks_exact(more)) {
                    row.get_mut(code..).unwrap_or_default().copy_from_slice(further);
                }
            }
        }
        let skip = size(skip).saturating_mul(width).min(out.len());
        out.drain(..skip);
        out.truncate(size(count).saturating_mul(width));
        out
    }
}
