//! `faissil plan`: how the vectors and ids of a source would be had.

use crate::{
    Outcome,
    input::open,
    server::SourceArgs,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::plan::{self, Plan},
    remote::Address,
    source::{FileSource, Source},
};
use std::path::Path;

/// Say how the vectors and ids of an index would be had, and why so.
///
/// SOURCE is an index file, a snapshot, or an index behind a FAISSx server (tcp://HOST:PORT/INDEX). Of a server only what it is and what it can do is
/// asked. The exit code is 2 where what is accepted cannot be had.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The file, or tcp://HOST:PORT/INDEX
    #[arg(value_name = "SOURCE")]
    source: String,
    #[command(flatten)]
    how: SourceArgs,
    /// Print the plan as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let plan = if Address::is_meant(&self.source) { self.of_server()? } else { self.of_file()? };
        if self.json {
            print_json(&plan)?;
        } else {
            print(&plan.to_string())?;
        }
        Ok(if plan.is_refused() { Outcome::Undone } else { Outcome::Good })
    }

    fn of_file(&self) -> Result<Plan, Error> {
        let path = Path::new(&self.source);
        if self.how.data_dir.is_some() {
            let cause = Cause::Refused("a data folder belongs to a server".into());
            return Err(cause.of(format!("cannot plan for `{}`", self.source)));
        }
        let opened = open(path)?;
        let source = FileSource::new(&opened, path)?;
        Ok(plan::plan(source.facts(), &self.how.policy.policy()))
    }

    fn of_server(&self) -> Result<Plan, Error> {
        let (_, source) = self.how.connect(&self.source, "plan for")?;
        source.warnings().iter().for_each(|text| talk::warning(text));
        Ok(plan::plan(source.facts(), &self.how.policy.policy()))
    }
}
