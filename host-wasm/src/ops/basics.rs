//! What is in a file, and whether it is intact: what every page needs.

use super::params::Params;
use crate::{
    shared::Shared,
    task::{Output, Task},
    verifier,
};
use alloc::{rc::Rc, string::String};
use core::ops::Range;
use faissil_core::{
    asking::Ask,
    codec,
    error::Cause,
    ids::Memory,
    inspect::{self, fault, inspect_opaque},
    look_up::ids_of,
};

/// The task of this name, if it is one of these.
pub(super) fn start(file: &Rc<Shared>, op: &str, params: &mut Params<'_>) -> Result<Option<Task>, String> {
    let (files, shared) = (file.files, file.clone());
    Ok(Some(match op {
        "inspect" => Task::one(files, |ask| inspect(shared, ask)),
        "verify" => {
            let expect = params.text("expect").map(String::from);
            Task::one(files, |ask| verifier::begin(shared, ask, expect))
        }
        "ids" => {
            let rows = params.rows()?;
            Task::one(files, |ask| ids(shared, ask, rows))
        }
        _ => return Ok(None),
    }))
}

async fn inspect(shared: Rc<Shared>, ask: Ask) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    match inspect::inspect(&access, &shared.name, shared.side(), &Memory).await {
        Ok(report) => Ok(Output::json(&report)),
        Err(why) if codec::lacks(&why) => Err(why),
        Err(why) => match inspect_opaque(&access, &shared.name, fault(&why)).await {
            Ok(Some(report)) => Ok(Output::json(&report)),
            Ok(None) | Err(_) => Err(why),
        },
    }
}

async fn ids(shared: Rc<Shared>, ask: Ask, rows: Range<u64>) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    let index = shared.index_as_recorded(&access).await?;
    let ids = ids_of(&access, &index, rows).await?;
    Ok(Output::default().with_bytes(ids.iter().flat_map(|id| id.0.to_le_bytes()).collect()))
}
