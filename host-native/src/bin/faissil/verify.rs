//! `faissil verify`: every byte of a snapshot.

use crate::{
    Outcome,
    input::{each, open},
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::snapshot::{Digest, Snapshot},
    load::check_expected,
    opened::Opened,
    verify::{Verified, unopened, verify},
};
use serde::Serialize;
use std::{
    env,
    path::{Path, PathBuf},
};

/// Check every byte of snapshots, and say what is damaged, what lay there and which ids are lost.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The snapshots
    #[arg(value_name = "FILE", required = true)]
    files: Vec<PathBuf>,
    /// Count any snapshot as wrong but the one with this digest, its own or that of its stream
    #[arg(long, value_name = "DIGEST")]
    expect: Option<Digest>,
    /// Print one JSON object a file
    #[arg(long)]
    json: bool,
}

/// The JSON of `verify`.
#[derive(Serialize)]
struct Report<'a> {
    file: &'a str,
    kind: &'static str,
    /// Whether nothing is wrong; null where there is nothing to verify against.
    ok: Option<bool>,
    bytes: u64,
    chunks: u64,
    snapshot_digest: Option<String>,
    stream: StreamJson,
    damage: Vec<DamageJson>,
    warnings: Vec<String>,
}

#[derive(Serialize)]
struct StreamJson {
    len: u64,
    blake3: Option<String>,
}

#[derive(Serialize)]
pub(crate) struct DamageJson {
    span: SpanJson,
    path: String,
    ids_lost: LostJson,
    reason: String,
}

#[derive(Serialize)]
struct SpanJson {
    offset: u64,
    bytes: u64,
}

#[derive(Serialize)]
struct LostJson {
    count: u64,
    ids: Vec<i64>,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        Ok(each(&self.files, |_, path| {
            let mut has_line = false;
            self.one(path, &mut has_line).inspect_err(|error| {
                if self.json && !has_line {
                    // The worst is told all the same.
                    let _ = talk::print_json_error(path, error);
                }
            })
        }))
    }

    fn one(&self, path: &Path, has_line: &mut bool) -> Result<Outcome, Error> {
        let name = path.display().to_string();
        let opened = match open(path) {
            Ok(opened) => opened,
            Err(error) => return self.unreadable(&name, path, error, has_line),
        };
        let Some(snapshot) = &opened.snapshot else { return self.no_snapshot(&name, &opened, has_line) };
        let reading = |cause: Cause| cause.reading(path);
        let verified =
            verify(&opened.file, snapshot, &env::temp_dir(), &talk::progress("verifying")).map_err(reading)?;
        let unexpected = check_expected(snapshot, self.expect).err();
        self.report(&name, &opened, snapshot, verified, unexpected)
    }

    fn report(
        &self,
        name: &str,
        opened: &Opened,
        snapshot: &Snapshot,
        verified: Verified,
        unexpected: Option<Cause>,
    ) -> Result<Outcome, Error> {
        let ok = verified.is_ok() && unexpected.is_none();
        let mut damage: Vec<DamageJson> = verified.damage.iter().map(damage_json).collect();
        if let Some(cause) = &unexpected {
            let (span, ids_lost) = (SpanJson { offset: 0, bytes: 0 }, LostJson { count: 0, ids: Vec::new() });
            damage.push(DamageJson { span, path: String::new(), ids_lost, reason: cause.to_string() });
        }
        if self.json {
            print_json(&Report {
                file: name,
                kind: opened.kind(),
                ok: Some(ok),
                bytes: verified.bytes,
                chunks: verified.chunks,
                snapshot_digest: Some(snapshot.digest().to_string()),
                stream: StreamJson {
                    len: snapshot.stream().length,
                    blake3: Some(snapshot.stream().digest.to_string()),
                },
                damage,
                warnings: verified.warnings,
            })?;
        } else {
            verified.warnings.iter().for_each(|text| talk::warning(text));
            print(&page(name, &verified, snapshot, &damage))?;
        }
        Ok(if ok { Outcome::Good } else { Outcome::Damaged })
    }

    /// A file that ends like a snapshot and cannot be opened as one.
    fn unreadable(&self, name: &str, path: &Path, error: Error, has_line: &mut bool) -> Result<Outcome, Error> {
        let outcome = crate::outcome_of(&error);
        if self.json && outcome == Outcome::Damaged {
            let damage = unopened(path, &error.cause).map_err(|cause| cause.reading(path))?;
            let bytes = path.metadata().map(|data| data.len()).unwrap_or(0);
            *has_line = true;
            print_json(&Report {
                file: name,
                kind: "unreadable",
                ok: Some(false),
                bytes,
                chunks: 0,
                snapshot_digest: None,
                stream: StreamJson { len: 0, blake3: None },
                damage: vec![damage_json(&damage)],
                warnings: Vec::new(),
            })?;
        }
        Err(error)
    }

    /// A file without digests: there is nothing to hold its bytes against.
    fn no_snapshot(&self, name: &str, opened: &Opened, has_line: &mut bool) -> Result<Outcome, Error> {
        let seal = format!(
            "`faissil seal {0}` seals it in place, `faissil save {0} {0}.faissil` in another file",
            say::quoted(name)
        );
        let cause = faissil::load::snapshot_of(opened).err();
        let error = cause.map(|cause| cause.of(format!("nothing to verify `{name}` against")).hint(seal));
        let stream = opened.stream();
        // What the file is not must be said before what it lacks.
        faissil::judge::judge(&stream, false).map_err(|cause| cause.reading(opened.file.path()))?;
        if self.json {
            use faissil::store::Store;
            *has_line = true;
            print_json(&Report {
                file: name,
                kind: opened.kind(),
                ok: None,
                bytes: opened.file.len(),
                chunks: 0,
                snapshot_digest: None,
                stream: StreamJson { len: stream.len(), blake3: None },
                damage: Vec::new(),
                warnings: Vec::new(),
            })?;
        }
        match error {
            Some(error) => Err(error),
            None => Ok(Outcome::Undone),
        }
    }
}

