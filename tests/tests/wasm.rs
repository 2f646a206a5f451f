//! Native and WebAssembly give the same answers, to the byte, over every file there is: the corpus, the goldens, the
//! broken ones, and snapshots broken in many places.
//!
//! The native side is the command `faissil`, as `cargo test` builds it; the other is the module that is shipped.

use faissil_tests::compared::{Compared, files, native, read};
use faissil_tests::root;
use faissil_tests::wasm::{Bytes, Wasm};
use serde_json::Value;
use std::path::Path;

/// What the module may ask of memory, whatever the file.
const MEMORY: u64 = 64 << 20;

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
    let native = native(command, files.iter().map(|file| file.path.clone()));
    assert_eq!(native.len(), files.len(), "a line for each file");
    let mut faults = Vec::new();
    for (Compared { path, .. }, native) in files.iter().zip(&native) {
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
        let answer = wasm.ask(bytes, "inspect", "", 1 << 20);
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
    compare(Wasm::health(), &["health", "--json"], |wasm, bytes| health(wasm, bytes, ""));
    let command = ["health", "--json", "--rows", "40", "--runs", "8", "--seed", "18446744073709551615"];
    let params = "sample=40\0runs=8\0seed=18446744073709551615";
    compare(Wasm::health(), &command, |wasm, bytes| health(wasm, bytes, params));
}

#[test]
fn plans_of_health_are_the_same() {
    compare(Wasm::health(), &["health", "--plan"], |wasm, bytes| {
        let answer = wasm.ask(bytes, "health.plan", "", 1 << 20);
        (answer.failure, answer.results)
    });
}

#[test]
fn maps_are_the_same() {
    let mut wasm = Wasm::health();
    let mut drawn = 0;
    for path in files()
        .iter()
        .map(|file| &file.path)
        .filter(|path| path.starts_with(root().join("fixtures")) || path.ends_with("debian-packages.faiss"))
    {
        let native = native(&["map", "--json"], [path.clone()]);
        let (file, side) = read(path);
        let name = path.display().to_string();
        let mut answer = wasm.ask(Bytes { name: &name, file: &file, side: side.as_deref() }, "map", "", 1 << 20);
        answer.results.retain(|text| !text.is_empty());
        assert_eq!(answer.results, native, "{name}");
        assert_eq!(answer.failure.is_some(), native.is_empty(), "{name}");
        drawn += native.len();
    }
    assert!(drawn > 30, "only {drawn} maps");
    assert!(wasm.memory() <= MEMORY, "{} bytes of memory", wasm.memory());
}
