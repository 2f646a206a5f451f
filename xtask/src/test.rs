//! `cargo xtask test`: everything that is a test, and what the tests need first.
//!
//! The tests are plain `cargo test`, with every feature: what is tested of the library without FAISS is the same with it. The module for
//! browsers is built before, for wasmtime and for the tests of the npm package in Node. Two things need Python: the second reader of the snapshot format, which the tests run as `FAISSIL_PYTHON`, and the newest
//! FAISS, which must read what we seal. Both have their packages in a virtual environment below the target directory. A second one has a FAISSx
//! server, which the tests of remote indexes start on loopback (`FAISSIL_FAISSX`).

use crate::run::{NATIVE, apt_install, cargo, command, must, native_needs, root, spoken, target, works};
use crate::{Outcome, wasm, web};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// Python packages of the tests.
const PYTHON_PACKAGES: &[&str] = &["blake3==1.0.11", "faiss-cpu==1.15.1", "numpy>=1.26"];

/// What a FAISSx server takes.
const FAISSX_PACKAGES: &[&str] = &["faissx==0.20260422.2", "faiss-cpu==1.15.1", "numpy>=1.26"];

/// The programs in `host-native/examples`; each panics or fails when something is not as it says.
const EXAMPLES: &[&str] = &["save_and_load", "documents", "live"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    native_needs()?;
    let python = python()?;
    wasm::package()?;
    if arguments.is_empty() {
        read_by_faiss(&python)?;
        wasm::test(&target().join("debug/faissil"))?;
        web::test(&python)?;
    }
    if arguments.is_empty() {
        for example in EXAMPLES {
            let features = "native,testing"; // as below, so that nothing is compiled twice
            must(&mut cargo(&[
                "run",
                "--quiet",
                "--package",
                "faissil",
                "--features",
                features,
                "--example",
                example,
            ]))?;
        }
    }
    // A missing or changed snapshot is a failure, never a new file.
    count(&python, &faissx()?, arguments, &[("INSTA_UPDATE", "no")])
}

/// Accept every snapshot that changed, by running the tests so that they write instead of compare.
pub(crate) fn bless(arguments: &[String]) -> Outcome {
    native_needs()?;
    wasm::package()?;
    count(&python()?, &faissx()?, arguments, &[("INSTA_UPDATE", "always"), ("FAISSIL_BLESS", "1")])?;
    must(&mut command("git", &["status", "--short"]))
}

/// Run `cargo test` to its end whatever fails, and close with one line for all of it.
fn count(python: &Path, faissx: &Path, arguments: &[String], environment: &[(&str, &str)]) -> Outcome {
    let mut tests = cargo(&["test", "--workspace", "--features", NATIVE, "--no-fail-fast"]);
    tests.args(arguments).env("FAISSIL_PYTHON", python).env("FAISSIL_FAISSX", faissx).envs(environment.iter().copied());
    eprintln!("$ {}", spoken(&tests));
    let mut running = tests.stdout(Stdio::piped()).spawn().map_err(|error| format!("cannot run cargo: {error}"))?;
    let (mut passed, mut failed) = (0, 0);
    for line in running.stdout.take().into_iter().flat_map(|out| BufReader::new(out).lines()) {
        let line = line.map_err(|error| format!("cannot read what the tests print: {error}"))?;
        println!("{line}");
        passed += number_before(&line, " passed;");
        failed += number_before(&line, " failed;");
    }
    let status = running.wait().map_err(|error| format!("cannot wait for cargo: {error}"))?;
    println!("{passed} passed, {failed} failed");
    match (status.success(), passed) {
        (true, 1..) => Ok(()),
        (true, 0) => Err("no test ran".into()),
        (false, _) => Err(format!("`{}` failed: {status}", spoken(&tests))),
    }
}

/// The number in front of a word in the closing line of a test program.
fn number_before(line: &str, word: &str) -> u64 {
    let before = line.strip_prefix("test result: ").and_then(|line| line.split_once(word));
    before.and_then(|(before, _)| before.rsplit(' ').next()?.parse().ok()).unwrap_or(0)
}

/// The newest FAISS reads what the command seals and what it salvages, and has the figures that `health` tells; the command is
/// built here without FAISS in it.
fn read_by_faiss(python: &Path) -> Outcome {
    must(&mut cargo(&["build", "--quiet", "--package", "faissil"]))?;
    let faissil = target().join("debug/faissil");
    let mut sealed = command(python, &["tests/faiss/read_sealed.py"]);
    sealed.arg(&faissil).args(["fixtures/faiss", "samples/debian-packages.faiss"]);
    // The whole corpus, where the tests find it too.
    let corpus =
        std::env::var_os("FAISSIL_FIXTURES").map_or_else(|| root().join("../shared/fixtures/faiss"), PathBuf::from);
    must(if corpus.is_dir() { sealed.arg(corpus) } else { &mut sealed })?;
    let mut salvaged = command(python, &["tests/faiss/read_salvaged.py"]);
    must(salvaged.arg(&faissil).arg("fixtures/faiss"))?;
    must(command(python, &["tests/faiss/health.py"]).arg(&faissil))
}

/// A Python that has what the tests need.
fn python() -> Result<PathBuf, String> {
    environment("python", "import blake3, faiss", PYTHON_PACKAGES)
}

/// A Python that has a FAISSx server.
pub(crate) fn faissx() -> Result<PathBuf, String> {
    environment("faissx", "import faissx.server, faissx.client", FAISSX_PACKAGES)
}

/// The Python of a virtual environment below the target directory, made with these packages unless it passes the `check`.
pub(crate) fn environment(name: &str, check: &str, packages: &[&str]) -> Result<PathBuf, String> {
    let home = target().join(name);
    let python = home.join("bin/python");
    if works(&mut command(&python, &["-c", check])) {
        return Ok(python);
    }
    let path = home.to_str().ok_or("the target directory's path is not text")?;
    let venv = ["-m", "venv", path];
    if !works(&mut command("python3", &venv)) {
        apt_install(&["python3", "python3-venv"])?;
        must(&mut command("python3", &venv))?;
    }
    let mut pip = command(&python, &["-m", "pip", "--quiet", "--disable-pip-version-check", "install"]);
    must(pip.args(packages))?;
    Ok(python)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let line = "test result: FAILED. 35 passed; 2 failed; 0 ignored; 0 measured; 0 filtered out; finished in 1.82s";
        assert_eq!((number_before(line, " passed;"), number_before(line, " failed;")), (35, 2));
        assert_eq!(number_before("test a ... 7 passed; or not", " passed;"), 0);
    }
}
