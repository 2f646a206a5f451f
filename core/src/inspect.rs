//! What is in a file, as a report.
//!
//! A snapshot's own record answers without its stream being touched, and is marked `as recorded`; of a
//! plain index file the outline is made and the ids are read. [`inspect`] does all of it; a host that has to look for
//! a side file first goes in the steps of which it is made.

use crate::describe::Note;
use crate::error::{Cause, Kind};
use crate::ids::{IdPlace, IdSummary, Scratch, place};
use crate::index::{Index, recorded_outline};
use crate::judge;
use crate::keep;
use crate::opened::{Access, attachments, interrupted_seal};
use crate::report::{
    Attachment, Container, Fault, Fidelity, Inspection, Known, Level, Opaque, Run, inspection, opaque,
};
use crate::snapshot::{self, Layout, Snapshot, TreeBody};
use crate::source::Source;
use crate::text::escaped;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// What is in an opened file, which is called `name`. `side`: whether it has its side file, or why not.
///
/// # Errors
/// When it is no index, or cannot be read. A stream that cannot be followed to its end is no error: the report
/// has its `fault`.
pub async fn inspect(
    access: &Access<'_>,
    name: &str,
    side: Result<(), String>,
    scratch: &dyn Scratch,
) -> Result<Inspection, Cause> {
    if let Some(recorded) = recorded(access, name).await? {
        return Ok(recorded);
    }
    let index = Index::of(access).await?.with_side(side);
    derived(access, name, &index, scratch).await
}

/// What a snapshot says of its stream; `None` where there is no snapshot, or one without an outline.
///
/// # Errors
/// When it cannot be read.
pub async fn recorded(access: &Access<'_>, name: &str) -> Result<Option<Inspection>, Cause> {
    let Some(snapshot) = &access.opened.snapshot else { return Ok(None) };
    let file = access.file();
    let mut known = known(&file, name);
    recall(&file, snapshot, &mut known).await?;
    let Some(outline) = recorded_outline(&file, snapshot).await? else { return Ok(None) };
    known.as_recorded = true;
    let ids = file.run(&mut snapshot.body::<snapshot::Ids>()).await?;
    known.ids = ids.as_ref().and_then(keep::id_summary);
    if known.fidelity.level == Level::Partial {
        for stored in judge::side_files(&outline) {
            let said = format!(
                "the inverted lists are missing: they were in `{}`, which is not in this snapshot",
                escaped(stored)
            );
            known.notes.push(Note::new("lists-missing", true, said));
        }
    }
    Ok(Some(inspection(&outline, known)))
}

/// What an index says of itself, its ids summed up.
///
/// # Errors
/// When it cannot be read. Ids that cannot be read are a note.
pub async fn derived(
    access: &Access<'_>,
    name: &str,
    index: &Index,
    scratch: &dyn Scratch,
) -> Result<Inspection, Cause> {
    let (file, outline) = (access.file(), &index.outline);
    let mut known = known(&file, name);
    if let Some(snapshot) = &access.opened.snapshot {
        recall(&file, snapshot, &mut known).await?;
    }
    known.stream_len = access.stream().len();
    if let Some(len) = access.opened.interrupted {
        let said = format!("{}; `seal` begins it again, `unseal` takes it off", interrupted_seal(len));
        known.notes.push(Note::new("interrupted-seal", true, said));
    }
    // Of a snapshot every byte of the stream is kept, cut short or not.
    let cut_short = outline.fault.as_ref().is_some_and(|fault| matches!(fault.kind, Kind::Truncated { .. }));
    if cut_short && access.opened.snapshot.is_none() {
        known.fidelity.level = Level::Partial;
    }
    match (index.side_missing(), place(outline)) {
        (Some(missing), _) => {
            known.fidelity.level = Level::Partial;
            known.notes.push(Note::new("side-file-missing", true, missing));
        }
        (None, IdPlace::Unfollowed(why)) => known.notes.push(Note::new("ids-not-read", false, why.sentence())),
        (None, _) if outline.fault.is_some() => {}
        (None, _) => match index.sum_ids(access, scratch).await {
            Ok(ids) => {
                known.notes.extend(ids.as_ref().and_then(uncounted));
                known.ids = ids;
            }
            Err(cause) => known.notes.push(Note::new("ids-not-read", true, format!("the ids cannot be read: {cause}"))),
        },
    }
    Ok(inspection(outline, known))
}

/// That ids were too many to count those that repeat.
fn uncounted(ids: &IdSummary) -> Option<Note> {
    let said = "ids that repeat were not counted: that takes more memory than there is here";
    ids.duplicates.is_none().then(|| Note::new("duplicates-not-counted", false, said))
}

/// What an opened snapshot says of itself although its bytes are no index to this build, which `why` says. `None` for
/// anything else.
///
/// # Errors
/// When the snapshot cannot be read.
pub async fn inspect_opaque(access: &Access<'_>, name: &str, why: Fault) -> Result<Option<Opaque>, Cause> {
    let file = access.file();
    let Some(snapshot) = &access.opened.snapshot else { return Ok(None) };
    if file.run(&mut snapshot.body::<TreeBody>()).await?.is_some() {
        return Ok(None);
    }
    let mut known = known(&file, name);
    recall(&file, snapshot, &mut known).await?;
    Ok(Some(opaque(known, why)))
}

/// A cause as the `fault` of a report.
pub fn fault(cause: &Cause) -> Fault {
    let kind = if let Cause::Fault(_) = cause { cause.label() } else { "not recognised" };
    Fault { kind: kind.into(), at: cause.at(), path: cause.path().into(), message: cause.to_string() }
}

fn known(file: &Source<'_>, name: &str) -> Known {
    Known { file: name.into(), size_bytes: file.len(), ..Known::default() }
}

/// What a snapshot says about itself.
///
/// # Errors
/// When it cannot be read.
pub async fn recall(file: &Source<'_>, snapshot: &Snapshot, known: &mut Known) -> Result<(), Cause> {
    known.kind = match snapshot.layout() {
        Layout::Sealed => Container::Sealed,
        Layout::Packed => Container::Packed,
    };
    known.snapshot_digest = Some(snapshot.digest().0);
    known.stream_digest = Some(snapshot.stream().digest.0);
    known.stream_len = snapshot.stream().length;
    if let Some(metadata) = file.run(&mut snapshot.body::<snapshot::Metadata>()).await? {
        known.metadata = metadata.entries.into_iter().map(|entry| (entry.key, entry.value)).collect();
    }
    for attachment in attachments(file, snapshot).await? {
        let snapshot::Attachment { name, media_type, length, .. } = attachment;
        known.attachments.push(Attachment { name, media_type, bytes: length });
    }
    if let Some(recorded) = file.run(&mut snapshot.body::<snapshot::Fidelity>()).await? {
        known.fidelity = fidelity(&recorded);
    }
    if !snapshot.signatures().is_empty() {
        known.notes.push(Note::new("signature", false, "signature present, not checked"));
    }
    Ok(())
}

fn fidelity(recorded: &snapshot::Fidelity) -> Fidelity {
    let mut first = 0_u64;
    let mut runs = Vec::new();
    for run in &recorded.runs {
        let strategy = recorded.strategies.get(usize::from(run.strategy)).cloned().unwrap_or_default();
        let level = Level::from_number(run.level).unwrap_or(Level::Placeholder);
        runs.push(Run { first, rows: run.rows, level, strategy });
        first = first.saturating_add(run.rows);
    }
    Fidelity { level: Level::worst(recorded.runs.iter().map(|run| run.level)), runs }
}
