//! What lies in damaged bytes of a stream, and whose vectors they were.

use crate::bytes::Span;
use crate::error::Cause;
use crate::ids::{IdPlace, IdStream, ids_in, place};
use crate::lists::{Layout, List, Lists, Sizes};
use crate::order::{ByNumber, sort_by};
use crate::outline::{Leaf, Meaning, Outline, join};
use crate::snapshot::Ids;
use crate::source::Source;
use alloc::{format, string::String, vec::Vec};
use core::ops::Range;

/// The most ids that are named for one damage.
pub const MOST_IDS: usize = 1000;

/// The most leaves that are named for one damage.
const MOST_LEAVES: usize = 6;

/// Entries of a list whose ids are read at once where each is looked at.
const ENTRIES_AT_ONCE: u64 = 4096;

/// Ids whose vectors, codes or own bytes are touched. Where an id map stands around lists, these are its ids: those
/// in the lists are rows of it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct IdsLost {
    /// How many rows.
    pub count: u64,
    /// The ids of the first of them, as far as they can still be read.
    pub ids: Vec<i64>,
}

/// What lies in `span` of the stream, and the ids that are lost with it. `joined` is the stream and its
/// side file in one.
pub(super) async fn explain(outline: &Outline, span: Span, joined: &Source<'_>) -> (String, IdsLost) {
    // Rows of the index in damaged arrays; a row of which several things are damaged is lost once.
    let mut rows_lost: Vec<Range<u64>> = Vec::new();
    let mut lists_lost: Vec<(&Lists, List)> = Vec::new();
    // What lies there, with the bytes of it that are touched: what is largest is named first.
    let mut names: Vec<(u64, String)> = Vec::new();
    let mut lost = IdsLost::default();
    let rows_of_index = outline.root.u64("ntotal").unwrap_or(0);
    let leaves = outline.leaves();
    for leaf in &leaves {
        let Some(part) = leaf.span.overlap(&span) else { continue };
        match &leaf.meaning {
            Meaning::Lists(lists) => match lists_in(lists, span, joined).await {
                Ok(found) if !found.is_empty() => {
                    names.extend(name_lists(&leaf.path, &found, span));
                    if is_of_rows(&leaf.path) {
                        lists_lost.extend(found.into_iter().map(|list| (*lists, list)));
                    }
                }
                _ => {
                    // The sizes are damaged too, so which lists these are cannot be told.
                    names.push((part.len, leaf.path.clone()));
                    if part == leaf.span && is_of_rows(&leaf.path) {
                        match rows_of_map(outline) {
                            Some(rows) => rows_lost.push(0..rows),
                            None => lost.count = lost.count.saturating_add(lists.balance.total),
                        }
                    }
                }
            },
            Meaning::Array(array) => {
                names.push((part.len, leaf.path.clone()));
                let rows = array.shape.first().copied().unwrap_or(0);
                if rows == rows_of_index && rows > 0 && is_by_row(leaf) {
                    rows_lost.push(rows_in(leaf.span, rows, span));
                }
            }
            Meaning::Field(_) | Meaning::Count(_) => names.push((part.len, leaf.path.clone())),
        }
    }
    let rows_lost = merged(rows_lost);
    for rows in &rows_lost {
        lost.add_rows(outline, rows.clone(), joined).await;
    }
    for (lists, list) in &lists_lost {
        lost.add_list(outline, lists, list, span, &rows_lost, joined).await;
    }
    if let Some(part) = Span::between(outline.end, outline.file_len).overlap(&span) {
        let name = if outline.fault.is_none() { "trailing" } else { "not understood" };
        names.push((part.len, format!("{name} bytes {part}")));
    }
    sort_by(&mut names, |(a, _), (b, _)| b.cmp(a));
    let mut names: Vec<String> = names.into_iter().map(|(_, name)| name).collect();
    names.dedup();
    if names.len() > MOST_LEAVES {
        let more = names.len().saturating_sub(MOST_LEAVES);
        names.truncate(MOST_LEAVES);
        names.push(format!("and {more} more"));
    }
    (names.join(", "), lost)
}

/// The same rows in ranges that ascend and do not meet.
fn merged(mut ranges: Vec<Range<u64>>) -> Vec<Range<u64>> {
    sort_by(&mut ranges, |a, b| a.start.cmp(&b.start));
    let mut out: Vec<Range<u64>> = Vec::new();
    for range in ranges {
        match out.last_mut() {
            Some(last) if last.end >= range.start => last.end = last.end.max(range.end),
            _ => out.push(range),
        }
    }
    out
}

