//! Tables that repeat the stream, held against it: sizes of inverted lists, and which row an id has.

use super::{Damage, at_manifest, to_blame};
use crate::error::Cause;
use crate::ids::{IdPlace, Scratch};
use crate::lists::{EachSize, Lists};
use crate::outline::Outline;
use crate::snapshot::{Ids, ListsSummary, Snapshot, TreeBody, lists_of};
use crate::source::Source;
use alloc::{format, string::String, vec::Vec};

/// Recorded sizes of inverted lists that are not those of the stream.
pub(super) async fn wrong_sizes(
    snapshot: &Snapshot,
    tree: &TreeBody,
    outline: &Outline,
    stream: &Source<'_>,
    file: &Source<'_>,
) -> Result<Option<Damage>, Cause> {
    for ((path, lists), recorded) in lists_of(outline).into_iter().zip(&tree.lists) {
        if recorded.sizes.is_none() {
            continue;
        }
        match wrong_size(snapshot, &path, lists, recorded, stream, file).await {
            Err(cause) => return to_blame(cause, snapshot).map(Some),
            Ok(Some(reason)) => return Ok(Some(at_manifest(snapshot, "TREE.lists", reason))),
            Ok(None) => {}
        }
    }
    Ok(None)
}

async fn wrong_size(
    snapshot: &Snapshot,
    path: &str,
    lists: &Lists,
    recorded: &ListsSummary,
    stream: &Source<'_>,
    file: &Source<'_>,
) -> Result<Option<String>, Cause> {
    let mut walk = snapshot.walk_sizes(recorded);
    let mut sizes = EachSize::new(lists, stream.len());
    let (mut page, mut number, mut wrong) = (Vec::new().into_iter(), 0_u64, None);
    while let Some(run) = stream.run(&mut sizes).await? {
        for size in run {
            if page.len() == 0 {
                page = file.run(&mut walk).await?.unwrap_or_default().into_iter();
            }
            let found = page.next();
            if found != Some(size) && wrong.is_none() {
                let found = found.unwrap_or(0);
                wrong = Some(format!("list {number} of `{path}` has {size} entries, recorded are {found}"));
            }
            number = number.saturating_add(1);
        }
    }
    Ok(wrong)
}

/// Recorded pairs of id and row that are not those of the stream: both in order, one beside the other. `Err` within: why
/// they could not be held against each other.
pub(super) async fn wrong_lookup(
    snapshot: &Snapshot,
    ids: &Ids,
    place: &IdPlace<'_>,
    joined: &Source<'_>,
    file: &Source<'_>,
    scratch: &dyn Scratch,
) -> Result<Result<Option<Damage>, &'static str>, Cause> {
    let Some(lookup) = &ids.lookup else { return Ok(Ok(None)) };
    let Some(mut sorted) = scratch.sorted(place, joined.files()) else {
        return Ok(Err("sorting them takes more memory than there is here"));
    };
    let mut stream = Vec::new().into_iter();
    let mut walk = snapshot.walk_ids(lookup);
    let wrong = |(id, row): (i64, u64), whose: &str| {
        let reason = format!("the id lookup does not hold the ids of the stream: id {id} in row {row} is {whose}");
        Ok(Ok(Some(at_manifest(snapshot, "IDMP.lookup", reason))))
    };
    loop {
        let page = match file.run(&mut walk).await {
            Ok(page) => page,
            Err(cause) => return to_blame(cause, snapshot).map(|damage| Ok(Some(damage))),
        };
        let Some(page) = page else { break };
        for recorded in page {
            if stream.len() == 0 {
                stream = joined.run(&mut *sorted).await?.unwrap_or_default().into_iter();
            }
            match stream.next() {
                Some(pair) if pair == recorded => {}
                Some(pair) if pair < recorded => return wrong(pair, "not in the lookup"),
                _ => return wrong(recorded, "only in the lookup"),
            }
        }
    }
    if stream.len() == 0 {
        stream = joined.run(&mut *sorted).await?.unwrap_or_default().into_iter();
    }
    match stream.next() {
        Some(pair) => wrong(pair, "not in the lookup"),
        None => Ok(Ok(None)),
    }
}
