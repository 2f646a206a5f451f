//! Reading vectors: byte by byte, a few of them, through id maps. `decoded.rs` is about what they are.

use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, Row};
use faissil_core::vectors::{FindRows, VectorStream, find, find_floats, find_plain};
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

#[test]
fn rows_of_a_multi_index_are_made_where_they_are_asked_for() {
    let case = kept().into_iter().find(|case| case.name == "1.15.1/imiq_alone").unwrap();
    // Its 2 codebooks of 8 entries of 8 floats, read as 16 codebooks of 8 floats: FAISS 1.15.1 reads that too.
    let mut file = case.bytes();
    let (ntotal, m, centroids) = (8, 45, 69);
    file[ntotal..ntotal + 8].copy_from_slice(&(1_u64 << 48).to_le_bytes());
    file[m..m + 8].copy_from_slice(&16_u64.to_le_bytes());
    let (outline, files) = (faiss::outline(&file).unwrap(), Files::only(file.len() as u64));
    assert_eq!(outline.fault, None);
    let stored = find(&outline).unwrap();
    assert_eq!((stored.rows, stored.d), (1 << 48, 16));
    let expected = |row: u64| {
        let floats = (0..16).flat_map(|book| {
            let entry = row >> (3 * book) & 7;
            let at = centroids + usize::try_from(book * 8 + entry).unwrap() * 4;
            file[at..at + 4].iter().copied()
        });
        (i64::try_from(row).unwrap(), floats.collect::<Vec<u8>>())
    };
    let ranges = [0..9, 0x1234_5678_9ABC..0x1234_5678_9ABC + 5000, (1 << 48) - 3..u64::MAX];
    let mut stream = VectorStream::new(&stored, files, ranges.clone(), true);
    let found = rows(&mut stream, &stored, &file, usize::MAX);
    assert_eq!(
        found,
        ranges.into_iter().flat_map(|rows| rows.start..rows.end.min(1 << 48)).map(expected).collect::<Vec<_>>()
    );
    // What looks at all rows is told that nobody stored them.
    let not = find_floats(&outline).unwrap_err().reason;
    assert!(not.ends_with("its rows are all there is to combine from its codebooks, and are not stored"), "{not}");
    // More rows than there are combinations.
    file[ntotal] = 1;
    let not = find(&faiss::outline(&file).unwrap()).unwrap_err().reason;
    assert!(not.ends_with("it says that it has more rows than its codebooks combine to"), "{not}");
    file[m] = 32;
    let not = find(&faiss::outline(&file).unwrap()).unwrap_err().reason;
    assert!(not.contains("the numbers of its rows take more than 63 bits"), "{not}");
}

#[test]
fn rotations_that_take_too_long_are_not_made() {
    let case = kept().into_iter().find(|case| case.name == "1.15.1/sq_3bit_tq_rotation").unwrap();
    let small = case.bytes();
    // A row of the same trained values in so many dimensions: header, quantizer, codes.
    let of = |d: u64| {
        let code_size = 3 * d.div_ceil(8) + 8;
        let (header, sq) = (&small[..37], &small[37..]);
        let mut file = header.to_vec();
        file[4..8].copy_from_slice(&u32::try_from(d).unwrap().to_le_bytes());
        file[8..16].copy_from_slice(&1_u64.to_le_bytes());
        // qtype, rangestat, rangestat_arg; d, code_size; the trained values behind their count.
        file.extend(&sq[..12]);
        file.extend(d.to_le_bytes());
        file.extend(code_size.to_le_bytes());
        file.extend(&sq[28..28 + 8 + 10 * 4]);
        file.extend(code_size.to_le_bytes());
        file.resize(file.len() + usize::try_from(code_size).unwrap(), 0xA5);
        file
    };
    for (d, is_made) in [(64, true), (2049, false), (1 << 20, false)] {
        let file = of(d);
        let outline = faiss::outline(&file).unwrap();
        assert_eq!(outline.fault, None, "{d}");
        let stored = find(&outline).unwrap();
        let read = batches(&mut VectorStream::all(&stored, Files::only(file.len() as u64), true), &file, usize::MAX);
        match read {
            Ok(batches) => assert!(is_made && batches.len() == 1, "{d}"),
            Err(error) => {
                let said = error.to_string();
                assert!(!is_made && said.contains("dimensions of a random rotation"), "{d}: {said}");
            }
        }
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
