//! `cargo xtask bench`: how fast, against whom, on this machine.
//!
//! Each line of the table compares `faissil` with a rival in the same run: the two take turns on the
//! same files, and medians are compared, so that a slow disk or a busy machine harms both alike. A
//! ratio is the rival's time over ours: above 1 we are faster. The index files are made here, of
//! random numbers, without FAISS. `--write` puts the table into the README, between its markers.

mod files;
mod measure;
mod remote;

use crate::Outcome;
use crate::run::{apt_install, cargo, command, must, output, root, target, works};
use files::Files;
use measure::{Figure, alternate, bytes_read, peak_memory, seconds};
use std::path::PathBuf;
use std::process::Command;

/// Rounds, each with one run of every contestant.
const ROUNDS: usize = 7;

/// The rival that hashes: BLAKE3's own command, built by the same compiler.
const B3SUM: &str = "1.8.7";

/// What makes the index files that are packed, and the rivals at making them small.
const PACKERS: &[&str] = &["faiss-cpu==1.15.1", "numpy", "zstandard==0.25.0", "pcodec==1.1.0"];

/// What a browser does the like with: it shows what is in a file of a model.
const NETRON: &str = "netron==9.3.3";

pub(crate) fn run(arguments: &[String]) -> Outcome {
    let write = arguments.iter().any(|argument| argument == "--write");
    if let Some(place) = arguments.iter().position(|argument| argument == "--native") {
        let kinds: Vec<_> = arguments[place + 1..].iter().filter(|argument| *argument != "--write").collect();
        return native(&kinds, write && kinds.is_empty());
    }
    if arguments.iter().any(|argument| argument == "--vectors") {
        return vectors(write);
    }
    if arguments.iter().any(|argument| argument == "--web") {
        return web(write);
    }
    if let Some(place) = arguments.iter().position(|argument| argument == "--pack") {
        return pack(arguments[place + 1..].iter().find(|argument| *argument != "--write"), write);
    }
    if arguments.iter().any(|argument| argument == "--remote") {
        return remote::run(write);
    }
    let tools = Tools::prepare()?;
    let files = Files::make(&target().join("bench"), &tools.faissil)?;
    let figures = [verify(&tools, &files)?, inspect(&tools, &files)?, save(&tools, &files)?, load(&tools, &files)?];
    let rows: String = figures.concat().iter().map(Figure::row).collect();
    let page = page(&rows, ROUNDS, "files in the page cache")?;
    println!("{page}");
    if write { into_readme("bench", "bench", &page) } else { Ok(()) }
}

/// Live indexes against FAISS: a program of the package `faissil` measures, since it takes FAISS itself.
fn native(kinds: &[&String], write: bool) -> Outcome {
    crate::run::native_needs()?;
    let home = target().join("bench/native");
    let mut bench =
        cargo(&["bench", "--quiet", "--package", "faissil", "--features", "native", "--bench", "native", "--"]);
    let said = output(bench.arg(&home).args(kinds))?;
    let page = page(&rows(&said)?, ROUNDS, "index files in the page cache, FAISS 1.12.0 in the same process")?;
    println!("{page}");
    if write { into_readme("bench-native", "bench --native", &page) } else { Ok(()) }
}

/// Vectors out of files against FAISS's own reconstruction.
fn vectors(write: bool) -> Outcome {
    crate::run::native_needs()?;
    let mut bench =
        cargo(&["bench", "--quiet", "--package", "faissil", "--features", "native", "--bench", "vectors", "--"]);
    let said = output(bench.arg(target().join("bench/vectors")))?;
    let under = "index files in the page cache, FAISS 1.12.0 in the same process, both on all cores";
    let page = page(&rows(&said)?, ROUNDS, under)?;
    println!("{page}");
    if write { into_readme("bench-vectors", "bench --vectors", &page) } else { Ok(()) }
}

