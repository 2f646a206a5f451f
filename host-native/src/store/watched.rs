//! A store that tells how much of it was read.

use super::Store;
use crate::{Cause, parallel::Progress};
use std::sync::atomic::{AtomicU64, Ordering};

/// Passes reads on, and tells after each how many bytes came so far, of about how many.
pub struct Watched<'a, S> {
    store: S,
    all: u64,
    read: AtomicU64,
    progress: Progress<'a>,
}

impl<'a, S: Store> Watched<'a, S> {
    /// Watch `store`, of which about `all` bytes will be read.
    pub fn new(store: S, all: u64, progress: Progress<'a>) -> Watched<'a, S> {
        Watched { store, all, read: AtomicU64::new(0), progress }
    }
}

impl<S: Store> Store for Watched<'_, S> {
    fn len(&self) -> u64 {
        self.store.len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        self.store.read_at(at, out)?;
        let now = out.len() as u64;
        let read = self.read.fetch_add(now, Ordering::Relaxed).saturating_add(now);
        (self.progress)(read.min(self.all), self.all);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faissil_core::Span;
    use std::sync::Mutex;

    #[test]
    fn it_is_the_store_and_tells_how_far_it_is() {
        let told = Mutex::new(Vec::new());
        let progress = |done: u64, all: u64| told.lock().unwrap().push((done, all));
        let store = Watched::new(b"0123456789".as_slice(), 12, &progress);
        assert_eq!(store.read(Span::new(2, 4)).unwrap(), b"2345");
        assert_eq!(store.read(Span::new(0, 10)).unwrap(), b"0123456789");
        assert!(store.read(Span::new(8, 4)).is_err());
        assert_eq!(*told.lock().unwrap(), [(4, 12), (12, 12)]);
    }
}
