//! Pairs of indexes: what is said to differ is what was changed.

use faissil_core::diff::{Diff, Report, Side};
use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::ExternalId;
use faissil_core::standin::StandIn;
use faissil_tests::driven::over;
use faissil_tests::{Case, corpus, kept};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// Compare two files in memory; the second with its side file.
fn diff_in_pages(a: &[u8], b: &[u8], page: usize) -> Report {
    let (one, other) = (faiss::outline(a).unwrap(), faiss::outline(b).unwrap());
    let side = |outline, bytes: &[u8]| Side { outline, files: Files::only(bytes.len() as u64) };
    let diff = Diff::new(side(&one, a), side(&other, b), 5);
    over(diff, &[a, b].concat(), page).unwrap()
}

fn diff(a: &[u8], b: &[u8]) -> Report {
    diff_in_pages(a, b, usize::MAX)
}

fn case(name: &str) -> Case {
    kept().into_iter().find(|case| case.name == name).unwrap_or_else(|| panic!("{name}"))
}

fn bytes(name: &str) -> Vec<u8> {
    case(name).bytes()
}

/// A flat index with ids.
fn stand_in(rows: &[(i64, [f32; 2])]) -> Vec<u8> {
    let vectors = rows.iter().map(|(_, row)| row.iter().flat_map(|x| x.to_le_bytes()).collect());
    let pieces = StandIn::new(2, 1, 0.0, rows.len() as u64).unwrap();
    let ids = rows.iter().map(|(id, _)| ExternalId(*id));
    pieces.pieces(vectors, ids).flat_map(|piece| piece.unwrap()).collect()
}

#[test]
fn an_index_does_not_differ_from_itself() {
    for case in kept() {
        let file = case.bytes();
        if case.path.with_extension("ivfdata").exists() {
            continue;
        }
        let report = diff(&file, &file);
        assert!(report.same, "{}:\n{report}", case.name);
        assert!(report.ids.is_some() || case.name.contains("bin_hash"), "{}:\n{report}", case.name);
    }
}

#[test]
fn a_side_file_is_compared_with_its_index() {
    let case = case("1.15.1/ivf_flat_ondisk");
    let (file, side) = (case.bytes(), std::fs::read(case.path.with_extension("ivfdata")).unwrap());
    let mut other = side.clone();
    let outline = faiss::outline(&file).unwrap();
    let files = Files { stream: file.len() as u64, side: Some(side.len() as u64) };
    let side_of = || Side { outline: &outline, files };
    let report = over(Diff::new(side_of(), side_of(), 5), &[&file[..], &side, &file, &other].concat(), 100).unwrap();
    assert!(report.same && report.vectors.rows == 60, "{report}");
    // The side file has room between lists: the first byte of a list that holds something.
    let lists = outline.root.lists().unwrap();
    let list = over(lists.locate(files.stream, 2), &file, usize::MAX).unwrap();
    other[usize::try_from(list.codes.start).unwrap()] ^= 1;
    let report = over(Diff::new(side_of(), side_of(), 5), &[&file[..], &side, &file, &other].concat(), 100).unwrap();
    assert_eq!((report.same, report.vectors.changed.count), (false, 1), "{report}");
}

/// Pages of reports on some pairs.
#[test]
fn reports_say_what_was_changed() {
    let pairs = [
        ("1.15.1/flat_l2", "1.15.1/flat_ip"),
        ("1.15.1/flat_l2", "1.15.1/flat_l2_panorama"),
        ("1.15.1/flat_l2", "1.15.1/hnsw_flat"),
        ("1.15.1/idmap_flat", "1.15.1/idmap2_flat"),
        ("1.15.1/ivf_flat", "1.15.1/ivf_flat_nprobe4"),
        ("1.15.1/ivf_flat", "1.15.1/ivf_flat_ids"),
        ("1.15.1/ivf_flat_dm_array", "1.15.1/ivf_flat_panorama_bs16"),
        ("1.15.1/ivf_pq4x8", "1.15.1/ivf_pq_no_residual"),
        ("1.15.1/sq8", "1.15.1/sq8_uniform"),
        ("1.15.1/sq8", "1.15.1/flat_l2"),
        ("1.15.1/pca_flat", "1.15.1/pcaw_flat"),
        ("1.15.1/bin_flat", "1.15.1/bin_hnsw"),
        ("1.15.1/ivf_pqfs", "1.15.1/ivf_pqfs_residual"),
    ];
    let mut said = String::new();
    for (a, b) in pairs {
        let report = diff(&bytes(a), &bytes(b));
        assert_eq!(report, diff_in_pages(&bytes(a), &bytes(b), 11));
        said.push_str(&format!("{a} {b}\n{report}\n"));
    }
    insta::assert_snapshot!(said);
}

#[test]
fn codes_are_compared_where_they_mean_the_same() {
    let (file, mut other) = (bytes("1.15.1/ivf_pq4x8"), bytes("1.15.1/ivf_pq4x8"));
    let report = diff(&file, &other);
    assert_eq!((report.same, report.vectors.compared), (true, Some("codes")), "{report}");
    // The last list ends with its ids; the codes of the list stand before them.
    let outline = faiss::outline(&file).unwrap();
    let first = usize::try_from(outline.root.lists().unwrap().span.start).unwrap();
    other[first] ^= 1;
    let report = diff(&file, &other);
    assert_eq!(report.vectors.changed.count, 1, "{report}");
    // A codebook that differs by a bit: equal codes mean other vectors.
    let at = outline.root.array("pq.centroids").unwrap().span.start;
    let mut other = file.clone();
    other[usize::try_from(at).unwrap()] ^= 1;
    let report = diff(&file, &other);
    assert_eq!(report.vectors.compared, None, "{report}");
    assert_eq!(
        report.vectors.why.as_deref(),
        Some("needs decoding: pq.centroids differs, so that equal codes mean other vectors")
    );
}

