//! What a plan says, and how its pieces become bytes.

use super::spans::Runs;
use crate::bytes::Span;
use alloc::{format, string::String, vec::Vec};
use core::{fmt, ops::Range};

/// How to make a stream without the damaged rows.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    /// Rows of the old stream, as [`crate::ids`] counts them.
    pub rows: u64,
    /// Rows that are left out, in ascending order.
    pub left_out: Vec<LeftOut>,
    /// What else is left out.
    pub dropped: Vec<Dropped>,
    /// Whether the rest stands in an `IndexIDMap2` that maps to the old row numbers.
    pub is_wrapped: bool,
    /// Rows by whose number others shift.
    pub(super) gone: Runs,
    pieces: Vec<Piece>,
    /// Where each piece starts in the new stream.
    starts: Vec<u64>,
    len: u64,
}

/// A part of the new stream.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Piece {
    /// These bytes of the old one.
    Copy(Span),
    /// These bytes.
    New(Vec<u8>),
    /// Row numbers of the old one, `i64` each, which become those of the new one.
    Renumbered(Span),
    /// The numbers of these rows, `i64` each.
    Numbers(Range<u64>),
}

/// Neighbouring rows that are left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LeftOut {
    /// The rows.
    pub rows: Range<u64>,
    /// Their ids.
    pub ids: LostIds,
}

/// Where the ids of rows are that are left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LostIds {
    /// They are the rows' numbers.
    Numbers,
    /// In these good bytes of the old stream.
    At(Span),
    /// Their bytes are damaged.
    Unknown,
}

/// Something that is left out as a whole and is no row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dropped {
    /// What it is, and of which class: `the graph of IndexHNSWFlat`.
    pub what: String,
    /// Why, and what to do about it.
    pub why: &'static str,
}

/// Damage that cannot be left out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The damaged bytes of the stream.
    pub span: Span,
    /// What lies there: names from the outermost record.
    pub path: String,
    /// Why it cannot go.
    pub reason: String,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let colon = if self.path.is_empty() { "" } else { ": " };
        write!(f, "bytes {} of the stream{colon}{} cannot be left out: {}", self.span, self.path, self.reason)
    }
}

impl Piece {
    /// Its length in bytes.
    pub fn len(&self) -> u64 {
        match self {
            Piece::Copy(span) | Piece::Renumbered(span) => span.len,
            Piece::New(bytes) => bytes.len() as u64,
            Piece::Numbers(rows) => rows.end.saturating_sub(rows.start).saturating_mul(8),
        }
    }

    /// Whether there is no byte.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl Plan {
    pub(super) fn new(rows: u64, pieces: Vec<Piece>) -> Plan {
        let mut len = 0u64;
        let mut starts = Vec::with_capacity(pieces.len());
        for piece in &pieces {
            starts.push(len);
            len = len.saturating_add(piece.len());
        }
        let (left_out, dropped, gone) = (Vec::new(), Vec::new(), Runs::default());
        Plan { rows, left_out, dropped, is_wrapped: false, gone, pieces, starts, len }
    }

    /// The plan for a stream of `len` bytes of which nothing is left out.
    pub fn whole(len: u64) -> Plan {
        Plan::new(0, alloc::vec![Piece::Copy(Span::new(0, len))])
    }

    /// Length of the new stream in bytes.
    pub fn stream_len(&self) -> u64 {
        self.len
    }

    /// The pieces of the new stream, in order.
    pub fn pieces(&self) -> &[Piece] {
        &self.pieces
    }

    /// How many rows are left out.
    pub fn rows_left_out(&self) -> u64 {
        self.left_out.iter().fold(0, |sum, left| sum.saturating_add(left.rows.end.saturating_sub(left.rows.start)))
    }

    /// Whether the new stream is the old one.
    pub fn is_whole(&self) -> bool {
        self.left_out.is_empty() && self.dropped.is_empty()
    }

    /// The piece with byte `at` of the new stream, and where in it that byte is.
    pub fn find(&self, at: u64) -> Option<(&Piece, u64)> {
        let number = self.starts.partition_point(|&start| start <= at).checked_sub(1)?;
        let offset = at.saturating_sub(*self.starts.get(number)?);
        self.pieces.get(number).filter(|piece| offset < piece.len()).map(|piece| (piece, offset))
    }

    /// The bytes of the old stream that `part` of a piece is made of: whole ids where those are renumbered.
    pub fn source(&self, piece: &Piece, part: Span) -> Option<Span> {
        match piece {
            Piece::Copy(span) => Some(Span::new(span.start.saturating_add(part.start), part.len)),
            Piece::Renumbered(span) => {
                let whole = eights(part);
                Some(Span::new(span.start.saturating_add(whole.start), whole.len))
            }
            Piece::New(_) | Piece::Numbers(_) => None,
        }
    }

    /// The bytes of `part` of a piece. `source` are those that [`Plan::source`] names, empty where it names none.
    pub fn make(&self, piece: &Piece, part: Span, source: &[u8]) -> Vec<u8> {
        let whole = eights(part);
        let ids: Vec<u8> = match piece {
            Piece::Copy(_) => return source.into(),
            Piece::New(bytes) => return crate::bytes::slice(bytes, part).into(),
            Piece::Renumbered(_) => {
                let ids = source.as_chunks::<8>().0.iter().map(|id| self.renumber(i64::from_le_bytes(*id)));
                ids.flat_map(i64::to_le_bytes).collect()
            }
            Piece::Numbers(rows) => {
                let row = |number: u64| rows.start.saturating_add(number);
                (row(whole.start / 8)..row(whole.end() / 8)).flat_map(u64::to_le_bytes).collect()
            }
        };
        crate::bytes::slice(&ids, Span::new(part.start.saturating_sub(whole.start), part.len)).into()
    }

    /// The number that a row has when those before it are gone.
    fn renumber(&self, row: i64) -> i64 {
        let (before, _) = self.gone.before(u64::try_from(row).unwrap_or(0));
        row.saturating_sub_unsigned(before)
    }
}

/// `part` of a run of 64-bit numbers, widened to whole ones.
fn eights(part: Span) -> Span {
    Span::between(part.start & !7, part.end().div_ceil(8).saturating_mul(8))
}

impl fmt::Display for Plan {
    /// As a sentence: `leaves out 683 of 2000 rows, and the graph of IndexHNSWFlat (its links refer to rows)`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_whole() {
            return f.write_str("leaves nothing out");
        }
        match self.rows_left_out() {
            0 => f.write_str("leaves out no row")?,
            some => write!(f, "leaves out {some} of {} rows", self.rows)?,
        }
        for dropped in &self.dropped {
            f.write_str(&format!(", and {} ({})", dropped.what, dropped.why))?;
        }
        match self.is_wrapped {
            true => f.write_str("; the others are in an IndexIDMap2 under their old row numbers"),
            false => Ok(()),
        }
    }
}
