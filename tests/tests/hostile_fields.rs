//! Extreme numbers in every field and every count of every index, put there by the outline itself.
//!
//! A mutation that knows the fields reaches further than random bytes: each number that the grammar reads is in
//! turn everything that tends to break arithmetic.

use faissil_tests::corpus;
use faissil_tests::counting::{Counting, peak};
use faissil_tests::examine::{allowed, examine};
use faissil_tests::extremes::{EXTREMES, numbers};

#[global_allocator]
static MEMORY: Counting = Counting;

#[test]
fn extreme_numbers_are_harmless_in_every_place() {
    let mut seen = std::collections::BTreeSet::new();
    for case in corpus() {
        let file = case.bytes();
        let outline = faissil_core::faiss::outline(&file).expect("a case has an outline");
        // One file of each build: releases write most of them alike.
        let build: Vec<_> = outline.records().iter().map(|record| (record.class, record.tag)).collect();
        if !seen.insert(format!("{build:?} {}", numbers(&outline).len())) {
            continue;
        }
        for (path, bytes) in numbers(&outline) {
            for extreme in EXTREMES {
                let mut patched = file.clone();
                patched[bytes.clone()].copy_from_slice(&extreme.to_le_bytes()[..bytes.len()]);
                let what = format!("{}: {extreme:#x} in {path} at {bytes:?}", case.name);
                let run = || peak(|| examine(&patched));
                let (_, held) = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("{what}"));
                assert!(held <= allowed(file.len()), "{what}: held {held} bytes for {}", file.len());
            }
        }
    }
    assert!(seen.len() > 20, "only {} different builds of index", seen.len());
}
