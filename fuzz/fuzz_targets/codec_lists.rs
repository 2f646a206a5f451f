//! Codec 5, lists: stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

#[path = "../coded.rs"]
mod coded;

use faissil_core::codec::{Coding, Holds};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((&[choice, a, b, c], rest)) = bytes.split_first_chunk::<4>() else { return };
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    let code_size = u32::from(choice);
    coded::decoded(Coding::Lists(code_size), rest, coded::length([a, b, c]));
    let entries = (rest.len() / (usize::from(choice) + 8)) as u64;
    let first = u64::from(a) % (entries + 1);
    let sizes = vec![first, 0, entries - first];
    let len = entries as usize * (usize::from(choice) + 8);
    coded::there_and_back(&Holds::Lists { code_size: code_size.into(), sizes }, &rest[..len]);
});
