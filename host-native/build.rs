//! With the feature `viewer`: a table of the built viewer's files, which then are in the binary.
//!
//! The files are those that `cargo xtask web` leaves in `web-demo/dist`. Without the feature nothing is looked for, so a
//! build does not depend on what happens to lie there.

use std::{
    env, fs,
    path::{Path, PathBuf},
};

/// The service worker keeps the page for the next visit to the same address. Every run has another address, so it would
/// only leave a copy of the page in the browser for each.
const LEFT_OUT: &str = "sw.js";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    if env::var_os("CARGO_FEATURE_VIEWER").is_none() {
        return;
    }
    let dist = Path::new(&env::var_os("CARGO_MANIFEST_DIR").expect("cargo says it")).join("../web-demo/dist");
    println!("cargo:rerun-if-changed={}", dist.display());
    assert!(dist.join("index.html").is_file(), "the viewer is not built: `cargo xtask web` builds it");
    let mut files = Vec::new();
    list(&dist, &mut files);
    files.sort();
    let mut table = String::from("const VIEWER: &[Asset] = &[\n");
    for file in files {
        let name = file.strip_prefix(&dist).expect("it lies there").to_str().expect("names of the viewer are text");
        if name != LEFT_OUT {
            table += &format!("    Asset {{ name: {name:?}, bytes: include_bytes!({file:?}) }},\n");
        }
    }
    table += "];\n";
    let out = PathBuf::from(env::var_os("OUT_DIR").expect("cargo says it"));
    fs::write(out.join("viewer.rs"), table).expect("cargo's directory can be written");
}

fn list(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() { list(&path, files) } else { files.push(path) }
    }
}
