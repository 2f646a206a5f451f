//! The ids that belong to stored vectors, and the rows that belong to ids.
//!
//! A stored vector has a label: its row, or the id in its list. Each id map on the way out turns a
//! label into `id_map[label]`. Over rows in order that is one array read from front to back; over
//! labels in any order the entries are gathered, neighbours together.

use super::stored::{Codes, Stored};
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::Files;
use crate::ids::{Batch, ExternalId, IdPlace, IdStream, Row, ids_in};
use crate::limits::WALK_BYTES;
use crate::outline::Array;
use crate::window::{Read, Stop, Window, step_of};
use alloc::{collections::BTreeMap, vec::Vec};
use core::ops::Range;

/// Bytes between two entries of an id map that are read along rather than asked for apart.
const GAP: u64 = 64;
/// Labels gathered at once.
const GATHER: usize = 4096;

/// Ids of neighbouring stored rows.
pub type Labels = Batch;

/// Reads the ids of stored vectors in row order, batch by batch until `None`; see
/// [`IdStream`].
pub struct LabelStream<'a> {
    base: IdStream<'a>,
    maps: Vec<&'a Array>,
    file_len: u64,
    now: Option<Gathering>,
}

/// A batch on its way through the id maps.
struct Gathering {
    batch: Batch,
    /// Ids that went through all maps before this one.
    done: usize,
    through: usize,
    window: Window,
}

impl<'a> LabelStream<'a> {
    /// The ids of `rows` of `stored`.
    pub fn new(stored: &Stored<'a>, files: Files, rows: Range<u64>) -> LabelStream<'a> {
        let rows = rows.start..rows.end.min(stored.rows);
        let mut maps = stored.maps.clone();
        let place = match stored.codes {
            Codes::Lists(lists, _) => IdPlace::Lists { record: stored.record, lists, instances: stored.instances },
            // Row numbers go through the first map in order, so it is read as it stands.
            _ if !maps.is_empty() => IdPlace::Map { record: stored.record, array: maps.remove(0) },
            _ => IdPlace::None,
        };
        LabelStream { base: IdStream::new(&place, files, rows), maps, file_len: files.stream, now: None }
    }
}

impl Reading for LabelStream<'_> {
    type Output = Option<Labels>;

    fn step(&mut self) -> Result<Step<Option<Labels>>, Error> {
        if self.now.is_none() {
            match self.base.step()? {
                Step::Done(Some(batch)) if !self.maps.is_empty() => {
                    let window = Window::new(self.file_len);
                    self.now = Some(Gathering { batch, done: 0, through: 0, window });
                }
                other => return Ok(other),
            }
        }
        let Some(now) = &mut self.now else { return Ok(Step::Done(None)) };
        let gathered = now.run(&self.maps);
        step_of(gathered.map(|()| self.now.take().map(|now| now.batch)))
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.now {
            Some(now) => now.window.insert(at, bytes),
            None => self.base.bring(at, bytes),
        }
    }
}

impl Gathering {
    fn run(&mut self, maps: &[&Array]) -> Read<()> {
        while let Some(map) = maps.get(self.through) {
            while self.done < self.batch.ids.len() {
                let end = self.done.saturating_add(GATHER).min(self.batch.ids.len());
                let Some(labels) = self.batch.ids.get(self.done..end) else { break };
                let ids = gather(map, labels, &mut self.window)?;
                for (label, id) in self.batch.ids.iter_mut().skip(self.done).zip(ids) {
                    *label = id;
                }
                self.done = end;
                self.window = Window::new(self.window.file_len());
            }
            self.done = 0;
            self.through = self.through.saturating_add(1);
        }
        Ok(())
    }
}

/// `map[label]` for each label.
fn gather(map: &Array, labels: &[ExternalId], window: &mut Window) -> Read<Vec<ExternalId>> {
    let mut entries = Vec::new();
    for label in labels {
        let start = u64::try_from(label.0).ok().and_then(|label| label.checked_mul(8));
        let inside = start.filter(|start| start.checked_add(8).is_some_and(|end| end <= map.span.len));
        let Some(start) = inside else {
            let rule = "a label is a row of the id map around it";
            return Err(Error::invalid(map.span.start, rule, label).inside("id_map").into());
        };
        entries.push(Span::new(map.span.start.saturating_add(start), 8));
    }
    let mut sorted = entries.clone();
    sorted.sort_unstable();
    let mut sorted = sorted.into_iter().peekable();
    while let Some(mut run) = sorted.next() {
        while let Some(next) = sorted.peek() {
            let joined = Span::between(run.start, next.end());
            if next.start > run.end().saturating_add(GAP) || joined.len > WALK_BYTES {
                break;
            }
            run = joined;
            sorted.next();
        }
        window.bytes(run)?;
    }
    entries.iter().map(|&entry| Ok(ids_in(&window.bytes(entry)?).next().unwrap_or_default())).collect()
}

/// Finds the stored rows of some ids by reading all ids once; a [`Reading`].
pub struct FindRows<'a> {
    /// Label to look for, and the id that was asked for it.
    wanted: BTreeMap<ExternalId, ExternalId>,
    pairs: Option<(Span, Window)>,
    stream: LabelStream<'a>,
    found: Vec<(Row, ExternalId)>,
}

impl<'a> FindRows<'a> {
    /// Look for `ids` among the ids of `stored`. An id may have several rows, or none.
    pub fn new(stored: &Stored<'a>, files: Files, ids: impl IntoIterator<Item = ExternalId>) -> FindRows<'a> {
        FindRows {
            wanted: ids.into_iter().map(|id| (id, id)).collect(),
            // Behind an id map these pairs are labels, not ids; there only the first of equal vectors is found.
            pairs: stored
                .instances
                .filter(|_| stored.maps.is_empty())
                .map(|array| (array.span, Window::new(files.stream))),
            stream: LabelStream::new(stored, files, 0..stored.rows),
            found: Vec::new(),
        }
    }

    fn read_pairs(&mut self) -> Read<()> {
        let Some((rest, window)) = &mut self.pairs else { return Ok(()) };
        let mut more = Vec::new();
        while rest.len >= 16 {
            let part = Span::new(rest.start, rest.len.min(WALK_BYTES));
            let bytes = window.bytes(part)?;
            for pair in bytes.as_chunks::<16>().0 {
                let mut both = ids_in(pair);
                if let (Some(first), Some(second)) = (both.next(), both.next())
                    && self.wanted.contains_key(&second)
                {
                    more.push((first, second));
                }
            }
            window.forget(part);
            *rest = Span::between(part.end(), rest.end());
            for (first, second) in more.drain(..) {
                self.wanted.entry(first).or_insert(second);
            }
        }
        self.pairs = None;
        Ok(())
    }
}

impl Reading for FindRows<'_> {
    /// Rows in ascending order, each with the id that was asked for.
    type Output = Vec<(Row, ExternalId)>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        match self.read_pairs() {
            Ok(()) => {}
            Err(Stop::Need(span)) => return Ok(Step::Need(span)),
            Err(Stop::Bad(error)) => return Err(error),
        }
        loop {
            match self.stream.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(None) => return Ok(Step::Done(core::mem::take(&mut self.found))),
                Step::Done(Some(batch)) => {
                    for (label, after) in batch.ids.iter().zip(0_u64..) {
                        if let Some(&id) = self.wanted.get(label) {
                            self.found.push((Row(batch.row.0.saturating_add(after)), id));
                        }
                    }
                }
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.pairs {
            Some((_, window)) => window.insert(at, bytes),
            None => self.stream.bring(at, bytes),
        }
    }
}
