//! The golden snapshots of version 1: written once, readable for ever.
//!
//! Each is read by the core and by `docs/faissil_reader.py`, which was made from the document alone; both must say
//! the same. A folder `v2` would join them, none is ever rewritten.

use faissil_core::Reading;
use faissil_core::bytes::slice;
use faissil_core::snapshot::{
    Attachments, CheckAll, ChunkEntry, ChunkKind, Digest, Ids, Layout, Metadata, Open, Owner, Producer, REFERENCE,
    Snapshot, TreeBody,
};
use faissil_tests::snapshots::{counted, extract, open};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Name, snapshot digest, stream digest of each golden.
const GOLDENS: [(&str, &str, &str); 8] = [
    (
        "sealed_flat",
        "219b09c96335a7cc2703b16a3f5ca18b608728d7caf10a3383a8c1af961cd747",
        "0a457fbeabc1bd312103a95db1bf80beaa119b1d4c12a904ead226e3fc6bf202",
    ),
    (
        "packed_flat",
        "b314ecb91d46ce4ea68c0ae00cf9c409efcf431479605d66ac9e268e7753cfea",
        "0a457fbeabc1bd312103a95db1bf80beaa119b1d4c12a904ead226e3fc6bf202",
    ),
    (
        "sealed_full",
        "eb35229014349ab37a947342992808a7e8a708a56cccb119b34ba5981f1a27e4",
        "49c992cf156c7c11df3d08cdbfef2f8dd1ab9bd96be621a5be7992c2d4269cfd",
    ),
    (
        "packed_full",
        "e538388d99761d3b125bac3c911bd0ba9d0cccf7de547e8bea8ad11f618db02d",
        "49c992cf156c7c11df3d08cdbfef2f8dd1ab9bd96be621a5be7992c2d4269cfd",
    ),
    (
        "sealed_parts",
        "f23b231309d1fe38d713450da8d4ed5eb448018bcaf3db401f141f83489a5092",
        "e8b037dcc5ac1fb3a1c477521264a8c89bb968b62f03024d993857acf492e4c4",
    ),
    (
        "sealed_storeys",
        "62f18c32f0b35aa9ce1e1e0271f55baec8d5095470b8dbc4c8835521da7c8724",
        "c9b5d8f4ea930de968ec93f401eb2ecd688df7d4f0b5665dc7171b9be567c57d",
    ),
    (
        "packed_storeys",
        "a40abfc735353775695843db43477936bd50a1f31deaf66e371ebdf0cd79759a",
        "c9b5d8f4ea930de968ec93f401eb2ecd688df7d4f0b5665dc7171b9be567c57d",
    ),
    (
        "packed_codecs",
        "d45c2558fad55e40e9c0332dc209f190e789841fa22534fa1794af9a11965853",
        "6f6c84c9bb6c32744fdd0f695db924c758f4358d30c7ec03ae8c3d40126ab3bf",
    ),
];

fn folder() -> PathBuf {
    faissil_tests::root().join("fixtures/snapshot/v1")
}

fn goldens() -> Vec<(&'static str, PathBuf, Vec<u8>)> {
    let read = |(name, ..): (&'static str, _, _)| {
        let path = folder().join(name).with_extension("faissil");
        let bytes = std::fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        (name, path, bytes)
    };
    GOLDENS.into_iter().map(read).collect()
}

/// What is wrong with a file, if anything is.
fn fault(file: &[u8]) -> Option<String> {
    let snapshot = match Open::new(file.len() as u64).over(file) {
        Ok(snapshot) => snapshot,
        Err(error) => return Some(error.to_string()),
    };
    match CheckAll::new(&snapshot).over(file) {
        Ok(damage) => damage.first().map(|damage| damage.error.to_string()),
        Err(error) => Some(error.to_string()),
    }
}

