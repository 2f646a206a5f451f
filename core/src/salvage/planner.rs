//! From an outline and damaged bytes to a plan.
//!
//! First the records are asked who holds rows ([`Holders`]), then the damage decides which rows go, then a
//! [`Draft`] takes them out of every part. Only inverted lists need bytes of the stream for that: their sizes, and
//! their ids where these are row numbers of an id map around them or of a refinement beside them.

use super::draft::Draft;
use super::holders::{Holders, row_bytes};
use super::lists::{Entries, Event, Pass};
use super::mend::encode;
use super::plan::{Dropped, LeftOut, LostIds, Piece, Plan, Refusal};
use super::spans::{Damaged, Runs};
use crate::bytes::{Reading, Span, Step};
use crate::error::Error;
use crate::lists::{Lists, Sizes};
use crate::outline::{Array, Family, Item, Outline, Record};
use alloc::{format, string::String, vec, vec::Vec};
use core::ops::Range;

/// Makes a [`Plan`], or says what cannot be left out.
///
/// The outline is complete and is not read from damaged bytes: a snapshot records it. What [`super::mend`] can
/// write again is no damage any more, and is there when it is asked for.
pub struct Planner<'a> {
    pub(super) outline: &'a Outline,
    pub(super) damaged: Damaged,
    pub(super) holders: Holders<'a>,
    /// Why rows cannot be taken out, if they cannot.
    pub(super) unable: Option<Refusal>,
    work: Work<'a>,
    draft: Draft,
    left_out: Vec<LeftOut>,
    /// Rows of arrays, or entries of lists, that go.
    gone: Runs,
}

