//! `docs/faiss-format.md`, held against the table of types and against outlines of real files.
//!
//! The parts between `<!-- from ... -->` and `<!-- end -->` are rendered here. With `FAISSIL_BLESS=1` they
//! are written instead of compared.

use faissil_core::faiss::{NULL, TYPES, outline};
use faissil_core::outline::{Family, Item, Record, Value};
use faissil_tests::{kept, root};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;

const FAMILIES: [(Family, &str); 4] = [
    (Family::Index, "float indexes"),
    (Family::BinaryIndex, "binary indexes"),
    (Family::Transform, "vector transforms"),
    (Family::InvertedLists, "inverted lists"),
];

/// Tags that no file of the corpus has: written before 1.5.3, never by a release, or by builds with another library. The
/// grammar's unit tests have bytes of each.
const UNSEEN: [&str; 20] = [
    "ILVQ", "ISID", "ISIL", "ISIQ", "ISV2", "ISVD", "ISVF", "ISVL", "IvFL", "IvFl", "IvPQ", "IvQR", "IvSQ", "IwEd",
    "IwSQ", "IxEd", "IxHE", "IxPQ", "IxPo", "PCAm",
];

#[test]
fn the_document_says_what_the_code_does() {
    let path = root().join("docs/faiss-format.md");
    let written = std::fs::read_to_string(&path).expect("the document is there");
    let mut rendered = written.clone();
    for (family, name) in FAMILIES {
        rendered = replaced(&rendered, &format!("from the table of types: {name}"), &types(family));
    }
    rendered = replaced(&rendered, "from outlines of real files", &layouts());
    if std::env::var_os("FAISSIL_BLESS").is_some() {
        std::fs::write(&path, &rendered).expect("the document can be written");
        return;
    }
    let differs = written.lines().zip(rendered.lines()).find(|(written, rendered)| written != rendered);
    assert_eq!(differs, None, "to accept: cargo xtask bless");
    assert_eq!(written.len(), rendered.len(), "to accept: cargo xtask bless");
}

#[test]
fn every_tag_is_in_a_file_of_the_repository() {
    let mut seen = BTreeSet::new();
    for case in kept() {
        let outline = outline(&case.bytes()).expect("a fixture has an outline");
        seen.extend(outline.records().iter().filter_map(|record| record.tag).map(|tag| tag.to_string()));
    }
    let missing: Vec<String> =
        TYPES.iter().map(|found| found.tag.to_string()).filter(|tag| !seen.contains(tag)).collect();
    let expected: BTreeSet<String> = UNSEEN.map(str::to_string).into();
    assert_eq!(missing.into_iter().collect::<BTreeSet<_>>(), expected);
}

/// `text` with what stands between the marker `name` and the next end marker replaced by `body`.
fn replaced(text: &str, name: &str, body: &str) -> String {
    let marker = format!("<!-- {name} -->\n");
    let start = text.find(&marker).unwrap_or_else(|| panic!("no marker `{name}` in the document")) + marker.len();
    let end = start + text[start..].find("<!-- end -->").expect("the marker has an end");
    format!("{}{body}{}", &text[..start], &text[end..])
}

/// The table of one family.
fn types(family: Family) -> String {
    let mut out = String::from("| code | class | read since | written by |\n|---|---|---|---|\n");
    for found in TYPES.iter().filter(|found| found.family == family) {
        let class = if found.class == NULL { "null pointer" } else { found.class };
        writeln!(out, "| `{}` | {class} | {} | {} |", found.tag, found.since, found.written).expect("text");
    }
    out
}

/// The fields behind each code, from the longest record with that code among the fixtures; of a code
/// with several layouts, each.
fn layouts() -> String {
    let mut found: BTreeMap<String, BTreeSet<(usize, String)>> = BTreeMap::new();
    for case in kept() {
        let outline = outline(&case.bytes()).expect("a fixture has an outline");
        for record in outline.records() {
            let key = record.tag.map_or_else(|| record.class.to_string(), |tag| tag.to_string());
            found.entry(key).or_default().insert((record.items.len(), fields(record)));
        }
    }
    let several = ["Irfs", "Iwrf", "ImRQ"];
    let mut out = String::new();
    for (key, layouts) in found {
        let most = if several.contains(&key.as_str()) { 3 } else { 1 };
        let distinct: BTreeSet<&String> = layouts.iter().rev().take(most).map(|(_, text)| text).collect();
        for text in distinct {
            writeln!(out, "- `{key}`: {text}").expect("text");
        }
    }
    out
}

/// The items of a record in one line.
fn fields(record: &Record) -> String {
    let mut parts: Vec<String> = Vec::new();
    for item in &record.items {
        let part = match item {
            Item::Field(field) if field.name == "tag" => continue,
            Item::Field(field) => {
                format!("{} {}", field.name, value_type(&field.value))
            }
            Item::Array(array) if array.count.is_some() => format!("{} [{}]", array.name, array.dtype.name()),
            Item::Array(array) => format!("{} {}...", array.name, array.dtype.name()),
            Item::Record(inner) => format!("**{}**", numbered(&inner.role)),
            Item::Lists(_) => "data of the lists".into(),
        };
        if parts.last() != Some(&part) {
            parts.push(part);
        }
    }
    let text = parts.join(", ");
    let header = "d i32, ntotal i64, dummy_1 i64, dummy_2 i64, is_trained bool, metric_type i32";
    let text = text.replace(&format!("{header}, metric_arg f32"), "*header*").replace(header, "*header*");
    let binary = "d i32, code_size i32, ntotal i64, is_trained bool, metric_type i32";
    let text = text.replace(binary, "*binary header*");
    if text.is_empty() { "nothing".into() } else { text }
}

/// A role with its number left out.
fn numbered(role: &str) -> String {
    role.split_once('[').map_or_else(|| role.to_string(), |(name, _)| format!("{name}[i]"))
}

fn value_type(value: &Value) -> &'static str {
    match value {
        Value::Bool(_) => "bool",
        Value::U8(_) => "u8",
        Value::I8(_) => "i8",
        Value::I32(_) => "i32",
        Value::U32(_) => "u32",
        Value::I64(_) => "i64",
        Value::U64(_) => "u64",
        Value::F32(_) => "f32",
        Value::F64(_) => "f64",
        Value::Tag(_) => "code",
        Value::Text(_) => "text",
        Value::Many(_) => "values",
    }
}
