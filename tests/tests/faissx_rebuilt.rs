//! Indexes of every kind that a FAISSx server has, pulled without their bytes, are built again and find what they found.

use faissil::remote::{Address, Client, Login, Waiting};
use faissil_tests::faissx::{Server, command, free_port, script};
use serde_json::{Value, json};
use std::{collections::BTreeMap, fs, path::Path};

const D: usize = 16;
const QUERIES: usize = 100;

fn pull(dir: &Path, port: u16, index: &str, output: &str) {
    let url = format!("tcp://127.0.0.1:{port}/{index}");
    let (code, _, said) = command(dir, &["pull", &url, output], &[]);
    assert_eq!(code, 0, "{said}");
}

fn rebuild(dir: &Path, snapshot: &str, output: &str, more: &[&str]) -> (i32, Value, String) {
    let (code, out, said) = command(dir, &[&["load", snapshot, output, "--rebuild", "--json"], more].concat(), &[]);
    (code, serde_json::from_str(&out).unwrap_or(Value::Null), said)
}

/// What the server answers to the first vectors, into a file.
fn labels(dir: &Path, port: u16, index: &str, vectors: &str) -> String {
    let address = Address { host: "127.0.0.1".into(), port, index: index.into() };
    let mut client = Client::connect(&address, Login::default(), Waiting::default()).unwrap();
    let queries = fs::read(dir.join(vectors)).unwrap();
    let answers = client.search(index, &queries[..D * 4 * QUERIES], D as u32, 10).unwrap();
    let bytes: Vec<u8> =
        answers.iter().flat_map(|answer| &answer.labels).flat_map(|label| label.to_le_bytes()).collect();
    fs::write(dir.join("labels.i8"), bytes).unwrap();
    dir.join("labels.i8").to_str().unwrap().into()
}

/// What is expected of a kind: factory, class of the base, what is new, and how much of the recall may be lost: a graph, centroids or a codebook that
/// are made anew are not the same.
type Expected = (&'static str, &'static str, &'static [&'static str], &'static str);

fn expected(kind: &str) -> Expected {
    match kind {
        "flat_l2" | "flat_ip" => ("Flat", "IndexFlat", &[], "0"),
        "id_map" | "id_map_ip" => ("IDMap,Flat", "IndexFlat", &[], "0"),
        "id_map2" | "with/slash" => ("IDMap2,Flat", "IndexFlat", &[], "0"),
        "hnsw" => ("HNSW32,Flat", "IndexHNSWFlat", &["graph"], "0.02"),
        "id_map2_hnsw" => ("IDMap2,HNSW32,Flat", "IndexHNSWFlat", &["graph"], "0.02"),
        "pq" => ("PQ8x8", "IndexPQ", &["codebook"], "0.1"),
        "ivf_sq" => ("IVF10,SQ8", "IndexIVFScalarQuantizer", &["centroids and lists", "codebook"], "0.15"),
        "ivf" => ("IVF100,Flat", "IndexIVFFlat", &["centroids and lists"], "0.15"),
        "id_map2_ivf" => ("IDMap2,IVF100,Flat", "IndexIVFFlat", &["centroids and lists"], "0.15"),
        other => panic!("nothing is expected of {other}"),
    }
}

