//! Pages of indexes, as other projects' test suites keep them, and the sentences that say what changed.

use faissil::assert_index_snapshot;
use faissil::core::snapshot::Layout;
use faissil::save::{Additions, Input, save};
use faissil::testing::{Fixture, Metric, changes, page, page_changes};
use faissil_tests::{corpus, kept, root};
use std::process::Command;

/// An index as a pipeline makes it today.
fn pipeline() -> Fixture {
    Fixture::new("IDMap2,Flat").rows(20).dim(4)
}

/// The same tomorrow.
fn tomorrow() -> Fixture {
    pipeline().without([2, 5, 11]).changed([7, 8])
}

/// The macro as a test suite runs it: today's page is kept here, and tomorrow's is held against it by this same
/// test in a process of its own.
#[test]
fn few_rows_have_a_line_each() {
    let index = if std::env::var_os("FAISSIL_TEST_TOMORROW").is_some() { tomorrow() } else { pipeline() };
    assert_index_snapshot!(index);
    let mut again = Command::new(std::env::current_exe().unwrap());
    again.args(["--exact", "few_rows_have_a_line_each", "--nocapture"]);
    again.envs([("FAISSIL_TEST_TOMORROW", "1"), ("INSTA_UPDATE", "no"), ("INSTA_FORCE_PASS", "0")]);
    let done = again.output().unwrap();
    let said = String::from_utf8_lossy(&[done.stdout, done.stderr].concat()).into_owned();
    assert!(!done.status.success(), "{said}");
    assert!(said.contains("the index changed: 3 ids gone, vectors of 2 rows changed\n"), "{said}");
}

#[test]
fn many_rows_are_told_in_groups() {
    assert_index_snapshot!(
        "many_rows",
        Fixture::new("Flat").rows(500).dim(3).metric(Metric::InnerProduct).build().unwrap()
    );
}

#[test]
fn indexes_of_faiss_have_pages() {
    let recipes =
        ["idmap2_flat", "hnsw_flat", "ivf_flat_ondisk", "idmap2_ivfpq", "pqfs4x4", "bin_ivf_dm_array", "pca_flat"];
    for recipe in recipes {
        assert_index_snapshot!(recipe, root().join("fixtures/faiss/1.15.1").join(recipe).with_extension("faiss"));
    }
}

#[test]
fn every_kind_of_index_has_a_page_without_its_path() {
    for case in corpus() {
        let found = page(&case.path).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        assert!(found.lines().count() < 400, "{}: {} lines", case.name, found.lines().count());
        assert!(!found.contains('/') && !found.contains(&*root().to_string_lossy()), "{}:\n{found}", case.name);
        assert_eq!(page_changes(&found, &found), "", "{}", case.name);
    }
}

#[test]
fn a_page_is_about_the_index_and_not_about_its_file() {
    let dir = tempfile::tempdir().unwrap();
    for case in kept().iter().filter(|case| case.name.ends_with("/ivf_flat") || case.name.ends_with("/hnsw_pq")) {
        let expected = page(&case.bytes()).unwrap();
        assert_eq!(page(&case.path).unwrap(), expected);
        for layout in [Layout::Sealed, Layout::Packed] {
            let snapshot = dir.path().join("x.faissil");
            save(&Input::Path(case.path.clone()), &snapshot, layout, &Additions::default(), &|_, _| {}).unwrap();
            assert_eq!(page(&snapshot).unwrap(), expected, "{}", case.name);
            assert_eq!(changes(&snapshot, &case.path).unwrap(), "", "{}", case.name);
        }
    }
}

#[test]
fn what_a_snapshot_carries_is_on_its_page() {
    let dir = tempfile::tempdir().unwrap();
    let (index, snapshot, note) = (dir.path().join("x.faiss"), dir.path().join("x.faissil"), dir.path().join("n.txt"));
    std::fs::write(&index, pipeline().build().unwrap()).unwrap();
    std::fs::write(&note, "a note").unwrap();
    let additions = Additions {
        metadata: vec![("model".into(), "MiniLM".into())],
        attachments: vec![("n.txt".into(), faissil::save::Attach::File(note))],
        ..Additions::default()
    };
    save(&Input::Path(index.clone()), &snapshot, Layout::Sealed, &additions, &|_, _| {}).unwrap();
    let (plain, found) = (page(&index).unwrap(), page(&snapshot).unwrap());
    assert_eq!(found.strip_prefix(&plain), Some("\nmetadata\n  model MiniLM\n\nattachments\n  n.txt 6 bytes\n"));
    assert_eq!(page_changes(&plain, &found), "model MiniLM new, n.txt 6 bytes new");
}

