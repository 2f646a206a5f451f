//! `cargo xtask fuzz [TARGET…] [--seconds N]`: bytes that no one thought of, a minute each.
//!
//! The targets in `fuzz/` are built by the pinned stable compiler with coverage counters switched on
//! and run under libFuzzer, as many at once as there are cores. They start from the fixtures; what
//! they find interesting stays below the target directory for the next run. An input that breaks
//! something is kept in `fuzz/artifacts/`.

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, output, root, target, works};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// What makes libFuzzer see which code ran; the flags that `cargo fuzz` gives, without a sanitizer.
const COVERAGE: &str = "--cfg fuzzing -Ccodegen-units=1 -Cpasses=sancov-module \
    -Cllvm-args=-sanitizer-coverage-level=4 -Cllvm-args=-sanitizer-coverage-inline-8bit-counters \
    -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";

/// Seconds for each target.
const SECONDS: u64 = 60;

/// The longest seed. Small inputs run fast, and no layout needs more.
const LONGEST_SEED: u64 = 64 << 10;

/// How the names of seeds end: index files, snapshots, and the faulty files of `fixtures/bad`.
const SEEDS: [&str; 3] = ["faiss", "faissil", "bin"];

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let (names, seconds) = read_arguments(arguments)?;
    if !works(&mut command("c++", &["--version"])) {
        apt_install(&["g++"])?;
    }
    let version = output(&mut command("rustc", &["-vV"]))?;
    let host = version.lines().find_map(|line| line.strip_prefix("host: ")).ok_or("rustc does not say its host")?;
    // With --target, build scripts are built without the flags.
    let mut build = cargo(&["build", "--quiet", "--release", "--locked", "--manifest-path", "fuzz/Cargo.toml"]);
    must(build.args(["--target", host]).env("CARGO_TARGET_DIR", target().join("fuzz")).env("RUSTFLAGS", COVERAGE))?;

    let programs = target().join("fuzz").join(host).join("release");
    let at_once = std::thread::available_parallelism().map_or(1, usize::from);
    for batch in names.chunks(at_once) {
        let running: Vec<_> =
            batch.iter().map(|name| Run::start(&programs, name, seconds)).collect::<Result<_, _>>()?;
        // Wait for all of them before the first failure is told.
        let ended: Vec<Outcome> = running.into_iter().map(Run::end).collect();
        ended.into_iter().collect::<Outcome>()?;
    }
    Ok(())
}

/// The targets to run, all unless some are named, and for how long.
fn read_arguments(arguments: &[String]) -> Result<(Vec<String>, u64), String> {
    let files =
        fs::read_dir(root().join("fuzz/fuzz_targets")).map_err(|error| format!("cannot read fuzz targets: {error}"))?;
    let stem = |path: PathBuf| Some(path.file_stem()?.to_str()?.to_string());
    let mut all: Vec<String> = files.filter_map(|file| stem(file.ok()?.path())).collect();
    all.sort();
    let (mut named, mut seconds) = (Vec::new(), SECONDS);
    let mut arguments = arguments.iter();
    while let Some(argument) = arguments.next() {
        if argument == "--seconds" {
            let number = arguments.next().and_then(|number| number.parse().ok());
            seconds = number.ok_or("--seconds takes a whole number")?;
        } else if all.contains(argument) {
            named.push(argument.clone());
        } else {
            return Err(format!("no target `{argument}`; there are {}", all.join(", ")));
        }
    }
    Ok((if named.is_empty() { all } else { named }, seconds))
}

/// A fuzzer at work.
struct Run {
    name: String,
    log: PathBuf,
    child: Child,
}

impl Run {
    fn start(programs: &Path, name: &str, seconds: u64) -> Result<Run, String> {
        let failed = |error: std::io::Error| format!("cannot start {name}: {error}");
        let corpus = target().join("fuzz/corpus").join(name);
        let artifacts = root().join("fuzz/artifacts").join(name);
        for folder in [&corpus, &artifacts] {
            fs::create_dir_all(folder).map_err(failed)?;
        }
        seed(&root().join("fixtures"), &corpus).map_err(failed)?;
        let log = target().join("fuzz").join(format!("{name}.log"));
        let mut fuzzer = Command::new(programs.join(name));
        fuzzer.arg(format!("-max_total_time={seconds}"));
        fuzzer.args(["-timeout=10", "-rss_limit_mb=1024", "-malloc_limit_mb=256", "-print_final_stats=1"]);
        fuzzer.arg(format!("-artifact_prefix={}/", artifacts.display())).arg(&corpus);
        fuzzer.stderr(fs::File::create(&log).map_err(failed)?);
        eprintln!("fuzzing {name} for {seconds} s");
        Ok(Run { name: name.into(), log, child: fuzzer.spawn().map_err(failed)? })
    }

    fn end(mut self) -> Outcome {
        let status = self.child.wait().map_err(|error| format!("cannot wait for {}: {error}", self.name))?;
        let log = fs::read_to_string(&self.log).unwrap_or_default();
        if !status.success() {
            let tail: Vec<&str> = log.lines().rev().take(40).collect();
            let tail = tail.into_iter().rev().collect::<Vec<_>>().join("\n");
            return Err(format!("{} found an input: {status}\n{tail}", self.name));
        }
        let count = log.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
        eprintln!("fuzzed {}: {} inputs, nothing found", self.name, count.unwrap_or("no").trim());
        Ok(())
    }
}

/// Put the fixtures among a target's inputs: index files, snapshots and what is wrong on purpose.
fn seed(folder: &Path, corpus: &Path) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let (path, about) = (entry.path(), entry.metadata()?);
        if about.is_dir() {
            seed(&path, corpus)?;
        } else if about.len() <= LONGEST_SEED
            && path.extension().is_some_and(|end| SEEDS.iter().any(|seed| end == *seed))
        {
            let name = path.strip_prefix(root()).unwrap_or(&path).to_string_lossy().replace('/', "-");
            fs::write(corpus.join(name), fs::read(&path)?)?;
        }
    }
    Ok(())
}
