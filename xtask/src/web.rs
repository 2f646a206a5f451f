//! `cargo xtask web`: the viewer, and the package that it is built on.
//!
//! What comes of it lies in `web-demo/dist`: a page for any static server, and for the command when that is built with the
//! feature `viewer`.

use crate::run::{command, must, root};
use crate::{Outcome, wasm};

pub(crate) fn run(_: &[String]) -> Outcome {
    wasm::package()?;
    let viewer = root().join("web-demo");
    wasm::node_needs(&viewer)?;
    must(command("npm", &["run", "build"]).current_dir(viewer))?;
    println!("built web-demo/dist; `cargo build --release --features viewer` puts it into the command");
    Ok(())
}
