//! Every byte of a snapshot held against what was recorded of it.
//!
//! Chunks are read once, and outline, ids, lowest FAISS version and tables are made again from the stream and compared.
//! What does not fit is a [`Damage`]: where, what lies there, which ids are lost.
//!
//! It goes in three steps, and the middle one is the host's to share out. [`Prepared::of`] reads what has to be known
//! before; the chunks that a [`Check`](crate::snapshot::Check) names are checked, and [`Checked`] notes what they came
//! to; [`finish`] compares and explains. A [`Verifier`] is the middle step for one thread: its chunks can be checked in any
//! order, and it can be left and gone on with. [`verify`] is all of it.

mod lost;
mod prepared;
mod tables;
mod unopened;
mod verifier;

pub use lost::{IdsLost, MOST_IDS};
pub use prepared::Prepared;
pub use unopened::{unopened, unverifiable};
pub use verifier::{SEALED, State, Verifier};

use crate::bytes::Span;
use crate::error::Cause;
use crate::ids::{IdSummary, Scratch};
use crate::keep::{Kept, this_build};
use crate::opened::Access;
use crate::outline::Outline;
use crate::report::{DamageReport, LostIds, Place, Stream, Verification};
use crate::snapshot::{Attachment, ChunkEntry, Digest, Owner, Producer, Snapshot, TRAILER_LEN};
use crate::source::Source;
use crate::text::escaped;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use tables::{wrong_lookup, wrong_sizes};

/// What a verification found.
#[derive(Debug)]
pub struct Verified {
    /// Length of the snapshot in bytes.
    pub bytes: u64,
    /// Chunks that were checked, of stream and attachments.
    pub chunks: u64,
    /// What is wrong, in the order in which it was found.
    pub damage: Vec<Damage>,
    /// The bytes of the stream that no digest vouches for: of damaged chunks, and of those that no table names.
    pub stream_damage: Vec<Span>,
    /// What is not damage but has to be known.
    pub warnings: Vec<String>,
    /// The outline, made again from the stream; as recorded where the stream is damaged.
    pub outline: Option<Outline>,
    /// The ids, made again from the stream.
    pub ids: Option<IdSummary>,
}

/// Something that is not as it was recorded.
#[derive(Debug, Clone)]
pub struct Damage {
    /// The bytes of the file.
    pub span: Span,
    /// What lies there: names from the outermost record, or a section.
    pub path: String,
    /// The ids whose vectors are touched.
    pub ids_lost: IdsLost,
    /// How it shows.
    pub reason: String,
}

impl Verified {
    /// Whether nothing is wrong.
    pub fn is_ok(&self) -> bool {
        self.damage.is_empty()
    }
}

/// Verify an opened snapshot, its chunks one after the other. How many bytes of chunks are checked is told.
///
/// # Errors
/// When there is no snapshot, or it cannot be read. Damage is no error.
pub async fn verify(access: &Access<'_>, scratch: &dyn Scratch) -> Result<Verified, Cause> {
    let mut verifier = Verifier::begin(access).await?;
    let all: u64 = verifier.chunks().iter().map(|entry| entry.stored.len).fold(0, u64::saturating_add);
    let mut done = 0_u64;
    for number in 0..verifier.chunks().len() {
        let stored = verifier.chunks().get(number).map(|entry| entry.stored).unwrap_or_default();
        verifier.check(number, &access.file().bytes(stored).await?);
        done = done.saturating_add(stored.len);
        access.ask.tell(done, all);
    }
    verifier.finish(access, scratch).await
}

/// Compare and explain, after the chunks. `ids` are those of the stream, or why they could not be read; they are not
/// looked at where the stream is damaged.
///
/// # Errors
/// When the file cannot be read.
pub async fn finish(
    access: &Access<'_>,
    prepared: &Prepared,
    mut checked: Checked,
    ids: Result<Option<IdSummary>, String>,
    scratch: &dyn Scratch,
) -> Result<Verified, Cause> {
    let snapshot = access.opened.snapshot()?;
    let stream = access.stream();
    let mut verified = Verified {
        bytes: access.file().len(),
        chunks: checked.chunks,
        damage: Vec::new(),
        stream_damage: checked.stream_damage(stream.len()),
        warnings: Vec::new(),
        outline: None,
        ids: None,
    };
    if !snapshot.signatures().is_empty() {
        verified.warnings.push("signature present, not checked".into());
    }
    if checked.stream_is_good() {
        let (ids, summed) = match ids {
            Ok(ids) => (ids, true),
            Err(why) => {
                let said = format!("the ids were not held against what is recorded of them: {why}");
                verified.warnings.push(said);
                (None, false)
            }
        };
        if checked.problems.is_empty() {
            compare(access, prepared, ids.as_ref(), summed, scratch, &mut checked, &mut verified).await?;
        }
        verified.ids = ids;
    }
    let joined = prepared.joined(access);
    let outline = if checked.stream_is_good() { prepared.derived.as_ref() } else { prepared.best() };
    for run in core::mem::take(&mut checked.runs) {
        let mut damage = run.explain(outline, &joined, &prepared.attachments).await;
        if let Some(recorded) = &prepared.ids {
            damage.ids_lost.keep_possible(recorded);
        }
        verified.damage.push(damage);
    }
    verified.damage.extend(checked.problems);
    verified.outline = outline.cloned();
    Ok(verified)
}

