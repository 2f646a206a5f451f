//! `cargo xtask test`: everything that is a test, and what the tests need first.
//!
//! The tests are plain `cargo test`. Two things need Python: the second reader of the snapshot format,
//! which the tests run as `FAISSIL_PYTHON`, and FAISS itself, which must read what we seal. Both have
//! their packages in a virtual environment below the target directory.

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, target, works};
use std::path::PathBuf;

/// Python packages of the tests.
const PYTHON_PACKAGES: &[&str] = &["blake3==1.0.11"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let python = python()?;
    let mut tests = cargo(&["test", "--workspace"]);
    // A missing or changed snapshot is a failure, never a new file.
    tests.args(arguments).env("FAISSIL_PYTHON", python).env("INSTA_UPDATE", "no");
    must(&mut tests)
}

/// Accept every snapshot that changed, by running the tests so that they write instead of compare.
pub(crate) fn bless(arguments: &[String]) -> Outcome {
    let python = python()?;
    let mut tests = cargo(&["test", "--workspace"]);
    tests.args(arguments).env("FAISSIL_PYTHON", python).env("INSTA_UPDATE", "always").env("FAISSIL_BLESS", "1");
    must(&mut tests)?;
    must(&mut command("git", &["status", "--short"]))
}

/// A Python that has what the tests need.
fn python() -> Result<PathBuf, String> {
    let home = target().join("python");
    let python = home.join("bin/python");
    if works(command(&python, &["-c", "import blake3"]).env_remove("PYTHONPATH")) {
        return Ok(python);
    }
    let path = home.to_str().ok_or("the target directory's path is not text")?;
    let venv = ["-m", "venv", "--clear", path];
    if !works(&mut command("python3", &venv)) {
        apt_install(&["python3", "python3-venv"])?;
        must(&mut command("python3", &venv))?;
    }
    let mut pip = command(&python, &["-m", "pip", "--quiet", "--disable-pip-version-check", "install"]);
    must(pip.args(PYTHON_PACKAGES))?;
    Ok(python)
}
