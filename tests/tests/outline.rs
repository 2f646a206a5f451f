//! Outlines held against what FAISS itself says about its files.

use faissil_core::bytes::{Step, slice};
use faissil_core::faiss::{self, NULL};
use faissil_core::lists::Lists;
use faissil_core::outline::{Array, Dtype, Family, Meaning, Outline, Record, Value};
use faissil_tests::{Case, corpus, listed};
use serde_json::Value as Json;
use sha2::{Digest, Sha256};

#[test]
fn every_fixture_gives_the_facts_of_its_json() {
    let mut faults = Vec::new();
    let cases = corpus();
    for case in &cases {
        let file = case.bytes();
        match faiss::outline(&file) {
            Ok(outline) => {
                let mut check = Check { case, file: &file, faults: Vec::new() };
                check.all(&outline);
                faults.extend(check.faults);
            }
            Err(error) => faults.push(format!("{}: {error}", case.name)),
        }
    }
    assert!(faults.is_empty(), "{} faults in {} files:\n{}", faults.len(), cases.len(), faults.join("\n"));
}

/// Compares the outline of one file with its facts.
struct Check<'a> {
    case: &'a Case,
    file: &'a [u8],
    faults: Vec<String>,
}

impl Check<'_> {
    fn all(&mut self, outline: &Outline) {
        let facts = self.case.facts();
        if let Some(fault) = &outline.fault {
            self.fault(&format!("fault: {fault}"));
            return;
        }
        self.same("end", outline.end, self.file.len() as u64);
        self.same("trailing", outline.trailing(), None);
        self.tiles(outline);
        let indexes = outline.records().into_iter().filter(|record| is_index(record));
        let chain: Vec<Json> = indexes.map(|record| self.as_shown(record.class)).collect();
        self.same("class_chain", Json::from(chain), facts["class_chain"].clone());
        let tags: Vec<(String, u64)> = outline
            .leaves()
            .iter()
            .filter_map(|leaf| match leaf.meaning {
                Meaning::Field(field) => match field.value {
                    Value::Tag(tag) => Some((tag.to_string(), leaf.span.start)),
                    _ => None,
                },
                _ => None,
            })
            .collect();
        self.same(
            "fourcc_chain",
            Json::from(tags.iter().map(|t| t.0.clone()).collect::<Vec<_>>()),
            facts["fourcc_chain"].clone(),
        );
        self.same(
            "fourcc_offsets",
            Json::from(tags.iter().map(|t| t.1).collect::<Vec<_>>()),
            facts["fourcc_offsets"].clone(),
        );
        for (name, value) in object(&facts["params"]) {
            let found = first_param(&outline.root, name);
            self.param(&format!("params.{name}"), found.as_ref(), &listed(value));
        }
        self.node(&outline.root, &facts["tree"], "tree");
        self.ids(outline, &facts["ids"]);
    }

    /// The leaves cover the file: no gap, no overlap.
    fn tiles(&mut self, outline: &Outline) {
        let mut at = 0;
        for leaf in outline.leaves() {
            self.same(&format!("start of {}", leaf.path), leaf.span.start, at);
            at = leaf.span.end();
        }
        self.same("end of the last leaf", at, outline.end);
    }

    fn node(&mut self, record: &Record, facts: &Json, path: &str) {
        self.same(&format!("{path}.class"), self.as_shown(record.class), facts["class"].clone());
        if !facts["fourcc"].is_null() {
            let tag = record.tag.map_or(String::new(), |tag| tag.to_string());
            self.same(&format!("{path}.fourcc"), Json::from(tag), facts["fourcc"].clone());
            self.same(&format!("{path}.offset"), Json::from(record.span.start), facts["offset"].clone());
        }
        for name in ["d", "ntotal", "metric_type", "is_trained", "d_in", "d_out"] {
            if !facts[name].is_null() {
                self.param(&format!("{path}.{name}"), record.value(name), &facts[name]);
            }
        }
        if let Some(arg) = record.value("metric_arg") {
            self.param(&format!("{path}.metric_arg"), Some(arg), &facts["metric_arg"]);
        }
        for (name, value) in object(&facts["params"]) {
            let own = name.strip_prefix("q.").unwrap_or(name);
            self.param(&format!("{path}.params.{name}"), record.value(own), &listed(value));
        }
        for (name, value) in object(&facts["arrays"]) {
            let own = name.strip_prefix("q.").unwrap_or(name);
            self.array(&format!("{path}.arrays.{name}"), record, own, value);
        }
        if let Some(ids) = facts.get("id_map") {
            let found = record.array("id_map").map(|array| self.i64s(array)).unwrap_or_default();
            self.same(&format!("{path}.id_map"), Json::from(found), ids.clone());
        }
        self.direct_map(record, &facts["direct_map"], path);
        self.inverted_lists(record, &facts["invlists"], path);
        self.children(record, facts, path);
    }

    fn children(&mut self, record: &Record, facts: &Json, path: &str) {
        let mut children: Vec<(String, Json)> = Vec::new();
        for child in list(&facts["children"]) {
            children.push((child["role"].as_str().unwrap_or_default().into(), child.clone()));
        }
        for (role, child) in ["itq", "pca_then_itq"].iter().zip(list(&facts["transforms"])) {
            children.push(((*role).into(), child.clone()));
        }
        for (number, child) in list(&facts["subquantizers"]).iter().enumerate() {
            let outer = if record.class.contains("LocalSearch") { "plsq" } else { "prq" };
            children.push((format!("{outer}.quantizers[{number}]"), child.clone()));
        }
        for (role, child) in &children {
            match record.child(role) {
                Some(found) => self.node(found, child, &format!("{path}.{role}")),
                None => self.fault(&format!("{path}: no child {role}")),
            }
        }
        let others = |child: &&Record| child.family != Family::InvertedLists && !child.role.starts_with("maps[");
        self.same(&format!("children of {path}"), record.children().filter(others).count(), children.len());
    }

    fn array(&mut self, path: &str, record: &Record, name: &str, facts: &Json) {
        let Some(array) = record.array(name) else {
            // What is not stored must be empty: the tables of a norm quantizer that an index does not use.
            self.same(path, Json::from(0), facts["len"].clone());
            return;
        };
        let stored = slice(self.file, array.span);
        let (dtype, bytes) = if name == "nsg.graph" {
            (Dtype::I32, padded_neighbors(stored, record.u64("nsg.R").unwrap_or(0)))
        } else {
            (array.dtype, stored.to_vec())
        };
        let width = match facts["dtype"].as_str() {
            Some("u8") => 1,                         // FAISS keeps floats of flat indexes as bytes
            Some("i64") if dtype == Dtype::U64 => 8, // `size_t` as Python sees it in 1.5.3
            other => {
                self.same(&format!("{path}.dtype"), Some(dtype.name()), other);
                dtype.width()
            }
        };
        self.same(&format!("{path}.len"), Json::from(bytes.len() as u64 / width), facts["len"].clone());
        self.same(&format!("{path}.sha256"), Json::from(sha256(&bytes)), facts["sha256"].clone());
    }

    fn direct_map(&mut self, record: &Record, facts: &Json, path: &str) {
        if facts.is_null() {
            return;
        }
        let kind = match record.u64("direct_map.type") {
            Some(0) => "none",
            Some(1) => "array",
            Some(2) => "hashtable",
            _ => "?",
        };
        self.same(&format!("{path}.direct_map.type"), Json::from(kind), facts["type"].clone());
        if facts["array"].is_object() {
            self.array(&format!("{path}.direct_map.array"), record, "direct_map.array", &with_dtype(&facts["array"]));
        }
        if let Some(entries) = facts.get("entries") {
            let pairs = record.array("direct_map.hashtable").map(|array| array.shape[0]);
            self.same(&format!("{path}.direct_map.entries"), Json::from(pairs), entries.clone());
        }
    }

    fn inverted_lists(&mut self, record: &Record, facts: &Json, path: &str) {
        if facts.is_null() {
            return;
        }
        let Some(child) = record.child("invlists") else { return self.fault(&format!("{path}: no inverted lists")) };
        let class = match facts["class"].as_str() {
            // Python sees the base class of panorama lists in releases before 1.14.
            Some("ArrayInvertedLists") if child.class == "ArrayInvertedListsPanorama" => Json::from(child.class),
            _ => facts["class"].clone(),
        };
        self.same(&format!("{path}.invlists.class"), class_or_null(child.class), class);
        let tag = child.tag.map_or(String::new(), |tag| tag.to_string());
        self.same(&format!("{path}.invlists.fourcc"), Json::from(tag), facts["fourcc"].clone());
        self.same(&format!("{path}.invlists.offset"), Json::from(child.span.start), facts["offset"].clone());
        for name in ["nlist", "code_size", "n_per_block", "block_size", "n_levels", "totsize", "filename"] {
            if !facts[name].is_null() {
                self.param(&format!("{path}.invlists.{name}"), child.value(name), &facts[name]);
            }
        }
        if let Some(list_type) = facts.get("list_type") {
            let found = child.field("list_type").map(|value| match value {
                Value::Tag(tag) => tag.to_string(),
                other => format!("{other:?}"),
            });
            self.same(&format!("{path}.list_type"), Json::from(found), list_type.clone());
        }
        let Some(lists) = child.lists() else { return };
        let data = self.list_data(lists);
        let sizes: serde_json::Map<String, Json> =
            data.iter().map(|(number, ids, _)| (number.to_string(), Json::from(ids.len()))).collect();
        self.same(&format!("{path}.invlists.sizes"), Json::from(sizes), facts["sizes_nonempty"].clone());
        self.same(&format!("{path}.invlists.ids"), ids_by_list(&data), facts["ids"].clone());
        if let Some(expected) = facts.get("codes_sha256") {
            let codes: Vec<u8> = data.iter().flat_map(|(_, _, codes)| codes.clone()).collect();
            self.same(&format!("{path}.invlists.codes"), Json::from(sha256(&codes)), expected.clone());
        }
    }

    /// Number, ids and codes of every list that holds something.
    fn list_data(&self, lists: &Lists) -> Vec<(u64, Vec<i64>, Vec<u8>)> {
        let side = match &lists.layout {
            faissil_core::lists::Layout::OnDisk { filename, .. } => {
                Some(std::fs::read(self.case.path.with_file_name(filename)).expect("the side file"))
            }
            _ => None,
        };
        let data = side.as_deref().unwrap_or(self.file);
        let mut walk = lists.walk(self.file.len() as u64, 0);
        let mut out = Vec::new();
        loop {
            match walk.step().expect("lists that were outlined") {
                Step::Done(None) => return out,
                Step::Done(Some(list)) if list.size == 0 => {}
                Step::Done(Some(list)) => {
                    out.push((list.number, i64s(slice(data, list.ids)), slice(data, list.codes).to_vec()));
                }
                Step::Need(span) => walk.bring(span.start, slice(self.file, span)),
            }
        }
    }

    fn ids(&mut self, outline: &Outline, expected: &Json) {
        match expected {
            Json::Array(_) => {
                let map = outline.records().into_iter().find_map(|record| record.array("id_map"));
                let found = map.map(|array| self.i64s(array));
                self.same("ids", Json::from(found), expected.clone());
            }
            Json::Object(_) => {
                let main = |record: &&Record| !record.children().any(|child| child.role == "index_ivf");
                let mut record = &outline.root;
                while record.lists().is_none() {
                    let roles = ["index", "base_index", "index_ivf"];
                    let Some(inner) = roles.iter().find_map(|role| record.child(role)) else { break };
                    record = inner;
                }
                let lists = Some(record).filter(main).and_then(Record::lists);
                let data = lists.map(|lists| self.list_data(lists)).unwrap_or_default();
                self.same("ids", ids_by_list(&data), expected.clone());
            }
            _ => {}
        }
    }

    fn param(&mut self, path: &str, found: Option<&Value>, expected: &Json) {
        if !found.map_or(expected.is_null(), |found| equal(found, expected)) {
            self.fault(&format!("{path}: found {found:?}, expected {expected}"));
        }
    }

    fn i64s(&self, array: &Array) -> Vec<i64> {
        i64s(slice(self.file, array.span))
    }

    /// What this release's Python calls `class`: up to 1.7.4 it shows flat indexes as their base class.
    fn as_shown(&self, class: &str) -> Json {
        let old = ["1.5.3/", "1.7."].iter().any(|version| self.case.name.starts_with(version));
        match class {
            "IndexFlatL2" | "IndexFlatIP" if old => Json::from("IndexFlat"),
            _ => class_or_null(class),
        }
    }

    fn same<T: PartialEq + std::fmt::Debug>(&mut self, what: &str, found: T, expected: T) {
        if found != expected {
            let (found, expected) = (format!("{found:?}"), format!("{expected:?}"));
            self.fault(&format!("{what}: found {}, expected {}", short(&found), short(&expected)));
        }
    }

    fn fault(&mut self, text: &str) {
        self.faults.push(format!("{}: {text}", self.case.name));
    }
}