#[test]
fn every_file_in_the_folder_is_expected() {
    let mut found: Vec<String> = std::fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().path().file_stem().unwrap().to_str().unwrap().to_string())
        .collect();
    found.sort();
    let mut expected: Vec<&str> = GOLDENS.iter().map(|golden| golden.0).collect();
    expected.sort();
    assert_eq!(found, expected);
    assert!(!expected.is_empty());
}

#[test]
fn goldens_stay_readable_and_have_the_digests_they_had() {
    for ((name, _, file), (_, digest, stream_digest)) in goldens().into_iter().zip(GOLDENS) {
        let snapshot = open(&file);
        assert_eq!(snapshot.digest().to_string(), digest, "{name}");
        assert_eq!(snapshot.stream().digest.to_string(), stream_digest, "{name}");
        assert_eq!(fault(&file), None, "{name}");
        let stream = extract(&snapshot, &file, Owner::Stream);
        assert_eq!(Digest::of(&stream).to_string(), stream_digest, "{name}");
        if snapshot.layout() == Layout::Sealed {
            assert!(file.starts_with(&stream), "{name}");
        }
        let body = snapshot.body::<TreeBody>().over(&file).unwrap().unwrap();
        let mut recorded = snapshot.outline(&body, |_| None).over(&file).unwrap();
        let mut derived = faissil_core::faiss::outline(&stream).unwrap();
        // Which classes there are is not the snapshot's to know.
        blank_classes(&mut recorded.root);
        blank_classes(&mut derived.root);
        assert_eq!(recorded, derived, "{name}");
    }
}

fn blank_classes(record: &mut faissil_core::outline::Record) {
    record.class = "";
    for item in &mut record.items {
        if let faissil_core::outline::Item::Record(record) = item {
            blank_classes(record);
        }
    }
}

#[test]
fn goldens_have_every_section() {
    let mut tags: Vec<String> = Vec::new();
    for (_, _, file) in goldens() {
        tags.extend(open(&file).sections().iter().map(|section| section.tag.to_string()));
    }
    tags.sort();
    tags.dedup();
    assert_eq!(tags, ["ATCH", "CHNK", "IDMP", "META", "PROD", "STRM", "TREE"]);
}

#[test]
fn goldens_have_every_form() {
    let snapshots: Vec<_> = goldens().into_iter().map(|(_, _, file)| (open(&file), file)).collect();
    let any = |holds: &dyn Fn(&Snapshot, &[u8]) -> bool| snapshots.iter().any(|(snapshot, file)| holds(snapshot, file));
    assert!(any(&|snapshot, _| snapshot.sections().iter().any(|section| section.flags & REFERENCE != 0)));
    assert!(any(&|snapshot, file| {
        snapshot.body::<TreeBody>().over(file).unwrap().is_some_and(|tree| tree.records_at.is_some())
    }));
    assert!(any(&|snapshot, file| {
        snapshot.body::<TreeBody>().over(file).unwrap().unwrap().lists.iter().any(|lists| lists.sizes.is_some())
    }));
    assert!(any(&|snapshot, file| {
        let ids = snapshot.body::<Ids>().over(file).unwrap();
        ids.and_then(|ids| ids.lookup).is_some_and(|lookup| lookup.height == 1)
    }));
    let codecs = |snapshot: &Snapshot, file: &[u8]| {
        let mut chunks = counted(&mut snapshot.walk_chunks(), file).0.unwrap();
        let attachments = snapshot.body::<Attachments>().over(file).unwrap();
        for (number, attachment) in attachments.iter().flat_map(|body| &body.attachments).enumerate() {
            let page = counted(&mut snapshot.walk_attachment(number as u64, attachment), file).0;
            chunks.extend(page.into_iter().flatten());
        }
        let codec = |chunk: ChunkEntry| match chunk.kind {
            ChunkKind::Coded { codec, .. } => Some(codec),
            ChunkKind::Sealed { .. } => None,
        };
        chunks.into_iter().filter_map(codec).collect::<Vec<_>>()
    };
    for codec in faissil_core::codec::TABLE {
        assert!(any(&|snapshot, file| codecs(snapshot, file).contains(&codec.number)), "{}", codec.name);
    }
}

