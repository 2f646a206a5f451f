//! The page of `inspect`: for people, plain text, readable at 80 to 100 columns.
//!
//! The verdict comes first, then what the index is, then the parts with sizes and places. Rows of a table are
//! never broken; a long name pushes its row wider. Everything on it is in the JSON too.

use super::{Attachment, Container, Fidelity, Inspection, Json, Node, Object, Remark};
use crate::text::escaped;
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};
use core::fmt::Write;

/// Columns that wrapped sentences keep to.
const WIDTH: usize = 100;

/// Parameters shown in the tree; the rest is in the JSON and in `dump`.
const SHOWN_PARAMS: [&str; 24] = [
    "nlist",
    "nprobe",
    "by_residual",
    "hnsw.M",
    "hnsw.efConstruction",
    "hnsw.efSearch",
    "nsg.R",
    "nndescent.K",
    "pq.M",
    "pq.nbits",
    "sq.qtype_name",
    "rq.nbits",
    "lsq.nbits",
    "prq.nbits",
    "plsq.nbits",
    "rabitq.nb_bits",
    "qb",
    "sq.bits",
    "nbits",
    "code_size",
    "k_factor",
    "d_in",
    "d_out",
    "filename",
];

/// The page for a file.
pub fn page(report: &Inspection) -> String {
    let mut out = String::new();
    // Writing to a `String` cannot fail.
    let _ = write_page(&mut out, report);
    out
}

fn write_page(out: &mut String, report: &Inspection) -> core::fmt::Result {
    writeln!(out, "{}: {}", report.file, verdict(report))?;
    writeln!(out)?;
    head(out, report)?;
    remarks(out, &report.notes)?;
    writeln!(out, "\nRecords{}", if report.as_recorded { " (as recorded)" } else { "" })?;
    writeln!(out, "  {:>14}  {:>10}  what", "byte", "size")?;
    tree(out, &report.index, "", 0)?;
    if let Some(rest) = report.trailing {
        writeln!(out, "  {:>14}  {:>10}  trailing bytes", grouped(rest.offset), size(rest.bytes))?;
    }
    list_table(out, report)?;
    if let Some(ids) = &report.ids {
        writeln!(out, "\nIds")?;
        let range = match (ids.min, ids.max) {
            (Some(min), Some(max)) => format!(", {min} to {max}"),
            _ => String::new(),
        };
        let step = ids.step.filter(|&step| step != 1).map_or_else(String::new, |step| format!(", step {step}"));
        let twice = match ids.duplicates {
            Some(0) => ", no duplicates".to_string(),
            Some(count) => format!(", {} duplicates", grouped(count)),
            None => ", duplicates not counted".to_string(),
        };
        writeln!(out, "  {} of kind {}{range}{step}{twice}", grouped(ids.count), ids.kind.name())?;
    }
    fidelity(out, &report.fidelity)?;
    keepsakes(out, &report.metadata, &report.attachments)
}

pub(super) fn remarks(out: &mut String, notes: &[Remark]) -> core::fmt::Result {
    if !notes.is_empty() {
        writeln!(out, "\nNotes")?;
    }
    for note in notes {
        let mark = if note.level == "warning" { "  ! " } else { "  - " };
        wrapped(out, mark, "    ", &note.text)?;
    }
    Ok(())
}

/// What a person asks first: what is it, is it whole.
fn verdict(report: &Inspection) -> String {
    let what = match report.kind {
        Container::Faiss => "a FAISS index",
        Container::Sealed => "a sealed snapshot of a FAISS index",
        Container::Packed => "a packed snapshot of a FAISS index",
    };
    let state = match (&report.fault, report.trailing) {
        (Some(fault), _) => return format!("{what} that cannot be followed to its end: {}", fault.message),
        (None, Some(rest)) => format!("complete, with {} after its end", size(rest.bytes)),
        (None, None) => "complete".to_string(),
    };
    format!("{what}, {state}")
}

