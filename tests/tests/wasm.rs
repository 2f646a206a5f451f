//! Native and WebAssembly give the same answers, to the byte, over every file there is: the corpus, the goldens, the
//! broken ones, and snapshots broken in many places.
//!
//! The native side is the command `faissil`, as `cargo test` builds it; the other is the module that is shipped.

use faissil_core::snapshot::Layout;
use faissil_tests::snapshots::{wanted, write};
use faissil_tests::wasm::{Bytes, Wasm};
use faissil_tests::{corpus, root};
use serde_json::Value;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// What the module may ask of memory, whatever the file.
const MEMORY: u64 = 64 << 20;

/// The files, hostile ones in a folder that goes with the process.
fn files() -> &'static [PathBuf] {
    static FILES: OnceLock<(tempfile::TempDir, Vec<PathBuf>)> = OnceLock::new();
    let (_, files) = FILES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let mut files: Vec<PathBuf> = corpus().into_iter().map(|case| case.path).collect();
        let goldens = in_folder(&root().join("fixtures/snapshot/v1"));
        files.extend(
            in_folder(&root().join("fixtures/bad"))
                .into_iter()
                .filter(|path| path.extension().is_some_and(|e| e == "bin")),
        );
        files.push(root().join("samples/debian-packages.faiss"));
        for golden in &goldens {
            let name = golden.file_stem().expect("it has a name").to_string_lossy();
            files.extend(hostile(folder.path(), &name, &std::fs::read(golden).expect("a golden can be read")));
        }
        for layout in [Layout::Sealed, Layout::Packed] {
            let (file, _) = write(&wanted(40_000), layout);
            files.extend(hostile(folder.path(), &format!("made_{layout:?}"), &file));
        }
        files.extend(goldens);
        (folder, files)
    });
    files
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

/// A file with a byte changed here and there, cut short, and with bytes after its end.
fn hostile(folder: &Path, name: &str, file: &[u8]) -> Vec<PathBuf> {
    let mut out = Vec::new();
    let mut put = |what: String, bytes: &[u8]| {
        let path = folder.join(format!("{name}-{what}.faissil"));
        std::fs::write(&path, bytes).expect("a file can be written");
        out.push(path);
    };
    put("whole".into(), file);
    // Evenly, and more often where a snapshot speaks of itself.
    let places = (0..24).map(|n| file.len() * n / 24).chain((1..24).map(|n| file.len().saturating_sub(n * 7)));
    for at in places.filter(|at| *at < file.len()) {
        let mut changed = file.to_vec();
        changed[at] ^= 1 << (at % 8);
        put(format!("changed-at-{at}"), &changed);
    }
    for n in 1..8 {
        put(format!("cut-{n}"), &file[..file.len() * n / 8]);
        put(format!("cut-end-{n}"), &file[..file.len() - n * n * n]);
    }
    put("longer".into(), &[file, b"more"].concat());
    out
}

/// What the command prints about these files, a line each.
fn native(arguments: &[&str], files: &[PathBuf]) -> Vec<String> {
    let test = std::env::current_exe().expect("a test has a path");
    let beside = || test.ancestors().nth(2).expect("it lies in deps").join("faissil");
    let command = std::env::var_os("FAISSIL").map_or_else(beside, PathBuf::from);
    let output = Command::new(&command).args(arguments).args(files).output();
    let output = output.unwrap_or_else(|error| panic!("{}: {error}; `cargo build -p faissil`", command.display()));
    String::from_utf8(output.stdout).expect("JSON is text").lines().map(String::from).collect()
}

/// Bytes of a file and of the one with its lists, if there is one.
fn read(path: &Path) -> (Vec<u8>, Option<Vec<u8>>) {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (file, std::fs::read(path.with_extension("ivfdata")).ok())
}

