//! Codec 2, numbers: stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

#[path = "../coded.rs"]
mod coded;

use faissil_core::codec::{Coding, Holds, NumberCoding, View, Width};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = bytes.split_first_chunk::<4>() else { return };
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    let width = [Width::W4, Width::W8][usize::from(choice & 1)];
    let view = View::ALL[usize::from(choice >> 1) % View::ALL.len()];
    let coding = Coding::Numbers(NumberCoding { width, view, zeros: choice >> 4 });
    coded::decoded(coding, rest, coded::length([a, b, c]));
    coded::there_and_back(&Holds::Floats(width), rest);
    coded::there_and_back(&Holds::Integers(width), rest);
});
