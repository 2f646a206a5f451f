//! The page of an opened index.
//!
//! Names, descriptions and numbers are those of the reports; what is added here are digests. Everything comes from the
//! stream itself, not from what a snapshot records of it.

use super::{
    page::{Page, Section},
    rows, searches,
};
use crate::{
    Cause,
    drive::{LONGEST, ask, drive_on},
    inspect::Index,
    opened::Opened,
    store::Store,
};
use faissil_core::{
    Span,
    ids::{IdStream, place},
    outline::{Array, Family, Item, Record, Value, join},
    report::{Inspection, Known, inspection},
    source::Source,
    vectors::Codes,
};

/// Numbers that every index header has: said again only where they differ from those of the index around it.
const HEADER: [&str; 5] = ["d", "ntotal", "is_trained", "metric_type", "metric_arg"];

/// Written in every header and meaning nothing.
const FILLER: [&str; 2] = ["dummy_1", "dummy_2"];

/// Arrays that FAISS writes from a hash table, in no order of their own.
const ANY_ORDER: [&str; 2] = ["direct_map.hashtable", "instances"];

/// What the snapshot in an opened file, if there is one, says about itself.
fn recall(opened: &Opened) -> Result<Known, Cause> {
    ask(&opened.file, |ask| async move {
        let mut known = Known::default();
        if let Some(snapshot) = &opened.snapshot {
            faissil_core::inspect::recall(&Source::file(&ask), snapshot, &mut known).await?;
        }
        Ok(known)
    })
}

pub(super) fn page(opened: &Opened) -> Result<Page, Cause> {
    let index = Index::of(opened)?;
    if let Some(missing) = &index.side_missing {
        return Err(Cause::Refused(missing.clone()));
    }
    let mut known = recall(opened)?;
    if index.outline.fault.is_none() {
        known.ids = index.sum_ids(&|_, _| {})?;
    }
    let report = inspection(&index.outline, known);
    let mut page = Page { sections: vec![head(&report)] };
    let mut parameters = Section::new("parameters");
    push_parameters(&index.outline.root, None, "", &mut parameters);
    let mut arrays = Section::new("arrays: type, shape and digest");
    push_arrays(&index, &index.outline.root, "", &mut arrays)?;
    let rest = Span::between(index.outline.end, index.stream.len());
    if !rest.is_empty() {
        arrays.push("what_follows", format!("u8[{}] {}", rest.len, digest_of(&index, rest, false)?));
    }
    page.sections.extend([parameters, arrays]);
    if !report.lists.is_empty() {
        let mut lists = Section::new("lists: how entries are spread");
        for balance in &report.lists {
            let path = if balance.path.is_empty() { "invlists" } else { &balance.path };
            let text = format!(
                "{} entries in {} of {} lists, at most {}",
                balance.entries, balance.non_empty, balance.nlist, balance.largest
            );
            lists.push(path, text);
        }
        page.sections.push(lists);
    }
    if index.outline.fault.is_none() {
        page.sections.extend(ids(&index, &report)?);
        page.sections.extend(rows::section(&index)?);
        page.sections.push(searches::section(&index, report.index.metric)?);
    }
    let mut more = |title: &str, lines: Vec<(String, String)>| {
        if !lines.is_empty() {
            page.sections.push(Section { title: title.into(), lines });
        }
    };
    let escaped = |text: &str| text.escape_debug().to_string();
    more("metadata", report.metadata.0.iter().map(|(key, value)| (escaped(key), escaped(value))).collect());
    more(
        "attachments",
        report.attachments.iter().map(|file| (escaped(&file.name), format!("{} bytes", file.bytes))).collect(),
    );
    Ok(page)
}

fn head(report: &Inspection) -> Section {
    let mut head = Section::default();
    head.push("index", &*report.description);
    let chain: Vec<&str> = report.class_chain.iter().map(|class| class.unwrap_or("null")).collect();
    head.push("classes", chain.join(" > "));
    let binary = chain.first().is_some_and(|class| class.starts_with("IndexBinary"));
    let number = report.index.metric.map(|number| number.to_string());
    let metric = report.index.metric_name.clone().or(number).filter(|_| !binary);
    head.push("metric", metric.unwrap_or_else(|| "Hamming".into()));
    let only = if report.faiss_version_why.only { "only" } else { "or later" };
    head.push("read_by", format!("FAISS {} {only}", report.faiss_version_min));
    if let Some(fault) = &report.fault {
        head.push("fault", &*fault.message);
    }
    head
}