fn head(out: &mut String, report: &Inspection) -> core::fmt::Result {
    let index = &report.index;
    row(out, "index", &report.description)?;
    if report.factory.is_none() {
        row(out, "", "(no factory string makes this index)")?;
    }
    let chain: Vec<&str> = report.class_chain.iter().map(|class| class.unwrap_or("null")).collect();
    if chain.len() > 1 {
        wrapped(out, "  classes      ", "               ", &chain.join(" > "))?;
    } else {
        row(out, "class", &index.class)?;
    }
    let binary = chain.first().is_some_and(|class| class.starts_with("IndexBinary"));
    let metric = match (&index.metric_name, index.metric) {
        _ if binary => "Hamming distance".to_string(),
        (Some(name), _) => match index.metric_arg {
            Some(arg) if name == "Lp" => format!("metric {name}, p = {arg}"),
            _ => format!("metric {name}"),
        },
        (None, Some(number)) => format!("metric number {number}, which has no name"),
        (None, None) => String::new(),
    };
    let unit = if binary { "bits" } else { "dimensions" };
    let trained = match index.is_trained {
        Some(false) => ", not trained",
        _ => "",
    };
    let count = index.ntotal.max(vectors(report)).unwrap_or(0);
    let d = index.d.unwrap_or(0);
    let many = if count == 1 { "vector" } else { "vectors" };
    row(out, "holds", &format!("{} {many} of {d} {unit}, {metric}{trained}", grouped(count)))?;
    size_row(out, report.size_bytes, report.stream.len, "the FAISS stream")?;
    let each = report.memory.bytes_per_vector.map_or_else(String::new, |each| format!(", {each:.1} bytes a vector"));
    let away = report.lists.iter().any(|lists| lists.side_file.is_some());
    let away = if away { "; the lists stay in their file" } else { "" };
    row(out, "in memory", &format!("about {} once FAISS has loaded it{each}{away}", size(report.memory.bytes)))?;
    let why = &report.faiss_version_why;
    // A field's reason starts with its own name; the path says the same and where.
    let place = match why.reason.split_once(' ') {
        _ if why.path.is_empty() => why.reason.clone(),
        Some((name, rest)) if why.path.ends_with(name) => format!("{} {rest}", why.path),
        _ => format!("{} in {}", why.reason, why.path),
    };
    let releases = if why.only {
        format!("FAISS {} only", report.faiss_version_min)
    } else if report.faiss_version_min == "1.2.1" {
        "any FAISS release".to_string()
    } else {
        format!("FAISS {} or later (byte {}: {place})", report.faiss_version_min, why.offset)
    };
    row(out, "read by", &releases)?;
    if let Some(digest) = &report.stream.blake3 {
        row(out, "blake3", digest)?;
    }
    if let Some(digest) = &report.snapshot_digest {
        row(out, "snapshot", digest)?;
    }
    Ok(())
}

/// Vectors by the memory's ratio are those of an index inside whose wrapper says 0.
fn vectors(report: &Inspection) -> Option<u64> {
    let inside = report.index.children.iter().find(|child| child.role == "index_ivf")?;
    inside.index.ntotal
}

/// The length of a file, and of the part of it that is the stream.
pub(super) fn size_row(out: &mut String, bytes: u64, stream: u64, name: &str) -> core::fmt::Result {
    let stream = if stream == bytes { String::new() } else { format!(", of which {name} {}", size(stream)) };
    row(out, "size", &format!("{} ({} bytes){stream}", size(bytes), grouped(bytes)))
}

pub(super) fn row(out: &mut String, name: &str, text: &str) -> core::fmt::Result {
    writeln!(out, "  {name:<12} {text}")
}

fn tree(out: &mut String, node: &Node, role: &str, depth: usize) -> core::fmt::Result {
    let indent = "  ".repeat(depth);
    let role = if role.is_empty() { String::new() } else { format!("{role}: ") };
    let tag = node.fourcc.as_ref().map_or_else(String::new, |tag| format!(" `{tag}`"));
    let mut line = format!("{role}{}{tag}", node.class);
    let shown = SHOWN_PARAMS.iter().filter_map(|name| Some((name, node.params.get(name)?)));
    for (number, (name, value)) in shown.enumerate() {
        let _ = write!(line, "{}{name} {}", if number == 0 { "  " } else { ", " }, brief(value));
    }
    let first = format!("  {:>14}  {:>10}  {indent}", grouped(node.offset), size(node.bytes));
    let next = format!("{:30}{indent}      ", "");
    wrapped(out, &first, &next, &line)?;
    // Arrays and records follow each other in the file.
    let mut arrays = node.arrays.iter().filter(|array| array.bytes > 0).peekable();
    let mut children = node.children.iter().peekable();
    loop {
        let next_child = children.peek().map_or(u64::MAX, |child| child.index.offset);
        if let Some(array) = arrays.next_if(|array| array.offset <= next_child) {
            let shape: Vec<String> = array.shape.iter().map(u64::to_string).collect();
            let text = format!("{indent}  {} {}[{}]", array.name, array.dtype, shape.join(" x "));
            writeln!(out, "  {:>14}  {:>10}  {text}", grouped(array.offset), size(array.bytes))?;
        } else if let Some(child) = children.next() {
            tree(out, &child.index, &child.role, depth.saturating_add(1))?;
        } else {
            return Ok(());
        }
    }
}

fn brief(value: &Json) -> String {
    match value {
        Json::Bool(v) => v.to_string(),
        Json::Int(v) => v.to_string(),
        Json::Uint(v) => v.to_string(),
        Json::Float(v) => v.to_string(),
        Json::Text(v) => escaped(v),
        Json::List(values) => {
            let shown: Vec<String> = values.iter().take(8).map(brief).collect();
            let more = if values.len() > 8 { " ..." } else { "" };
            format!("[{}{more}]", shown.join(" "))
        }
    }
}

