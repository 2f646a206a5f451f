//! A FAISSx server that dies, dawdles, is cut off, garbled, or locked; and what it does wrongly by itself.

use faissil::{
    pull::{Options, Pulled, pull},
    push::push,
    remote::{Address, Client, Login, Trouble, Waiting, quirks},
    source::ServerSource,
};
use faissil_core::plan::{Call, Policy, Strategy};
use faissil_tests::faissx::{Mischief, Server, free_port, proxy, script};
use std::{
    fs,
    path::Path,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    time::Duration,
};

fn address(port: u16, index: &str) -> Address {
    Address { host: "127.0.0.1".into(), port, index: index.into() }
}

/// Pages of 100 rows.
fn options() -> Options {
    let policy = Policy { page: Some(100), ..Policy::default() };
    Options { policy, ..Options::default() }
}

fn impatient() -> Waiting {
    Waiting { timeout: Duration::from_secs(2), tries: 1, pause: Duration::from_millis(50), ..Waiting::default() }
}

fn pulled(
    port: u16,
    index: &str,
    output: &Path,
    waiting: Waiting,
    options: &Options,
) -> Result<Pulled, faissil::Error> {
    let source = ServerSource::connect(&address(port, index), Login::default(), waiting);
    let mut source = source.map_err(|cause| cause.of("cannot connect"))?;
    pull(&mut source, output, options, &|_, _| {})
}

fn filled(port: u16, dir: &Path, kinds: &str) {
    script("fill.py", &[&port.to_string(), dir.to_str().unwrap(), "2000", "16", kinds]);
}

/// The bytes of a snapshot that nothing happened to.
fn undisturbed(port: u16, dir: &Path, index: &str) -> Vec<u8> {
    let output = dir.join("undisturbed.faissil");
    pulled(port, index, &output, Waiting::default(), &options()).unwrap();
    fs::read(output).unwrap()
}

#[test]
fn a_server_that_dies_half_way_is_asked_again_only_for_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let (folder, dir) = (dir.path().join("data"), dir.path());
    let data = ["--data-dir", folder.to_str().unwrap()];
    let server = Server::start(free_port(), &data);
    let port = server.port;
    filled(port, dir, "flat_ip");
    let expected = undisturbed(port, dir, "flat_ip");
    let output = dir.join("x.faissil");
    let server = Mutex::new(Some(server));
    let mut source = ServerSource::connect(&address(port, "flat_ip"), Login::default(), impatient()).unwrap();
    // Ended when a quarter has arrived.
    let kill = |done: u64, all: u64| {
        if done * 4 > all {
            server.lock().unwrap().take();
        }
    };
    let said = pull(&mut source, &output, &options(), &kill).unwrap_err().to_string();
    assert!(said.contains("nobody listens there") && said.contains("the same command goes on from there"), "{said}");
    assert!(!output.exists() && dir.join("x.faissil.part").exists());

    let _server = Server::start(port, &data);
    let mut source = ServerSource::connect(&address(port, "flat_ip"), Login::default(), impatient()).unwrap();
    let before = source.client().tally().requests;
    let pulled = pull(&mut source, &output, &options(), &|_, _| {}).unwrap();
    assert!(pulled.resumed >= 500 && pulled.resumed < 2000, "{}", pulled.resumed);
    // The pages that are missing, two rows to see that it is the same index, and whether it still is.
    let pages = (2000 - pulled.resumed).div_ceil(100);
    let asked = source.client().tally().requests - before;
    assert!(asked <= pages + 4, "{asked} requests for {pages} pages");
    assert!(fs::read(&output).unwrap() == expected);
    assert!(!dir.join("x.faissil.part").exists() && !dir.join("x.faissil.part.journal").exists());
}

