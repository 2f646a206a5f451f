//! What has arrived: a file that is the stand-in stream once everything is in its place.
//!
//! Vectors and ids are written where the stream has them, in whatever order they come, and two bits a row say which have. The
//! file and a journal stand beside the output under its name with `.part` and `.part.journal`; an unfinished pull finds them there.

use super::journal::Journal;
use crate::{
    Cause, Error,
    replace::directory_of,
    source::{Arrived, Lost, Source},
};
use faissil_core::{
    plan::{Mode, Strategy},
    standin::StandIn,
};
use std::{
    collections::BTreeMap,
    fs::{self, TryLockError},
    ops::Range,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// A bit a row.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Bits {
    words: Vec<u64>,
    count: u64,
}

impl Bits {
    pub(super) fn new(rows: u64) -> Bits {
        Bits { words: vec![0; rows.div_ceil(64) as usize], count: 0 }
    }

    pub(super) fn of_bytes(bytes: &[u8]) -> Bits {
        let words: Vec<u64> = bytes.as_chunks::<8>().0.iter().map(|word| u64::from_le_bytes(*word)).collect();
        let count = words.iter().map(|word| u64::from(word.count_ones())).sum();
        Bits { words, count }
    }

    pub(super) fn bytes(&self) -> impl Iterator<Item = u8> + '_ {
        self.words.iter().flat_map(|word| word.to_le_bytes())
    }

    fn has(&self, row: u64) -> bool {
        self.words[(row / 64) as usize] & (1 << (row % 64)) != 0
    }

    fn set(&mut self, row: u64) {
        self.count += u64::from(!self.has(row));
        self.words[(row / 64) as usize] |= 1 << (row % 64);
    }
}

/// How neighbouring rows were had.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Way {
    pub(super) rows: Range<u64>,
    pub(super) strategy: Strategy,
}

/// The file and what is in it.
#[derive(Debug)]
pub(super) struct Spool {
    pub(super) file: fs::File,
    path: PathBuf,
    journal: PathBuf,
    identity: String,
    d: u32,
    rows: u64,
    /// Bytes before the first vector.
    head: u64,
    vectors: Bits,
    ids: Bits,
    ways: Vec<Way>,
    lost: BTreeMap<Strategy, String>,
    /// Whether what has arrived serves the next pull: what is local is quickly asked again.
    may_resume: bool,
}

impl Spool {
    /// The file for a pull to `output`, with what arrived earlier unless that was of another index, or `fresh`.
    pub(super) fn open(source: &mut dyn Source, output: &Path, fresh: bool) -> Result<(Spool, Vec<String>), Error> {
        let (path, journal) = (beside(output, ".part"), beside(output, ".part.journal"));
        let writing = |cause: Cause| cause.writing(&path);
        let file = open_locked(&path).map_err(writing)?;
        let (rows, d) = (source.facts().rows, source.facts().d);
        let (metric, arg) = source.metric();
        let stand_in = StandIn::new(d, metric, arg, rows).map_err(|fault| writing(fault.into()))?;
        let head = head_of(&stand_in);
        let identity = format!("{} {} {rows} x {d}, metric {metric}", source.name(), source.facts().index);
        let mut spool = Spool {
            file,
            path: path.clone(),
            journal,
            identity,
            d,
            rows,
            head: head.len() as u64,
            vectors: Bits::new(rows),
            ids: Bits::new(rows),
            ways: Vec::new(),
            lost: BTreeMap::new(),
            may_resume: source.facts().mode == Mode::Remote,
        };
        let mut warnings = Vec::new();
        if !fresh && spool.may_resume {
            // What was there stays, whatever ends this.
            let resumed = spool.resume(source).map_err(|cause| spool.with_hint(cause.of(asking(source))));
            warnings.extend(resumed?);
        }
        let begin = || -> Result<(), Cause> {
            if spool.vectors.count == 0 {
                let _ = fs::remove_file(&spool.journal);
                spool.file.set_len(0)?;
                crate::replace::check_room(&directory_of(&spool.path), stand_in.stream_len())?;
                spool.file.set_len(stand_in.stream_len())?;
                spool.file.write_all_at(&head, 0)?;
                spool.file.write_all_at(&rows.to_le_bytes(), spool.ids_start() - 8)?;
            }
            Ok(())
        };
        begin().map_err(|cause| {
            if spool.vectors.count == 0 {
                let _ = fs::remove_file(&path);
            }
            writing(cause)
        })?;
        Ok((spool, warnings))
    }