/// Hold what was made again from the stream against what is recorded of it.
async fn compare(
    access: &Access<'_>,
    prepared: &Prepared,
    ids: Option<&IdSummary>,
    summed: bool,
    scratch: &dyn Scratch,
    checked: &mut Checked,
    verified: &mut Verified,
) -> Result<(), Cause> {
    let (snapshot, file) = (access.opened.snapshot()?, access.file());
    let recorded_ids = prepared.ids.as_ref().filter(|_| summed);
    let kept = Kept::of(prepared.derived.as_ref(), ids);
    let producer = file.run(&mut snapshot.body::<Producer>()).await.ok().flatten();
    let tree = prepared.tree.as_ref();
    for difference in kept.differences(snapshot.stream(), tree, prepared.recorded.as_ref(), recorded_ids) {
        match &producer {
            Some(other) if difference.is_judgement && is_another_version(other) => {
                let (name, version) = (escaped(&other.name), escaped(&other.version));
                let (path, reason) = (difference.path, difference.reason);
                verified.warnings.push(format!("{path} was judged otherwise by {name} {version}: {reason}"));
            }
            _ => checked.problems.push(at_manifest(snapshot, difference.path, difference.reason)),
        }
    }
    if let (Some(recorded), Some(ids)) = (recorded_ids, ids)
        && recorded.duplicates.is_some()
        && ids.duplicates.is_none()
    {
        let said =
            "how many ids repeat was not held against what is recorded: that takes more memory than there is here";
        verified.warnings.push(said.into());
    }
    if let (Some(tree), Some(outline)) = (tree, &prepared.derived) {
        checked.problems.extend(wrong_sizes(snapshot, tree, outline, &access.stream(), &file).await?);
    }
    if let (Some(recorded), Some(place)) = (recorded_ids, prepared.id_place()) {
        match wrong_lookup(snapshot, recorded, &place, &prepared.joined(access), &file, scratch).await? {
            Ok(wrong) => checked.problems.extend(wrong),
            Err(why) => {
                verified.warnings.push(format!("the id lookup was not held against the ids of the stream: {why}"));
            }
        }
    }
    Ok(())
}

/// Whether this is Faissil in another version, which may judge otherwise. Of any other name, and of what is no version,
/// nothing is known that would excuse a difference.
fn is_another_version(producer: &Producer) -> bool {
    let own = this_build();
    let parts: Vec<&str> = producer.version.split('.').collect();
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok();
    producer.name == own.name && producer.version != own.version && parts.len() == 3 && parts.iter().all(number)
}

/// What chunks and structure came to.
#[derive(Debug, Default)]
pub struct Checked {
    runs: Vec<Run>,
    chunks: u64,
    problems: Vec<Damage>,
    stream_seen: bool,
    /// Where the last chunk of the stream ends that was checked.
    seen_to: u64,
}

/// Damaged chunks of one owner that follow each other.
#[derive(Debug)]
struct Run {
    owner: Owner,
    first: u64,
    last: u64,
    logical: Span,
    stored: Span,
    reason: String,
}

impl Checked {
    /// These chunks, which follow each other, are being checked.
    pub fn begin(&mut self, entries: &[ChunkEntry]) {
        self.chunks = self.chunks.saturating_add(entries.len() as u64);
        if let Some(last) = entries.last().filter(|entry| entry.owner == Owner::Stream) {
            (self.stream_seen, self.seen_to) = (true, last.logical.end());
        }
    }

    /// A chunk, behind all that were named so, is damaged.
    pub fn damaged(&mut self, entry: &ChunkEntry, reason: impl Into<String>) {
        if let Some(run) = self.runs.last_mut()
            && run.owner == entry.owner
            && run.last.checked_add(1) == Some(entry.number)
        {
            run.last = entry.number;
            run.logical = Span::between(run.logical.start, entry.logical.end());
            run.stored = Span::between(run.stored.start, entry.stored.end());
            return;
        }
        let (owner, logical, stored) = (entry.owner, entry.logical, entry.stored);
        let (first, last, reason) = (entry.number, entry.number, reason.into());
        self.runs.push(Run { owner, first, last, logical, stored, reason });
    }

    /// All decoded bytes of `owner` have this digest; `None` where some could not be had.
    pub fn whole(&mut self, snapshot: &Snapshot, owner: Owner, recorded: Digest, found: Option<Digest>) {
        if found.is_some_and(|found| found != recorded) {
            let what = if owner == Owner::Stream { "stream" } else { "attachment" };
            let reason = format!("the {what} does not have the digest {recorded}");
            self.problems.push(at_manifest(snapshot, what, reason));
        }
    }

    /// Going through the structure ended with this.
    ///
    /// # Errors
    /// Where it says nothing about the bytes.
    pub fn failed(&mut self, snapshot: &Snapshot, cause: Cause) -> Result<(), Cause> {
        let damage = to_blame(cause, snapshot)?;
        if self.problems.iter().all(|known| known.reason != damage.reason) {
            self.problems.push(damage);
        }
        Ok(())
    }

