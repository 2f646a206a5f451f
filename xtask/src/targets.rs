//! The core, built for machines that are not like this one.
//!
//! A 32-bit ARM target without an operating system proves that the core needs no std and keeps file
//! numbers out of `usize`; WebAssembly is where the browser runs it. A target's standard library
//! comes from rustup; where rustup cannot fetch it, Debian's own compiler builds it from source.

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, output, target, works};

/// A 32-bit machine without an operating system, and the browser.
const TARGETS: &[&str] = &["thumbv7em-none-eabi", "wasm32-unknown-unknown"];

/// With `--debian`, do not try rustup.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let debian = arguments.iter().any(|argument| argument == "--debian");
    TARGETS.iter().try_for_each(|triple| {
        let build = ["build", "--quiet", "--package", "faissil-core", "--target", triple];
        if !debian && (installed(triple)? || works(&mut command("rustup", &["target", "add", triple]))) {
            return must(&mut cargo(&build));
        }
        eprintln!("building the library of {triple} from Debian's sources");
        with_debian(&build)
    })
}

/// Whether the toolchain in use has this target's library.
fn installed(triple: &str) -> Result<bool, String> {
    let place = output(&mut command("rustc", &["--print", "target-libdir", "--target", triple]))?;
    Ok(std::path::Path::new(place.trim()).is_dir())
}

/// Debian's `rustc-web` comes with the sources of the standard library (`rust-web-src`), at a
/// version that is recent in every release of Debian.
fn with_debian(build: &[&str]) -> Outcome {
    const CARGO: &str = "/usr/bin/cargo";
    const RUSTC: &str = "/usr/bin/rustc";
    const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
    if !(works(&mut command(CARGO, &["--version"])) && std::path::Path::new(SOURCE).exists()) {
        apt_install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    // A directory of its own: artefacts of two compilers do not mix.
    let mut cargo = command(CARGO, build);
    cargo.env("CARGO_TARGET_DIR", target().join("debian")).env("RUSTC", RUSTC).env("PATH", "/usr/bin:/bin");
    cargo.env("RUSTC_BOOTSTRAP", "1").arg("-Zbuild-std=core,alloc");
    must(&mut cargo)
}
