//! Every byte of a snapshot held against what was recorded of it.
//!
//! Chunks are read once, on all cores, and while they pass the ids are summed up again; outline,
//! lowest FAISS version and tables are made again from the stream and compared. What does not fit is a
//! [`Damage`]: where, what lies there, which ids are lost.

mod looking;
mod lost;
mod tables;

pub use faissil_core::index::has_ids;
pub use lost::{IdsLost, MOST_IDS};

use crate::{
    Cause,
    drive::{Onlooker, ask, drive, drive_on},
    hashing::{ChunkValues, hash_piece},
    judge,
    opened::stream_of,
    parallel::{Progress, in_order, most_of, sweep},
    store::{Decoded, File, Joined, Store},
    summing::Summing,
};
use faissil_core::{
    Span,
    files::Files,
    ids::{IdSummary, place},
    keep::{self, Kept},
    opened::remains,
    outline::Outline,
    snapshot::{
        Attachment, Attachments, Check, ChunkEntry, ChunkKind, Digest, Found, Ids, Owner, Producer, Remains,
        SealedHash, Snapshot, TRAILER_LEN, Trailer, TreeBody,
    },
    source::Source,
};
use looking::Looking;
use std::path::Path;
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

/// Verify the snapshot in `file`. `scratch` is a directory for what memory does not hold.
///
/// # Errors
/// When the file cannot be read. Damage is no error.
pub fn verify(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    scratch: &Path,
    progress: Progress<'_>,
) -> Result<Verified, Cause> {
    let bytes = file.len();
    let mut verified = Verified {
        bytes,
        chunks: 0,
        damage: Vec::new(),
        stream_damage: Vec::new(),
        warnings: Vec::new(),
        outline: None,
        ids: None,
    };
    if !snapshot.signatures().is_empty() {
        verified.warnings.push("signature present, not checked".into());
    }
    // What cannot be read of these shows again, with its place, when everything is checked.
    let tree = drive(snapshot.body::<TreeBody>(), file).ok().flatten();
    let recorded_ids = drive(snapshot.body::<Ids>(), file).ok().flatten();
    let attachments = drive(snapshot.body::<Attachments>(), file).ok().flatten();
    let attachments = attachments.map(|body| body.attachments).unwrap_or_default();
    let recorded = tree.as_ref().and_then(|tree| drive(snapshot.outline(tree, keep::class), file).ok());

    let stream = stream_of(Some(snapshot), file);
    let derived = judge::outline(&stream).ok().filter(judge::is_kept);
    let side = derived.as_ref().and_then(|outline| side_file(outline, &attachments, snapshot, file));
    let files = Files { stream: stream.len(), side: side.as_ref().map(Store::len) };
    let joined = Joined::new(&stream, side.as_ref());
    let id_place = derived.as_ref().map(place).filter(has_ids);
    let mut summing = match &id_place {
        Some(place) => Looking::of(Onlooker::new(Summing::new(place, files, scratch))),
        None => Looking::Away,
    };

    let mut checked = Checked { runs: Vec::new(), chunks: 0, problems: Vec::new(), stream_seen: false, seen_to: 0 };
    check_all(file, snapshot, &stream, &mut summing, &mut checked, progress)?;
    verified.chunks = checked.chunks;
    let of_stream = checked.runs.iter().filter(|run| run.owner == Owner::Stream);
    verified.stream_damage = of_stream.map(|run| run.logical).collect();
    verified.stream_damage.extend(Some(Span::between(checked.seen_to, stream.len())).filter(|rest| !rest.is_empty()));
    let stream_is_good = !checked.runs.iter().any(|run| run.owner == Owner::Stream);

    if stream_is_good {
        let (mut missing, mut ids) = (false, None);
        match summing.finish(&joined) {
            Ok(found) => ids = found,
            Err(cause @ Cause::Io(_)) => return Err(cause),
            Err(cause) => {
                missing = true;
                verified.warnings.push(format!("the ids were not held against what is recorded of them: {cause}"));
            }
        }
        if checked.problems.is_empty() {
            let recorded_ids = recorded_ids.as_ref().filter(|_| !missing);
            let kept = Kept::of(derived.as_ref(), ids.as_ref());
            let producer = drive(snapshot.body::<Producer>(), file).ok().flatten();
            for difference in kept.differences(snapshot.stream(), tree.as_ref(), recorded.as_ref(), recorded_ids) {
                match &producer {
                    Some(other) if difference.is_judgement && is_another_version(other) => {
                        let (name, version) = (other.name.escape_debug(), other.version.escape_debug());
                        let (path, reason) = (difference.path, difference.reason);
                        verified.warnings.push(format!("{path} was judged otherwise by {name} {version}: {reason}"));
                    }
                    _ => checked.problems.push(at_manifest(snapshot, difference.path, difference.reason)),
                }
            }
            if let (Some(tree), Some(outline)) = (&tree, &derived) {
                checked.problems.extend(wrong_sizes(snapshot, tree, outline, &stream, file)?);
            }
            if let (Some(ids), Some(place)) = (recorded_ids, &id_place) {
                checked.problems.extend(wrong_lookup(snapshot, ids, place, files, &joined, file, scratch)?);
            }
        }
        verified.ids = ids;
        verified.outline = derived;
    } else {
        verified.outline = recorded.or(derived);
    }

    for run in checked.runs {
        let mut damage = run.explain(verified.outline.as_ref(), files, &joined, &attachments);
        if let Some(recorded) = &recorded_ids {
            damage.ids_lost.keep_possible(recorded);
        }
        verified.damage.push(damage);
    }
    verified.damage.extend(checked.problems);
    Ok(verified)
}

