//! The parameters of tasks on files.

use faissil_core::{Span, error::Cause, ids::ExternalId};
use serde::Deserialize;
use std::ops::Range;

/// All parameters that there are; each task looks at its own.
#[derive(Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Params {
    first: u64,
    count: u64,
    pub(crate) rows: Option<Vec<u64>>,
    ids: Option<Vec<String>>,
    pub(crate) name: Option<String>,
    pub(crate) expect: Option<String>,
    at: Option<u64>,
    len: u64,
}

impl Params {
    /// The rows `first` and on.
    pub(crate) fn rows(&self) -> Range<u64> {
        self.first..self.first.saturating_add(self.count)
    }

    /// Ids, which are text.
    pub(crate) fn ids(&self) -> Result<Option<Vec<ExternalId>>, Cause> {
        let id = |text: &String| match text.parse() {
            Ok(id) => Ok(ExternalId(id)),
            Err(_) => Err(Cause::Refused(format!("`{}` is no id: a whole number of 64 bits", text.escape_debug()))),
        };
        self.ids.as_ref().map(|ids| ids.iter().map(id).collect()).transpose()
    }

    /// The bytes that are asked for, if not all.
    pub(crate) fn span(&self) -> Option<Span> {
        self.at.map(|at| Span::new(at, self.len))
    }
}
