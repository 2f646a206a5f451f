//! The command `faissil`: one file a subcommand, and this one place that prints errors and picks the
//! exit code.
//!
//! Data goes to standard output and talk to standard error. Exit codes: 0 good, 1 the file is damaged
//! or differs, 2 it could not be done.

mod args;
mod attachments;
mod diff;
mod dump;
mod fixture;
mod health;
mod ids;
mod input;
mod inspect;
mod load;
mod npy;
mod plan;
mod pull;
mod push;
mod repack;
mod salvage;
mod save;
mod say;
mod seal;
#[cfg(feature = "native")]
mod search;
mod server;
mod talk;
mod vectors;
mod verify;
mod view;

use clap::{CommandFactory, Parser, Subcommand};
use faissil::{Error, error::Verdict};
use std::{
    process::ExitCode,
    sync::{Arc, LazyLock},
};

/// Keeps FAISS indexes: save, verify, restore and explain them, with no FAISS installed.
#[derive(Parser)]
#[command(name = "faissil", version = version(), propagate_version = true, max_term_width = 100)]
#[command(after_help = "Exit codes: 0 good, 1 the file is damaged or differs, 2 it could not be done.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    Save(save::Args),
    Seal(seal::Args),
    Unseal(seal::UnsealArgs),
    Repack(repack::Args),
    Load(load::Args),
    Verify(verify::Args),
    Inspect(inspect::Args),
    View(view::Args),
    Health(health::Args),
    Map(health::MapArgs),
    Ids(ids::Args),
    Vectors(vectors::Args),
    Plan(plan::Args),
    Pull(pull::Args),
    Push(push::Args),
    Diff(diff::Args),
    Dump(dump::Args),
    Attachments(attachments::Args),
    #[cfg(feature = "native")]
    Search(search::Args),
    Fixture(fixture::Args),
    /// Print the completions of a shell.
    Completions {
        /// The shell.
        shell: clap_complete::Shell,
    },
    /// Print the man page, or that of one subcommand.
    Man {
        /// The subcommand.
        command: Option<String>,
    },
}

/// The version, and whether FAISS is in.
fn version() -> &'static str {
    static VERSION: LazyLock<String> = LazyLock::new(|| {
        let own = env!("CARGO_PKG_VERSION");
        #[cfg(feature = "native")]
        return format!("{own}, with FAISS {}", faissil::native::faiss_version());
        #[cfg(not(feature = "native"))]
        return format!("{own}, without FAISS");
    });
    &VERSION
}

/// What a command found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Outcome {
    /// All is well.
    Good,
    /// The file is damaged, or two files differ.
    Damaged,
    /// It could not be done; why was said already.
    Undone,
}

fn main() -> ExitCode {
    // Past a file-size limit a write shall fail, so that it can be cleaned up after; the signal that
    // comes with it would end the process at once.
    let _ = signal_hook::flag::register(SIGXFSZ, Arc::default());
    let arguments = Arguments::parse();
    let outcome = arguments.command.run().unwrap_or_else(|error| {
        if talk::is_closed_pipe(&error) {
            return Outcome::Good;
        }
        talk::error(&error);
        outcome_of(&error)
    });
    ExitCode::from(match outcome {
        Outcome::Good => 0,
        Outcome::Damaged => 1,
        Outcome::Undone => 2,
    })
}

/// What an error says about the file.
fn outcome_of(error: &Error) -> Outcome {
    match error.cause.verdict() {
        Verdict::Damaged => Outcome::Damaged,
        Verdict::Undone => Outcome::Undone,
    }
}

/// `signal(7)`: file size limit exceeded.
const SIGXFSZ: i32 = signal_hook::consts::SIGXFSZ;

impl Command {
    fn run(self) -> Result<Outcome, Error> {
        match self {
            Command::Save(args) => args.run(),
            Command::Seal(args) => args.run(),
            Command::Unseal(args) => args.run(),
            Command::Repack(args) => args.run(),
            Command::Load(args) => args.run(),
            Command::Verify(args) => args.run(),
            Command::Inspect(args) => args.run(),
            Command::View(args) => args.run(),
            Command::Health(args) => args.run(),
            Command::Map(args) => args.run(),
            Command::Ids(args) => args.run(),
            Command::Vectors(args) => args.run(),
            Command::Plan(args) => args.run(),
            Command::Pull(args) => args.run(),
            Command::Push(args) => args.run(),
            Command::Diff(args) => args.run(),
            Command::Dump(args) => args.run(),
            Command::Attachments(args) => args.run(),
            #[cfg(feature = "native")]
            Command::Search(args) => args.run(),
            Command::Fixture(args) => args.run(),
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Arguments::command(), "faissil", &mut talk::Stdout::new());
                Ok(Outcome::Good)
            }
            Command::Man { command } => man(command.as_deref()),
        }
    }
}

fn man(name: Option<&str>) -> Result<Outcome, Error> {
    let mut all = Arguments::command();
    all.build();
    let page = match name {
        None => all,
        Some(name) => {
            let found = all.get_subcommands().find(|command| command.get_name() == name).cloned();
            found.ok_or_else(|| {
                faissil::Cause::Refused("no such subcommand".into()).of(format!("cannot print the page of `{name}`"))
            })?
        }
    };
    let mut out = talk::Stdout::new();
    clap_mangen::Man::new(page).render(&mut out).map_err(talk::to_stdout)?;
    Ok(Outcome::Good)
}