fn short(text: &str) -> String {
    text.chars().take(300).collect()
}

/// The facts of an array with the type of its elements filled in.
fn with_dtype(facts: &Json) -> Json {
    let mut facts = facts.clone();
    facts["dtype"] = Json::from("i64");
    facts
}

fn is_index(record: &Record) -> bool {
    matches!(record.family, Family::Index | Family::BinaryIndex)
}

fn class_or_null(class: &str) -> Json {
    if class == NULL { Json::Null } else { Json::from(class) }
}

fn list(json: &Json) -> &[Json] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn object(json: &Json) -> Vec<(&String, &Json)> {
    json.as_object().map(|map| map.iter().collect()).unwrap_or_default()
}

/// A parameter of the outermost record, else of what it wraps.
fn first_param(record: &Record, name: &str) -> Option<Value> {
    record.value(name).cloned().or_else(|| {
        ["index", "base_index", "index_ivf", "storage"]
            .iter()
            .find_map(|role| record.child(role))
            .and_then(|inner| first_param(inner, name))
    })
}

/// Whether a value is what Python printed: floats as 64 bits, those that are no numbers as text.
fn equal(found: &Value, expected: &Json) -> bool {
    let float = |found: f64| match expected {
        Json::String(text) => match text.as_str() {
            "nan" => found.is_nan(),
            "inf" => found == f64::INFINITY,
            "-inf" => found == f64::NEG_INFINITY,
            _ => false,
        },
        _ => expected.as_f64().is_some_and(|expected| expected == found),
    };
    match found {
        Value::Bool(found) => {
            expected.as_bool().map_or_else(|| expected.as_u64() == Some((*found).into()), |e| e == *found)
        }
        Value::F32(found) => float((*found).into()),
        Value::F64(found) => float(*found),
        Value::Text(found) => expected.as_str() == Some(found),
        Value::Tag(found) => expected.as_str() == Some(&found.to_string()),
        Value::Many(found) => {
            let expected = list(expected);
            found.len() == expected.len() && found.iter().zip(expected).all(|(found, expected)| equal(found, expected))
        }
        Value::I8(found) => expected.as_i64() == Some((*found).into()),
        Value::I32(found) => expected.as_i64() == Some((*found).into()),
        Value::I64(found) => expected.as_i64() == Some(*found),
        Value::U8(found) => expected.as_u64() == Some((*found).into()),
        Value::U32(found) => expected.as_u64() == Some((*found).into()),
        Value::U64(found) => expected.as_u64() == Some(*found),
    }
}

fn ids_by_list(data: &[(u64, Vec<i64>, Vec<u8>)]) -> Json {
    data.iter()
        .map(|(number, ids, _)| (number.to_string(), Json::from(ids.clone())))
        .collect::<serde_json::Map<_, _>>()
        .into()
}

fn i64s(bytes: &[u8]) -> Vec<i64> {
    bytes.chunks_exact(8).map(|bytes| i64::from_le_bytes(bytes.try_into().expect("eight bytes"))).collect()
}

/// The neighbors of each node with -1 in the places that it does not use, as FAISS keeps them in memory.
fn padded_neighbors(stored: &[u8], degree: u64) -> Vec<u8> {
    let (mut out, mut used) = (Vec::new(), 0);
    for id in stored.chunks_exact(4) {
        if id == (-1i32).to_le_bytes() {
            out.extend((used..degree).flat_map(|_| (-1i32).to_le_bytes()));
            used = 0;
        } else {
            out.extend_from_slice(id);
            used += 1;
        }
    }
    out
}

fn sha256(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}