/// A damage as `verify` prints it.
pub(crate) fn damage_json(damage: &faissil::verify::Damage) -> DamageJson {
    DamageJson {
        span: SpanJson { offset: damage.span.start, bytes: damage.span.len },
        path: damage.path.clone(),
        ids_lost: LostJson { count: damage.ids_lost.count, ids: damage.ids_lost.ids.clone() },
        reason: damage.reason.clone(),
    }
}

/// Ids that a page names before it says how many more there are.
const NAMED: usize = 10;

fn page(name: &str, verified: &Verified, snapshot: &Snapshot, damage: &[DamageJson]) -> String {
    let size = format!("{} in {} chunks", say::bytes(verified.bytes), say::count(verified.chunks));
    if damage.is_empty() {
        return format!(
            "{name}: good, {size}\n  stream    {}\n  snapshot  {}",
            snapshot.stream().digest,
            snapshot.digest()
        );
    }
    let verdict = if verified.is_ok() { "good, but not the one that is expected" } else { "DAMAGED" };
    let mut text = format!("{name}: {verdict}, {size}");
    for each in damage {
        let SpanJson { offset, bytes } = each.span;
        let place = if bytes > 0 { format!("bytes {offset}..{}", offset + bytes) } else { String::new() };
        let colon = if place.is_empty() || each.path.is_empty() { "" } else { ": " };
        let place = format!("{place}{colon}{}", each.path);
        if !place.is_empty() {
            text.push_str(&format!("\n  {place}"));
        }
        text.push_str(&format!("\n    {}", each.reason));
        let LostJson { count, ids } = &each.ids_lost;
        if *count > 0 {
            let named: Vec<String> = ids.iter().take(NAMED).map(i64::to_string).collect();
            let more = if (named.len() as u64) < *count && !named.is_empty() { ", ..." } else { "" };
            let which = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
            text.push_str(&format!("\n    lost: {} ids{which}", say::count(*count)));
        }
    }
    text
}
