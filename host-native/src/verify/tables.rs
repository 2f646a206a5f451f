//! Tables that repeat the stream, held against it: sizes of inverted lists, and which row an id has.

use super::{Damage, at_manifest, to_blame};
use crate::{
    Cause,
    append::for_each_size,
    drive::drive_on,
    sorting::{Pair, Sorter},
    store::Store,
};
use faissil_core::{
    files::Files,
    ids::{IdPlace, IdStream},
    outline::Outline,
    snapshot::{Ids, Snapshot, TreeBody, lists_of},
};
use std::path::Path;

/// Recorded sizes of inverted lists that are not those of the stream.
pub(super) fn wrong_sizes(
    snapshot: &Snapshot,
    tree: &TreeBody,
    outline: &Outline,
    stream: &impl Store,
    file: &(impl Store + ?Sized),
) -> Result<Option<Damage>, Cause> {
    for ((path, lists), recorded) in lists_of(outline).into_iter().zip(&tree.lists) {
        if recorded.sizes.is_none() {
            continue;
        }
        let mut walk = snapshot.walk_sizes(recorded);
        let (mut page, mut number, mut wrong) = (Vec::new().into_iter(), 0u64, None);
        let walked = for_each_size(lists, stream, |size| {
            if page.len() == 0 {
                page = drive_on(&mut walk, file)?.unwrap_or_default().into_iter();
            }
            let found = page.next();
            if found != Some(size) && wrong.is_none() {
                wrong =
                    Some(format!("list {number} of `{path}` has {size} entries, recorded are {}", found.unwrap_or(0)));
            }
            number += 1;
            Ok(())
        });
        match walked {
            Err(cause) => return to_blame(cause, snapshot).map(Some),
            Ok(()) if wrong.is_some() => return Ok(wrong.map(|reason| at_manifest(snapshot, "TREE.lists", reason))),
            Ok(()) => {}
        }
    }
    Ok(None)
}

/// Recorded pairs of id and row that are not those of the stream: both in order, one beside the other.
pub(super) fn wrong_lookup(
    snapshot: &Snapshot,
    ids: &Ids,
    place: &IdPlace<'_>,
    files: Files,
    joined: &impl Store,
    file: &(impl Store + ?Sized),
    scratch: &Path,
) -> Result<Option<Damage>, Cause> {
    let Some(lookup) = &ids.lookup else { return Ok(None) };
    let mut sorter = Sorter::new(scratch);
    let mut batches = IdStream::all(place, files);
    while let Some(batch) = drive_on(&mut batches, joined)? {
        for (id, row) in batch.ids.iter().zip(batch.row.0..) {
            sorter.push((id.0, row))?;
        }
    }
    let mut stream = sorter.sorted()?;
    let mut walk = snapshot.walk_ids(lookup);
    let wrong = |(id, row): Pair, whose: &str| {
        let reason = format!("the id lookup does not hold the ids of the stream: id {id} in row {row} is {whose}");
        Ok(Some(at_manifest(snapshot, "IDMP.lookup", reason)))
    };
    loop {
        match drive_on(&mut walk, file) {
            Ok(Some(page)) => {
                for &recorded in &page {
                    match stream.next().transpose()? {
                        Some(pair) if pair == recorded => {}
                        Some(pair) if pair < recorded => return wrong(pair, "not in the lookup"),
                        _ => return wrong(recorded, "only in the lookup"),
                    }
                }
            }
            Ok(None) => break,
            Err(cause) => return to_blame(cause, snapshot).map(Some),
        }
    }
    match stream.next().transpose()? {
        Some(pair) => wrong(pair, "not in the lookup"),
        None => Ok(None),
    }
}
