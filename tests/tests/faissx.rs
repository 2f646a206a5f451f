//! Indexes behind a real FAISSx server come back with every vector and id, and go into a fresh one.

use faissil::{
    cache::{KeepingClient, VectorCache},
    load::check_floor,
    opened::Opened,
    pull::{Options, Pulled, pull},
    push::push,
    remote::{Address, Client, Login, Waiting},
    source::{FileSource, ServerSource, Source as _},
};
use faissil_core::{
    plan::{IdStrategy, Policy, Strategy},
    report::Level,
};
use faissil_tests::faissx::{Server, command, free_port, script};
use std::{collections::BTreeMap, fs, path::Path};

fn address(port: u16, index: &str) -> Address {
    Address { host: "127.0.0.1".into(), port, index: index.into() }
}

fn pulled(port: u16, index: &str, output: &Path, options: &Options) -> Result<Pulled, faissil::Error> {
    let mut source = ServerSource::connect(&address(port, index), Login::default(), Waiting::default()).unwrap();
    let pulled = pull(&mut source, output, options, &|_, _| {})?;
    // The plan says how many requests it takes; those for ids are estimated.
    let (sent, planned) = (source.client().tally().requests, pulled.plan.requests + pulled.plan.overhead);
    match pulled.plan.ids.strategy {
        IdStrategy::BySearch => assert!(pulled.plan.overhead < sent && sent <= planned * 2, "{sent}, {}", pulled.plan),
        _ => assert_eq!(sent, planned, "{}", pulled.plan),
    }
    Ok(pulled)
}

/// From the server's data folder.
fn pulled_from_folder(port: u16, index: &str, output: &Path, folder: &Path) -> Result<Pulled, faissil::Error> {
    let mut source = ServerSource::connect(&address(port, index), Login::default(), Waiting::default()).unwrap();
    source.read_folder(folder)?;
    pull(&mut source, output, &Options::default(), &|_, _| {})
}

/// Fill a server; gives the names of its indexes by kind.
fn filled(port: u16, dir: &Path, rows: u64, d: u64, kinds: &str) -> BTreeMap<String, String> {
    let (port, rows, d) = (port.to_string(), rows.to_string(), d.to_string());
    let mut arguments = vec![port.as_str(), dir.to_str().unwrap(), &rows, &d];
    arguments.extend((!kinds.is_empty()).then_some(kinds));
    script("fill.py", &arguments);
    serde_json::from_slice(&fs::read(dir.join("names.json")).unwrap()).unwrap()
}

/// Hold snapshots against vectors and ids in FAISS itself.
fn opened_by_faiss(cases: &[(String, String, String)]) {
    let arguments: Vec<&str> = cases.iter().flat_map(|(a, b, c)| [a.as_str(), b, c]).collect();
    assert_eq!(script("open.py", &arguments), "ok\n");
}

/// The answers of an index to the first vectors of `x.f4`.
fn searched(port: u16, index: &str, dir: &Path, d: u32) -> Vec<faissil::remote::Answers> {
    let mut client = Client::connect(&address(port, index), Login::default(), Waiting::default()).unwrap();
    let queries = fs::read(dir.join("x.f4")).unwrap();
    client.search(index, &queries[..d as usize * 4 * 40], d, 10).unwrap()
}

