//! Random numbers that are the same everywhere.

/// SplitMix64 (Steele, Lea and Flood 2014); its state is the seed at first. FAISS has the same as `SplitMix64RandomGenerator`
/// (`utils/random.h`, 1.15.0).
#[derive(Debug, Clone)]
pub(crate) struct SplitMix64(pub(crate) u64);

impl SplitMix64 {
    /// The next number.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A number below `bound`, 0 where that is 0; the bias is below 2^-32 for every bound that a row number can have.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        let wide = u128::from(self.next()).saturating_mul(bound.into()).unbounded_shr(64);
        u64::try_from(wide).unwrap_or(0)
    }

    /// A number from -1 up to 1.
    #[allow(clippy::cast_precision_loss)] // none is lost: 53 bits
    pub(crate) fn signed(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 52) as f64 - 1.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn random_numbers_are_those_of_the_paper() {
        let mut random = SplitMix64(1_234_567);
        let first = [6_457_827_717_110_365_317, 3_203_168_211_198_807_973, 9_817_491_932_198_370_423];
        assert_eq!(first.map(|_| random.next()), first);
    }
}
