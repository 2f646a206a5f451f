//! What the targets of the codecs share.

use faissil_core::codec::{Coding, Holds, Level, decode, pack};

/// Stored bytes of a stranger give the length that is asked for, or an error.
pub fn decoded(coding: Coding, stored: &[u8], len: u64) {
    if let Ok(decoded) = decode(coding, stored, 0, len) {
        assert_eq!(decoded.len() as u64, len);
    }
}

/// Any bytes come back, whatever they are said to be.
pub fn there_and_back(holds: &Holds, bytes: &[u8]) {
    for level in Level::ALL {
        let packed = pack(level, holds, bytes);
        assert!(packed.stored.len() <= bytes.len());
        let back = decode(packed.coding, &packed.stored, 0, bytes.len() as u64);
        assert_eq!(back.as_deref(), Ok(bytes));
    }
}

/// A number below 4 MiB, the most that a chunk may decode to.
pub fn length(bytes: [u8; 3]) -> u64 {
    u64::from(u32::from_le_bytes([bytes[0], bytes[1], bytes[2], 0]) & 0x3F_FFFF)
}
