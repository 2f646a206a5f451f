//! A stream that FAISS reads, verified before FAISS gets a byte of it.
//!
//! FAISS asks for the bytes in order, a few at a time or a gigabyte at once. Threads read and check chunks
//! ahead of it, in blocks of some MiB, and what FAISS asks for is copied from the oldest block. Of a sealed snapshot a large array is read
//! straight into FAISS's memory by all cores, and checked there before FAISS is told that it has come.

use crate::{
    Cause,
    drive::drive_on,
    load::damaged,
    parallel::{Buffer, PIECE, in_order, lock, most_of, threads},
    store::Store,
};
use faissil_core::{
    Span,
    snapshot::{ChunkEntry, ChunkKind, ChunkWalk, Digest, SealedHash, Snapshot, StreamDigest, hash_sealed},
};
use std::{
    collections::{BTreeMap, VecDeque},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex,
        mpsc::{Receiver, Sender, channel},
    },
    thread::Scope,
};

/// Bytes that are checked as one job, unless one chunk is larger.
const BLOCK: u64 = 1 << 20;

/// Bytes that may wait, checked, for FAISS to ask for them.
const AHEAD: u64 = 8 << 20;

/// A request for at least so many bytes goes straight into FAISS's memory.
const LARGE: usize = 16 << 20;

/// Bytes of chunks that follow each other, checked.
struct Block {
    buffer: Buffer,
    len: usize,
}

impl Block {
    fn bytes(&mut self) -> &[u8] {
        self.buffer.first(self.len as u64)
    }
}

/// A block to be made: its number, and its chunks.
type Job = (u64, Vec<ChunkEntry>);

/// What the threads that read ahead share with the one that asks.
pub(super) struct Shared {
    jobs: Mutex<Option<Receiver<Job>>>,
    /// Memory of blocks that FAISS has taken.
    spare: Mutex<Vec<Buffer>>,
}

impl Shared {
    pub(super) fn new() -> Shared {
        Shared { jobs: Mutex::new(None), spare: Mutex::default() }
    }
}

/// The stream of a snapshot, in order.
pub(super) struct Ahead<'env, S: Store> {
    store: &'env S,
    snapshot: &'env Snapshot,
    progress: &'env (dyn Fn(u64, u64) + Sync),
    walk: ChunkWalk,
    /// Chunks that nobody has been told to check.
    entries: VecDeque<ChunkEntry>,
    /// Where the jobs are given out; dropped, the threads end.
    jobs: Sender<Job>,
    done: Receiver<(u64, Result<Block, Cause>)>,
    shared: &'env Shared,
    /// Blocks that came before their turn.
    early: BTreeMap<u64, Result<Block, Cause>>,
    /// Lengths of the blocks that are being made or wait.
    coming: VecDeque<u64>,
    next_job: u64,
    next_block: u64,
    /// The oldest block, and how much of it FAISS has.
    block: Option<Block>,
    used: usize,
    /// Bytes that FAISS has.
    at: u64,
    whole: Whole,
}

/// The digest of all that passed.
enum Whole {
    Sealed { merged: StreamDigest, root: Option<Digest> },
    Packed(Box<blake3::Hasher>),
}

