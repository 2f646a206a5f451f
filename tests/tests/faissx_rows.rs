//! Rows that a FAISSx server does not give: the next strategy takes over for them, and what stays missing is left out, numbered or
//! filled with zeros when that is asked for. The server refuses them itself, see [`refusing`].

use faissil_tests::faissx::{Server, command, free_port, refusing, script};
use serde_json::{Value, json};
use std::{
    fs,
    ops::Range,
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

const ROWS: u64 = 2000;
const D: usize = 16;

fn filled(port: u16, dir: &Path, rows: u64, d: usize, kinds: &str) {
    script("fill.py", &[&port.to_string(), dir.to_str().unwrap(), &rows.to_string(), &d.to_string(), kinds]);
}

fn meets(one: &Range<u64>, other: Range<u64>) -> bool {
    one.start < other.end && other.start < one.end
}

/// Run `faissil pull` of an index behind this port to `output`, with further arguments.
fn pull(dir: &Path, port: u16, index: &str, output: &str, more: &[&str]) -> (i32, Value, String) {
    let url = format!("tcp://127.0.0.1:{port}/{index}");
    let (code, out, said) = command(dir, &[&["pull", &url, output, "--json"], more].concat(), &[]);
    (code, serde_json::from_str(&out).unwrap_or(Value::Null), said)
}

/// What `inspect` says of the fidelity.
fn fidelity(dir: &Path, snapshot: &str) -> Value {
    let (code, out, said) = command(dir, &["inspect", snapshot, "--json"], &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(command(dir, &["verify", snapshot], &[]).0, 0);
    serde_json::from_str::<Value>(&out).unwrap()["fidelity"].clone()
}

/// The vectors and ids of some rows, into files that `open.py` takes.
fn expect(dir: &Path, name: &str, d: usize, rows: &[Option<usize>], ids: &[i64]) -> [String; 2] {
    let all = fs::read(dir.join("x.f4")).unwrap();
    let zeros = vec![0; d * 4];
    let vector = |row: &Option<usize>| row.map_or(&zeros[..], |row| &all[row * d * 4..(row + 1) * d * 4]).to_vec();
    fs::write(dir.join(format!("{name}.f4")), rows.iter().flat_map(vector).collect::<Vec<u8>>()).unwrap();
    fs::write(dir.join(format!("{name}.i8")), ids.iter().flat_map(|id| id.to_le_bytes()).collect::<Vec<u8>>()).unwrap();
    [format!("{name}.f4"), format!("{name}.i8")].map(|file| dir.join(file).to_str().unwrap().to_string())
}

fn opened_by_faiss(dir: &Path, snapshot: &str, [vectors, ids]: [String; 2]) {
    assert_eq!(script("open.py", &[dir.join(snapshot).to_str().unwrap(), &vectors, &ids]), "ok\n");
}

fn ids(dir: &Path) -> Vec<i64> {
    fs::read(dir.join("ids.i8")).unwrap().as_chunks::<8>().0.iter().map(|id| i64::from_le_bytes(*id)).collect()
}

#[test]
fn rows_on_which_a_step_fails_are_had_in_the_next_way_and_only_they() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, ROWS, D, "flat_ip");
    let (code, ..) = pull(dir, server.port, "flat_ip", "whole.faissil", &["--page", "100"]);
    assert_eq!(code, 0);
    // Ranges with rows 730 to 750 in them are refused, single rows never.
    let port = refusing(server.port, |action, rows| action == "reconstruct_n" && meets(&(730..750), rows));
    let (code, pulled, said) = pull(dir, port, "flat_ip", "x.faissil", &["--page", "100"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(pulled["left_out"]["rows"], 0);
    // One page row by row, the other nineteen at once, the refused one, and at most a dozen questions of what it is.
    let requests = pulled["requests"].as_u64().unwrap();
    assert!((120..=132).contains(&requests), "{requests} requests");
    let numbers = "row numbers, which are the ids";
    let run = |first: u64, rows: u64, how: &str| json!({ "first": first, "rows": rows, "level": "exact vectors", "strategy": format!("{how}, {numbers}") });
    let runs = [
        run(0, 700, "reconstruct ranges"),
        run(700, 100, "reconstruct one by one"),
        run(800, 1200, "reconstruct ranges"),
    ];
    assert_eq!(fidelity(dir, "x.faissil"), json!({ "level": "exact vectors", "runs": runs }));
    // How the rows were had differs; the rows do not.
    let stream = pulled["stream"]["len"].as_u64().unwrap() as usize;
    let [whole, mended] = ["whole.faissil", "x.faissil"].map(|file| fs::read(dir.join(file)).unwrap());
    assert!(whole[..stream] == mended[..stream]);
}

#[test]
fn rows_that_cannot_be_had_are_refused_or_left_out_or_zeros() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, ROWS, D, "flat_ip");
    let refuses = |rows: Range<u64>| meets(&(0..3), rows.clone()) || meets(&(730..750), rows);
    let port = refusing(server.port, move |action, rows| action.starts_with("reconstruct") && refuses(rows));
    let (code, _, said) = pull(dir, port, "flat_ip", "x.faissil", &["--page", "100"]);
    assert_eq!(code, 2);
    for part in [
        "the vectors of 23 rows (0..3, 730..750) cannot be had",
        "reconstruct ranges: rows 0..100: Unknown action",
        "reconstruct one by one: rows 0..1: Unknown action",
        "--leave-out",
    ] {
        assert!(said.contains(part), "{part}: {said}");
    }
    assert!(!dir.join("x.faissil").exists());

    // What had arrived is not asked for again.
    let (code, pulled, said) = pull(dir, port, "flat_ip", "x.faissil", &["--page", "100", "--leave-out"]);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("warning: the vectors of 23 rows (0..3, 730..750) cannot be had"), "{said}");
    assert_eq!(
        (&pulled["resumed"], &pulled["rows"], &pulled["fidelity"]),
        (&json!(1977), &json!(1977), &json!("partial"))
    );
    let left_out = json!({ "rows": 23, "runs": [{ "first": 0, "rows": 3 }, { "first": 730, "rows": 20 }] });
    assert_eq!(pulled["left_out"], left_out);
    let kept: Vec<usize> = (3..730).chain(750..2000).collect();
    let rows: Vec<Option<usize>> = kept.iter().map(|row| Some(*row)).collect();
    let numbers: Vec<i64> = kept.iter().map(|row| *row as i64).collect();
    opened_by_faiss(dir, "x.faissil", expect(dir, "left", D, &rows, &numbers));
    let found = fidelity(dir, "x.faissil");
    let counted: u64 = found["runs"].as_array().unwrap().iter().map(|run| run["rows"].as_u64().unwrap()).sum();
    assert_eq!((&found["level"], counted), (&json!("partial"), 1977));
    // Rows 0..97 were asked for one by one, since their page failed.
    let one = "reconstruct one by one, row numbers, which are the ids";
    assert_eq!(found["runs"][0], json!({ "first": 0, "rows": 97, "level": "partial", "strategy": one }));
    let (code, _, said) = command(dir, &["load", "x.faissil", "x.faiss", "--floor", "exact-vectors"], &[]);
    assert_eq!(code, 2);
    assert!(said.contains("1977 rows are below exact vectors: rows 0..97: partial (reconstruct one by one"), "{said}");
    assert_eq!(command(dir, &["load", "x.faissil", "x.faiss", "--floor", "partial"], &[]).0, 0);

    // The same, packed: the same stream.
    let (code, packed, said) =
        pull(dir, port, "flat_ip", "packed.faissil", &["--page", "100", "--leave-out", "--layout", "packed"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!((&packed["kind"], &packed["stream"]), (&json!("packed"), &pulled["stream"]));
    assert_eq!(command(dir, &["load", "packed.faissil", "packed.faiss"], &[]).0, 0);
    let [sealed, packed] = ["x.faiss", "packed.faiss"].map(|file| fs::read(dir.join(file)).unwrap());
    assert!(sealed == packed);
    assert_eq!(fidelity(dir, "packed.faissil"), found);
    assert!(!dir.join("packed.faissil.part").exists() && !dir.join("packed.faissil.part.journal").exists());

    let (code, pulled, said) = pull(dir, port, "flat_ip", "zeros.faissil", &["--page", "100", "--placeholders"]);
    assert_eq!(code, 0, "{said}");
    let what = (&pulled["placeholders"], &pulled["rows"], &pulled["left_out"]["rows"], &pulled["fidelity"]);
    assert_eq!(what, (&json!(23), &json!(2000), &json!(0), &json!("placeholder")));
    let rows: Vec<Option<usize>> = (0..2000).map(|row| kept.contains(&row).then_some(row)).collect();
    opened_by_faiss(dir, "zeros.faissil", expect(dir, "zeros", D, &rows, &(0..2000).collect::<Vec<_>>()));
    let found = fidelity(dir, "zeros.faissil");
    let zeros = |first: u64, rows: u64| json!({ "first": first, "rows": rows, "level": "placeholder", "strategy": "placeholders: zeros" });
    assert_eq!(found["level"], "placeholder");
    let runs = found["runs"].as_array().unwrap();
    assert_eq!((&runs[0], runs.iter().filter(|run| run["level"] == "placeholder").count()), (&zeros(0, 3), 2));
    assert!(runs.contains(&zeros(730, 20)) && runs[1]["level"] == "exact vectors", "{runs:?}");
    let (code, _, said) = command(dir, &["load", "zeros.faissil", "y.faiss", "--floor", "partial"], &[]);
    assert_eq!(code, 2);
    let named = "23 rows are below partial: rows 0..3: placeholder (placeholders: zeros); rows 730..750: placeholder";
    assert!(said.contains(named), "{said}");
    let (code, page, _) = command(dir, &["inspect", "zeros.faissil"], &[]);
    assert!(code == 0 && page.contains("rows 730..750: placeholder (placeholders: zeros)"), "{page}");
}

/// Zeros stand under the ids of the rows whose place they take, which a search tells though their vectors do not come.
#[test]
fn zeros_in_an_id_map_have_the_ids_of_their_rows() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, ROWS, D, "id_map");
    let port = refusing(server.port, |action, rows| action.starts_with("reconstruct") && meets(&(1500..1505), rows));
    let (code, pulled, said) = pull(dir, port, "id_map", "x.faissil", &["--page", "100", "--placeholders"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!((&pulled["placeholders"], &pulled["left_out"]["rows"]), (&json!(5), &json!(0)));
    let rows: Vec<Option<usize>> = (0..2000).map(|row| (!(1500..1505).contains(&row)).then_some(row)).collect();
    opened_by_faiss(dir, "x.faissil", expect(dir, "x", D, &rows, &ids(dir)));
    let (code, pulled, said) = pull(dir, port, "id_map", "y.faissil", &["--page", "100", "--leave-out"]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(pulled["rows"], 1995);
    let kept: Vec<Option<usize>> = rows.iter().copied().filter(Option::is_some).collect();
    let all = ids(dir);
    let kept_ids: Vec<i64> = kept.iter().flatten().map(|row| all[*row]).collect();
    opened_by_faiss(dir, "y.faissil", expect(dir, "y", D, &kept, &kept_ids));
}

/// A server that tells the ids of 10 000 of 12 000 rows and no more: the others are refused, left out, or numbered. What is left out lies scattered, and
/// there is more than a mebibyte to be moved together.
#[test]
fn rows_whose_ids_cannot_be_had_are_refused_or_left_out_or_numbered() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (rows, d) = (12_000_usize, 32_usize);
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, rows as u64, d, "id_map");
    // One query a request, and the first two requests answered: the base and the map.
    let memory = ["--memory", "11"];
    let pull_with = |output: &str, more: &[&str], searches: u64| {
        let left = Arc::new(AtomicU64::new(searches));
        let take = move || left.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_err();
        let port = refusing(server.port, move |action, _| action == "search" && take());
        pull(dir, port, "id_map", output, &[&memory, more].concat())
    };
    let (code, _, said) = pull_with("x.faissil", &[], 2);
    assert_eq!(code, 2);
    assert!(said.contains("the ids of 2000 rows (") && said.contains(", ...) cannot be had"), "{said}");
    let all = ids(dir);

    let (code, pulled, said) = pull_with("left.faissil", &["--leave-out"], 2);
    assert_eq!(code, 0, "{said}");
    assert!(said.contains("the server stopped answering searches for ids: Unknown action"), "{said}");
    assert_eq!((&pulled["rows"], &pulled["fidelity"]), (&json!(10_000), &json!("partial")));
    let runs = pulled["left_out"]["runs"].as_array().unwrap();
    assert!(runs.len() > 500, "{} runs are left out", runs.len());
    let number = |value: &Value| value.as_u64().unwrap() as usize;
    let mut is_kept = vec![true; rows];
    for run in runs {
        is_kept[number(&run["first"])..number(&run["first"]) + number(&run["rows"])].fill(false);
    }
    let kept: Vec<usize> = (0..rows).filter(|row| is_kept[*row]).collect();
    let kept_ids: Vec<i64> = kept.iter().map(|row| all[*row]).collect();
    let kept: Vec<Option<usize>> = kept.into_iter().map(Some).collect();
    opened_by_faiss(dir, "left.faissil", expect(dir, "left", d, &kept, &kept_ids));
    assert_eq!(fidelity(dir, "left.faissil")["level"], "partial");

    let (code, pulled, said) = pull_with("numbered.faissil", &["--number-rows"], 2);
    assert_eq!(code, 0, "{said}");
    assert_eq!(
        (&pulled["numbered"], &pulled["rows"], &pulled["fidelity"]),
        (&json!(2000), &json!(12_000), &json!("partial"))
    );
    let numbered: Vec<i64> = (0..rows).map(|row| if is_kept[row] { all[row] } else { row as i64 }).collect();
    let every: Vec<Option<usize>> = (0..rows).map(Some).collect();
    opened_by_faiss(dir, "numbered.faissil", expect(dir, "numbered", d, &every, &numbered));
    let (code, _, said) = command(dir, &["load", "numbered.faissil", "n.faiss", "--floor", "exact-vectors"], &[]);
    assert!(code == 2 && said.contains("12000 rows are below exact vectors: rows 0..12000: partial"), "{said}");

    // Without any id nothing is left.
    let (code, _, said) = pull_with("none.faissil", &["--leave-out"], 0);
    assert!(
        code == 2 && said.contains("no row would be left: the ids of 12000 rows (0..12000) cannot be had"),
        "{said}"
    );
    assert!(!dir.join("none.faissil").exists());
}
