//! Sorting more pairs than memory holds: runs go to an unnamed file and are merged from there.

use std::{
    cmp::Reverse,
    collections::BinaryHeap,
    fs,
    io::{self, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// An id and its row.
pub type Pair = (i64, u64);

/// Pairs of one run: 16 MiB.
const RUN: usize = 1 << 20;

/// Pairs read at once from each run when they are merged.
const MERGED: usize = 1 << 12;

/// Bytes of a pair in the file.
const WIDTH: usize = 16;

/// Collects pairs and gives them back sorted.
#[derive(Debug)]
pub struct Sorter {
    directory: PathBuf,
    held: Vec<Pair>,
    file: Option<fs::File>,
    /// Where runs lie in the file: first pair and number of pairs.
    runs: Vec<(u64, u64)>,
    written: u64,
}

impl Sorter {
    /// With room for runs in `directory`; nothing is made there until it is needed, and it never has a name.
    pub fn new(directory: &Path) -> Sorter {
        Sorter { directory: directory.into(), held: Vec::new(), file: None, runs: Vec::new(), written: 0 }
    }

    /// Take a pair.
    ///
    /// # Errors
    /// When a run cannot be written.
    pub fn push(&mut self, pair: Pair) -> io::Result<()> {
        self.held.push(pair);
        if self.held.len() == RUN {
            self.held.sort_unstable();
            let run = std::mem::take(&mut self.held);
            self.push_run(run.iter().copied())?;
            self.held = run;
            self.held.clear();
        }
        Ok(())
    }

    /// Take pairs that ascend already.
    ///
    /// # Errors
    /// When they cannot be written.
    pub fn push_run(&mut self, run: impl Iterator<Item = Pair>) -> io::Result<()> {
        let file = match &mut self.file {
            Some(file) => file,
            none => none.insert(tempfile::tempfile_in(&self.directory)?),
        };
        let mut out = io::BufWriter::with_capacity(1 << 16, &*file);
        let mut count = 0;
        for (id, row) in run {
            out.write_all(&id.to_le_bytes())?;
            out.write_all(&row.to_le_bytes())?;
            count += 1;
        }
        out.flush()?;
        self.runs.push((self.written, count));
        self.written += count;
        Ok(())
    }

    /// How many pairs it was given.
    pub fn count(&self) -> u64 {
        self.written + self.held.len() as u64
    }

    /// All pairs, ascending.
    ///
    /// # Errors
    /// When the runs cannot be read back; each item too.
    pub fn sorted(mut self) -> io::Result<impl Iterator<Item = io::Result<Pair>>> {
        self.held.sort_unstable();
        let mut sources = vec![Source { pairs: std::mem::take(&mut self.held).into_iter(), next: 0, left: 0 }];
        sources.extend(self.runs.iter().map(|&(next, left)| Source { pairs: Vec::new().into_iter(), next, left }));
        let mut merge = Merge { file: self.file, heap: BinaryHeap::new(), sources };
        for number in 0..merge.sources.len() {
            merge.refill(number)?;
        }
        Ok(merge)
    }
}

struct Merge {
    file: Option<fs::File>,
    heap: BinaryHeap<Reverse<(Pair, usize)>>,
    sources: Vec<Source>,
}

/// A run that is being read.
struct Source {
    pairs: std::vec::IntoIter<Pair>,
    next: u64,
    left: u64,
}

impl Merge {
    /// Put the next pair of run `number` into the heap.
    fn refill(&mut self, number: usize) -> io::Result<()> {
        let source = &mut self.sources[number];
        if source.pairs.len() == 0 && source.left > 0 {
            let now = source.left.min(MERGED as u64);
            let mut bytes = vec![0; now as usize * WIDTH];
            let Some(file) = &self.file else { return Ok(()) };
            file.read_exact_at(&mut bytes, source.next * WIDTH as u64)?;
            (source.next, source.left) = (source.next + now, source.left - now);
            let (chunks, _) = bytes.as_chunks::<8>();
            let numbers: Vec<u64> = chunks.iter().map(|chunk| u64::from_le_bytes(*chunk)).collect();
            let (pairs, _) = numbers.as_chunks::<2>();
            source.pairs = pairs.iter().map(|&[id, row]| (id.cast_signed(), row)).collect::<Vec<_>>().into_iter();
        }
        if let Some(pair) = source.pairs.next() {
            self.heap.push(Reverse((pair, number)));
        }
        Ok(())
    }
}

impl Iterator for Merge {
    type Item = io::Result<Pair>;

    fn next(&mut self) -> Option<io::Result<Pair>> {
        let Reverse((pair, number)) = self.heap.pop()?;
        Some(self.refill(number).map(|()| pair))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_on_disk_and_in_memory_come_back_as_one() {
        let dir = tempfile::tempdir().unwrap();
        let mut sorter = Sorter::new(dir.path());
        let count = RUN as u64 * 2 + 777;
        for row in 0..count {
            sorter.push(((row.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20).cast_signed() - (1 << 43), row)).unwrap();
        }
        sorter.push_run([(i64::MIN, 5), (i64::MAX, 6)].into_iter()).unwrap();
        let sorted: Vec<_> = sorter.sorted().unwrap().map(Result::unwrap).collect();
        assert_eq!(sorted.len() as u64, count + 2);
        assert!(sorted.is_sorted());
        assert_eq!((sorted[0], sorted[sorted.len() - 1]), ((i64::MIN, 5), (i64::MAX, 6)));
        assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
    }
}
