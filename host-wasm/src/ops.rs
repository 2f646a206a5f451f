//! The tasks there are, by name.
//!
//! | task | parameters | result |
//! |---|---|---|
//! | `inspect` | | the JSON of `faissil inspect` |
//! | `verify` | maybe `expect`: a digest | a verifier and the places of its chunks, or the JSON of `faissil verify` at once |
//! | `ids` | `first`, `count`: rows | their ids, an i64 each |
//! | `find` | `ids` | the JSON of `faissil ids --id` |
//! | `vectors` | `rows`, or `ids`, or `first` and `count` | `d`, `count`, with rows (u64) and ids (i64); then a second result: the floats (f32) |
//! | `attachment` | `name` | its bytes, a result for each piece |
//! | `parts` | maybe `at`, `len`: bytes of the stream | the JSON of `faissil dump` |
//! | `dump` | the same | the text of `faissil dump`, as JSON |
//! | `health.plan` | maybe `sample` (rows) or `all`, maybe `runs`, `seed` | the JSON of `faissil health --plan` |
//! | `health` | the same | each section as it is found, and at last the JSON of `faissil health` |
//! | `map` | maybe `sample`, `runs`, `seed` | results without JSON, so that others get a turn, and at last the JSON of `faissil map` |
//! | `bytes` | `at`, `len`: bytes of the stream | the bytes, damaged ones as they are |
//!
//! Those of health and the map are in the module `faissil-health.wasm`, the others in `faissil.wasm`. Numbers that a double
//! may not hold are text.

#[cfg(feature = "files")]
mod files;
#[cfg(feature = "health")]
mod health;

use crate::shared::Shared;
use crate::task::Task;
use std::rc::Rc;

/// The task of this name.
pub(crate) fn start(file: &Rc<Shared>, op: &str, params: &str) -> Task {
    let started = match op {
        #[cfg(feature = "health")]
        "health.plan" | "health" | "map" => health::start(file, op, params),
        #[cfg(feature = "files")]
        _ => files::start(file, op, params),
        #[cfg(not(feature = "files"))]
        _ => Ok(None),
    };
    match started {
        Ok(Some(task)) => task,
        Ok(None) => Task::refused(file.files, format!("no task `{op}`")),
        Err(error) => Task::refused(file.files, format!("parameters of `{op}`: {error}")),
    }
}
