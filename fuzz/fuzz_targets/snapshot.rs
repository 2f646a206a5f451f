//! Any bytes as a snapshot, and good snapshots that were edited by someone who mends the digests.
//!
//! Bytes that end like a snapshot are taken as one. Others are a list of edits: what kind of snapshot to
//! write, then which bytes to change, counted from its end, where the tables are.
#![no_main]

use faissil_core::snapshot::{Layout, MAGIC};
use faissil_tests::counting::{Counting, peak};
use faissil_tests::heal::{check, heal};
use faissil_tests::snapshots::{Wanted, wanted, write};
use libfuzzer_sys::fuzz_target;

#[global_allocator]
static MEMORY: Counting = Counting;

fuzz_target!(|bytes: &[u8]| {
    if bytes.ends_with(&MAGIC) {
        checked(&mut bytes.to_vec());
    } else if let Some((&kind, edits)) = bytes.split_first() {
        let layout = if kind & 1 == 0 { Layout::Sealed } else { Layout::Packed };
        let (mut file, _) = write(&small(kind), layout);
        for edit in edits.chunks_exact(3) {
            let back = 1 + usize::from(u16::from_le_bytes([edit[0], edit[1]]));
            let at = file.len() - back.min(file.len());
            file[at] = edit[2];
        }
        checked(&mut file);
    }
});

/// As the bytes are, and with digests that fit.
fn checked(file: &mut [u8]) {
    let ((), held) = peak(|| {
        let _ = check(file);
        let _ = heal(file);
    });
    // A few chunks of 4 MiB at most, and then a constant times what is there.
    assert!(held <= (16 << 20) + 64 * file.len() as u64, "held {held} bytes for {}", file.len());
}

/// A snapshot with a bit of everything, and few bytes of each.
fn small(kind: u8) -> Wanted {
    let mut small = wanted(if kind & 2 == 0 { 200 } else { 40_000 });
    small.attachments = vec![("a.txt".into(), vec![7; 300]), ("empty".into(), vec![])];
    small.ids = (kind & 4 == 0).then(|| (0..200).map(|row| (row as i64 / 2 - 900, row)).collect());
    small.chunk = if kind & 8 == 0 { 10_000 } else { 100 };
    small
}
