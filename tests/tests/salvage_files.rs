//! Snapshots of every index, each chunk damaged in turn: what comes back are rows that were there.

use faissil::{
    drive::drive_on,
    opened::Opened,
    salvage::salvage,
    save::{Additions, Input, save},
    verify::verify,
};
use faissil_core::{
    report::Level,
    snapshot::{ChunkEntry, Layout, Owner},
};
use faissil_tests::{
    Case, kept,
    salvaged::{outline_of, pairs, stored},
};
use std::{fs, path::Path};

const QUIET: &(dyn Fn(u64, u64) + Sync) = &|_, _| {};

/// The chunks of the stream in a snapshot.
fn chunks(path: &Path) -> Vec<ChunkEntry> {
    let opened = Opened::open(path).unwrap();
    let mut walk = opened.snapshot.as_ref().unwrap().walk_chunks();
    let mut found = Vec::new();
    while let Some(entries) = drive_on(&mut walk, &opened.file).unwrap() {
        found.extend(entries.into_iter().filter(|entry| entry.owner == Owner::Stream));
    }
    found
}

/// Flip the bits of byte `at`.
fn flipped(bytes: &[u8], at: u64) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    bytes[at as usize] ^= 0xff;
    bytes
}

/// Salvage a snapshot of `case`, damaged at byte `at`, and compare. Whether it could be done.
fn check(case: &Case, dir: &Path, good: &[u8], at: u64, output: &str) -> bool {
    let (bad, out) = (dir.join("bad.faissil"), dir.join(output));
    fs::write(&bad, flipped(good, at)).unwrap();
    let _ = fs::remove_file(&out);
    let salvaged = match salvage(&bad, &out, None, QUIET) {
        Ok(salvaged) => salvaged,
        Err(error) => {
            assert!(error.cause.to_string().contains("cannot be left out"), "{}: {error}", case.name);
            assert!(!out.exists(), "{}: {error}", case.name);
            return false;
        }
    };
    assert!(!salvaged.damage.is_empty(), "{}", case.name);
    let stream = if output.ends_with(".faissil") {
        let opened = Opened::open(&out).unwrap();
        let snapshot = opened.snapshot.as_ref().unwrap();
        assert!(verify(&opened.file, snapshot, dir, QUIET).unwrap().is_ok(), "{}", case.name);
        faissil::load::load(&out, &faissil::load::Output::Path(dir.join("stream")), salvaged.digest, QUIET).unwrap();
        fs::read(dir.join("stream")).unwrap()
    } else {
        fs::read(&out).unwrap()
    };
    assert_eq!(blake3::hash(&stream).to_string(), salvaged.stream_digest.to_string(), "{}", case.name);
    let old = case.bytes();
    match salvaged.fidelity {
        Level::ExactBytes => assert!(stream == old, "{}", case.name),
        Level::ExactVectors => assert_eq!(salvaged.rows_left_out(), 0, "{}", case.name),
        _ => assert!(salvaged.rows_left_out() > 0, "{}", case.name),
    }
    let (old_outline, new_outline) = (outline_of(&old), outline_of(&stream));
    assert_eq!(new_outline.fault, old_outline.fault.clone().filter(|_| stream == old), "{}", case.name);
    if let (Some(old), Some(new)) = (stored(&old, &old_outline), stored(&stream, &new_outline)) {
        let (old_rows, new_rows) = (pairs(&old), pairs(&new));
        assert!(new_rows.iter().all(|(row, count)| old_rows.get(row) >= Some(count)), "{}", case.name);
        assert_eq!(new.len() as u64, old.len() as u64 - salvaged.rows_left_out(), "{}", case.name);
    }
    true
}

#[test]
fn what_comes_back_of_a_damaged_snapshot_was_there() {
    let cases = kept();
    let done = std::sync::Mutex::new([0u64; 2]);
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(8)) {
            let done = &done;
            scope.spawn(move || {
                for case in part {
                    let dir = tempfile::tempdir().unwrap();
                    let dir = dir.path();
                    for layout in [Layout::Sealed, Layout::Packed] {
                        let path = dir.join("good");
                        save(&Input::Path(case.path.clone()), &path, layout, &Additions::default(), QUIET).unwrap();
                        let good = fs::read(&path).unwrap();
                        for (number, chunk) in chunks(&path).iter().enumerate() {
                            let output = if number % 2 == 0 { "out.faiss" } else { "out.faissil" };
                            let at = chunk.stored.start + chunk.stored.len * 2 / 3;
                            let could = check(case, dir, &good, at, output);
                            done.lock().unwrap()[usize::from(!could)] += 1;
                        }
                    }
                }
            });
        }
    });
    let [salvaged, refused] = done.into_inner().unwrap();
    assert!(salvaged > 120 && refused > 300, "{salvaged} salvaged, {refused} refused");
}
