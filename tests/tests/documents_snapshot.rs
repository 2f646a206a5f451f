//! `docs/snapshot-format.md` says what the code does: its tables and its example are made from the code.
//!
//! `FAISSIL_BLESS=1` writes them into the document.

use faissil_core::bytes::{Span, slice};
use faissil_core::codec;
use faissil_core::snapshot::wire::FieldRow;
use faissil_core::snapshot::{
    CONTENTS, Content, Entry, Head, Layout, Mark, PageHead, Parts, SECTIONS, Snapshot, Trailer, field_tables,
};
use faissil_tests::snapshots::{Wanted, open, write};
use std::fmt::Write as _;

fn table(rows: &[FieldRow]) -> String {
    let fixed = rows.iter().all(|row| row.offset.is_some());
    let grown = rows.iter().any(|row| row.default.is_some());
    let mut page = String::from(match (fixed, grown) {
        (true, _) => "| offset | field | type | meaning |\n|--:|---|---|---|\n",
        (_, true) => "| field | type | meaning | when missing |\n|---|---|---|---|\n",
        _ => "| field | type | meaning |\n|---|---|---|\n",
    });
    for row in rows {
        let FieldRow { offset, name, kind, meaning, default } = row;
        let kind = kind.replace("list of u8", "list of u8 (bytes)");
        match offset {
            Some(offset) => writeln!(page, "| {offset} | `{name}` | {kind} | {meaning} |").unwrap(),
            None if grown => {
                let default = default.map_or("refused".to_string(), |default| match default {
                    "None" => "absent".into(),
                    other => format!("`{other}`"),
                });
                writeln!(page, "| `{name}` | {kind} | {meaning} | {default} |").unwrap();
            }
            None => writeln!(page, "| `{name}` | {kind} | {meaning} |").unwrap(),
        }
    }
    page
}

fn sections() -> String {
    let mut page = String::from("| tag | critical | holds |\n|---|---|---|\n");
    for ((tag, critical), holds) in SECTIONS.into_iter().zip(CONTENTS) {
        writeln!(page, "| `{tag}` | {} | {holds} |", if critical { "yes" } else { "no" }).unwrap();
    }
    page
}

/// The example file, and what each of its bytes means.
fn example() -> String {
    let parts = Parts {
        metadata: vec![Entry { key: "model".into(), value: "none".into() }],
        faiss_min: (1, 5, 3),
        ..Parts::default()
    };
    let wanted = Wanted { stream: b"faiss".to_vec(), parts, ..Wanted::default() };
    let (file, finished) = write(&wanted, Layout::Sealed);
    let mut page = String::from("```text\n");
    for (span, meaning) in meanings(&open(&file)) {
        let bytes: Vec<String> = slice(&file, span).iter().map(|byte| format!("{byte:02x}")).collect();
        for (number, line) in bytes.chunks(16).enumerate() {
            let meaning = if number == 0 { meaning.as_str() } else { "" };
            let line = format!("{:4}  {:47}  {meaning}", span.start + 16 * number as u64, line.join(" "));
            writeln!(page, "{}", line.trim_end()).unwrap();
        }
    }
    writeln!(page, "```\n\nSnapshot digest `{}`,\nstream digest `{}`.", finished.digest, finished.stream_digest)
        .unwrap();
    page
}

/// The parts of a small sealed snapshot without bodies in the blocks; they tile the file.
fn meanings(snapshot: &Snapshot) -> Vec<(Span, String)> {
    let stream = snapshot.stream_span().unwrap();
    let mut out = vec![(stream, "stream".to_string())];
    fixed(stream.end(), "mark", &Mark::fields(), &mut out);
    let page = snapshot.chunks().table.root().span();
    fixed(page.start, "page", &PageHead::fields(), &mut out);
    out.push((Span::between(page.start + 8, page.end()), "page: value of chunk 0".into()));
    let mut at = page.end();
    out.push((Span::new(at, 1), "manifest: number of sections".into()));
    at += 1;
    for section in snapshot.sections() {
        let Content::Inline { bytes, at: body } = &section.body else { panic!("a short body") };
        out.push((Span::new(at, 4), format!("manifest: tag {}", section.tag)));
        out.push((Span::new(at + 4, 1), "manifest: flags".into()));
        out.push((Span::between(at + 5, *body), "manifest: length of the body".into()));
        out.push((Span::new(*body, bytes.len() as u64), format!("manifest: body of {}", section.tag)));
        at = body + bytes.len() as u64;
    }
    fixed(at, "trailer", &Trailer::fields(), &mut out);
    let mut end = 0;
    for (span, meaning) in &out {
        assert_eq!(span.start, end, "{meaning}");
        end = span.end();
    }
    assert_eq!(end, snapshot.file_len());
    out
}

