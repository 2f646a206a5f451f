//! Reading vectors: byte by byte, a few of them, through id maps. `decoded.rs` is about what they are.

use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, Row};
use faissil_core::vectors::{FindRows, VectorStream, find, find_plain};
use faissil_tests::driven::{batches, step};
use faissil_tests::kept;
use faissil_tests::rows::{outline, read, rows};

#[test]
fn single_bytes_give_the_same_vectors() {
    for case in kept() {
        let (file, files) = case.with_side();
        let outline = outline(&file, files);
        let Ok(stored) = find(&outline) else { continue };
        if stored.rows < 120 {
            assert_eq!(read(&stored, &file, files, 7), read(&stored, &file, files, usize::MAX), "{}", case.name);
        }
    }
}

#[test]
fn chosen_rows_and_ids_are_those_of_the_whole() {
    for case in kept() {
        let (file, files) = case.with_side();
        let outline = outline(&file, files);
        let Ok(stored) = find(&outline) else { continue };
        let all = read(&stored, &file, files, usize::MAX);
        let range = 3..17.min(all.len().max(3));
        let mut stream = VectorStream::new(&stored, files, [3..17, 900..950], true);
        assert_eq!(rows(&mut stream, &stored, &file, usize::MAX), all.get(range).unwrap_or(&[]), "{}", case.name);

        let chosen: Vec<usize> = (0..all.len()).filter(|row| row % 5 == 3 || row % 7 == 1).collect();
        let picked: Vec<_> = chosen.iter().map(|&row| all[row].clone()).collect();
        let wanted = chosen.iter().rev().map(|&row| Row(row as u64)).collect();
        let mut stream = VectorStream::rows(&stored, files, wanted, true);
        assert_eq!(rows(&mut stream, &stored, &file, usize::MAX), picked, "{}", case.name);

        let ids = picked.iter().map(|(id, _)| ExternalId(*id)).chain([ExternalId(-5)]);
        let found = step(&mut FindRows::new(&stored, files, ids), &file, usize::MAX).unwrap();
        let expected: Vec<_> = chosen.iter().map(|&row| (Row(row as u64), ExternalId(all[row].0))).collect();
        assert_eq!(found, expected, "{}", case.name);
    }
}

/// An id map around a stream: its header again, the stream, ids.
fn id_map(stream: &[u8], ids: &[i64]) -> Vec<u8> {
    let header = &stream[4..37];
    let ids_at_end = [(ids.len() as i64).to_le_bytes()].into_iter().chain(ids.iter().map(|id| id.to_le_bytes()));
    [b"IxM2", header, stream, &ids_at_end.collect::<Vec<_>>().concat()].concat()
}

#[test]
fn id_maps_around_lists_and_around_each_other_are_gone_through() {
    let case = |name: &str| kept().into_iter().find(|case| case.name == name).unwrap().bytes();
    for (name, n) in [("1.15.1/ivf_flat", 150_i64), ("1.15.1/ivf_flat_dm_array", 100), ("1.15.1/flat_l2", 50)] {
        let inner = case(name);
        // A shuffle that does not leave neighbours side by side, then another with far ids.
        let positions: Vec<i64> = (0..n).map(|i| i * 7 % n).collect();
        let ids: Vec<i64> = (0..n).map(|i| i64::MIN + (n - i) * (n - i)).collect();
        let plain = faiss::outline(&inner).unwrap();
        let expected = read(&find(&plain).unwrap(), &inner, Files::only(inner.len() as u64), usize::MAX);
        let at = |label: i64| usize::try_from(label).unwrap();
        let twice: Vec<i64> = positions.iter().map(|&label| ids[at(label)]).collect();
        for (file, by_label) in [(id_map(&inner, &ids), &ids), (id_map(&id_map(&inner, &positions), &ids), &twice)] {
            let outline = faiss::outline(&file).unwrap();
            assert_eq!(outline.fault, None);
            let (stored, files) = (find(&outline).unwrap(), Files::only(file.len() as u64));
            let expected: Vec<_> = expected.iter().map(|(label, row)| (by_label[at(*label)], row.clone())).collect();
            for page in [usize::MAX, 3] {
                assert_eq!(read(&stored, &file, files, page), expected, "{name}");
            }
            let wanted = ExternalId(expected[17].0);
            let found = step(&mut FindRows::new(&stored, files, [wanted]), &file, usize::MAX).unwrap();
            assert_eq!(found, [(Row(17), wanted)]);
        }
        // A label that the id map has no entry for.
        let mut file = id_map(&id_map(&inner, &ids), &ids);
        let outline = faiss::outline(&file).unwrap();
        let error =
            batches(&mut VectorStream::all(&find(&outline).unwrap(), Files::only(file.len() as u64), true), &file, 99);
        let error = error.unwrap_err().to_string();
        assert!(error.contains("while reading id_map: a label is a row of the id map around it: found -"), "{error}");
        file.truncate(file.len() - 1);
        assert!(find(&faiss::outline(&file).unwrap()).unwrap_err().reason.starts_with("cannot be read to its end"));
    }
}

#[test]
fn what_is_not_plain_says_which_record_is_in_the_way() {
    let reason = |name: &str| {
        let case = kept().into_iter().find(|case| case.name == name).unwrap();
        find_plain(&faiss::outline(&case.bytes()).unwrap()).unwrap_err().reason
    };
    let said: Vec<String> = [
        "1.15.1/sq8",
        "1.15.1/ivf_pq4x8",
        "1.15.1/pq8x1",
        "1.15.1/pca_flat",
        "1.15.1/ivf_indep_pq_vt",
        "1.15.1/idmap2_pca_sq8",
        "1.15.1/hnsw_null_storage",
        "1.15.1/ivf_flat_no_invlists",
        "1.15.1/bin_flat",
        "1.15.1/lsh",
    ]
    .iter()
    .map(|name| format!("{name}: {}", reason(name)))
    .collect();
    insta::assert_snapshot!(said.join("\n"));
}
