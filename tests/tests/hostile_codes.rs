//! Decoding what nobody should have written: codes, codebooks and their numbers, spoiled in every index that decodes.
//!
//! Whatever stands there, rows come out or an error does, and memory is bounded by the file and one batch.

use faissil_core::bytes::{Reading, Step, slice};
use faissil_core::error::Error;
use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::outline::Outline;
use faissil_core::vectors::{VectorStream, find};
use faissil_tests::counting::{Counting, peak};
use faissil_tests::examine::allowed;
use faissil_tests::extremes::{EXTREMES, numbers};
use faissil_tests::kept;
use std::collections::BTreeSet;

#[global_allocator]
static MEMORY: Counting = Counting;

/// A batch on its way: the largest vector there is, 4 MiB, some times over.
const BATCH: u64 = 24 << 20;

/// Decode all rows, to the end or an error; how many came.
fn decode(file: &[u8], outline: &Outline) -> Result<u64, Error> {
    let Ok(stored) = find(outline) else { return Ok(0) };
    let mut stream = VectorStream::all(&stored, Files::only(file.len() as u64), true);
    let mut rows = 0;
    loop {
        match stream.step()? {
            Step::Need(span) => {
                assert!(!span.is_empty() && span.end() <= file.len() as u64, "{span} of {}", file.len());
                stream.bring(span.start, slice(file, span));
            }
            Step::Done(None) => break,
            Step::Done(Some(batch)) => {
                assert_eq!(batch.floats.len() as u64, batch.ids.len() as u64 * stored.row_bytes);
                rows += batch.ids.len() as u64;
            }
        }
    }
    assert_eq!(rows, stored.rows);
    Ok(rows)
}

fn check(file: &[u8], what: &str) -> bool {
    let run = || {
        peak(|| {
            let outline = faiss::outline(file).ok()?;
            Some(decode(file, &outline).map_err(|error| assert!(error.at <= file.len() as u64, "{error}")).is_ok())
        })
    };
    let (decoded, held) = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("{what}"));
    assert!(held <= allowed(file.len()) + BATCH, "{what}: held {held} bytes for {}", file.len());
    decoded == Some(true)
}

/// One file of each make that decodes.
fn decoding() -> Vec<(String, Vec<u8>, Outline)> {
    let mut seen = BTreeSet::new();
    let mut out = Vec::new();
    for case in kept() {
        let file = case.bytes();
        let outline = faiss::outline(&file).expect("a case has an outline");
        if find(&outline).is_ok_and(|stored| !stored.is_exact()) {
            let names: Vec<_> = outline.records().iter().map(|record| (record.class, record.tag)).collect();
            if seen.insert(format!("{names:?} {}", numbers(&outline).len())) {
                out.push((case.name, file, outline));
            }
        }
    }
    assert!(out.len() > 60, "only {} makes decode", out.len());
    out
}

#[test]
fn extreme_numbers_are_harmless() {
    for (name, file, outline) in decoding() {
        for (path, bytes) in numbers(&outline) {
            for extreme in EXTREMES {
                let mut patched = file.clone();
                patched[bytes.clone()].copy_from_slice(&extreme.to_le_bytes()[..bytes.len()]);
                check(&patched, &format!("{name}: {extreme:#x} in {path}"));
            }
        }
    }
}

#[test]
fn codes_and_codebooks_may_say_anything() {
    let mut random = 1_u64;
    let mut next = || {
        random = random.wrapping_mul(0x5851_F42D_4C95_7F2D).wrapping_add(1);
        random >> 33
    };
    let (mut decoded, mut refused) = (0, 0);
    for (name, file, _) in decoding() {
        for round in 0..40_u64 {
            let mut patched = file.clone();
            // A run of one value, or bytes here and there.
            let at = usize::try_from(next()).unwrap() % file.len();
            let end = file.len().min(at + 1 + usize::try_from(next() % 300).unwrap());
            let value = [0, 0xFF, 0x7F, 0x80][usize::try_from(round % 4).unwrap()];
            if round % 2 == 0 {
                patched[at..end].fill(value);
            } else {
                for _ in 0..6 {
                    let at = usize::try_from(next()).unwrap() % file.len();
                    patched[at] = next() as u8;
                }
            }
            if check(&patched, &format!("{name} round {round}")) { decoded += 1 } else { refused += 1 }
        }
        for end in [file.len() - 1, file.len() / 2, file.len() * 9 / 10] {
            check(&file[..end], &format!("{name} cut at {end}"));
        }
    }
    assert!(decoded > 1000 && refused > 20, "{decoded} decoded, {refused} refused");
}