impl<'env, S: Store> Ahead<'env, S> {
    /// Begin at the first byte, with threads that live in `scope`.
    pub(super) fn new<'scope>(
        scope: &'scope Scope<'scope, 'env>,
        store: &'env S,
        snapshot: &'env Snapshot,
        shared: &'env Shared,
        progress: &'env (dyn Fn(u64, u64) + Sync),
    ) -> Ahead<'env, S> {
        let (give, take) = channel();
        *lock(&shared.jobs) = Some(take);
        let (send, done) = channel();
        // The one that asks has a core to itself: FAISS makes room for what it reads.
        for _ in 1..threads().max(2) {
            let send = send.clone();
            scope.spawn(move || {
                loop {
                    let jobs = lock(&shared.jobs);
                    let Some(Ok((number, entries))) = jobs.as_ref().map(Receiver::recv) else { return };
                    drop(jobs);
                    // A block that never comes would be waited for.
                    let block = catch_unwind(AssertUnwindSafe(|| check(store, &entries, &shared.spare)));
                    let block =
                        block.unwrap_or_else(|_| Err(Cause::Refused("a thread that reads ahead panicked".into())));
                    if send.send((number, block)).is_err() {
                        return;
                    }
                }
            });
        }
        let whole = match snapshot.stream_span() {
            Some(_) => Whole::Sealed { merged: StreamDigest::new(), root: None },
            None => Whole::Packed(Box::default()),
        };
        Ahead {
            store,
            snapshot,
            progress,
            walk: snapshot.walk_chunks(),
            entries: VecDeque::new(),
            jobs: give,
            done,
            shared,
            early: BTreeMap::new(),
            coming: VecDeque::new(),
            next_job: 0,
            next_block: 0,
            block: None,
            used: 0,
            at: 0,
            whole,
        }
    }

    /// Fill `out` with the next bytes of the stream.
    ///
    /// # Errors
    /// When they are damaged, cannot be read, or the stream ends before.
    pub(super) fn fill(&mut self, mut out: &mut [u8]) -> Result<(), Cause> {
        let left = self.snapshot.stream().length - self.at;
        if out.len() as u64 > left {
            return Err(faissil_core::Error::truncated(Span::new(self.at, out.len() as u64), left).into());
        }
        let direct = out.len() >= LARGE && self.snapshot.stream_span().is_some();
        while !out.is_empty() {
            let left = self.block.as_ref().map_or(0, |block| block.len - self.used);
            if left == 0 {
                if direct && self.coming.is_empty() {
                    let filled = self.straight(out)?;
                    out = &mut out[filled..];
                    if out.is_empty() {
                        return Ok(());
                    }
                }
                // What follows a large array begins in the block behind it.
                self.next(!direct)?;
                continue;
            }
            let Some(block) = &mut self.block else { continue };
            let now = out.len().min(left);
            out[..now].copy_from_slice(&block.bytes()[self.used..self.used + now]);
            out = &mut out[now..];
            self.used += now;
            self.at += now as u64;
        }
        Ok(())
    }

    /// Check what FAISS has not asked for, and that all of it is the stream that was recorded.
    ///
    /// # Errors
    /// As [`fill`](Ahead::fill), or when the stream does not have its digest.
    pub(super) fn finish(mut self) -> Result<(), Cause> {
        let len = self.snapshot.stream().length;
        self.at += self.block.as_ref().map_or(0, |block| block.len - self.used) as u64;
        while self.at < len {
            self.at += self.next(true)?;
        }
        let found = match self.whole {
            Whole::Sealed { merged, root } if merged.count() == 1 => root,
            Whole::Sealed { merged, .. } => merged.finish(),
            Whole::Packed(hasher) => Some(hasher.finalize().into()),
        };
        let expected = self.snapshot.stream().digest;
        match found == Some(expected) {
            true => Ok(()),
            false => Err(Cause::Damage(format!("the stream does not have the digest {expected}"))),
        }
    }

    /// The next chunks of the table, of one block.
    fn take_entries(&mut self, most: u64) -> Result<Vec<ChunkEntry>, Cause> {
        let mut taken = Vec::new();
        let mut bytes = 0;
        loop {
            if self.entries.is_empty() {
                match drive_on(&mut self.walk, self.store)? {
                    Some(entries) => self.entries.extend(entries),
                    None => return Ok(taken),
                }
                continue;
            }
            let fits = self.entries.front().filter(|entry| taken.is_empty() || bytes + entry.logical.len <= most);
            if fits.is_none() {
                return Ok(taken);
            }
            if let Some(entry) = self.entries.pop_front() {
                bytes += entry.logical.len;
                taken.push(entry);
            }
        }
    }

    /// Have more blocks made: as many as may wait, or, without `ahead`, one if there is none.
    fn order(&mut self, ahead: bool) -> Result<(), Cause> {
        while self.coming.is_empty() || (ahead && self.coming.iter().sum::<u64>() < AHEAD) {
            let entries = self.take_entries(BLOCK)?;
            if entries.is_empty() {
                return Ok(());
            }
            self.note(&entries);
            self.coming.push_back(entries.iter().map(|entry| entry.logical.len).sum());
            // The threads live as long as this does.
            let _ = self.jobs.send((self.next_job, entries));
            self.next_job += 1;
        }
        Ok(())
    }

    /// A job that no thread has begun. A thread that waits for one has the lock, and then there is none.
    fn begin(&self) -> Option<Job> {
        self.shared.jobs.try_lock().ok()?.as_ref()?.try_recv().ok()
    }

    /// Put the values of chunks together; each is held against its bytes elsewhere.
    fn note(&mut self, entries: &[ChunkEntry]) {
        let Whole::Sealed { merged, .. } = &mut self.whole else { return };
        for entry in entries {
            if let ChunkKind::Sealed { value, .. } = &entry.kind {
                merged.push(*value);
            }
        }
    }

    /// Go to the next block; its length.
    fn next(&mut self, ahead: bool) -> Result<u64, Cause> {
        if let Some(block) = self.block.take() {
            lock(&self.shared.spare).push(block.buffer);
        }
        self.order(ahead)?;
        if self.coming.pop_front().is_none() {
            return Err(Cause::Damage("the chunk table ends before the stream".into()));
        }
        let mut block = loop {
            if let Some(block) = self.early.remove(&self.next_block) {
                break block?;
            }
            let (number, block) = match self.done.try_recv() {
                Ok(done) => done,
                // Rather than wait, do one of those that nobody has begun.
                Err(_) => match self.begin() {
                    Some((number, entries)) => (number, check(self.store, &entries, &self.shared.spare)),
                    None => {
                        let ended = |_| Cause::Refused("a thread that reads ahead has ended".into());
                        self.done.recv().map_err(ended)?
                    }
                },
            };
            self.early.insert(number, block);
        };
        self.next_block += 1;
        match &mut self.whole {
            Whole::Packed(hasher) => {
                hasher.update(block.bytes());
            }
            // The root of a stream of one chunk is the digest of its bytes.
            Whole::Sealed { root, .. } if self.snapshot.stream().length == block.len as u64 => {
                *root = Some(hash_sealed(0, block.bytes()).root);
            }
            Whole::Sealed { .. } => {}
        }
        let len = block.len as u64;
        (self.block, self.used) = (Some(block), 0);
        (self.progress)(self.at + len, self.snapshot.stream().length);
        Ok(len)
    }

    /// Fill the start of `out` with whole chunks, read and checked by all cores where they shall lie; how many bytes.
    fn straight(&mut self, out: &mut [u8]) -> Result<usize, Cause> {
        let mut filled = 0;
        loop {
            let room = (out.len() - filled) as u64;
            // A page of the table at a time.
            let mut entries = self.take_entries(room.min(1 << 30))?;
            if entries.last().is_some_and(|last| last.logical.end() - self.at > room) {
                // Only the first can be too long, since others are taken only where they fit.
                entries.drain(..).rev().for_each(|entry| self.entries.push_front(entry));
            }
            let Some(last) = entries.last() else { return Ok(filled) };
            let len = (last.logical.end() - self.at) as usize;
            self.note(&entries);
            let (part, _) = out[filled..].split_at_mut(len);
            fill_chunks(self.store, &entries, part)?;
            filled += len;
            self.at += len as u64;
            (self.progress)(self.at, self.snapshot.stream().length);
        }
    }
}

