//! What every command prints with `--json`, held against the tables of `docs/cli.md`.

mod common;

use common::{expect, faissil, fixture, index, ivf, on_disk_ivf, root, run, text};
use serde_json::Value;
use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    io::Write,
    path::Path,
    process::Stdio,
};

/// Paths of all fields: `stream.len`, `damage[].span`.
fn fields(value: &Value, path: &str, out: &mut BTreeSet<String>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                out.insert(path.clone());
                fields(value, &path, out);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| fields(item, &format!("{path}[]"), out)),
        _ => {}
    }
}

fn lines(out: &str) -> Vec<Value> {
    out.lines().map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))).collect()
}

/// The fields that `docs/cli.md` lists for each heading such as ``### `verify` ``.
fn documented() -> BTreeMap<String, BTreeSet<String>> {
    let text = fs::read_to_string(root().join("docs/cli.md")).unwrap();
    let (mut out, mut command) = (BTreeMap::<String, BTreeSet<String>>::new(), None);
    for line in text.lines() {
        if line.starts_with('#') {
            command = line.strip_prefix("### JSON of `").and_then(|rest| rest.split('`').next()).map(String::from);
        }
        if let (Some(command), Some(rest)) = (&command, line.strip_prefix("| `")) {
            let field = rest.split('`').next().unwrap().to_string();
            out.entry(command.clone()).or_default().insert(field);
        }
    }
    out
}

#[test]
fn the_document_names_every_field_of_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("a.faiss"), index(300, 8)).unwrap();
    fs::write(dir.join("b.faiss"), index(290, 8)).unwrap();
    fs::write(dir.join("i.faiss"), ivf(4, 20, 4)).unwrap();
    let mut moved = ivf(4, 20, 4);
    let at = moved.len() - 16;
    moved[at..].rotate_left(8);
    fs::write(dir.join("j.faiss"), moved).unwrap();
    fs::write(dir.join("note.txt"), "a note").unwrap();
    let (stream, side) = on_disk_ivf(4, 20, 4, "lists.ivfdata");
    fs::write(dir.join("d.faiss"), stream).unwrap();
    fs::write(dir.join("lists.ivfdata"), side).unwrap();
    let mut found = BTreeMap::<String, BTreeSet<String>>::new();
    let mut take = |code: i32, args: &[&str]| {
        let args: Vec<&str> = args.iter().copied().chain(["--json"]).collect();
        for value in lines(&expect(code, dir, &args)) {
            fields(&value, "", found.entry(args[0].to_string()).or_default());
        }
    };
    take(0, &["save", "a.faiss", "a.faissil", "--attach", "note.txt=note.txt"]);
    take(0, &["save", "d.faiss", "d.faissil"]);
    take(0, &["load", "d.faissil", "e.faiss"]);
    take(0, &["verify", "a.faissil"]);
    let mut bytes = fs::read(dir.join("a.faissil")).unwrap();
    bytes[200] ^= 1;
    fs::write(dir.join("bad.faissil"), bytes).unwrap();
    take(1, &["verify", "bad.faissil"]);
    take(1, &["load", "bad.faissil", "rest.faissil", "--salvage"]);
    fs::write(dir.join("h.faiss"), fs::read(root().join("samples/debian-packages.faiss")).unwrap()).unwrap();
    take(0, &["save", "h.faiss", "h.faissil"]);
    let mut bytes = fs::read(dir.join("h.faissil")).unwrap();
    bytes[2_000_000] ^= 1;
    fs::write(dir.join("h.faissil"), bytes).unwrap();
    take(1, &["load", "h.faissil", "rest.faissil", "--salvage"]);
    take(2, &["verify", "missing"]);
    fs::write(dir.join("p.faiss"), fs::read(fixture("1.15.1/ivf_pq4x8.faiss")).unwrap()).unwrap();
    fs::write(dir.join("q.faiss"), fs::read(fixture("1.15.1/sq8.faiss")).unwrap()).unwrap();
    fs::write(dir.join("g.faiss"), fs::read(root().join("samples/debian-packages.faiss")).unwrap()).unwrap();
    // A vector of zeros, to be named.
    let mut zero = fs::read(dir.join("a.faiss")).unwrap();
    let at = zero.windows(4).position(|tag| tag.starts_with(b"IxF") && tag != b"IxFl").unwrap() + 45;
    zero[at..at + 32].fill(0);
    fs::write(dir.join("z.faiss"), zero).unwrap();
    for name in ["i.faiss", "p.faiss", "q.faiss", "g.faiss", "z.faiss"] {
        take(0, &["health", name, "--rows", "9", "--runs", "3"]);
        take(0, &["health", name, "--plan"]);
    }
    take(0, &["health", "z.faiss"]);
    take(0, &["health", "p.faiss"]);
    take(0, &["map", "i.faiss"]);
    take(0, &["map", "i.faiss", "--rows", "9", "--runs", "3"]);
    take(0, &["ids", "a.faiss"]);
    take(0, &["ids", "i.faiss"]);
    take(0, &["ids", "i.faiss", "--id", "105"]);
    take(0, &["vectors", "i.faiss", "-o", "v.npy", "--ids-out", "n.npy"]);
    take(0, &["plan", "a.faiss"]);
    take(1, &["diff", "a.faiss", "b.faiss"]);
    take(1, &["diff", "i.faiss", "j.faiss"]);
    take(0, &["dump", "a.faiss"]);
    take(0, &["attachments", "a.faissil"]);
    take(0, &["attachments", "a.faissil", "--extract", "note.txt"]);
    take(0, &["save", "i.faiss", "i.packed", "--layout", "packed"]);
    take(0, &["repack", "i.packed", "--pack", "small"]);
    take(0, &["seal", "b.faiss"]);
    take(0, &["unseal", "b.faiss"]);
    take(0, &["fixture", "IDMap2,Flat", "-o", "f.faiss"]);
    let mut documented = documented();
    if cfg!(feature = "native") {
        take(0, &["load", "a.faissil", "c.faiss", "--check"]);
        expect(0, dir, &["vectors", "a.faiss", "-o", "q.npy"]);
        take(0, &["search", "a.faissil", "--query", "q.npy"]);
    } else {
        documented.remove("search");
        documented.entry("load".into()).or_default().retain(|field| !field.starts_with("checked."));
    }
    for (command, found) in &found {
        let named = documented.get(command).unwrap_or_else(|| panic!("docs/cli.md says nothing of `{command} --json`"));
        let missing: Vec<_> = found.difference(named).collect();
        let stale: Vec<_> = named.difference(found).collect();
        assert!(
            missing.is_empty() && stale.is_empty(),
            "{command}: not in docs/cli.md: {missing:?}; only there: {stale:?}"
        );
    }
    let named: Vec<_> = documented.keys().filter(|command| !found.contains_key(*command)).collect();
    assert!(named.is_empty(), "no command here prints {named:?}");
}