/// What the snapshots of this build name as their writer.
pub(crate) fn this_build() -> Producer {
    Producer { name: "faissil".into(), version: env!("CARGO_PKG_VERSION").into() }
}

/// Whether this is Faissil in another version, which may judge otherwise. Of any other name, and of what is no version,
/// nothing is known that would excuse a difference.
fn is_another_version(producer: &Producer) -> bool {
    let own = this_build();
    let parts: Vec<&str> = producer.version.split('.').collect();
    let number = |part: &&str| part.bytes().all(|byte| byte.is_ascii_digit()) && part.parse::<u32>().is_ok();
    producer.name == own.name && producer.version != own.version && parts.len() == 3 && parts.iter().all(number)
}

/// The attachment that is the side file of this stream.
fn side_file<'a, S: Store + ?Sized>(
    outline: &Outline,
    attachments: &[Attachment],
    snapshot: &'a Snapshot,
    file: &'a S,
) -> Option<Decoded<'a, &'a S>> {
    let name = crate::beside::base_name(judge::side_files(outline).first()?).ok()?;
    let (number, attachment) = (0u64..).zip(attachments).find(|(_, attachment)| attachment.name == name)?;
    Some(Decoded::attachment(snapshot, number, attachment.clone(), file))
}

/// What the chunks and the structure came to.
struct Checked {
    runs: Vec<Run>,
    chunks: u64,
    problems: Vec<Damage>,
    stream_seen: bool,
    /// Where the last chunk of the stream ends that was checked.
    seen_to: u64,
}

/// Damaged chunks of one owner that follow each other.
struct Run {
    owner: Owner,
    first: u64,
    last: u64,
    logical: Span,
    stored: Span,
    reason: String,
}

impl Checked {
    fn damaged(&mut self, entry: &ChunkEntry, reason: String) {
        if let Some(run) = self.runs.last_mut()
            && run.owner == entry.owner
            && run.last + 1 == entry.number
        {
            run.last = entry.number;
            run.logical = Span::between(run.logical.start, entry.logical.end());
            run.stored = Span::between(run.stored.start, entry.stored.end());
            return;
        }
        let (owner, logical, stored) = (entry.owner, entry.logical, entry.stored);
        self.runs.push(Run { owner, first: entry.number, last: entry.number, logical, stored, reason });
    }
}