fn fixed(at: u64, part: &str, rows: &[FieldRow], out: &mut Vec<(Span, String)>) {
    for row in rows {
        let len = match row.kind.as_str() {
            "u8" => 1,
            "u16" => 2,
            "u32" => 4,
            "u64" | "i64" | "[u8;8]" => 8,
            "[u8;32]" => 32,
            other => panic!("no width for {other}"),
        };
        out.push((Span::new(at + row.offset.unwrap(), len), format!("{part}: {}", row.name)));
    }
}

/// The document with every marked part made anew.
fn made(document: &str) -> String {
    let tables = field_tables();
    let mut used = Vec::new();
    let mut out = String::new();
    let mut skipping = false;
    for line in document.lines() {
        if line == "<!-- end -->" {
            skipping = false;
        }
        if !skipping {
            out.push_str(line);
            out.push('\n');
        }
        let Some(mark) = line.strip_prefix("<!-- ").and_then(|line| line.strip_suffix(" -->")) else { continue };
        let part = match mark.split_once(": ") {
            Some(("fields", name)) => {
                let rows = tables.iter().find(|table| table.0 == name);
                used.push(name.to_string());
                table(&rows.unwrap_or_else(|| panic!("there is no structure {name}")).1)
            }
            _ if mark == "sections" => sections(),
            _ if mark == "codecs" => codec::table_page(),
            _ if mark == "example" => example(),
            _ => continue,
        };
        out.push_str(&part);
        skipping = true;
    }
    let missing: Vec<_> =
        tables.iter().filter(|table| !used.iter().any(|name| name == table.0)).map(|table| table.0).collect();
    assert!(missing.is_empty(), "structures that the document does not show: {missing:?}");
    out
}

#[test]
fn the_document_is_what_the_code_does() {
    let path = faissil_tests::root().join("docs/snapshot-format.md");
    let document = std::fs::read_to_string(&path).unwrap();
    let made = made(&document);
    if std::env::var_os("FAISSIL_BLESS").is_some() {
        std::fs::write(&path, &made).unwrap();
        return;
    }
    let differs = document.lines().zip(made.lines()).find(|(old, new)| old != new);
    assert_eq!(differs, None, "docs/snapshot-format.md differs from the code; `cargo xtask bless` rewrites it");
    assert_eq!(document, made);
}

#[test]
fn the_limits_of_the_document_are_those_of_the_code() {
    use faissil_core::limits;
    let document = std::fs::read_to_string(faissil_tests::root().join("docs/snapshot-format.md")).unwrap();
    let grouped = |number: u64| {
        let digits = number.to_string();
        let groups: Vec<&str> =
            digits.as_bytes().rchunks(3).rev().map(|group| std::str::from_utf8(group).unwrap()).collect();
        groups.join(",")
    };
    for limit in [
        limits::MAX_MANIFEST,
        limits::MAX_SIGNATURES,
        limits::MAX_INLINE,
        limits::MAX_PAGE,
        limits::MAX_BODY,
        limits::MAX_CHUNK,
    ] {
        assert!(document.contains(&grouped(limit)), "{}", grouped(limit));
    }
    assert!(document.contains(&format!("over {} storeys", limits::MAX_PAGE_HEIGHT)));
    assert!(document.contains(&format!(
        "{} chunks, up to {}",
        grouped(limits::SEALED_CHUNKS),
        limits::SEALED_LOG2.end()
    )));
    assert_eq!(Head::VALUE.to_bytes().len(), 16);
}
