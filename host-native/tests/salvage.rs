//! `load --salvage`: what is good of a damaged snapshot, and every word about what is not.

mod common;

use common::{expect, fixture, index, ivf, noise, run, text};
use faissil::{drive::drive, opened::Opened};
use serde_json::Value;
use std::{collections::BTreeSet, fs, path::Path};

const ROWS: u64 = 300_000;

/// Flip a byte in the chunk that holds byte `at` of the stream, in a copy named `bad.faissil`.
fn damage(dir: &Path, snapshot: &str, at: u64) {
    let opened = Opened::open(&dir.join(snapshot)).unwrap();
    let found = opened.snapshot.as_ref().unwrap().find_chunk(at);
    let chunks = drive(found, &opened.file).unwrap().unwrap();
    let chunk = chunks.into_iter().find(|chunk| chunk.logical.end() > at).unwrap();
    // In a sealed chunk this very byte.
    let inside = if chunk.logical.len == chunk.stored.len { at - chunk.logical.start } else { chunk.stored.len / 2 };
    flip(dir, snapshot, chunk.stored.start + inside);
}

fn flip(dir: &Path, snapshot: &str, at: u64) {
    let mut bytes = fs::read(dir.join(snapshot)).unwrap();
    bytes[at as usize] ^= 0xff;
    fs::write(dir.join("bad.faissil"), bytes).unwrap();
}

/// Salvage `bad.faissil`; what the command says as JSON.
fn salvage(dir: &Path, output: &str) -> Value {
    serde_json::from_str(&expect(1, dir, &["load", "bad.faissil", output, "--salvage", "--json"])).unwrap()
}

/// The ids of a file, and its vectors of two floats as bits, row by row.
fn rows(dir: &Path, file: &str) -> Vec<(i64, u64)> {
    expect(0, dir, &["vectors", file, "-o", "v.npy", "--ids-out", "i.npy"]);
    // The header of an array of this shape takes 128 bytes.
    let [vectors, ids] = ["v.npy", "i.npy"].map(|name| fs::read(dir.join(name)).unwrap().split_off(128));
    let ids = ids.as_chunks::<8>().0.iter().map(|id| i64::from_le_bytes(*id));
    ids.zip(vectors.as_chunks::<8>().0.iter().map(|vector| u64::from_le_bytes(*vector))).collect()
}

/// That `out` holds the rows of `x.faiss` and not those that are said to be left out. Gives how many these are.
fn compare(dir: &Path, said: &Value, out: &str) -> u64 {
    let said = &said["salvaged"]["left_out"];
    let runs = said["runs"].as_array().unwrap();
    let of = |run: &Value, key: &str| run[key].as_u64().unwrap() as usize;
    let gone: BTreeSet<usize> =
        runs.iter().flat_map(|run| of(run, "first")..of(run, "first") + of(run, "rows")).collect();
    assert_eq!(said["rows"].as_u64(), Some(gone.len() as u64));
    let old = rows(dir, "x.faiss");
    let kept: Vec<_> = old.iter().enumerate().filter(|(row, _)| !gone.contains(row)).map(|(_, row)| row).collect();
    let new = rows(dir, out);
    assert!(kept.len() == new.len() && kept.into_iter().eq(&new), "other rows");
    let first: Vec<i64> = gone.iter().map(|&row| old[row].0).take(1000).collect();
    let ids: Vec<i64> = said["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    if said["ids_unknown"] == 0 {
        assert_eq!(ids, first);
    } else {
        assert!(ids.iter().all(|id| first.contains(id) || gone.len() > 1000));
    }
    gone.len() as u64
}

