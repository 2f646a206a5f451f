//! What was used last of a chunk table and its chunks.
//!
//! A few pages of the table and a few checked chunks stay in memory, whatever the size of either. A chunk that is
//! stored verbatim is hashed once; later reads of it that find it gone from memory go to the file, so that rows picked
//! from all over a large index do not cost a chunk each.

use crate::bytes::Span;
use crate::snapshot::{ChunkEntry, ChunkKind};
use alloc::{
    collections::{BTreeMap, VecDeque},
    string::String,
    sync::Arc,
    vec::Vec,
};

/// Bytes of checked chunks that are kept. The last one is kept whatever its size.
const KEPT: usize = 16 << 20;

/// Pages of the chunk table that are kept: at most 32 KiB each in the file, about 160 KiB here.
const PAGES: usize = 4;

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

/// The newest first.
#[derive(Debug, Default)]
pub struct Recent {
    pages: VecDeque<Arc<[ChunkEntry]>>,
    chunks: VecDeque<(Span, Arc<Vec<u8>>)>,
    /// Numbers of verbatim chunks that were found good, 64 to a word.
    good: BTreeMap<u64, u64>,
    /// Damaged chunks that were given, by number.
    shown: BTreeMap<u64, Shown>,
}

impl Recent {
    /// The entry of the chunk that holds byte `at`, if its page is here.
    pub fn entry(&self, at: u64) -> Option<ChunkEntry> {
        self.pages.iter().find_map(|page| holds(page, at))
    }

    /// Take in the page of the table that was looked up for byte `at`; the entry of the chunk that holds it.
    pub fn keep_page(&mut self, page: Arc<[ChunkEntry]>, at: u64) -> Option<ChunkEntry> {
        let entry = holds(&page, at)?;
        self.pages.truncate(PAGES.saturating_sub(1));
        self.pages.push_front(page);
        Some(entry)
    }

    /// The checked bytes of a chunk, if they are here.
    pub fn chunk(&self, logical: Span) -> Option<Arc<Vec<u8>>> {
        self.chunks.iter().find(|(kept, _)| *kept == logical).map(|(_, bytes)| bytes.clone())
    }

    /// Take in the bytes of a chunk, which is good.
    pub fn keep(&mut self, entry: &ChunkEntry, bytes: Arc<Vec<u8>>) {
        if let ChunkKind::Sealed { .. } = entry.kind {
            let (word, bit) = place(entry.number);
            *self.good.entry(word).or_default() |= bit;
        }
        self.push(entry.logical, bytes);
    }

    /// Take in the bytes of a chunk, which is damaged.
    pub fn keep_shown(&mut self, shown: Shown, bytes: Arc<Vec<u8>>) {
        self.push(shown.logical, bytes);
        self.shown.insert(shown.number, shown);
    }

    /// The damaged chunks that were given.
    pub fn shown(&self) -> Vec<Shown> {
        self.shown.values().cloned().collect()
    }

    /// Whether this is a chunk, stored verbatim, that was good and has left memory.
    pub fn is_gone(&self, entry: &ChunkEntry) -> bool {
        let (word, bit) = place(entry.number);
        matches!(entry.kind, ChunkKind::Sealed { .. })
            && self.good.get(&word).is_some_and(|word| word & bit != 0)
            && self.chunk(entry.logical).is_none()
    }

    fn push(&mut self, logical: Span, bytes: Arc<Vec<u8>>) {
        let mut held = bytes.len();
        let mut fits = |kept: &Vec<u8>| {
            held = held.saturating_add(kept.len());
            held <= KEPT
        };
        let stay = self.chunks.iter().take_while(|(_, kept)| fits(kept)).count();
        self.chunks.truncate(stay);
        self.chunks.push_front((logical, bytes));
    }
}

fn holds(page: &[ChunkEntry], at: u64) -> Option<ChunkEntry> {
    let number = page.partition_point(|entry| entry.logical.end() <= at);
    page.get(number).filter(|entry| entry.logical.contains(&Span::new(at, 1))).cloned()
}

/// Word and bit of a number.
fn place(number: u64) -> (u64, u64) {
    (number / 64, 1 << (number % 64))
}
