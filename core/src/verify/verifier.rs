//! Chunks checked by one thread, in any order.

use super::{Checked, Prepared, Verified, finish};
use crate::error::{Cause, Error};
use crate::ids::Scratch;
use crate::opened::Access;
use crate::snapshot::{Check, ChunkEntry, ChunkKind, Digest, Found, Owner};
use alloc::{
    collections::BTreeMap,
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

/// Chunks whose entries are held at most, some 150 bytes each: a sealed stream has so many only beyond a terabyte.
const MOST_CHUNKS: usize = 1 << 17;

/// What is known of a chunk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum State {
    /// Nothing yet.
    Unchecked = 0,
    /// It has the digests that are recorded.
    Good = 1,
    /// It has not.
    Damaged = 2,
}

/// A verification that goes chunk by chunk.
///
/// Between [`begin`](Verifier::begin) and [`finish`](Verifier::finish), [`check`](Verifier::check) each of the
/// [`chunks`](Verifier::chunks) once. In ascending order nothing is read twice but the ids; coded chunks that were
/// checked in another order are read again at the end, for the digest of the whole.
#[derive(Debug)]
pub struct Verifier {
    prepared: Prepared,
    chunks: Vec<ChunkEntry>,
    states: Vec<State>,
    /// How damage shows, for the first chunk of each run of damaged ones, by place in `chunks`.
    reasons: BTreeMap<usize, String>,
    wholes: Vec<Whole>,
    /// What ended going through the structure.
    failures: Vec<Cause>,
    hashing: Hashing,
}

/// What coded chunks are together.
#[derive(Debug)]
struct Whole {
    owner: Owner,
    recorded: Digest,
    /// The place behind its last chunk.
    end: usize,
    found: Option<Digest>,
}

/// Hashes decoded bytes in order.
#[derive(Debug, Default)]
struct Hashing {
    /// The place of the chunk that comes next.
    next: usize,
    /// The whole that it is part of, by number.
    whole: usize,
    hasher: Option<blake3::Hasher>,
    /// Whether a chunk of this whole is damaged.
    damaged: bool,
}

impl Verifier {
    /// Go through all of an opened snapshot but its chunks.
    ///
    /// # Errors
    /// When there is no snapshot, or it has too many chunks for this. What is wrong with it is no error.
    pub async fn begin(access: &Access<'_>) -> Result<Verifier, Cause> {
        let snapshot = access.opened.snapshot()?;
        let prepared = Prepared::of(access).await?;
        let mut verifier = Verifier {
            prepared,
            chunks: Vec::new(),
            states: Vec::new(),
            reasons: BTreeMap::new(),
            wholes: Vec::new(),
            failures: Vec::new(),
            hashing: Hashing::default(),
        };
        let (file, mut check) = (access.file(), Check::new(snapshot));
        loop {
            match file.run(&mut check).await {
                Ok(Found::Done) => break,
                Ok(Found::Chunks(entries)) => verifier.take(entries)?,
                Ok(Found::Whole { owner, digest }) => {
                    let end = verifier.chunks.len();
                    verifier.wholes.push(Whole { owner, recorded: digest, end, found: None });
                }
                Err(cause) => {
                    verifier.failures.push(cause);
                    break;
                }
            }
        }
        if !verifier.chunks.iter().any(|entry| entry.owner == Owner::Stream) {
            // Something before the stream was wrong. The stream may be good all the same.
            let mut walk = snapshot.walk_chunks();
            loop {
                match file.run(&mut walk).await {
                    Ok(Some(entries)) => verifier.take(entries)?,
                    Ok(None) => break,
                    Err(cause) => {
                        verifier.failures.push(cause);
                        break;
                    }
                }
            }
        }
        verifier.states = vec![State::Unchecked; verifier.chunks.len()];
        Ok(verifier)
    }

    fn take(&mut self, entries: Vec<ChunkEntry>) -> Result<(), Cause> {
        self.chunks.extend(entries);
        if self.chunks.len() > MOST_CHUNKS {
            let said = format!("more than {MOST_CHUNKS} chunks: `faissil verify` checks a snapshot of this size");
            return Err(Cause::Refused(said));
        }
        Ok(())
    }

    /// All chunks, of stream and attachments: the bytes to bring are those that are `stored`.
    pub fn chunks(&self) -> &[ChunkEntry] {
        &self.chunks
    }

    /// What is known of each.
    pub fn states(&self) -> &[State] {
        &self.states
    }

    /// Check chunk `number` of [`chunks`](Verifier::chunks), whose stored bytes these are. What was checked is not
    /// checked again.
    pub fn check(&mut self, number: usize, stored: &[u8]) -> State {
        let (Some(entry), Some(State::Unchecked)) = (self.chunks.get(number), self.states.get(number)) else {
            return self.states.get(number).copied().unwrap_or(State::Unchecked);
        };
        let state = match entry.check(stored) {
            Ok(decoded) => {
                if number == self.hashing.next {
                    self.hashing.pass(entry, &decoded);
                }
                State::Good
            }
            Err(error) => {
                self.reasons.insert(number, reason(entry, &error));
                self.thin_out(number);
                State::Damaged
            }
        };
        if let Some(place) = self.states.get_mut(number) {
            *place = state;
        }
        self.go_on();
        state
    }