    /// Whether chunks of the stream were checked. Where the structure failed before them, the stream may be good all
    /// the same, and is walked over by itself.
    pub fn stream_seen(&self) -> bool {
        self.stream_seen
    }

    /// Whether no chunk of the stream is damaged.
    pub fn stream_is_good(&self) -> bool {
        !self.runs.iter().any(|run| run.owner == Owner::Stream)
    }

    fn stream_damage(&self, stream_len: u64) -> Vec<Span> {
        let rest = Some(Span::between(self.seen_to, stream_len)).filter(|rest| !rest.is_empty());
        let of_stream = self.runs.iter().filter(|run| run.owner == Owner::Stream);
        of_stream.map(|run| run.logical).chain(rest).collect()
    }
}

impl Run {
    async fn explain(self, outline: Option<&Outline>, joined: &Source<'_>, attachments: &[Attachment]) -> Damage {
        let chunks = match self.last.saturating_sub(self.first) {
            0 => format!("chunk {}", self.first),
            _ => format!("chunks {}..{}", self.first, self.last.saturating_add(1)),
        };
        let reason = format!("{chunks}: {}", self.reason);
        let (path, ids_lost) = match (self.owner, outline) {
            (Owner::Attachment(number), _) => {
                let found = usize::try_from(number).ok().and_then(|number| attachments.get(number));
                (format!("attachment `{}`", found.map_or("", |found| &found.name)), IdsLost::default())
            }
            (Owner::Stream, Some(outline)) => lost::explain(outline, self.logical, joined).await,
            (Owner::Stream, None) => (String::new(), IdsLost::default()),
        };
        Damage { span: self.stored, path, ids_lost, reason }
    }
}

fn at_manifest(snapshot: &Snapshot, path: &str, reason: String) -> Damage {
    Damage { span: snapshot.manifest(), path: path.into(), ids_lost: IdsLost::default(), reason }
}

/// Whether this says something about the bytes, and not about reading them.
fn to_blame(cause: Cause, snapshot: &Snapshot) -> Result<Damage, Cause> {
    if let Cause::Refused(_) = cause {
        return Err(cause);
    }
    let len = snapshot.file_len();
    Ok(structural(&cause, [snapshot.manifest(), Span::between(len.saturating_sub(TRAILER_LEN), len)]))
}

/// Damage in the structure of a snapshot. `ends`: manifest and trailer, as far as they are known.
fn structural(cause: &Cause, ends: [Span; 2]) -> Damage {
    let (span, path) = match cause {
        Cause::Fault(fault) => {
            let whole = ends.into_iter().find(|end| end.contains(&Span::new(fault.at, 1)));
            (whole.unwrap_or(Span::new(fault.at, 0)), fault.path.clone())
        }
        _ => (Span::default(), String::new()),
    };
    Damage { span, path, ids_lost: IdsLost::default(), reason: cause.to_string() }
}

/// What a verification found, as a report on the file called `name`. `expected`: the digest that snapshot or stream
/// must have.
pub fn verification(snapshot: &Snapshot, verified: &Verified, name: &str, expected: Option<Digest>) -> Verification {
    let mut damage: Vec<DamageReport> = verified.damage.iter().map(damage_report).collect();
    if let Err(cause) = snapshot.check_expected(expected) {
        let (span, ids_lost) = (Place { offset: 0, bytes: 0 }, LostIds { count: 0, ids: Vec::new() });
        damage.push(DamageReport { span, path: String::new(), ids_lost, reason: cause.to_string() });
    }
    Verification {
        file: name.into(),
        kind: snapshot.layout().name(),
        ok: Some(damage.is_empty()),
        bytes: verified.bytes,
        chunks: verified.chunks,
        snapshot_digest: Some(snapshot.digest().to_string()),
        stream: Stream { len: snapshot.stream().length, blake3: Some(snapshot.stream().digest.to_string()) },
        damage,
        warnings: verified.warnings.clone(),
    }
}

/// A damage as reports have it.
pub fn damage_report(damage: &Damage) -> DamageReport {
    DamageReport {
        span: Place { offset: damage.span.start, bytes: damage.span.len },
        path: damage.path.clone(),
        ids_lost: LostIds { count: damage.ids_lost.count, ids: damage.ids_lost.ids.clone() },
        reason: damage.reason.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_faissil_in_another_version_may_judge_otherwise() {
        let is =
            |name: &str, version: &str| is_another_version(&Producer { name: name.into(), version: version.into() });
        assert!(is("faissil", "9.0.0") && is("faissil", "0.0.1"));
        assert!(!is("faissil", env!("CARGO_PKG_VERSION")));
        for (name, version) in [
            ("other", "9.0.0"),
            ("faissil", "9.0"),
            ("faissil", "9.0.x"),
            ("faissil", "9..0"),
            ("faissil", "+9.0.0"),
            ("faissil", ""),
        ] {
            assert!(!is(name, version), "{name} {version}");
        }
    }
}
