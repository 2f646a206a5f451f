//! Who is blamed, what is advised, and what is said although it is no failure.

mod common;

use common::{expect, faissil, fixture, index, run, text, transcript};
use faissil::core::{ids::ExternalId, standin::StandIn};
use serde_json::Value;
use std::{fs, path::Path};

const IVF: &str = "1.15.1/ivf_flat.faiss";

fn json(line: &str) -> Value {
    serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}"))
}

#[test]
fn the_right_file_is_blamed_and_the_hint_can_be_followed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let good = fs::read(fixture(IVF)).unwrap();
    fs::write(dir.join("x.faiss"), &good).unwrap();
    fs::write(dir.join("short.faiss"), &good[..good.len() - 10]).unwrap();
    fs::write(dir.join("page.html"), "<!DOCTYPE html><html><body>404</body></html>").unwrap();
    fs::write(dir.join("unknown"), b"IxZZ\x80\x00\x00\x00\xff\xfe\x00\x01").unwrap();
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "save x.faiss out --attach x=missing",
            "save x.faiss out --attach C:evil=x.faiss",
            "save x.faiss out --attach NUL.txt=x.faiss",
            "save x.faiss out --attach x=short.faiss --attach x=x.faiss",
            "save x.faiss out --meta a=1 --meta a=2",
            "save x.faiss out --side-file missing",
            "save x.faiss out --side-file short.faiss",
            "seal short.faiss",
            "seal unknown",
            "load page.html out",
            "load short.faiss out",
            "load x.faiss out",
        ]
    ));
    assert!(!dir.join("out").exists());
}

#[test]
fn a_full_standard_output_is_blamed_and_not_the_index() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(20_000, 4)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    for args in [
        &["ids", "x.faiss"][..],
        &["ids", "x.faiss", "--json"],
        &["ids", "x.faiss", "--id", "5"],
        &["dump", "x.faiss"],
        &["inspect", "x.faiss"],
        &["load", "x.faissil", "-"],
        &["vectors", "x.faiss", "-o", "-"],
    ] {
        let full = fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
        let output = faissil(args).current_dir(dir).stdout(full).output().unwrap();
        let said = text(&output.stderr);
        let error = said.split("error: ").nth(1).unwrap_or_default();
        assert_eq!(error, "cannot write to standard output\n  cause: no space left on the disk\n", "{args:?}");
        assert_eq!(output.status.code(), Some(2), "{args:?}");
    }
}

#[test]
fn an_opaque_snapshot_shows_what_it_carries() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("unknown"), b"IxZZ\x80\x00\x00\x00\xff\xfe\x00\x01").unwrap();
    fs::write(dir.join("page.html"), "<!DOCTYPE html><html><body>404</body></html>").unwrap();
    fs::write(dir.join("note.txt"), "a note").unwrap();
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "save unknown u.faissil --opaque --meta owner=me --attach note.txt=note.txt",
            "inspect u.faissil",
            "inspect u.faissil --json",
            "save page.html p.faissil --opaque --layout packed",
            "inspect p.faissil",
            "attachments u.faissil --extract note.txt -o there.txt",
        ]
    ));
    assert_eq!(fs::read(dir.join("there.txt")).unwrap(), b"a note");
    // Every field is one of an index's report.
    let (opaque, of_index) = (json(text(&run(dir, &["inspect", "u.faissil", "--json"]).stdout).trim()), {
        fs::copy(fixture(IVF), dir.join("x.faiss")).unwrap();
        json(&expect(0, dir, &["inspect", "x.faiss", "--json"]))
    });
    for field in opaque.as_object().unwrap().keys() {
        assert!(of_index.get(field).is_some(), "{field}");
    }
    assert!(opaque["index"].is_null() && opaque["metadata"]["owner"] == "me");
}

#[test]
fn aliases_are_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::copy(fixture("1.15.1/ivf_flat_dedup.faiss"), dir.join("x.faiss")).unwrap();
    let dumped = json(&expect(0, dir, &["dump", "x.faiss", "--json"]));
    let pairs =
        dumped["parts"].as_array().unwrap().iter().find(|part| part["path"] == "instances" && part["kind"] == "array");
    let pairs = pairs.unwrap();
    let aliases = pairs["shape"][0].as_u64().unwrap();
    assert!(aliases > 0);
    for args in [&["ids", "x.faiss", "--json"][..], &["vectors", "x.faiss", "-o", "v.npy", "--json"]] {
        let output = run(dir, args);
        let said = text(&output.stderr);
        assert!(said.starts_with(&format!("note: {aliases} further id")), "{said}");
        assert_eq!(json(&text(&output.stdout))["aliases"], aliases, "{args:?}");
    }
    fs::copy(fixture(IVF), dir.join("y.faiss")).unwrap();
    let output = run(dir, &["ids", "y.faiss", "--json"]);
    assert_eq!(text(&output.stderr), "");
    assert_eq!(json(&text(&output.stdout))["aliases"], 0);
}

