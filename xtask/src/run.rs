//! Other programs, and the places where they put things.

use crate::Outcome;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    // As cargo says it now, not when this was compiled: clones that share a target directory share this program.
    let own = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
    let own = own.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
    own.parent().expect("xtask lies in the workspace").to_path_buf()
}

/// The target directory, where tasks may put what they install or make.
pub(crate) fn target() -> PathBuf {
    match std::env::var_os("CARGO_TARGET_DIR") {
        Some(dir) => root().join(dir),
        None => root().join("target"),
    }
}

/// A `cargo` of the pinned toolchain, run at the root.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = command("cargo", arguments);
    command.env("CARGO_TARGET_DIR", target());
    command
}

/// A program, run at the root.
pub(crate) fn command(program: impl AsRef<std::ffi::OsStr>, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(root());
    command
}

/// Run it, saying so first; anything but success is an error.
pub(crate) fn must(command: &mut Command) -> Outcome {
    eprintln!("$ {}", spoken(command));
    let status = command.status().map_err(|error| format!("cannot run `{}`: {error}", spoken(command)))?;
    if status.success() { Ok(()) } else { Err(format!("`{}` failed: {status}", spoken(command))) }
}

/// Whether it runs and succeeds; its output is dropped.
pub(crate) fn works(command: &mut Command) -> bool {
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

/// What it prints to stdout; anything but success is an error.
pub(crate) fn output(command: &mut Command) -> Result<String, String> {
    let done = command
        .stderr(Stdio::inherit())
        .output()
        .map_err(|error| format!("cannot run `{}`: {error}", spoken(command)))?;
    if !done.status.success() {
        return Err(format!("`{}` failed: {}", spoken(command), done.status));
    }
    String::from_utf8(done.stdout)
        .map_err(|error| format!("`{}` printed bytes that are not text: {error}", spoken(command)))
}

/// Install Debian packages, which takes root or `sudo`.
pub(crate) fn apt_install(packages: &[&str]) -> Outcome {
    let by_hand = || format!("install {} (on Debian: apt-get install {0})", packages.join(" "));
    if !works(&mut command("apt-get", &["--version"])) {
        return Err(by_hand());
    }
    let root_already = output(&mut command("id", &["-u"])).is_ok_and(|id| id.trim() == "0");
    if !root_already && !works(&mut command("sudo", &["-n", "true"])) {
        return Err(by_hand());
    }
    let apt = |arguments: &[&str]| {
        let mut command = if root_already { command("apt-get", &[]) } else { command("sudo", &["apt-get"]) };
        command.args(arguments).env("DEBIAN_FRONTEND", "noninteractive").stdout(Stdio::null());
        must(&mut command)
    };
    let mut install = vec!["install", "-y", "--no-install-recommends"];
    install.extend(packages);
    // The list of packages may be old or missing; then, and only then, fetch it first.
    apt(&install).or_else(|_| apt(&["update"]).and_then(|()| apt(&install))).map_err(|_| by_hand())
}

/// The features that take FAISS, wasmtime or FAISSx, for `cargo --workspace --features`.
pub(crate) const NATIVE: &str =
    "faissil/native,faissil/testing,faissil-tests/native,faissil-tests/wasm,faissil-tests/faissx";

/// Have what compiling FAISS takes: a C++ compiler, CMake, and a BLAS with LAPACK.
pub(crate) fn native_needs() -> Outcome {
    let links = ["-shared", "-o", "/dev/null", "-x", "c++", "/dev/null", "-lblas", "-llapack"];
    let there = works(&mut command("cmake", &["--version"])) && works(&mut command("g++", &links));
    if there { Ok(()) } else { apt_install(&["g++", "cmake", "libopenblas-dev"]) }
}

/// The command as a person would type it.
pub(crate) fn spoken(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    words.map(|word| word.to_string_lossy()).collect::<Vec<_>>().join(" ")
}