enum Work<'a> {
    /// Nothing has been read.
    Begin,
    /// Which rows are still in lists? One bit a row.
    Seen(Pass<'a>, Vec<u64>, u64),
    /// Take entries out of lists. With row numbers: those that go by them, in the list that is being read.
    Cut(Pass<'a>, Option<(Entries, Vec<Range<u64>>)>),
    /// Lists are done.
    Finish,
}

impl<'a> Planner<'a> {
    /// A plan for the stream of this outline.
    pub fn new(outline: &'a Outline, damaged: Damaged) -> Planner<'a> {
        let mut holders = Holders::default();
        let unable = holders.look(&outline.root).err();
        let (draft, left_out, gone) = (Draft::default(), Vec::new(), Runs::default());
        Planner { outline, damaged, holders, unable, work: Work::Begin, draft, left_out, gone }
    }

    /// What is decided before a byte is read.
    fn begin(&mut self) -> Result<Work<'a>, Refusal> {
        if let Some(refusal) = self.refusal() {
            return Err(refusal);
        }
        let lost = self.holders.arrays.iter().map(|array| self.damaged.elements(array.span, row_bytes(array)));
        self.gone = lost.fold(Runs::default(), |all, lost| all.and(&lost));
        let Some((_, lists)) = self.holders.lists else { return Ok(Work::Finish) };
        let is_hit = self.damaged.touches(lists.span);
        let pass = |reads_ids| Pass::new(lists, self.outline.file_len, reads_ids);
        Ok(match (self.holders.lists_hold_rows(), is_hit) {
            (true, true) => {
                let rows = self.holders.array_rows().unwrap_or(0);
                let words = usize::try_from(rows.div_ceil(64)).unwrap_or(usize::MAX);
                Work::Seen(pass(true), vec![0; words], rows)
            }
            (_, false) if self.gone.is_empty() => Work::Finish,
            (reads_ids, _) => Work::Cut(pass(reads_ids), None),
        })
    }

    /// Take `lost` entries out of a list.
    fn cut_list(&mut self, found: &Entries, lost: &Runs) {
        let renumbers = self.holders.lists_hold_rows();
        let Some((_, lists)) = self.holders.lists else { return };
        if lost.is_empty() && !renumbers {
            return;
        }
        let list = &found.list;
        let kept = lost.others(list.size);
        let part = |of: Span, width: u64, run: Range<u64>| {
            let bytes = |n: u64| n.saturating_mul(width);
            Span::new(of.start.saturating_add(bytes(run.start)), bytes(run.end.saturating_sub(run.start)))
        };
        if !lost.is_empty() {
            let codes = kept.iter().map(|run| Piece::Copy(part(list.codes, lists.code_size, run))).collect();
            self.draft.replace(list.codes, codes);
            let (at, width) = match lists.sizes {
                Sizes::Sparse(span) => (span.start.saturating_add(8), 16),
                _ => (sizes(lists).start, 8),
            };
            let at = at.saturating_add(found.entry.saturating_mul(width));
            self.draft.replace(Span::new(at, 8), vec![Piece::New(kept.count().to_le_bytes().into())]);
        }
        let ids = kept.iter().map(|run| part(list.ids, 8, run));
        let ids = ids.map(|span| if renumbers { Piece::Renumbered(span) } else { Piece::Copy(span) }).collect();
        self.draft.replace(list.ids, ids);
        if renumbers {
            return;
        }
        for run in lost.iter() {
            for (entries, is_nameless) in found.nameless.cut(run) {
                let rows = list.row.saturating_add(entries.start)..list.row.saturating_add(entries.end);
                let ids = if is_nameless { LostIds::Unknown } else { LostIds::At(part(list.ids, 8, entries)) };
                self.left_out.push(LeftOut { rows, ids });
            }
        }
    }

    /// Rows that are left out of arrays, with where their ids are.
    fn name_rows(&mut self) {
        let nameless = self.holders.id_map.map(|map| self.damaged.elements(map.span, 8));
        for run in self.gone.iter() {
            let (Some(map), Some(nameless)) = (self.holders.id_map, &nameless) else {
                self.left_out.push(LeftOut { rows: run, ids: LostIds::Numbers });
                continue;
            };
            for (rows, is_nameless) in nameless.cut(run) {
                let len = rows.end.saturating_sub(rows.start).saturating_mul(8);
                let at = Span::new(map.span.start.saturating_add(rows.start.saturating_mul(8)), len);
                self.left_out.push(LeftOut { rows, ids: if is_nameless { LostIds::Unknown } else { LostIds::At(at) } });
            }
        }
    }

    fn cut_array(&mut self, array: &Array) {
        let rows = array.shape.first().copied().unwrap_or(0);
        let kept = self.gone.others(rows);
        let bytes = |rows: u64| rows.saturating_mul(row_bytes(array));
        let copy = |run: Range<u64>| {
            Piece::Copy(Span::between(
                array.span.start.saturating_add(bytes(run.start)),
                array.span.start.saturating_add(bytes(run.end)),
            ))
        };
        self.draft.replace(array.span, kept.iter().map(copy).collect());
        if let Some(count) = array.count {
            let elements = bytes(kept.count()).checked_div(array.dtype.width()).unwrap_or(0);
            self.draft.replace(count, vec![Piece::New(elements.to_le_bytes().into())]);
        }
    }

    /// Everything that follows once the rows are known.
    fn finish(&mut self) -> Result<Plan, Refusal> {
        let holds_rows = !self.holders.arrays.is_empty();
        if holds_rows {
            self.name_rows();
        }
        let lost = self
            .left_out
            .iter()
            .fold(0u64, |sum, left| sum.saturating_add(left.rows.end.saturating_sub(left.rows.start)));
        let mut dropped = Vec::new();
        let mut counting = self.holders.counting.clone();
        for linked in &self.holders.linked {
            if lost > 0 || linked.is_damaged(&self.damaged) {
                counting.retain(|record| record.span != linked.record.span);
                linked.rest().into_iter().for_each(|part| self.draft.replace(part, Vec::new()));
                let why = if lost > 0 { "it refers to rows by number" } else { "it is damaged" };
                dropped.push(Dropped { what: format!("the {} of {}", linked.what, linked.record.class), why });
            }
        }
        if let Some((record, _)) = self.holders.lists
            && let Some(map) = direct_map(record)
            && let is_kept = !matches!(record.u64("direct_map.type"), Some(0))
            && ((is_kept && lost > 0) || self.damaged.touches(map))
        {
            // No map: a type of 0 and an array of 0 elements.
            self.draft.replace(map, vec![Piece::New(vec![0; 9])]);
            let why = "FAISS can make it again: set_direct_map_type";
            dropped.push(Dropped { what: format!("the direct map of {}", record.class), why });
        }
        let mut is_wrapped = false;
        let mut rows = self.holders.lists.map_or(0, |(_, lists)| lists.balance.total);
        rows = self.holders.array_rows().unwrap_or(rows);
        if lost > 0 {
            for array in self.holders.arrays.clone() {
                self.cut_array(array);
            }
            for record in counting {
                let old = record.u64("ntotal").unwrap_or(0);
                if let (Some(span), Some(new)) = (field(record, "ntotal"), old.checked_sub(lost)) {
                    self.draft.replace(span, vec![Piece::New(new.to_le_bytes().into())]);
                }
            }
            is_wrapped = holds_rows && self.holders.id_map.is_none();
            if is_wrapped {
                self.wrap(rows, rows.saturating_sub(lost))?;
            }
        }
        if let Some(trailing) = self.outline.trailing() {
            if self.damaged.touches(trailing) {
                let what = format!("the {} bytes behind the index", trailing.len);
                dropped.push(Dropped { what, why: "they are damaged and no part of it" });
            } else {
                self.draft.after.push(Piece::Copy(trailing));
            }
        }
        let draft = core::mem::take(&mut self.draft);
        let pieces = draft.pieces(self.outline.end, &self.damaged).map_err(|span| Refusal {
            span,
            path: String::new(),
            reason: "it is needed by all rows".into(),
        })?;
        let left_out = core::mem::take(&mut self.left_out);
        let gone = core::mem::take(&mut self.gone);
        let mut plan = Plan::new(rows, pieces);
        (plan.left_out, plan.dropped, plan.is_wrapped, plan.gone) = (left_out, dropped, is_wrapped, gone);
        Ok(plan)
    }

    /// Put an `IndexIDMap2` around everything, whose ids are the old row numbers.
    fn wrap(&mut self, rows: u64, kept: u64) -> Result<(), Refusal> {
        // The graph around them is gone: its storage is what is outermost now.
        let mut root = &self.outline.root;
        if let Some(linked) = self.holders.linked.iter().find(|linked| linked.record.span == root.span) {
            root = linked.storage;
        }
        let (tag, names): (&[u8; 4], &[&str]) = match root.family {
            Family::BinaryIndex => (b"IBM2", &["d", "code_size", "ntotal", "is_trained", "metric_type"]),
            _ => (b"IxM2", &["d", "ntotal", "dummy_1", "dummy_2", "is_trained", "metric_type", "metric_arg"]),
        };
        let mut head: Vec<u8> = (*tag).into();
        for &name in names {
            let value = match (name, root.field(name)) {
                ("ntotal", Some(_)) => Some(kept.to_le_bytes().into()),
                ("metric_arg", None) => continue,
                (_, value) => value.and_then(encode),
            };
            let unknown = || Refusal {
                span: root.span,
                path: String::new(),
                reason: format!("{} has no `{name}` to put around the rows that are left", root.class),
            };
            head.extend_from_slice(&value.ok_or_else(unknown)?);
        }
        self.draft.before.push(Piece::New(head));
        self.draft.after.push(Piece::New(kept.to_le_bytes().into()));
        self.draft.after.extend(self.gone.others(rows).iter().map(Piece::Numbers));
        Ok(())
    }

    /// Go on with what a pass over the lists has found.
    fn take(&mut self, event: Event) -> Option<Refusal> {
        match core::mem::replace(&mut self.work, Work::Finish) {
            Work::Seen(pass, mut seen, rows) => match event {
                Event::List(_) => self.work = Work::Seen(pass, seen, rows),
                Event::Ids(_, ids) => {
                    for id in ids {
                        let row = u64::try_from(id).ok().filter(|&row| row < rows);
                        let word = row.and_then(|row| Some((usize::try_from(row / 64).ok()?, row % 64)));
                        let Some((word, bit)) = word.and_then(|(word, bit)| Some((seen.get_mut(word)?, bit))) else {
                            let reason = format!("a list holds row {id} of {rows}, so rows cannot be counted anew");
                            return Some(Refusal { span: Span::default(), path: String::new(), reason });
                        };
                        *word |= 1 << bit;
                    }
                    self.work = Work::Seen(pass, seen, rows);
                }
                Event::End => {
                    self.gone = self.gone.and(&unset(&seen, rows));
                    if let Some((_, lists)) = self.holders.lists {
                        self.work = Work::Cut(Pass::new(lists, self.outline.file_len, true), None);
                    }
                }
            },
            Work::Cut(pass, mut now) => match event {
                Event::Ids(first, ids) => {
                    if let Some((_, lost)) = &mut now {
                        let entries = (first..).zip(ids);
                        let gone = |id: i64| u64::try_from(id).is_ok_and(|row| self.gone.before(row).1);
                        lost.extend(entries.filter(|(_, id)| gone(*id)).map(|(at, _)| at..at.saturating_add(1)));
                    }
                    self.work = Work::Cut(pass, now);
                }
                Event::List(found) => {
                    self.cut_now(now);
                    self.work = Work::Cut(pass, Some((found, Vec::new())));
                }
                Event::End => self.cut_now(now),
            },
            done => self.work = done,
        }
        None
    }

    /// Take out of a list what is damaged and what goes by its number.
    fn cut_now(&mut self, now: Option<(Entries, Vec<Range<u64>>)>) {
        if let Some((found, lost)) = now {
            let lost = found.lost.and(&Runs::new(lost));
            self.cut_list(&found, &lost);
        }
    }
}

/// The rows whose bit is not set.
fn unset(seen: &[u64], rows: u64) -> Runs {
    let words = (0u64..).step_by(64).zip(seen).filter(|(_, word)| **word != u64::MAX);
    let rows_of = |(first, word): (u64, &u64)| {
        let word = *word;
        (0..64u64).filter(move |bit| word >> bit & 1 == 0).map(move |bit| first.saturating_add(bit))
    };
    Runs::new(words.flat_map(rows_of).filter(|&row| row < rows).map(|row| row..row.saturating_add(1)))
}

/// Where the sizes of lists stand in one piece.
pub(super) fn sizes(lists: &Lists) -> Span {
    match lists.sizes {
        Sizes::Full(span) | Sizes::Sparse(span) | Sizes::Slots(span) => span,
        Sizes::Inline => Span::default(),
    }
}

/// The bytes of a field.
fn field(record: &Record, name: &str) -> Option<Span> {
    record.items.iter().find_map(|item| match item {
        Item::Field(field) if field.name == name => Some(field.span),
        _ => None,
    })
}

/// The bytes of the direct map of an IVF: its type, its array and, of that type, its pairs.
pub(super) fn direct_map(record: &Record) -> Option<Span> {
    let first = field(record, "direct_map.type")?;
    let last = record.array("direct_map.hashtable").or_else(|| record.array("direct_map.array"))?;
    Some(Span::between(first.start, last.span.end()))
}

impl Reading for Planner<'_> {
    type Output = Result<Plan, Refusal>;

    fn step(&mut self) -> Result<Step<Self::Output>, Error> {
        loop {
            let event = match &mut self.work {
                Work::Begin => match self.begin() {
                    Ok(work) => {
                        self.work = work;
                        continue;
                    }
                    Err(refusal) => return Ok(Step::Done(Err(refusal))),
                },
                Work::Finish => return Ok(Step::Done(self.finish())),
                Work::Seen(pass, ..) | Work::Cut(pass, _) => match pass.step(&self.damaged)? {
                    Step::Need(span) => return Ok(Step::Need(span)),
                    Step::Done(event) => event,
                },
            };
            if let Some(refusal) = self.take(event) {
                return Ok(Step::Done(Err(refusal)));
            }
        }
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        if let Work::Seen(pass, ..) | Work::Cut(pass, _) = &mut self.work {
            pass.bring(at, bytes);
        }
    }
}
