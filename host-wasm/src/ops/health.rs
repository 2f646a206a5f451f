//! How an index is doing, and a map of it.

use crate::shared::Shared;
use crate::task::{Output, Task};
use faissil_core::{
    asking::{Ask, Give},
    error::Cause,
    health::{self, Looked, Map, Options, Stage},
};
use serde::Deserialize;
use std::rc::Rc;

/// How much of an index is looked at.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
struct Sample {
    sample: Option<u64>,
    runs: Option<u64>,
    seed: Option<u64>,
    all: bool,
}

impl Sample {
    fn options(&self) -> Result<Options, Cause> {
        if self.all && self.sample.is_some() {
            return Err(Cause::Refused("a sample and all of it cannot both be had".into()));
        }
        Ok(Options::asked(self.sample, self.runs, self.seed, self.all))
    }
}

/// The task of this name, if it is one of these.
pub(super) fn start(file: &Rc<Shared>, op: &str, params: &str) -> serde_json::Result<Option<Task>> {
    let (files, shared, params) = (file.files, file.clone(), serde_json::from_str::<Sample>(params)?);
    Ok(Some(match op {
        "health.plan" => Task::one(files, |ask| plan(shared, ask, params)),
        "health" => Task::many(files, looked, |ask, give| examine(shared, ask, params, give)),
        "map" => Task::many(files, stage, |ask, give| map(shared, ask, params, give)),
        _ => return Ok(None),
    }))
}

/// What would be looked at: the JSON of `faissil health --plan`.
async fn plan(shared: Rc<Shared>, ask: Ask, params: Sample) -> Result<Output, Cause> {
    let options = params.options()?;
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index(&access).await?;
    Ok(Output::json(&health::planned(&access, &index, &shared.name, &options)))
}

/// Each section as it is found, then the answer.
async fn examine(shared: Rc<Shared>, ask: Ask, params: Sample, give: Give<Looked>) -> Result<(), Cause> {
    let options = params.options()?;
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
async fn map(shared: Rc<Shared>, ask: Ask, params: Sample, give: Give<Stage<Map>>) -> Result<(), Cause> {
    let options = params.options()?;
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
