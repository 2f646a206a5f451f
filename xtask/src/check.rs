//! What CI holds the code to besides its tests.

use crate::run::{NATIVE, cargo, must, native_needs, output};
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
    // logarithms and roots
    "libm",
    // floats as text
    "zmij",
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
    native_needs()?;
    for features in ["", NATIVE] {
        let workspace = ["clippy", "--quiet", "--workspace", "--all-targets", "--features", features];
        must(cargo(&workspace).args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

pub(crate) fn docs(_: &[String]) -> Outcome {
    native_needs()?;
    let docs = ["doc", "--quiet", "--workspace", "--no-deps", "--features", NATIVE];
    must(cargo(&docs).env("RUSTDOCFLAGS", "-D warnings"))
}

/// The core's dependencies are the ones listed above, nothing but tests uses the tests, and FAISS comes with its feature only.
pub(crate) fn dependencies(_: &[String]) -> Outcome {
    let of_core = ["--package", "faissil-core", "--edges", "normal,no-proc-macro", "--target", "all"];
    let strange: Vec<String> =
        crates(&of_core)?.into_iter().filter(|name| !CORE_MAY_DEPEND_ON.contains(&name.as_str())).collect();
    if !strange.is_empty() {
        let strange = strange.join(", ");
        return Err(format!("faissil-core depends on {strange}; see CORE_MAY_DEPEND_ON in xtask/src/check.rs"));
    }
    let users = crates(&["--workspace", "--invert", "faissil-tests", "--edges", "normal"])?;
    if users != ["faissil-tests"] {
        return Err(format!("the tests are used by more than tests: {}", users.join(", ")));
    }
    let is_faiss = |name: &String| name == "faiss" || name == "faiss-sys";
    if crates(&["--package", "faissil", "--edges", "normal,build"])?.iter().any(is_faiss) {
        return Err("faissil depends on FAISS without its feature `native`".into());
    }
    if !crates(&["--package", "faissil", "--edges", "normal", "--features", "faissil/native"])?.iter().any(is_faiss) {
        return Err("faissil does not depend on FAISS with its feature `native`".into());
    }
    Ok(())
}

/// The names of the crates that `cargo tree` prints.
fn crates(arguments: &[&str]) -> Result<Vec<String>, String> {
    let tree = output(cargo(&["tree", "--prefix", "none", "--format", "{p}"]).args(arguments))?;
    let names = tree.lines().filter_map(|line| line.split(' ').next()).filter(|name| !name.is_empty());
    let mut names: Vec<String> = names.map(String::from).collect();
    names.sort_unstable();
    names.dedup();
    Ok(names)
}