#[test]
fn a_pull_that_is_stopped_at_any_time_says_how_to_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, "id_map");
    let expected = undisturbed(server.port, dir, "id_map");
    let vectors = 2000 * 16 * 4;
    // When half of the vectors have come, when all have and their ids are asked for, and while it is sealed: the stream has ids too.
    for at in [vectors / 2, vectors, vectors + 1] {
        let output = dir.join(format!("{at}.faissil"));
        let waiting = impatient();
        let stop = Arc::clone(&waiting.stop);
        let mut source = ServerSource::connect(&address(server.port, "id_map"), Login::default(), waiting).unwrap();
        let ctrl_c = |done: u64, _: u64| stop.store(done >= at || stop.load(Ordering::Relaxed), Ordering::Relaxed);
        let error = pull(&mut source, &output, &options(), &ctrl_c).unwrap_err();
        assert!(matches!(error.cause, faissil::Cause::Cancelled), "{at}: {error}");
        assert!(error.to_string().contains("the same command goes on from there"), "{at}: {error}");
        assert!(!output.exists());
        // Stopped again before a byte has come, it says so again.
        let waiting = impatient();
        let stop = Arc::clone(&waiting.stop);
        let mut source = ServerSource::connect(&address(server.port, "id_map"), Login::default(), waiting).unwrap();
        stop.store(true, Ordering::Relaxed);
        let error = pull(&mut source, &output, &options(), &|_, _| {}).unwrap_err();
        assert!(error.to_string().contains("rows have arrived and are kept"), "{at}: {error}");
        let pulled = pulled(server.port, "id_map", &output, Waiting::default(), &options()).unwrap();
        assert!(pulled.resumed > 0 && (at < vectors || pulled.resumed == 2000), "{at}: {}", pulled.resumed);
        assert!(fs::read(&output).unwrap() == expected, "{at}");
    }
}

#[test]
fn another_index_of_the_same_name_is_not_taken_for_the_rest() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    let port = server.port;
    filled(port, dir, "flat_ip");
    let output = dir.join("x.faissil");
    let waiting = impatient();
    let stop = Arc::clone(&waiting.stop);
    let mut source = ServerSource::connect(&address(port, "flat_ip"), Login::default(), waiting).unwrap();
    let cancel = |done: u64, all: u64| stop.store(done * 2 > all, Ordering::Relaxed);
    let error = pull(&mut source, &output, &options(), &cancel).unwrap_err();
    assert!(matches!(error.cause, faissil::Cause::Cancelled), "{error}");
    let mut client = Client::connect(&address(port, "-"), Login::default(), Waiting::default()).unwrap();
    client.delete("flat_ip").unwrap();
    client.create("flat_ip", 16, "IP").unwrap();
    let mut other = fs::read(dir.join("x.f4")).unwrap();
    other.reverse();
    other.chunks_exact_mut(4).for_each(|float| float.copy_from_slice(&1.5_f32.to_le_bytes()));
    client.add("flat_ip", &other, 16, None).unwrap();
    let pulled = pulled(port, "flat_ip", &output, Waiting::default(), &options()).unwrap();
    assert_eq!(pulled.resumed, 0);
    assert!(pulled.warnings.iter().any(|said| said.contains("row 0 is another one now")), "{:?}", pulled.warnings);
}

#[test]
fn a_server_that_dawdles_is_given_up() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, "flat_ip");
    let expected = undisturbed(server.port, dir, "flat_ip");
    let holding = Arc::new(AtomicBool::new(true));
    let port = proxy(server.port, Mischief::Hold { after: 40_000, holding: Arc::clone(&holding) });
    let output = dir.join("x.faissil");
    let waiting = Waiting { timeout: Duration::from_millis(700), tries: 0, ..Waiting::default() };
    let said = pulled(port, "flat_ip", &output, waiting, &options()).unwrap_err().to_string();
    assert!(said.contains("the server did not answer for 0.7 s"), "{said}");
    // Slow is not gone: with patience it comes.
    holding.store(false, Ordering::Relaxed);
    let pulled = pulled(port, "flat_ip", &output, Waiting::default(), &options()).unwrap();
    assert!(pulled.resumed > 0 && fs::read(&output).unwrap() == expected);
}

#[test]
fn a_cut_connection_is_made_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, "id_map");
    let expected = undisturbed(server.port, dir, "id_map");
    // At every place: in the greeting, in a short answer, in a page.
    for after in [1, 70, 200, 700, 9_000, 20_000] {
        let times = Arc::new(AtomicU64::new(4));
        let port = proxy(server.port, Mischief::Cut { after, times: Arc::clone(&times) });
        let output = dir.join("x.faissil");
        let waiting = Waiting { pause: Duration::from_millis(5), ..Waiting::default() };
        pulled(port, "id_map", &output, waiting, &options()).unwrap();
        assert_eq!(times.load(Ordering::Relaxed), 0, "nothing was cut after {after} bytes");
        // The address is not in the snapshot, so it is the same one.
        assert!(fs::read(&output).unwrap() == expected, "cut after {after} bytes");
    }
}

