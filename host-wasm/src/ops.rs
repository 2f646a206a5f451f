//! The tasks there are, by name.
//!
//! | task | parameters | result |
//! |---|---|---|
//! | `inspect` | | the JSON of `faissil inspect` |
//! | `verify` | maybe `expect`: a digest | a verifier and the places of its chunks, or the JSON of `faissil verify` at once |
//! | `ids` | `first`, `count`: rows | their ids, an i64 each |
//! | `find` | `ids` | the JSON of `faissil ids --id` |
//! | `vectors` | `rows`, or `ids`, or `first` and `count` | `d`, `count`, `dtype`, `fidelity`, with rows (u64) and ids (i64); then a second result: the floats (f32), or the bits of a binary index |
//! | `attachment` | `name` | its bytes, a result for each piece |
//! | `parts` | maybe `at`, `len`: bytes of the stream | the JSON of `faissil dump` |
//! | `dump` | the same | the text of `faissil dump`, as JSON |
//! | `bytes` | `at`, `len`: bytes of the stream | the bytes, damaged ones as they are |
//! | `health.plan` | a sample: maybe `sample`, `runs`, `seed`, `all` | the JSON of `faissil health --plan` |
//! | `health` | the same | the JSON of each section, then that of `faissil health` |
//! | `map` | the same | nothing for each step of the way, then the JSON of `faissil map` |
//!
//! The first three make the module `basics`, the last three `health`, the others `contents`: each is
//! built with the feature of that name. A packed snapshot may take codecs that `basics` has not; that is an answer too, and
//! then the module `packed` is asked, which is `basics` with all codecs.
//! Parameters are text, `name=value` each with a zero character between, lists with commas.

#[cfg(feature = "basics")]
mod basics;
#[cfg(feature = "contents")]
mod contents;
#[cfg(feature = "health")]
mod health;
mod params;

use crate::{shared::Shared, task::Task};
use alloc::{format, rc::Rc, string::String};
use params::Params;

/// Gives the task of a name, if it has it.
type Tasks = fn(&Rc<Shared>, &str, &mut Params<'_>) -> Result<Option<Task>, String>;

/// Those that are in this module.
const TASKS: &[Tasks] = &[
    #[cfg(feature = "basics")]
    basics::start,
    #[cfg(feature = "contents")]
    contents::start,
    #[cfg(feature = "health")]
    health::start,
];

/// The task of this name.
pub(crate) fn start(file: &Rc<Shared>, op: &str, params: &str) -> Task {
    begun(file, op, Params::of(params)).unwrap_or_else(|why| Task::refused(file.files, why))
}

fn begun(file: &Rc<Shared>, op: &str, mut params: Params<'_>) -> Result<Task, String> {
    let wrong = |why: String| format!("parameters of `{op}`: {why}");
    for tasks in TASKS {
        if let Some(task) = tasks(file, op, &mut params).map_err(wrong)? {
            params.end().map_err(wrong)?;
            return Ok(task);
        }
    }
    Err(format!("no task `{op}`"))
}
