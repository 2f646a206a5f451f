//! What chunks stand for, as a store: nothing is given that was not checked.
//!
//! Reads are widened to chunks, whose entries are looked up in the snapshot's chunk table. A few pages of the
//! table and a few chunks stay in memory, whatever the size of either: reads side by side look up and check
//! each chunk once. A chunk that is stored verbatim is hashed once; later reads of it that find it gone from memory
//! go to the file, so that rows picked from all over a large index do not cost a chunk each.

use super::Store;
use crate::{Cause, drive::drive};
use faissil_core::{
    Span,
    snapshot::{Attachment, ChunkEntry, ChunkKind, Snapshot},
};
use std::{
    borrow::Cow,
    collections::{BTreeMap, VecDeque},
    fmt,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

/// Bytes of checked chunks that are kept. The last one is kept whatever its size.
const KEPT: usize = 16 << 20;

/// Pages of the chunk table that are kept: at most 32 KiB each in the file, about 160 KiB here.
const PAGES: usize = 4;

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

/// A chunk that was given although it is damaged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// Its number.
    pub number: u64,
    /// The bytes that it stands for.
    pub logical: Span,
    /// What is wrong with it.
    pub reason: String,
    /// Whether its bytes were given; where they could not be had, zeros were.
    pub has_bytes: bool,
}

/// What was used last, the newest first.
#[derive(Default)]
struct Recent {
    pages: VecDeque<Arc<[ChunkEntry]>>,
    chunks: VecDeque<(Span, Arc<Vec<u8>>)>,
    /// Numbers of verbatim chunks that were found good, 64 to a word.
    good: BTreeMap<u64, u64>,
    /// Damaged chunks that were given, by number.
    shown: BTreeMap<u64, Shown>,
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
        self.recent().shown.values().cloned().collect()
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
        let one = Span::new(at, 1);
        let holds = |page: &[ChunkEntry]| {
            let number = page.partition_point(|entry| entry.logical.end() <= at);
            page.get(number).filter(|entry| entry.logical.contains(&one)).cloned()
        };
        if let Some(entry) = self.recent().pages.iter().find_map(|page| holds(page)) {
            return Ok(entry);
        }
        let find = match &self.attachment {
            None => self.snapshot.find_chunk(at),
            Some((number, attachment)) => self.snapshot.find_attachment_chunk(*number, attachment, at),
        };
        let page: Arc<[ChunkEntry]> = drive(find, &self.store)?.unwrap_or_default().into();
        let entry = holds(&page);
        let entry = entry.ok_or_else(|| Cause::Damage(format!("the chunk table has no chunk with byte {at}")))?;
        let mut recent = self.recent();
        recent.pages.truncate(PAGES - 1);
        recent.pages.push_front(page);
        Ok(entry)
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
                let (number, logical) = (entry.number, entry.logical);
                let found = entry.unchecked(&stored).map(Cow::into_owned);
                let shown = Shown { number, logical, reason: error.to_string(), has_bytes: found.is_some() };
                let bytes = Arc::new(found.unwrap_or_else(|| vec![0; logical.len as usize]));
                let mut recent = self.recent();
                recent.shown.insert(number, shown);
                recent.keep(logical, bytes.clone());
                return Ok(bytes);
            }
            Err(error) => return Err(error.inside(&self.name(entry.logical)).into()),
        };
        let bytes = Arc::new(decoded.unwrap_or(stored));
        let mut recent = self.recent();
        recent.keep(entry.logical, bytes.clone());
        if let ChunkKind::Sealed { .. } = entry.kind {
            *recent.good.entry(entry.number / 64).or_default() |= 1 << (entry.number % 64);
        }
        Ok(bytes)
    }

    /// Fill `out` with the bytes of a chunk from `from` on.
    fn copy(&self, entry: &ChunkEntry, from: u64, out: &mut [u8], shows_damage: bool) -> Result<(), Cause> {
        let gone = {
            let recent = self.recent();
            recent.is_good(entry) && recent.chunk(entry.logical).is_none()
        };
        if gone {
            return self.store.read_at(entry.stored.start + from, out);
        }
        let bytes = self.chunk(entry, shows_damage)?;
        out.copy_from_slice(&bytes[from as usize..from as usize + out.len()]);
        Ok(())
    }

    /// What the bytes of a chunk are called in messages.
    fn name(&self, logical: Span) -> String {
        match &self.attachment {
            None => format!("bytes {logical} of the stream"),
            Some((_, attachment)) => format!("bytes {logical} of attachment `{}`", attachment.name.escape_debug()),
        }
    }
}

impl Recent {
    fn chunk(&self, logical: Span) -> Option<Arc<Vec<u8>>> {
        self.chunks.iter().find(|(kept, _)| *kept == logical).map(|(_, bytes)| bytes.clone())
    }

    fn keep(&mut self, logical: Span, bytes: Arc<Vec<u8>>) {
        let mut held = bytes.len();
        let mut fits = |kept: &Vec<u8>| {
            held += kept.len();
            held <= KEPT
        };
        let stay = self.chunks.iter().take_while(|(_, kept)| fits(kept)).count();
        self.chunks.truncate(stay);
        self.chunks.push_front((logical, bytes));
    }

    fn is_good(&self, entry: &ChunkEntry) -> bool {
        matches!(entry.kind, ChunkKind::Sealed { .. })
            && self.good.get(&(entry.number / 64)).is_some_and(|word| word & 1 << (entry.number % 64) != 0)
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