#[test]
fn a_hash_table_in_another_order_is_the_same() {
    let name = "1.15.1/ivf_flat_dm_hash";
    let (file, mut other) = (bytes(name), bytes(name));
    let outline = faiss::outline(&file).unwrap();
    let span = outline.root.array("direct_map.hashtable").unwrap().span;
    let (start, end) = (usize::try_from(span.start).unwrap(), usize::try_from(span.end()).unwrap());
    let entries: Vec<Vec<u8>> = file[start..end].chunks(16).rev().map(<[u8]>::to_vec).collect();
    other[start..end].copy_from_slice(&entries.concat());
    assert!(file != other);
    let report = diff(&file, &other);
    assert!(report.same, "{report}");
    other[start] ^= 1;
    assert!(!diff(&file, &other).same);
}

#[test]
fn every_kind_can_be_compared_with_every_other_of_its_release() {
    // Each with the one after it in the list: no pair may fail, and no pair is the same.
    let cases: Vec<Case> = corpus().into_iter().filter(|case| case.name.starts_with("1.15.1/")).collect();
    for pair in cases.windows(2) {
        let (a, b) = (pair[0].bytes(), pair[1].bytes());
        if pair.iter().any(|case| case.path.with_extension("ivfdata").exists()) {
            continue;
        }
        let report = diff(&a, &b);
        assert!(!report.same || a == b, "{} {}:\n{report}", pair[0].name, pair[1].name);
    }
}

#[test]
fn damaged_files_are_compared_or_refused() {
    for case in kept().into_iter().filter(|case| case.bytes().len() < 6000) {
        let file = case.bytes();
        for at in (4..file.len()).step_by(file.len() / 9 + 1) {
            for patch in [[0xff_u8; 8], [0; 8]] {
                let mut other = file.clone();
                let end = (at + 8).min(other.len());
                other[at..end].copy_from_slice(&patch[..end - at]);
                let (one, damaged) = (faiss::outline(&file).unwrap(), faiss::outline(&other).unwrap());
                let side = |outline| Side { outline, files: Files::only(file.len() as u64) };
                // Whatever it says, it comes back.
                let _ = over(Diff::new(side(&one), side(&damaged), 3), &[&file[..], &other].concat(), usize::MAX);
            }
        }
    }
}

#[test]
fn many_rows_in_another_order_are_matched_in_passes() {
    // More than are kept at once, in reverse, one gone, one new, one changed.
    let n = 300_000_i64;
    let row = |id: i64| (id * 3, [id as f32, 0.5]);
    let a: Vec<_> = (0..n).map(row).collect();
    let mut b: Vec<_> = (1..=n).rev().map(row).collect();
    b[7].1 = [-1.0, -1.0];
    let report = diff(&stand_in(&a), &stand_in(&b));
    let ids = report.ids.unwrap();
    assert_eq!((ids.added.first, ids.removed.first), (vec![n * 3], vec![0]));
    assert_eq!((ids.added.count, ids.removed.count), (1, 1));
    // Row i against n - i: the one in the middle stays.
    assert_eq!(ids.moved.unwrap().count, 299_998);
    assert_eq!((report.vectors.rows, report.vectors.changed.first), (299_999, vec![(n - 7) * 3]));
}

fn rows() -> impl Strategy<Value = Vec<(i64, [f32; 2])>> {
    let id = prop_oneof![0..20_i64, any::<i64>()];
    proptest::collection::vec((id, [0_u8..3, 0..3].prop_map(|xs| xs.map(f32::from))), 0..30).prop_map(|rows| {
        // Each id once, in the order of the first.
        let mut seen = std::collections::BTreeSet::new();
        rows.into_iter().filter(|(id, _)| seen.insert(*id)).collect()
    })
}

proptest! {
    #[test]
    fn rows_are_matched_by_id(a in rows(), b in rows(), keep in 0..20_usize) {
        // A common start, so that both ways of matching are gone.
        let start: Vec<_> = a.iter().take(keep).copied().collect();
        let rest = b.iter().filter(|(id, _)| !start.iter().any(|(other, _)| other == id)).copied();
        let b: Vec<_> = start.iter().copied().chain(rest).collect();
        let report = diff(&stand_in(&a), &stand_in(&b));
        let place = |rows: &[(i64, [f32; 2])]| -> BTreeMap<i64, (usize, [u32; 2])> {
            rows.iter().enumerate().map(|(row, (id, xs))| (*id, (row, xs.map(f32::to_bits)))).collect()
        };
        let (one, other) = (place(&a), place(&b));
        let ids = report.ids.as_ref().unwrap();
        let count = |test: &dyn Fn(&i64) -> bool, of: &BTreeMap<i64, (usize, [u32; 2])>| {
            of.keys().filter(|id| test(id)).count() as u64
        };
        prop_assert_eq!(ids.added.count, count(&|id| !one.contains_key(id), &other));
        prop_assert_eq!(ids.removed.count, count(&|id| !other.contains_key(id), &one));
        let moved = count(&|id| other.get(id).is_some_and(|there| there.0 != one[id].0), &one);
        prop_assert_eq!(ids.moved.as_ref().unwrap().count, moved);
        let changed = count(&|id| other.get(id).is_some_and(|there| there.1 != one[id].1), &one);
        prop_assert_eq!(report.vectors.changed.count, changed);
        prop_assert_eq!(report.vectors.rows, count(&|id| other.contains_key(id), &one));
        prop_assert_eq!(report.same, a == b);
    }
}
