//! Whether two runs of bytes are equal, piece by piece.

use super::Which;
use crate::bytes::Span;
use crate::error::Error;
use crate::limits::WALK_BYTES;
use crate::window::{Stop, Window};
use alloc::{string::String, vec::Vec};

/// Two runs of bytes of equal meaning.
#[derive(Debug, Clone)]
pub(super) struct Pair {
    /// What they are.
    pub(super) path: String,
    /// Their type and shape.
    pub(super) what: String,
    pub(super) a: Span,
    pub(super) b: Span,
    /// Entries of 16 bytes whose order means nothing are added up.
    pub(super) any_order: Option<[u128; 2]>,
    /// It is read to know whether codes can be compared, not for the report.
    pub(super) decodes: bool,
}

/// The bytes that have arrived, of each side.
pub(super) struct Windows {
    a: Window,
    b: Window,
}

pub(super) enum Answer {
    Need(Which, Span),
    Same,
    Differs,
}

impl Windows {
    pub(super) fn new(a: u64, b: u64) -> Windows {
        Windows { a: Window::new(a), b: Window::new(b) }
    }

    pub(super) fn insert(&mut self, which: Which, at: u64, bytes: &[u8]) {
        match which {
            Which::A => self.a.insert(at, bytes),
            Which::B => self.b.insert(at, bytes),
        }
    }
}

impl Pair {
    pub(super) fn new(path: String, what: String, a: Span, b: Span, any_order: bool) -> Pair {
        Pair { path, what, a, b, any_order: any_order.then_some([0; 2]), decodes: false }
    }

    /// The same pair, read to know whether codes can be compared.
    pub(super) fn of_decoder(self) -> Pair {
        Pair { decodes: true, ..self }
    }

    pub(super) fn step(&mut self, windows: &mut Windows) -> Result<Answer, Error> {
        if self.a.len != self.b.len {
            return Ok(Answer::Differs);
        }
        while !self.a.is_empty() {
            let len = self.a.len.min(WALK_BYTES);
            let (part_a, part_b) = (Span::new(self.a.start, len), Span::new(self.b.start, len));
            let one = match windows.a.bytes(part_a) {
                Ok(bytes) => bytes,
                Err(Stop::Need(span)) => return Ok(Answer::Need(Which::A, span)),
                Err(Stop::Bad(error)) => return Err(error.inside("a")),
            };
            let other = match windows.b.bytes(part_b) {
                Ok(bytes) => bytes,
                Err(Stop::Need(span)) => return Ok(Answer::Need(Which::B, span)),
                Err(Stop::Bad(error)) => return Err(error.inside("b")),
            };
            windows.a = Window::new(windows.a.file_len());
            windows.b = Window::new(windows.b.file_len());
            match &mut self.any_order {
                None if one != other => return Ok(Answer::Differs),
                None => {}
                Some([sum_a, sum_b]) => {
                    *sum_a = sum_a.wrapping_add(sum(&one));
                    *sum_b = sum_b.wrapping_add(sum(&other));
                }
            }
            self.a = Span::between(part_a.end(), self.a.end());
            self.b = Span::between(part_b.end(), self.b.end());
        }
        let equal = self.any_order.is_none_or(|[a, b]| a == b);
        Ok(if equal { Answer::Same } else { Answer::Differs })
    }
}

/// The entries of 16 bytes, in no order.
fn sum(bytes: &[u8]) -> u128 {
    let entries: Vec<u128> = bytes.as_chunks::<16>().0.iter().map(|entry| digest(entry)).collect();
    entries.into_iter().fold(0, u128::wrapping_add)
}

/// 128 bits of the BLAKE3 of some bytes.
pub(super) fn digest(bytes: &[u8]) -> u128 {
    let hash = blake3::hash(bytes);
    let first: [u8; 16] = hash.as_bytes().first_chunk().copied().unwrap_or_default();
    u128::from_le_bytes(first)
}
