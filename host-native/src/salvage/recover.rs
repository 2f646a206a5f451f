//! What can still be known of a damaged stream.
//!
//! The outline comes from the manifest, which has a digest of its own, so header fields and list sizes that
//! stood in damaged bytes are written again. Where that makes a damaged chunk fit its digest, only they were hit, and
//! the whole chunk is good.

use crate::{
    Cause,
    drive::{drive, drive_on},
    judge,
    opened::Opened,
    store::Store,
};
use faissil_core::{
    Span, keep,
    lists::{Lists, Sizes},
    outline::Outline,
    salvage::{Damaged, Patch, mend, mend_sizes},
    snapshot::{ChunkEntry, Layout, ListsSummary, Snapshot, TreeBody, lists_of},
};
use std::collections::BTreeSet;

/// A damaged stream, as far as it is known.
pub(super) struct Recovered {
    /// Its outline, not read from damaged bytes; `None` where nothing records it.
    pub(super) outline: Option<Outline>,
    /// What the index is called.
    pub(super) description: String,
    /// Bytes that are known without being read.
    pub(super) patches: Vec<Patch>,
    /// The bytes that are lost all the same.
    pub(super) damaged: Damaged,
}

/// Look at the stream of `snapshot`, whose bytes `damage` are not as recorded.
pub(super) fn recover(opened: &Opened, snapshot: &Snapshot, damage: &[Span]) -> Result<Recovered, Cause> {
    let tree = drive(snapshot.body::<TreeBody>(), &opened.file).ok().flatten();
    let recorded = tree.as_ref().and_then(|tree| drive(snapshot.outline(tree, keep::class), &opened.file).ok());
    let description = tree.as_ref().map_or(String::new(), |tree| tree.description.clone());
    let damaged = Damaged::new(damage.iter().copied());
    let (Some(outline), Some(tree)) = (recorded, tree) else {
        // Read from checked bytes alone it is as good, if they are all that it takes.
        let outline = judge::outline(&opened.checked()).ok();
        return Ok(Recovered { outline, description, patches: Vec::new(), damaged });
    };
    let mut patches = mend(&outline, &damaged);
    for ((_, lists), recorded) in lists_of(&outline).into_iter().zip(&tree.lists) {
        if let Sizes::Full(span) | Sizes::Sparse(span) = lists.sizes
            && damaged.touches(span)
        {
            patches.extend(recorded_sizes(opened, snapshot, lists, recorded));
        }
    }
    for chunk in good_again(opened, snapshot, &damaged, &patches)? {
        patches.push(chunk);
    }
    let known = patches.iter().map(|patch| Span::new(patch.at, patch.bytes.len() as u64));
    let damaged = damaged.without(known.collect::<Vec<_>>());
    Ok(Recovered { outline: Some(outline), description, patches, damaged })
}

/// The sizes of lists from the snapshot's own table of them.
fn recorded_sizes(opened: &Opened, snapshot: &Snapshot, lists: &Lists, recorded: &ListsSummary) -> Option<Patch> {
    let mut walk = snapshot.walk_sizes(recorded);
    let mut sizes = Vec::new();
    while let Some(page) = drive_on(&mut walk, &opened.file).ok()? {
        sizes.extend(page);
    }
    mend_sizes(lists, sizes.into_iter())
}

/// Sealed chunks that have their digest once the patches are over them.
fn good_again(opened: &Opened, snapshot: &Snapshot, damaged: &Damaged, patches: &[Patch]) -> Result<Vec<Patch>, Cause> {
    let (mut good, mut tried) = (Vec::new(), BTreeSet::new());
    let log2 = snapshot.chunks().chunk_log2;
    for patch in patches {
        let first = Span::new(patch.at, 1);
        if snapshot.layout() != Layout::Sealed || !damaged.touches(first) || !tried.insert(patch.at >> log2) {
            continue;
        }
        let Some(entry) = chunk_with(opened, snapshot, patch.at) else { continue };
        let mut bytes = opened.file.read(entry.stored)?;
        for patch in patches {
            let over = Span::new(patch.at, patch.bytes.len() as u64);
            if let Some(part) = entry.logical.overlap(&over) {
                let (to, from) = ((part.start - entry.logical.start) as usize, (part.start - patch.at) as usize);
                let len = part.len as usize;
                bytes[to..to + len].copy_from_slice(&patch.bytes[from..from + len]);
            }
        }
        if entry.check(&bytes).is_ok() {
            good.push(Patch { at: entry.logical.start, bytes });
        }
    }
    Ok(good)
}

fn chunk_with(opened: &Opened, snapshot: &Snapshot, at: u64) -> Option<ChunkEntry> {
    let page = drive(snapshot.find_chunk(at), &opened.file).ok().flatten()?;
    page.into_iter().find(|entry| entry.logical.contains(&Span::new(at, 1)))
}