impl Run {
    fn explain(
        self,
        outline: Option<&Outline>,
        files: Files,
        store: &impl Store,
        attachments: &[Attachment],
    ) -> Damage {
        let chunks = match self.last - self.first {
            0 => format!("chunk {}", self.first),
            _ => format!("chunks {}..{}", self.first, self.last + 1),
        };
        let reason = format!("{chunks}: {}", self.reason);
        let (path, ids_lost) = match self.owner {
            Owner::Attachment(number) => {
                let name = attachments.get(number as usize).map_or("", |attachment| &attachment.name);
                (format!("attachment `{name}`"), IdsLost::default())
            }
            Owner::Stream => match outline {
                Some(outline) => lost::explain(outline, self.logical, files, store),
                None => (String::new(), IdsLost::default()),
            },
        };
        Damage { span: self.stored, path, ids_lost, reason }
    }
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

/// What the file at `path` has that [`Opened::open`](crate::opened::Opened::open) refused for this cause: its end or its manifest is damaged.
///
/// # Errors
/// When the file cannot be read.
pub fn unopened(path: &Path, cause: &Cause) -> Result<Damage, Cause> {
    let file = File::open(path).map_err(|error| error.cause)?;
    let len = file.len();
    let trailer = Span::between(len.saturating_sub(TRAILER_LEN), len);
    if let Cause::Fault(fault) = cause {
        // Bytes behind a trailer belong to no part.
        let trailer = if fault.path.is_empty() { Span::between(fault.at, len) } else { trailer };
        let manifest = Trailer::parse(&file.read(Span::between(len.saturating_sub(TRAILER_LEN), len))?, len)
            .map(|trailer| trailer.manifest())
            .unwrap_or_default();
        return Ok(structural(cause, [manifest, trailer]));
    }
    let span = match ask(&file, |ask| async move { remains(&Source::file(&ask)).await })?.1 {
        Some(Remains::Damaged) => trailer,
        Some(Remains::Cut(left)) => Span::between(len.saturating_sub(left), len),
        Some(Remains::Followed(end)) => Span::between(end, len),
        None => Span::new(len, 0),
    };
    Ok(Damage { span, path: "trailer".into(), ids_lost: IdsLost::default(), reason: cause.to_string() })
}

fn at_manifest(snapshot: &Snapshot, path: &str, reason: String) -> Damage {
    Damage { span: snapshot.manifest(), path: path.into(), ids_lost: IdsLost::default(), reason }
}

/// Whether this says something about the bytes, and not about reading them.
fn to_blame(cause: Cause, snapshot: &Snapshot) -> Result<Damage, Cause> {
    match cause {
        Cause::Io(_) | Cause::Refused(_) | Cause::Faiss(_) | Cause::Cancelled => Err(cause),
        cause => {
            let len = snapshot.file_len();
            Ok(structural(&cause, [snapshot.manifest(), Span::between(len.saturating_sub(TRAILER_LEN), len)]))
        }
    }
}

/// Go through everything that the snapshot holds.
fn check_all(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    stream: &impl Store,
    ids: &mut Looking<'_>,
    checked: &mut Checked,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let mut check = Check::new(snapshot);
    let mut whole = Some(blake3::Hasher::new());
    loop {
        match drive_on(&mut check, file) {
            Ok(Found::Done) => break,
            Ok(Found::Chunks(entries)) => {
                check_chunks(file, snapshot, stream, &entries, &mut whole, ids, checked, progress)?;
            }
            Ok(Found::Whole { owner, digest }) => {
                let hasher = whole.replace(blake3::Hasher::new());
                let found = hasher.map(|hasher| Digest::from(hasher.finalize()));
                if found.is_some_and(|found| found != digest) {
                    let what = if owner == Owner::Stream { "stream" } else { "attachment" };
                    let reason = format!("the {what} does not have the digest {digest}");
                    checked.problems.push(at_manifest(snapshot, what, reason));
                }
            }
            Err(cause) => {
                checked.problems.push(to_blame(cause, snapshot)?);
                break;
            }
        }
    }
    if !checked.stream_seen {
        // Something before the stream was wrong. The stream may be good all the same.
        let mut walk = snapshot.walk_chunks();
        loop {
            match drive_on(&mut walk, file) {
                Ok(Some(entries)) => {
                    check_chunks(file, snapshot, stream, &entries, &mut whole, ids, checked, progress)?;
                }
                Ok(None) => break,
                Err(cause) => {
                    let damage = to_blame(cause, snapshot)?;
                    if checked.problems.iter().all(|known| known.reason != damage.reason) {
                        checked.problems.push(damage);
                    }
                    break;
                }
            }
        }
    }
    Ok(())
}

/// Check chunks that follow each other.
#[allow(clippy::too_many_arguments)] // one step of `check_all`, with all its state
fn check_chunks(
    file: &(impl Store + ?Sized),
    snapshot: &Snapshot,
    stream: &impl Store,
    entries: &[ChunkEntry],
    whole: &mut Option<blake3::Hasher>,
    ids: &mut Looking<'_>,
    checked: &mut Checked,
    progress: Progress<'_>,
) -> Result<(), Cause> {
    let (Some(first), Some(last)) = (entries.first(), entries.last()) else { return Ok(()) };
    checked.chunks += entries.len() as u64;
    let of_stream = first.owner == Owner::Stream;
    checked.stream_seen |= of_stream;
    if of_stream {
        checked.seen_to = last.logical.end();
    }
    let ids_lie_in = ids.lie_in();
    let mut pass = |span: Span, bytes: &[u8]| {
        if of_stream {
            progress(span.end(), stream.len());
            ids.pass(span.start, bytes, stream);
        }
    };
    if let ChunkKind::Sealed { .. } = first.kind {
        let log2 = snapshot.chunks().chunk_log2;
        let mut values = ChunkValues::new(log2);
        let mut next = entries.iter();
        let mut compare = |hash: SealedHash, checked: &mut Checked| {
            let Some(entry) = next.next() else { return };
            let ChunkKind::Sealed { value, whole } = &entry.kind else { return };
            if hash.value != *value || whole.is_some_and(|whole| whole != hash.root) {
                checked.damaged(entry, "its bytes do not have the digest that is recorded".into());
            }
        };
        let span = Span::between(first.logical.start, last.logical.end());
        sweep(
            file,
            span,
            |span| ids_lie_in.overlap(&span).is_some(),
            |span, bytes| Ok(hash_piece(span, bytes, log2)),
            |span, bytes, hashes| {
                values.push(hashes).into_iter().for_each(|hash| compare(hash, checked));
                pass(span, bytes);
                Ok(())
            },
        )?;
        if let Some(hash) = values.finish() {
            compare(hash, checked);
        }
        return Ok(());
    }
    let largest = entries.iter().map(|entry| entry.logical.len + entry.stored.len).max().unwrap_or(1);
    let work = |number: u64| {
        let entry = &entries[number as usize];
        let stored = file.read(entry.stored)?;
        Ok(entry.check(&stored).map(std::borrow::Cow::into_owned))
    };
    in_order(entries.len() as u64, most_of(largest), work, |number, decoded| {
        let entry = &entries[number as usize];
        match decoded {
            Ok(bytes) => {
                if let Some(hasher) = whole {
                    hasher.update(&bytes);
                }
                pass(entry.logical, &bytes);
            }
            Err(error) => {
                *whole = None;
                checked.damaged(entry, error.to_string());
            }
        }
        Ok(())
    })
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