/// Whether an array holds one thing a row of the index: codes, vectors or ids; not of a quantizer.
fn is_by_row(leaf: &Leaf<'_>) -> bool {
    let name = leaf.path.rsplit_once('.').map_or(leaf.path.as_str(), |(_, name)| name);
    ["codes", "xb", "id_map", "codes_data"].contains(&name) && is_of_rows(&leaf.path)
}

/// Whether what lies at `path` is about the rows of the index: not about centroids, nor about rows a second time.
fn is_of_rows(path: &str) -> bool {
    !path.split('.').any(|role| role == "quantizer" || role.starts_with("refine"))
}

/// How many rows the outermost id map has, where there is one.
fn rows_of_map(outline: &Outline) -> Option<u64> {
    match place(outline) {
        IdPlace::Map { array, .. } => array.shape.first().copied(),
        _ => None,
    }
}

/// The rows of an array of `rows` rows at `array` that `span` touches.
fn rows_in(array: Span, rows: u64, span: Span) -> Range<u64> {
    let width = array.len.checked_div(rows).unwrap_or(0).max(1);
    let part = array.overlap(&span).unwrap_or_default();
    let row = |at: u64| at.saturating_sub(array.start);
    row(part.start).checked_div(width).unwrap_or(0)..row(part.end()).div_ceil(width).min(rows)
}

impl IdsLost {
    /// Drop what cannot be an id of this index. Ids that stand in damaged bytes themselves are named as they read now;
    /// what the snapshot records of its ids shows up most that have changed.
    pub(super) fn keep_possible(&mut self, recorded: &Ids) {
        let mut seen = ByNumber::default();
        let distinct = recorded.duplicates == Some(0);
        self.ids.retain(|id| {
            let is_new = (recorded.min..=recorded.max).contains(id) && seen.get(id.cast_unsigned()).is_none();
            let is_kept = is_new || !distinct && (recorded.min..=recorded.max).contains(id);
            seen.insert(id.cast_unsigned(), ());
            is_kept
        });
    }

    /// Count these in; those of them that can still be named.
    fn count_in(&mut self, rows: &Range<u64>) -> Range<u64> {
        self.count = self.count.saturating_add(rows.end.saturating_sub(rows.start));
        let room = MOST_IDS.saturating_sub(self.ids.len()) as u64;
        rows.start..rows.end.min(rows.start.saturating_add(room))
    }

    async fn add_rows(&mut self, outline: &Outline, rows: Range<u64>, joined: &Source<'_>) {
        let named = self.count_in(&rows);
        if named.is_empty() {
            return;
        }
        let place = place(outline);
        let mut ids = IdStream::new(&place, joined.files(), named);
        while let Ok(Some(batch)) = joined.run(&mut ids).await {
            self.ids.extend(batch.ids.iter().map(|id| id.0));
        }
    }

    /// The entries of a list that `span` touches. `counted` are rows of the index that are counted in already: ascending,
    /// and they do not meet.
    async fn add_list(
        &mut self,
        outline: &Outline,
        lists: &Lists,
        list: &List,
        span: Span,
        counted: &[Range<u64>],
        joined: &Source<'_>,
    ) {
        let Some(entries) = entries_in(lists, list, span) else { return };
        let IdPlace::Map { array, .. } = place(outline) else {
            let named = self.count_in(&entries);
            self.ids.extend(ids_of_entries(lists, list, &named, joined).await.unwrap_or_default());
            return;
        };
        let all = array.shape.first().copied().unwrap_or(0);
        if counted.is_empty() {
            let named = self.count_in(&entries);
            let rows = ids_of_entries(lists, list, &named, joined).await.unwrap_or_default();
            self.name_rows(array.span, rows, joined).await;
        } else if counted != core::slice::from_ref(&(0..all)) {
            let mut rest = entries;
            while !rest.is_empty() {
                let now = rest.start..rest.end.min(rest.start.saturating_add(ENTRIES_AT_ONCE));
                rest.start = now.end;
                match ids_of_entries(lists, list, &now, joined).await {
                    Some(mut rows) => {
                        rows.retain(|row| !u64::try_from(*row).is_ok_and(|row| holds(counted, row)));
                        let named = self.count_in(&(0..rows.len() as u64));
                        rows.truncate(usize::try_from(named.end).unwrap_or(MOST_IDS));
                        self.name_rows(array.span, rows, joined).await;
                    }
                    None => self.count = self.count.saturating_add(now.end.saturating_sub(now.start)),
                }
            }
        }
        // What an entry holds cannot always be told: then it may be a row that is counted in.
        self.count = self.count.min(all);
    }

