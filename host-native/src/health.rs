//! How an index is doing, and a map of it: the readings of [`faissil_core::health`], driven over a file.
//!
//! Of a snapshot every byte is checked before it counts. What is damaged leaves its part of the answer out, with the
//! reason; the other parts are looked at all the same.

use crate::{
    Cause, Error,
    drive::{drive, drive_on},
    error::Verdict,
    inspect::Index,
    opened::Opened,
    parallel::Progress,
    store::Watched,
};
use faissil_core::health::{Health, Map, Options, Plan, Section, Stage, health as answer, map_plan, plan, report_plan};
use std::path::Path;

/// What was found, and whether damage kept something from being looked at.
#[derive(Debug)]
pub struct Examined {
    /// The answer.
    pub health: Health,
    /// The first damage, if any.
    pub damage: Option<Cause>,
}

/// How the index in the file at `path` is doing.
///
/// # Errors
/// When it is no index, or cannot be read.
pub fn health(path: &Path, options: &Options) -> Result<Health, Error> {
    let opened = Opened::open(path)?;
    let examined = examine(&opened, options, &|_, _| {}).map_err(|cause| cause.reading(path))?;
    Ok(examined.health)
}

/// How the index in an opened file is doing. Damaged chunks are no error: the answer says what they cost.
///
/// # Errors
/// When it is no index, or the system cannot read it.
pub fn examine(opened: &Opened, options: &Options, progress: Progress<'_>) -> Result<Examined, Cause> {
    let index = Index::of(opened)?;
    let files = index.files();
    let parts = plan(&index.outline, files, options);
    let all = parts.iter().map(|part| part.bytes).sum();
    let store = Watched::new(index.joined(), all, progress);
    let (mut sections, mut damage) = (Vec::new(), None);
    for part in &parts {
        let found = part.examine(files).map(|reading| drive(reading, &store));
        sections.push(match found {
            None => part.without(None),
            Some(Ok(found)) => part.section(found),
            Some(Err(cause @ (Cause::Io(_) | Cause::Cancelled))) => return Err(cause),
            Some(Err(cause)) => {
                let section: Section = part.without(Some(cause.to_string()));
                if cause.verdict() == Verdict::Damaged {
                    damage.get_or_insert(cause);
                }
                section
            }
        });
    }
    progress(all, all);
    let file = opened.file.path().display().to_string();
    Ok(Examined { health: answer(file, &index.outline, *options, sections), damage })
}

/// What [`examine`] would look at, and how many bytes that reads.
///
/// # Errors
/// As [`examine`].
pub fn planned(opened: &Opened, options: &Options) -> Result<Plan, Cause> {
    let index = Index::of(opened)?;
    let parts = plan(&index.outline, index.files(), options);
    Ok(report_plan(opened.file.path().display().to_string(), *options, &parts))
}

/// A map of the vectors in the file at `path`.
///
/// # Errors
/// When they are not stored as plain floats, or cannot be read.
pub fn map(path: &Path, options: &Options) -> Result<Map, Error> {
    let opened = Opened::open(path)?;
    map_opened(&opened, options, &|_, _| {}).map_err(|cause| cause.reading(path))
}

/// A map of the vectors in an opened file.
///
/// # Errors
/// As [`map`].
pub fn map_opened(opened: &Opened, options: &Options, progress: Progress<'_>) -> Result<Map, Cause> {
    let index = Index::of(opened)?;
    let plan = map_plan(&index.outline, index.files(), options).map_err(|not| match index.outline.fault.clone() {
        Some(fault) => fault.into(),
        None => Cause::Refused(not.reason),
    })?;
    let (store, mut mapping) = (index.joined(), plan.mapping());
    loop {
        match drive_on(&mut mapping, &store)? {
            // Thousandths of the work.
            Stage::Going(share) => progress((share * 1000.0) as u64, 1000),
            Stage::Done(map) => {
                progress(1000, 1000);
                return Ok(map);
            }
        }
    }
}
