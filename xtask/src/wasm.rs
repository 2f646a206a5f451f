//! `cargo xtask wasm`: the npm package, from Rust to JavaScript, and whether it is as small as promised.
//!
//! The modules are built for WebAssembly with SIMD, `host-wasm/bindgen` makes the JavaScript that goes with it, `wasm-opt` makes
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

/// How it is made smaller. What counts is its size after gzip, which sees 32 KiB at a time: `-Oz` makes shorter code that has
/// less in common and is 4% larger in the end; functions by name, so that those of one generic lie together, save 2%.
const OPTIMISE: [&str; 7] = [
    "-O1",
    "--shrink-level=1",
    "--converge",
    "--dae-optimizing",
    "--reorder-functions-by-name",
    "--strip-debug",
    "--strip-producers",
];

/// A module: the feature that makes it, its file, and how large that may be.
struct Module {
    feature: &'static str,
    file: &'static str,
    limit: Limit,
}

/// How large something that comes over the network may be, in bytes after gzip.
#[derive(Clone, Copy)]
struct Limit {
    promised: u64,
    /// Where the promise is not kept yet: what it may never grow past again, a little more than it was when this was
    /// written. Lower it with each step down.
    ceiling: u64,
}

const MODULES: [Module; 4] = [
    Module { feature: "basics", file: "faissil.wasm", limit: Limit { promised: 180_000, ceiling: 185_000 } },
    Module { feature: "contents", file: "contents.wasm", limit: Limit { promised: 250_000, ceiling: 250_000 } },
    Module { feature: "health", file: "health.wasm", limit: Limit { promised: 250_000, ceiling: 250_000 } },
    Module { feature: "packed", file: "packed.wasm", limit: Limit { promised: 250_000, ceiling: 250_000 } },
];

/// All JavaScript together.
const SCRIPTS: Limit = Limit { promised: 15_000, ceiling: 15_000 };

pub(crate) fn run(_: &[String]) -> Outcome {
    package().and_then(|()| sizes())
}

/// Build the package in `host-wasm/npm/dist`.
pub(crate) fn package() -> Outcome {
    let package = root().join("host-wasm/npm");
    node_needs(&package)?;
    let bound = target().join("wasm-package");
    for Module { feature, .. } in MODULES {
        bind(&package, &module(feature)?, &bound.join(feature))?;
    }

    let (generated, dist) = (package.join("src/generated"), package.join("dist"));
    clear(&generated)?;
    // That of the first module has all there is; the others export a part of it.
    let [script, types] = ["faissil.js", "faissil.d.ts"].map(|name| bound.join(MODULES[0].feature).join(name));
    write(&generated.join("faissil.js"), &instances(&without_comments(&text(&script)?))?)?;
    write(&generated.join("faissil.d.ts"), &(text(&types)? + INSTANCE_TYPE))?;
    clear(&dist)?;
    must(&mut tool(&package, "tsc", &[]))?;
    // What people read stands in the declarations; a browser loads none of it.
    for script in scripts(&dist)? {
        write(&script, &without_comments(&text(&script)?))?;
    }
    clear(&dist.join("generated"))?;
    for name in ["faissil.js", "faissil.d.ts"] {
        copy(&generated.join(name), &dist.join("generated").join(name))?;
    }
    MODULES.iter().try_for_each(|Module { feature, file, .. }| copy(&bound.join(feature).join(SMALL), &dist.join(file)))
}

/// A module after `wasm-opt`.
const SMALL: &str = "small.wasm";

/// A script of wasm-bindgen or TypeScript without its comments, which have lines of their own and stand in the declarations too.
fn without_comments(script: &str) -> String {
    let is_code = |line: &&str| {
        let line = line.trim_start();
        line != "*" && !["//", "/*", "* ", "*/"].iter().any(|mark| line.starts_with(mark))
    };
    script.lines().filter(is_code).flat_map(|line| [line, "\n"]).collect()
}

