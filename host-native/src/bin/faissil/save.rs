//! `faissil save`: an index file becomes a snapshot.

use crate::{
    Outcome, args, say,
    talk::{self, print, print_json},
};
use faissil::{
    Error,
    append::PackedPart,
    core::{codec::Level, describe, outline::Outline, snapshot::Layout},
    save::{Additions, Attach, Input, Saved, save},
    verify::Verified,
};
use serde::Serialize;
use std::path::PathBuf;

/// Save an index file as a snapshot, verified after writing.
///
/// A sealed snapshot begins with the index file, byte for byte, so FAISS reads it as it is. A packed one is smaller.
/// IN may be a snapshot: its stream is taken, its metadata and attachments are kept.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot; `-` is standard input
    #[arg(value_name = "IN")]
    input: PathBuf,
    /// The snapshot to write
    #[arg(value_name = "OUT")]
    output: PathBuf,
    #[command(flatten)]
    form: FormArgs,
    #[command(flatten)]
    additions: AdditionArgs,
    /// Save bytes that are no FAISS index that this build knows, as they are
    #[arg(long)]
    opaque: bool,
    /// Print what was saved as JSON
    #[arg(long)]
    json: bool,
}

/// What goes into a snapshot beside the stream.
#[derive(clap::Args)]
pub(crate) struct AdditionArgs {
    /// Note this key and value
    #[arg(long, value_name = "KEY=VALUE", value_parser = args::pair)]
    meta: Vec<(String, String)>,
    /// Attach this file under this name
    #[arg(long, value_name = "NAME=PATH", value_parser = args::attachment)]
    attach: Vec<(String, PathBuf)>,
    /// The file with the lists of an on-disk IVF, where it is not beside the index
    #[arg(long, value_name = "PATH")]
    side_file: Vec<PathBuf>,
    /// Add a table by which any id is found with few reads
    #[arg(long)]
    id_index: bool,
}

impl AdditionArgs {
    pub(crate) fn additions(self, opaque: bool) -> Additions {
        let AdditionArgs { meta, attach, side_file, id_index } = self;
        let attachments = attach.into_iter().map(|(name, path)| (name, Attach::File(path))).collect();
        Additions { metadata: meta, attachments, side_files: side_file, id_index, opaque, pack: Level::default() }
    }
}

/// How a snapshot holds the stream.
#[derive(clap::Args)]
pub(crate) struct FormArgs {
    /// How the snapshot holds the stream
    #[arg(long, value_enum)]
    layout: Option<LayoutArg>,
    /// How much time a packed snapshot may take to be small [default: balanced]
    #[arg(long, value_enum, value_name = "LEVEL")]
    pack: Option<PackArg>,
}

impl FormArgs {
    /// The layout, which is `usual` unless something else is asked for, and the level. A level asks for a packed one.
    pub(crate) fn choose(&self, usual: Layout) -> Result<(Layout, Level), Error> {
        let layout = match (self.layout, self.pack) {
            (Some(LayoutArg::Sealed), Some(_)) => {
                let cause = faissil::Cause::Refused("a sealed snapshot holds the stream as it is".into());
                return Err(cause.of("cannot go by --pack").hint("leave out one of --layout sealed and --pack"));
            }
            (Some(layout), _) => layout.layout(),
            (None, Some(_)) => Layout::Packed,
            (None, None) => usual,
        };
        Ok((layout, self.pack.map_or_else(Level::default, PackArg::level)))
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum LayoutArg {
    /// The stream verbatim, then everything else
    Sealed,
    /// The stream in coded chunks
    Packed,
}

impl LayoutArg {
    pub(crate) fn layout(self) -> Layout {
        match self {
            LayoutArg::Sealed => Layout::Sealed,
            LayoutArg::Packed => Layout::Packed,
        }
    }
}

#[derive(Clone, Copy, clap::ValueEnum)]
pub(crate) enum PackArg {
    /// What decodes fastest; else only what saves a quarter
    Fast,
    /// Whatever saves a 64th
    Balanced,
    /// As small as it gets, at several times the time
    Small,
}

impl PackArg {
    pub(crate) fn level(self) -> Level {
        match self {
            PackArg::Fast => Level::Fast,
            PackArg::Balanced => Level::Balanced,
            PackArg::Small => Level::Small,
        }
    }
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        let (layout, pack) = self.form.choose(Layout::Sealed)?;
        let from_stdin = self.input.as_os_str() == "-";
        let input = if from_stdin { Input::Stdin } else { Input::Path(self.input.clone()) };
        if self.output.as_os_str() == "-" {
            let cause =
                faissil::Cause::Refused("a snapshot is verified where it was written, so it needs a file".into());
            return Err(cause.of("cannot save to standard output"));
        }
        let additions = Additions { pack, ..self.additions.additions(self.opaque) };
        let saved = save(&input, &self.output, layout, &additions, &talk::progress("saving"))?;
        remark(&saved);
        let (from, to) = (self.input.display().to_string(), self.output.display().to_string());
        if self.json {
            print_json(&SavedJson::of(&saved, &from, &to))?;
        } else {
            print(&page(&saved, &from, &to))?;
        }
        Ok(Outcome::Good)
    }
}

/// Warnings and notes about a saved index.
pub(crate) fn remark(saved: &Saved) {
    saved
        .warnings
        .iter()
        .chain(saved.verified.iter().flat_map(|verified| &verified.warnings))
        .for_each(|text| talk::warning(text));
    saved.notes.iter().for_each(|text| talk::note(text));
}

/// What `save` and `seal` print as JSON.
#[derive(Serialize)]
pub(crate) struct SavedJson<'a> {
    file: &'a str,
    output: &'a str,
    kind: &'static str,
    size_bytes: u64,
    snapshot_digest: String,
    stream: StreamJson,
    description: Option<String>,
    faiss_version_min: Option<String>,
    fidelity: &'static str,
    attachments: Vec<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    parts: Vec<PartJson<'a>>,
    verified: Option<VerifiedJson>,
    warnings: Vec<&'a str>,
    notes: Vec<&'a str>,
}