/// Read chunks that follow each other into `out`, which they fill, and check them.
fn fill_chunks(store: &impl Store, entries: &[ChunkEntry], out: &mut [u8]) -> Result<(), Cause> {
    let mut rest = out;
    let mut parts = Vec::with_capacity(entries.len());
    for entry in entries {
        let (part, later) = rest.split_at_mut(entry.logical.len as usize);
        parts.push(Mutex::new(part));
        rest = later;
    }
    let per_job = (BLOCK / entries.first().map_or(1, |entry| entry.logical.len.max(1))).max(1) as usize;
    let work = |job: u64| {
        let from = job as usize * per_job;
        let until = entries.len().min(from + per_job);
        for (entry, part) in entries[from..until].iter().zip(&parts[from..until]) {
            let mut part = lock(part);
            read_sealed(store, entry, &mut part)?;
        }
        Ok(())
    };
    in_order(entries.len().div_ceil(per_job) as u64, most_of(1), work, |_, ()| Ok(()))
}

/// Read a chunk and hold it against its value, a piece at a time, while the piece is in the cache.
fn read_sealed(store: &impl Store, entry: &ChunkEntry, out: &mut [u8]) -> Result<(), Cause> {
    let ChunkKind::Sealed { value, .. } = &entry.kind else {
        return Err(Cause::Damage(format!("chunk {} of a sealed stream is coded", entry.number)));
    };
    let mut values = crate::hashing::ChunkValues::new(entry.logical.len.next_power_of_two().trailing_zeros() as u8);
    let mut found: Option<SealedHash> = None;
    for (piece, start) in out.chunks_mut(PIECE as usize).zip((entry.logical.start..).step_by(PIECE as usize)) {
        store.read_at(entry.stored.start + (start - entry.logical.start), piece)?;
        found = values.push(vec![hash_sealed(start, piece)]).pop().or(found);
    }
    found = values.finish().or(found);
    match found.is_some_and(|found| found.value == *value) {
        true => Ok(()),
        false => Err(damaged(entry.number, entry.stored)),
    }
}

/// The bytes of chunks that follow each other, checked and decoded.
fn check(store: &impl Store, entries: &[ChunkEntry], spare: &Mutex<Vec<Buffer>>) -> Result<Block, Cause> {
    let len: u64 = entries.iter().map(|entry| entry.logical.len).sum();
    let spared = lock(spare).pop().filter(|buffer| buffer.room() >= len);
    let mut buffer = spared.unwrap_or_else(|| Buffer::new(len.max(BLOCK)));
    let mut rest = buffer.first(len);
    for entry in entries {
        let (part, later) = rest.split_at_mut(entry.logical.len as usize);
        if let ChunkKind::Sealed { .. } = entry.kind {
            read_sealed(store, entry, part)?;
        } else {
            part.copy_from_slice(&entry.check(&store.read(entry.stored)?)?);
        }
        rest = later;
    }
    Ok(Block { buffer, len: len as usize })
}