#[test]
fn every_kind_comes_back_and_goes_into_a_fresh_server() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (old, fresh) = (Server::start(free_port(), &[]), Server::start(free_port(), &[]));
    let names = filled(old.port, dir, 2000, 16, "");
    assert_eq!(names.len(), 12);
    let path = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let mut cases = Vec::new();
    for (number, (kind, index)) in names.iter().enumerate() {
        let snapshot = dir.join(format!("{number}.faissil"));
        let pulled =
            pulled(old.port, index, &snapshot, &Options::default()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        let (is_map, is_lossy) =
            (kind.starts_with("id_map") || kind.contains('/'), ["pq", "ivf_sq"].contains(&kind.as_str()));
        let (level, ids) = match (is_map, is_lossy) {
            (true, _) => ("exact vectors", IdStrategy::BySearch),
            (_, true) => ("decoded vectors", IdStrategy::Sequential),
            _ => ("exact vectors", IdStrategy::Sequential),
        };
        assert_eq!((pulled.saved.fidelity, pulled.plan.ids.strategy), (level, ids), "{kind}");
        assert!(pulled.left_out.is_empty() && pulled.warnings.is_empty(), "{kind}: {:?}", pulled.warnings);
        let vectors = if is_lossy { path(&format!("{kind}.f4")) } else { path("x.f4") };
        cases.push((path(&format!("{number}.faissil")), vectors, if is_map { path("ids.i8") } else { "-".into() }));

        let opened = Opened::open(&snapshot).unwrap();
        let floor = check_floor(&opened, opened.snapshot.as_ref().unwrap(), Level::ExactVectors);
        match is_lossy {
            false => floor.unwrap(),
            true => {
                let said = floor.unwrap_err().to_string();
                assert!(
                    said.starts_with(
                        "2000 rows are below exact vectors: rows 0..2000: decoded vectors (reconstruct ranges"
                    ),
                    "{said}"
                );
            }
        }

        let back = format!("back-{number}");
        let pushed =
            push(&snapshot, &address(fresh.port, &back), None, Login::default(), Waiting::default(), &|_, _| {});
        let pushed = pushed.unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!((pushed.rows, pushed.kind.starts_with("IDMap2:"), pushed.trained), (2000, is_map, false), "{kind}");
        if !kind.ends_with("ip") {
            assert_eq!((pushed.found, pushed.asked), (16, 16), "{kind}");
        }
        // Exact kinds search alike; the others find neighbours that they missed, or exact distances.
        if ["flat_l2", "flat_ip", "id_map", "id_map2", "id_map_ip"].contains(&kind.as_str()) {
            assert_eq!(searched(fresh.port, &back, dir, 16), searched(old.port, index, dir, 16), "{kind}");
        }
    }
    opened_by_faiss(&cases);
}

#[test]
fn a_type_of_ones_own_is_trained_anew() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, 2000, 16, "id_map");
    let snapshot = dir.join("x.faissil");
    pulled(server.port, "id_map", &snapshot, &Options::default()).unwrap();
    let to = |name: &str, kind: &str| {
        push(&snapshot, &address(server.port, name), Some(kind), Login::default(), Waiting::default(), &|_, _| {})
    };
    let pushed = to("ivf", "IDMap2:IVF").unwrap();
    assert!(pushed.trained && pushed.found == 16, "{pushed:?}");
    let refused = |name: &str, kind: &str| to(name, kind).unwrap_err().to_string();
    let said = refused("ivf", "IDMap2:IVF");
    assert!(said.contains("the server has an index `ivf` already"), "{said}");
    let said = refused("new", "L2");
    assert!(said.contains("an index of the type L2 keeps no ids") && said.contains("--type IDMap2"), "{said}");
    let said = refused("new", "IDMap2:Nonsense");
    assert!(said.contains("Unsupported index type: Nonsense"), "{said}");
    let mut client = Client::connect(&address(server.port, "-"), Login::default(), Waiting::default()).unwrap();
    assert!(client.list().unwrap().iter().all(|listed| !listed.index.starts_with("new")), "something was left behind");
}

#[test]
fn many_rows_come_in_little_memory() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    let names = filled(server.port, dir, 150_000, 32, "flat_l2,with/slash");
    let path = |name: &str| dir.join(name).to_str().unwrap().to_string();
    let options = Options { policy: Policy { memory: 24 << 20, ..Policy::default() }, ..Options::default() };
    let mut cases = Vec::new();
    for (kind, ids) in [("flat_l2", "-".to_string()), ("with/slash", path("ids.i8"))] {
        let snapshot = dir.join(format!("{}.faissil", kind.len()));
        let pulled = pulled(server.port, &names[kind], &snapshot, &options).unwrap();
        assert!(pulled.plan.memory <= 24 << 20 && pulled.plan.steps[0].requests > 2, "{}", pulled.plan);
        cases.push((snapshot.to_str().unwrap().to_string(), path("x.f4"), ids));
    }
    opened_by_faiss(&cases);
}

