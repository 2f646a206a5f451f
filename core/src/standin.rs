//! The FAISS stream that stands in for an index whose own bytes could not be had.
//!
//! An index behind a server gives ids and vectors, not a stream. What is kept then is what FAISS
//! itself writes for those ids and vectors in an `IndexIDMap2` over an `IndexFlat`, byte for byte, so
//! FAISS, the viewer and every check read one kind of file. Rows without ids of their own are given
//! their number. The stream says nothing of what it stands for; a snapshot's recipe does.
//!
//! The other two [`Shape`]s, an `IndexFlat` alone and in an `IndexIDMap`, stand in for nothing: they are the simplest
//! indexes there are, for tests.
//!
//! [`StandIn`] knows every length before the first byte; [`StandIn::pieces`] yields the stream in
//! order, in bounded memory, vectors first and then ids, as FAISS does (`write_index`, `IndexIDMap`
//! and `IndexFlat`, FAISS 1.15.0). Equal input gives equal bytes.

use crate::error::Error;
use crate::ids::ExternalId;
use crate::limits::MAX_DIMENSION;
use alloc::vec::Vec;

/// FAISS's numbers of the two metrics that an `IndexFlat` has a code of its own for.
const INNER_PRODUCT: i32 = 0;
const L2: i32 = 1;
/// Written in every index header and meaning nothing (`write_index_header`).
const FILLER: i64 = 1 << 20;
/// Ids in one piece.
const IDS: usize = 1 << 13;

/// What is around the `IndexFlat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// Nothing: no ids are stored.
    Flat,
    /// An `IndexIDMap`.
    IdMap,
    /// An `IndexIDMap2`, which FAISS can also ask for the vector of an id.
    IdMap2,
}

/// A stand-in stream: what must be known before its first byte.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct StandIn {
    shape: Shape,
    d: u32,
    metric_type: i32,
    metric_arg: f32,
    rows: u64,
    len: u64,
}

impl StandIn {
    /// The stream for `rows` vectors of `d` floats. `metric_type` is FAISS's number (0 inner product,
    /// 1 L2); `metric_arg` is stored only where FAISS does, for numbers above 1.
    ///
    /// # Errors
    /// A dimension that is 0 or above what FAISS reads, a negative metric, a length above 2^63.
    pub fn new(d: u32, metric_type: i32, metric_arg: f32, rows: u64) -> Result<StandIn, Error> {
        StandIn::shaped(Shape::IdMap2, d, metric_type, metric_arg, rows)
    }

    /// The stream of this shape; otherwise as [`new`](StandIn::new).
    ///
    /// # Errors
    /// As [`new`](StandIn::new).
    pub fn shaped(shape: Shape, d: u32, metric_type: i32, metric_arg: f32, rows: u64) -> Result<StandIn, Error> {
        if d == 0 || u64::from(d) > MAX_DIMENSION {
            return Err(Error::invalid(4, "d is 1..=1048576", d).inside("d"));
        }
        if metric_type < 0 {
            return Err(Error::invalid(33, "metric_type is not negative", metric_type).inside("metric_type"));
        }
        let mut stand_in = StandIn { shape, d, metric_type, metric_arg, rows, len: 0 };
        let (id, count) = if shape == Shape::Flat { (0, 0) } else { (8, 8) };
        let counts =
            u64::from(d).checked_mul(4).and_then(|row| row.checked_add(id)).and_then(|row| row.checked_mul(rows));
        stand_in.len = counts
            .and_then(|rows| rows.checked_add(stand_in.head().len() as u64)?.checked_add(count))
            .filter(|&len| i64::try_from(len).is_ok())
            .ok_or_else(|| Error::invalid(8, "a stream is shorter than 2^63 bytes", rows).inside("ntotal"))?;
        Ok(stand_in)
    }

    /// Length of the whole stream in bytes.
    pub fn stream_len(&self) -> u64 {
        self.len
    }

    /// Everything before the first vector: both headers and the count of floats.
    fn head(&self) -> Vec<u8> {
        let flat = match self.metric_type {
            INNER_PRODUCT => b"IxFI",
            L2 => b"IxF2",
            _ => b"IxFl",
        };
        let around = match self.shape {
            Shape::Flat => None,
            Shape::IdMap => Some(b"IxMp"),
            Shape::IdMap2 => Some(b"IxM2"),
        };
        let mut out = Vec::new();
        for tag in around.into_iter().chain([flat]) {
            out.extend_from_slice(tag);
            out.extend_from_slice(&self.d.to_le_bytes());
            out.extend_from_slice(&self.rows.to_le_bytes());
            out.extend_from_slice(&FILLER.to_le_bytes());
            out.extend_from_slice(&FILLER.to_le_bytes());
            out.push(1); // is_trained
            out.extend_from_slice(&self.metric_type.to_le_bytes());
            if self.metric_type > L2 {
                out.extend_from_slice(&self.metric_arg.to_le_bytes());
            }
        }
        out.extend_from_slice(&self.rows.saturating_mul(self.d.into()).to_le_bytes());
        out
    }

    /// The stream in order. `vectors` are little-endian floats, row after row, in pieces cut anywhere
    /// and at the end `rows * d * 4` bytes; `ids` are one for each row, and
    /// none for [`Shape::Flat`].
    ///
    /// Yields an error, and then nothing more, when more or fewer come than were said.
    pub fn pieces<V, I>(&self, vectors: V, ids: I) -> Pieces<V::IntoIter, I::IntoIter>
    where
        V: IntoIterator<Item = Vec<u8>>,
        I: IntoIterator<Item = ExternalId>,
    {
        Pieces {
            head: Some(self.head()),
            vectors: vectors.into_iter(),
            codes_left: self.rows.saturating_mul(u64::from(self.d).saturating_mul(4)),
            counted: self.shape == Shape::Flat,
            ids: ids.into_iter(),
            ids_left: if self.shape == Shape::Flat { 0 } else { self.rows },
            stand_in: *self,
            at: 0,
            ended: false,
        }
    }
}

