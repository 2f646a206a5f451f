//! Codec 4, links: stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

#[path = "../coded.rs"]
mod coded;

use faissil_core::codec::{Coding, Holds, Width};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = bytes.split_first_chunk::<4>() else { return };
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    coded::decoded(Coding::Links(choice.into()), rest, coded::length([a, b, c]));
    // Many slots are empty, as in a graph.
    let slot = |&byte: &u8| if byte < choice { [0xFF; 4] } else { [byte, a & 1, 0, 0] };
    let slots: Vec<u8> = rest.iter().flat_map(slot).collect();
    coded::there_and_back(&Holds::Integers(Width::W4), &slots);
});
