//! What chunks stand for, as a store: nothing is given that was not checked.
//!
//! Reads are widened to chunks, whose entries are looked up in the snapshot's chunk table. What was used last stays in
//! memory ([`Recent`]), whatever the size of the index, and is shared by all threads. Readings of one thread go through
//! [`faissil_core::source`], which does the same without a store.

pub use faissil_core::source::Shown;

use super::Store;
use crate::{Cause, drive::drive};
use faissil_core::{
    Span,
    snapshot::{Attachment, ChunkEntry, Snapshot},
    source::{Recent, chunk_name, no_chunk, shown},
};
use std::{
    borrow::Cow,
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// The bytes that a chunk table stands for.
pub struct Decoded<'a, S> {
    store: S,
    snapshot: &'a Snapshot,
    /// The attachment, with its number, unless it is the stream.
    attachment: Option<(u64, Attachment)>,
    len: u64,
    recent: Mutex<Recent>,
    /// Whether damaged chunks are given too, and noted.
    shows_damage: bool,
}

impl<'a, S: Store> Decoded<'a, S> {
    /// The stream of a snapshot.
    pub fn stream(snapshot: &'a Snapshot, store: S) -> Decoded<'a, S> {
        let len = snapshot.stream().length;
        Decoded { store, snapshot, attachment: None, len, recent: Mutex::default(), shows_damage: false }
    }

    /// The same for whoever looks at damage: a chunk that is damaged is given as it is, and noted in
    /// [`shown`](Decoded::shown).
    pub fn damaged_stream(snapshot: &'a Snapshot, store: S) -> Decoded<'a, S> {
        Decoded { shows_damage: true, ..Decoded::stream(snapshot, store) }
    }

    /// The damaged chunks that were given.
    pub fn shown(&self) -> Vec<Shown> {
        self.recent().shown()
    }

    /// Attachment `number` of a snapshot.
    pub fn attachment(snapshot: &'a Snapshot, number: u64, attachment: Attachment, store: S) -> Decoded<'a, S> {
        let len = attachment.length;
        let attachment = Some((number, attachment));
        Decoded { store, snapshot, attachment, len, recent: Mutex::default(), shows_damage: false }
    }

    fn recent(&self) -> MutexGuard<'_, Recent> {
        self.recent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// All bytes of the chunk that holds byte `at`, checked.
    ///
    /// # Errors
    /// When they are damaged or cannot be decoded, or `at` is not inside.
    pub fn chunk_at(&self, at: u64) -> Result<Arc<Vec<u8>>, Cause> {
        self.chunk(&self.entry(at)?, self.shows_damage)
    }

    /// The entry of the chunk that holds byte `at`.
    fn entry(&self, at: u64) -> Result<ChunkEntry, Cause> {
        if let Some(entry) = self.recent().entry(at) {
            return Ok(entry);
        }
        let find = match &self.attachment {
            None => self.snapshot.find_chunk(at),
            Some((number, attachment)) => self.snapshot.find_attachment_chunk(*number, attachment, at),
        };
        let page = drive(find, &self.store)?.unwrap_or_default();
        let entry = self.recent().keep_page(page.into(), at);
        entry.ok_or_else(|| no_chunk(at).into())
    }

    /// The bytes of a chunk, checked; `shows_damage`: or given as they are.
    fn chunk(&self, entry: &ChunkEntry, shows_damage: bool) -> Result<Arc<Vec<u8>>, Cause> {
        if let Some(bytes) = self.recent().chunk(entry.logical) {
            return Ok(bytes);
        }
        let stored = self.store.read(entry.stored)?;
        let decoded = match entry.check(&stored) {
            Ok(Cow::Owned(decoded)) => Some(decoded),
            Ok(Cow::Borrowed(_)) => None,
            Err(error) if shows_damage => {
                let (shown, bytes) = shown(entry, &stored, &error);
                self.recent().keep_shown(shown, bytes.clone());
                return Ok(bytes);
            }
            Err(error) => {
                let name = chunk_name(self.attachment.as_ref().map(|(_, attachment)| attachment), entry);
                return Err(error.inside(&name).into());
            }
        };
        let bytes = Arc::new(decoded.unwrap_or(stored));
        self.recent().keep(entry, bytes.clone());
        Ok(bytes)
    }

    /// Fill `out` with the bytes of a chunk from `from` on.
    fn copy(&self, entry: &ChunkEntry, from: u64, out: &mut [u8], shows_damage: bool) -> Result<(), Cause> {
        if self.recent().is_gone(entry) {
            return self.store.read_at(entry.stored.start + from, out);
        }
        let bytes = self.chunk(entry, shows_damage)?;
        out.copy_from_slice(&bytes[from as usize..from as usize + out.len()]);
        Ok(())
    }
}

impl<S: Store> Store for Decoded<'_, S> {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        let want = Span::new(at, out.len() as u64);
        if !Span::new(0, self.len).contains(&want) {
            return Err(faissil_core::Error::truncated(want, self.len.saturating_sub(at)).into());
        }
        let mut filled = 0;
        while filled < out.len() {
            let at = at + filled as u64;
            let entry = self.entry(at)?;
            let now = ((entry.logical.end() - at) as usize).min(out.len() - filled);
            // Whoever reads ahead is told of damage there, and reads less: it may not be wanted.
            let shows_damage = self.shows_damage && filled == 0;
            self.copy(&entry, at - entry.logical.start, &mut out[filled..filled + now], shows_damage)?;
            filled += now;
        }
        Ok(())
    }
}

impl<S> fmt::Debug for Decoded<'_, S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Decoded").field("len", &self.len).finish_non_exhaustive()
    }
}