#[test]
fn every_flipped_byte_of_a_golden_is_found() {
    for (name, _, mut file) in goldens() {
        // Each byte of the small ones; of the others the blocks' and pages' neighbourhood is sampled.
        let step = if file.len() < 12_000 { 1 } else { 97 };
        for at in (0..file.len()).step_by(step) {
            file[at] ^= 1 << (at % 8);
            assert!(fault(&file).is_some(), "{name}: byte {at}");
            file[at] ^= 1 << (at % 8);
        }
    }
}

#[test]
fn every_truncation_of_a_golden_is_found() {
    for (name, _, file) in goldens() {
        let step = if file.len() < 12_000 { 1 } else { 97 };
        for len in (0..file.len()).step_by(step) {
            assert!(Open::new(len as u64).over(&file[..len]).is_err(), "{name}: {len}");
        }
    }
}

#[test]
fn a_few_bytes_at_a_time_give_the_same() {
    for (name, _, file) in goldens() {
        let whole = open(&file);
        let mut reading = Open::new(file.len() as u64);
        let snapshot = loop {
            match reading.step().unwrap() {
                faissil_core::Step::Done(snapshot) => break snapshot,
                faissil_core::Step::Need(span) => {
                    let part = faissil_core::Span::new(span.start, span.len.min(1000));
                    reading.bring(span.start, slice(&file, part));
                }
            }
        };
        assert_eq!(snapshot.digest(), whole.digest(), "{name}");
        let mut check = CheckAll::new(&snapshot);
        loop {
            match check.step().unwrap() {
                faissil_core::Step::Done(damage) => break assert_eq!(damage, []),
                faissil_core::Step::Need(span) => {
                    // Half of what is asked for, and never more than 1000 bytes.
                    let len = span.len.div_ceil(2).min(1000);
                    check.bring(span.start, slice(&file, faissil_core::Span::new(span.start, len)));
                }
            }
        }
    }
}

/// The interpreter that has the package `blake3`.
fn python() -> PathBuf {
    if let Some(path) = std::env::var_os("FAISSIL_PYTHON") {
        return path.into();
    }
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or(faissil_tests::root().join("target"), PathBuf::from);
    let made = target.join("python/bin/python");
    if made.exists() { made } else { "python3".into() }
}

fn read_with_python(path: &Path) -> Value {
    let script = faissil_tests::root().join("docs/faissil_reader.py");
    let hint = "`cargo xtask test` installs Python's package `blake3` and sets FAISSIL_PYTHON";
    let out = Command::new(python()).arg(script).arg(path).output();
    let out = out.unwrap_or_else(|error| panic!("cannot run {}: {error}; {hint}", python().display()));
    let talk = String::from_utf8_lossy(&out.stderr);
    assert!(!talk.contains("No module named"), "{talk}{hint}");
    assert!(out.status.success(), "{}: {talk}", path.display());
    serde_json::from_slice(&out.stdout).unwrap()
}

