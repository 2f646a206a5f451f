//! A salvaged stream as a file.

use super::Salvaged;
use crate::{
    Cause, Error,
    beside::{self, Place},
    drive::drive,
    judge,
    load::{self, Output},
    opened::Opened,
    parallel::Progress,
    replace::{Replacement, directory_of},
    save::{self, PARTIAL, Prepared, Stream, with_writeback},
    store::{Decoded, Store},
};
use faissil_core::{
    Span,
    report::Level,
    salvage::Plan,
    snapshot::{Digest, Entry, Fidelity, Layout, Metadata, Recipe, Run, Snapshot, Writer},
};
use std::{os::unix::fs::FileExt, path::Path, sync::atomic::AtomicBool};

/// Bytes that are copied at once.
const PIECE: u64 = 1 << 20;

/// Runs of rows that a recipe names.
const RUNS: usize = 10_000;

/// Where the stream is from.
pub(super) struct From<'a> {
    pub(super) input: &'a Path,
    pub(super) opened: &'a Opened,
    pub(super) snapshot: &'a Snapshot,
    pub(super) plan: &'a Plan,
    pub(super) description: &'a str,
}

/// Whether reading or writing is what failed shows in the kind of cause.
fn blame(cause: Cause, from: &From<'_>, output: &Path) -> Error {
    match cause {
        Cause::Io(_) | Cause::Refused(_) => cause.writing(output),
        cause => cause.reading(from.input),
    }
}

/// Write the stream as a plain index, its side files beside it.
pub(super) fn plain(
    from: &From<'_>,
    new: &impl Store,
    output: &Path,
    salvaged: &mut Salvaged,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let writing = |cause: Cause| blame(cause, from, output);
    let replacement = Replacement::of(output)?;
    replacement.check_room(new.len()).map_err(writing)?;
    let file = replacement.file();
    let copied = with_writeback(file, || {
        let mut hasher = blake3::Hasher::new();
        let mut at = 0;
        while at < new.len() {
            let bytes = new.read(Span::new(at, PIECE.min(new.len() - at)))?;
            hasher.update(&bytes);
            file.write_all_at(&bytes, at)?;
            at += bytes.len() as u64;
            progress(at, new.len());
        }
        Ok::<_, Cause>(Digest::from(hasher.finalize()))
    });
    salvaged.stream_digest = copied.map_err(writing)?;
    same(from, salvaged).map_err(writing)?;
    from.opened.file.check_unchanged().map_err(writing)?;
    side_files(from, output, salvaged, progress)?;
    replacement.commit().map_err(writing)
}

/// That a stream of which nothing is left out is the one that was recorded.
fn same(from: &From<'_>, salvaged: &Salvaged) -> Result<(), Cause> {
    let expected = from.snapshot.stream().digest;
    if from.plan.is_whole() && salvaged.stream_digest != expected {
        let said = format!("what is recorded does not give back the stream with the digest {expected}");
        return Err(Cause::Damage(said));
    }
    Ok(())
}

/// Put the side files beside the output that are intact.
fn side_files(from: &From<'_>, output: &Path, salvaged: &mut Salvaged, progress: Progress<'_>) -> Result<(), Error> {
    let sides = load::side_files(from.opened, from.snapshot, &mut salvaged.warnings).unwrap_or_default();
    for (number, side) in sides {
        let place = load::place_of(&directory_of(output), &side).map_err(|cause| cause.writing(output))?;
        let (Place::Free(target) | Place::Same(target)) = &place;
        let is_new = matches!(place, Place::Free(_));
        if is_new {
            let target = Output::Path(target.clone());
            if let Err(error) = load::extract(&from.opened.file, from.snapshot, number, &side, &target, progress) {
                salvaged.warnings.push(format!("the side file `{}` is left out: {}", side.name, error.cause));
                salvaged.fidelity = Level::Partial;
                continue;
            }
        }
        salvaged.side_files.push((target.clone(), !is_new));
    }
    Ok(())
}

