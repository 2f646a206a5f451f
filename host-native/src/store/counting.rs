//! A store that keeps the books.

use super::Store;
use crate::Cause;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

/// Passes reads on and counts them.
#[derive(Debug)]
pub struct Counting<S> {
    store: S,
    reads: AtomicU64,
    bytes: AtomicU64,
}

impl<S: Store> Counting<S> {
    /// Count what is read from `store`.
    pub fn new(store: S) -> Counting<S> {
        Counting { store, reads: AtomicU64::new(0), bytes: AtomicU64::new(0) }
    }

    /// Reads so far.
    pub fn reads(&self) -> u64 {
        self.reads.load(Relaxed)
    }

    /// Bytes read so far.
    pub fn bytes(&self) -> u64 {
        self.bytes.load(Relaxed)
    }

    /// The store that is counted.
    pub fn inner(&self) -> &S {
        &self.store
    }
}

impl<S: Store> Store for Counting<S> {
    fn len(&self) -> u64 {
        self.store.len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        self.reads.fetch_add(1, Relaxed);
        self.bytes.fetch_add(out.len() as u64, Relaxed);
        self.store.read_at(at, out)
    }
}