/// The pieces of a stand-in stream; see [`StandIn::pieces`].
#[derive(Debug)]
pub struct Pieces<V, I> {
    stand_in: StandIn,
    head: Option<Vec<u8>>,
    vectors: V,
    codes_left: u64,
    counted: bool,
    ids: I,
    ids_left: u64,
    at: u64,
    ended: bool,
}

impl<V: Iterator<Item = Vec<u8>>, I: Iterator<Item = ExternalId>> Iterator for Pieces<V, I> {
    type Item = Result<Vec<u8>, Error>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.ended {
            return None;
        }
        let piece = self.piece();
        match &piece {
            Some(Ok(piece)) => self.at = self.at.saturating_add(piece.len() as u64),
            Some(Err(_)) | None => self.ended = true,
        }
        piece
    }
}

impl<V: Iterator<Item = Vec<u8>>, I: Iterator<Item = ExternalId>> Pieces<V, I> {
    fn piece(&mut self) -> Option<Result<Vec<u8>, Error>> {
        if let Some(head) = self.head.take() {
            return Some(Ok(head));
        }
        if let Some(piece) = self.vectors.find(|piece| !piece.is_empty()) {
            let left = self.codes_left.checked_sub(piece.len() as u64);
            return Some(left.map(|left| self.codes_left = left).map(|()| piece).ok_or_else(|| self.too_many("codes")));
        }
        if self.codes_left > 0 {
            return Some(Err(self.wrong("codes", self.codes_left, "fewer bytes")));
        }
        if !self.counted {
            self.counted = true;
            return Some(Ok(self.stand_in.rows.to_le_bytes().into()));
        }
        let piece: Vec<u8> = self.ids.by_ref().take(IDS).flat_map(|ExternalId(id)| id.to_le_bytes()).collect();
        if piece.is_empty() {
            return (self.ids_left > 0).then(|| Err(self.wrong("id_map", self.ids_left, "fewer ids")));
        }
        let left = self.ids_left.checked_sub(piece.len() as u64 / 8);
        Some(left.map(|left| self.ids_left = left).map(|()| piece).ok_or_else(|| self.too_many("id_map")))
    }

    fn too_many(&self, part: &str) -> Error {
        Error::inconsistent(self.at, "one vector and one id a row", self.stand_in.rows, "more").inside(part)
    }

    fn wrong(&self, part: &str, left: u64, what: &str) -> Error {
        let found = alloc::format!("{left} {what}");
        Error::inconsistent(self.at, "one vector and one id a row", self.stand_in.rows, found).inside(part)
    }
}

#[cfg(test)]
#[allow(clippy::arithmetic_side_effects)]
mod tests {
    use super::*;
    use alloc::{format, string::ToString, vec};

    fn ids(ids: &[i64]) -> impl Iterator<Item = ExternalId> + '_ {
        ids.iter().map(|&id| ExternalId(id))
    }

    #[test]
    fn lengths_are_known_before_the_first_byte() {
        for metric in [0, 1, 4] {
            let stand_in = StandIn::new(3, metric, 2.5, 2).unwrap();
            let stream: Vec<u8> = stand_in
                .pieces([vec![1; 5], vec![], vec![2; 19]], ids(&[-1, 7]))
                .flat_map(|piece| piece.unwrap())
                .collect();
            assert_eq!(stream.len() as u64, stand_in.stream_len());
            let tail: Vec<u8> = [2_i64, -1, 7].iter().flat_map(|n| n.to_le_bytes()).collect();
            assert!(stream.ends_with(&tail));
            assert_eq!(stream.len() - tail.len() - 24, 82 + if metric > 1 { 8 } else { 0 });
        }
    }

    #[test]
    fn more_or_fewer_than_said_is_an_error_and_the_end() {
        let stand_in = StandIn::new(2, 1, 0.0, 2).unwrap();
        let end = |vectors: Vec<Vec<u8>>, ids_: &[i64]| {
            let mut pieces = stand_in.pieces(vectors, ids(ids_));
            let error = pieces.find_map(|piece| piece.err()).map(|error| error.to_string());
            assert!(pieces.next().is_none());
            error.unwrap_or_default()
        };
        assert_eq!(end(vec![vec![0; 16]], &[1, 2]), "");
        let said = "while reading codes: one vector and one id a row: expected 2, found";
        assert_eq!(end(vec![vec![0; 17]], &[1, 2]), format!("inconsistent at byte 82 {said} more"));
        assert_eq!(end(vec![vec![0; 15]], &[1, 2]), format!("inconsistent at byte 97 {said} 1 fewer bytes"));
        let said = "while reading id_map: one vector and one id a row: expected 2, found";
        assert_eq!(end(vec![vec![0; 16]], &[1]), format!("inconsistent at byte 114 {said} 1 fewer ids"));
        assert_eq!(end(vec![vec![0; 16]], &[1, 2, 3]), format!("inconsistent at byte 106 {said} more"));
    }

    #[test]
    fn what_faiss_would_not_read_is_refused() {
        assert_eq!(
            StandIn::new(0, 1, 0.0, 1).unwrap_err().to_string(),
            "invalid at byte 4 while reading d: d is 1..=1048576: found 0"
        );
        assert!(StandIn::new(4, -1, 0.0, 1).is_err());
        assert!(StandIn::new(4, 1, 0.0, u64::MAX / 8).is_err());
    }
}
