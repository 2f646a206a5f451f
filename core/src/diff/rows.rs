//! The rows of two indexes, matched by id.
//!
//! Rows whose ids come in the same order are compared as they pass. From the first id that differs
//! on, the rows that are left are sorted by id and merged, [`MOST`] a side at once: ids are dealt out by
//! a hash, one part a pass over the rows. Rows with the same id are matched in row order.

use super::Which;
use super::report::{Examples, IdChanges, Moved, Report, Spot};
use super::same::digest;
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::files::Files;
use crate::ids::{self, ExternalId, IdPlace, IdStream, InList};
use crate::lists::{Layout, Lists, Sizes};
use crate::outline::{Family, Outline, Value};
use crate::vectors::{Codes, Stored, VectorStream};
use alloc::{boxed::Box, collections::VecDeque, vec::Vec};

/// Rows of one side that are kept at once; about 40 MB for both.
const MOST: u64 = 1 << 18;

/// What the bytes of a row are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum RowBytes {
    /// The vector as it was added.
    Floats,
    /// A code. What it stands for depends on its list where it codes a residual.
    Codes,
}

impl RowBytes {
    pub(super) fn name(self) -> &'static str {
        match self {
            RowBytes::Floats => "floats",
            RowBytes::Codes => "codes",
        }
    }
}

