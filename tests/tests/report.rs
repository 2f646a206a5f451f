//! Reports held against what FAISS says about its files, and against the document that describes them.

use faissil_core::bytes::slice;
use faissil_core::describe::Note;
use faissil_core::error::Error;
use faissil_core::faiss;
use faissil_core::ids::{self, ExternalId, IdKind, IdPlace, IdSummary, Summariser};
use faissil_core::report::{
    Attachment, Dump, Fidelity, Inspection, Json as Value, Known, Level, Run, inspection, page,
};
use faissil_core::{Reading, Span, Step};
use faissil_tests::{Case, corpus, kept, listed, root};
use serde_json::Value as Json;
use std::collections::BTreeSet;

/// The JSON of `inspect` for a plain index file.
fn report(case: &Case) -> Json {
    serde_json::to_value(inspected(case)).expect("a report is JSON")
}

fn inspected(case: &Case) -> Inspection {
    let file = case.bytes();
    let outline = faiss::outline(&file).unwrap_or_else(|error| panic!("{}: {error}", case.name));
    let len = file.len() as u64;
    let known = Known { file: format!("{}.faiss", case.name), size_bytes: len, stream_len: len, ..Known::default() };
    inspection(&outline, known)
}

/// Run a check over every file and show all that fail.
fn over_corpus(check: impl Fn(&Case, &Json, &Json) -> Vec<String>) {
    let cases = corpus();
    let mut faults = Vec::new();
    for case in &cases {
        let found = check(case, &report(case), &case.facts());
        faults.extend(found.into_iter().map(|fault| format!("{}: {fault}", case.name)));
    }
    assert!(faults.is_empty(), "{} faults in {} files:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

#[test]
fn the_json_has_the_facts_of_every_file() {
    over_corpus(|case, report, facts| {
        let mut faults = Vec::new();
        let mut same = |name: &str, found: &Json, expected: &Json| {
            if !equal(found, expected) {
                faults.push(format!("{name}: expected {expected}, found {found}"));
            }
        };
        same("class_chain", &as_told(&report["class_chain"], wrote(case)), &facts["class_chain"]);
        same("fourcc_chain", &report["fourcc_chain"], &facts["fourcc_chain"]);
        same("size_bytes", &report["size_bytes"], &facts["size_bytes"]);
        for (name, fact) in [
            ("d", "d"),
            ("ntotal", "ntotal"),
            ("metric", "metric_type"),
            ("metric_arg", "metric_arg"),
            ("is_trained", "is_trained"),
        ] {
            same(name, &report["index"][name], &facts[fact]);
        }
        for (name, value) in facts["params"].as_object().expect("params is an object") {
            same(&format!("params.{name}"), &report["params"][name], &listed(value));
        }
        let mut offsets = Vec::new();
        node_offsets(&report["index"], &mut offsets);
        let tags = facts["fourcc_offsets"].as_array().expect("offsets are a list");
        for offset in offsets {
            if !tags.contains(&offset) {
                same("offset of a node", &offset, &facts["fourcc_offsets"]);
            }
        }
        faults
    });
}

/// The classes as the Python of that release tells them: up to 1.7.4 it told no subclasses of `IndexFlat`.
fn as_told(chain: &Json, wrote: &str) -> Json {
    let plain = version(wrote) <= version("1.7.4");
    let told = |class: &Json| match class.as_str() {
        Some("IndexFlatL2" | "IndexFlatIP") if plain => Json::from("IndexFlat"),
        _ => class.clone(),
    };
    chain.as_array().expect("a chain is a list").iter().map(told).collect()
}

/// The release that wrote a file.
fn wrote(case: &Case) -> &str {
    case.name.split('/').next().unwrap_or("")
}

fn node_offsets(node: &Json, out: &mut Vec<Json>) {
    if !node["fourcc"].is_null() {
        out.push(node["offset"].clone());
    }
    for child in node["children"].as_array().expect("children are a list") {
        node_offsets(&child["index"], out);
    }
}

/// Equal as numbers: Python writes 1.0 where a field holds a whole float.
fn equal(found: &Json, expected: &Json) -> bool {
    match (found, expected) {
        (Json::Number(a), Json::Number(b)) if a.is_f64() || b.is_f64() => a.as_f64() == b.as_f64(),
        (Json::Array(a), Json::Array(b)) => a.len() == b.len() && a.iter().zip(b).all(|(a, b)| equal(a, b)),
        (Json::String(a), Json::String(b)) => a == b || a.eq_ignore_ascii_case(b) && a == "NaN",
        _ => found == expected,
    }
}

/// Recipes whose own string is not the description, with the description and the reason.
const OTHER_WORDS: &[(&str, &str, &str)] = &[
    ("1.15.1/ivf_pq_np", "IVF4,PQ4x4", "`np` is about training only and leaves no trace"),
    ("1.5.3/hnsw_pq", "HNSW8_PQ4", "that release has another recipe, PQ of 8 bits"),
    ("1.7.1.post3/hnsw_pq", "HNSW8_PQ4", "that release has another recipe, PQ of 8 bits"),
    ("1.7.3/hnsw_pq", "HNSW8_PQ4", "that release has another recipe, PQ of 8 bits"),
    ("1.5.3/hnsw_sq8", "HNSW8", "the factory of that release took no notice of `_SQ8`"),
    ("1.5.3/ivf_pq_untrained", "IVF4,PQ4", "the factory of that release took no notice of `x4`"),
    ("1.5.3/opq_pq", "OPQ4,PQ4", "the factory of that release took no notice of `x4`"),
];

#[test]
fn the_description_is_the_factory_string_of_the_recipe() {
    over_corpus(|case, report, facts| {
        let how = facts["how"].as_str().expect("a recipe is text");
        let Some(key) = whole_key(how) else { return Vec::new() };
        let key = OTHER_WORDS.iter().find(|(other, ..)| *other == case.name).map_or(key, |(_, words, _)| *words);
        let found = report["description"].as_str().unwrap_or("");
        let factory = report["factory"].as_str();
        let mut faults = Vec::new();
        if found != key {
            faults.push(format!("expected {key:?}, found {found:?} ({how})"));
        }
        if factory != Some(key) {
            faults.push(format!("expected the factory string {key:?}, found {factory:?}"));
        }
        faults
    });
}

/// The factory string of a recipe that makes the whole index by one.
fn whole_key(how: &str) -> Option<&str> {
    let made = ["ix = F(", "ix = fill(F("].iter().find_map(|start| how.strip_prefix(start))?;
    made.split('\'').nth(1)
}

#[test]
fn no_release_wrote_what_it_is_said_not_to_read() {
    over_corpus(|case, report, _| {
        let wrote = wrote(case);
        // The wheel 1.7.1.post3 was built later than the tag 1.7.1, with a part of 1.7.2.
        let wrote = if wrote == "1.7.1.post3" { "1.7.2" } else { wrote };
        let floor = report["faiss_version_min"].as_str().expect("a version is text");
        let only = report["faiss_version_why"]["only"] == true;
        match (version(floor), version(wrote)) {
            (floor, wrote) if floor > wrote || only && floor != wrote => {
                vec![format!("written by {wrote:?}, said to need {floor:?}: {}", report["faiss_version_why"])]
            }
            _ => Vec::new(),
        }
    });
}

fn version(text: &str) -> Vec<u32> {
    text.split('.').map_while(|part| part.parse().ok()).collect()
}

#[test]
fn the_document_names_every_field() {
    let text = std::fs::read_to_string(root().join("docs/json.md")).expect("docs/json.md is there");
    let documented: BTreeSet<String> = text.lines().filter_map(field_of_row).collect();
    let mut found = BTreeSet::new();
    for case in corpus() {
        fields(&report(&case), "", &mut found);
    }
    fields(&with_everything(), "", &mut found);
    let missing: Vec<_> = found.difference(&documented).collect();
    let stale: Vec<_> = documented.difference(&found).collect();
    assert!(missing.is_empty() && stale.is_empty(), "not in docs/json.md: {missing:?}; only there: {stale:?}");
}

/// The name in a row of a table such as ``| `stream.len` | integer | ... |``.
fn field_of_row(line: &str) -> Option<String> {
    let name = line.strip_prefix("| `")?.split('`').next()?;
    Some(name.to_string())
}

/// Paths of all fields: `index.arrays[].name`. Objects with free keys are leaves.
fn fields(value: &Json, path: &str, out: &mut BTreeSet<String>) {
    let free = path.ends_with("params") || path == "metadata";
    match value {
        Json::Object(object) if !free => {
            for (key, value) in object {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                // The tree repeats itself: a child's index is described where the outermost one is.
                if let Some(start) = path.strip_suffix(".children[].index") {
                    out.insert(path.clone());
                    let mut below = BTreeSet::new();
                    fields(value, start, &mut below);
                    out.extend(below);
                    continue;
                }
                out.insert(path.clone());
                fields(value, &path, out);
            }
        }
        Json::Array(items) => items.iter().for_each(|item| fields(item, &format!("{path}[]"), out)),
        _ => {}
    }
}

/// A report in which nothing is null or empty that a plain file leaves so.
fn with_everything() -> Json {
    let mut bytes = kept().first().expect("a kept fixture").bytes();
    bytes.extend_from_slice(b"trailing");
    let mut outline = faiss::outline(&bytes).expect("a fixture is an index");
    let mut broken = inspection_of(&outline);
    outline.fault = Some(Error::truncated(Span::new(4, 4), 0));
    broken["fault"] = inspection_of(&outline)["fault"].clone();
    broken
}

fn inspection_of(outline: &faissil_core::outline::Outline) -> Json {
    let ids = IdSummary {
        kind: IdKind::Arbitrary,
        count: 2,
        min: Some(ExternalId(1)),
        max: Some(ExternalId(1)),
        first: Some(ExternalId(1)),
        step: None,
        duplicates: Some(1),
    };
    let run = Run { first: 0, rows: 2, level: Level::Partial, strategy: "copy".into() };
    let attachment = Attachment { name: "card.md".into(), media_type: "text/markdown".into(), bytes: 3 };
    let known = Known {
        ids: Some(ids),
        fidelity: Fidelity { level: Level::Partial, runs: vec![run] },
        attachments: vec![attachment],
        notes: vec![Note::new("side-file-missing", true, "the file is not there")],
        ..Known::default()
    };
    serde_json::to_value(inspection(outline, known)).expect("a report is JSON")
}

#[test]
fn numbers_are_exact_and_odd_floats_are_strings() {
    let values = [
        (Value::Uint(u64::MAX), "18446744073709551615"),
        (Value::Int(i64::MIN), "-9223372036854775808"),
        (Value::Float(f64::NAN), "\"NaN\""),
        (Value::Float(f64::INFINITY), "\"Infinity\""),
        (Value::Float(f64::NEG_INFINITY), "\"-Infinity\""),
        (Value::Float(f32::from_bits(0x4103_9751).into()), "8.224442481994629"),
    ];
    for (value, text) in values {
        assert_eq!(serde_json::to_string(&value).expect("a value is JSON"), text);
    }
}

#[test]
fn pages_and_dumps_are_as_accepted() {
    for case in kept() {
        let file = case.bytes();
        let outline = faiss::outline(&file).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let len = file.len() as u64;
        let ids = summary(&outline, &file);
        let known =
            Known { file: format!("{}.faiss", case.name), size_bytes: len, stream_len: len, ids, ..Known::default() };
        let text = page(&inspection(&outline, known));
        let dump = Dump::new(&outline, None).over(&file).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let (folder, name) = case.name.split_once('/').expect("a case is in a folder");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("tests/snapshots/report").join(folder));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, format!("{text}\n{dump}")));
    }
}

