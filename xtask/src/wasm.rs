//! `cargo xtask wasm`: the npm package, from Rust to JavaScript, and whether it is as small as promised.
//!
//! Each module is built for WebAssembly with SIMD, `host-wasm/bindgen` makes the JavaScript that goes with it, `wasm-opt` makes
//! it smaller, and TypeScript is compiled to `host-wasm/npm/dist`. What npm brings comes by the lock file.

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, root, target, works};
use crate::targets::build_for;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

const TRIPLE: &str = "wasm32-unknown-unknown";

/// SIMD, and memory that cannot grow past what is promised.
const FLAGS: &str = "-Ctarget-feature=+simd128 -Clink-arg=--max-memory=67108864";

/// What Rust's compiler may use of WebAssembly, as `wasm-opt` calls it: every browser that has SIMD has all of it.
const FEATURES: [&str; 7] =
    ["simd", "bulk-memory", "mutable-globals", "multivalue", "nontrapping-float-to-int", "reference-types", "sign-ext"];

/// A module of the package.
struct Module {
    /// Its name, and that of its JavaScript.
    name: &'static str,
    /// The feature of `faissil-wasm` that it has.
    feature: &'static str,
    /// The most that it may be after gzip, in bytes.
    most: u64,
}

/// The module that every page loads, and the one that it loads when it asks how an index is doing.
const MODULES: [Module; 2] = [
    Module { name: "faissil", feature: "files", most: 180_000 },
    Module { name: "faissil-health", feature: "health", most: 250_000 },
];

/// The most that all JavaScript may be after gzip.
const MOST_SCRIPTS: u64 = 15_000;

pub(crate) fn run(_: &[String]) -> Outcome {
    package().and_then(|()| sizes())
}

/// Build the package in `host-wasm/npm/dist`.
pub(crate) fn package() -> Outcome {
    let package = root().join("host-wasm/npm");
    node_needs(&package)?;
    let (generated, dist) = (package.join("src/generated"), package.join("dist"));
    clear(&generated)?;
    for module in &MODULES {
        let bound = bound(module);
        bind(&package, module, &bound)?;
        for ending in [".js", ".d.ts", "_bg.wasm.d.ts"] {
            let name = format!("{}{ending}", module.name);
            copy(&bound.join(&name), &generated.join(&name))?;
        }
    }
    clear(&dist)?;
    must(&mut tool(&package, "tsc", &[]))?;
    clear(&dist.join("generated"))?;
    for module in &MODULES {
        let [script, types] = [".js", ".d.ts"].map(|ending| format!("{}{ending}", module.name));
        copy(&generated.join(&types), &dist.join("generated").join(&types))?;
        // What its comments say stands in the declarations too.
        let bare = without_comments(&String::from_utf8_lossy(&read(&generated.join(&script))?));
        let place = dist.join("generated").join(&script);
        fs::write(&place, bare).map_err(|error| format!("cannot write {}: {error}", place.display()))?;
        let wasm = format!("{}.wasm", module.name);
        copy(&bound(module).join(&wasm), &dist.join(&wasm))?;
    }
    Ok(())
}

