//! Where bytes come from.
//!
//! A [`Store`] has a length and gives any span of its bytes, from any thread. Files are read with
//! `pread`, never through a map: a map dies with SIGBUS when someone cuts the file short. A
//! [`Part`] is a window on another store, [`Decoded`] what the chunks of a snapshot stand for, checked, [`Counting`]
//! keeps the books, [`Watched`] tells how far reading is, [`Stoppable`] ends it; [`Mended`] and [`Rewritten`] are what
//! salvaging reads.

mod counting;
mod decoded;
mod file;
mod joined;
mod mended;
mod part;
mod rewritten;
mod stoppable;
mod watched;

pub use counting::Counting;
pub use decoded::{Decoded, Shown};
pub use file::File;
pub use joined::Joined;
pub use mended::Mended;
pub use part::Part;
pub use rewritten::Rewritten;
pub use stoppable::Stoppable;
pub use watched::Watched;

use crate::Cause;
use faissil_core::Span;

/// Bytes that can be read at any place, from any thread.
pub trait Store: Sync {
    /// How many bytes there are. It does not change while the store is open.
    fn len(&self) -> u64;

    /// Fill `out` with the bytes from `at` on.
    ///
    /// # Errors
    /// When the system refuses, or the bytes are not all there.
    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause>;

    /// Whether there is no byte.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The bytes of `span`, which must be small enough to hold.
    ///
    /// # Errors
    /// As [`read_at`](Store::read_at).
    fn read(&self, span: Span) -> Result<Vec<u8>, Cause> {
        let mut out = Vec::new();
        self.read_into(span, &mut out)?;
        Ok(out)
    }

    /// [`read`](Store::read) in place of what `out` holds.
    ///
    /// # Errors
    /// As [`read_at`](Store::read_at).
    fn read_into(&self, span: Span, out: &mut Vec<u8>) -> Result<(), Cause> {
        let have = self.len().saturating_sub(span.start);
        if span.len > have {
            return Err(faissil_core::Error::truncated(span, have).into());
        }
        let len = usize::try_from(span.len).map_err(|_| Cause::Refused(format!("{} bytes do not fit", span.len)))?;
        if out.capacity() < len {
            // Memory that the system has zeroed already.
            *out = vec![0; len];
        }
        out.resize(len, 0);
        self.read_at(span.start, out)
    }
}

impl<S: Store + ?Sized> Store for &S {
    fn len(&self) -> u64 {
        (**self).len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        (**self).read_at(at, out)
    }
}

impl Store for [u8] {
    fn len(&self) -> u64 {
        <[u8]>::len(self) as u64
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let want = Span::new(at, out.len() as u64);
        let found = faissil_core::bytes::slice(self, want);
        if found.len() < out.len() {
            return Err(faissil_core::Error::truncated(want, found.len() as u64).into());
        }
        out.copy_from_slice(found);
        Ok(())
    }
}

impl Store for Vec<u8> {
    fn len(&self) -> u64 {
        Store::len(self.as_slice())
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        self.as_slice().read_at(at, out)
    }
}