/// What the native command says of a file must be what the module says.
fn agree(path: &Path, native: &str, failure: Option<&str>, results: &[String]) -> Result<(), String> {
    let name = path.display();
    let said = match (failure, results) {
        (None, [one]) => one.clone(),
        (Some(failure), []) => {
            let failure: Value = serde_json::from_str(failure).expect("failures are JSON");
            let message = failure["message"].as_str().expect("with a message");
            serde_json::json!({ "error": format!("cannot read `{name}`: {message}"), "file": name.to_string() })
                .to_string()
        }
        other => return Err(format!("{name}: {other:?}")),
    };
    let same = said == native || {
        // The order of the two fields of an error is nobody's business.
        let [a, b] = [&said, native].map(|text| serde_json::from_str::<Value>(text).ok());
        failure.is_some() && a.is_some() && a == b
    };
    if same { Ok(()) } else { Err(format!("{name}\n  native {native}\n  wasm   {said}")) }
}

/// Hold all files against the command, with `ask` as the module's side of it.
fn compare(mut wasm: Wasm, command: &[&str], ask: impl Fn(&mut Wasm, Bytes<'_>) -> (Option<String>, Vec<String>)) {
    let files = files();
    let native = native(command, files);
    assert_eq!(native.len(), files.len(), "a line for each file");
    let mut faults = Vec::new();
    for (path, native) in files.iter().zip(&native) {
        let (file, side) = read(path);
        let name = path.display().to_string();
        let (failure, results) = ask(&mut wasm, Bytes { name: &name, file: &file, side: side.as_deref() });
        faults.extend(agree(path, native, failure.as_deref(), &results).err());
    }
    assert!(
        faults.is_empty(),
        "{} of {} differ\n{}",
        faults.len(),
        files.len(),
        faults[..faults.len().min(8)].join("\n")
    );
    assert!(wasm.memory() <= MEMORY, "{} bytes of memory", wasm.memory());
}

#[test]
fn inspect_says_the_same() {
    compare(Wasm::basics(), &["inspect", "--json"], |wasm, bytes| {
        let answer = wasm.ask(bytes, "inspect", "{}", 1 << 20);
        (answer.failure, answer.results)
    });
}

#[test]
fn verify_says_the_same() {
    compare(Wasm::basics(), &["verify", "--json"], |wasm, bytes| wasm.verify(bytes, None));
}

/// The whole answer of `health`, of which the sections came before.
fn health(wasm: &mut Wasm, bytes: Bytes<'_>, params: &str) -> (Option<String>, Vec<String>) {
    let mut answer = wasm.ask(bytes, "health", params, 1 << 20);
    let Some(whole) = answer.results.pop() else { return (answer.failure, answer.results) };
    let found: Value = serde_json::from_str(&whole).expect("results are JSON");
    let sections: Vec<Value> = answer.results.iter().map(|text| serde_json::from_str(text).expect("JSON")).collect();
    assert_eq!(found["sections"], Value::Array(sections), "{}", bytes.name);
    (answer.failure, vec![whole])
}

#[test]
fn health_says_the_same() {
    compare(Wasm::health(), &["health", "--json"], |wasm, bytes| health(wasm, bytes, "{}"));
    let command = ["health", "--json", "--rows", "40", "--runs", "8", "--seed", "18446744073709551615"];
    let params = r#"{"sample":40,"runs":8,"seed":18446744073709551615}"#;
    compare(Wasm::health(), &command, |wasm, bytes| health(wasm, bytes, params));
}

#[test]
fn plans_of_health_are_the_same() {
    compare(Wasm::health(), &["health", "--plan"], |wasm, bytes| {
        let answer = wasm.ask(bytes, "health.plan", "{}", 1 << 20);
        (answer.failure, answer.results)
    });
}

#[test]
fn maps_are_the_same() {
    let mut wasm = Wasm::health();
    let mut drawn = 0;
    for path in files()
        .iter()
        .filter(|path| path.starts_with(root().join("fixtures")) || path.ends_with("debian-packages.faiss"))
    {
        let native = native(&["map", "--json"], std::slice::from_ref(path));
        let (file, side) = read(path);
        let name = path.display().to_string();
        let mut answer = wasm.ask(Bytes { name: &name, file: &file, side: side.as_deref() }, "map", "{}", 1 << 20);
        answer.results.retain(|text| !text.is_empty());
        assert_eq!(answer.results, native, "{name}");
        assert_eq!(answer.failure.is_some(), native.is_empty(), "{name}");
        drawn += native.len();
    }
    assert!(drawn > 30, "only {drawn} maps");
    assert!(wasm.memory() <= MEMORY, "{} bytes of memory", wasm.memory());
}
