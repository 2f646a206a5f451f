//! An index without the damaged rows of its snapshot.
//!
//! The snapshot is verified, what its manifest still knows is written over the damage (`recover`), the core
//! plans what has to be left out ([`faissil_core::salvage`]), and the rest is written as a new file, a plain index or
//! a snapshot that says what is missing. Every byte that is copied is checked once more on the way, so a row that is
//! given back is one that a digest vouches for.

mod recover;
mod write;

use crate::{
    Cause, Error,
    drive::drive,
    inspect::Index,
    judge,
    load::{self, Output, check_expected, load, snapshot_of},
    opened::Opened,
    parallel::Progress,
    replace::directory_of,
    save::{self, Additions, Input},
    store::{Mended, Rewritten, Store},
    verify::{Damage, MOST_IDS, Verified, verify},
};
use faissil_core::{
    outline::Outline,
    report::Level,
    salvage::{Dropped, LeftOut, LostIds, Plan, Planner},
    snapshot::{Digest, Snapshot},
};
use recover::{Recovered, recover};
use std::path::{Path, PathBuf};

/// What was salvaged.
#[derive(Debug)]
pub struct Salvaged {
    /// Digest of the snapshot that it is from.
    pub from: Digest,
    /// What is wrong with that; empty where it is intact, and then nothing is left out.
    pub damage: Vec<Damage>,
    /// Length of the new stream in bytes.
    pub stream_len: u64,
    /// BLAKE3 of the new stream.
    pub stream_digest: Digest,
    /// Digest of the new snapshot, where the output is one.
    pub digest: Option<Digest>,
    /// How close the new index comes to the old one.
    pub fidelity: Level,
    /// Rows that the old index had.
    pub rows: u64,
    /// The rows that are left out, in runs.
    pub left_out: Vec<LeftOut>,
    /// The ids of the first [`MOST_IDS`] of them, as far as they can be read.
    pub ids: Vec<i64>,
    /// How many of all rows that are left out have ids that cannot be read.
    pub ids_unknown: u64,
    /// What is left out and is no row.
    pub dropped: Vec<Dropped>,
    /// Whether the new index is an `IndexIDMap2` whose ids are the old row numbers.
    pub is_wrapped: bool,
    /// The new outline, if one could be made.
    pub outline: Option<Outline>,
    /// Side files, and whether they were there already.
    pub side_files: Vec<(PathBuf, bool)>,
    /// What the user has to know.
    pub warnings: Vec<String>,
}

impl Salvaged {
    /// How many rows are left out.
    pub fn rows_left_out(&self) -> u64 {
        self.left_out.iter().map(|left| left.rows.end - left.rows.start).sum()
    }
}

/// Give back what is good of the snapshot at `input`: as a snapshot where `output` ends in `.faissil`, else as a plain
/// index. From an intact one everything comes back, as [`load`](mod@crate::load) has it.
///
/// # Errors
/// When what is damaged is no row and cannot be left out, or something cannot be read or written. Then the output
/// is as it was.
pub fn salvage(
    input: &Path,
    output: &Path,
    expected: Option<Digest>,
    progress: Progress<'_>,
) -> Result<Salvaged, Error> {
    let opened = Opened::open(input)?;
    let reading = |cause: Cause| cause.reading(input);
    let snapshot = snapshot_of(&opened).map_err(|cause| {
        reading(cause).hint("a plain index has no digests, so nothing tells its good rows from its bad ones")
    })?;
    check_expected(snapshot, expected)
        .map_err(|cause| reading(cause).hint("this is another snapshot than you think"))?;
    if std::fs::metadata(output).is_ok_and(|target| opened.file.is_same(&target)) {
        return Err(Cause::Refused("it is the snapshot itself".into()).writing(output));
    }
    let verified = verify(&opened.file, snapshot, &directory_of(output), progress).map_err(reading)?;
    if verified.is_ok() {
        return intact(input, output, snapshot, verified, progress);
    }
    let recovered = recover(&opened, snapshot, &verified.stream_damage).map_err(reading)?;
    let old = Mended::new(opened.checked(), recovered.patches.clone());
    let plan = plan(&recovered, &old).map_err(|cause| refused(cause, &verified, &opened, input))?;
    let new = Rewritten::new(&plan, &old);
    let outline = check(&new, &recovered, &plan).map_err(reading)?;

    let (ids, ids_unknown) = lost_ids(&plan.left_out, &old).map_err(reading)?;
    let fidelity = match (plan.left_out.is_empty(), plan.is_whole()) {
        (true, true) => Level::ExactBytes,
        (true, false) => Level::ExactVectors,
        (false, _) => Level::Partial,
    };
    let rows = if plan.is_whole() { outline.as_ref().map_or(0, ntotal) } else { plan.rows };
    let mut salvaged = Salvaged {
        from: snapshot.digest(),
        damage: verified.damage,
        stream_len: new.len(),
        stream_digest: snapshot.stream().digest,
        digest: None,
        fidelity,
        rows,
        left_out: plan.left_out.clone(),
        ids,
        ids_unknown,
        dropped: plan.dropped.clone(),
        is_wrapped: plan.is_wrapped,
        outline,
        side_files: Vec::new(),
        warnings: Vec::new(),
    };
    let from = write::From { input, opened: &opened, snapshot, plan: &plan, description: &recovered.description };
    match is_snapshot(output) {
        true => write::snapshot(&from, &new, output, &mut salvaged, progress)?,
        false => write::plain(&from, &new, output, &mut salvaged, progress)?,
    }
    Ok(salvaged)
}