    /// Take up what arrived earlier. Gives the reason where it cannot be used.
    fn resume(&mut self, source: &mut dyn Source) -> Result<Option<String>, Cause> {
        let anew = |why: &str| Ok(Some(format!("what an earlier pull left is not used: {why}")));
        let journal = match Journal::read(&self.journal, self.rows) {
            Ok(Some(journal)) => journal,
            Ok(None) => return Ok(None),
            Err(why) => return anew(&why),
        };
        if journal.identity != self.identity {
            return anew(&format!("it is of {}", journal.identity));
        }
        let len = self.ids_start() + self.rows * 8;
        if self.file.metadata()?.len() < len {
            return anew("its file is too short");
        }
        // What is behind it was appended by a pull that was ended while it sealed.
        self.file.set_len(len)?;
        (self.vectors, self.ids, self.ways) = (journal.vectors, journal.ids, journal.ways);
        // The first and the last of each way, asked for once more: the index could be another by now.
        for way in self.ways.clone() {
            for row in [way.rows.start, way.rows.end - 1] {
                let same = match source.page(way.strategy, row..row + 1, None) {
                    Ok(floats) => floats == self.vector(row)?,
                    Err(Lost::Rows(_)) => false,
                    Err(Lost::All(cause)) => return Err(cause),
                };
                if !same {
                    (self.vectors, self.ids, self.ways) = (Bits::new(self.rows), Bits::new(self.rows), Vec::new());
                    return anew(&format!("row {row} is another one now"));
                }
            }
        }
        Ok(None)
    }

    /// The error of a pull, with what the next one can begin with.
    pub(super) fn with_hint(&self, error: Error) -> Error {
        match self.vectors.count {
            _ if !self.may_resume => error,
            0 => error,
            count => error.hint(format!(
                "{count} of {} rows have arrived and are kept in `{}`; the same command goes on from there",
                self.rows,
                self.path.display()
            )),
        }
    }

