//! Files that end too early, and files with a flipped bit: an error that says where, or an outline; never a panic, and no
//! more memory than the bytes that are there call for.

use faissil_tests::counting::{Counting, peak};
use faissil_tests::examine::{allowed, examine, examine_outline};
use faissil_tests::{Case, corpus, kept};
use std::sync::atomic::{AtomicUsize, Ordering};

#[global_allocator]
static MEMORY: Counting = Counting;

/// Files shorter than this are cut at every byte.
const SMALL: usize = 4096;

/// Places spread over `len`, about `most`, every one of the first 40 among them.
fn places(len: usize, most: usize) -> impl Iterator<Item = usize> {
    let stride = (len / most.max(1)).max(1);
    (0..len.min(40)).chain((40..len).step_by(stride))
}

fn check(case: &Case, what: &str, file: &[u8]) -> Option<faissil_core::Error> {
    let run = || peak(|| examine(file));
    let (found, held) = std::panic::catch_unwind(run).unwrap_or_else(|_| panic!("{}: {what}", case.name));
    assert!(held <= allowed(file.len()), "{}: {what}: held {held} bytes for {}", case.name, file.len());
    found
}

fn prefixes(cases: &[Case], most: impl Fn(usize) -> usize) {
    for case in cases {
        let file = case.bytes();
        assert_eq!(check(case, "whole", &file), None, "{}", case.name);
        for len in places(file.len(), most(file.len())) {
            let found = check(case, &format!("first {len} bytes"), &file[..len]);
            assert!(found.is_some(), "{}: the first {len} bytes pass for a whole index", case.name);
        }
    }
}

fn flips(cases: &[Case], most: usize) {
    for case in cases {
        let mut file = case.bytes();
        for (number, at) in places(file.len(), most).enumerate() {
            let bit = 1 << (number % 8);
            file[at] ^= bit;
            check(case, &format!("bit {bit} of byte {at} flipped"), &file);
            file[at] ^= bit;
        }
    }
}

/// Prefixes that one thread takes at a time.
const PREFIXES: usize = 1 << 12;

/// Every byte of every fixture of the repository, on all cores: of each prefix the outline, which is what says that a
/// file was cut short. What the core makes of an incomplete outline is looked at for the prefixes of the tests below.
#[test]
fn every_prefix_of_every_fixture_has_no_whole_outline() {
    let files: Vec<(String, Vec<u8>)> = kept().iter().map(|case| (case.name.clone(), case.bytes())).collect();
    let starts = |len: usize| (0..len).step_by(PREFIXES);
    let work: Vec<(usize, usize)> =
        (0..files.len()).flat_map(|file| starts(files[file].1.len()).map(move |from| (file, from))).collect();
    let next = AtomicUsize::new(0);
    let run = || {
        while let Some(&(number, from)) = work.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (name, file) = &files[number];
            for len in from..file.len().min(from + PREFIXES) {
                let (found, held) = peak(|| examine_outline(&file[..len]));
                assert!(found.is_some(), "{name}: the first {len} bytes pass for a whole index");
                assert!(held <= allowed(len), "{name}: the first {len} bytes: held {held} bytes");
            }
        }
    };
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    std::thread::scope(|scope| (0..threads).for_each(|_| drop(scope.spawn(run))));
    assert!(work.len() > files.len(), "the fixtures are there");
}

#[test]
fn every_prefix_of_small_files_and_a_sample_of_those_of_large_ones_are_errors() {
    prefixes(&kept(), |len| if len < SMALL { len } else { 400 });
}

#[test]
fn a_sample_of_the_prefixes_of_the_whole_corpus_are_errors() {
    prefixes(&corpus(), |_| 20);
}

#[test]
fn flipped_bits_are_harmless() {
    flips(&corpus(), 30);
}
