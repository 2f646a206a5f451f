//! FAISS makes the same of a snapshot as of the index file, whichever way either is read (feature `native`).
//!
//! Every file of the corpus is read by FAISS itself, plain and sealed, with each of its flags, and by `faissil::load`,
//! `load_owned` and all that these can do. What FAISS makes of the plain file counts: the same searches, to the last bit of a
//! distance, the same refusal, even the same death. A stream that FAISS dies of is never given to it.
#![cfg(feature = "native")]

use faissil::{
    core::snapshot::Layout,
    save::{Additions, Input},
};
use faissil_tests::{
    Case,
    asking::{Question, ask, shared_out},
    corpus,
};
use serde_json::Value;
use std::{collections::BTreeMap, fs, path::Path};

/// FAISS's own roads: no flag, and each of the two maps.
const FLAGS: [&str; 3] = ["read", "map", "interface map"];

/// The kinds of file that are made of a fixture, with the roads on which each is read.
const FILES: [(&str, &[&str]); 3] = [
    ("plain", &["read", "map", "interface map", "rewrite", "load", "private copy", "owned"]),
    ("sealed", &["read", "map", "interface map", "rewrite", "load", "private copy", "owned"]),
    ("packed", &["load", "private copy", "owned"]),
];

/// Fixtures that FAISS 1.12 reads and answers otherwise than the release that wrote them, and why.
const OTHERWISE: [(&str, &str); 3] = [
    ("pqfs_bbs64", "the kernels of 1.12 know blocks of this size only for few queries, and it says so"),
    ("rr_rabitq", "1.15 gives 0 where the estimate of a squared distance is negative"),
    ("rqfs_32_ip", "the kernels of 1.12 do not have so many parts, and it says so"),
];

/// The answers about one fixture, by kind of file and road.
struct Answers<'a> {
    case: &'a Case,
    of: BTreeMap<(&'static str, &'static str), String>,
}

#[test]
fn snapshots_are_to_faiss_what_the_index_files_are() {
    let cases = corpus();
    let all = shared_out(&cases, |folder, share| {
        let questions: Vec<_> = share.iter().map(|case| questions(folder, case)).collect();
        let mut answers = ask(env!("CARGO_BIN_EXE_ask-faiss"), folder, &questions.concat()).into_iter();
        let answers_of = |(case, questions): (&&Case, &Vec<Question>)| {
            let roads = FILES.iter().flat_map(|(file, roads)| roads.iter().map(|road| (*file, *road)));
            let of = roads.zip(answers.by_ref().take(questions.len())).collect();
            (case.name.clone(), of)
        };
        share.iter().zip(&questions).map(answers_of).collect::<Vec<_>>()
    });
    let all: BTreeMap<String, BTreeMap<_, _>> = all.into_iter().collect();
    let mut faults = Vec::new();
    let mut counts: BTreeMap<(&str, &str), usize> = BTreeMap::new();
    for case in &cases {
        let answers = Answers { case, of: all[&case.name].clone() };
        answers.judge(&mut faults);
        for road in FLAGS {
            *counts.entry((road, answers.outcome(road))).or_default() += 1;
        }
    }
    for ((road, outcome), count) in &counts {
        println!("{road}: {outcome} {count}");
    }
    assert!(faults.is_empty(), "{} faults\n{}", faults.len(), faults.join("\n"));
    // Most files can be read in every way; otherwise the comparison says nothing.
    assert!(FLAGS.iter().all(|road| counts[&(*road, "read")] > cases.len() * 4 / 5));
}

