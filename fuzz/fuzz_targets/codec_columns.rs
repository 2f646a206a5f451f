//! Codec 3, columns: stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

#[path = "../coded.rs"]
mod coded;

use faissil_core::codec::{Coding, Holds};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = bytes.split_first_chunk::<4>() else { return };
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    let row = u32::from(choice) + 1;
    coded::decoded(Coding::Columns(row), rest, coded::length([a, b, c]));
    coded::there_and_back(&Holds::Rows(row.into()), rest);
});