#[test]
fn kinds_that_only_a_data_folder_has() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    script("files.py", &[dir.to_str().unwrap()]);
    let server = Server::start(free_port(), &["--data-dir", dir.to_str().unwrap()]);
    let path = |name: String| dir.join(name).to_str().unwrap().to_string();
    let mut cases = Vec::new();
    for kind in ["sq", "pca", "hnsw_sq"] {
        let snapshot = dir.join(format!("{kind}.faissil"));
        let pulled =
            pulled(server.port, kind, &snapshot, &Options::default()).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!((pulled.saved.fidelity, pulled.plan.ids.strategy), ("decoded vectors", IdStrategy::Sequential));
        // What is behind the transforms of a loaded index the server does not say: a range of an id map would be its end.
        let strategy = if kind == "pca" { Strategy::ReconstructOne } else { Strategy::ReconstructRange };
        assert_eq!(pulled.plan.steps[0].strategy, strategy, "{kind}");
        cases.push((path(format!("{kind}.faissil")), path(format!("{kind}.f4")), "-".into()));
    }
    opened_by_faiss(&cases);
    // Its ids are not its row numbers, and the server would take one for the other.
    let snapshot = dir.join("ivf.faissil");
    let said = pulled(server.port, "ivf_own_ids", &snapshot, &Options::default()).unwrap_err().to_string();
    assert!(
        said.contains("takes ids for row numbers, and this index has others") && said.contains("--data-dir"),
        "{said}"
    );
    assert!(!snapshot.exists());
    // From the folder come the bytes, of all of them.
    for kind in ["sq", "pca", "hnsw_sq", "ivf_own_ids", "ivf_ip"] {
        let snapshot = dir.join(format!("{kind}.native.faissil"));
        let pulled =
            pulled_from_folder(server.port, kind, &snapshot, dir).unwrap_or_else(|error| panic!("{kind}: {error}"));
        assert_eq!(
            (pulled.saved.fidelity, pulled.plan.steps[0].strategy),
            ("exact bytes", Strategy::NativeBytes),
            "{kind}"
        );
        let bytes = fs::read(dir.join(format!("{kind}.faiss"))).unwrap();
        assert!(fs::read(&snapshot).unwrap().starts_with(&bytes), "{kind}");
    }
    // A file of another index is refused.
    fs::copy(dir.join("pca.faiss"), dir.join("sq.faiss")).unwrap();
    let said = pulled_from_folder(server.port, "sq", &dir.join("x.faissil"), dir).unwrap_err().to_string();
    assert!(
        said.contains("it is another index: class: IndexPreTransform in the file, IndexScalarQuantizer on the server"),
        "{said}"
    );
}

#[test]
fn a_metric_that_the_server_does_not_tell_is_told_by_distances() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    script("files.py", &[dir.to_str().unwrap()]);
    let server = Server::start(free_port(), &["--data-dir", dir.to_str().unwrap()]);
    for (kind, metric, is_known) in
        [("ivf_ip", 0, true), ("l1", 2, true), ("ivf_l1", 2, true), ("hnsw_linf", 3, true), ("canberra", 1, false)]
    {
        let snapshot = dir.join(format!("{kind}.faissil"));
        let pulled = pulled(server.port, kind, &snapshot, &Options::default()).unwrap();
        let (opened, known) = (Opened::open(&snapshot).unwrap(), pulled.warnings.is_empty());
        assert_eq!((FileSource::new(&opened, &snapshot).unwrap().metric().0, known), (metric, is_known), "{kind}");
        assert!(known || pulled.warnings[0].contains("none of those that are looked for"), "{:?}", pulled.warnings);
    }
}