#[test]
fn every_kind_is_built_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    script("fill.py", &[&server.port.to_string(), dir.to_str().unwrap(), "2000", "16"]);
    let names: BTreeMap<String, String> = serde_json::from_slice(&fs::read(dir.join("names.json")).unwrap()).unwrap();
    assert_eq!(names.len(), 12);
    let path = |name: &str| dir.join(name).to_str().unwrap().to_string();
    for (kind, index) in &names {
        pull(dir, server.port, index, "x.faissil");
        let (factory, class, new, loss) = expected(kind);
        let (code, rebuilt, said) = rebuild(dir, "x.faissil", "x.faiss", &[]);
        assert_eq!(code, 0, "{kind}: {said}");
        let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/remote.md")).unwrap();
        let part = document.split("### JSON of `load --rebuild`").nth(1).unwrap().split("\n### ").next().unwrap();
        let named = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert!(rebuilt.as_object().unwrap().keys().map(String::as_str).eq(named), "{rebuilt}");
        let is_trained = new.iter().any(|part| *part != "graph");
        assert_eq!(
            (&rebuilt["factory"], &rebuilt["rows"], &rebuilt["new"]),
            (&json!(factory), &json!(2000), &json!(new)),
            "{kind}"
        );
        assert_eq!(rebuilt["trained"], if is_trained { 2000 } else { 0 }, "{kind}");
        let warnings = rebuilt["warnings"].to_string();
        assert_eq!(
            warnings.contains("does not tell"),
            kind.contains("hnsw") || kind.contains("sq"),
            "{kind}: {warnings}"
        );
        assert_eq!(
            warnings.contains("decoded vectors"),
            ["pq", "ivf_sq"].contains(&kind.as_str()),
            "{kind}: {warnings}"
        );
        let ids = if factory.starts_with("IDMap") { path("ids.i8") } else { "-".into() };
        let metric = if kind.ends_with("ip") { "0" } else { "1" };
        let labels = labels(dir, server.port, index, "x.f4");
        script(
            "rebuilt.py",
            &[&path("x.faiss"), &path("x.f4"), &ids, metric, class, &QUERIES.to_string(), &labels, loss],
        );
    }
}

#[test]
fn a_kind_that_the_server_does_not_tell_is_named_by_the_caller() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    script("files.py", &[dir.to_str().unwrap()]);
    let server = Server::start(free_port(), &["--data-dir", dir.to_str().unwrap()]);
    let path = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let cases = [
        ("sq", None, "IndexScalarQuantizer"),
        ("pca", Some("PCA8,Flat"), "IndexPreTransform"),
        ("hnsw_sq", Some("HNSW16,SQ8"), "IndexHNSWSQ"),
    ];
    for (kind, factory, class) in cases {
        pull(dir, server.port, kind, "x.faissil");
        if let Some(factory) = factory {
            let (code, _, said) = rebuild(dir, "x.faissil", "x.faiss", &[]);
            assert_eq!(code, 2);
            assert!(
                said.contains("the recipe does not say what it was made of") && said.contains("--as FACTORY"),
                "{said}"
            );
            assert!(!dir.join("x.faiss").exists());
            let (code, rebuilt, said) = rebuild(dir, "x.faissil", "x.faiss", &["--as", factory]);
            assert_eq!((code, &rebuilt["factory"]), (0, &json!(factory)), "{said}");
        } else {
            assert_eq!(rebuild(dir, "x.faissil", "x.faiss", &[]).0, 0);
        }
        // The vectors that the server gives are those that it searches in.
        let vectors = format!("{kind}.f4");
        let labels = labels(dir, server.port, kind, &vectors);
        script(
            "rebuilt.py",
            &[&path("x.faiss"), &path(&vectors), "-", "1", class, &QUERIES.to_string(), &labels, "0.05"],
        );
        fs::remove_file(dir.join("x.faiss")).unwrap();
    }
    // With its bytes there is nothing to build; a damaged snapshot gives nothing; a floor holds.
    let url = format!("tcp://127.0.0.1:{}/sq", server.port);
    let (code, ..) = command(dir, &["pull", &url, "native.faissil", "--data-dir", "."], &[]);
    assert_eq!(code, 0);
    let (code, _, said) = rebuild(dir, "native.faissil", "x.faiss", &[]);
    assert!(code == 2 && said.contains("the snapshot holds the index itself"), "{said}");
    let (code, _, said) = rebuild(dir, "x.faissil", "x.faiss", &["--as", "Flat", "--floor", "exact-vectors"]);
    assert!(code == 2 && said.contains("2000 rows are below exact vectors"), "{said}");
    let (code, _, said) = rebuild(dir, "x.faissil", "x.faiss", &["--as", "Nonsense"]);
    assert!(code == 2 && said.contains("cannot rebuild the index of `x.faissil`"), "{said}");
    let mut bytes = fs::read(dir.join("x.faissil")).unwrap();
    bytes[5000] ^= 1;
    fs::write(dir.join("x.faissil"), bytes).unwrap();
    let (code, _, said) = rebuild(dir, "x.faissil", "x.faiss", &["--as", "Flat"]);
    assert!(code == 1 && said.contains("does not have its digest"), "{said}");
    assert!(!dir.join("x.faiss").exists());
}
