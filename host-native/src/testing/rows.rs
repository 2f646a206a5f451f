//! The rows of an index in at most 64 lines, and what two such lists say of each other.
//!
//! Few rows have a line each: the id and a digest of what is stored for it. Of more, rows are dealt by a hash of their
//! id into 64 groups of 16 parts, and a line has the group's count, the sum of its ids, and for each part the sum of
//! its rows' digests. Sums do not depend on order, and a row that goes or changes touches one line. From the
//! difference of two lines that lack one id of each other follows which it is.

use super::{made::short, page::Section};
use crate::{Cause, drive::drive_on, inspect::Index};
use faissil_core::{
    ids::{IdStream, place},
    vectors::{Codes, NoVectors, Stored, VectorStream, find_codes, find_plain},
};
use std::collections::BTreeMap;

/// Rows that have a line each, and groups where there are more.
const LINES: usize = 64;
const PARTS: usize = 16;
/// In the title of a section with a line for each row.
const ONE_BY_ONE: &str = "rows: id and";

/// Where something is stored row by row: floats, else codes.
pub(super) fn stored<'a>(index: &'a Index<'_>) -> Result<Stored<'a>, NoVectors> {
    find_plain(&index.outline).or_else(|_| find_codes(&index.outline))
}

/// The section of an index; `None` where neither ids nor codes can be told by row.
pub(super) fn section(index: &Index<'_>) -> Result<Option<Section>, Cause> {
    let what = if find_plain(&index.outline).is_ok() { "floats" } else { "codes" };
    match stored(index) {
        Ok(stored) => {
            let mut table = Table::new(stored.rows, what);
            let in_lists = matches!(stored.codes, Codes::Lists(..)) && what == "codes";
            let mut stream = VectorStream::all(&stored, index.files(), true);
            while let Some(batch) = drive_on(&mut stream, &index.joined())? {
                // A code may be relative to the centroid of its list.
                let list = batch.at.filter(|_| in_lists).map(|at| at.list.to_le_bytes());
                let width = usize::try_from(stored.row_bytes).unwrap_or(usize::MAX).max(1);
                for (row, id) in batch.floats.chunks(width).zip(&batch.ids) {
                    let mut hasher = blake3::Hasher::new();
                    hasher.update(list.as_ref().map_or(&[], |list| list)).update(row);
                    table.push(id.0, Some(hasher.finalize()));
                }
            }
            Ok(Some(table.section()))
        }
        Err(_) => {
            let place = place(&index.outline);
            let Some(rows) = place.count().filter(|_| faissil_core::index::has_ids(&place)) else { return Ok(None) };
            let mut table = Table::new(rows, "nothing");
            let mut stream = IdStream::all(&place, index.files());
            while let Some(batch) = drive_on(&mut stream, &index.joined())? {
                batch.ids.iter().for_each(|id| table.push(id.0, None));
            }
            Ok(Some(table.section()))
        }
    }
}

struct Table {
    what: &'static str,
    each: Option<Section>,
    groups: Vec<Group>,
}

/// A line of many rows.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct Group {
    count: u64,
    ids: u64,
    parts: [u16; PARTS],
}

impl Table {
    fn new(rows: u64, what: &'static str) -> Table {
        let said = match what {
            "nothing" => "nothing else, as codes are not stored one a row".to_string(),
            what => format!("the digest of its {what}"),
        };
        let each = (rows <= LINES as u64).then(|| Section::new(format!("{ONE_BY_ONE} {said}")));
        Table { what, each, groups: vec![Group::default(); LINES] }
    }

    fn push(&mut self, id: i64, digest: Option<blake3::Hash>) {
        if let Some(section) = &mut self.each {
            return section.push(id.to_string(), digest.as_ref().map(short).unwrap_or_default());
        }
        let (group, part) = dealt(id);
        let group = &mut self.groups[group];
        group.count += 1;
        group.ids = group.ids.wrapping_add(id.cast_unsigned());
        if let Some(digest) = digest {
            let [first, second, ..] = *digest.as_bytes();
            group.parts[part] = group.parts[part].wrapping_add(u16::from_be_bytes([first, second]));
        }
    }

    fn section(self) -> Section {
        if let Some(section) = self.each {
            return section;
        }
        let said = match self.what {
            "nothing" => String::new(),
            what => format!(", digests of the {what} of {PARTS} parts"),
        };
        let mut section = Section::new(format!("rows in {LINES} groups by id: count, sum of ids{said}"));
        for (number, group) in self.groups.iter().enumerate() {
            let mut line = format!("{:>3} {:016x}", group.count, group.ids);
            if self.what != "nothing" {
                for part in group.parts {
                    line += &if part == 0 { " .".into() } else { format!(" {part:04x}") };
                }
            }
            section.push(format!("{number:02}"), line);
        }
        section
    }
}

