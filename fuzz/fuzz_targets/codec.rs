//! Codec 1, planes: stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

#[path = "../coded.rs"]
mod coded;

use faissil_core::codec::{Coding, Holds, Width};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = bytes.split_first_chunk::<4>() else { return };
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    let width = Width::ALL[usize::from(choice) % Width::ALL.len()];
    coded::decoded(Coding::Planes(width), rest, coded::length([a, b, c]));
    coded::there_and_back(&Holds::Anything, rest);
});