/// A script of wasm-bindgen without its comments, which have lines of their own.
fn without_comments(script: &str) -> String {
    let is_code = |line: &&str| {
        let line = line.trim_start();
        line != "*" && !["//", "/*", "* ", "*/"].iter().any(|mark| line.starts_with(mark))
    };
    script.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

/// Where a module and its JavaScript are made.
fn bound(module: &Module) -> PathBuf {
    target().join("wasm-package").join(module.name)
}

/// Make the JavaScript of a module and the smaller module that goes with it, in `bound`; unless they are there.
fn bind(package: &Path, module: &Module, bound: &Path) -> Outcome {
    let (name, built, bindgen) = (module.name, build(module)?, bindgen()?);
    let small = bound.join(format!("{name}.wasm"));
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    let is_newer = |from: &PathBuf| time(from).is_some_and(|from| time(&small).is_some_and(|made| made > from));
    if [&built, &bindgen].into_iter().all(is_newer) {
        return Ok(());
    }
    clear(bound)?;
    must(command(bindgen, &[]).arg(built).arg(bound).arg(name))?;
    let mut optimise = tool(package, "wasm-opt", &["-Oz", "--strip-debug", "--strip-producers"]);
    optimise.args(FEATURES.map(|feature| format!("--enable-{feature}")));
    must(optimise.arg("-o").arg(small).arg(bound.join(format!("{name}_bg.wasm"))))
}

/// A module as the compiler makes it.
fn build(module: &Module) -> Result<PathBuf, String> {
    // A directory for each: cargo would take the one for the other, since they have the same name.
    let place = target().join("wasm-modules").join(module.feature);
    let folder = place.to_str().ok_or("the target directory's path is not text")?;
    let package = ["build", "--quiet", "--profile", "wasm", "--package", "faissil-wasm", "--target", TRIPLE];
    let features = ["--no-default-features", "--features", module.feature, "--target-dir", folder];
    build_for(TRIPLE, &[&package[..], &features[..]].concat(), "std,panic_abort", Some(FLAGS), false)?;
    Ok(place.join(TRIPLE).join("wasm/faissil_wasm.wasm"))
}

/// What makes JavaScript for a module, built.
fn bindgen() -> Result<PathBuf, String> {
    let home = target().join("tools/bindgen");
    let build = ["build", "--quiet", "--release", "--locked", "--manifest-path", "host-wasm/bindgen/Cargo.toml"];
    must(cargo(&build).env("CARGO_TARGET_DIR", &home))?;
    Ok(home.join("release/faissil-bindgen"))
}

/// Have Node, npm and what the lock file names.
pub(crate) fn node_needs(package: &Path) -> Outcome {
    if !(works(&mut command("node", &["--version"])) && works(&mut command("npm", &["--version"]))) {
        apt_install(&["nodejs", "npm"])?;
    }
    let [lock, installed] = ["package-lock.json", "node_modules/.package-lock.json"].map(|name| package.join(name));
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    if time(&installed).is_some_and(|installed| time(&lock).is_some_and(|lock| installed >= lock)) {
        return Ok(());
    }
    must(command("npm", &["ci", "--no-audit", "--no-fund", "--loglevel=error"]).current_dir(package))
}

/// A program that npm installed.
fn tool(package: &Path, name: &str, arguments: &[&str]) -> Command {
    let mut tool = command(package.join("node_modules/.bin").join(name), arguments);
    tool.current_dir(package);
    tool
}

/// Pass the tests of the package, against the command `faissil` that is there.
pub(crate) fn test(faissil: &Path) -> Outcome {
    let tests = ["sources", "url", "answers", "health", "corpus"].map(|name| format!("test/{name}.test.mjs"));
    let mut node = command("node", &["--test"]);
    must(node.args(tests).env("FAISSIL", faissil).current_dir(root().join("host-wasm/npm")))
}

/// Say how large the package is, and whether that is within the limits.
fn sizes() -> Outcome {
    let dist = root().join("host-wasm/npm/dist");
    let scripts: Vec<u8> = scripts(&dist)?.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut parts = vec![("its JavaScript".to_string(), MOST_SCRIPTS, scripts)];
    for Module { name, most, .. } in &MODULES {
        let name = format!("{name}.wasm");
        let bytes = read(&dist.join(&name))?;
        parts.push((name, *most, bytes));
    }
    let mut faults = Vec::new();
    for (what, most, bytes) in parts {
        let size = gzipped(&bytes)?;
        println!("{what}: {} bytes, {size} after gzip, at most {most} promised", bytes.len());
        if size > most {
            faults.push(format!("{what} is {size} bytes after gzip, more than {most}"));
        }
    }
    if faults.is_empty() { Ok(()) } else { Err(faults.join("; ")) }
}

/// The scripts below a folder.
fn scripts(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut found = Vec::new();
    for path in entries.filter_map(|entry| Some(entry.ok()?.path())) {
        if path.is_dir() {
            found.extend(scripts(&path)?);
        } else if path.extension().is_some_and(|extension| extension == "js") {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

/// How many bytes `gzip -9` makes of these.
fn gzipped(bytes: &[u8]) -> Result<u64, String> {
    let failed = |error: std::io::Error| format!("cannot run gzip: {error}");
    let mut gzip = command("gzip", &["-9c"]).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().map_err(failed)?;
    let mut input = gzip.stdin.take().ok_or("gzip takes no input")?;
    std::thread::scope(|scope| {
        scope.spawn(move || input.write_all(bytes));
        gzip.wait_with_output().map(|done| done.stdout.len() as u64).map_err(failed)
    })
}

/// An empty folder.
fn clear(folder: &Path) -> Outcome {
    let failed = |error: std::io::Error| format!("cannot make {}: {error}", folder.display());
    if folder.exists() {
        fs::remove_dir_all(folder).map_err(failed)?;
    }
    fs::create_dir_all(folder).map_err(failed)
}

fn copy(from: &Path, to: &Path) -> Outcome {
    fs::copy(from, to).map(drop).map_err(|error| format!("cannot copy {}: {error}", from.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
