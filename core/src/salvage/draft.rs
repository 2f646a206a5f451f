//! A new stream as the old one with edits.
//!
//! What is not edited is copied, so the draft cannot forget a byte; and before it becomes pieces, every span that
//! it copies is held against the damage, so it cannot copy a damaged one either.

use super::{Piece, spans::Damaged};
use crate::bytes::Span;
use alloc::{collections::BTreeMap, vec::Vec};

/// Edits of a stream, by the first byte that they replace.
#[derive(Debug, Default)]
pub(super) struct Draft {
    /// What comes before the first byte.
    pub(super) before: Vec<Piece>,
    edits: BTreeMap<u64, (u64, Vec<Piece>)>,
    /// What comes after the last.
    pub(super) after: Vec<Piece>,
}

impl Draft {
    /// Put `pieces` in the place of `old`. Spans of edits do not meet; of an empty one there is nothing to replace.
    ///
    /// An edit right behind another becomes one with it: of a hundred thousand lists that go, one edit is left.
    pub(super) fn replace(&mut self, old: Span, pieces: Vec<Piece>) {
        if old.is_empty() {
            return;
        }
        match self.edits.range_mut(..old.start).next_back() {
            Some((_, (end, before))) if *end == old.start => {
                *end = old.end();
                pieces.into_iter().for_each(|piece| push(before, piece));
            }
            _ => {
                self.edits.insert(old.start, (old.end(), pieces));
            }
        }
    }

    /// The pieces of the new stream, the old one ending at `end`.
    ///
    /// # Errors
    /// The first damaged bytes that would be copied.
    pub(super) fn pieces(self, end: u64, damaged: &Damaged) -> Result<Vec<Piece>, Span> {
        let mut out = Vec::new();
        let mut at = 0;
        self.before.into_iter().for_each(|piece| push(&mut out, piece));
        for (start, (after, pieces)) in self.edits {
            push(&mut out, Piece::Copy(Span::between(at, start)));
            pieces.into_iter().for_each(|piece| push(&mut out, piece));
            at = after.max(at);
        }
        push(&mut out, Piece::Copy(Span::between(at, end)));
        self.after.into_iter().for_each(|piece| push(&mut out, piece));
        let bad = out.iter().find_map(|piece| match piece {
            Piece::Copy(span) | Piece::Renumbered(span) => damaged.within(*span).next(),
            Piece::New(_) | Piece::Numbers(_) => None,
        });
        bad.map_or(Ok(out), Err)
    }
}

/// Add a piece, in one with the last where that is of its kind.
fn push(out: &mut Vec<Piece>, piece: Piece) {
    if piece.is_empty() {
        return;
    }
    match (out.last_mut(), piece) {
        (Some(Piece::Copy(last)), Piece::Copy(next)) if last.end() == next.start => {
            *last = Span::between(last.start, next.end());
        }
        (Some(Piece::New(last)), Piece::New(next)) => last.extend_from_slice(&next),
        (_, piece) => out.push(piece),
    }
}
