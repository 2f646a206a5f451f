//! From an id to its rows, along the [`Road`] that was chosen.

use super::road::{PROBE_BYTES, Road, direct_map};
use super::summary::row_in_range;
use super::{ExternalId, IdPlace, IdStream, IdSummary, InList, Row, ids_in};
use crate::bytes::{Reading, Span, Step};
use crate::error::{Error, Kind};
use crate::files::Files;
use crate::limits::WALK_BYTES;
use crate::lists::{Lists, Locate};
use crate::outline::Array;
use crate::window::{Read, Window, step_of};
use alloc::{string::ToString, vec::Vec};

/// Rows that are listed; more are only counted.
const MOST: usize = 1 << 14;

/// The rows of an id.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Found {
    /// How many rows have it.
    pub count: u64,
    /// Where, ascending; the first 16,384 of them.
    pub places: Vec<Place>,
}

/// A row that has an id.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    /// The row.
    pub row: Row,
    /// For lists: which and where in it.
    pub at: Option<InList>,
    /// The id that is stored there. It differs from the one looked for only where
    /// `IndexIVFFlatDedup` keeps the vector under its first id.
    pub stored: ExternalId,
}

/// Finds the rows of an id; a [`Reading`].
pub struct Lookup<'a> {
    id: ExternalId,
    /// Where the ids start, for messages.
    at: u64,
    stage: Stage<'a>,
    found: Found,
}

enum Stage<'a> {
    Over,
    /// Read the one id of a row, which must be this one.
    Check(IdStream<'a>),
    Direct(Direct<'a>),
    Bisect(Bisect),
    /// First the pairs of ids that share a vector, then all ids.
    Scan {
        pairs: Option<Pairs>,
        wanted: Vec<ExternalId>,
        stream: IdStream<'a>,
    },
}

impl<'a> Lookup<'a> {
    /// Go along `road`, as [`plan_lookup`](super::plan_lookup) chose it from the same place, summary
    /// and number of rows.
    ///
    /// # Errors
    /// [`Road::Pages`] is not for this reading, and ids that are [`IdPlace::Unfollowed`] cannot be
    /// looked up.
    pub fn new(
        place: &IdPlace<'a>,
        files: Files,
        summary: Option<&IdSummary>,
        rows: u64,
        road: Road,
        id: ExternalId,
    ) -> Result<Lookup<'a>, Error> {
        if let IdPlace::Unfollowed(unfollowed) = place {
            let at = unfollowed.record.span.start;
            return Err(Error::new(Kind::Unsupported(unfollowed.sentence().into()), at));
        }
        let check = |row: Option<u64>| match row.filter(|&row| row < rows) {
            Some(row) => Stage::Check(IdStream::new(place, files, row..row.saturating_add(1))),
            None => Stage::Over,
        };
        let stage = match (road, place) {
            (Road::Outside, _) => Stage::Over,
            (Road::Arithmetic, IdPlace::None) => check(u64::try_from(id.0).ok()),
            (Road::Arithmetic, _) => {
                check(summary.and_then(|summary| row_in_range(summary.first?.0, summary.step, summary.count, id.0)))
            }
            (Road::DirectMap, IdPlace::Lists { lists, .. }) => match direct_map(place) {
                Some(array) => Direct::new(array, lists, files, id).map_or(Stage::Over, Stage::Direct),
                None => Stage::Over,
            },
            (Road::Bisection, IdPlace::Map { array, .. }) => Stage::Bisect(Bisect::new(array.span, files.stream)),
            (Road::Pages, _) => {
                let what = "lookup pages belong to the snapshot, not to the stream";
                return Err(Error::new(Kind::Unsupported(what.into()), 0));
            }
            _ => {
                let pairs = match place {
                    IdPlace::Lists { instances: Some(array), .. } if !array.span.is_empty() => {
                        Some(Pairs { rest: array.span, window: Window::new(files.stream) })
                    }
                    _ => None,
                };
                let stream = IdStream::new(place, files, 0..rows);
                Stage::Scan { pairs, wanted: [id].into(), stream }
            }
        };
        let at = match place {
            IdPlace::Map { array, .. } => array.span.start,
            IdPlace::Lists { lists, .. } => lists.span.start,
            IdPlace::None | IdPlace::Unfollowed(_) => 0,
        };
        Ok(Lookup { id, at, stage, found: Found::default() })
    }
}