#[test]
fn rows_with_ids_go_from_the_vectors_and_from_the_map() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let stream = index(ROWS, 2);
    let ids = stream.len() as u64 - ROWS * 8;
    let vectors = ids - 8 - ROWS * 8;
    fs::write(dir.join("x.faiss"), stream).unwrap();
    fs::write(dir.join("note.txt"), "a note").unwrap();
    for layout in ["sealed", "packed"] {
        let with = ["--meta", "model=m", "--attach", "note.txt=note.txt"];
        expect(0, dir, &[&["save", "x.faiss", "good.faissil", "--layout", layout], &with[..]].concat());
        for (at, unknown) in [(vectors + 1_500_000, false), (ids + 1_500_000, true), (vectors + 9, false)] {
            damage(dir, "good.faissil", at);
            let said = salvage(dir, "out.faiss");
            let lost = compare(dir, &said, "out.faiss");
            assert!(lost > 50_000 && lost < 140_000, "{layout} {at}: {lost}");
            assert_eq!(said["salvaged"]["left_out"]["ids_unknown"].as_u64(), Some(if unknown { lost } else { 0 }));
            assert_eq!(said["salvaged"]["fidelity"], "partial");
            if unknown {
                continue;
            }

            let said = salvage(dir, "out.faissil");
            assert_eq!(compare(dir, &said, "out.faissil"), lost);
            assert!(expect(0, dir, &["verify", "out.faissil"]).contains(said["stream"]["blake3"].as_str().unwrap()));
            assert_eq!(fs::read(dir.join("out.faiss")).unwrap().len() as u64, said["stream"]["len"]);
            let report: Value = serde_json::from_str(&expect(0, dir, &["inspect", "out.faissil", "--json"])).unwrap();
            assert_eq!(report["kind"], layout);
            assert_eq!(report["fidelity"]["level"], "partial");
            assert_eq!(report["fidelity"]["runs"][0]["rows"].as_u64(), Some(ROWS - lost));
            assert_eq!(report["metadata"]["model"], "m");
            assert_eq!(report["attachments"][0]["name"], "note.txt");
        }
    }
}

#[test]
fn a_flat_index_keeps_its_row_numbers_as_ids() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // The index inside the map alone.
    let stream = index(ROWS, 2);
    fs::write(dir.join("x.faiss"), &stream[37..stream.len() - 8 - ROWS as usize * 8]).unwrap();
    expect(0, dir, &["save", "x.faiss", "good.faissil"]);
    damage(dir, "good.faissil", 1_500_000);
    let said = salvage(dir, "out.faiss");
    assert_eq!(said["salvaged"]["is_wrapped"], true);
    let lost = compare(dir, &said, "out.faiss");
    let page = expect(0, dir, &["inspect", "out.faiss"]);
    assert!(page.contains("IndexIDMap2 > IndexFlatL2"), "{page}");
    // One chunk of 1 MiB, and the rows that it cuts through.
    assert_eq!(lost, (1 << 20) / 8 + 1);
}

#[test]
fn lists_lose_entries_and_nothing_else() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), ivf(64, 4000, 2)).unwrap();
    for layout in ["sealed", "packed"] {
        expect(0, dir, &["save", "x.faiss", "good.faissil", "--layout", layout]);
        damage(dir, "good.faissil", 2_500_000);
        for output in ["out.faiss", "out.faissil"] {
            let said = salvage(dir, output);
            let lost = compare(dir, &said, output);
            assert!(lost > 30_000 && lost < 140_000, "{lost}");
            assert_eq!(said["salvaged"]["is_wrapped"], false);
        }
    }
}

#[test]
fn a_header_comes_back_byte_for_byte() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // The header, the sizes of the lists: in a chunk with much else, all of which is good.
    let stream = ivf(1000, 200, 2);
    fs::write(dir.join("x.faiss"), &stream).unwrap();
    let sizes = stream.windows(4).position(|four| four == b"full").unwrap() as u64 + 12;
    expect(0, dir, &["save", "x.faiss", "good.faissil"]);
    for at in [0, 5, 8, 40, sizes, sizes + 7001] {
        damage(dir, "good.faissil", at);
        for output in ["out.faiss", "out.faissil"] {
            let said = salvage(dir, output);
            assert_eq!(said["salvaged"]["fidelity"], "exact bytes", "{at}");
            assert_eq!(said["salvaged"]["ok"], false);
            expect(0, dir, &["diff", "x.faiss", output]);
        }
        assert!(fs::read(dir.join("out.faiss")).unwrap() == stream, "{at}");
    }
}

