//! What the benches that run FAISS have in common.

#![allow(dead_code)] // each takes what it needs

/// The same numbers every time.
pub(crate) fn numbers(count: usize, seed: u64) -> Vec<f32> {
    let mut state = 0x9E37_79B9_7F4A_7C15 ^ seed;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 40) as f32 / (1u64 << 24) as f32
    };
    (0..count).map(|_| random()).collect()
}

/// Of an odd number of times the one in the middle.
pub(crate) fn median(times: &mut [f64]) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
