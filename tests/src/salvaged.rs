//! What a salvage plan makes of a stream, held against the rows that went in.

pub mod build;

use crate::driven;
use faissil_core::bytes::{Span, Step, slice};
use faissil_core::faiss::Outliner;
use faissil_core::outline::Outline;
use faissil_core::salvage::{Damaged, Plan, Planner, Refusal};
use faissil_core::vectors::{Codes, find_codes};
use std::collections::BTreeMap;

/// One stored row: its id, its code, and the bytes that both take.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Stored {
    /// What a search answers.
    pub id: i64,
    /// The bytes of its code.
    pub code: Vec<u8>,
    /// Where code and id stand.
    pub bytes: Vec<Span>,
}

/// The outline of a stream that must have one.
///
/// # Panics
/// When there is none.
pub fn outline_of(file: &[u8]) -> Outline {
    driven::over(Outliner::new(file.len() as u64), file, 4096).unwrap_or_else(|error| panic!("{error}"))
}

/// A plan for `file` with damage in these spans. The planner may not ask for a damaged byte.
///
/// # Errors
/// The planner's refusal.
///
/// # Panics
/// When it breaks a promise.
pub fn plan(file: &[u8], outline: &Outline, damaged: &Damaged) -> Result<Plan, Refusal> {
    use faissil_core::Reading;
    let mut planner = Planner::new(outline, damaged.clone());
    loop {
        match planner.step().unwrap_or_else(|error| panic!("{error}")) {
            Step::Done(found) => return found,
            Step::Need(span) => {
                assert!(!span.is_empty() && span.end() <= file.len() as u64, "asked for {span}");
                assert!(!damaged.touches(Span::new(span.start, 1)), "asked for damaged byte {}", span.start);
                // As a host does that finds damage behind what is needed: nothing of it is brought.
                let end = damaged.within(span).next().map_or(span.end(), |bad| bad.start);
                planner.bring(span.start, slice(file, Span::between(span.start, end.min(span.start + 5000))));
            }
        }
    }
}

/// The new stream, made in pieces of `step` bytes.
///
/// # Panics
/// As [`make`].
pub fn made(plan: &Plan, file: &[u8], damaged: &Damaged, step: u64) -> Vec<u8> {
    let mut out = Vec::new();
    make(plan, file, damaged, step, |bytes| out.extend(bytes));
    out
}

/// Make the new stream in pieces of at most `step` bytes and hand them on.
///
/// # Panics
/// When a piece is made of damaged bytes, or the plan does not come to the length that it says.
pub fn make(plan: &Plan, file: &[u8], damaged: &Damaged, step: u64, mut take: impl FnMut(Vec<u8>)) {
    let mut at = 0;
    while let Some((piece, offset)) = plan.find(at) {
        let part = Span::new(offset, step.min(piece.len() - offset));
        let source = plan.source(piece, part);
        assert!(source.is_none_or(|source| !damaged.touches(source)), "{piece:?} is made of damaged bytes");
        let bytes = plan.make(piece, part, source.map_or(&[], |source| slice(file, source)));
        assert_eq!(bytes.len() as u64, part.len);
        at += part.len;
        take(bytes);
    }
    assert_eq!(at, plan.stream_len());
}

/// Everything that an index stores a code a row of; `None` where it stores none.
///
/// # Panics
/// When lists that have an outline cannot be walked.
pub fn stored(file: &[u8], outline: &Outline) -> Option<Vec<Stored>> {
    let found = find_codes(outline).ok()?;
    let number = |span: Span| i64::from_le_bytes(slice(file, span).try_into().unwrap());
    let mut rows = Vec::new();
    let mut add = |label: u64, code: Span, id: Option<Span>| {
        let mut bytes = vec![code];
        bytes.extend(id);
        let mut label = label;
        for map in &found.maps {
            let at = Span::new(map.span.start + label * 8, 8);
            bytes.push(at);
            label = number(at) as u64;
        }
        rows.push(Stored { id: label as i64, code: slice(file, code).to_vec(), bytes });
    };
    match found.codes {
        Codes::Rows(array) => {
            (0..found.rows)
                .for_each(|row| add(row, Span::new(array.span.start + row * found.row_bytes, found.row_bytes), None));
        }
        Codes::Levels { .. } | Codes::Blocks { .. } | Codes::Numbers => return None,
        Codes::Lists(lists, _) => {
            let mut walk = lists.walk(file.len() as u64, 0);
            while let Some(list) = driven::step(&mut walk, file, usize::MAX).unwrap() {
                for entry in 0..list.size {
                    let id = Span::new(list.ids.start + entry * 8, 8);
                    let code = Span::new(list.codes.start + entry * found.row_bytes, found.row_bytes);
                    if code.end() > file.len() as u64 {
                        return None; // in another file
                    }
                    add(number(id) as u64, code, Some(id));
                }
            }
        }
    }
    Some(rows)
}

/// Ids and codes, in an order that does not depend on places.
pub fn pairs<'a>(rows: impl IntoIterator<Item = &'a Stored>) -> BTreeMap<(i64, Vec<u8>), usize> {
    let mut pairs = BTreeMap::new();
    rows.into_iter().for_each(|row| *pairs.entry((row.id, row.code.clone())).or_default() += 1);
    pairs
}

/// Plan, make and check: the rows of the new stream are those of the old one of which no byte is damaged. Gives
/// the plan and the new stream.
///
/// # Errors
/// The planner's refusal.
///
/// # Panics
/// When a promise is broken.
pub fn salvaged(file: &[u8], damaged: &Damaged, step: u64) -> Result<(Plan, Vec<u8>), Refusal> {
    let outline = outline_of(file);
    let plan = plan(file, &outline, damaged)?;
    let new = made(&plan, file, damaged, step);
    let new_outline = outline_of(&new);
    assert_eq!(new_outline.fault, None, "{plan}");
    let mut at = 0;
    for leaf in new_outline.leaves() {
        assert_eq!(leaf.span.start, at, "{}", leaf.path);
        at = leaf.span.end();
    }
    let lost = plan.rows_left_out();
    assert_eq!(
        new_outline.root.u64("ntotal"),
        outline.root.u64("ntotal").map(|old| old.saturating_sub(lost)),
        "{plan}"
    );
    if let (Some(old), Some(new)) = (stored(file, &outline), stored(&new, &new_outline)) {
        let kept = old.iter().filter(|row| !row.bytes.iter().any(|&span| damaged.touches(span)));
        let (kept, new) = (pairs(kept), pairs(&new));
        if outline.records().iter().any(|record| record.class.starts_with("IndexRefine")) {
            // Rows also go with the code that finds them, which is not looked at here.
            assert!(new.keys().all(|row| kept.contains_key(row)), "{plan}");
        } else {
            assert_eq!(new, kept, "{plan}");
        }
        assert_eq!(new.values().sum::<usize>() as u64, old.len() as u64 - lost, "{plan}");
    }
    Ok((plan, new))
}