fn list_table(out: &mut String, report: &Inspection) -> core::fmt::Result {
    for lists in &report.lists {
        let path = if lists.path.is_empty() { String::new() } else { format!(" ({})", lists.path) };
        writeln!(out, "\nInverted lists{path}")?;
        let used = format!("{} of {} in use", grouped(lists.non_empty), grouped(lists.nlist));
        let Some(imbalance) = lists.imbalance else {
            writeln!(out, "  {used}")?;
            continue;
        };
        writeln!(out, "  {used}, {} entries, imbalance factor {imbalance:.2} (1 is even)", grouped(lists.entries))?;
        #[allow(clippy::cast_precision_loss)] // a picture for people
        let (mean, largest) = (lists.entries as f64 / lists.nlist.max(1) as f64, lists.largest as f64);
        writeln!(out, "  mean     {} {mean:.1}", bar(mean, largest))?;
        writeln!(out, "  largest  {} {}", bar(largest, largest), grouped(lists.largest))?;
        if let Some(name) = &lists.side_file {
            writeln!(out, "  in another file: `{}`", escaped(name))?;
        }
    }
    Ok(())
}

/// Forty columns for `most`.
fn bar(value: f64, most: f64) -> String {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss)] // between 0 and 40, and saturating
    let filled = if most > 0.0 { (value / most * 40.0 + 0.5) as usize } else { 0 }.min(40);
    format!("{}{}", "#".repeat(filled), ".".repeat(40_usize.saturating_sub(filled)))
}

pub(super) fn fidelity(out: &mut String, fidelity: &Fidelity) -> core::fmt::Result {
    writeln!(out, "\nFidelity")?;
    writeln!(out, "  {}: {}", fidelity.level.name(), fidelity.level.meaning())?;
    for run in &fidelity.runs {
        let end = run.first.saturating_add(run.rows);
        writeln!(out, "  rows {}..{}: {} ({})", grouped(run.first), grouped(end), run.level.name(), run.strategy)?;
    }
    Ok(())
}

pub(super) fn keepsakes(out: &mut String, metadata: &Object<String>, attachments: &[Attachment]) -> core::fmt::Result {
    if !metadata.0.is_empty() {
        writeln!(out, "\nMetadata")?;
        for (key, value) in &metadata.0 {
            writeln!(out, "  {} = {}", escaped(key), escaped(value))?;
        }
    }
    if !attachments.is_empty() {
        writeln!(out, "\nAttachments")?;
        for attachment in attachments {
            let kind = if attachment.media_type.is_empty() { "" } else { "  " };
            let (name, media) = (escaped(&attachment.name), escaped(&attachment.media_type));
            writeln!(out, "  {:>10}  {name}{kind}{media}", size(attachment.bytes))?;
        }
    }
    Ok(())
}

/// A length in the unit that suits it: `45 B`, `3.2 KiB`, `1.0 GiB`.
pub fn size(bytes: u64) -> String {
    if bytes < 1024 {
        return format!("{bytes} B");
    }
    #[allow(clippy::cast_precision_loss)] // two digits for people
    let mut value = bytes as f64 / 1024.0;
    for unit in ["KiB", "MiB", "GiB", "TiB", "PiB"] {
        if value < 1023.95 {
            return format!("{value:.1} {unit}");
        }
        value /= 1024.0;
    }
    format!("{value:.1} EiB")
}

/// A number with its thousands apart: `12 345 678`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut out = String::with_capacity(digits.len().saturating_mul(2));
    for (left, digit) in (0..digits.len()).rev().zip(digits.chars()) {
        out.push(digit);
        if left > 0 && left % 3 == 0 {
            out.push(' ');
        }
    }
    out
}

/// A sentence over as many lines as it takes: the first behind `first`, others behind `next`.
fn wrapped(out: &mut String, first: &str, next: &str, text: &str) -> core::fmt::Result {
    let mut line = String::from(first);
    let mut empty = true;
    for word in text.split(' ') {
        let long = line.chars().count().saturating_add(word.chars().count()) >= WIDTH;
        if long && !empty {
            writeln!(out, "{line}")?;
            line = String::from(next);
            empty = true;
        }
        if !empty {
            line.push(' ');
        }
        line.push_str(word);
        empty = false;
    }
    writeln!(out, "{line}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_easy_to_read() {
        assert_eq!(grouped(0), "0");
        assert_eq!(grouped(1234), "1 234");
        assert_eq!(grouped(u64::MAX), "18 446 744 073 709 551 615");
        assert_eq!(size(1023), "1023 B");
        assert_eq!(size(3277), "3.2 KiB");
        assert_eq!(size(1 << 20), "1.0 MiB");
        assert_eq!(size((1 << 20) - 1), "1.0 MiB");
        assert_eq!(size(u64::MAX), "16.0 EiB");
    }

    #[test]
    fn sentences_wrap_at_words() {
        let mut out = String::new();
        wrapped(&mut out, "  - ", "    ", &"word ".repeat(30)).unwrap();
        assert!(out.lines().all(|line| line.chars().count() <= WIDTH), "{out}");
        assert_eq!(out.lines().count(), 2);
    }

    #[test]
    fn a_bar_is_forty_wide() {
        assert_eq!(bar(1.0, 2.0), format!("{}{}", "#".repeat(20), ".".repeat(20)));
        assert_eq!(bar(f64::NAN, 1.0).len(), 40);
        assert_eq!(bar(5.0, 0.0), ".".repeat(40));
    }
}
