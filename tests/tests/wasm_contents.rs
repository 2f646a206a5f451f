//! What is taken out of a file is the same natively and in the modules, to the byte, and so is every message.
//!
//! The command reads a snapshot's outline from its stream, a page the recorded one, so that it need not fetch a chunk for it. So where a
//! damaged chunk is in the way of the command, the module may still have an answer: it must be that of the file before
//! it was broken.

use faissil_tests::compared::{Compared, files, native_one, read};
use faissil_tests::root;
use faissil_tests::wasm::{Answer, Bytes, Wasm};
use serde_json::Value;
use std::path::Path;

/// Every file that is in the repository, and some of the many broken ones.
fn some() -> impl Iterator<Item = &'static Compared> {
    let broken = |number: usize, file: &Compared| file.whole.is_some() && number.is_multiple_of(4);
    let own = ["fixtures", "samples"].map(|folder| root().join(folder));
    let kept = move |(number, file): &(usize, &Compared)| {
        own.iter().any(|own| file.path.starts_with(own)) || broken(*number, file)
    };
    files().iter().enumerate().filter(kept).map(|(_, file)| file)
}

/// An answer, or why there is none.
type Said<T> = Result<T, String>;

/// Run a task of the module.
fn ask(wasm: &mut Wasm, path: &Path, op: &str, params: &str) -> Said<Answer> {
    let (file, side) = read(path);
    let name = path.display().to_string();
    let answer = wasm.ask(Bytes { name: &name, file: &file, side: side.as_deref() }, op, params, 1 << 20);
    match &answer.failure {
        None => Ok(answer),
        Some(failure) => {
            let failure: Value = serde_json::from_str(failure).expect("failures are JSON");
            Err(failure["message"].as_str().expect("with a message").into())
        }
    }
}

/// What was held against each other.
#[derive(Default)]
struct Seen {
    answers: usize,
    errors: usize,
    /// Broken files of which only the module still had the answer.
    rescued: usize,
    faults: Vec<String>,
}

impl Seen {
    /// Hold what both say of a file against each other. `whole`: the command's answer on the file that it was broken from.
    fn hold<T: PartialEq + std::fmt::Debug>(
        &mut self,
        file: &Compared,
        native: Said<T>,
        module: Said<T>,
        whole: impl FnOnce(&Path) -> Said<T>,
    ) {
        let same = match (&native, &module, &file.whole) {
            (Ok(native), Ok(module), _) if native == module => {
                self.answers += 1;
                true
            }
            (Err(native), Err(module), _) if native == module => {
                self.errors += 1;
                true
            }
            (Err(native), _, Some(path)) if native.starts_with("damaged") => {
                self.rescued += 1;
                whole(path) == module
            }
            _ => false,
        };
        if !same {
            let short = |said: String| said.chars().take(300).collect::<String>();
            let (native, module) = (short(format!("{native:?}")), short(format!("{module:?}")));
            self.faults.push(format!("{}\n  native {native}\n  wasm   {module}", file.path.display()));
        }
    }

    fn end(self, most_memory: u64, wasm: &Wasm) {
        let Seen { answers, errors, rescued, faults } = self;
        let shown = faults[..faults.len().min(8)].join("\n");
        assert!(faults.is_empty(), "{} differ\n{shown}", faults.len());
        assert!(answers > 100 && errors > 20, "{answers} answers, {errors} errors, {rescued} rescued");
        assert!(wasm.memory() <= most_memory, "{} bytes of memory", wasm.memory());
    }
}

const MEMORY: u64 = 64 << 20;