/// The group and the part in it of an id: neighbouring ids and multiples of a step are spread.
fn dealt(id: i64) -> (usize, usize) {
    let mixed = (id.cast_unsigned().wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 54) as usize;
    (mixed / PARTS, mixed % PARTS)
}

/// What two sections say of each other.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct RowChanges {
    pub(super) gone: u64,
    pub(super) new: u64,
    /// `None` where the two are not comparable.
    pub(super) changed: Option<u64>,
    /// `floats` or `codes`.
    pub(super) what: &'static str,
    /// The rows are the same, in another order.
    pub(super) reordered: bool,
    /// There may be more of each.
    pub(super) at_least: bool,
}

pub(super) fn compare(old: &Section, new: &Section) -> RowChanges {
    let what_of = |section: &Section| ["floats", "codes"].into_iter().find(|what| section.title.contains(what));
    let what = what_of(old).filter(|what| Some(*what) == what_of(new));
    let [one_by_one, other] = [old, new].map(|section| section.title.starts_with(ONE_BY_ONE));
    let mut found = match (one_by_one, other) {
        (true, true) => compare_each(old, new),
        (false, false) => compare_groups(old, new),
        _ => {
            let [a, b] = [old, new].map(count);
            RowChanges { gone: a.saturating_sub(b), new: b.saturating_sub(a), at_least: true, ..RowChanges::default() }
        }
    };
    found.what = what.unwrap_or_default();
    found.changed = found.changed.filter(|_| what.is_some());
    found
}

fn count(section: &Section) -> u64 {
    if section.title.starts_with(ONE_BY_ONE) {
        return section.lines.len() as u64;
    }
    section.lines.iter().map(|(_, line)| group_of(line).count).sum()
}

fn compare_each(old: &Section, new: &Section) -> RowChanges {
    let by_id = |section: &'_ Section| {
        let mut rows = BTreeMap::<String, Vec<String>>::new();
        section.lines.iter().for_each(|(id, digest)| rows.entry(id.clone()).or_default().push(digest.clone()));
        rows
    };
    let (rows, mut others) = (by_id(old), by_id(new));
    let mut found = RowChanges::default();
    let mut changed = 0;
    for (id, digests) in rows {
        let theirs = others.remove(&id).unwrap_or_default();
        found.gone += digests.len().saturating_sub(theirs.len()) as u64;
        found.new += theirs.len().saturating_sub(digests.len()) as u64;
        changed += digests.iter().zip(&theirs).filter(|(one, other)| one != other).count() as u64;
    }
    found.new += others.values().map(|digests| digests.len() as u64).sum::<u64>();
    let same_rows = (found.gone, found.new, changed) == (0, 0, 0);
    RowChanges { changed: Some(changed), reordered: same_rows && old.lines != new.lines, ..found }
}

fn compare_groups(old: &Section, new: &Section) -> RowChanges {
    let mut found = RowChanges::default();
    let mut changed = 0;
    for (number, ((_, a), (_, b))) in old.lines.iter().zip(&new.lines).enumerate() {
        let (a, b) = (group_of(a), group_of(b));
        let (gone, new) = (a.count.saturating_sub(b.count), b.count.saturating_sub(a.count));
        found.gone += gone;
        found.new += new;
        let mut touched: Vec<usize> = (0..PARTS).filter(|part| a.parts[*part] != b.parts[*part]).collect();
        let difference = if gone > 0 { a.ids.wrapping_sub(b.ids) } else { b.ids.wrapping_sub(a.ids) };
        let (group, part) = dealt(difference.cast_signed());
        match gone + new {
            0 if a.ids == b.ids => {}
            // The one id that is not in both is known, and with it the part that it touches.
            1 if group == number => touched.retain(|touched| *touched != part),
            // Which parts these ids touch is not known.
            ids => {
                found.at_least = true;
                touched.truncate(touched.len().saturating_sub(ids.max(2) as usize));
            }
        }
        changed += touched.len() as u64;
    }
    // Two rows of one part count once.
    RowChanges { changed: Some(changed), at_least: found.at_least || changed > 0, ..found }
}

/// The numbers of a line, zeros where it is none.
fn group_of(line: &str) -> Group {
    let mut words = line.split_whitespace();
    let count = words.next().and_then(|word| word.parse().ok()).unwrap_or(0);
    let ids = words.next().and_then(|word| u64::from_str_radix(word, 16).ok()).unwrap_or(0);
    let mut group = Group { count, ids, ..Group::default() };
    for (part, word) in group.parts.iter_mut().zip(words) {
        *part = u16::from_str_radix(word, 16).unwrap_or(0);
    }
    group
}
