//! Stored bytes of a stranger through the decoder, and any bytes there and back.
#![no_main]

use faissil_core::codec::{self, Coding, Width};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some((head, rest)) = bytes.split_first_chunk::<4>() else { return };
    let [choice, a, b, c] = *head;
    // Compressing is slow under coverage, and says nothing new about long inputs.
    let rest = rest.get(..1024).unwrap_or(rest);
    let width = Width::ALL[usize::from(choice) % Width::ALL.len()];

    let len = u64::from(u32::from_le_bytes([a, b, c, 0]) & 0x3F_FFFF);
    if let Ok(decoded) = codec::decode(Coding::Planes(width), rest, 0, len) {
        assert_eq!(decoded.len() as u64, len);
    }

    for hint in [Some(width), None] {
        let packed = codec::pack(hint, rest);
        assert!(packed.stored.len() <= rest.len());
        let back = codec::decode(packed.coding, &packed.stored, 0, rest.len() as u64);
        assert_eq!(back.as_deref(), Ok(rest));
    }
});