#[test]
fn damaged_files_are_reported_without_a_panic() {
    let mut outlined = 0;
    for case in kept() {
        let file = case.bytes();
        let len = file.len();
        let cuts = (1..12).map(|part| file[..len * part / 12].to_vec());
        let flips = (0..24).map(|step| {
            let mut file = file.clone();
            // Headers are where numbers are; the step spreads over them and wraps in short files.
            file[(4 + step * 13) % len] ^= 0x80 >> (step % 8);
            file
        });
        for damaged in cuts.chain(flips) {
            let Ok(outline) = faiss::outline(&damaged) else { continue };
            outlined += 1;
            let text = page(&inspection(&outline, Known::default()));
            assert!(!text.is_empty());
            let dump = Dump::new(&outline, None).over(&damaged);
            assert!(dump.is_ok(), "{}: what was outlined is there: {dump:?}", case.name);
        }
    }
    assert!(outlined > 1000, "only {outlined} damaged files could be outlined");
}

#[test]
fn a_dump_of_a_place_in_the_lists_names_the_list() {
    let cases = kept();
    let case = cases.iter().find(|case| case.name == "1.15.1/ivf_flat").expect("it is kept");
    let (file, facts) = (case.bytes(), case.facts());
    let outline = faiss::outline(&file).expect("it is an index");
    let ids = facts["tree"]["invlists"]["ids"]["5"].as_array().expect("list 5 holds something");
    // The ids of list 5 stand together: find the first two.
    let wanted: Vec<u8> = ids[..2].iter().flat_map(|id| id.as_i64().expect("an id").to_le_bytes()).collect();
    let start = file.windows(16).position(|bytes| bytes == wanted).expect("they are in the file") as u64;
    let text = Dump::new(&outline, Some(Span::new(start, 16))).over(&file).expect("the file is whole");
    let list = format!("list 5 of 8: ids of {} entries", ids.len());
    assert!(text.contains(&list) && !text.contains("list 4 of") && !text.contains("codes of"), "{text}");
    assert!(text.contains(&format!("{} {}", ids[0], ids[1])), "{text}");
}