#[test]
fn a_garbled_answer_is_an_error_or_asked_for_again() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    filled(server.port, dir, "flat_ip");
    let expected = undisturbed(server.port, dir, "flat_ip");
    let (mut came, mut refused) = (0, 0);
    for every in [101, 997, 5_003, 50_021, 150_001] {
        let port = proxy(server.port, Mischief::Corrupt { every });
        let output = dir.join("x.faissil");
        let waiting = Waiting {
            timeout: Duration::from_secs(1),
            tries: 8,
            pause: Duration::from_millis(5),
            ..Waiting::default()
        };
        match pulled(
            port,
            "flat_ip",
            &output,
            waiting,
            &Options { policy: Policy { twice: true, ..options().policy }, fresh: true, ..options() },
        ) {
            Ok(_) => {
                came += 1;
                let found = fs::read(&output).unwrap();
                assert!(found == expected, "a byte in {every} was changed, and it was taken for good");
            }
            Err(error) => {
                refused += 1;
                assert!(!error.to_string().is_empty());
            }
        }
        let _ = fs::remove_file(&output);
    }
    assert!(came > 0 && refused > 0, "{came} came, {refused} were refused");
}

#[test]
fn a_batch_whose_answer_is_lost_is_not_added_twice() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let server = Server::start(free_port(), &[]);
    script("fill.py", &[&server.port.to_string(), dir.to_str().unwrap(), "30000", "16", "flat_l2"]);
    let name: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(dir.join("names.json")).unwrap()).unwrap();
    let snapshot = dir.join("x.faissil");
    pulled(
        server.port,
        &name["flat_l2"],
        &snapshot,
        Waiting::default(),
        &Options { policy: Policy::default(), ..options() },
    )
    .unwrap();
    // The answer to an addition is some 250 bytes, behind greeting, list, creation and status.
    let mut cut = 0;
    for after in (700..2600).step_by(190) {
        let times = Arc::new(AtomicU64::new(1));
        let port = proxy(server.port, Mischief::Cut { after, times: Arc::clone(&times) });
        let index = format!("back-{after}");
        let waiting = Waiting { pause: Duration::from_millis(5), ..Waiting::default() };
        let pushed = push(&snapshot, &address(port, &index), None, Login::default(), waiting, &|_, _| {});
        let mut client = Client::connect(&address(server.port, "-"), Login::default(), Waiting::default()).unwrap();
        let there = client.list().unwrap().into_iter().find(|listed| listed.index == index);
        match pushed {
            Ok(_) => assert_eq!(there.unwrap().rows, 30_000),
            // Creating and training are not asked twice; then nothing is left.
            Err(_) => assert_eq!(there, None),
        }
        cut += 1 - times.load(Ordering::Relaxed);
    }
    assert!(cut > 5, "{cut} were cut");
}

#[test]
fn a_key_opens_and_is_nowhere_to_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let key = "k3y-that-nobody-knows";
    let server = Server::start(free_port(), &["--enable-auth", "--auth-keys", &format!("{key}:tenant-a")]);
    let connect = |key: Option<&str>| {
        let login = Login { key: key.map(String::from), tenant: Some("tenant-a".into()) };
        Client::connect(&address(server.port, "x"), login, impatient()).unwrap()
    };
    let said = |trouble: Trouble| trouble.to_string();
    assert_eq!(said(connect(None).list().unwrap_err()), "the server says: API key required");
    assert_eq!(said(connect(Some("wrong")).list().unwrap_err()), "the server says: Invalid API key");
    let mut client = connect(Some(key));
    client.create("x", 4, "L2").unwrap();
    client.add("x", &[0; 64], 4, None).unwrap();
    let login = Login { key: Some(key.into()), tenant: Some("tenant-a".into()) };
    let mut source = ServerSource::connect(&address(server.port, "x"), login.clone(), impatient()).unwrap();
    let output = dir.join("x.faissil");
    pull(&mut source, &output, &options(), &|_, _| {}).unwrap();
    let bytes = fs::read(&output).unwrap();
    for secret in [key, "tenant-a", "127.0.0.1", &server.port.to_string()] {
        assert!(!bytes.windows(secret.len()).any(|part| part == secret.as_bytes()), "{secret} is in the snapshot");
    }
    assert!(!format!("{login:?} {source:?}").contains(key));
}

