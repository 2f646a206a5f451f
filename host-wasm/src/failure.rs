//! Why a task has no result.

use serde::Serialize;

/// The JSON of a task that failed.
#[derive(Debug, Clone, Serialize)]
pub(crate) struct Failure {
    /// A word or two, as the core has them; `refused` where nothing is wrong with the bytes.
    pub(crate) kind: String,
    /// The byte at which it shows.
    pub(crate) at: u64,
    /// The part that was being read; empty at the top.
    pub(crate) path: String,
    /// The whole sentence.
    pub(crate) message: String,
}

impl Failure {
    /// What was asked for is not done.
    pub(crate) fn refused(message: impl Into<String>) -> Failure {
        Failure { kind: "refused".into(), at: 0, path: String::new(), message: message.into() }
    }
}

impl From<faissil_core::Error> for Failure {
    fn from(error: faissil_core::Error) -> Failure {
        let message = error.to_string();
        Failure { kind: error.kind.label().into(), at: error.at, path: error.path, message }
    }
}