#[test]
fn a_dump_of_pieces_is_the_dump_of_the_whole() {
    for case in kept() {
        let file = case.bytes();
        let outline = faiss::outline(&file).unwrap_or_else(|error| panic!("{}: {error}", case.name));
        let at = Span::new(file.len() as u64 / 3, 40);
        let whole = Dump::new(&outline, Some(at)).over(&file).expect("the file is whole");
        let mut dump = Dump::new(&outline, Some(at));
        let pieces = loop {
            match dump.step().expect("the file is whole") {
                Step::Done(text) => break text,
                Step::Need(span) => dump.bring(span.start, slice(&file, Span::new(span.start, 1))),
            }
        };
        assert_eq!(pieces, whole, "{}", case.name);
        assert!(!whole.is_empty(), "{}: {at} lies in the file", case.name);
    }
}

#[test]
fn the_json_of_a_few_files_is_as_accepted() {
    let few = ["idmap2_pca_sq8", "ivf_flat_ondisk", "hnsw_null_storage", "rq_untrained", "bin_ivf"];
    for name in few {
        let wanted = format!("1.15.1/{name}");
        let case = kept().into_iter().find(|case| case.name == wanted).unwrap_or_else(|| panic!("{wanted} is kept"));
        let text = serde_json::to_string_pretty(&inspected(&case)).expect("a report is JSON");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path(root().join("tests/snapshots/json"));
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(name, text));
    }
}

/// The ids of an id map.
fn summary(outline: &faissil_core::outline::Outline, file: &[u8]) -> Option<IdSummary> {
    let IdPlace::Map { array, .. } = ids::place(outline) else { return None };
    let mut summariser = Summariser::new(false);
    summariser.push_bytes(slice(file, array.span));
    Some(summariser.finish(None))
}
