//! How an index is doing, and a map of it.

use super::params::Params;
use crate::shared::Shared;
use crate::task::{Output, Task};
use alloc::{format, rc::Rc, string::String};
use faissil_core::text::escaped;
use faissil_core::{
    asking::{Ask, Give},
    error::Cause,
    health::{self, Looked, Map, Options, Stage},
};

/// The task of this name, if it is one of these.
pub(super) fn start(file: &Rc<Shared>, op: &str, params: &mut Params<'_>) -> Result<Option<Task>, String> {
    if !["health", "health.plan", "map"].contains(&op) {
        return Ok(None);
    }
    let (files, shared, options) = (file.files, file.clone(), options(params)?);
    Ok(Some(match op {
        "health.plan" => Task::one(files, |ask| plan(shared, ask, options)),
        "health" => Task::many(files, looked, |ask, give| examine(shared, ask, options, give)),
        _ => Task::many(files, stage, |ask, give| map(shared, ask, options, give)),
    }))
}

/// How much of an index is looked at.
fn options(params: &mut Params<'_>) -> Result<Options, String> {
    let [sample, runs, seed] = [params.number("sample")?, params.number("runs")?, params.number("seed")?];
    let all = match params.text("all") {
        Some("true") => true,
        Some("false") | None => false,
        Some(other) => return Err(format!("`{}` is neither true nor false", escaped(other))),
    };
    if all && sample.is_some() {
        return Err("a sample and all of it cannot both be had".into());
    }
    Ok(Options::asked(sample, runs, seed, all))
}

/// What would be looked at: the JSON of `faissil health --plan`.
async fn plan(shared: Rc<Shared>, ask: Ask, options: Options) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    Ok(Output::json(&health::planned(&access, &index, &shared.name, &options)))
}

/// Each section as it is found, then the answer.
async fn examine(shared: Rc<Shared>, ask: Ask, options: Options, give: Give<Looked>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    health::examine(&access, &index, &shared.name, &options, &give).await
}

/// The JSON of a section, and that of `faissil health`.
fn looked(looked: Looked) -> Output {
    match looked {
        Looked::At(section) => Output::json(&section),
        Looked::All(examined) => Output::json(&examined.health),
    }
}

/// A map, after many stages on the way to it.
async fn map(shared: Rc<Shared>, ask: Ask, options: Options, give: Give<Stage<Map>>) -> Result<(), Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    health::draw(&access, &index, &shared.name, &options, &give).await
}

/// The JSON of `faissil map`; of a stage nothing, since all it does is to let others have a turn.
fn stage(stage: Stage<Map>) -> Output {
    match stage {
        Stage::Going(_) => Output::default(),
        Stage::Done(map) => Output::json(&map),
    }
}
