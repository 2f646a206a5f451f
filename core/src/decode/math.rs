//! The little that `core` lacks.

/// The sum of products, eight of them side by side.
pub(super) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let ((eights, a), (others, b)) = (a.as_chunks::<8>(), b.as_chunks::<8>());
    let mut sums = [0.0; 8];
    for (a, b) in eights.iter().zip(others) {
        for (sum, (a, b)) in sums.iter_mut().zip(a.iter().zip(b)) {
            *sum += a * b;
        }
    }
    let rest: f64 = a.iter().zip(b).map(|(a, b)| a * b).sum();
    sums.iter().sum::<f64>() + rest
}

/// `1 / sqrt(d)` as FAISS takes it in single precision; 1 for `d` 0.
#[allow(clippy::cast_possible_truncation, clippy::cast_precision_loss)] // rounding is what is wanted
pub(super) fn inverse_root(d: usize) -> f32 {
    if d == 0 { 1.0 } else { 1.0 / libm::sqrt(f64::from(d as f32)) as f32 }
}

/// Walsh and Hadamard's transform in place, of a power of two values, without scaling.
pub(super) fn walsh_hadamard(x: &mut [f32]) {
    let mut half = 1_usize;
    while half < x.len() {
        for pair in x.chunks_exact_mut(half.saturating_mul(2)) {
            let (low, high) = pair.split_at_mut(half);
            for (a, b) in low.iter_mut().zip(high) {
                (*a, *b) = (*a + *b, *a - *b);
            }
        }
        half = half.saturating_mul(2);
    }
}

/// The generator that seeds mean in FAISS's `RandomGenerator`: `std::mt19937` (`utils/random.cpp`, 1.15.0).
pub(super) struct MersenneTwister {
    state: [u32; 624],
    at: usize,
}

impl MersenneTwister {
    /// Started from a seed.
    pub(super) fn new(seed: u32) -> MersenneTwister {
        let mut state = [0; 624];
        let mut last = seed;
        for (slot, number) in state.iter_mut().zip(0_u32..) {
            if number > 0 {
                last = 1_812_433_253_u32.wrapping_mul(last ^ (last >> 30)).wrapping_add(number);
            }
            *slot = last;
        }
        MersenneTwister { state, at: 624 }
    }

    fn word(&self, at: usize) -> u32 {
        self.state.get(at % 624).copied().unwrap_or(0)
    }

    fn twist(&mut self) {
        for at in 0..624_usize {
            let joined = (self.word(at) & 0x8000_0000) | (self.word(at.saturating_add(1)) & 0x7FFF_FFFF);
            let odd = if joined & 1 == 1 { 0x9908_B0DF } else { 0 };
            let next = self.word(at.saturating_add(397)) ^ (joined >> 1) ^ odd;
            if let Some(slot) = self.state.get_mut(at) {
                *slot = next;
            }
        }
        self.at = 0;
    }

    /// The next number.
    pub(super) fn next(&mut self) -> u32 {
        if self.at >= 624 {
            self.twist();
        }
        let mut y = self.word(self.at);
        self.at = self.at.saturating_add(1);
        y ^= y >> 11;
        y ^= (y << 7) & 0x9D2C_5680;
        y ^= (y << 15) & 0xEFC6_0000;
        y ^ (y >> 18)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_twister_gives_the_numbers_of_the_standard() {
        let mut twister = MersenneTwister::new(5489);
        let last = (0..10_000).map(|_| twister.next()).last();
        assert_eq!(last, Some(4_123_659_995), "what C++ demands of std::mt19937");
    }
}
