//! `faissil plan`: how the vectors and ids of a source would be had.

use crate::{
    Outcome,
    input::open,
    server::{PolicyArgs, ServerArgs},
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::{
        plan::{self, Plan},
        snapshot::Layout,
    },
    pull::{Options, plan_for},
    remote::Address,
    save::Additions,
    source::{FileSource, ServerSource, Source},
};
use std::path::{Path, PathBuf};

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
    policy: PolicyArgs,
    #[command(flatten)]
    server: ServerArgs,
    /// The server's data folder, where it can be read here
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
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
        if self.data_dir.is_some() {
            let cause = Cause::Refused("a data folder belongs to a server".into());
            return Err(cause.of(format!("cannot plan for `{}`", self.source)));
        }
        let opened = open(path)?;
        let source = FileSource::new(&opened, path)?;
        Ok(plan::plan(source.facts(), &self.policy.policy()))
    }

    fn of_server(&self) -> Result<Plan, Error> {
        let what = || format!("cannot plan for `{}`", self.source);
        let address = Address::parse(&self.source).map_err(|why| Cause::Refused(why).of(what()))?;
        let mut source = ServerSource::connect(&address, self.server.login()?, self.server.waiting())
            .map_err(|cause| cause.of(what()))?;
        let options = Options {
            policy: self.policy.policy(),
            layout: Layout::Sealed,
            additions: Additions::default(),
            data_dir: self.data_dir.clone(),
            fresh: false,
            twice: false,
        };
        let (plan, _) = plan_for(&mut source, &options)?;
        source.warnings().iter().for_each(|text| talk::warning(text));
        Ok(plan)
    }
}