/// Every entry of the table of quirks, held against the server. One that a later version no longer has fails here.
#[test]
fn the_server_does_what_the_table_says() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    script("files.py", &[dir.to_str().unwrap()]);
    let data = ["--data-dir", dir.to_str().unwrap()];
    let mut server = Server::start(free_port(), &data);
    filled(server.port, dir, "id_map,hnsw,flat_ip");
    let names: std::collections::BTreeMap<String, String> =
        serde_json::from_slice(&fs::read(dir.join("names.json")).unwrap()).unwrap();
    let port = server.port;
    let raw = |request: &str| -> String { script("ask.py", &[&port.to_string(), request]) };
    let hnsw = &names["hnsw"];
    for quirk in quirks::QUIRKS {
        match quirk.name {
            "get_vectors" => {
                let said = raw(r#"{"action": "get_vectors", "index_id": "flat_ip", "start_idx": 0, "limit": 3}"#);
                assert!(said.contains("Index ID must be string"), "{said}");
            }
            "reconstruct_id_map" => {
                let said = raw(r#"{"action": "reconstruct", "index_id": "id_map", "idx": 1}"#);
                assert!(said.contains("is not iterable"), "{said}");
            }
            "reconstruct_above_ntotal" => {
                let said = raw(r#"{"action": "reconstruct", "index_id": "flat_ip", "idx": 2000}"#);
                assert!(said.contains("out of range"), "{said}");
            }
            "search_and_reconstruct" => {
                let query = format!("[[{}]]", vec!["0.5"; 16].join(","));
                let request =
                    r#"{"action": "search_and_reconstruct", "index_id": "flat_ip", "k": 3, "query_vectors": "#;
                let said = raw(&format!("{request}{query}}}"));
                assert!(said.contains("Search results must be list"), "{said}");
            }
            "status_hnsw" | "status_scalar_quantizer" => {
                let index = if quirk.name == "status_hnsw" { hnsw } else { "sq" };
                let said = raw(&format!(r#"{{"action": "get_index_status", "index_id": "{index}"}}"#));
                assert!(said.contains("Server error"), "{said}");
                let mut client = Client::connect(&address(port, index), Login::default(), impatient()).unwrap();
                assert!(client.status(index).unwrap().class.starts_with(quirk.classes[0]), "{index}");
            }
            "info_counts" => {
                let said = raw(r#"{"action": "get_index_info", "index_id": "flat_ip"}"#);
                assert!(said.contains(r#""vectors_count": 0"#) && said.contains(r#""metric": "IP""#), "{said}");
            }
            "delete_leaves_the_base" => {
                let mut client = Client::connect(&address(port, "gone"), Login::default(), impatient()).unwrap();
                client.create("gone", 4, "IDMap2:L2").unwrap();
                client.delete("gone").unwrap();
                assert!(client.list().unwrap().iter().any(|listed| listed.index == "gone_base"));
            }
            "add_limit" => {
                let mut client = Client::connect(&address(port, "many"), Login::default(), impatient()).unwrap();
                client.create("many", 1, "L2").unwrap();
                let said = client.add("many", &vec![0; 4 * 10_001], 1, None).unwrap_err().to_string();
                assert!(said.contains("Batch size 10001 exceeds maximum"), "{said}");
            }
            // Held by what the server costs, and by its source; a test that measures time or memory would fail for other reasons.
            "search_polls" | "add_with_ids_keeps_a_copy" => {}
            // tests/faissx.rs: an id map after a restart.
            "base_not_persisted" => {}
            // Last, since it is the end.
            "reconstruct_n_id_map" => {}
            other => panic!("no test for `{other}`"),
        }
    }
    assert!(server.is_alive());
    // What a plan never asks for.
    for (index, calls) in [("id_map", vec![Call::Bulk, Call::Range, Call::One]), ("flat_ip", vec![Call::Bulk])] {
        let class = if index == "id_map" { "IndexIDMap" } else { "IndexFlatIP" };
        let faults = quirks::faults(quirks::NEWEST, class);
        assert_eq!(faults.iter().map(|fault| fault.forbids).collect::<Vec<_>>(), calls);
    }
    let pulled = pulled(port, "id_map", &dir.join("x.faissil"), impatient(), &options()).unwrap();
    assert_eq!(pulled.plan.steps[0].strategy, Strategy::ReconstructRange);
    script(
        "ask.py",
        &[
            &port.to_string(),
            r#"{"action": "reconstruct_n", "index_id": "id_map", "start_idx": 0, "num_vectors": 2000}"#,
            "3",
        ],
    );
    for _ in 0..100 {
        if !server.is_alive() {
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    panic!("the server lives on after `reconstruct_n` of an id map");
}