    /// Name what the id map at `map` has in these rows.
    async fn name_rows(&mut self, map: Span, rows: Vec<i64>, joined: &Source<'_>) {
        let starts = rows.into_iter().filter_map(|row| u64::try_from(row).ok()?.checked_mul(8));
        for start in starts.filter(|start| *start < map.len) {
            if let Ok(bytes) = joined.bytes(Span::new(map.start.saturating_add(start), 8)).await {
                self.ids.extend(ids_in(&bytes).map(|id| id.0));
            }
        }
    }
}

/// Whether one of `ranges`, which ascend and do not meet, holds `row`.
fn holds(ranges: &[Range<u64>], row: u64) -> bool {
    let before = ranges.partition_point(|range| range.end <= row);
    ranges.get(before).is_some_and(|range| range.contains(&row))
}

/// The entries of a list whose code or id `span` touches.
fn entries_in(lists: &Lists, list: &List, span: Span) -> Option<Range<u64>> {
    let whole = Range { start: 0, end: list.size };
    // Codes in blocks are not in order of rows: any of a block's rows may be touched.
    let in_order = matches!(lists.layout, Layout::Array | Layout::Split { .. });
    let touched = |part: Span| match part.overlap(&span) {
        Some(_) if in_order => Some(rows_in(part, list.size.max(1), span)),
        Some(_) => Some(whole.clone()),
        None => None,
    };
    match (touched(list.codes), touched(list.ids)) {
        (Some(a), Some(b)) => Some(a.start.min(b.start)..a.end.max(b.end)),
        (rows, None) | (None, rows) => rows,
    }
}

/// What stands as ids beside these entries of a list; `None` where that cannot be read.
async fn ids_of_entries(lists: &Lists, list: &List, entries: &Range<u64>, joined: &Source<'_>) -> Option<Vec<i64>> {
    let start = list.ids.start.saturating_add(entries.start.saturating_mul(8));
    let ids = Span::new(start, entries.end.saturating_sub(entries.start).saturating_mul(8));
    let bytes = joined.bytes(joined.files().place(lists, ids).ok()?).await.ok()?;
    Some(ids_in(&bytes).map(|id| id.0).collect())
}

/// The lists whose data `span` touches.
async fn lists_in(lists: &Lists, span: Span, joined: &Source<'_>) -> Result<Vec<List>, Cause> {
    // Checkpoints lead close to the damage; the rest is a short walk over sizes.
    let before = lists.checkpoints.iter().take_while(|checkpoint| checkpoint.at <= span.start).last();
    let from = match (before, lists.sizes) {
        (Some(checkpoint), Sizes::Full(_) | Sizes::Inline) => checkpoint.entry,
        _ => 0,
    };
    let mut walk = lists.walk(joined.files().stream, from);
    let mut found = Vec::new();
    while let Some(list) = joined.run(&mut walk).await? {
        if list.codes.overlap(&span).is_some() || list.ids.overlap(&span).is_some() {
            found.push(list);
        } else if list.codes.start >= span.end() && list.ids.start >= span.end() && !list.codes.is_empty() {
            break;
        }
    }
    Ok(found)
}

/// `invlists.codes of lists 120..131`, and the same for ids.
fn name_lists(path: &str, found: &[List], span: Span) -> Vec<(u64, String)> {
    let name = |part: &str, of: fn(&List) -> Span| {
        let numbers = || found.iter().filter(|list| of(list).overlap(&span).is_some()).map(|list| list.number);
        let (first, last) = (numbers().next()?, numbers().next_back()?);
        let which =
            if first == last { format!("list {first}") } else { format!("lists {first}..{}", last.saturating_add(1)) };
        let bytes = found.iter().filter_map(|list| of(list).overlap(&span)).map(|part| part.len).sum();
        Some((bytes, format!("{} of {which}", join(path, part))))
    };
    name("codes", |list| list.codes).into_iter().chain(name("ids", |list| list.ids)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_that_lost_two_things_are_lost_once() {
        assert_eq!(merged(alloc::vec![7..9, 0..3, 2..5, 9..9]), [0..5, 7..9]);
    }

    #[test]
    fn a_row_is_found_in_its_range_only() {
        let found: Vec<u64> = (0..10).filter(|row| holds(&[1..3, 5..6], *row)).collect();
        assert_eq!(found, [1, 2, 5]);
    }

    #[test]
    fn ids_that_the_index_cannot_have_are_not_named() {
        let recorded =
            Ids { count: 5, kind: 4, min: 3, max: 90, start: 0, stride: 0, duplicates: Some(0), lookup: None };
        let mut lost = IdsLost { count: 5, ids: alloc::vec![0, 7, 7, 91, 3] };
        lost.keep_possible(&recorded);
        assert_eq!((lost.count, lost.ids), (5, alloc::vec![7, 3]));
    }
}
