//! The tasks there are, by name.
//!
//! | task | parameters | result |
//! |---|---|---|
//! | `inspect` | | the JSON of `faissil inspect` |
//! | `verify` | | a verifier and the places of its chunks, or the JSON of `faissil verify` at once |

use crate::shared::Shared;
use crate::task::{Output, Task};
use crate::verifier;
use faissil_core::{
    asking::Ask,
    error::Cause,
    ids::Memory,
    inspect::{self, fault, inspect_opaque},
};
use std::rc::Rc;

/// The task of this name.
pub(crate) fn start(file: &Rc<Shared>, op: &str, _params: &str) -> Task {
    let (files, shared) = (file.files, file.clone());
    match op {
        "inspect" => Task::one(files, |ask| inspect(shared, ask)),
        "verify" => Task::one(files, |ask| verifier::begin(shared, ask)),
        _ => Task::refused(files, format!("no task `{op}`")),
    }
}

async fn inspect(shared: Rc<Shared>, ask: Ask) -> Result<Output, Cause> {
    let opened = shared.opened(&ask).await?;
    let access = shared.access(ask, &opened);
    match inspect::inspect(&access, &shared.name, shared.side(), &Memory).await {
        Ok(report) => Ok(Output::json(&report)),
        Err(why) => match inspect_opaque(&access, &shared.name, fault(&why)).await {
            Ok(Some(report)) => Ok(Output::json(&report)),
            Ok(None) | Err(_) => Err(why),
        },
    }
}
