//! Chores, one command each: `cargo xtask NAME`. A bare `cargo xtask` lists them.
//!
//! A task is a function in a file of its own and a line in [`TASKS`]. Tasks install what they need
//! below the target directory, or say what to install; they never change the work tree unless that
//! is what they are for. The same tasks run on a laptop and in CI (`.ci/run`).

mod bench;
mod check;
mod fixtures;
mod fuzz;
mod run;
mod targets;
mod test;
mod tidy;
mod wasm;
mod web;

use std::process::ExitCode;

/// What a task reports: nothing, or one sentence about what went wrong.
type Outcome = Result<(), String>;

/// A chore.
struct Task {
    name: &'static str,
    about: &'static str,
    run: fn(&[String]) -> Outcome,
}

/// Every chore, in the order of the list that `cargo xtask` prints.
const TASKS: &[Task] = &[
    Task { name: "test", about: "install what the tests need, then pass every test", run: test::run },
    Task { name: "check", about: "all that is not a test: the tasks below, one after the other", run: check::run },
    Task { name: "fmt", about: "the code is formatted", run: check::fmt },
    Task { name: "clippy", about: "no lint warns", run: check::clippy },
    Task { name: "docs", about: "the documentation builds without a warning", run: check::docs },
    Task { name: "tidy", about: "modules say what they are and use only whom they may", run: tidy::run },
    Task {
        name: "dependencies",
        about: "the core depends on what it may, and on nothing else",
        run: check::dependencies,
    },
    Task { name: "targets", about: "the core builds without std (32-bit ARM) and for WebAssembly", run: targets::run },
    Task { name: "wasm", about: "build the npm package `faissil`, which stays within its size", run: wasm::run },
    Task { name: "web", about: "build the viewer on it, for any server and for `faissil view`", run: web::run },
    Task { name: "fuzz", about: "fuzz each target for a minute: fuzz [TARGET…] [--seconds N]", run: fuzz::run },
    Task {
        name: "bench",
        about: "time against rivals: bench [--native [KIND…] | --remote | --web | --pack [VECTORS.npy]] [--write] (into the README)",
        run: bench::run,
    },
    Task { name: "fixtures", about: "copy from the whole corpus what the tests must always have", run: fixtures::run },
    Task { name: "bless", about: "accept changed test snapshots", run: test::bless },
];

fn main() -> ExitCode {
    let mut arguments = std::env::args().skip(1);
    let Some(name) = arguments.next() else {
        for task in TASKS {
            println!("{:<14}{}", task.name, task.about);
        }
        return ExitCode::SUCCESS;
    };
    let Some(task) = TASKS.iter().find(|task| task.name == name) else {
        eprintln!("error: no task `{name}`; `cargo xtask` lists them");
        return ExitCode::from(2);
    };
    match (task.run)(&arguments.collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            eprintln!("error: {name}: {reason}");
            ExitCode::FAILURE
        }
    }
}
