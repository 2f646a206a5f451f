//! What goes into a snapshot with a stream, collected and judged before anything is written.

use super::{Additions, Attach};
use crate::{
    Cause, Error, beside,
    drive::drive,
    judge::{self, Judged},
    opened::{Opened, interrupted_seal},
    store::{Decoded, File, Store},
};
use faissil_core::limits::MAX_BODY;
use faissil_core::report::Level;
use faissil_core::snapshot::{Attachments, Entry, Fidelity, Metadata, Recipe, Run, SECTIONS, Snapshot, wire::Body};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

/// Media type of the side file of on-disk inverted lists.
const SIDE_FILE_TYPE: &str = "application/x-faiss-ivfdata";

/// Number of the level in `FIDE` for data that is not all there.
pub(crate) const PARTIAL: u8 = 3;

/// What goes into a snapshot, read and judged.
pub(crate) struct Prepared<'a> {
    pub(crate) judged: Judged,
    pub(crate) metadata: Vec<Entry>,
    pub(super) attachments: Vec<Attaching<'a>>,
    /// Number of the attachment that is the side file.
    pub(crate) side: Option<usize>,
    pub(crate) fidelity: Option<Fidelity>,
    pub(crate) recipe: Option<Recipe>,
}

pub(super) struct Attaching<'a> {
    pub(super) name: String,
    pub(super) media_type: String,
    pub(super) store: Box<dyn Store + 'a>,
}

impl Prepared<'_> {
    /// Bytes of all attachments.
    pub(crate) fn attached(&self) -> u64 {
        self.attachments.iter().map(|added| added.store.len()).sum()
    }

    /// How close the rows come to what was added, at worst.
    pub(crate) fn level(&self) -> Level {
        let recorded = self.fidelity.as_ref();
        recorded.map_or(Level::ExactBytes, |recorded| Level::worst(recorded.runs.iter().map(|run| run.level)))
    }
}

/// Judge the stream of the file called `name` and collect what goes with it. `opaque`: what takes in any bytes.
pub(crate) fn prepare<'a>(
    opened: &'a Opened,
    additions: &Additions,
    name: &Path,
    opaque: &str,
) -> Result<Prepared<'a>, Error> {
    let reading = |cause: Cause| cause.reading(name);
    let stream = opened.stream();
    let judged = judge::judge(&stream, additions.opaque).map_err(|cause| refuse(cause, name, opaque))?;
    check_additions(additions)?;
    let mut prepared = Prepared::only(judged);
    if let Some(len) = opened.interrupted {
        let rest = opened.file.len() - len;
        let said = format!("{}; the {rest} bytes behind it are left out", interrupted_seal(len));
        prepared.judged.warnings.push(said);
    }
    if let Some(snapshot) = &opened.snapshot {
        prepared.keep(snapshot, &opened.file).map_err(reading)?;
    }
    prepared.add(additions)?;
    prepared.take_side_files(opened, additions)?;
    Ok(prepared)
}

/// That what is to be added can be: keys and names that are plain and given once, metadata that fits, and files that are there.
///
/// # Errors
/// When one cannot. Said before an index is written, which can take long.
pub(crate) fn check_additions(additions: &Additions) -> Result<(), Error> {
    let refused = |said: String, what: String| Err(Cause::Refused(said).of(what));
    if let Some(key) = twice(additions.metadata.iter().map(|(key, _)| key)) {
        return refused(format!("metadata key `{}` is given twice", key.escape_debug()), "cannot add metadata".into());
    }
    check_metadata(&additions.metadata.iter().map(entry).collect::<Vec<_>>())?;
    if let Some(name) = twice(additions.attachments.iter().map(|(name, _)| name)) {
        let name = name.escape_debug();
        return refused(format!("the name `{name}` is given twice"), format!("cannot attach `{name}`"));
    }
    for (name, attach) in &additions.attachments {
        let what = match attach {
            Attach::File(path) => path.display().to_string(),
            Attach::Bytes { .. } => name.escape_debug().to_string(),
        };
        beside::plain_name(name).map_err(|cause| Cause::from(cause).of(format!("cannot attach `{what}`")))?;
        if let Attach::File(path) = attach {
            File::open(path)?;
        }
    }
    Ok(())
}

