//! BLAKE3 digests: 32 bytes, printed and read as 64 hex digits.

use super::wire::{Cursor, Fixed, Wire};
use crate::error::{Error, Kind};
use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, str::FromStr};

/// A BLAKE3 digest, or the value of a part of BLAKE3's tree.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest(pub [u8; 32]);

impl Digest {
    /// The digest of these bytes.
    pub fn of(bytes: &[u8]) -> Digest {
        Digest(blake3::hash(bytes).into())
    }

    /// That `bytes`, which stand at byte `at` of the file, have this digest.
    ///
    /// # Errors
    /// [`Kind::Digest`] at byte `at` about `what`.
    pub fn check(&self, bytes: &[u8], at: u64, what: &'static str) -> Result<(), Error> {
        self.expect(Digest::of(bytes), at, what)
    }

    /// That `found` is this digest.
    ///
    /// # Errors
    /// [`Kind::Digest`] at byte `at` about `what`.
    pub fn expect(&self, found: Digest, at: u64, what: &'static str) -> Result<(), Error> {
        if *self == found {
            return Ok(());
        }
        Err(Error::new(Kind::Digest { what, expected: self.to_string(), found: found.to_string() }, at))
    }
}

impl From<blake3::Hash> for Digest {
    fn from(hash: blake3::Hash) -> Digest {
        Digest(hash.into())
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self}")
    }
}

/// A text that is not 64 hex digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a digest is 64 hex digits")]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Digest, NotADigest> {
        blake3::Hash::from_hex(text).map(Digest::from).map_err(|_| NotADigest)
    }
}

impl Wire for Digest {
    fn kind() -> String {
        "[u8;32]".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.array().map(Digest)
    }
}

impl Fixed for Digest {
    const WIDTH: u64 = 32;
    fn kind() -> String {
        "[u8;32]".into()
    }
    fn put_fixed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0);
    }
    fn take_fixed(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.array().map(Digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_goes_both_ways() {
        let digest = Digest::of(b"");
        assert_eq!(digest.to_string(), "af1349b9f5f9a1a6a0404dea36dcc9499bcb25c9adc112b7cc9a93cae41f3262");
        assert_eq!(digest.to_string().parse(), Ok(digest));
        assert_eq!("af13".parse::<Digest>(), Err(NotADigest));
    }
}
