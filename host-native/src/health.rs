//! How an index is doing, and a map of it, asked of files; see [`faissil_core::health`].

use crate::{Cause, Error, inspect::Index, opened::Opened, parallel::Progress};
use faissil_core::health::{self, Examined, Health, Looked, Map, Options, Plan, Stage};
use std::path::Path;

/// How the index in the file at `path` is doing.
///
/// # Errors
/// When it is no index, or cannot be read. Damage is no error: the answer says what could not be looked at.
pub fn health(path: &Path, options: &Options) -> Result<Health, Error> {
    let opened = Opened::open(path)?;
    let examined = examine(&opened, options, &|_, _| {}).map_err(|cause| cause.reading(path))?;
    Ok(examined.health)
}

/// How the index in an opened file is doing.
///
/// # Errors
/// As [`health()`].
pub fn examine(opened: &Opened, options: &Options, progress: Progress<'_>) -> Result<Examined, Cause> {
    let (index, name) = (&Index::of(opened)?, &name(opened));
    let mut examined = None;
    index.ask_on(
        progress,
        |access, give| async move { health::examine(&access, index, name, options, &give).await },
        |looked| match looked {
            Looked::At(_) => {}
            Looked::All(all) => examined = Some(all),
        },
    )?;
    examined.ok_or_else(|| Cause::Refused("nothing was looked at".into()))
}

/// What [`examine`] would look at, and how many bytes that reads.
///
/// # Errors
/// As [`health()`].
pub fn planned(opened: &Opened, options: &Options) -> Result<Plan, Cause> {
    let (index, name) = (&Index::of(opened)?, &name(opened));
    index.ask(&|_, _| {}, |access| async move { Ok(health::planned(&access, index, name, options)) })
}

/// A map of the vectors in the file at `path`.
///
/// # Errors
/// When there are none that are floats or decode to them, or they cannot be read.
pub fn map(path: &Path, options: &Options) -> Result<Map, Error> {
    let opened = Opened::open(path)?;
    map_opened(&opened, options, &|_, _| {}).map_err(|cause| cause.reading(path))
}

/// A map of the vectors in an opened file; `progress` gets thousandths of the work.
///
/// # Errors
/// As [`map`].
pub fn map_opened(opened: &Opened, options: &Options, progress: Progress<'_>) -> Result<Map, Cause> {
    let (index, name) = (&Index::of(opened)?, &name(opened));
    let mut drawn = None;
    index.ask_on(
        progress,
        |access, give| async move { health::draw(&access, index, name, options, &give).await },
        |stage| match stage {
            Stage::Going(_) => {}
            Stage::Done(map) => drawn = Some(map),
        },
    )?;
    drawn.ok_or_else(|| Cause::Refused("no map was drawn".into()))
}

fn name(opened: &Opened) -> String {
    opened.file.path().display().to_string()
}