#[test]
fn every_file_has_its_line() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("a"), index(30, 4)).unwrap();
    fs::write(dir.join("page"), "<!DOCTYPE html><html></html>").unwrap();
    expect(0, dir, &["save", "a", "s"]);
    for command in ["inspect", "verify"] {
        let found = lines(&expect(2, dir, &[command, "s", "missing", "page", "s", "--json"]));
        let files: Vec<_> = found.iter().map(|line| line["file"].as_str().unwrap()).collect();
        assert_eq!(files, ["s", "missing", "page", "s"], "{command}");
        assert_eq!(found[1]["error"], "cannot read `missing`: no such file", "{command}");
        assert!(found[0].get("error").is_none() && found[2]["error"].is_string(), "{command}");
    }
}

#[test]
fn standard_input_is_read_where_a_file_is() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("a"), index(30, 4)).unwrap();
    expect(0, dir, &["save", "a", "s", "--attach", "a=a"]);
    let piped = |args: &[&str]| {
        let mut command = faissil(args);
        let command = command.current_dir(dir).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(&fs::read(dir.join("s")).unwrap()).unwrap();
        let output = child.wait_with_output().unwrap();
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    for args in [["inspect", "-"], ["verify", "-"], ["ids", "-"], ["dump", "-"], ["attachments", "-"]] {
        let named = run(dir, &[args[0], "s"]);
        assert_eq!(piped(&args).replace("-:", "s:").lines().count(), text(&named.stdout).lines().count(), "{args:?}");
    }
    assert_eq!(piped(&["diff", "-", "a"]), expect(0, dir, &["diff", "s", "a"]));
    piped(&["vectors", "-", "-o", "x.npy"]);
    expect(0, dir, &["vectors", "a", "-o", "y.npy"]);
    assert!(fs::read(dir.join("x.npy")).unwrap() == fs::read(dir.join("y.npy")).unwrap());
}

#[test]
fn vectors_are_not_written_over_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let bytes = index(30, 4);
    fs::write(dir.join("a"), &bytes).unwrap();
    expect(2, dir, &["vectors", "a", "-o", "a"]);
    expect(2, dir, &["vectors", "a", "-o", "v", "--ids-out", "a"]);
    expect(2, dir, &["vectors", "a", "-o", "v", "--ids-out", "v"]);
    assert!(fs::read(dir.join("a")).unwrap() == bytes && !Path::exists(&dir.join("v")));
}

#[test]
fn what_is_cut_short_or_lacks_its_lists_is_not_called_whole() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let whole = fs::read(fixture("1.15.1/ivf_flat.faiss")).unwrap();
    fs::write(dir.join("short"), &whole[..whole.len() - 9]).unwrap();
    let found = &lines(&expect(1, dir, &["inspect", "short", "--json"]))[0];
    assert_eq!((&found["complete"], &found["fidelity"]["level"]), (&Value::Bool(false), &Value::from("partial")));
    expect(2, dir, &["diff", "short", "short"]);
    assert_eq!(lines(&expect(2, dir, &["diff", "short", "short", "--json"]))[0]["same"], Value::Null);

    let (stream, side) = on_disk_ivf(4, 20, 4, "lists.ivfdata");
    fs::write(dir.join("d"), stream).unwrap();
    expect(0, dir, &["save", "d", "s"]);
    let page = expect(0, dir, &["inspect", "s"]);
    assert!(page.contains("the inverted lists are missing: they were in `lists.ivfdata`"), "{page}");
    fs::write(dir.join("lists.ivfdata"), &side[..side.len() / 2]).unwrap();
    let output = run(dir, &["save", "d", "t"]);
    assert!(text(&output.stderr).contains("while reading side file `lists.ivfdata`"), "{}", text(&output.stderr));
}