/// Whether an output of this name is saved as a snapshot.
pub fn is_snapshot(output: &Path) -> bool {
    output.extension().is_some_and(|end| end == "faissil")
}

/// Nothing is damaged: all of it.
fn intact(
    input: &Path,
    output: &Path,
    snapshot: &Snapshot,
    verified: Verified,
    progress: Progress<'_>,
) -> Result<Salvaged, Error> {
    let mut salvaged = Salvaged {
        from: snapshot.digest(),
        damage: Vec::new(),
        stream_len: snapshot.stream().length,
        stream_digest: snapshot.stream().digest,
        digest: None,
        fidelity: Level::ExactBytes,
        rows: verified.outline.as_ref().map_or(0, ntotal),
        left_out: Vec::new(),
        ids: Vec::new(),
        ids_unknown: 0,
        dropped: Vec::new(),
        is_wrapped: false,
        outline: verified.outline,
        side_files: Vec::new(),
        warnings: Vec::new(),
    };
    if is_snapshot(output) {
        let additions = Additions { opaque: true, ..Additions::default() };
        let saved = save::save(&Input::Path(input.into()), output, snapshot.layout(), &additions, progress)?;
        (salvaged.digest, salvaged.warnings) = (Some(saved.digest), saved.warnings);
    } else {
        // Another file may have taken its name since it was verified.
        let loaded = load(input, &Output::Path(output.into()), Some(snapshot.digest()), progress)?;
        (salvaged.side_files, salvaged.warnings) = (loaded.side_files, loaded.warnings);
    }
    Ok(salvaged)
}

/// What to leave out.
fn plan(recovered: &Recovered, old: &impl Store) -> Result<Plan, Cause> {
    if recovered.damaged.is_empty() {
        return Ok(Plan::whole(old.len()));
    }
    let Some(outline) = &recovered.outline else {
        let said = "what lies in the damaged bytes is not known: the snapshot has no outline that can be read";
        return Err(Cause::Damage(said.into()));
    };
    match drive(Planner::new(outline, recovered.damaged.clone()), old)? {
        Ok(plan) => Ok(plan),
        Err(refusal) => Err(Cause::Damage(refusal.to_string())),
    }
}

fn refused(cause: Cause, verified: &Verified, opened: &Opened, input: &Path) -> Error {
    let lost = load::what_is_lost(verified);
    let lost = if lost.is_empty() { lost } else { format!("; {lost}") };
    let error = match cause {
        Cause::Damage(said) => Cause::Damage(format!("{said}{lost}")),
        cause => cause,
    };
    error.of(format!("cannot salvage `{}`", input.display())).hint(if Index::of(opened).is_ok() {
        "nothing was written; `faissil ids` and `faissil vectors` still give what they need no damaged piece for, \
         `faissil dump` shows every byte as it is now"
    } else {
        "nothing was written; headers of the index are in a damaged piece, so only `faissil dump` still shows its \
         bytes, as they are now"
    })
}

/// That what the plan makes is an index again, with as many rows as are left. Gives its outline.
fn check(new: &impl Store, recovered: &Recovered, plan: &Plan) -> Result<Option<Outline>, Cause> {
    if plan.is_whole() {
        // The digest of the stream says more.
        return Ok(judge::outline(new).ok());
    }
    let outline = judge::outline(new)?;
    let wrong = |why: String| Err(Cause::Damage(format!("the rest does not make an index: {why}")));
    if let Some(fault) = &outline.fault {
        return wrong(fault.to_string());
    }
    let old = recovered.outline.as_ref().map_or(0, ntotal);
    let left = old.saturating_sub(plan.rows_left_out());
    if ntotal(&outline) != left {
        return wrong(format!("it has {} rows where {left} are left", ntotal(&outline)));
    }
    Ok(Some(outline))
}

fn ntotal(outline: &Outline) -> u64 {
    outline.root.u64("ntotal").unwrap_or(0)
}

/// The ids of the first rows that are left out, and of how many rows they cannot be read.
fn lost_ids(left_out: &[LeftOut], old: &impl Store) -> Result<(Vec<i64>, u64), Cause> {
    let (mut ids, mut unknown) = (Vec::new(), 0);
    for left in left_out {
        let rows = left.rows.end - left.rows.start;
        let room = (MOST_IDS - ids.len()) as u64;
        match left.ids {
            LostIds::Numbers => ids.extend((left.rows.start..left.rows.start + rows.min(room)).map(u64::cast_signed)),
            LostIds::At(span) => {
                let bytes = old.read(faissil_core::Span::new(span.start, rows.min(room) * 8))?;
                ids.extend(faissil_core::ids::ids_in(&bytes).map(|id| id.0));
            }
            LostIds::Unknown => unknown += rows,
        }
    }
    Ok((ids, unknown))
}