/// The viewer and its package, measured by a program beside the viewer that drives Chromium.
fn web(write: bool) -> Outcome {
    let tools = Tools::prepare()?;
    let files = Files::make(&target().join("bench"), &tools.faissil)?;
    files.make_for_web(&tools.faissil)?;
    crate::web::run(&[])?;
    crate::web::browser_needs()?;
    let netron = crate::test::environment("netron", "import netron", &[NETRON])?;
    let said = files.scratch("web.rows");
    std::fs::write(&said, "").map_err(|error| format!("cannot write {}: {error}", said.display()))?;
    let mut bench = crate::web::npm_run("bench");
    bench.env("FAISSIL_BENCH_FILES", files.home()).env("FAISSIL_BENCH_ROWS", &said);
    must(bench.env("FAISSIL_PYTHON", netron).env("FAISSIL_B3SUM", &tools.b3sum))?;
    let said = std::fs::read_to_string(&said).map_err(|error| format!("cannot read what was measured: {error}"))?;
    let page = page(&rows(&said)?, ROUNDS, "Debian's Chromium and Node on the same machine, servers on loopback")?;
    println!("{page}");
    if write { into_readme("bench-web", "bench --web", &page) } else { Ok(()) }
}

/// Packed snapshots against compressors, on the sample or a NumPy file of vectors: a program in Python measures, since FAISS
/// makes the index files; then one in Rust, which decodes and loads what that made.
fn pack(vectors: Option<&String>, write: bool) -> Outcome {
    crate::run::native_needs()?;
    must(&mut cargo(&["build", "--release", "--quiet", "--package", "faissil"]))?;
    let home = target().join("bench/pack");
    std::fs::create_dir_all(&home).map_err(|error| format!("cannot make {}: {error}", home.display()))?;
    let python = crate::test::environment("packers", "import faiss, numpy, zstandard, pcodec", PACKERS)?;
    let mut made = Command::new(python);
    made.arg(root().join("xtask/src/bench/pack.py")).arg(target().join("release/faissil"));
    let mut said = output(made.arg(root().join("samples/debian-packages.faiss")).arg(&home).args(vectors))?;
    let mut read =
        cargo(&["bench", "--quiet", "--package", "faissil", "--features", "native", "--bench", "packed", "--"]);
    said.push_str(&output(read.arg(&home))?);
    let page = page(&rows(&said)?, 1, "rates of a core by CPU time; loading and decoding the middle one of 9")?;
    println!("{page}");
    if write { into_readme("bench-pack", "bench --pack", &page) } else { Ok(()) }
}

/// Lines of the table, of cells with tabs between them.
fn rows(said: &str) -> Result<String, String> {
    let row = |line: &str| match line.split('\t').collect::<Vec<_>>()[..] {
        [what, ours, rival, ratio, promised] => Ok(format!("| {what} | {ours} | {rival} | {ratio} | {promised} |\n")),
        _ => Err(format!("the bench printed a line that is no row: {line}")),
    };
    said.lines().map(row).collect()
}

/// The programs that are timed.
struct Tools {
    faissil: PathBuf,
    b3sum: PathBuf,
}

impl Tools {
    fn prepare() -> Result<Tools, String> {
        must(&mut cargo(&["build", "--release", "--quiet", "--package", "faissil"]))?;
        let home = target().join("tools");
        let b3sum = home.join("bin/b3sum");
        if !works(&mut command(&b3sum, &["--version"])) {
            let mut install = cargo(&["install", "--quiet", "--locked", "--version", B3SUM, "b3sum", "--root"]);
            must(install.arg(&home))?;
        }
        if !works(&mut command("strace", &["--version"])) {
            apt_install(&["strace"])?;
        }
        Ok(Tools { faissil: target().join("release/faissil"), b3sum })
    }

    fn faissil(&self, arguments: &[&std::ffi::OsStr]) -> Command {
        let mut command = Command::new(&self.faissil);
        command.args(arguments);
        command
    }

    /// `cp`, `sync` of the copy and `b3sum`, in turn: what a careful person does by hand.
    fn copy_by_hand(&self, from: &std::path::Path, to: &std::path::Path) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", r#"cp "$1" "$2" && sync "$2" && "$3" "$2""#, "sh"]).arg(from).arg(to).arg(&self.b3sum);
        command
    }
}

fn verify(tools: &Tools, files: &Files) -> Result<Vec<Figure>, String> {
    let ours = || seconds(&mut tools.faissil(&["verify".as_ref(), files.sealed.as_ref()]));
    let rival = || seconds(Command::new(&tools.b3sum).arg(&files.sealed));
    let [ours, rival] = alternate(ROUNDS, [&ours, &rival])?;
    Ok(vec![Figure::ratio("`verify`, 1 GiB sealed", ours, "`b3sum`", rival, 0.9)])
}

