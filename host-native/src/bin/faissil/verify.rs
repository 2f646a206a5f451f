//! `faissil verify`: every byte of a snapshot.

use crate::{
    Outcome,
    input::{each, open},
    say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::{
        opened::{Access, Caches},
        report::{LostIds, Place, Verification},
        snapshot::Digest,
        verify::{unopened, unverifiable, verification},
    },
    drive::ask,
    opened::Opened,
    store::File,
    verify::verify,
};
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
        let report = verification(snapshot, &verified, &name, self.expect);
        if self.json {
            print_json(&report)?;
        } else {
            report.warnings.iter().for_each(|text| talk::warning(text));
            print(&page(&report, verified.is_ok()))?;
        }
        Ok(if report.ok == Some(true) { Outcome::Good } else { Outcome::Damaged })
    }

    /// A file that ends like a snapshot and cannot be opened as one.
    fn unreadable(&self, name: &str, path: &Path, error: Error, has_line: &mut bool) -> Result<Outcome, Error> {
        if self.json
            && let Some(cause) = error.cause.of_bytes()
            && crate::outcome_of(&error) == Outcome::Damaged
        {
            let file = File::open(path)?;
            let report = ask(&file, |ask| async move { unopened(&ask, name, cause).await });
            *has_line = true;
            print_json(&report.map_err(|cause| cause.reading(path))?)?;
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
        let report =
            ask(
                &opened.file,
                |ask| async move { unverifiable(&Access::new(ask, opened, Caches::default()), name).await },
            );
        let report = report.map_err(|cause| cause.reading(opened.file.path()))?;
        if self.json {
            *has_line = true;
            print_json(&report)?;
        }
        match error {
            Some(error) => Err(error),
            None => Ok(Outcome::Undone),
        }
    }
}

/// Ids that a page names before it says how many more there are.
const NAMED: usize = 10;

/// `is_intact`: whether what is wrong is at most that another snapshot was expected.
fn page(report: &Verification, is_intact: bool) -> String {
    let name = &report.file;
    let size = format!("{} in {} chunks", say::bytes(report.bytes), say::count(report.chunks));
    if report.damage.is_empty() {
        let [stream, snapshot] = [&report.stream.blake3, &report.snapshot_digest].map(|digest| digest.as_deref());
        let [stream, snapshot] = [stream, snapshot].map(Option::unwrap_or_default);
        return format!("{name}: good, {size}\n  stream    {stream}\n  snapshot  {snapshot}");
    }
    let verdict = if is_intact { "good, but not the one that is expected" } else { "DAMAGED" };
    let mut text = format!("{name}: {verdict}, {size}");
    for each in &report.damage {
        let Place { offset, bytes } = each.span;
        let place = if bytes > 0 { format!("bytes {offset}..{}", offset + bytes) } else { String::new() };
        let colon = if place.is_empty() || each.path.is_empty() { "" } else { ": " };
        let place = format!("{place}{colon}{}", each.path);
        if !place.is_empty() {
            text.push_str(&format!("\n  {place}"));
        }
        text.push_str(&format!("\n    {}", each.reason));
        let LostIds { count, ids } = &each.ids_lost;
        if *count > 0 {
            let named: Vec<String> = ids.iter().take(NAMED).map(i64::to_string).collect();
            let more = if (named.len() as u64) < *count && !named.is_empty() { ", ..." } else { "" };
            let which = if named.is_empty() { String::new() } else { format!(": {}{more}", named.join(", ")) };
            text.push_str(&format!("\n    lost: {} ids{which}", say::count(*count)));
        }
    }
    text
}