/// Stored and derived numbers by path, as `diff` has them.
fn push_parameters(record: &Record, around: Option<&Record>, path: &str, out: &mut Section) {
    let tag = record.tag.map_or_else(String::new, |tag| format!(" {tag}"));
    out.push(join(path, "class"), format!("{}{tag}", record.class));
    let stored = record.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some((&*field.name, &field.value)),
        _ => None,
    });
    let derived = record.derived.iter().map(|(name, value)| (&**name, value));
    for (name, value) in stored.chain(derived) {
        let said = HEADER.contains(&name) && around.is_some_and(|around| around.value(name) == Some(value));
        if said || FILLER.contains(&name) || matches!(value, Value::Tag(_)) {
            continue;
        }
        let text = match value {
            // Where a file was is no part of what an index is.
            Value::Text(text) if name.ends_with("filename") => base_name(text).escape_debug().to_string(),
            other => other.to_string(),
        };
        out.push(join(path, name), text);
    }
    for child in record.children() {
        let is_index = matches!(record.family, Family::Index | Family::BinaryIndex);
        push_parameters(child, if is_index { Some(record) } else { around }, &join(path, &child.role), out);
    }
}

/// What comes behind the last `/` or `\`.
fn base_name(path: &str) -> &str {
    path.rsplit(['/', '\\']).next().unwrap_or(path)
}

fn push_arrays(index: &Index<'_>, record: &Record, path: &str, out: &mut Section) -> Result<(), Cause> {
    for item in &record.items {
        match item {
            // A name of a file is among the parameters, without its folder.
            Item::Array(array) if array.name == "filename" => {}
            Item::Array(array) => {
                let any_order = ANY_ORDER.contains(&&*array.name);
                // What was cut short has no digest.
                let whole = array.span.end() <= index.stream.len();
                let digest = if whole { digest_of(index, array.span, any_order)? } else { String::new() };
                let mark = if is_rows(index, array) { " rows" } else { "" };
                out.push(join(path, &array.name), format!("{array} {digest}{mark}"));
            }
            Item::Lists(lists) if !lists.span.is_empty() && lists.span.end() <= index.stream.len() => {
                let digest = digest_of(index, lists.span, false)?;
                out.push(join(path, "lists"), format!("u8[{}] {digest} rows", lists.span.len));
            }
            Item::Record(child) => push_arrays(index, child, &join(path, &child.role), out)?,
            Item::Lists(_) | Item::Field(_) => {}
        }
    }
    Ok(())
}

/// Whether the section of rows tells what is in this array, row by row.
fn is_rows(index: &Index<'_>, array: &Array) -> bool {
    let Ok(stored) = rows::stored(index) else { return false };
    let codes = match stored.codes {
        Codes::Lists(..) => array.name == "sizes",
        codes => codes.array().is_some_and(|codes| codes.span == array.span),
    };
    codes || stored.maps.iter().any(|map| map.span == array.span)
}

fn ids(index: &Index<'_>, report: &Inspection) -> Result<Option<Section>, Cause> {
    let Some(found) = report.ids else { return Ok(None) };
    let mut section = Section::new("ids");
    section.push("kind", found.kind.name());
    section.push("count", found.count.to_string());
    let numbers = [("min", found.min), ("max", found.max), ("first", found.first), ("step", found.step)];
    for (name, number) in numbers {
        if let Some(number) = number {
            section.push(name, number.to_string());
        }
    }
    section.push("duplicates", found.duplicates.map_or_else(|| "not counted".into(), |count| count.to_string()));
    let mut hasher = blake3::Hasher::new();
    let mut stream = IdStream::all(&place(&index.outline), index.files());
    while let Some(batch) = drive_on(&mut stream, &index.joined())? {
        batch.ids.iter().for_each(|id| {
            hasher.update(&id.0.to_le_bytes());
        });
    }
    section.push("digest", short(&hasher.finalize()));
    Ok(Some(section))
}

/// The first 16 hex digits.
pub(super) fn short(hash: &blake3::Hash) -> String {
    hash.to_hex()[..16].to_string()
}

/// The digest of these bytes of the stream. `any_order`: of entries of 16 bytes, which are sorted by their digests.
fn digest_of(index: &Index<'_>, span: Span, any_order: bool) -> Result<String, Cause> {
    let mut hasher = blake3::Hasher::new();
    let mut entries = Vec::new();
    let mut at = span.start;
    while at < span.end() {
        let piece = index.stream.read(Span::new(at, LONGEST.min(span.end() - at)))?;
        at += piece.len() as u64;
        if any_order {
            entries.extend(piece.chunks(16).map(|entry| *blake3::hash(entry).as_bytes()));
        } else {
            hasher.update(&piece);
        }
    }
    entries.sort_unstable();
    entries.iter().for_each(|entry| {
        hasher.update(entry);
    });
    Ok(short(&hasher.finalize()))
}
