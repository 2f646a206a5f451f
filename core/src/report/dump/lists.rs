//! Inverted lists in a dump: which list, its codes, its ids.
//!
//! An outline keeps no place for each list, so they are found by a walk from the nearest place that it does
//! keep, over the sizes alone.

use super::{LISTS, Line, MOST, Show, State, grouped, heading, rows};
use crate::bytes::{Span, Step};
use crate::lists::{List, Lists};
use crate::outline::{Dtype, Outline};
use crate::window::{Read, Stop, Window};
use alloc::{format, vec::Vec};

/// Codes of flat lists are the vectors themselves.
pub(super) fn code_type(outline: &Outline, lists: &Lists) -> Dtype {
    let flat = |class: &str| matches!(class, "IndexIVFFlat" | "IndexIVFFlatDedup");
    let owner = outline
        .records()
        .into_iter()
        .find(|record| flat(record.class) && record.lists().is_some_and(|found| core::ptr::eq(found, lists)));
    if owner.is_some() { Dtype::F32 } else { Dtype::U8 }
}

/// The lists that are to be shown: those in the span that was asked for, else the first that hold something.
pub(super) fn find_lists<'a>(state: &mut State<'a>, lists: &'a Lists, window: &mut Window) -> Read<Vec<List>> {
    let at = state.at;
    let (walk, found) = state.walk.get_or_insert_with(|| {
        // The last place from which a walk can start that is not behind the span.
        let before = at.map_or(0, |at| lists.checkpoints.partition_point(|checkpoint| checkpoint.at <= at.start));
        let start = before.checked_sub(1).and_then(|place| lists.checkpoints.get(place));
        (lists.walk_rows(window.file_len(), start.map_or(0, |checkpoint| checkpoint.row)), Vec::new())
    });
    let enough = |found: &[List]| match at {
        Some(_) => found.iter().map(|list| extent(list).len).fold(0, u64::saturating_add) >= MOST,
        None => found.len() >= LISTS,
    };
    while !enough(found) {
        match walk.step()? {
            Step::Need(span) => {
                // It may be a long span; the walk is content with its start.
                let run = window.run(span.start, span.len);
                if run.is_empty() {
                    return Err(Stop::Need(span));
                }
                walk.bring(span.start, run);
                window.forget(span);
            }
            Step::Done(None) => break,
            Step::Done(Some(list)) => match at {
                Some(at) if extent(&list).start >= at.end() && list.size > 0 => break,
                Some(at) if extent(&list).overlap(&at).is_none() => {}
                None if list.size == 0 => {}
                _ => found.push(list),
            },
        }
    }
    Ok(state.walk.take().map_or_else(Vec::new, |(_, found)| found))
}

/// All bytes of a list's codes and ids.
fn extent(list: &List) -> Span {
    // Before FAISS 1.4 ids stood elsewhere; the codes are then what belongs here.
    let (codes, ids) = (list.codes, list.ids);
    let near = ids.start == codes.end() || ids.end() <= codes.start && codes.start.saturating_sub(ids.end()) <= 8;
    if near { Span::between(codes.start.min(ids.start), codes.end().max(ids.end())) } else { codes }
}

/// The lines of the lists that were found.
pub(super) fn list_lines<'a>(lists: &'a Lists, found: &[List], dtype: Dtype, at: Option<Span>) -> Vec<Line<'a>> {
    let mut lines = Vec::new();
    for list in found {
        let mut parts = [(list.codes, "codes", dtype), (list.ids, "ids", Dtype::I64)];
        parts.sort_by_key(|(span, ..)| span.start);
        for (span, what, dtype) in parts {
            if at.is_none_or(|at| span.overlap(&at).is_some()) {
                let name = format!("list {} of {}", list.number, lists.nlist);
                heading(
                    span,
                    &name,
                    &format!("{what} of {} entries, {} bytes", list.size, grouped(span.len)),
                    &mut lines,
                );
                rows(span, dtype, at, &mut lines);
            }
        }
    }
    match (at, found.last()) {
        // What lies between codes and ids of lists: counts, sums.
        (Some(_), _) if lines.is_empty() => rows(lists.span, Dtype::U8, at, &mut lines),
        (None, Some(last)) if extent(last).end() < lists.span.end() => {
            let rest = Span::between(extent(last).end(), lists.span.end());
            let text = format!("... {} bytes of further lists not shown", grouped(rest.len));
            lines.push(Line { span: Span::new(rest.start, 0), kind: Show::Text(text) });
        }
        _ => {}
    }
    lines
}