#[test]
fn what_all_rows_need_is_refused_and_nothing_is_written() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // 1.6 MB of coarse centroids.
    fs::write(dir.join("x.faiss"), ivf(200_000, 1, 2)).unwrap();
    fs::write(dir.join("out.faiss"), "mine").unwrap();
    for layout in ["sealed", "packed"] {
        expect(0, dir, &["save", "x.faiss", "good.faissil", "--layout", layout]);
        damage(dir, "good.faissil", 900_000);
        let output = run(dir, &["load", "bad.faissil", "out.faiss", "--salvage"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        let reason = "of the stream: quantizer.codes cannot be left out: IndexFlatL2 is the coarse quantizer";
        assert!(
            said.starts_with("error: cannot salvage `bad.faissil`\n  cause: bytes ") && said.contains(reason),
            "{said}"
        );
        assert_eq!(fs::read(dir.join("out.faiss")).unwrap(), b"mine");
    }
}

#[test]
fn the_commands_that_a_refusal_names_still_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // 3 MB of coarse centroids, in the middle of which is no header.
    fs::write(dir.join("large.faiss"), ivf(300, 1, 2500)).unwrap();
    fs::copy(fixture("1.15.1/idmap2_ivfpq.faiss"), dir.join("small.faiss")).unwrap();
    for (file, at, is_read, hint) in [
        ("large.faiss", 1_500_000, true, "`faissil ids` and `faissil vectors` still give"),
        ("small.faiss", 200, false, "headers of the index are in a damaged piece, so only `faissil dump`"),
    ] {
        expect(0, dir, &["save", file, "good.faissil"]);
        damage(dir, "good.faissil", at);
        let output = run(dir, &["load", "bad.faissil", "out.faiss", "--salvage"]);
        let said = text(&output.stderr);
        assert!(said.starts_with("error: cannot salvage `bad.faissil`") && said.contains(hint), "{said}");
        for command in [&["ids", "bad.faissil"][..], &["vectors", "bad.faissil", "-o", "v.npy"]] {
            let code = i32::from(!is_read);
            assert_eq!(run(dir, command).status.code(), Some(code), "{file} {command:?}");
        }
        let dump = run(dir, &["dump", "bad.faissil", "--at", &format!("{at}..{}", at + 16)]);
        assert!(!dump.stdout.is_empty() && dump.status.code() == Some(1), "{file}");
    }
}

#[test]
fn damage_beside_the_stream_costs_no_row() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let stream = noise(3000, 4);
    fs::write(dir.join("x.faiss"), &stream).unwrap();
    // Bytes that no codec makes smaller.
    let note = &stream[500..900];
    fs::write(dir.join("note.txt"), note).unwrap();
    fs::write(dir.join("more.txt"), "more".repeat(100)).unwrap();
    let with = ["--attach", "note.txt=note.txt", "--attach", "more.txt=more.txt"];
    expect(0, dir, &[&["save", "x.faiss", "good.faissil"], &with[..]].concat());
    let good = fs::read(dir.join("good.faissil")).unwrap();
    let at = good[stream.len()..].windows(note.len()).position(|bytes| bytes == note).unwrap();
    flip(dir, "good.faissil", (stream.len() + at) as u64);
    let said = salvage(dir, "out.faissil");
    assert_eq!(said["salvaged"]["fidelity"], "exact bytes");
    let warning = said["warnings"][0].as_str().unwrap();
    assert!(warning.starts_with("attachment `note.txt` is left out: "), "{warning}");
    assert!(expect(0, dir, &["attachments", "out.faissil"]).contains("more.txt"));
    salvage(dir, "out.faiss");
    assert!(fs::read(dir.join("out.faiss")).unwrap() == stream);
}

#[test]
fn an_intact_snapshot_comes_back_whole() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(3000, 4)).unwrap();
    expect(0, dir, &["save", "x.faiss", "good.faissil", "--meta", "a=b"]);
    expect(0, dir, &["load", "good.faissil", "out.faiss", "--salvage"]);
    assert!(fs::read(dir.join("out.faiss")).unwrap() == fs::read(dir.join("x.faiss")).unwrap());
    expect(0, dir, &["load", "good.faissil", "out.faissil", "--salvage"]);
    assert!(fs::read(dir.join("out.faissil")).unwrap() == fs::read(dir.join("good.faissil")).unwrap());
}

#[test]
fn what_cannot_be_salvaged_is_said_before_anything_is_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(300, 4)).unwrap();
    expect(0, dir, &["save", "x.faiss", "good.faissil"]);
    expect(2, dir, &["load", "good.faissil", "-", "--salvage"]);
    expect(2, dir, &["load", "good.faissil", "good.faissil", "--salvage"]);
    expect(2, dir, &["load", "x.faiss", "out.faiss", "--salvage"]);
    expect(1, dir, &["load", "good.faissil", "out.faiss", "--salvage", "--expect", &"0".repeat(64)]);
    assert!(!dir.join("out.faiss").exists());
}

#[test]
fn a_load_that_fails_says_which_ids_are_lost() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(ROWS, 2)).unwrap();
    expect(0, dir, &["save", "x.faiss", "good.faissil"]);
    damage(dir, "good.faissil", 1_500_000);
    let output = run(dir, &["load", "bad.faissil", "out.faiss"]);
    let said = text(&output.stderr);
    assert!(said.contains("does not have its digest; 131 073 ids are lost: "), "{said}");
    assert!(said.contains("--salvage"), "{said}");
}
