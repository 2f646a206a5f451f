//! What coded chunks decode to, as a store.

use super::Store;
use crate::{Cause, drive::drive_on};
use faissil_core::{
    Span,
    snapshot::{Attachment, ChunkEntry, ChunkWalk, Snapshot},
};
use std::{
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

/// Decoded chunks that are kept; 4 MiB each at most.
const KEPT: usize = 4;

/// The bytes that a table of coded chunks stands for. Every chunk is checked when it is decoded; the
/// last few stay in memory, so that small reads side by side decode each chunk once.
///
/// The table is held whole: about 130 bytes a chunk.
pub struct Decoded<S> {
    store: S,
    entries: Vec<ChunkEntry>,
    len: u64,
    recent: Mutex<VecDeque<(usize, Arc<[u8]>)>>,
}

impl<S: Store> Decoded<S> {
    /// The stream of a packed snapshot.
    ///
    /// # Errors
    /// When its chunk table is damaged.
    pub fn stream(snapshot: &Snapshot, store: S) -> Result<Decoded<S>, Cause> {
        Decoded::of(snapshot.walk_chunks(), snapshot.stream().length, store)
    }

    /// Attachment `number` of a snapshot.
    ///
    /// # Errors
    /// When its chunk table is damaged.
    pub fn attachment(
        snapshot: &Snapshot,
        number: u64,
        attachment: &Attachment,
        store: S,
    ) -> Result<Decoded<S>, Cause> {
        Decoded::of(snapshot.walk_attachment(number, attachment), attachment.length, store)
    }

    fn of(mut walk: ChunkWalk, len: u64, store: S) -> Result<Decoded<S>, Cause> {
        let mut entries = Vec::new();
        while let Some(page) = drive_on(&mut walk, &store)? {
            entries.extend(page);
        }
        Ok(Decoded { store, entries, len, recent: Mutex::default() })
    }

    /// The chunks, in order.
    pub fn entries(&self) -> &[ChunkEntry] {
        &self.entries
    }

    /// The bytes of chunk `number`, checked.
    ///
    /// # Errors
    /// When they are damaged or cannot be decoded.
    pub fn chunk(&self, number: usize) -> Result<Arc<[u8]>, Cause> {
        let recent = || self.recent.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, bytes)) = recent().iter().find(|(kept, _)| *kept == number) {
            return Ok(bytes.clone());
        }
        let entry = &self.entries[number];
        let stored = self.store.read(entry.stored)?;
        let bytes: Arc<[u8]> = entry.check(&stored)?.into();
        let mut recent = recent();
        recent.truncate(KEPT - 1);
        recent.push_front((number, bytes.clone()));
        Ok(bytes)
    }
}

impl<S: Store> Store for Decoded<S> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let want = Span::new(at, out.len() as u64);
        if !Span::new(0, self.len).contains(&want) {
            return Err(faissil_core::Error::truncated(want, self.len.saturating_sub(at)).into());
        }
        let mut number = self.entries.partition_point(|entry| entry.logical.end() <= at);
        let mut filled = 0;
        while filled < out.len() {
            let logical = self.entries[number].logical;
            let bytes = self.chunk(number)?;
            let from = (at + filled as u64 - logical.start) as usize;
            let now = (bytes.len() - from).min(out.len() - filled);
            out[filled..filled + now].copy_from_slice(&bytes[from..from + now]);
            filled += now;
            number += 1;
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Decoded<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("len", &self.len).field("chunks", &self.entries.len()).finish_non_exhaustive()
    }
}