impl Reading for Lookup<'_> {
    type Output = Found;

    fn step(&mut self) -> Result<Step<Found>, Error> {
        let (id, at, found) = (self.id, self.at, &mut self.found);
        let done = match &mut self.stage {
            Stage::Over => Step::Done(()),
            Stage::Check(stream) => match stream.step()? {
                Step::Need(span) => Step::Need(span),
                Step::Done(batch) => {
                    for batch in batch.iter() {
                        let stored = batch.ids.first().copied();
                        agree(at, id, stored)?;
                        found.push(Place { row: batch.row, at: batch.at, stored: id });
                    }
                    Step::Done(())
                }
            },
            Stage::Direct(direct) => match direct.step(id)? {
                Step::Need(span) => Step::Need(span),
                Step::Done(place) => {
                    place.into_iter().for_each(|place| found.push(place));
                    Step::Done(())
                }
            },
            Stage::Bisect(bisect) => match step_of(bisect.run(id))? {
                Step::Need(span) => Step::Need(span),
                Step::Done((first, end)) => {
                    found.count = end.saturating_sub(first);
                    let rows = (first..end).take(MOST);
                    found.places = rows.map(|row| Place { row: Row(row), at: None, stored: id }).collect();
                    Step::Done(())
                }
            },
            Stage::Scan { pairs, wanted, stream } => scan(pairs, wanted, stream, id, found)?,
        };
        Ok(match done {
            Step::Need(span) => Step::Need(span),
            Step::Done(()) => {
                self.stage = Stage::Over;
                Step::Done(core::mem::take(&mut self.found))
            }
        })
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.stage {
            Stage::Over => {}
            Stage::Check(stream) => stream.bring(at, bytes),
            Stage::Direct(direct) => direct.bring(at, bytes),
            Stage::Bisect(bisect) => bisect.window.insert(at, bytes),
            Stage::Scan { pairs: Some(pairs), .. } => pairs.window.insert(at, bytes),
            Stage::Scan { stream, .. } => stream.bring(at, bytes),
        }
    }
}

impl Found {
    fn push(&mut self, place: Place) {
        self.count = self.count.saturating_add(1);
        if self.places.len() < MOST {
            self.places.push(place);
        }
    }
}

/// What a summary or a direct map says of an id must be what stands there.
fn agree(at: u64, id: ExternalId, stored: Option<ExternalId>) -> Result<(), Error> {
    let found = stored.map_or_else(|| "none".into(), |id| id.to_string());
    if stored == Some(id) {
        Ok(())
    } else {
        Err(Error::inconsistent(at, "an id stands where the summary or the direct map says", id, found))
    }
}

fn scan(
    pairs: &mut Option<Pairs>,
    wanted: &mut Vec<ExternalId>,
    stream: &mut IdStream<'_>,
    id: ExternalId,
    found: &mut Found,
) -> Result<Step<()>, Error> {
    if let Some(rest) = pairs {
        match step_of(rest.run(id, wanted))? {
            Step::Need(span) => return Ok(Step::Need(span)),
            Step::Done(()) => *pairs = None,
        }
        wanted.sort_unstable();
        wanted.dedup();
    }
    loop {
        let batch = match stream.step()? {
            Step::Need(span) => return Ok(Step::Need(span)),
            Step::Done(None) => return Ok(Step::Done(())),
            Step::Done(Some(batch)) => batch,
        };
        for (&stored, after) in batch.ids.iter().zip(0_u64..) {
            if wanted.binary_search(&stored).is_ok() {
                let row = Row(batch.row.0.saturating_add(after));
                let at = batch.at.map(|at| InList { offset: at.offset.saturating_add(after), ..at });
                found.push(Place { row, at, stored });
            }
        }
    }
}

/// The pairs of `IndexIVFFlatDedup`: the id in a list, and one more id of that vector.
struct Pairs {
    rest: Span,
    window: Window,
}

impl Pairs {
    fn run(&mut self, id: ExternalId, wanted: &mut Vec<ExternalId>) -> Read<()> {
        while self.rest.len >= 16 {
            let part = Span::new(self.rest.start, self.rest.len.min(WALK_BYTES));
            let bytes = self.window.bytes(part)?;
            for pair in bytes.as_chunks::<16>().0 {
                let mut both = ids_in(pair);
                if let (Some(first), Some(second)) = (both.next(), both.next())
                    && second == id
                {
                    wanted.push(first);
                }
            }
            self.window.forget(part);
            self.rest = Span::between(part.end(), self.rest.end());
        }
        Ok(())
    }
}

/// One entry of a direct map, the list it names, and the id there.
struct Direct<'a> {
    entry: Span,
    lists: &'a Lists,
    files: Files,
    window: Window,
    place: Option<InList>,
    locate: Option<Locate<'a>>,
    at: Option<(u64, Span)>,
}

