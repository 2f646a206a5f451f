//! Neighbouring rows: the bytes that they are in, and how these become one code after the other.

use super::stored::Codes;
use crate::bytes::Span;
use crate::decode::Blocks;
use crate::limits::WALK_BYTES;
use crate::window::{Read, Window};
use alloc::vec::Vec;

/// Neighbouring rows, as pieces of their vectors: one span for each level.
pub(super) struct Run {
    pub(super) rows: u64,
    /// Bytes that a row has in each span, and the span.
    pieces: Vec<(u64, Span)>,
    how: How,
}

/// How codes are made of the pieces.
enum How {
    /// They stand side by side.
    Joined,
    /// The only piece are whole blocks: their layout, and the rows to leave out at the start.
    Blocks(Blocks, u64),
    /// There is none: codes are numbers from this one on, of so many bytes.
    Numbers(u64, u64),
}

/// Rows from `row` on, at most `most`, of codes of `width` bytes that are in no lists.
pub(super) fn run_of(codes: &Codes<'_>, width: u64, row: u64, most: u64) -> Run {
    match *codes {
        Codes::Rows(array) => plain(array.span, width, row, most),
        Codes::Levels { array, batch_size, n_levels } => levels(array.span, width, batch_size, n_levels, row, most),
        Codes::Blocks { array, blocks } => in_blocks(array.span, blocks, row, most),
        Codes::Numbers => Run { rows: most, pieces: Vec::new(), how: How::Numbers(row, width) },
        Codes::Lists(..) => Run { rows: 0, pieces: Vec::new(), how: How::Joined },
    }
}

impl Run {
    /// From the first byte to the last.
    pub(super) fn all(&self) -> Span {
        let first = self.pieces.first().map_or(0, |(_, span)| span.start);
        Span::between(first, self.pieces.last().map_or(0, |(_, span)| span.end()))
    }

    /// The rows, each with its pieces side by side.
    pub(super) fn join(&self, window: &mut Window) -> Read<Vec<u8>> {
        match (self.pieces.as_slice(), &self.how) {
            ([(_, only)], How::Joined) => return window.take(*only),
            (_, How::Numbers(first, width)) => {
                let numbers = (0..self.rows).map(|after| first.saturating_add(after).to_le_bytes());
                let width = usize::try_from(*width).unwrap_or(8);
                return Ok(numbers.flat_map(|number| number.into_iter().take(width)).collect());
            }
            _ => {}
        }
        // Pieces that lie close together come in one request.
        let used: u64 = self.pieces.iter().map(|(_, span)| span.len).sum();
        if self.all().len <= used.saturating_mul(2) {
            window.bytes(self.all())?;
        }
        let pieces = self.pieces.iter().map(|&(_, span)| window.bytes(span)).collect::<Read<Vec<_>>>()?;
        if let ([only], How::Blocks(blocks, skip)) = (pieces.as_slice(), &self.how) {
            return Ok(blocks.unpack(only, *skip, self.rows));
        }
        let mut out = Vec::new();
        let widths = self.pieces.iter().map(|&(width, _)| usize::try_from(width).unwrap_or(usize::MAX).max(1));
        let mut pieces: Vec<_> = pieces.iter().zip(widths).map(|(piece, width)| piece.chunks(width)).collect();
        for _ in 0..self.rows {
            for piece in &mut pieces {
                out.extend_from_slice(piece.next().unwrap_or(&[]));
            }
        }
        Ok(out)
    }
}

/// Rows one after the other.
pub(super) fn plain(codes: Span, width: u64, row: u64, rows: u64) -> Run {
    let start = codes.start.saturating_add(row.saturating_mul(width));
    Run { rows, pieces: [(width, Span::new(start, rows.saturating_mul(width)))].into(), how: How::Joined }
}

/// Rows of one batch: in each level the pieces of all its rows stand one after the other. A level is
/// `ceil(d / n_levels)` floats wide, the last may be narrower, and levels beyond `d` are not there
/// (`Panorama::copy_codes_to_level_layout`, `impl/Panorama.cpp`, FAISS 1.15.0).
pub(super) fn levels(codes: Span, width: u64, batch_size: u64, n_levels: u64, row: u64, most: u64) -> Run {
    let (batch_size, d) = (batch_size.max(1), width >> 2);
    let batch = row.checked_div(batch_size).unwrap_or(0);
    let position = row.checked_rem(batch_size).unwrap_or(0);
    let rows = most.min(batch_size.saturating_sub(position));
    let start = codes.start.saturating_add(batch.saturating_mul(batch_size).saturating_mul(d).saturating_mul(4));
    let wide = d.div_ceil(n_levels.max(1)).max(1);
    let pieces = (0..d.div_ceil(wide)).map(|level| {
        let before = level.saturating_mul(wide);
        let width = wide.min(d.saturating_sub(before)).saturating_mul(4);
        let at = start
            .saturating_add(before.saturating_mul(4).saturating_mul(batch_size))
            .saturating_add(position.saturating_mul(width));
        (width, Span::new(at, rows.saturating_mul(width)))
    });
    Run { rows, pieces: pieces.collect(), how: How::Joined }
}

/// Rows side by side: the whole blocks that they are in.
pub(super) fn in_blocks(codes: Span, blocks: Blocks, row: u64, rows: u64) -> Run {
    let a_block = blocks.rows.max(1);
    // As many rows as fit in one request, whole blocks of them but for the first.
    let skip = row.checked_rem(a_block).unwrap_or(0);
    let most = WALK_BYTES.checked_div(blocks.bytes).unwrap_or(1).max(1).saturating_mul(a_block).saturating_sub(skip);
    let rows = rows.min(most);
    let first = row.saturating_sub(skip).checked_div(a_block).unwrap_or(0);
    let count = skip.saturating_add(rows).div_ceil(a_block);
    let start = codes.start.saturating_add(first.saturating_mul(blocks.bytes));
    let span = Span::new(start, count.saturating_mul(blocks.bytes));
    Run { rows, pieces: [(blocks.bytes, span)].into(), how: How::Blocks(blocks, skip) }
}
