//! A store that gives nothing more once someone has said stop.

use super::Store;
use crate::Cause;
use std::sync::atomic::{AtomicBool, Ordering};

/// A store, until a flag is set. All work that reads it ends then, with [`Cause::Cancelled`].
#[derive(Debug, Clone, Copy)]
pub struct Stoppable<'a, S> {
    store: S,
    stop: &'a AtomicBool,
}

impl<'a, S: Store> Stoppable<'a, S> {
    /// `store`, until `stop` is true.
    pub fn new(store: S, stop: &'a AtomicBool) -> Stoppable<'a, S> {
        Stoppable { store, stop }
    }
}

impl<S: Store> Store for Stoppable<'_, S> {
    fn len(&self) -> u64 {
        self.store.len()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        if self.stop.load(Ordering::Relaxed) {
            return Err(Cause::Cancelled);
        }
        self.store.read_at(at, out)
    }
}