/// Save the stream as a snapshot, with everything of the old one that is intact and a word on what is missing.
pub(super) fn snapshot(
    from: &From<'_>,
    new: &impl Store,
    output: &Path,
    salvaged: &mut Salvaged,
    progress: Progress<'_>,
) -> Result<(), Error> {
    let writing = |cause: Cause| blame(cause, from, output);
    let mut prepared = Prepared::only(judge::judge(new, true).map_err(writing)?);
    keep(from, &mut prepared, salvaged);
    if !from.plan.is_whole() || salvaged.fidelity != Level::ExactBytes {
        (prepared.fidelity, prepared.recipe) = (Some(fidelity(from, salvaged)), Some(recipe(from, salvaged)));
    }
    let replacement = Replacement::of(output)?;
    replacement.check_room(prepared.attached() + new.len()).map_err(writing)?;
    let file = replacement.file();
    let write = || {
        let mut parts = Vec::new();
        let (writer, how) = match from.snapshot.layout() {
            Layout::Sealed => (Writer::sealed(new.len(), None)?, Stream::Copy),
            Layout::Packed => (Writer::packed(new.len())?, Stream::Pack(&mut parts)),
        };
        let additions = save::Additions::default();
        let scratch = directory_of(output);
        let (finished, _) =
            with_writeback(file, || save::append(writer, file, how, new, &prepared, &additions, &scratch, progress))?;
        file.write_all_at(&finished.trailer, finished.file_len - finished.trailer.len() as u64)?;
        Ok::<_, Cause>(finished)
    };
    let finished = write().map_err(writing)?;
    (salvaged.stream_digest, salvaged.digest) = (finished.stream_digest, Some(finished.digest));
    same(from, salvaged).map_err(writing)?;
    from.opened.file.check_unchanged().map_err(writing)?;
    save::read_back(file, output, &finished, &AtomicBool::new(false), progress)
        .map_err(|cause| cause.writing(output))?;
    replacement.commit().map_err(writing)
}

/// Metadata and attachments that are intact; of the others, a warning.
fn keep<'a>(from: &From<'a>, prepared: &mut Prepared<'a>, salvaged: &mut Salvaged) {
    let file = &from.opened.file;
    match drive(from.snapshot.body::<Metadata>(), file) {
        Ok(body) => prepared.metadata = body.map(|body| body.entries).unwrap_or_default(),
        Err(cause) => salvaged.warnings.push(format!("the metadata is left out: {cause}")),
    }
    let attachments = load::attachments(file, from.snapshot).unwrap_or_else(|cause| {
        salvaged.warnings.push(format!("all attachments are left out: {cause}"));
        Vec::new()
    });
    // The lists of an index may be in one of them.
    let outline = prepared.judged.outline.as_ref();
    let sides: Vec<String> = outline.map(judge::side_files).into_iter().flatten().map(base_name).collect();
    for (number, attachment) in (0..).zip(attachments) {
        let (name, media_type) = (attachment.name.clone(), attachment.media_type.clone());
        let digest = attachment.digest;
        let store = Decoded::attachment(from.snapshot, number, attachment, file);
        match beside::hash(&store) {
            Ok(found) if Digest::from(found) == digest => {
                let place = prepared.attach(&name, &media_type, Box::new(store));
                if sides.contains(&name) {
                    prepared.side = Some(place);
                }
            }
            Ok(_) => salvaged.warnings.push(format!("attachment `{name}` is left out: it does not have its digest")),
            Err(cause) => salvaged.warnings.push(format!("attachment `{name}` is left out: {cause}")),
        }
    }
    if !sides.is_empty() && prepared.side.is_none() {
        salvaged.fidelity = Level::Partial;
    }
    match drive(from.snapshot.body::<Fidelity>(), file) {
        Ok(body) => prepared.fidelity = body,
        Err(cause) => salvaged.warnings.push(format!("the recorded fidelity is left out: {cause}")),
    }
    match drive(from.snapshot.body::<Recipe>(), file) {
        Ok(body) => prepared.recipe = body,
        Err(cause) => salvaged.warnings.push(format!("the recorded recipe is left out: {cause}")),
    }
}

fn base_name(stored: &str) -> String {
    beside::base_name(stored).unwrap_or_default().into()
}

/// How good the rows are that are left.
fn fidelity(from: &From<'_>, salvaged: &Salvaged) -> Fidelity {
    let strategy = format!("salvaged from snapshot {}: {}", salvaged.from, from.plan);
    let level = if salvaged.fidelity == Level::Partial { PARTIAL } else { 1 };
    let rows = salvaged.rows - salvaged.rows_left_out();
    let runs = Some(Run { rows, level, strategy: 0 }).filter(|run| run.rows > 0);
    Fidelity { strategies: vec![strategy], runs: runs.into_iter().collect() }
}

/// What the new stream stands for.
fn recipe(from: &From<'_>, salvaged: &Salvaged) -> Recipe {
    let named = salvaged.left_out.iter().take(RUNS);
    let mut runs: Vec<String> = named.map(|left| format!("{}..{}", left.rows.start, left.rows.end)).collect();
    if salvaged.left_out.len() > RUNS {
        runs.push("...".into());
    }
    let ids: Vec<String> = salvaged.ids.iter().map(i64::to_string).collect();
    let dropped: Vec<&str> = salvaged.dropped.iter().map(|dropped| dropped.what.as_str()).collect();
    let entry = |key: &str, value: String| Entry { key: key.into(), value };
    let params = vec![
        entry("dropped", dropped.join(", ")),
        entry("ids_left_out", ids.join(",")),
        entry("rows", salvaged.rows.to_string()),
        entry("rows_left_out", runs.join(",")),
        entry("stream", from.snapshot.stream().digest.to_string()),
    ];
    let origin = format!("salvaged from snapshot {}", salvaged.from);
    Recipe { description: from.description.into(), origin, params }
}
