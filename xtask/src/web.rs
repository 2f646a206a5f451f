//! `cargo xtask web`: the viewer, and the package that it is built on.
//!
//! What comes of it lies in `web-demo/dist`: a page for any static server, and for the command when that is built with the
//! feature `viewer`.

use crate::run::{apt_install, cargo, command, must, root, target, works};
use crate::{Outcome, wasm};
use std::path::{Path, PathBuf};
use std::process::Command;

pub(crate) fn run(_: &[String]) -> Outcome {
    wasm::package()?;
    npm(&["build"])?;
    println!("built web-demo/dist; `cargo build --release --features viewer` puts it into the command");
    Ok(())
}

/// Build the viewer on the package that is there, and pass its tests, those in a browser too.
pub(crate) fn test(python: &Path) -> Outcome {
    npm(&["lint", "build", "unit"])?;
    browser_needs()?;
    must(&mut cargo(&["build", "--quiet", "--package", "faissil", "--features", "viewer"]))?;
    must(npm_run("browser").env("FAISSIL", target().join("debug/faissil")).env("FAISSIL_PYTHON", python))
}

/// Have the browser of the tests.
pub(crate) fn browser_needs() -> Outcome {
    let browsers = ["chromium", "chromium-browser"];
    if std::env::var_os("CHROMIUM").is_some() || browsers.iter().any(|name| works(&mut command(name, &["--version"]))) {
        return Ok(());
    }
    apt_install(&["chromium"])
}

fn npm(scripts: &[&str]) -> Outcome {
    wasm::node_needs(&viewer())?;
    scripts.iter().try_for_each(|script| must(&mut npm_run(script)))
}

/// A script of the viewer.
pub(crate) fn npm_run(script: &str) -> Command {
    let mut npm = command("npm", &["run", script]);
    npm.current_dir(viewer());
    npm
}

fn viewer() -> PathBuf {
    root().join("web-demo")
}
