//! What CI holds the code to besides its tests.

use crate::run::{cargo, must, output};
use crate::{Outcome, fuzz, targets, tidy};

/// Crates that `faissil-core` may depend on, directly or not, when built without its tests.
/// None of them may need std, do I/O or contain a parser of its own making.
const CORE_MAY_DEPEND_ON: &[&str] = &[
    "faissil-core", // itself
    // hashing
    "blake3",
    "arrayvec",
    "cfg-if",
    "constant_time_eq",
    "cpufeatures",
    "libc", // of cpufeatures, on ARM with an operating system
    // codec 1
    "miniz_oxide",
    "adler2",
    // section bodies
    "postcard",
    "cobs",
    "serde",
    "serde_core",
    "thiserror",
];

pub(crate) fn run(_: &[String]) -> Outcome {
    fmt(&[])?;
    tidy::run(&[])?;
    clippy(&[])?;
    docs(&[])?;
    dependencies(&[])?;
    targets::run(&[])?;
    fuzz::run(&[])
}

pub(crate) fn fmt(_: &[String]) -> Outcome {
    must(&mut cargo(&["fmt", "--all", "--check"]))?;
    must(&mut cargo(&["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]))
}

pub(crate) fn clippy(_: &[String]) -> Outcome {
    must(&mut cargo(&["clippy", "--quiet", "--workspace", "--all-targets", "--", "-D", "warnings"]))
}

pub(crate) fn docs(_: &[String]) -> Outcome {
    must(cargo(&["doc", "--quiet", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The core's dependencies are the ones listed above.
pub(crate) fn dependencies(_: &[String]) -> Outcome {
    let tree = ["tree", "--package", "faissil-core", "--edges", "normal,no-proc-macro", "--prefix", "none"];
    let format = ["--format", "{p}", "--target", "all"];
    let tree = output(cargo(&tree).args(format))?;
    let found = tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
    let mut strange: Vec<&str> = found.filter(|name| !CORE_MAY_DEPEND_ON.contains(name)).collect();
    strange.sort_unstable();
    strange.dedup();
    if strange.is_empty() {
        return Ok(());
    }
    Err(format!("faissil-core depends on {}; see CORE_MAY_DEPEND_ON in xtask/src/check.rs", strange.join(", ")))
}