/// The JavaScript of wasm-bindgen knows one module. As a function it serves all of them.
fn instances(script: &str) -> Result<String, String> {
    const EXPORTS: &str = "export { initSync, __wbg_init as default };";
    let body = script.trim_end().strip_suffix(EXPORTS).ok_or("wasm-bindgen exports other things than it did")?;
    let body = body.replace("export class ", "class ");
    Ok(format!("export function instance() {{\n{body}\nreturn {{ File, initSync, init: __wbg_init }};\n}}\n"))
}

/// Its type.
const INSTANCE_TYPE: &str = "
/** A module of its own, to be started; the only thing that is exported but types. */
export function instance(): { File: typeof File; initSync: typeof initSync; init: typeof __wbg_init };
";

/// Make the JavaScript of a module and the smaller module that goes with it, in `bound`; unless they are there.
fn bind(package: &Path, module: &Path, bound: &Path) -> Outcome {
    let bindgen = bindgen()?;
    let small = bound.join(SMALL);
    let time = |path: &Path| fs::metadata(path).and_then(|found| found.modified()).ok();
    if [module, &bindgen].iter().all(|from| time(from).is_some_and(|from| time(&small).is_some_and(|made| made > from)))
    {
        return Ok(());
    }
    clear(bound)?;
    must(command(bindgen, &[]).arg(module).arg(bound))?;
    let mut optimise = tool(package, "wasm-opt", &OPTIMISE);
    optimise.args(FEATURES.map(|feature| format!("--enable-{feature}")));
    must(optimise.arg("-o").arg(small).arg(bound.join("faissil_bg.wasm")))
}

/// The module with this feature, as the compiler makes it. Only as a module: beside a library of Rust, which is what the
/// tests use, the compiler keeps what no module exports, a ninth of it.
fn module(feature: &str) -> Result<PathBuf, String> {
    let build = ["rustc", "--quiet", "--profile", "wasm", "--package", "faissil-wasm", "--target", TRIPLE, "--lib"];
    let kind = ["--crate-type", "cdylib", "--no-default-features", "--features", feature];
    let build = [build.as_slice(), &kind].concat();
    let target = build_for(TRIPLE, &build, "std,panic_abort", Some(FLAGS), false)?;
    Ok(target.join(TRIPLE).join("wasm/faissil_wasm.wasm"))
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
    let tests = ["sources", "url", "answers", "lookup", "health", "corpus"].map(|name| format!("test/{name}.test.mjs"));
    let mut node = command("node", &["--test"]);
    must(node.args(tests).env("FAISSIL", faissil).current_dir(root().join("host-wasm/npm")))
}

/// Say how large the package is, and whether that is within the limits.
fn sizes() -> Outcome {
    let dist = root().join("host-wasm/npm/dist");
    let scripts: Vec<u8> = scripts(&dist)?.iter().map(|path| read(path)).collect::<Result<Vec<_>, _>>()?.concat();
    let mut parts = vec![("all JavaScript", SCRIPTS, scripts)];
    for Module { file, limit, .. } in MODULES {
        parts.push((file, limit, read(&dist.join(file))?));
    }
    let mut faults = Vec::new();
    for (what, Limit { promised, ceiling }, bytes) in parts {
        let size = gzipped(&bytes)?;
        let missed = if size > promised { ": missed" } else { "" };
        println!("{what}: {} bytes, {size} after gzip, at most {promised} promised{missed}", bytes.len());
        if size > ceiling {
            faults.push(format!("{what} is {size} bytes after gzip, more than {ceiling}: it has grown"));
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

fn text(path: &Path) -> Result<String, String> {
    fs::read_to_string(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}

fn write(path: &Path, text: &str) -> Outcome {
    fs::write(path, text).map_err(|error| format!("cannot write {}: {error}", path.display()))
}

fn read(path: &Path) -> Result<Vec<u8>, String> {
    fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))
}