    /// Remove the file, unless the next pull can begin with it.
    pub(super) fn clear_away(&self) {
        if !self.may_resume {
            let _ = fs::remove_file(&self.path);
            let _ = fs::remove_file(&self.journal);
        }
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn rows(&self) -> u64 {
        self.rows
    }

    /// Rows whose vectors are there.
    pub(super) fn arrived(&self) -> u64 {
        self.vectors.count
    }

    pub(super) fn without_vector(&self) -> u64 {
        self.rows - self.vectors.count
    }

    pub(super) fn ways(&self) -> &[Way] {
        &self.ways
    }

    /// Why rows did not come, by strategy: the first reason of each.
    pub(super) fn why_lost(&self) -> &BTreeMap<Strategy, String> {
        &self.lost
    }

    /// The first rows of `range` that have not come, at most a page.
    pub(super) fn missing(&self, range: Range<u64>, page: u64) -> Option<Range<u64>> {
        let start = range.clone().find(|&row| !self.vectors.has(row))?;
        let most = range.end.min(start.saturating_add(page.max(1)));
        let end = (start..most).find(|&row| self.vectors.has(row)).unwrap_or(most);
        Some(start..end)
    }

    /// Take in vectors.
    pub(super) fn put(&mut self, rows: Range<u64>, floats: &[u8], strategy: Strategy) -> Result<(), Cause> {
        let (row_bytes, count) = (u64::from(self.d) * 4, rows.end - rows.start);
        if floats.len() as u64 != count * row_bytes {
            return Err(Cause::Refused(format!("{} bytes came for {count} rows", floats.len())));
        }
        self.file.write_all_at(floats, self.head + rows.start * row_bytes)?;
        rows.clone().for_each(|row| self.vectors.set(row));
        match self.ways.last_mut() {
            Some(way) if way.rows.end == rows.start && way.strategy == strategy => way.rows.end = rows.end,
            _ => self.ways.push(Way { rows, strategy }),
        }
        Ok(())
    }

    /// Note that rows did not come in this way.
    pub(super) fn lost(&mut self, rows: Range<u64>, strategy: Strategy, why: String) {
        self.lost.entry(strategy).or_insert_with(|| format!("rows {}..{}: {why}", rows.start, rows.end));
    }

    /// Give every row that has none its number for an id.
    pub(super) fn number(&mut self) -> Result<(), Cause> {
        for run in runs_of(0..self.rows, |row| !self.ids.has(row)).collect::<Vec<_>>() {
            for start in (run.start..run.end).step_by(1 << 16) {
                let end = run.end.min(start + (1 << 16));
                let bytes: Vec<u8> = (start..end).flat_map(u64::to_le_bytes).collect();
                self.file.write_all_at(&bytes, self.ids_start() + start * 8)?;
                (start..end).for_each(|row| self.ids.set(row));
            }
        }
        Ok(())
    }

    /// First byte of the ids.
    pub(super) fn ids_start(&self) -> u64 {
        self.head + self.rows * u64::from(self.d) * 4 + 8
    }

    /// Bytes before the first vector.
    pub(super) fn head(&self) -> u64 {
        self.head
    }

    /// Put what has arrived on the disk, and note that it has.
    pub(super) fn note(&self) -> Result<(), Cause> {
        self.file.sync_data()?;
        let (identity, ways) = (self.identity.clone(), self.ways.clone());
        Journal { identity, ways, vectors: self.vectors.clone(), ids: self.ids.clone() }.write(&self.journal)
    }

    /// Forget what is noted: the file is about to become something else.
    pub(super) fn forget(&self) -> Result<(), Cause> {
        match fs::remove_file(&self.journal) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Arrived for Spool {
    fn vector(&self, row: u64) -> Result<Vec<u8>, Cause> {
        let mut out = vec![0; self.d as usize * 4];
        self.file.read_exact_at(&mut out, self.head + row * u64::from(self.d) * 4)?;
        Ok(out)
    }

    fn id(&self, row: u64) -> Result<Option<i64>, Cause> {
        if !self.ids.has(row) {
            return Ok(None);
        }
        let mut id = [0; 8];
        self.file.read_exact_at(&mut id, self.ids_start() + row * 8)?;
        Ok(Some(i64::from_le_bytes(id)))
    }

    fn has_vector(&self, row: u64) -> bool {
        self.vectors.has(row)
    }

    fn lacks_id(&self, row: u64) -> bool {
        !self.ids.has(row)
    }

    fn note(&mut self, row: u64, id: i64) -> Result<(), Cause> {
        self.file.write_all_at(&id.to_le_bytes(), self.ids_start() + row * 8)?;
        self.ids.set(row);
        Ok(())
    }
}

fn asking(source: &dyn Source) -> String {
    format!("cannot pull `{}`", source.name())
}

/// What a stand-in stream begins with.
pub(super) fn head_of(stand_in: &StandIn) -> Vec<u8> {
    let first = stand_in.pieces(std::iter::empty(), std::iter::empty()).next();
    first.and_then(Result::ok).unwrap_or_default()
}

/// Runs of rows of which `which` is true.
pub(super) fn runs_of(rows: Range<u64>, which: impl Fn(u64) -> bool) -> impl Iterator<Item = Range<u64>> {
    let mut from = rows.start;
    std::iter::from_fn(move || {
        let start = (from..rows.end).find(|&row| which(row))?;
        from = (start..rows.end).find(|&row| !which(row)).unwrap_or(rows.end);
        Some(start..from)
    })
}

/// `output` with this at the end of its name.
fn beside(output: &Path, end: &str) -> PathBuf {
    let mut name = output.as_os_str().to_os_string();
    name.push(end);
    name.into()
}

/// Open for reading and writing, with nobody else at it.
fn open_locked(path: &Path) -> Result<fs::File, Cause> {
    if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) {
        return Err(Cause::Refused("it is no regular file".into()));
    }
    let file = fs::File::options().read(true).write(true).create(true).truncate(false).open(path)?;
    match file.try_lock() {
        Err(TryLockError::WouldBlock) => Err(Cause::Refused("another pull to the same output is going on".into())),
        Ok(()) | Err(TryLockError::Error(_)) => Ok(file),
    }
}
