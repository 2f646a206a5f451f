//! Any bytes as an index: an outline or an error, the same from pages of any size, in bounded memory.
#![no_main]

use faissil_core::faiss::Outliner;
use faissil_tests::counting::{Counting, peak};
use faissil_tests::driven;
use faissil_tests::examine::{allowed, examine};
use libfuzzer_sys::fuzz_target;

#[global_allocator]
static MEMORY: Counting = Counting;

fuzz_target!(|bytes: &[u8]| {
    let (_, held) = peak(|| examine(bytes));
    assert!(held <= allowed(bytes.len()), "held {held} bytes for {}", bytes.len());

    let outliner = || Outliner::new(bytes.len() as u64);
    let whole = driven::over(outliner(), bytes, bytes.len().max(1));
    let paged = driven::over(outliner(), bytes, 16 + bytes.len() % 49);
    // As text: a float that is not a number differs from itself.
    assert_eq!(format!("{whole:?}"), format!("{paged:?}"));
});