/// Make the snapshots of a fixture, and put the questions about them.
fn questions(folder: &Path, case: &Case) -> Vec<Question> {
    let facts = case.path.with_extension("json");
    // FAISS looks for the lists of an on-disk index in the folder where it runs.
    let beside = case.path.with_extension("ivfdata");
    if beside.exists() {
        fs::copy(&beside, folder.join(beside.file_name().expect("a file has a name"))).expect("it can be copied");
    }
    let file = |kind: &str| folder.join(format!("{}.{kind}", case.name.replace('/', "_")));
    fs::copy(&case.path, file("plain")).expect("a fixture can be copied");
    for (kind, layout) in [("sealed", Layout::Sealed), ("packed", Layout::Packed)] {
        let input = Input::Path(case.path.clone());
        faissil::save::save(&input, &file(kind), layout, &Additions::default(), &|_, _| {})
            .unwrap_or_else(|error| panic!("{}: {error}", case.name));
    }
    let ask = |(kind, roads): &(&str, &[&'static str])| {
        let question = |road: &&'static str| Question { road, file: file(kind), facts: facts.clone() };
        roads.iter().map(question).collect::<Vec<_>>()
    };
    FILES.iter().flat_map(ask).collect()
}

impl Answers<'_> {
    /// What FAISS makes of the plain file, in a word.
    fn outcome(&self, road: &'static str) -> &'static str {
        match &self.of[&("plain", road)] {
            answer if answer.starts_with("died") => "died",
            answer if answer.starts_with("refused") => "refused",
            _ => "read",
        }
    }

    fn judge(&self, faults: &mut Vec<String>) {
        let mut fault = |said: String| faults.push(format!("{}: {said}", self.case.name));
        for road in FLAGS.iter().chain(&["rewrite"]) {
            let (plain, sealed) = (&self.of[&("plain", *road)], &self.of[&("sealed", *road)]);
            if plain != sealed {
                fault(format!("{road}\n  plain:  {plain}\n  sealed: {sealed}"));
            }
        }
        let (plain, rewritten) = (&self.of[&("plain", "read")], &self.of[&("plain", "rewrite")]);
        for ((kind, road), answer) in
            self.of.iter().filter(|((_, road), _)| !FLAGS.contains(road) && *road != "rewrite")
        {
            let expected = match *road {
                "owned" => format!("{plain} | {rewritten} | {plain}"),
                _ => plain.clone(),
            };
            let right = match (self.outcome("read"), answer.strip_prefix("refused: ")) {
                ("died", refused) => refused.is_some_and(|said| said.contains("FAISS 1.12.0")),
                ("refused", refused) => {
                    refused.is_some_and(|said| said.contains("FAISS 1.12.0")) || *answer == expected
                }
                (_, Some(said)) => said.contains("its inverted lists are in another file"),
                (_, None) => *answer == expected,
            };
            if !right {
                fault(format!("{kind}, {road}\n  {answer}\n  FAISS: {expected}"));
            }
        }
        if self.outcome("read") == "read"
            && let Some(said) = misread(plain, &self.case.facts()["queries"])
            && !OTHERWISE.iter().any(|(name, _)| self.case.recipe() == *name)
        {
            fault(said);
        }
    }
}

/// How an answer differs from that of the release that wrote the fixture, by more than the last digits of a sum.
///
/// Ids at equal distances may come in another order, and any of those that share the last place may be the one.
fn misread(answer: &str, queries: &Value) -> Option<String> {
    let expected_ids = queries["I"].as_array()?;
    let Some((ids, distances)) = answer.split_once("ids ").and_then(|(_, found)| found.split_once(", distances "))
    else {
        return Some(format!("no search, where the release that wrote it answers\n  {answer}"));
    };
    let ids: Vec<i64> = serde_json::from_str(ids).expect("ids are a list");
    let mut distances = bits(distances).into_iter();
    let mut ids = ids.into_iter();
    for (row, expected) in expected_ids.iter().enumerate() {
        let numbers =
            |value: &Value| value.as_array().expect("a row").iter().filter_map(Value::as_i64).collect::<Vec<_>>();
        let expected_ids = numbers(expected);
        let expected_distances = bits(queries["D_hex"][row].as_str().expect("distances are there"));
        let k = expected_ids.len();
        let theirs: Vec<_> = expected_ids.into_iter().zip(expected_distances).collect();
        let ours: Vec<_> = ids.by_ref().take(k).zip(distances.by_ref().take(k)).collect();
        if let Some(said) = differ(&ours, &theirs) {
            return Some(format!("query {row} {said}\n  now:  {ours:?}\n  then: {theirs:?}"));
        }
    }
    None
}

fn differ(ours: &[(i64, f64)], theirs: &[(i64, f64)]) -> Option<String> {
    let near =
        |a: f64, b: f64| a == b || (a.is_nan() && b.is_nan()) || (a - b).abs() <= 1e-4 + 1e-4 * a.abs().max(b.abs());
    let sorted = |row: &[(i64, f64)]| {
        let mut distances: Vec<f64> = row.iter().map(|(_, distance)| *distance).collect();
        distances.sort_by(f64::total_cmp);
        distances
    };
    if !sorted(ours).into_iter().zip(sorted(theirs)).all(|(a, b)| near(a, b)) {
        return Some("has other distances".into());
    }
    let last = theirs.last().map_or(0.0, |(_, distance)| *distance);
    let same = |(id, distance): &(i64, f64)| match theirs.iter().find(|(other, _)| other == id) {
        Some((_, other)) => near(*distance, *other),
        None => near(*distance, last),
    };
    (!ours.iter().all(same)).then(|| "has other ids".into())
}

/// Distances from the bits of float32; small whole numbers, which those of binary indexes are, are themselves.
fn bits(hex: &str) -> Vec<f64> {
    let number = |at: usize| u32::from_str_radix(&hex[at..at + 8], 16).expect("hex").swap_bytes();
    let distance = |bits: u32| if bits < 1 << 16 { f64::from(bits) } else { f64::from(f32::from_bits(bits)) };
    (0..hex.len() / 8).map(|at| distance(number(8 * at))).collect()
}
