//! Vectors that are kept when they are added, so that saving them later asks nothing back.
//!
//! Whoever adds vectors through a [`KeepingClient`] keeps them, with their ids, in memory up to a limit and beyond that in a file without a
//! name. A [`ServerSource`](crate::source::ServerSource) that is [given the cache](crate::source::ServerSource::keep) tells the planner which
//! rows are there. What is in it is a promise about rows of the server, so it is dropped whenever rows could have moved: when some are removed, the
//! index is reset, made again, or has another number of rows than what was added through here comes to.

use crate::{
    Cause,
    remote::{Client, Trouble},
};
use std::{fs, ops::Range, os::unix::fs::FileExt, path::PathBuf};

/// What a cache was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Hits {
    /// Rows that were asked for and there.
    pub hits: u64,
    /// Rows that were asked for and not there.
    pub misses: u64,
    /// Bytes in memory.
    pub memory: u64,
    /// Bytes in the file.
    pub spilled: u64,
    /// How often everything was dropped.
    pub dropped: u64,
}

/// Vectors and ids by row.
#[derive(Debug)]
pub struct VectorCache {
    d: u32,
    limit: u64,
    directory: PathBuf,
    /// Runs of rows, ascending, none over another.
    parts: Vec<Part>,
    memory: Vec<u8>,
    file: Option<fs::File>,
    hits: Hits,
}

/// Rows that were added together: their vectors, then their ids.
#[derive(Debug, Clone)]
struct Part {
    rows: Range<u64>,
    with_ids: bool,
    in_file: bool,
    at: u64,
}

impl VectorCache {
    /// An empty cache for vectors of `d` dimensions: `limit` bytes in memory, the rest in a file in `directory`.
    pub fn new(d: u32, limit: u64, directory: PathBuf) -> VectorCache {
        VectorCache { d, limit, directory, parts: Vec::new(), memory: Vec::new(), file: None, hits: Hits::default() }
    }

    /// Keep rows from `first` on: little-endian float32, and their ids where they have any.
    ///
    /// # Errors
    /// When the file cannot be written. Then nothing is kept at all.
    pub fn keep(&mut self, first: u64, floats: &[u8], ids: Option<&[i64]>) -> Result<(), Cause> {
        let row = u64::from(self.d) * 4;
        let rows = first..first + floats.len() as u64 / row.max(1);
        if self.parts.last().is_some_and(|last| rows.start < last.rows.end) {
            // Rows that are added again are others now, and so may be those behind them.
            self.drop_all();
        }
        if rows.is_empty() {
            return Ok(());
        }
        let ids_bytes: Vec<u8> = ids.unwrap_or_default().iter().flat_map(|id| id.to_le_bytes()).collect();
        let (with_ids, len) = (ids.is_some(), (floats.len() + ids_bytes.len()) as u64);
        let in_file = self.file.is_some() || self.memory.len() as u64 + len > self.limit;
        let at = if in_file { self.hits.spilled } else { self.memory.len() as u64 };
        if in_file {
            let written = self.spill(at, floats, &ids_bytes);
            if written.is_err() {
                self.drop_all();
                return written;
            }
            self.hits.spilled += len;
        } else {
            self.memory.extend_from_slice(floats);
            self.memory.extend_from_slice(&ids_bytes);
            self.hits.memory = self.memory.len() as u64;
        }
        self.parts.push(Part { rows, with_ids, in_file, at });
        Ok(())
    }

    fn spill(&mut self, at: u64, floats: &[u8], ids: &[u8]) -> Result<(), Cause> {
        let file = match &self.file {
            Some(file) => file,
            None => self.file.insert(tempfile::tempfile_in(&self.directory)?),
        };
        file.write_all_at(floats, at)?;
        Ok(file.write_all_at(ids, at + floats.len() as u64)?)
    }

    /// Forget everything: rows were removed, or are others now.
    pub fn drop_all(&mut self) {
        self.hits.dropped += u64::from(!self.parts.is_empty());
        (self.hits.memory, self.hits.spilled) = (0, 0);
        (self.parts, self.memory, self.file) = (Vec::new(), Vec::new(), None);
    }

    /// The rows that are there, in runs.
    pub fn runs(&self) -> Vec<Range<u64>> {
        let mut out: Vec<Range<u64>> = Vec::new();
        for part in &self.parts {
            match out.last_mut().filter(|last| last.end == part.rows.start) {
                Some(last) => last.end = part.rows.end,
                None => out.push(part.rows.clone()),
            }
        }
        out
    }

    /// Whether the ids of all of so many rows are there.
    pub fn has_ids_of_all(&self, rows: u64) -> bool {
        let whole = 0..rows;
        self.runs() == [whole] && self.parts.iter().all(|part| part.with_ids)
    }

