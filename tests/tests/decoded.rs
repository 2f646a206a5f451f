//! Vectors of every fixture against those that FAISS reconstructs, whatever they are stored as.

use faissil_core::outline::{Outline, Value};
use faissil_core::vectors::find;
use faissil_tests::rows::{outline, read, with_side};
use faissil_tests::{Case, corpus, kept};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;

/// The rows in the order of the fixture's JSON.
fn in_order(mut rows: Vec<(i64, Vec<u8>)>, facts: &Json) -> Vec<Vec<u8>> {
    for (first, others) in facts["extra"]["instances"].as_object().into_iter().flatten() {
        let (_, row) = rows.iter().find(|(id, _)| id.to_string() == *first).unwrap().clone();
        rows.extend(others.as_array().unwrap().iter().map(|id| (id.as_i64().unwrap(), row.clone())));
    }
    match facts["vectors"]["order"].as_str() {
        Some("sequential") => rows.sort_by_key(|(id, _)| *id),
        Some("idmap") => {
            let order = facts["ids"].as_array().unwrap().iter().enumerate();
            let order: BTreeMap<i64, usize> = order.map(|(at, id)| (id.as_i64().unwrap(), at)).collect();
            rows.sort_by_key(|(id, _)| order[id]);
        }
        _ => {}
    }
    rows.into_iter().map(|(_, row)| row).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |mut out, byte| {
        write!(out, "{byte:02x}").unwrap();
        out
    })
}

fn floats(hex: &str) -> Vec<f32> {
    let byte = |at: usize| u8::from_str_radix(&hex[at..at + 2], 16).unwrap();
    (0..hex.len() / 8).map(|f| f32::from_le_bytes([0, 2, 4, 6].map(|at| byte(f * 8 + at)))).collect()
}

/// The largest difference of a row, as a part of its largest value.
fn difference(ours: &[f32], theirs: &[f32]) -> f32 {
    assert_eq!(ours.len(), theirs.len());
    let scale = theirs.iter().fold(f32::MIN_POSITIVE, |most, value| most.max(value.abs()));
    ours.iter().zip(theirs).fold(0.0, |most, (a, b)| f32::max(most, (a - b).abs() / scale))
}

/// What becomes of the vectors of a file.
fn outcome(case: &Case) -> String {
    let (file, files) = with_side(case);
    let outline = outline(&file, files);
    let facts = case.facts();
    let vectors = &facts["vectors"];
    let fidelity = vectors["fidelity"].as_str().unwrap();
    let why = vectors["reason"].as_str().unwrap_or_default();
    let stored = match find(&outline) {
        Ok(stored) => stored,
        Err(not) => {
            // Only what FAISS does not reconstruct either; of codes without a byte it makes zeros.
            let how = vectors["how"].as_str().unwrap_or_default();
            let is_known = fidelity == "unavailable" || how.starts_with("the rows given to add()");
            assert!(is_known || case.recipe() == "sq_0bit", "{}: {not}, but FAISS: {how}", case.name);
            return format!("refused: {}", without_places(&not.reason));
        }
    };
    if stored.rows == 0 {
        assert_eq!(fidelity, "unavailable", "{}", case.name);
        return "no rows".into();
    }
    let rows = read(&stored, &file, files, usize::MAX);
    assert_eq!(rows.len() as u64, stored.rows, "{}", case.name);
    let rows = in_order(rows, &facts);
    if fidelity == "unavailable" {
        return format!("decoded, where FAISS says: {why}");
    }
    assert_eq!(vectors["rows"].as_u64(), Some(rows.len() as u64), "{}", case.name);
    let first: Vec<&str> = vectors["first8"].as_array().unwrap().iter().map(|row| row.as_str().unwrap()).collect();
    if hex(&Sha256::digest(rows.concat())) == vectors["sha256_all"] {
        assert_eq!(rows.iter().take(8).map(|row| hex(row)).collect::<Vec<_>>(), first, "{}", case.name);
        return if stored.is_exact() { "stored".into() } else { "the same bits".into() };
    }
    assert!(!stored.is_exact(), "{}: stored vectors differ", case.name);
    for (number, (ours, theirs)) in rows.iter().zip(first).enumerate() {
        let (ours, theirs) = (floats(&hex(ours)), floats(theirs));
        let difference = difference(&ours, &theirs);
        assert!(difference <= 1e-6, "{} row {number} by {difference}\n{ours:?}\n{theirs:?}", case.name);
    }
    "within 1e-6".into()
}

/// A reason without the places of its file.
fn without_places(reason: &str) -> String {
    let mut words = Vec::new();
    let mut rest = reason.split(' ').peekable();
    while let Some(word) = rest.next() {
        let is_place = rest.peek().is_some_and(|next| next.starts_with(|c: char| c.is_ascii_digit()));
        if word == "byte" && is_place {
            let number = rest.next().unwrap_or_default();
            words.push(format!("byte N{}", number.trim_start_matches(|c: char| c.is_ascii_digit())));
        } else {
            words.push(word.into());
        }
    }
    words.join(" ")
}

/// What an index is made of, as far as its vectors are concerned.
fn kind(outline: &Outline) -> String {
    let mut words: Vec<String> = outline.records().iter().map(|record| record.class.to_string()).collect();
    words.retain(|class| {
        !class.contains("InvertedLists") && !class.ends_with("Quantizer") || class.starts_with("Index")
    });
    words.dedup();
    for record in outline.records() {
        if let Some(Value::Text(name)) = record.value("sq.qtype_name") {
            words.push(name.clone());
        }
    }
    words.join(" ")
}

#[test]
fn every_index_gives_what_faiss_reconstructs() {
    let mut failed = Vec::new();
    for case in corpus() {
        if let Err(panic) = std::panic::catch_unwind(|| outcome(&case)) {
            failed.push(format!("{}: {}", case.name, panic.downcast_ref::<String>().cloned().unwrap_or_default()));
        }
    }
    assert!(failed.is_empty(), "{} fail:\n{}", failed.len(), failed.join("\n"));
}

#[test]
fn what_becomes_of_each_kind() {
    let mut kinds: BTreeMap<(String, String), usize> = BTreeMap::new();
    for case in kept() {
        let (file, files) = with_side(&case);
        let outline = outline(&file, files);
        *kinds.entry((kind(&outline), outcome(&case))).or_default() += 1;
    }
    let lines: Vec<String> =
        kinds.iter().map(|((kind, outcome), count)| format!("{count:3} {kind}: {outcome}")).collect();
    insta::assert_snapshot!(lines.join("\n"));
}
