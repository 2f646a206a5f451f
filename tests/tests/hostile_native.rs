//! Streams that are whole and consistent and still not what FAISS writes: whatever [`faissil::load`] gives to FAISS, FAISS
//! survives, and so does a search (feature `native`).
//!
//! Every number of every kind of index is in turn each of the extremes, and every record another one. The outline finds most
//! of them out; of the rest some would end the process of FAISS, and the table of known crashes has to have those. What
//! stands inside of arrays is left as it is: nobody looks at the links of a graph, or at its offsets, before FAISS does.
#![cfg(feature = "native")]

use faissil_core::{
    faiss::outline,
    outline::{Family, Outline},
};
use faissil_tests::{
    Case,
    asking::{Question, ask, shared_out},
    extremes::{EXTREMES, numbers},
    kept,
};
use std::{collections::BTreeSet, fs, path::Path};

/// Indexes that are put where another one was.
const OTHERS: [&str; 12] = [
    "flat_l2",
    "flat_ip",
    "ivf_flat",
    "ivf_pq4x4",
    "hnsw_flat",
    "pq4x4",
    "sq8",
    "lsh",
    "rq3x4",
    "nsg_flat",
    "idmap_flat",
    "pqfs4x4",
];

#[test]
fn faiss_survives_every_number() {
    let all = shared_out(&builds(), |folder, share| {
        let mutants = share.iter().map(|case| numbers_changed(case));
        share.iter().zip(mutants).flat_map(|(case, mutants)| survived(folder, case, mutants, &["load"])).collect()
    });
    judge(&all);
}

#[test]
fn faiss_survives_every_record_in_place_of_another() {
    let others: Vec<_> = kept().into_iter().filter(|case| OTHERS.contains(&case.recipe())).collect();
    let others: Vec<(String, Vec<u8>)> = others.iter().map(|case| (case.name.clone(), case.bytes())).collect();
    let all = shared_out(&builds(), |folder, share| {
        let mutants = share.iter().map(|case| records_changed(case, &others));
        share
            .iter()
            .zip(mutants)
            .flat_map(|(case, mutants)| survived(folder, case, mutants, &["load", "owned"]))
            .collect()
    });
    judge(&all);
}

fn judge(all: &[String]) {
    let died: Vec<&str> = all.iter().filter(|said| said.contains("died")).map(String::as_str).collect();
    assert!(died.is_empty(), "{} deaths in {} questions\n{}", died.len(), all.len(), died.join("\n"));
    let answered = all.iter().filter(|said| said.contains("ids [")).count();
    assert!(answered > all.len() / 20, "{answered} of {} were answered", all.len());
}

/// One file of each build: releases write most of them alike.
fn builds() -> Vec<Case> {
    let mut seen = BTreeSet::new();
    let mut cases = kept();
    cases.retain(|case| {
        let outline = outline(&case.bytes()).expect("a case has an outline");
        let build: Vec<_> = outline.records().iter().map(|record| (record.class, record.tag)).collect();
        seen.insert(format!("{build:?} {}", numbers(&outline).len()))
    });
    cases
}

/// What was changed, and the stream.
type Mutant = (String, Vec<u8>);

fn numbers_changed(case: &Case) -> Vec<Mutant> {
    let (stream, outline) = (case.bytes(), outline_of(case));
    let places = numbers(&outline).into_iter().filter(|(path, _)| !path.starts_with("first of "));
    let mutant = |path: &str, bytes: std::ops::Range<usize>, extreme: u64| {
        let mut mutant = stream.clone();
        mutant[bytes.clone()].copy_from_slice(&extreme.to_le_bytes()[..bytes.len()]);
        (format!("{extreme:#x} in {path} at {bytes:?}"), mutant)
    };
    places.flat_map(|(path, bytes)| EXTREMES.map(|extreme| mutant(&path, bytes.clone(), extreme))).collect()
}

fn records_changed(case: &Case, others: &[Mutant]) -> Vec<Mutant> {
    let (stream, outline) = (case.bytes(), outline_of(case));
    let mut mutants = Vec::new();
    for record in outline.records().into_iter().skip(1) {
        let (start, end) = (record.span.start as usize, record.span.end() as usize);
        let mut put = |name: &str, bytes: &[u8]| {
            let what = format!("{name} in place of {} at byte {start}", record.role);
            mutants.push((what, [&stream[..start], bytes, &stream[end..]].concat()));
        };
        match record.family {
            Family::InvertedLists => put("il00", b"il00"),
            Family::Index | Family::BinaryIndex => {
                put("null", b"null");
                others.iter().for_each(|(name, bytes)| put(name, bytes));
            }
            Family::Transform | Family::Part => {}
        }
    }
    mutants
}

fn outline_of(case: &Case) -> Outline {
    outline(&case.bytes()).expect("a case has an outline")
}

/// What comes of every mutant of a fixture whose outline is complete.
fn survived(folder: &Path, case: &Case, mutants: Vec<Mutant>, roads: &[&'static str]) -> Vec<String> {
    let (mut questions, mut names) = (Vec::new(), Vec::new());
    for (number, (what, mutant)) in mutants.into_iter().enumerate() {
        if outline(&mutant).map_or(true, |outline| outline.fault.is_some()) {
            continue;
        }
        let file = folder.join(number.to_string());
        fs::write(&file, mutant).expect("a mutant can be written");
        for &road in roads {
            questions.push(Question { road, file: file.clone(), facts: case.path.with_extension("json") });
            names.push(format!("{}: {what}, {road}", case.name));
        }
    }
    let answers = ask(env!("CARGO_BIN_EXE_ask-faiss"), folder, &questions);
    for question in questions.iter().step_by(roads.len()) {
        fs::remove_file(&question.file).expect("a mutant can be removed");
    }
    names.into_iter().zip(answers).map(|(name, answer)| format!("{name}: {answer}")).collect()
}