    /// The vectors of `rows`, little-endian float32; `None` unless all are there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn vectors(&mut self, rows: Range<u64>) -> Result<Option<Vec<u8>>, Cause> {
        let row = u64::from(self.d) * 4;
        let out = self.collect(&rows, |part, rows| Some((part.at + (rows.start - part.rows.start) * row, row)))?;
        let count = rows.end - rows.start;
        match &out {
            Some(_) => self.hits.hits += count,
            None => self.hits.misses += count,
        }
        Ok(out)
    }

    /// The ids of `rows`; `None` unless all are there.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn ids(&self, rows: Range<u64>) -> Result<Option<Vec<i64>>, Cause> {
        let row = u64::from(self.d) * 4;
        let place = |part: &Part, rows: &Range<u64>| {
            let vectors = (part.rows.end - part.rows.start) * row;
            part.with_ids.then(|| (part.at + vectors + (rows.start - part.rows.start) * 8, 8))
        };
        let bytes = self.collect(&rows, place)?;
        Ok(bytes.map(|bytes| bytes.as_chunks::<8>().0.iter().map(|id| i64::from_le_bytes(*id)).collect()))
    }

    /// What it was good for.
    pub fn tally(&self) -> Hits {
        self.hits
    }

    /// The bytes of `rows` from all parts; `place` says where those of some rows begin in a part, and how long one is.
    fn collect(
        &self,
        rows: &Range<u64>,
        place: impl Fn(&Part, &Range<u64>) -> Option<(u64, u64)>,
    ) -> Result<Option<Vec<u8>>, Cause> {
        let (mut out, mut next) = (Vec::new(), rows.start);
        for part in self.parts.iter().filter(|part| part.rows.start < rows.end && part.rows.end > rows.start) {
            let these = part.rows.start.max(rows.start)..part.rows.end.min(rows.end);
            let Some((at, each)) = place(part, &these).filter(|_| these.start == next) else { return Ok(None) };
            let len = ((these.end - these.start) * each) as usize;
            match &self.file {
                Some(file) if part.in_file => {
                    let had = out.len();
                    out.resize(had + len, 0);
                    file.read_exact_at(&mut out[had..], at)?;
                }
                _ => out.extend_from_slice(&self.memory[at as usize..at as usize + len]),
            }
            next = these.end;
        }
        Ok((next == rows.end).then_some(out))
    }
}

/// A client that keeps what it adds to one index.
#[derive(Debug)]
pub struct KeepingClient {
    client: Client,
    index: String,
    cache: VectorCache,
}

impl KeepingClient {
    /// Keep what is added to `index` through `client`.
    pub fn new(client: Client, index: &str, cache: VectorCache) -> KeepingClient {
        KeepingClient { client, index: index.into(), cache }
    }

    /// Add vectors, with ids where the index has any, and keep them. Gives the number of vectors in the index then.
    ///
    /// # Errors
    /// When the server refuses, or what became of it is not known; then everything that was kept is dropped.
    pub fn add(&mut self, vectors: &[u8], ids: Option<&[i64]>) -> Result<u64, Cause> {
        let added = self.client.add(&self.index, vectors, self.cache.d, ids);
        let total = match added {
            Ok(total) => total,
            Err(trouble) => {
                if !matches!(trouble, Trouble::Denied(_)) {
                    self.cache.drop_all();
                }
                return Err(trouble.into());
            }
        };
        let count = vectors.len() as u64 / 4 / u64::from(self.cache.d).max(1);
        self.cache.keep(total.saturating_sub(count), vectors, ids)?;
        Ok(total)
    }

    /// Remove all vectors (`reset`), here too.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn reset(&mut self) -> Result<(), Cause> {
        self.cache.drop_all();
        Ok(self.client.reset(&self.index)?)
    }

    /// Delete the index, and what is kept of it.
    ///
    /// # Errors
    /// When the server refuses.
    pub fn delete(&mut self) -> Result<(), Cause> {
        self.cache.drop_all();
        Ok(self.client.delete(&self.index)?)
    }

    /// Everything that is kept.
    pub fn into_cache(self) -> VectorCache {
        self.cache
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn floats(rows: Range<u64>) -> Vec<u8> {
        rows.flat_map(|row| [(row as f32).to_le_bytes(), (-(row as f32)).to_le_bytes()]).flatten().collect()
    }

    #[test]
    fn what_does_not_fit_into_memory_is_in_a_file_and_reads_alike() {
        for limit in [0, 100, 1 << 20] {
            let dir = tempfile::tempdir().unwrap();
            let mut cache = VectorCache::new(2, limit, dir.path().into());
            for first in (0..60).step_by(5) {
                let ids: Vec<i64> = (first..first + 5).map(|row| row as i64 * 9).collect();
                cache.keep(first, &floats(first..first + 5), Some(&ids)).unwrap();
            }
            let whole = 0..60;
            assert_eq!(cache.runs(), [whole]);
            assert_eq!(cache.vectors(3..58).unwrap().unwrap(), floats(3..58));
            assert_eq!(cache.ids(12..14).unwrap().unwrap(), [108, 117]);
            assert!(cache.has_ids_of_all(60) && !cache.has_ids_of_all(61));
            assert_eq!(cache.vectors(59..61).unwrap(), None);
            let hits = cache.tally();
            assert_eq!((hits.hits, hits.misses), (55, 2));
            assert!(hits.memory <= limit && hits.memory + hits.spilled == 60 * 16, "{hits:?}");
        }
    }

    #[test]
    fn a_gap_is_one_and_rows_that_come_again_drop_what_was_there() {
        let dir = tempfile::tempdir().unwrap();
        let mut cache = VectorCache::new(2, 1 << 20, dir.path().into());
        cache.keep(0, &floats(0..4), None).unwrap();
        cache.keep(10, &floats(10..14), None).unwrap();
        assert_eq!(cache.runs(), [0..4, 10..14]);
        assert_eq!((cache.vectors(2..12).unwrap(), cache.ids(0..2).unwrap()), (None, None));
        cache.keep(12, &floats(12..13), None).unwrap();
        let one = 12..13;
        assert_eq!(cache.runs(), [one]);
        cache.drop_all();
        assert!(cache.runs().is_empty());
        assert_eq!(cache.tally().dropped, 2);
    }
}