fn inspect(tools: &Tools, files: &Files) -> Result<Vec<Figure>, String> {
    let command = || tools.faissil(&["inspect".as_ref(), files.sparse.as_ref()]);
    let [time] = alternate(ROUNDS, [&|| seconds(&mut command())])?;
    let read = bytes_read(&command(), &files.sparse)?;
    Ok(vec![
        Figure::below("`inspect`, 4 GiB sealed", time * 1e3, 20.0, "ms"),
        Figure::below("bytes that it reads of the file", read as f64 / 1024.0, 64.0, "KiB"),
    ])
}

fn save(tools: &Tools, files: &Files) -> Result<Vec<Figure>, String> {
    let (out, copy) = (files.scratch("out.faissil"), files.scratch("copy.faiss"));
    let arguments = ["save".as_ref(), files.index.as_ref(), out.as_ref(), "--layout".as_ref(), "sealed".as_ref()];
    let gone = |path: &PathBuf| std::fs::remove_file(path).ok();
    let ours = || {
        gone(&out);
        seconds(&mut tools.faissil(&arguments))
    };
    let rival = || {
        gone(&copy);
        seconds(&mut tools.copy_by_hand(&files.index, &copy))
    };
    let [our_time, rival_time] = alternate(ROUNDS, [&ours, &rival])?;
    gone(&out);
    let memory = peak_memory(&mut tools.faissil(&arguments))?;
    gone(&out);
    gone(&copy);
    Ok(vec![
        Figure::ratio("`save --layout sealed`, 1 GiB", our_time, "`cp`, `sync`, `b3sum`", rival_time, 0.8),
        Figure::below("memory that it takes at most", memory as f64 / 1024.0, 96.0, "MiB"),
    ])
}

fn load(tools: &Tools, files: &Files) -> Result<Vec<Figure>, String> {
    let (out, copy) = (files.scratch("out.faiss"), files.scratch("copy.faissil"));
    let gone = |path: &PathBuf| std::fs::remove_file(path).ok();
    let ours = || {
        gone(&out);
        seconds(&mut tools.faissil(&["load".as_ref(), files.sealed.as_ref(), out.as_ref()]))
    };
    let rival = || {
        gone(&copy);
        seconds(&mut tools.copy_by_hand(&files.sealed, &copy))
    };
    let [our_time, rival_time] = alternate(ROUNDS, [&ours, &rival])?;
    must(Command::new("cmp").arg(&out).arg(&files.index))?;
    gone(&out);
    gone(&copy);
    Ok(vec![Figure::ratio("`load`, 1 GiB sealed", our_time, "`cp`, `sync`, `b3sum`", rival_time, 0.8)])
}

/// The table, and what it was measured on.
fn page(rows: &str, rounds: usize, circumstances: &str) -> Result<String, String> {
    let mut page = format!("| | faissil | rival | ratio | promised |\n|---|--:|--:|--:|--:|\n{rows}");
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpu = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let cpu = cpu.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let compiler = output(&mut command("rustc", &["--version"]))?;
    let turns = if rounds == 1 { "One turn".into() } else { format!("Medians of {rounds} turns each") };
    page += &format!(
        "\n{turns}, {circumstances}; {cores} cores of {}, {}.\n",
        cpu.trim_start_matches([' ', '\t', ':']),
        compiler.trim()
    );
    Ok(page)
}

/// Replace what stands between the markers of this name in the README; `task` is what writes there.
fn into_readme(name: &str, task: &str, page: &str) -> Outcome {
    let from = format!("<!-- {name}: written by `cargo xtask {task} --write` -->\n");
    let to = format!("<!-- /{name} -->");
    let path = root().join("README.md");
    let text = std::fs::read_to_string(&path).map_err(|error| format!("cannot read README.md: {error}"))?;
    let parts = text.split_once(&from).and_then(|(before, rest)| Some((before, rest.split_once(&to)?.1)));
    let (before, after) = parts.ok_or("README.md has no markers for the table")?;
    std::fs::write(&path, format!("{before}{from}\n{page}\n{to}{after}"))
        .map_err(|error| format!("cannot write README.md: {error}"))
}
