//! Damage under digests that fit again.
//!
//! A digest that does not fit stops a reader before it looks at the bytes, so a changed byte in a table
//! or a manifest would only ever test the digest. [`heal`] writes the digest of the changed bytes over the
//! recorded one, and then that of the page above, up to the trailer: what a hostile writer would do.

use crate::driven;
use faissil_core::error::{Error, Kind};
use faissil_core::snapshot::{CheckAll, Damage, Digest, Open, Snapshot};

/// Digests that are mended in one file; a snapshot for tests has no more pages than that.
const MOST: usize = 50;

/// Mend digests in `file` until none is at fault, and say what a full check then finds.
///
/// # Errors
/// What contradicts the format, other than a digest.
///
/// # Panics
/// When a reading breaks its contract; see [`driven::over`].
pub fn heal(file: &mut [u8]) -> Result<Vec<Damage>, Error> {
    let mut found = check(file);
    for _ in 0..MOST {
        let wrong = match &found {
            Ok(damage) => damage.first().map(|damage| &damage.error),
            Err(error) => Some(error),
        };
        let Some(Kind::Digest { expected, found: is, .. }) = wrong.map(|error| &error.kind) else { return found };
        let (Ok(expected), Ok(is)) = (expected.parse::<Digest>(), is.parse::<Digest>()) else { return found };
        let Some(at) = file.windows(32).position(|window| window == expected.0) else { return found };
        file[at..at + 32].copy_from_slice(&is.0);
        found = check(file);
    }
    found
}

/// Open a file as a snapshot and check every byte.
///
/// # Errors
/// What contradicts the format.
pub fn check(file: &[u8]) -> Result<Vec<Damage>, Error> {
    let len = file.len() as u64;
    let snapshot: Snapshot = driven::over(Open::new(len), file, file.len().max(1))?;
    driven::over(CheckAll::new(&snapshot), file, file.len().max(1))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::snapshots::{wanted, write};
    use faissil_core::snapshot::Layout;

    #[test]
    fn a_changed_byte_under_digests_passes_once_they_are_mended() {
        for layout in [Layout::Sealed, Layout::Packed] {
            let (mut file, _) = write(&wanted(50_000), layout);
            assert_eq!(check(&file), Ok(vec![]));
            // In the data of a packed chunk, or of a sealed one's stream.
            file[20_000] ^= 1;
            assert_ne!(check(&file), Ok(vec![]));
            let healed = heal(&mut file);
            // The values of sealed chunks are not digests of their bytes alone, and a stream's digest covers
            // all of its chunks: both are mended like any other.
            assert_eq!(healed, Ok(vec![]), "{layout:?}");
        }
    }
}
