//! Vectors come in the rows of the ids that are printed.

mod common;

use common::{fixture, run};
use std::{fs, path::Path};

/// An id map over the IVF index in `inner`, whose entries have the ids 0 and up: row `i` gets the id `ids[i]`.
fn mapped(inner: &[u8], ids: &[i64]) -> Vec<u8> {
    // The header of the inner index, `IwFl` and 33 bytes of L2 without an argument, serves the map too.
    let mut out = [b"IxM2", &inner[4..37], inner].concat();
    out.extend((ids.len() as u64).to_le_bytes());
    out.extend(ids.iter().flat_map(|id| id.to_le_bytes()));
    out
}

/// The data of a NumPy file in rows of `width` bytes.
fn npy(path: &Path, width: usize) -> Vec<Vec<u8>> {
    let bytes = fs::read(path).unwrap();
    let header = 10 + usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    bytes[header..].chunks(width).map(<[u8]>::to_vec).collect()
}

#[test]
fn rows_behind_an_id_map_are_those_of_the_map() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let inner = fs::read(fixture("1.15.1/ivf_flat.faiss")).unwrap();
    fs::write(dir.join("inner.faiss"), &inner).unwrap();
    assert!(run(dir, &["vectors", "inner.faiss", "-o", "x.npy", "--ids-out", "i.npy"]).status.success());
    let (vectors, labels) = (npy(&dir.join("x.npy"), 64), npy(&dir.join("i.npy"), 8));
    let mut expected = vec![Vec::new(); vectors.len()];
    for (label, vector) in labels.iter().zip(&vectors) {
        expected[i64::from_le_bytes(label[..].try_into().unwrap()) as usize] = vector.clone();
    }
    assert_ne!(expected, vectors, "the lists of the fixture are not in the order of its ids");

    let ids: Vec<i64> = (0..vectors.len() as i64).map(|row| 1000 - 7 * row).collect();
    fs::write(dir.join("mapped.faiss"), mapped(&inner, &ids)).unwrap();
    assert!(run(dir, &["vectors", "mapped.faiss", "-o", "y.npy", "--ids-out", "j.npy"]).status.success());
    assert_eq!(npy(&dir.join("y.npy"), 64), expected);
    let stored: Vec<Vec<u8>> = ids.iter().map(|id| id.to_le_bytes().to_vec()).collect();
    assert_eq!(npy(&dir.join("j.npy"), 8), stored);

    let part = run(dir, &["vectors", "mapped.faiss", "-o", "-", "--rows", "5..9"]);
    assert!(part.stdout.ends_with(&expected[5..9].concat()));

    // An entry that names a row twice leaves another without a vector: nothing is invented for it.
    let mut broken = mapped(&inner, &ids);
    let label = labels.iter().find(|label| label[0] == 3).unwrap();
    let at = broken.windows(8).rposition(|window| window == &label[..]).unwrap();
    broken[at] = 4;
    fs::write(dir.join("broken.faiss"), broken).unwrap();
    let refused = run(dir, &["vectors", "broken.faiss", "-o", "z.npy"]);
    assert_eq!(refused.status.code(), Some(1));
    assert!(!dir.join("z.npy").exists());
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("row 4 of the id map stands in the lists more than once"), "{said}");
}

#[test]
fn an_output_never_takes_the_place_of_the_index_or_of_another() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let index = fs::read(fixture("1.15.1/ivf_flat.faiss")).unwrap();
    fs::write(dir.join("q.faiss"), &index).unwrap();
    std::os::unix::fs::symlink("q.faiss", dir.join("link")).unwrap();
    std::os::unix::fs::symlink("/proc/self/fd/1", dir.join("out")).unwrap();
    std::os::unix::fs::symlink("nowhere", dir.join("dangling")).unwrap();
    let refused = [
        ["-o", "q.faiss", "--ids-out", "i.npy", "it is the index itself"],
        ["-o", "link", "--ids-out", "i.npy", "it is the index itself"],
        ["-o", "x.npy", "--ids-out", "q.faiss", "it is the index itself"],
        ["-o", "x.npy", "--ids-out", "./x.npy", "the vectors go there"],
        ["-o", "out", "--ids-out", "i.npy", "not a regular file, so it cannot be replaced"],
        ["-o", "dangling", "--ids-out", "i.npy", "a link that leads nowhere, so it cannot be replaced"],
    ];
    for [options @ .., why] in refused {
        let output = run(dir, &[&["vectors", "q.faiss"], &options[..]].concat());
        let said = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{said}");
        assert!(said.contains(why), "{said}");
    }
    assert!(fs::read(dir.join("q.faiss")).unwrap() == index);
    assert_eq!(common::names(dir), ["dangling", "link", "out", "q.faiss"]);
}

#[test]
fn codes_are_decoded_and_the_answer_says_so() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let write = |name: &str| {
        let path = fixture(&format!("1.15.1/{name}.faiss"));
        fs::copy(&path, dir.join(format!("{name}.faiss"))).unwrap();
        let facts = fs::read_to_string(Path::new(&path).with_extension("json")).unwrap();
        serde_json::from_str::<serde_json::Value>(&facts).unwrap()
    };
    // By id, out of lists, with no direct map.
    let facts = write("ivf_pq4x8");
    for id in [0, 3, 7] {
        let given = ["vectors", "ivf_pq4x8.faiss", "--id", &id.to_string(), "-o", "x.npy", "--json"];
        let said: serde_json::Value = serde_json::from_str(&common::expect(0, dir, &given)).unwrap();
        assert_eq!((&said["fidelity"], &said["dtype"]), (&"decoded vectors".into(), &"float32".into()));
        let row = npy(&dir.join("x.npy"), 64).concat();
        let hex: String = row.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(facts["vectors"]["first8"][id], hex);
    }
    // Bits of a binary index, as bytes.
    let facts = write("bin_flat");
    let said = common::expect(0, dir, &["vectors", "bin_flat.faiss", "-o", "b.npy"]);
    let d = facts["d"].as_u64().unwrap();
    assert!(said.contains(&format!(" exact vectors of {d} bits to b.npy")), "{said}");
    let width = usize::try_from(d / 8).unwrap();
    let hex: String = npy(&dir.join("b.npy"), width)[0].iter().map(|byte| format!("{byte:02x}")).collect();
    assert_eq!(facts["vectors"]["first8"][0], hex);
    // What FAISS cannot reconstruct is refused with the reason, and nothing is written.
    write("lsh_norot_thresh_20bit");
    let refused = run(dir, &["vectors", "lsh_norot_thresh_20bit.faiss", "-o", "l.npy"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert!(said.contains("FAISS leaves all but 20 of its 32 dimensions unset"), "{said}");
    assert!(refused.status.code() != Some(0) && !dir.join("l.npy").exists());
}

#[test]
fn rows_that_are_asked_for_behind_the_last_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), common::index(300, 2)).unwrap();
    for (command, said) in
        [(&["vectors", "x.faiss", "-o", "x.npy"][..], "wrote 10 exact vectors"), (&["ids", "x.faiss"], "")]
    {
        for (rows, is_noted) in [("290..100000000000", true), ("290..301", true), ("290..300", false), ("290..", false)]
        {
            let output = run(dir, &[command, &["--rows", rows]].concat());
            let (data, talk) = (common::text(&output.stdout), common::text(&output.stderr));
            assert!(output.status.code() == Some(0) && data.starts_with(said), "{command:?} {rows}: {talk}");
            let note = "note: there are 300 rows, so none from 300\n";
            assert_eq!(talk.contains(note), is_noted, "{command:?} {rows}: {talk}");
        }
    }
}