impl<'a> Direct<'a> {
    fn new(array: &Array, lists: &'a Lists, files: Files, id: ExternalId) -> Option<Direct<'a>> {
        let start = u64::try_from(id.0).ok()?.checked_mul(8)?;
        let inside = start.checked_add(8).is_some_and(|end| end <= array.span.len);
        let entry = Span::new(array.span.start.saturating_add(start), 8);
        let window = Window::new(files.len());
        inside.then_some(Direct { entry, lists, files, window, place: None, locate: None, at: None })
    }

    fn step(&mut self, id: ExternalId) -> Result<Step<Option<Place>>, Error> {
        if self.place.is_none() {
            let bytes = match step_of(self.window.bytes(self.entry))? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(bytes) => bytes,
            };
            // FAISS packs list and offset in one number, -1 for none (`lo_build`, `DirectMap.h`).
            let Some(packed) = ids_in(&bytes).next().and_then(|packed| u64::try_from(packed.0).ok()) else {
                return Ok(Step::Done(None));
            };
            let place = InList { list: packed >> 32, offset: packed & 0xFFFF_FFFF };
            self.place = Some(place);
            self.locate = Some(self.lists.locate(self.files.stream, place.list));
        }
        let place = self.place.unwrap_or(InList { list: 0, offset: 0 });
        if let Some(locate) = &mut self.locate {
            let list = match locate.step()? {
                Step::Need(span) => return Ok(Step::Need(span)),
                Step::Done(list) => list,
            };
            if place.offset >= list.size {
                let rule = "an offset of the direct map is below the size of its list";
                return Err(Error::inconsistent(self.entry.start, rule, list.size, place.offset));
            }
            let at = list.ids.start.saturating_add(place.offset.saturating_mul(8));
            self.at = Some((list.row.saturating_add(place.offset), self.files.place(self.lists, Span::new(at, 8))?));
            self.locate = None;
        }
        let Some((row, span)) = self.at else { return Ok(Step::Done(None)) };
        match step_of(self.window.bytes(span))? {
            Step::Need(span) => Ok(Step::Need(span)),
            Step::Done(bytes) => {
                agree(self.entry.start, id, ids_in(&bytes).next())?;
                Ok(Step::Done(Some(Place { row: Row(row), at: Some(place), stored: id })))
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.locate {
            Some(locate) => locate.bring(at, bytes),
            None => self.window.insert(at, bytes),
        }
    }
}

/// Bisects sorted ids for the first row of an id, then for the end of its rows.
struct Bisect {
    ids: Span,
    window: Window,
    /// Rows before `low` are before the boundary, rows from `high` on behind it.
    low: u64,
    high: u64,
    /// The probe that waits for its bytes.
    probe: Option<u64>,
    first: Option<u64>,
}

impl Bisect {
    fn new(ids: Span, file_len: u64) -> Bisect {
        Bisect { ids, window: Window::new(file_len), low: 0, high: ids.len / 8, probe: None, first: None }
    }

    /// First row of `id`, and the row after its last.
    fn run(&mut self, id: ExternalId) -> Read<(u64, u64)> {
        loop {
            let first = self.first;
            let edge = self.boundary(|other| if first.is_none() { other < id } else { other <= id })?;
            match first {
                Some(first) => return Ok((first, edge)),
                None => {
                    // Mostly one row has an id, so its end is looked for right behind its start.
                    (self.first, self.low, self.high, self.probe) = (Some(edge), edge, self.ids.len / 8, Some(edge));
                }
            }
        }
    }

    /// The first row whose id is not `before` the boundary.
    fn boundary(&mut self, before: impl Fn(ExternalId) -> bool) -> Read<u64> {
        const ROWS: u64 = PROBE_BYTES / 8;
        while self.low < self.high {
            let rows = self.high.saturating_sub(self.low);
            let middle = self.low.saturating_add(rows.saturating_sub(ROWS) / 2);
            let probe = *self.probe.get_or_insert(middle);
            let rows = self.high.saturating_sub(probe).min(ROWS);
            let at = self.ids.start.saturating_add(probe.saturating_mul(8));
            let bytes = self.window.bytes(Span::new(at, rows.saturating_mul(8)))?;
            self.probe = None;
            let ids: Vec<ExternalId> = ids_in(&bytes).collect();
            let inside = ids.partition_point(|&id| before(id)) as u64;
            if inside > 0 {
                self.low = probe.saturating_add(inside);
            }
            if inside < rows {
                self.high = probe.saturating_add(inside);
            }
        }
        Ok(self.low)
    }
}