/// The first of them that was there before: the last would win in silence.
fn twice<'n>(mut names: impl Iterator<Item = &'n String>) -> Option<&'n String> {
    let mut seen = BTreeSet::new();
    names.find(|name| !seen.insert(*name))
}

/// That the core will write these entries, of which the last of a key counts.
fn check_metadata(entries: &[Entry]) -> Result<(), Error> {
    let refused = |said: String| Err(Cause::Refused(said).of("cannot add metadata"));
    if let Some(entry) = entries.iter().find(|entry| entry.key.is_empty()) {
        let value: String = entry.value.chars().take(40).collect();
        return refused(format!("the key of the value `{}` is empty", value.escape_debug()));
    }
    let last: BTreeMap<&str, &Entry> = entries.iter().map(|entry| (&*entry.key, entry)).collect();
    let len = Metadata { entries: last.values().map(|&entry| entry.clone()).collect() }.body().len() as u64;
    if len <= MAX_BODY {
        return Ok(());
    }
    let largest = last.iter().max_by_key(|(_, entry)| entry.value.len()).map_or("", |(key, _)| key);
    refused(format!(
        "it takes {len} bytes, most of them for the key `{}`, and a snapshot holds at most {MAX_BODY}: attach it as a file",
        largest.escape_debug()
    ))
}

fn entry((key, value): &(String, String)) -> Entry {
    Entry { key: key.clone(), value: value.clone() }
}