/// Where the rows of one side come from.
#[derive(Clone)]
pub(super) enum RowSource<'a> {
    /// Ids and bytes of each row.
    Stored(Box<Stored<'a>>, RowBytes),
    /// Ids alone.
    Ids { place: IdPlace<'a>, rows: u64 },
}

impl<'a> RowSource<'a> {
    /// The ids of an index whose vectors are not compared; `None` where they cannot be read.
    pub(super) fn ids(outline: &'a Outline, files: Files) -> Option<RowSource<'a>> {
        let place = ids::place(outline);
        let rows = match place {
            IdPlace::Unfollowed(_) => return None,
            // A header's claim, with nothing behind it that could be counted: no index has more than a row a bit.
            IdPlace::None => outline.root.u64("ntotal").filter(|&rows| rows / 8 <= files.stream)?,
            IdPlace::Map { .. } | IdPlace::Lists { .. } => place.count()?,
        };
        Some(RowSource::Ids { place, rows })
    }

    fn rows(&self) -> u64 {
        match self {
            RowSource::Stored(stored, _) => stored.rows,
            RowSource::Ids { rows, .. } => *rows,
        }
    }

    fn in_lists(&self) -> bool {
        match self {
            RowSource::Stored(stored, _) => matches!(stored.codes, Codes::Lists(..)),
            RowSource::Ids { place, .. } => matches!(place, IdPlace::Lists { .. }),
        }
    }
}

/// The bytes of lists that are compared row by row.
pub(super) fn spans_of_lists(lists: &Lists) -> Vec<Span> {
    let sizes = match lists.sizes {
        Sizes::Full(span) | Sizes::Sparse(span) | Sizes::Slots(span) => span,
        Sizes::Inline => Span::default(),
    };
    let ids = if let Layout::Split { ids, .. } = lists.layout { ids } else { Span::default() };
    [lists.span, sizes, ids].into()
}

/// A row as it is remembered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
struct Entry {
    id: i64,
    row: u64,
    at: Option<InList>,
    digest: u128,
}

/// Reads entries from some row on, in row order.
struct Entries<'a> {
    stream: Stream<'a>,
    /// The list of a row, if it has one, is part of what its bytes mean.
    by_list: bool,
    ready: VecDeque<Entry>,
    over: bool,
}

enum Stream<'a> {
    Vectors(Box<VectorStream<'a>>, u64),
    Ids(Box<IdStream<'a>>),
}

impl<'a> Entries<'a> {
    fn new(source: &RowSource<'a>, files: Files, from: u64) -> Entries<'a> {
        let rows = from..source.rows();
        let (stream, by_list) = match source {
            RowSource::Stored(stored, kind) => {
                let stream = VectorStream::new(stored, files, core::iter::once(rows), true);
                let residual = stored.record.value("by_residual") != Some(&Value::Bool(false));
                let by_list = residual && stored.record.family != Family::BinaryIndex;
                (Stream::Vectors(Box::new(stream), stored.row_bytes), by_list && *kind == RowBytes::Codes)
            }
            RowSource::Ids { place, .. } => (Stream::Ids(Box::new(IdStream::new(place, files, rows))), false),
        };
        Entries { stream, by_list, ready: VecDeque::new(), over: false }
    }

    /// Have an entry at hand, unless there is none left; what is needed for that.
    fn fill(&mut self) -> Result<Option<Span>, Error> {
        while self.ready.is_empty() && !self.over {
            match &mut self.stream {
                Stream::Vectors(stream, width) => match stream.step()? {
                    Step::Need(span) => return Ok(Some(span)),
                    Step::Done(None) => self.over = true,
                    Step::Done(Some(batch)) => {
                        let width = usize::try_from(*width).unwrap_or(usize::MAX).max(1);
                        let rows = batch.floats.chunks(width).zip(&batch.ids);
                        for ((row, id), after) in rows.zip(0..) {
                            let list = batch.at.filter(|_| self.by_list).map_or(0, |at| at.list);
                            let digest = digest(row).wrapping_add(list.into());
                            self.ready.push_back(entry(*id, batch.row.0, batch.at, after, digest));
                        }
                    }
                },
                Stream::Ids(stream) => match stream.step()? {
                    Step::Need(span) => return Ok(Some(span)),
                    Step::Done(None) => self.over = true,
                    Step::Done(Some(batch)) => {
                        let ids = batch.ids.iter().zip(0..);
                        self.ready.extend(ids.map(|(id, after)| entry(*id, batch.row.0, batch.at, after, 0)));
                    }
                },
            }
        }
        Ok(None)
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        match &mut self.stream {
            Stream::Vectors(stream, _) => stream.bring(at, bytes),
            Stream::Ids(stream) => stream.bring(at, bytes),
        }
    }
}

fn entry(id: ExternalId, row: u64, at: Option<InList>, after: u64, digest: u128) -> Entry {
    let at = at.map(|at| InList { offset: at.offset.saturating_add(after), ..at });
    Entry { id: id.0, row: row.saturating_add(after), at, digest }
}

/// Matches the rows of two indexes.
pub(super) struct Matching<'a> {
    sources: Option<[(RowSource<'a>, Files); 2]>,
    entries: Option<[Entries<'a>; 2]>,
    stage: Stage,
}

enum Stage {
    /// Both in row order.
    Abreast,
    /// From row `from` of both on, part `pass` of `passes`, with what was gathered of it.
    Parts {
        from: u64,
        pass: u64,
        passes: u64,
        kept: [Vec<Entry>; 2],
    },
    Over,
}

impl<'a> Matching<'a> {
    pub(super) fn new(
        a: Option<RowSource<'a>>,
        b: Option<RowSource<'a>>,
        files_a: Files,
        files_b: Files,
    ) -> Matching<'a> {
        let sources = a.zip(b).map(|(a, b)| [(a, files_a), (b, files_b)]);
        let entries = sources.as_ref().map(|sources| read_from(sources, 0));
        Matching { sources, entries, stage: Stage::Abreast }
    }

    /// Go on; what is needed next, or `None` at the end.
    pub(super) fn step(&mut self, report: &mut Report, compared: bool) -> Result<Option<(Which, Span)>, Error> {
        let (Some(sources), Some(entries)) = (&self.sources, &mut self.entries) else { return Ok(None) };
        let [(a, _), (b, _)] = sources;
        let ids = report.ids.get_or_insert_with(|| IdChanges {
            a: a.rows(),
            b: b.rows(),
            added: Examples::new(),
            removed: Examples::new(),
            moved: (a.in_lists() == b.in_lists()).then(Examples::new),
        });
        let mut tally = Tally { ids, report: &mut report.vectors, most: report.examples, compared };
        loop {
            match &mut self.stage {
                Stage::Over => return Ok(None),
                Stage::Abreast => {
                    if let Some(need) = fill_both(entries)? {
                        return Ok(Some(need));
                    }
                    let [one, other] = entries;
                    match (one.ready.pop_front(), other.ready.pop_front()) {
                        (Some(one), Some(other)) if one.id == other.id => tally.both(&one, &other),
                        (Some(one), Some(_)) => {
                            let left = a.rows().max(b.rows()).saturating_sub(one.row);
                            let passes = left.div_ceil(MOST).max(1);
                            self.stage =
                                Stage::Parts { from: one.row, pass: 0, passes, kept: [Vec::new(), Vec::new()] };
                            *entries = read_from(sources, one.row);
                        }
                        (Some(one), None) => tally.removed(&one),
                        (None, Some(other)) => tally.added(&other),
                        (None, None) => self.stage = Stage::Over,
                    }
                }
                Stage::Parts { from, pass, passes, kept } => {
                    for (which, (entries, kept)) in
                        [Which::A, Which::B].into_iter().zip(entries.iter_mut().zip(kept.iter_mut()))
                    {
                        loop {
                            if let Some(span) = entries.fill().map_err(|error| error.inside(which.name()))? {
                                return Ok(Some((which, span)));
                            }
                            if entries.ready.is_empty() {
                                break;
                            }
                            kept.extend(entries.ready.drain(..).filter(|entry| part(entry.id, *passes) == *pass));
                            // A hash deals evenly unless very many rows have one id.
                            if kept.len() as u64 > MOST.saturating_mul(8) {
                                let what = "the number of rows that share an id, in a comparison,";
                                return Err(Error::limit(0, what, MOST.saturating_mul(8), kept.len() as u64));
                            }
                        }
                    }
                    let [one, other] = kept;
                    tally.merge(core::mem::take(one), core::mem::take(other));
                    *pass = pass.saturating_add(1);
                    if pass == passes {
                        self.stage = Stage::Over;
                    } else {
                        *entries = read_from(sources, *from);
                    }
                }
            }
        }
    }

    pub(super) fn bring(&mut self, which: Which, at: u64, bytes: &[u8]) {
        if let Some([a, b]) = &mut self.entries {
            match which {
                Which::A => a.bring(at, bytes),
                Which::B => b.bring(at, bytes),
            }
        }
    }
}

impl Which {
    fn name(self) -> &'static str {
        match self {
            Which::A => "a",
            Which::B => "b",
        }
    }
}

fn read_from<'a>(sources: &[(RowSource<'a>, Files); 2], row: u64) -> [Entries<'a>; 2] {
    sources.each_ref().map(|(source, files)| Entries::new(source, *files, row))
}