#[test]
fn an_id_map_after_a_restart_is_out_of_reach_but_for_the_folder() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, dir) = (dir.path().join("data"), dir.path());
    let data = ["--data-dir", folder.to_str().unwrap()];
    let server = Server::start(free_port(), &data);
    let port = server.port;
    filled(port, dir, 2000, 16, "id_map,flat_ip");
    drop(server);
    let _server = Server::start(port, &data);
    let snapshot = dir.join("x.faissil");
    let said = pulled(port, "id_map", &snapshot, &Options::default()).unwrap_err().to_string();
    assert!(said.contains("`id_map_base` has 0 rows and `id_map` 2000"), "{said}");
    pulled(port, "flat_ip", &dir.join("flat.faissil"), &Options::default()).unwrap();
    let pulled = pulled_from_folder(port, "id_map", &snapshot, &folder).unwrap();
    assert_eq!(pulled.saved.fidelity, "exact bytes");
    assert_eq!(pulled.saved.ids.unwrap().duplicates, Some(1));
}

#[test]
fn what_was_kept_when_it_was_added_is_not_asked_for() {
    let dir = tempfile::tempdir().unwrap();
    let server = Server::start(free_port(), &[]);
    let address = address(server.port, "kept");
    let connect = || Client::connect(&address, Login::default(), Waiting::default()).unwrap();
    connect().create("kept", 4, "IDMap2:IVF").unwrap();
    let vectors: Vec<u8> = (0..4000_u32).flat_map(|n| (n as f32).sin().to_le_bytes()).collect();
    connect().train("kept", &vectors, 4).unwrap();
    let ids: Vec<i64> = (0..1000).map(|row| 5000 - row).collect();
    // A quarter of it in memory, the rest in a file.
    let cache = VectorCache::new(4, 6_000, dir.path().into());
    let mut keeping = KeepingClient::new(connect(), "kept", cache);
    for part in 0..4 {
        let (rows, bytes) = (part * 250..(part + 1) * 250, part * 4000..(part + 1) * 4000);
        keeping.add(&vectors[bytes], Some(&ids[rows])).unwrap();
    }
    let pull_with = |cache, name: &str| {
        let mut source = ServerSource::connect(&address, Login::default(), Waiting::default()).unwrap();
        source.keep(cache);
        let output = dir.path().join(name);
        let pulled = pull(&mut source, &output, &Options::default(), &|_, _| {}).unwrap();
        (pulled, source.cache().unwrap().tally(), fs::read(output).unwrap())
    };
    let (kept, hits, snapshot) = pull_with(keeping.into_cache(), "kept.faissil");
    assert_eq!((kept.plan.steps[0].strategy, kept.plan.ids.strategy), (Strategy::CachedVectors, IdStrategy::FromCache));
    assert_eq!((kept.plan.requests, kept.saved.fidelity), (0, "exact vectors"));
    assert!((hits.hits, hits.misses) == (1000, 0) && hits.memory > 0 && hits.spilled > 0, "{hits:?}");
    let (asked, _, other) = pull_with(VectorCache::new(4, 0, dir.path().into()), "asked.faissil");
    assert_eq!(asked.plan.steps[0].strategy, Strategy::ReconstructRange);
    // How the rows were had differs; the rows do not.
    let stream = asked.saved.stream_len as usize;
    assert!(snapshot[..stream] == other[..stream]);

    // Half of it from before a reset: it is dropped.
    let mut keeping = KeepingClient::new(connect(), "kept", VectorCache::new(4, 1 << 20, dir.path().into()));
    keeping.add(&vectors[..4000], Some(&ids[..250])).unwrap();
    keeping.delete().unwrap();
    assert!(keeping.into_cache().runs().is_empty());
}

/// Paths of all fields: `stream.len`, `left_out.runs[].first`.
fn fields(value: &serde_json::Value, path: &str, out: &mut std::collections::BTreeSet<String>) {
    match value {
        serde_json::Value::Object(object) => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                out.insert(path.clone());
                fields(value, &path, out);
            }
        }
        serde_json::Value::Array(items) => items.iter().for_each(|item| fields(item, &format!("{path}[]"), out)),
        _ => {}
    }
}