#[test]
fn a_stream_on_standard_output_needs_its_side_file() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::copy(fixture("1.15.1/ivf_flat_ondisk.faiss"), dir.join("x.faiss")).unwrap();
    fs::write(dir.join("empty"), "").unwrap();
    expect(0, dir, &["save", "x.faiss", "without.faissil"]);
    fs::copy(fixture("1.15.1/ivf_flat_ondisk.ivfdata"), dir.join("ivf_flat_ondisk.ivfdata")).unwrap();
    expect(0, dir, &["save", "x.faiss", "with.faissil"]);
    for (snapshot, words) in [
        ("with.faissil", "FAISS needs `ivf_flat_ondisk.ivfdata` beside it"),
        ("without.faissil", "which is not in the snapshot"),
    ] {
        let output = run(dir, &["load", snapshot, "-"]);
        assert!(output.stdout == fs::read(dir.join("x.faiss")).unwrap());
        let said = text(&output.stderr);
        assert!(output.status.success() && said.starts_with("warning: ") && said.contains(words), "{said}");
        // The same with the snapshot on standard input.
        let input = fs::File::open(dir.join(snapshot)).unwrap();
        let piped = faissil(&["load", "-", "-"]).current_dir(dir).stdin(input).output().unwrap();
        assert_eq!((piped.stdout == output.stdout, text(&piped.stderr)), (true, said));
    }
    let input = fs::File::open(dir.join("with.faissil")).unwrap();
    let loaded = faissil(&["load", "-", "back.faiss"]).current_dir(dir).stdin(input).output().unwrap();
    assert!(loaded.status.success(), "{}", text(&loaded.stderr));
    assert!(fs::read(dir.join("back.faiss")).unwrap() == fs::read(dir.join("x.faiss")).unwrap());
    let empty = fs::File::open(dir.join("empty")).unwrap();
    let nothing = faissil(&["load", "-", "none"]).current_dir(dir).stdin(empty).output().unwrap();
    assert_eq!((nothing.status.code(), dir.join("none").exists()), (Some(2), false));
}

/// More ids than memory holds, without order: they are sorted in a file.
fn scattered(dir: &Path) {
    let rows = 1_200_000;
    let stand_in = StandIn::new(1, 1, 0.0, rows).unwrap();
    let ids = (0..rows).map(|row| ExternalId((row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1).cast_signed()));
    let pieces: Result<Vec<_>, _> = stand_in.pieces((0..rows).map(|_| vec![0; 4]), ids).collect();
    fs::write(dir.join("x.faiss"), pieces.unwrap().concat()).unwrap();
}

#[test]
fn ids_that_cannot_be_checked_are_never_passed_over() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    scattered(dir);
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    let no_room = |args: &[&str]| faissil(args).current_dir(dir).env("TMPDIR", "/nowhere").output().unwrap();
    let output = no_room(&["verify", "x.faissil", "--json"]);
    let report = json(&text(&output.stdout));
    let warning = report["warnings"][0].as_str().unwrap_or_default();
    assert!(warning.starts_with("the ids were not held against what is recorded of them: "), "{report}");
    assert!(warning.contains("cannot sort the ids on disk"), "{warning}");
    assert_eq!((&report["ok"], output.status.code()), (&Value::Bool(true), Some(0)));
    let said = text(&no_room(&["verify", "x.faissil"]).stderr);
    assert!(said.contains(&format!("warning: {warning}")), "{said}");
    let report = json(&expect(0, dir, &["verify", "x.faissil", "--json"]));
    assert_eq!(report["warnings"].as_array().unwrap().len(), 0, "{report}");
}

#[test]
fn damage_at_the_end_has_its_whole_span() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::copy(fixture(IVF), dir.join("x.faiss")).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil", "--meta", "a=b"]);
    let good = fs::read(dir.join("x.faissil")).unwrap();
    let (len, trailer) = (good.len() as u64, good.len() as u64 - 64);
    let snapshot = faissil::core::Reading::over(faissil::core::snapshot::Open::new(len), &good).unwrap();
    let manifest = snapshot.manifest();
    let flipped = |at: u64| {
        let mut bytes = good.clone();
        bytes[at as usize] ^= 4;
        bytes
    };
    for (bytes, offset, count) in [
        (flipped(manifest.start + 9), manifest.start, manifest.len),
        (flipped(trailer + 2), trailer, 64),
        (flipped(len - 1), trailer, 64),
        (good[..good.len() - 9].to_vec(), trailer, 55),
        ([good.as_slice(), b"more"].concat(), len, 4),
    ] {
        fs::write(dir.join("bad"), bytes).unwrap();
        let report = json(text(&run(dir, &["verify", "bad", "--json"]).stdout).trim());
        let span = &report["damage"][0]["span"];
        assert_eq!((&span["offset"], &span["bytes"]), (&offset.into(), &count.into()), "{report}");
    }
}