/// What the core says of a snapshot, in the words of the Python reader.
fn report(snapshot: &Snapshot, file: &[u8]) -> Value {
    let stream = snapshot.stream();
    let metadata = snapshot.body::<Metadata>().over(file).unwrap();
    let entries = metadata.into_iter().flat_map(|body| body.entries);
    let pair = |entry: faissil_core::snapshot::Entry| (entry.key, Value::from(entry.value));
    let attachments = snapshot.body::<Attachments>().over(file).unwrap();
    let attachments = attachments.into_iter().flat_map(|body| body.attachments).map(|each| {
        json!({"name": each.name, "media_type": each.media_type, "len": each.length, "blake3": each.digest.to_string()})
    });
    let producer = snapshot.body::<Producer>().over(file).unwrap();
    let tree = snapshot.body::<TreeBody>().over(file).unwrap().unwrap();
    let records = match &tree.records_at {
        Some(place) => slice(file, place.span()).to_vec(),
        None => tree.records.clone(),
    };
    json!({
        "layout": snapshot.layout().name(),
        "snapshot_digest": snapshot.digest().to_string(),
        "stream": {"len": stream.length, "blake3": stream.digest.to_string()},
        "chunks": snapshot.chunks().table.count,
        "faiss_version_min": format!("{}.{}.{}", stream.faiss_major, stream.faiss_minor, stream.faiss_patch),
        "sections": snapshot.sections().iter().map(|section| section.tag.to_string()).collect::<Vec<_>>(),
        "signatures": snapshot.signatures().len,
        "metadata": entries.map(pair).collect::<serde_json::Map<_, _>>(),
        "producer": producer.map(|producer| [producer.name, producer.version]),
        "attachments": attachments.collect::<Vec<_>>(),
        "ids": snapshot.body::<Ids>().over(file).unwrap().map(|ids| ids_report(snapshot, &ids, file)),
        "tree": {
            "description": tree.description,
            "facts": tree.facts.into_iter().map(pair).collect::<serde_json::Map<_, _>>(),
            "lists": tree.lists.iter().map(|lists| {
                json!([lists.path, lists.nlist, lists.total, lists.non_empty, lists.largest, lists.squares as u64])
            }).collect::<Vec<_>>(),
            "arrays": tree.arrays.iter().map(|array| {
                json!([array.path, array.dtype, array.shape, array.start, array.len])
            }).collect::<Vec<_>>(),
            "records_digest": Digest::of(&records).to_string(),
        },
    })
}

fn ids_report(snapshot: &Snapshot, ids: &Ids, file: &[u8]) -> Value {
    let digest = ids.lookup.as_ref().map(|lookup| {
        let mut walk = snapshot.walk_ids(lookup);
        let mut bytes = Vec::new();
        while let (Some(page), ..) = counted(&mut walk, file) {
            for (id, row) in page {
                bytes.extend(id.to_le_bytes());
                bytes.extend(row.to_le_bytes());
            }
        }
        Digest::of(&bytes).to_string()
    });
    json!({
        "count": ids.count, "kind": ids.kind, "min": ids.min, "max": ids.max, "start": ids.start, "stride": ids.stride,
        "duplicates": ids.duplicates, "lookup_digest": digest,
    })
}

#[test]
fn the_reader_in_python_says_the_same() {
    for (name, path, file) in goldens() {
        assert_eq!(read_with_python(&path), report(&open(&file), &file), "{name}");
    }
}

#[test]
fn the_reader_in_python_refuses_what_the_core_refuses() {
    let (_, _, file) = goldens().into_iter().find(|golden| golden.0 == "packed_full").unwrap();
    let path = std::env::temp_dir().join(format!("faissil-golden-{}", std::process::id()));
    // A chunk, a page, a body, the manifest, the trailer.
    for at in [20, file.len() / 3, file.len() / 2, file.len() - 500, file.len() - 3] {
        let mut bad = file.clone();
        bad[at] ^= 4;
        std::fs::write(&path, &bad).unwrap();
        let out = Command::new(python()).arg(faissil_tests::root().join("docs/faissil_reader.py")).arg(&path).output();
        let out = out.unwrap();
        let talk = String::from_utf8_lossy(&out.stderr).into_owned();
        assert_eq!(out.status.code(), Some(1), "{at}: {talk}");
        assert!(talk.contains(": byte ") && !talk.contains("Traceback"), "{at}: {talk}");
    }
    std::fs::remove_file(&path).unwrap();
}

#[test]
fn the_reader_in_python_is_short() {
    let text = std::fs::read_to_string(faissil_tests::root().join("docs/faissil_reader.py")).unwrap();
    assert!(text.lines().count() <= 300);
}