#[test]
fn the_command_takes_a_key_and_prints_what_its_document_says() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &["--enable-auth", "--auth-keys", "s3same:a"]);
    fs::write(dir.join("key"), "s3same\n").unwrap();
    let login = Login { key: Some("s3same".into()), tenant: None };
    let mut client = Client::connect(&address(server.port, "-"), login, Waiting::default()).unwrap();
    client.create("x", 2, "IDMap2:L2").unwrap();
    let vectors: Vec<u8> = (0..20_u32).flat_map(|n| (n as f32).to_le_bytes()).collect();
    client.add("x", &vectors, 2, Some(&[9, 8, 7, 6, 5, 4, 3, 2, 1, 9])).unwrap();
    let url = |index: &str| format!("tcp://127.0.0.1:{}/{index}", server.port);
    let (code, out, said) = command(dir, &["pull", &url("x"), "x.faissil"], &[]);
    assert_eq!((code, out.as_str()), (2, ""));
    assert!(said.contains("API key required") && said.contains("FAISSX_API_KEY"), "{said}");
    let (code, _, said) = command(dir, &["pull", &url("y"), "x.faissil", "--key-file", "key"], &[]);
    assert!(code == 2 && said.contains("there is no index `y`"), "{said}");
    let (code, out, _) = command(dir, &["plan", &url("x"), "--json"], &[("FAISSX_API_KEY", "s3same")]);
    let plan: serde_json::Value = serde_json::from_str(&out).unwrap();
    assert_eq!(
        (code, &plan["mode"], &plan["ids"]["strategy"]),
        (0, &"remote".into(), &"ids recovered by search".into())
    );
    let (code, out, _) = command(dir, &["plan", &url("x"), "--floor", "exact-bytes", "--key-file", "key"], &[]);
    assert!(code == 2 && out.contains("refused: there is no way to rows 0..10"), "{out}");

    let (code, pulled, said) = command(dir, &["pull", &url("x"), "x.faissil", "--key-file", "key", "--json"], &[]);
    assert_eq!(code, 0, "{said}");
    let (code, pushed, said) = command(dir, &["push", "x.faissil", &url("y"), "--key-file", "key", "--json"], &[]);
    assert_eq!(code, 0, "{said}");
    let document = fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../docs/remote.md")).unwrap();
    for (name, printed) in [("pull", pulled), ("push", pushed)] {
        let mut found = std::collections::BTreeSet::new();
        fields(&serde_json::from_str(&printed).unwrap(), "", &mut found);
        // Nothing is left out here, so these have no element.
        if name == "pull" {
            found.extend(["left_out.runs[].first".to_string(), "left_out.runs[].rows".to_string()]);
        }
        let part = document.split(&format!("### JSON of `{name}`")).nth(1).unwrap().split("\n### ").next().unwrap();
        let named = part.lines().filter_map(|line| line.strip_prefix("| `")?.split('`').next());
        assert_eq!(found, named.map(String::from).collect(), "{name}");
    }
    client.create("empty", 3, "IDMap2:IP").unwrap();
    let (code, _, said) = command(dir, &["pull", &url("empty"), "empty.faissil", "--key-file", "key"], &[]);
    assert_eq!(code, 0, "{said}");
    assert_eq!(command(dir, &["verify", "empty.faissil"], &[]).0, 0);
    let (_, page, _) = command(dir, &["inspect", "empty.faissil"], &[]);
    assert!(page.contains("exact vectors") && !page.contains("exact bytes"), "{page}");
    let (code, _, said) = command(dir, &["load", "empty.faissil", "empty.faiss", "--floor", "exact-bytes"], &[]);
    assert!(code == 2 && said.contains("stands in for an index without rows"), "{said}");
    let (code, _, said) = command(dir, &["pull", &url("x"), ".", "--key-file", "key"], &[]);
    assert!(code == 2 && said.contains("is a directory"), "{said}");
    let (code, page, _) = command(dir, &["inspect", "x.faissil"], &[]);
    assert!(
        code == 0 && page.contains("rows 0..10: exact vectors (reconstruct ranges, ids recovered by search)"),
        "{page}"
    );
    let (code, _, said) = command(dir, &["load", "x.faissil", "x.faiss", "--floor", "exact-bytes"], &[]);
    assert!(code == 2 && said.contains("10 rows are below exact bytes: rows 0..10: exact vectors"), "{said}");
    assert_eq!(command(dir, &["load", "x.faissil", "x.faiss", "--floor", "exact-vectors"], &[]).0, 0);
}
