//! Why a task has no result.

use alloc::string::{String, ToString};
use faissil_core::error::Cause;
use serde::Serialize;

/// The JSON of a task that failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// A word or two, as [`Cause::label`] has them.
    kind: &'static str,
    /// The byte at which it shows.
    at: u64,
    /// The part that was being read; empty at the top.
    path: String,
    /// The whole sentence.
    message: String,
}

impl From<Cause> for Failure {
    fn from(cause: Cause) -> Failure {
        Failure { kind: cause.label(), at: cause.at(), path: cause.path().into(), message: cause.to_string() }
    }
}