#[derive(Serialize)]
struct StreamJson {
    len: u64,
    blake3: String,
}

#[derive(Serialize)]
struct PartJson<'a> {
    path: &'a str,
    codecs: &'a [&'static str],
    len: u64,
    stored_len: u64,
}

#[derive(Serialize)]
struct VerifiedJson {
    ok: bool,
    bytes: u64,
    chunks: u64,
}

impl<'a> SavedJson<'a> {
    pub(crate) fn of(saved: &'a Saved, file: &'a str, output: &'a str) -> SavedJson<'a> {
        let verified =
            |verified: &Verified| VerifiedJson { ok: verified.is_ok(), bytes: verified.bytes, chunks: verified.chunks };
        let part = |part: &'a PackedPart| PartJson {
            path: &part.path,
            codecs: &part.codecs,
            len: part.len,
            stored_len: part.stored_len,
        };
        SavedJson {
            file,
            output,
            kind: saved.layout.name(),
            size_bytes: saved.size_bytes,
            snapshot_digest: saved.digest.to_string(),
            stream: StreamJson { len: saved.stream_len, blake3: saved.stream_digest.to_string() },
            description: saved.outline.as_ref().map(|outline| describe::description(&outline.root).text),
            faiss_version_min: saved.outline.as_ref().map(|outline| describe::floor(outline).version.to_string()),
            fidelity: saved.fidelity,
            attachments: saved.attachments.iter().map(|(name, _)| name.as_str()).collect(),
            parts: saved.parts.iter().map(part).collect(),
            verified: saved.verified.as_ref().map(verified),
            warnings: saved.warnings.iter().map(String::as_str).collect(),
            notes: saved.notes.iter().map(String::as_str).collect(),
        }
    }
}

/// What was saved, for people.
pub(crate) fn page(saved: &Saved, from: &str, to: &str) -> String {
    let mut lines = Vec::new();
    let mut line = |name: &str, text: String| lines.push(format!("  {name:<10}{text}"));
    line("index", saved.outline.as_ref().map_or_else(|| "bytes that are not understood".into(), what));
    if let Some(ids) = saved.ids {
        let kind = ids.kind.name();
        let range = match (ids.min, ids.max) {
            (Some(min), Some(max)) => format!(", {min} to {max}"),
            _ => String::new(),
        };
        let repeated = ids.duplicates.filter(|&count| count > 0);
        let repeated = repeated.map_or_else(String::new, |count| format!(", {} duplicates", say::count(count)));
        line("ids", format!("{}, {kind}{range}{repeated}", say::count(ids.count)));
    }
    for (name, len) in &saved.attachments {
        line("attached", format!("{name}, {}", say::bytes(*len)));
    }
    let more = saved.size_bytes.saturating_sub(saved.stream_len);
    let size = match saved.layout {
        Layout::Sealed => format!("{}: the index, then {} about it", say::bytes(saved.size_bytes), say::bytes(more)),
        Layout::Packed => {
            let part = saved.size_bytes as f64 / saved.stream_len as f64 * 100.0;
            format!("{}, {part:.1} % of the index", say::bytes(saved.size_bytes))
        }
    };
    line("size", size);
    for part in &saved.parts {
        line("", packed_part(part));
    }
    if !saved.parts.is_empty() {
        let stored: u64 = saved.parts.iter().map(|part| part.stored_len).sum();
        line("", format!("about it: {}", say::bytes(saved.size_bytes.saturating_sub(stored))));
    }
    line("kept", saved.fidelity.into());
    if let Some(verified) = &saved.verified {
        line(
            "verified",
            format!(
                "every byte read back and right: {} in {} chunks; outline and ids made again, the same",
                say::bytes(verified.bytes),
                say::count(verified.chunks)
            ),
        );
    }
    line("stream", format!("{}  (b3sum of the index)", saved.stream_digest));
    line("snapshot", format!("{}", saved.digest));
    let same = if from == to { String::new() } else { format!(" as {to}") };
    let mut page = format!("saved {from}{same}, {}\n\n{}\n\n", saved.layout.name(), lines.join("\n"));
    let name = say::quoted(to);
    page.push_str(&format!("look inside      faissil inspect {name}\n"));
    page.push_str(&format!("check it again   faissil verify {name}\n"));
    page.push_str(&format!("get it back      faissil load {name} index.faiss\n"));
    if saved.layout == Layout::Sealed && saved.outline.is_some() {
        page.push_str("or just use it   FAISS reads this file as it is");
    }
    page
}

/// What became of a part of a packed stream: `quantizer.codes: 48.0 MiB, 83.0 % by numbers`.
fn packed_part(part: &PackedPart) -> String {
    let share = part.stored_len as f64 / part.len as f64 * 100.0;
    format!("{}: {}, {share:.1} % by {}", part.path, say::bytes(part.len), part.codecs.join(", "))
}

/// An index in one line.
pub(crate) fn what(outline: &Outline) -> String {
    let root = &outline.root;
    let mut text = describe::description(root).text;
    if let (Some(ntotal), Some(d)) = (root.u64("ntotal"), root.u64("d")) {
        text.push_str(&format!(": {} vectors of {d} dimensions", say::count(ntotal)));
    }
    text
}
