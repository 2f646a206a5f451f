//! `faissil diff`: what differs between two indexes.

use crate::{
    Outcome,
    input::open,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::diff::{Diff, Side},
    drive::drive,
    inspect::Index,
    store::{Joined, Store, Watched},
};
use serde::Serialize;
use std::path::PathBuf;

/// Say what differs between two indexes: parameters, ids, vectors.
///
/// Both may be index files or snapshots, sealed or packed. The exit code is 0 when they are the same, 1 when they differ.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The first index file or snapshot
    a: PathBuf,
    /// The second
    b: PathBuf,
    /// Name at most this many of the ids and rows that differ
    #[arg(long, value_name = "N", default_value_t = 10)]
    examples: usize,
    /// Print the differences as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct DiffJson<'a> {
    files: [&'a str; 2],
    #[serde(flatten)]
    report: serde_json::Value,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let (a, b) = (open(&self.a)?, open(&self.b)?);
        let index_a = Index::of(&a).map_err(|cause| cause.reading(&self.a))?;
        let index_b = Index::of(&b).map_err(|cause| cause.reading(&self.b))?;
        for (index, path) in [(&index_a, &self.a), (&index_b, &self.b)] {
            if let Some(missing) = &index.side_missing {
                talk::warning(&format!("`{}`: {missing}", path.display()));
            }
        }
        let diff = Diff::new(
            Side { outline: &index_a.outline, files: index_a.files() },
            Side { outline: &index_b.outline, files: index_b.files() },
            self.examples,
        );
        let both = Joined::new(index_a.joined(), Some(index_b.joined()));
        let names = [self.a.display().to_string(), self.b.display().to_string()];
        let comparing = |cause: Cause| cause.of(format!("cannot compare `{}` and `{}`", names[0], names[1]));
        let report = {
            let progress = talk::progress("comparing");
            let all = both.len();
            drive(diff, &Watched::new(both, all, &progress))
        }
        .map_err(comparing)?;
        let faults = [&index_a, &index_b].map(|index| index.outline.fault.as_ref());
        let fault = faults.into_iter().flatten().next();
        // As far as both can be read says nothing of the rest.
        let open_end = report.same && fault.is_some();
        if self.json {
            let mut report = serde_json::to_value(&report).map_err(|error| talk::to_stdout(error.into()))?;
            if open_end {
                report["same"] = serde_json::Value::Null;
            }
            print_json(&DiffJson { files: [&names[0], &names[1]], report })?;
        } else if open_end {
            print("no difference as far as both can be read")?;
        } else {
            print(&report.to_string())?;
        }
        match fault {
            Some(fault) if report.same => Err(comparing(Cause::Refused(format!("not all of it can be read: {fault}")))),
            _ if report.same => Ok(Outcome::Good),
            _ => Ok(Outcome::Damaged),
        }
    }
}