impl<'a> Prepared<'a> {
    /// A judged stream, and nothing with it.
    pub(crate) fn only(judged: Judged) -> Prepared<'a> {
        Prepared { judged, metadata: Vec::new(), attachments: Vec::new(), side: None, fidelity: None, recipe: None }
    }

    /// Take in metadata and attachments.
    ///
    /// # Errors
    /// When an attachment cannot be opened, or the metadata does not fit.
    pub(crate) fn add(&mut self, additions: &Additions) -> Result<(), Error> {
        self.metadata.extend(additions.metadata.iter().map(entry));
        check_metadata(&self.metadata)?;
        for (name, attach) in &additions.attachments {
            match attach {
                Attach::File(path) => self.attach(name, media_type(path), Box::new(File::open(path)?)),
                Attach::Bytes { media_type, bytes } => self.attach(name, media_type, Box::new(bytes.clone())),
            };
        }
        Ok(())
    }

    /// Keep what the snapshot has beside its stream.
    fn keep(&mut self, snapshot: &'a Snapshot, file: &'a File) -> Result<(), Cause> {
        if let Some(metadata) = drive(snapshot.body::<Metadata>(), file)? {
            self.metadata = metadata.entries;
        }
        self.fidelity = drive(snapshot.body::<Fidelity>(), file)?;
        self.recipe = drive(snapshot.body::<Recipe>(), file)?;
        let attachments = drive(snapshot.body::<Attachments>(), file)?;
        for (number, attachment) in (0..).zip(attachments.map(|body| body.attachments).unwrap_or_default()) {
            let (name, media_type) = (attachment.name.clone(), attachment.media_type.clone());
            let store = Decoded::attachment(snapshot, number, attachment, file);
            self.attach(&name, &media_type, Box::new(store));
        }
        let unknown = |tag| !SECTIONS.iter().any(|(known, ..)| *known == tag);
        for section in snapshot.sections().iter().filter(|section| unknown(section.tag)) {
            let said = format!("section {} is not known to this build and was left out", section.name());
            self.judged.warnings.push(said);
        }
        Ok(())
    }

    /// Add an attachment, in the place of one with the same name. Gives its number.
    pub(crate) fn attach(&mut self, name: &str, media_type: &str, store: Box<dyn Store + 'a>) -> usize {
        let added = Attaching { name: name.into(), media_type: media_type.into(), store };
        match self.attachments.iter().position(|other| other.name == name) {
            Some(place) => {
                self.attachments[place] = added;
                place
            }
            None => {
                self.attachments.push(added);
                self.attachments.len() - 1
            }
        }
    }

    /// Take in the files that the stream refers to.
    fn take_side_files(&mut self, opened: &Opened, additions: &Additions) -> Result<(), Error> {
        let Some(outline) = &self.judged.outline else { return Ok(()) };
        let names: Vec<String> = judge::side_files(outline).into_iter().map(String::from).collect();
        let ntotal = outline.root.u64("ntotal").unwrap_or(0);
        let mut given: Vec<&PathBuf> = additions.side_files.iter().collect();
        for stored in &names {
            let base = beside::base_name(stored).unwrap_or_default().to_string();
            let named = |path: &&PathBuf| path.file_name().is_some_and(|name| name == base.as_str());
            let place = given.iter().position(named).or((names.len() == 1 && given.len() == 1).then_some(0));
            let found = match place.map(|place| given.remove(place)) {
                Some(path) => File::open(path)?,
                None if self.attachments.iter().any(|attachment| attachment.name == base) => {
                    self.side = self.attachments.iter().position(|attachment| attachment.name == base);
                    continue;
                }
                None => match beside::open_side_file(opened.file.path(), stored) {
                    Ok(file) => file,
                    Err(cause) => {
                        self.miss(stored, &cause, ntotal);
                        continue;
                    }
                },
            };
            if base.is_empty() {
                self.miss(stored, &Cause::Refused("its name cannot be used".into()), ntotal);
                continue;
            }
            self.fidelity = None;
            self.side = Some(self.attach(&base, SIDE_FILE_TYPE, Box::new(found)));
        }
        match given.first() {
            None => Ok(()),
            Some(path) => {
                let cause = Cause::Refused("the index refers to no file of that name".into());
                Err(cause.of(format!("cannot take `{}` as a side file", path.display())))
            }
        }
    }

    /// A side file is not there: the index is kept without its lists.
    fn miss(&mut self, stored: &str, cause: &Cause, rows: u64) {
        let stored = stored.escape_debug();
        self.judged.warnings.push(format!(
            "the lists of this index are in another file, `{stored}`, which was not found beside it ({cause}); \
             they are not in the snapshot (--side-file PATH takes them in)"
        ));
        if rows > 0 {
            let strategies = vec![format!("stream bytes, without the lists in `{stored}`")];
            self.fidelity = Some(Fidelity { strategies, runs: vec![Run { rows, level: PARTIAL, strategy: 0 }] });
        }
    }
}

/// Why this input is not taken, and what would help.
fn refuse(cause: Cause, name: &Path, opaque: &str) -> Error {
    use faissil_core::Kind;
    let hint = match &cause {
        Cause::Fault(fault) => match fault.kind {
            Kind::UnknownTag(_) | Kind::MisplacedTag { .. } => Some("this is not a FAISS index that this build knows"),
            Kind::Truncated { .. } => Some("was the file cut short when it was copied?"),
            _ => Some("the file contradicts itself"),
        },
        _ => None,
    };
    let error = cause.reading(name);
    match hint {
        Some(hint) => {
            error.hint(format!("{hint}{} {opaque} saves it all the same", if hint.ends_with('?') { "" } else { ";" }))
        }
        None => error,
    }
}

/// The media type that the end of a name stands for.
fn media_type(path: &Path) -> &'static str {
    match path.extension().and_then(|end| end.to_str()) {
        Some("json") => "application/json",
        Some("jsonl" | "ndjson") => "application/x-ndjson",
        Some("md") => "text/markdown",
        Some("txt") => "text/plain",
        Some("csv") => "text/csv",
        Some("tsv") => "text/tab-separated-values",
        Some("parquet") => "application/vnd.apache.parquet",
        _ => "application/octet-stream",
    }
}