fn fill_both(entries: &mut [Entries<'_>; 2]) -> Result<Option<(Which, Span)>, Error> {
    for (which, entries) in [Which::A, Which::B].into_iter().zip(entries) {
        if let Some(span) = entries.fill().map_err(|error| error.inside(which.name()))? {
            return Ok(Some((which, span)));
        }
    }
    Ok(None)
}

/// The part that an id belongs to: neighbouring ids and multiples of a step are spread (a multiplicative hash).
fn part(id: i64, parts: u64) -> u64 {
    let mixed = id.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 32;
    mixed.checked_rem(parts).unwrap_or(0)
}

/// Counts what is found.
struct Tally<'r> {
    ids: &'r mut IdChanges,
    report: &'r mut super::report::VectorChanges,
    most: usize,
    compared: bool,
}

impl Tally<'_> {
    fn added(&mut self, entry: &Entry) {
        self.ids.added.push(self.most, entry.id);
    }

    fn removed(&mut self, entry: &Entry) {
        self.ids.removed.push(self.most, entry.id);
    }

    fn both(&mut self, one: &Entry, other: &Entry) {
        let still = match (one.at, other.at) {
            (Some(one), Some(other)) => one == other,
            _ => one.row == other.row,
        };
        if let Some(moved) = self.ids.moved.as_mut().filter(|_| !still) {
            moved.push(self.most, Moved { id: one.id, from: spot(one), to: spot(other) });
        }
        if self.compared {
            self.report.rows = self.report.rows.saturating_add(1);
            if one.digest != other.digest {
                self.report.changed.push(self.most, one.id);
            }
        }
    }

    fn merge(&mut self, mut a: Vec<Entry>, mut b: Vec<Entry>) {
        a.sort_unstable();
        b.sort_unstable();
        let (mut a, mut b) = (a.into_iter().peekable(), b.into_iter().peekable());
        loop {
            match (a.peek().copied(), b.peek().copied()) {
                (Some(one), Some(other)) if one.id == other.id => {
                    self.both(&one, &other);
                    a.next();
                    b.next();
                }
                (Some(one), other) if other.is_none_or(|other| one.id < other.id) => {
                    self.removed(&one);
                    a.next();
                }
                (_, Some(other)) => {
                    self.added(&other);
                    b.next();
                }
                (_, None) => return,
            }
        }
    }
}

fn spot(entry: &Entry) -> Spot {
    Spot { row: entry.row, list: entry.at.map(|at| at.list), offset: entry.at.map(|at| at.offset) }
}
