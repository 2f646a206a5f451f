//! Commands that read in a snapshot give no byte that was not checked, whichever the layout, and still read
//! what is not damaged.

mod common;

use common::{expect, fixture, index, ivf, noise, run, text};
use faissil::{
    core::{Span, snapshot::ChunkEntry},
    drive::drive,
    opened::Opened,
};
use std::{fs, path::Path};

/// 2.4 MB of vectors, then 2.4 MB of ids.
const ROWS: u64 = 300_000;
const BYTES_OF_A_ROW: u64 = 8;
/// FAISS's header of an index: tag, `d`, `ntotal`, two numbers, `is_trained`, `metric_type`.
const HEADER: usize = 4 + 4 + 3 * 8 + 1 + 4;

/// Flip a byte in the chunk that holds byte `at` of the stream, in a copy named `damaged`.
fn damage(dir: &Path, snapshot: &str, at: u64) -> ChunkEntry {
    let opened = Opened::open(&dir.join(snapshot)).unwrap();
    let find = opened.snapshot.as_ref().unwrap().find_chunk(at);
    let chunks = drive(find, &opened.file).unwrap().unwrap();
    let chunk = chunks.into_iter().find(|chunk| chunk.logical.contains(&Span::new(at, 1))).unwrap();
    let mut bytes = fs::read(dir.join(snapshot)).unwrap();
    bytes[(chunk.stored.start + chunk.stored.len / 2) as usize] ^= 1;
    fs::write(dir.join("damaged"), bytes).unwrap();
    chunk
}

/// Rows from well before `span`, of an array that starts at `base`, up to it; and rows behind it.
fn around(span: Span, base: u64) -> [String; 2] {
    let (before, after) = ((span.start - base) / BYTES_OF_A_ROW, (span.end() - base) / BYTES_OF_A_ROW + 1);
    [format!("{}..{before}", before - 1000), format!("{after}..{}", after + 1000)]
}

fn refused(dir: &Path, arguments: &[&str], chunk: &ChunkEntry) {
    let output = run(dir, arguments);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments:?}: {said}");
    let ChunkEntry { number, logical, stored, .. } = chunk;
    let place =
        format!("damaged at byte {} while reading bytes {logical} of the stream, chunk {number}: ", stored.start);
    assert!(said.contains(&place), "{arguments:?}: {said}");
}

#[test]
fn damaged_bytes_are_refused_and_others_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let stream = index(ROWS, 2);
    // The vectors' count, the ids' count: an array ends where the next begins, the last at the end.
    let ids = stream.len() as u64 - ROWS * BYTES_OF_A_ROW;
    let vectors = ids - 8 - ROWS * BYTES_OF_A_ROW;
    fs::write(dir.join("x.faiss"), stream).unwrap();
    for layout in ["sealed", "packed"] {
        expect(0, dir, &["save", "x.faiss", layout, "--layout", layout]);

        let chunk = damage(dir, layout, vectors + 1_500_000);
        refused(dir, &["vectors", "damaged", "-o", "v.npy"], &chunk);
        if layout == "packed" {
            refused(dir, &["load", "damaged", "back.faiss"], &chunk);
        }
        assert!(!dir.join("v.npy").exists());
        refused(dir, &["diff", "damaged", "x.faiss"], &chunk);
        refused(dir, &["diff", "x.faiss", "damaged"], &chunk);
        for rows in around(chunk.logical, vectors) {
            expect(0, dir, &["vectors", "damaged", "-o", "part.npy", "--rows", &rows]);
            expect(0, dir, &["vectors", "x.faiss", "-o", "good.npy", "--rows", &rows]);
            assert_eq!(fs::read(dir.join("part.npy")).unwrap(), fs::read(dir.join("good.npy")).unwrap(), "{rows}");
        }
        expect(0, dir, &["ids", "damaged"]);

        let chunk = damage(dir, layout, ids + 1_500_000);
        refused(dir, &["ids", "damaged"], &chunk);
        refused(dir, &["vectors", "damaged", "-o", "v.npy", "--ids-out", "i.npy"], &chunk);
        assert!(!dir.join("v.npy").exists() && !dir.join("i.npy").exists());
        for rows in around(chunk.logical, ids) {
            let good = expect(0, dir, &["ids", "x.faiss", "--rows", &rows]);
            assert_eq!(expect(0, dir, &["ids", "damaged", "--rows", &rows]), good, "{rows}");
        }
        expect(0, dir, &["inspect", "damaged"]);
    }
}