/// Lines that only the old and only the new page has.
fn diff<'a>(old: &'a str, new: &'a str) -> (Vec<&'a str>, Vec<&'a str>) {
    let only =
        |one: &'a str, other: &str| one.lines().filter(|line| !other.lines().any(|theirs| theirs == *line)).collect();
    (only(old, new), only(new, old))
}

#[test]
fn a_changed_pipeline_is_a_small_diff() {
    let old = pipeline();
    let new = tomorrow();
    let (before, after) = (page(&old).unwrap(), page(&new).unwrap());
    let (gone, come) = diff(&before, &after);
    // The count, the two arrays, the ids' count and digest, and a line for each row; then the answer to
    // one query.
    let line = |row: u64| format!("  {} ", old.data().id(row).0);
    for row in [2, 5, 11, 7, 8] {
        assert!(gone.iter().any(|found| found.starts_with(&line(row))), "{gone:#?}");
    }
    assert_eq!((gone.len(), come.len()), (5 + 5 + 1, 5 + 2 + 1), "{gone:#?}\n{come:#?}");
    let said = "3 ids gone, vectors of 2 rows changed";
    assert_eq!(page_changes(&before, &after), said);
    assert_eq!(changes(&old, &new).unwrap(), said);
    assert_eq!(page_changes(&after, &before), "3 ids new, vectors of 2 rows changed");
}

/// The first block of a document that is marked so.
fn block<'a>(document: &'a str, mark: &str) -> &'a str {
    let (_, rest) = document.split_once(&format!("```{mark}\n")).unwrap();
    rest.split_once("```").unwrap().0
}

#[test]
fn the_document_shows_a_real_page_and_a_real_diff() {
    let document = std::fs::read_to_string(root().join("docs/testing.md")).unwrap();
    let old = Fixture::new("IDMap2,Flat").rows(12).dim(4);
    let new = old.clone().without([2, 5, 11]).changed([7, 8]);
    let (before, after) = (page(&old).unwrap(), page(&new).unwrap());
    assert_eq!(block(&document, "text"), before);
    let shown = block(&document, "diff");
    let marked = |mark: char| shown.lines().filter_map(move |line| line.strip_prefix(mark)).collect::<Vec<_>>();
    assert_eq!((marked('-'), marked('+')), diff(&before, &after));
    assert!(marked(' ').iter().all(|line| before.contains(line)));
    assert!(document.contains(&format!("the index changed: {}\n", page_changes(&before, &after))));
}

#[test]
fn groups_of_rows_tell_few_changes_and_never_more_than_there_are() {
    for seed in 0..20 {
        let old = Fixture::new("IDMap2,Flat").rows(3000).dim(2).seed(seed);
        let new = old.clone().without([70, 1500, 2999]).changed((0..12).map(|number| number * 211));
        let (before, after) = (page(&old).unwrap(), page(&new).unwrap());
        assert_eq!(changes(&old, &new).unwrap(), "3 ids gone, vectors of 12 rows changed");
        let said = page_changes(&before, &after);
        let numbers: Vec<u64> =
            said.split(|c: char| !c.is_ascii_digit()).filter_map(|word| word.parse().ok()).collect();
        assert!(said.contains("3 ids gone, vectors of at least ") && (8..=12).contains(&numbers[1]), "{seed}: {said}");
        let (gone, come) = diff(&before, &after);
        assert!(gone.len() <= 5 + 15 + 3 && come.len() <= gone.len(), "{seed}: {gone:#?}");
    }
}

#[test]
fn other_changes_are_said_too() {
    let path = |name: &str| root().join("fixtures/faiss/1.15.1").join(name);
    let both = |a: &str, b: &str| {
        let (a, b) = (path(a), path(b));
        [changes(&a, &b).unwrap(), page_changes(&page(&a).unwrap(), &page(&b).unwrap())].join("\n")
    };
    let found = [
        both("ivf_flat.faiss", "ivf_sq8.faiss"),
        both("flat_l2.faiss", "flat_ip.faiss"),
        both("hnsw_flat.faiss", "hnsw_flat_ef.faiss"),
        both("idmap_flat.faiss", "idmap2_flat.faiss"),
        both("sq8.faiss", "sq8_uniform.faiss"),
    ];
    let found = found.join("\n\n");
    insta::assert_snapshot!(found);
}

#[test]
fn what_has_no_page_says_why() {
    let error = page(&b"no index"[..]).unwrap_err().to_string();
    assert!(error.contains("bytes in memory"), "{error}");
    let error = page("no such file").unwrap_err().to_string();
    assert_eq!(error, "cannot read `no such file`\n  cause: no such file");
    // What breaks off has a page that says so.
    let stream = pipeline().build().unwrap();
    let found = page(&stream[..stream.len() - 9]).unwrap();
    assert!(found.contains("\nfault truncated at byte "), "{found}");
}