/// 64-bit numbers, little-endian.
fn numbers(bytes: &[u8]) -> Vec<i64> {
    bytes.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// The ids of a file's rows, natively.
fn native_ids(path: &Path, rows: &str) -> Said<Vec<i64>> {
    let printed = native_one(&["ids", "--json", "--rows", rows], path)?;
    // It ends in the middle where damage is met.
    let Ok(printed) = serde_json::from_slice::<Value>(&printed.bytes) else { return Err(printed.cause) };
    Ok(printed["ids"].as_array().expect("a list").iter().map(|id| id.as_i64().expect("an id")).collect())
}

#[test]
fn ids_are_the_same() {
    let (mut wasm, mut seen) = (Wasm::basics(), Seen::default());
    for file in some() {
        for (rows, params) in
            [("0..100", "count=100"), ("7..9", "first=7\0count=2"), ("100000000..", "first=100000000")]
        {
            let module = ask(&mut wasm, &file.path, "ids", params).map(|answer| numbers(&answer.bytes));
            let rows = rows.strip_suffix("..").map_or(rows.into(), |first| format!("{first}..{first}"));
            seen.hold(file, native_ids(&file.path, &rows), module, |whole| native_ids(whole, &rows));
        }
    }
    seen.end(MEMORY, &wasm);
}

#[test]
fn rows_of_ids_are_the_same() {
    let (mut wasm, mut seen) = (Wasm::contents(), Seen::default());
    for file in some() {
        // The first, one of the middle, and one that is nowhere.
        let some = native_ids(file.whole.as_ref().unwrap_or(&file.path), "0..60").unwrap_or_default();
        let ids = [some.first(), some.get(some.len() / 2), Some(&-123_456_789)].map(|id| id.copied().unwrap_or(3));
        let [a, b, c] = ids.map(|id| id.to_string());
        let module =
            ask(&mut wasm, &file.path, "find", &format!("ids={a},{b},{c}")).map(|answer| answer.results.concat());
        let natively = |path: &Path| {
            let found = native_one(&["ids", "--json", "--id", &a, "--id", &b, "--id", &c], path)?;
            let found = String::from_utf8(found.bytes).expect("JSON is text");
            Ok(found.trim_end().replace(&path.display().to_string(), &file.path.display().to_string()))
        };
        seen.hold(file, natively(&file.path), module, natively);
    }
    seen.end(MEMORY, &wasm);
}

/// Vectors: their ids and floats.
type Floats = (Vec<i64>, Vec<u8>);

/// What `faissil vectors` writes.
fn native_vectors(path: &Path, options: &[&str]) -> Said<Floats> {
    let folder = tempfile::tempdir().expect("a folder can be made");
    let [floats, ids] = ["floats.npy", "ids.npy"].map(|name| folder.path().join(name).display().to_string());
    native_one(&[&["vectors", "--json", "-o", &floats, "--ids-out", &ids], options].concat(), path)?;
    Ok((numbers(&without_head(&ids)), without_head(&floats)))
}

/// The numbers in a NumPy file.
fn without_head(path: &str) -> Vec<u8> {
    let npy = std::fs::read(path).expect("it was written");
    let len = u16::from_le_bytes([npy[8], npy[9]]) as usize + 10;
    npy[len..].to_vec()
}

#[test]
fn vectors_are_the_same() {
    let (mut wasm, mut seen) = (Wasm::contents(), Seen::default());
    let mut of_module = |file: &Compared, params: &str| {
        let answer = ask(&mut wasm, &file.path, "vectors", params)?;
        let counted: Value = serde_json::from_str(&answer.results[0]).expect("results are JSON");
        let count = counted["count"].as_u64().expect("a count") as usize;
        Ok((numbers(&answer.bytes[count * 8..count * 16]), answer.bytes[count * 16..].to_vec()))
    };
    for file in some() {
        let rows = |path: &Path| native_vectors(path, &["--rows", "3..20"]);
        seen.hold(file, rows(&file.path), of_module(file, "first=3\0count=17"), rows);
        let some = native_ids(file.whole.as_ref().unwrap_or(&file.path), "0..60").unwrap_or_default();
        let [a, b] = [some.first(), some.get(some.len() / 2)].map(|id| id.copied().unwrap_or(3).to_string());
        let ids = |path: &Path| native_vectors(path, &["--id", &a, "--id", &b]);
        seen.hold(file, ids(&file.path), of_module(file, &format!("ids={a},{b}")), ids);
    }
    seen.end(MEMORY, &wasm);
}

#[test]
fn dumps_are_the_same() {
    let (mut wasm, mut seen) = (Wasm::contents(), Seen::default());
    for file in some() {
        let name = file.path.display().to_string();
        for (options, params) in
            [(&["--at", "0..50"][..], "at=0\0len=50"), (&["--at", "200..3000"], "at=200\0len=2800")]
        {
            let text = |path: &Path| {
                let text = native_one(&[&["dump"], options].concat(), path)?;
                Ok(String::from_utf8(text.bytes).expect("it is text"))
            };
            let module = ask(&mut wasm, &file.path, "dump", params);
            let module = module.map(|answer| serde_json::from_str::<String>(&answer.results[0]).expect("a text"));
            seen.hold(file, text(&file.path), module, text);
            let parts = |path: &Path| {
                let parts = native_one(&[&["dump", "--json"], options].concat(), path)?;
                let parts = String::from_utf8(parts.bytes).expect("JSON is text");
                Ok(parts.trim_end().replace(&path.display().to_string(), &name))
            };
            let module = ask(&mut wasm, &file.path, "parts", params).map(|answer| answer.results.concat());
            seen.hold(file, parts(&file.path), module, parts);
        }
    }
    seen.end(MEMORY, &wasm);
}

#[test]
fn attachments_are_the_same() {
    let (mut wasm, mut seen) = (Wasm::contents(), Seen::default());
    let mut there = 0;
    for file in files().iter().filter(|file| file.path.extension().is_some_and(|ending| ending == "faissil")) {
        let whole = file.whole.as_ref().unwrap_or(&file.path);
        let listed = native_one(&["attachments", "--json"], whole).expect("a good snapshot lists them");
        let listed: Value = serde_json::from_slice(&listed.bytes).expect("JSON");
        let listed = listed["attachments"].as_array().expect("a list");
        let names = listed.iter().map(|attachment| attachment["name"].as_str().expect("a name")).take(2);
        for name in names.chain(["not there"]) {
            there += usize::from(name != "not there");
            let natively = |path: &Path| {
                let printed = native_one(&["attachments", "--extract", name, "-o", "-"], path)?;
                // Pieces that were checked come before one that is not right.
                if printed.cause.is_empty() { Ok(printed.bytes) } else { Err(printed.cause) }
            };
            let module = ask(&mut wasm, &file.path, "attachment", &format!("name={name}")).map(|answer| answer.bytes);
            seen.hold(file, natively(&file.path), module, natively);
        }
    }
    assert!(there > 50, "{there} attachments");
    seen.end(MEMORY, &wasm);
}

#[test]
fn parameters_that_make_no_sense_are_refused() {
    let path = root().join("samples/debian-packages.faiss");
    let (mut contents, mut basics) = (Wasm::contents(), Wasm::basics());
    let said = |wasm: &mut Wasm, op: &str, params: &str| ask(wasm, &path, op, params).expect_err("it is refused");
    assert_eq!(said(&mut basics, "search", ""), "no task `search`");
    assert_eq!(said(&mut basics, "inspect", "first=1"), "parameters of `inspect`: `first` is none of its parameters");
    assert_eq!(said(&mut basics, "ids", "first=1.5"), "parameters of `ids`: `1.5` is no whole number of 64 bits");
    assert_eq!(said(&mut contents, "find", "ids=1,x"), "parameters of `find`: `x` is no whole number of 64 bits");
}