    /// Only the first of damaged neighbours says why.
    fn thin_out(&mut self, number: usize) {
        let neighbours = |a: usize, b: usize| match (self.chunks.get(a), self.chunks.get(b)) {
            (Some(a), Some(b)) => a.owner == b.owner && a.number.checked_add(1) == Some(b.number),
            _ => false,
        };
        let is_damaged = |number: usize| self.states.get(number) == Some(&State::Damaged);
        let after = number.saturating_add(1);
        let drop_after = neighbours(number, after) && is_damaged(after);
        let drop_this = number.checked_sub(1).is_some_and(|before| neighbours(before, number) && is_damaged(before));
        if drop_after {
            self.reasons.remove(&after);
        }
        if drop_this {
            self.reasons.remove(&number);
        }
    }

    /// Go past chunks that are not hashed, and close wholes that are complete.
    fn go_on(&mut self) {
        loop {
            while let Some(whole) = self.wholes.get_mut(self.hashing.whole)
                && self.hashing.next >= whole.end
            {
                whole.found = self.hashing.close();
            }
            let (Some(entry), Some(state)) = (self.chunks.get(self.hashing.next), self.states.get(self.hashing.next))
            else {
                return;
            };
            match (state, &entry.kind) {
                (State::Damaged, _) => self.hashing.pass_damaged(),
                // The digest of a sealed stream comes from the values of its chunks.
                (State::Good, ChunkKind::Sealed { .. }) => self.hashing.next = self.hashing.next.saturating_add(1),
                _ => return,
            }
        }
    }

    /// Compare and explain.
    ///
    /// # Errors
    /// When chunks have not been checked yet; when the file cannot be read.
    pub async fn finish(mut self, access: &Access<'_>, scratch: &dyn Scratch) -> Result<Verified, Cause> {
        let left = self.states.iter().filter(|state| **state == State::Unchecked).count();
        if left > 0 {
            let all = self.chunks.len();
            return Err(Cause::Refused(format!("{left} of {all} chunks have not been checked yet")));
        }
        self.go_on();
        self.hash_rest(access).await?;
        let snapshot = access.opened.snapshot()?;
        let mut checked = Checked::default();
        for (number, (entry, state)) in self.chunks.iter().zip(&self.states).enumerate() {
            checked.begin(core::slice::from_ref(entry));
            if *state == State::Damaged {
                checked.damaged(entry, self.reasons.remove(&number).unwrap_or_default());
            }
        }
        for whole in self.wholes {
            checked.whole(snapshot, whole.owner, whole.recorded, whole.found);
        }
        for cause in self.failures {
            checked.failed(snapshot, cause)?;
        }
        let ids = match checked.stream_is_good() {
            true => self.prepared.sum_ids(access, scratch).await.map_err(|cause| cause.to_string()),
            false => Ok(None),
        };
        finish(access, &self.prepared, checked, ids, scratch).await
    }

    /// Hash the coded chunks that were checked out of order.
    async fn hash_rest(&mut self, access: &Access<'_>) -> Result<(), Cause> {
        while self.hashing.whole < self.wholes.len() {
            let Some(entry) = self.chunks.get(self.hashing.next) else { break };
            if self.hashing.damaged {
                self.hashing.pass_damaged();
            } else {
                let stored = access.file().bytes(entry.stored).await?;
                match entry.check(&stored) {
                    Ok(decoded) => self.hashing.pass(entry, &decoded),
                    Err(_) => return Err(Cause::Damage("the file has changed since it was checked".into())),
                }
            }
            self.go_on();
        }
        Ok(())
    }
}

impl Hashing {
    fn pass(&mut self, entry: &ChunkEntry, decoded: &[u8]) {
        if let ChunkKind::Coded { .. } = entry.kind {
            self.hasher.get_or_insert_default().update(decoded);
        }
        self.next = self.next.saturating_add(1);
    }

    fn pass_damaged(&mut self) {
        self.damaged = true;
        self.next = self.next.saturating_add(1);
    }

    /// The digest of a whole that is complete; `None` where some of it is damaged.
    fn close(&mut self) -> Option<Digest> {
        self.whole = self.whole.saturating_add(1);
        let hasher = self.hasher.take().unwrap_or_default();
        (!core::mem::take(&mut self.damaged)).then(|| hasher.finalize().into())
    }
}

/// How damage of a chunk shows.
fn reason(entry: &ChunkEntry, error: &Error) -> String {
    match entry.kind {
        ChunkKind::Sealed { .. } => SEALED.into(),
        ChunkKind::Coded { .. } => error.to_string(),
    }
}

/// How damage of a chunk that is stored verbatim shows.
pub const SEALED: &str = "its bytes do not have the digest that is recorded";
