//! Rows whose vectors or ids could not be had, and whether the caller accepts that.

use super::spool::{Spool, runs_of};
use crate::{Cause, source::Arrived};
use faissil_core::plan::{Missing, Policy};
use std::ops::Range;

/// Runs that one sentence names.
const NAMED: usize = 10;

/// Whether a row is to go into the snapshot, if it has an id: with its vector, or with zeros.
pub(super) fn is_wanted(spool: &Spool, policy: &Policy, row: u64) -> bool {
    spool.has_vector(row) || policy.missing == Missing::Placeholder
}

/// Rows that are to go into the snapshot and have no id, in runs.
pub(super) fn without_id(spool: &Spool, policy: &Policy) -> impl Iterator<Item = Range<u64>> {
    runs_of(0..spool.rows(), move |row| is_wanted(spool, policy, row) && spool.lacks_id(row))
}

/// What is missing, in words: how many rows, the first of them, and why.
pub(super) fn in_words(spool: &Spool, policy: &Policy) -> Option<String> {
    let mut said = Vec::new();
    if let Some(rows) = named(runs_of(0..spool.rows(), |row| !spool.has_vector(row))) {
        said.push(format!("the vectors of {rows} cannot be had"));
        said.extend(spool.why_lost().iter().map(|(strategy, why)| format!("{}: {why}", strategy.name())));
    }
    if let Some(rows) = named(without_id(spool, policy)) {
        said.push(format!("the ids of {rows} cannot be had"));
    }
    (!said.is_empty()).then(|| said.join("; "))
}

/// That nothing is missing that the caller does not allow to be.
///
/// # Errors
/// When something is, or when nothing would be left.
pub(super) fn check(spool: &Spool, policy: &Policy) -> Result<(), Cause> {
    let vectors_may = policy.missing != Missing::Refuse || spool.without_vector() == 0;
    let ids_may =
        policy.missing == Missing::LeaveOut || policy.number_rows || without_id(spool, policy).next().is_none();
    let is_left = |row: &u64| is_wanted(spool, policy, *row) && (policy.number_rows || !spool.lacks_id(*row));
    let some_left = spool.rows() == 0 || (0..spool.rows()).any(|row| is_left(&row));
    match in_words(spool, policy) {
        Some(said) if !(vectors_may && ids_may) => Err(Cause::Refused(said)),
        Some(said) if !some_left => Err(Cause::Refused(format!("no row would be left: {said}"))),
        _ => Ok(()),
    }
}

/// `20 rows (3..13, 20..30)`; nothing where there are none.
fn named(runs: impl Iterator<Item = Range<u64>>) -> Option<String> {
    let (mut count, mut names) = (0, Vec::new());
    for run in runs {
        count += run.end - run.start;
        if names.len() <= NAMED {
            names.push(format!("{}..{}", run.start, run.end));
        }
    }
    if names.len() > NAMED {
        names[NAMED] = "...".into();
    }
    let rows = if count == 1 { "1 row".to_string() } else { format!("{count} rows") };
    (count > 0).then(|| format!("{rows} ({})", names.join(", ")))
}
