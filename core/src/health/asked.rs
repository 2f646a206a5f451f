//! Health and map as questions about an opened file.
//!
//! Of a snapshot every byte is checked before it counts. What is damaged leaves its part of the answer out, with the
//! reason; the other parts are looked at all the same.

use super::about::State;
use super::map::{Map, Stage, map_plan};
use super::plan::plan;
use super::report::{Health, Plan, health, report_plan};
use super::sample::Options;
use super::section::{Planned, Section};
use crate::asking::Give;
use crate::error::Cause;
use crate::index::Index;
use crate::opened::Access;
use crate::source::Source;
use alloc::vec::Vec;

/// The answer, and whether damage kept something from being looked at.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The answer.
    pub health: Health,
    /// The first damage, if any.
    pub damage: Option<Cause>,
}

/// What [`examine`] says: each part when it has been looked at, and at last the answer.
#[derive(Debug, Clone)]
pub enum Looked {
    /// A part; the answer has it too.
    At(Section),
    /// The answer.
    All(Examined),
}

/// How the index in an opened file is doing; `name` is the file's. `give` gets the parts one by one, then the answer.
///
/// # Errors
/// None of its own: what cannot be read is left out and named.
pub async fn examine(
    access: &Access<'_>,
    index: &Index,
    name: &str,
    options: &Options,
    give: &Give<Looked>,
) -> Result<(), Cause> {
    let source = index.joined(access);
    let parts = plan(&index.outline, source.files(), options);
    let all = parts.iter().map(|part| part.bytes).fold(0, u64::saturating_add);
    let (mut sections, mut damage, mut before) = (Vec::new(), None, 0_u64);
    for part in &parts {
        let (section, cause) = examine_part(&source, part, before, all).await;
        damage = damage.or(cause);
        before = before.saturating_add(part.bytes);
        access.ask.tell(before, all);
        give.give(Looked::At(section.clone())).await;
        sections.push(section);
    }
    let mut health = health(name.into(), &index.outline, *options, sections);
    if damage.is_some() {
        health.state = State::Damage;
    }
    give.give(Looked::All(Examined { health, damage })).await;
    Ok(())
}

/// One part, and the damage that kept it from being looked at, if any. `source` is what the plan was made for; `before` of
/// `all` bytes were looked at already.
async fn examine_part(source: &Source<'_>, part: &Planned<'_>, before: u64, all: u64) -> (Section, Option<Cause>) {
    let Some(mut reading) = part.examine(source.files()) else { return (part.without(None), None) };
    match source.run_telling(&mut reading, before, all).await {
        Ok(found) => (part.section(found), None),
        Err(cause) => (part.without(Some(alloc::format!("{cause}"))), Some(cause).filter(Cause::is_damage)),
    }
}

/// What [`examine`] would look at, and how many bytes that reads.
pub fn planned(access: &Access<'_>, index: &Index, name: &str, options: &Options) -> Plan {
    report_plan(name.into(), *options, &plan(&index.outline, index.files(access), options))
}

/// Draw a map of an opened index. `give` gets control back now and then, so that whoever waits stays answerable, and at last
/// the map.
///
/// # Errors
/// When the index has no vectors that are floats or decode to them, or they cannot be read.
pub async fn draw(
    access: &Access<'_>,
    index: &Index,
    name: &str,
    options: &Options,
    give: &Give<Stage<Map>>,
) -> Result<(), Cause> {
    let source = index.joined(access);
    let plan = map_plan(&index.outline, source.files(), options).map_err(|not| match index.outline.fault.clone() {
        // What is missing is not to blame when the file breaks off before it.
        Some(fault) => fault.into(),
        None => Cause::Refused(not.reason),
    })?;
    let mut mapping = plan.mapping(name.into());
    loop {
        let stage = source.run(&mut mapping).await?;
        let (share, is_done) = match &stage {
            Stage::Going(share) => (*share, false),
            Stage::Done(_) => (1.0, true),
        };
        access.ask.tell(thousandths(share), 1000);
        give.give(stage).await;
        if is_done {
            return Ok(());
        }
    }
}

/// A share in thousandths.
fn thousandths(share: f64) -> u64 {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // a cast keeps to the range of its type
    let whole = (share * 1000.0) as u64;
    whole.min(1000)
}