#[test]
fn dump_shows_damaged_bytes_and_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let stream = noise(ROWS, 2);
    let vectors = stream.len() as u64 - ROWS * BYTES_OF_A_ROW * 2 - 8;
    fs::write(dir.join("x.faiss"), &stream).unwrap();
    for layout in ["sealed", "packed"] {
        expect(0, dir, &["save", "x.faiss", layout, "--layout", layout]);
        let chunk = damage(dir, layout, vectors + 1_500_000);
        // A chunk of random floats is stored as it is in both layouts: its middle byte is the one that was flipped.
        let at = chunk.logical.start + chunk.logical.len / 2;
        assert_eq!(chunk.stored.len, chunk.logical.len, "{layout}");
        let span = format!("{at}..{}", at + 1);
        let good = expect(0, dir, &["dump", layout, "--at", &span]);
        let output = run(dir, &["dump", "damaged", "--at", &span]);
        let (shown, said) = (text(&output.stdout), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{said}");
        let words = format!(
            "warning: chunk {}, bytes {} of the stream, is damaged; they are shown as they are: ",
            chunk.number, chunk.logical
        );
        assert!(said.starts_with(&words), "{said}");
        let hex = |page: &str| -> Vec<String> {
            page.lines().last().unwrap().split(' ').filter(|word| word.len() == 2).map(String::from).collect()
        };
        let (good, shown) = (hex(&good), hex(&shown));
        assert_eq!(good.iter().zip(&shown).filter(|(a, b)| a != b).count(), 1, "{good:?} {shown:?}");
        // What is not damaged is shown without a word.
        let before = format!("{}..{}", chunk.logical.start - 100, chunk.logical.start - 50);
        let output = run(dir, &["dump", "damaged", "--at", &before]);
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{layout}");
    }
    // Where the head of the stream is damaged, the outline that the snapshot records says what lies where.
    expect(0, dir, &["save", "x.faiss", "sealed"]);
    let mut bytes = fs::read(dir.join("sealed")).unwrap();
    bytes[..50].fill(0xFF);
    fs::write(dir.join("damaged"), bytes).unwrap();
    let output = run(dir, &["dump", "damaged", "--at", "0..60"]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).contains("ff ff ff ff"), "{}", text(&output.stdout));
    assert!(text(&output.stderr).starts_with("warning: chunk 0, "), "{}", text(&output.stderr));
}

/// What `verify` says is lost of `snapshot`, which has one damage: how many ids, and which it names.
fn lost(dir: &Path, snapshot: &str) -> (u64, Vec<i64>) {
    let report: serde_json::Value = serde_json::from_str(&expect(1, dir, &["verify", "--json", snapshot])).unwrap();
    assert_eq!(report["damage"].as_array().unwrap().len(), 1, "{report}");
    let lost = &report["damage"][0]["ids_lost"];
    let ids = lost["ids"].as_array().unwrap().iter().map(|id| id.as_i64().unwrap()).collect();
    (lost["count"].as_u64().unwrap(), ids)
}

#[test]
fn an_id_is_lost_once_where_lists_and_id_map_are_damaged_together() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::copy(fixture("1.15.1/idmap2_ivfpq.faiss"), dir.join("x.faiss")).unwrap();
    let ids = expect(0, dir, &["ids", "x.faiss"]);
    let ids: Vec<i64> = ids.lines().map(|id| id.parse().unwrap()).collect();
    expect(0, dir, &["save", "x.faiss", "x"]);
    // All of it is in one chunk; this is a byte of no id.
    damage(dir, "x", 0);
    assert_eq!(lost(dir, "damaged"), (ids.len() as u64, ids));
}

#[test]
fn rows_of_lists_are_lost_beside_those_of_the_id_map() {
    const CHUNK: usize = 1 << 20;
    const LISTS: usize = 4;
    // An entry is a float and the row of the map that it holds; an id of the map follows from its row.
    const ENTRY: usize = 4 + 8;
    let id = |row: usize| 5_000_000 + row as i64 * 3;
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // The second chunk ends a few hundred ids into the map.
    let size = (2 * CHUNK - 4_000) / ENTRY / LISTS;
    let rows = size * LISTS;
    let mut inner = ivf(LISTS as u64, size as u64, 1);
    let lists = inner.len() - rows * ENTRY;
    for row in 0..rows {
        let at = lists + row % LISTS * size * ENTRY + size * 4 + row / LISTS * 8;
        inner[at..at + 8].copy_from_slice(&(row as u64).to_le_bytes());
    }
    let mut stream = [b"IxM2", &inner[4..HEADER], &inner].concat();
    stream.extend((rows as u64).to_le_bytes());
    let (lists, map) = (HEADER + lists, stream.len());
    (0..rows).for_each(|row| stream.extend(id(row).to_le_bytes()));
    fs::write(dir.join("x.faiss"), stream).unwrap();
    expect(0, dir, &["save", "x.faiss", "x"]);
    // A byte of a code; ids stay as they are.
    let mut bytes = fs::read(dir.join("x")).unwrap();
    bytes[lists + 3 * size * ENTRY] ^= 1;
    fs::write(dir.join("damaged"), bytes).unwrap();

    let of_map = (2 * CHUNK - map).div_ceil(8);
    assert!(of_map > 0 && of_map < 1000, "{of_map}");
    let touched = |at: usize, len: usize| at < 2 * CHUNK && at + len > CHUNK;
    let of_lists = (0..LISTS).flat_map(|list| (0..size).map(move |entry| (list, entry))).filter(|(list, entry)| {
        let list = lists + list * size * ENTRY;
        touched(list + entry * 4, 4) || touched(list + size * 4 + entry * 8, 8)
    });
    let others: Vec<usize> = of_lists.map(|(list, entry)| entry * LISTS + list).filter(|row| *row >= of_map).collect();
    let (count, ids) = lost(dir, "damaged");
    assert_eq!(count, (of_map + others.len()) as u64);
    let expected: Vec<i64> = (0..of_map).chain(others).map(id).take(1000).collect();
    assert_eq!(ids, expected);
}
