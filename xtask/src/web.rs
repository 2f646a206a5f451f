//! `cargo xtask web`: the viewer, and the package that it is built on.
//!
//! What comes of it lies in `web-demo/dist`: a page for any static server, and for the command when that is built with the
//! feature `viewer`.

use crate::run::{command, must, root};
use crate::{Outcome, wasm};

pub(crate) fn run(_: &[String]) -> Outcome {
    wasm::package()?;
    npm(&["build"])?;
    println!("built web-demo/dist; `cargo build --release --features viewer` puts it into the command");
    Ok(())
}

/// Build the viewer on the package that is there, and pass what tests of it need no browser.
pub(crate) fn test() -> Outcome {
    npm(&["lint", "build", "unit"])
}

fn npm(scripts: &[&str]) -> Outcome {
    let viewer = root().join("web-demo");
    wasm::node_needs(&viewer)?;
    scripts.iter().try_for_each(|script| must(command("npm", &["run", script]).current_dir(&viewer)))
}
