//! The core, built for machines that are not like this one.
//!
//! A 32-bit ARM target without an operating system proves that the core needs no std and keeps file
//! numbers out of `usize`; WebAssembly is where the browser runs it. A target's standard library
//! comes from rustup; where rustup cannot fetch it, Debian's own compiler builds it from source.

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, output, target, works};
use std::path::{Path, PathBuf};

/// A 32-bit machine without an operating system, and the browser.
const TARGETS: &[&str] = &["thumbv7em-none-eabi", "wasm32-unknown-unknown"];

/// With `--debian`, do not try rustup.
pub(crate) fn run(arguments: &[String]) -> Outcome {
    let debian = arguments.iter().any(|argument| argument == "--debian");
    TARGETS.iter().try_for_each(|triple| {
        let build = ["build", "--quiet", "--package", "faissil-core", "--target", triple];
        build_for(triple, &build, "core,alloc", None, debian).map(drop)
    })
}

/// Build for another machine, with these flags of the compiler; gives the target directory with what was built. `library` is
/// the part of the standard library that Debian's compiler has to build; with `debian`, it is the one that is used.
pub(crate) fn build_for(
    triple: &str,
    build: &[&str],
    library: &str,
    flags: Option<&str>,
    debian: bool,
) -> Result<PathBuf, String> {
    if !debian && (installed(triple)? || works(&mut command("rustup", &["target", "add", triple]))) {
        must(cargo(build).envs(flags.map(|flags| ("RUSTFLAGS", flags))))?;
        return Ok(target());
    }
    eprintln!("building the library of {triple} from Debian's sources");
    with_debian(build, library, flags)
}

/// Whether the toolchain in use has this target's library.
fn installed(triple: &str) -> Result<bool, String> {
    let place = output(&mut command("rustc", &["--print", "target-libdir", "--target", triple]))?;
    Ok(Path::new(place.trim()).is_dir())
}

/// Debian's `rustc-web` comes with the sources of the standard library (`rust-web-src`), at a
/// version that is recent in every release of Debian.
fn with_debian(build: &[&str], library: &str, flags: Option<&str>) -> Result<PathBuf, String> {
    const CARGO: &str = "/usr/bin/cargo";
    const RUSTC: &str = "/usr/bin/rustc";
    const SOURCE: &str = "/usr/lib/rustlib/src/rust/library/core/Cargo.toml";
    if !(works(&mut command(CARGO, &["--version"])) && Path::new(SOURCE).exists()) {
        apt_install(&["rustc-web", "cargo-web", "rust-web-src"])?;
    }
    // A directory of its own: artefacts of two compilers do not mix.
    let home = target().join("debian");
    let mut cargo = command(CARGO, build);
    cargo.env("CARGO_TARGET_DIR", &home).env("RUSTC", RUSTC).env("PATH", "/usr/bin:/bin");
    cargo.env("RUSTC_BOOTSTRAP", "1").arg(format!("-Zbuild-std={library}"));
    cargo.envs(flags.map(|flags| ("RUSTFLAGS", flags))).envs(linker()?);
    must(&mut cargo)?;
    Ok(home)
}

/// The linker of WebAssembly: the toolchain's own, which Debian's compiler does not bring.
fn linker() -> Result<Option<(&'static str, PathBuf)>, String> {
    let toolchain = output(&mut command("rustc", &["--print", "sysroot"]))?;
    let version = output(&mut command("rustc", &["-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    let linker = Path::new(toolchain.trim()).join("lib/rustlib").join(host).join("bin/rust-lld");
    Ok(linker.exists().then_some(("CARGO_TARGET_WASM32_UNKNOWN_UNKNOWN_LINKER", linker)))
}
