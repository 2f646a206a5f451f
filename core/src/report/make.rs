//! Makes an [`Inspection`] from an outline and from what the caller knows.

use super::{
    ArrayPlace, Child, Fault, Ids, Inspection, Json, Known, ListBalance, Memory, Node, Object, Place, Portion, Remark,
    Stream, VersionReason,
};
use crate::describe::{self, Note};
use crate::ids::IdSummary;
use crate::lists::Layout;
use crate::order::sort_by;
use crate::outline::{Family, Item, Leaf, Meaning, Outline, Record, Value};
use alloc::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

/// What there is to say about a file.
pub fn inspection(outline: &Outline, known: Known) -> Inspection {
    let floor = describe::floor(outline);
    let description = describe::description(&outline.root);
    let mut notes = describe::notes(outline, &floor);
    notes.extend(known.notes);
    notes.extend(known.ids.and_then(duplicate_note));
    sort_by(&mut notes, |a, b| b.warning.cmp(&a.warning));
    let mut merged = Object(Vec::new());
    merged_params(&outline.root, &mut merged);
    let mut metadata = known.metadata;
    sort_by(&mut metadata, Ord::cmp);
    Inspection {
        file: known.file,
        kind: known.kind,
        size_bytes: known.size_bytes,
        snapshot_digest: known.snapshot_digest.as_ref().map(hex),
        stream: Stream { len: known.stream_len, blake3: known.stream_digest.as_ref().map(hex) },
        as_recorded: known.as_recorded,
        complete: outline.fault.is_none(),
        fault: outline.fault.as_ref().map(|fault| Fault {
            kind: fault.kind.label().to_string(),
            at: fault.at,
            path: fault.path.clone(),
            message: fault.to_string(),
        }),
        trailing: outline.trailing().map(|span| Place { offset: span.start, bytes: span.len }),
        faiss_version_min: floor.version.to_string(),
        faiss_version_why: VersionReason { reason: floor.reason, path: floor.path, offset: floor.at, only: floor.only },
        description: description.text,
        factory: description.factory,
        class_chain: describe::class_chain(outline),
        fourcc_chain: describe::fourccs(outline).iter().map(|(tag, _)| tag.to_string()).collect(),
        params: merged,
        index: node(&outline.root),
        lists: lists(outline),
        ids: known.ids.map(ids),
        memory: memory(outline),
        fidelity: known.fidelity,
        metadata: Object(metadata),
        attachments: known.attachments,
        notes: notes.into_iter().map(remark).collect(),
    }
}

/// Bytes as lower-case hex.
pub fn hex(bytes: &[u8; 32]) -> String {
    bytes.iter().fold(String::with_capacity(64), |text, byte| format!("{text}{byte:02x}"))
}

fn duplicate_note(ids: IdSummary) -> Option<Note> {
    let count = ids.duplicates.filter(|&count| count > 0)?;
    let text = format!("{count} of {} rows have an id that an earlier row has too", ids.count);
    Some(Note::new("duplicate-ids", false, text))
}

pub(super) fn remark(note: Note) -> Remark {
    Remark { code: note.code.into(), level: if note.warning { "warning" } else { "note" }, text: note.text }
}

fn ids(summary: IdSummary) -> Ids {
    Ids {
        kind: summary.kind,
        count: summary.count,
        min: summary.min.map(|id| id.0),
        max: summary.max.map(|id| id.0),
        duplicates: summary.duplicates,
        first: summary.step.and(summary.first).map(|id| id.0),
        step: summary.step,
    }
}

fn memory(outline: &Outline) -> Memory {
    let memory = describe::memory(&outline.root);
    let vectors = describe::vectors(&outline.root);
    #[allow(clippy::cast_precision_loss)] // a ratio for people
    let bytes_per_vector = (vectors > 0).then(|| memory.bytes as f64 / vectors as f64);
    let portion =
        |portion: describe::Portion| Portion { what: portion.what, bytes: portion.bytes, estimate: portion.estimate };
    Memory { bytes: memory.bytes, bytes_per_vector, portions: memory.portions.into_iter().map(portion).collect() }
}

/// Values that stand in fields of their own in a [`Node`], or have no meaning.
const NOT_PARAMS: [&str; 7] = ["d", "ntotal", "dummy_1", "dummy_2", "is_trained", "metric_type", "metric_arg"];

/// The stored values of a record, then the derived ones.
fn values(record: &Record) -> impl Iterator<Item = (&str, &Value)> {
    let stored = record.items.iter().filter_map(|item| match item {
        Item::Field(field) => Some((&*field.name, &field.value)),
        _ => None,
    });
    let derived = record.derived.iter().map(|(name, value)| (&**name, value));
    stored.chain(derived).filter(|(name, value)| !NOT_PARAMS.contains(name) && !matches!(value, Value::Tag(_)))
}

fn params(record: &Record) -> Object<Json> {
    let mut out = Object(Vec::new());
    merge(record, &mut out);
    out
}

/// Add the values of a record whose names are new.
fn merge(record: &Record, out: &mut Object<Json>) {
    for (name, value) in values(record) {
        if out.get(name).is_none() {
            out.0.push((name.to_string(), Json::from(value)));
        }
    }
}

/// What an index wraps; a coarse quantizer or a refinement's second index is not that.
const WRAPPED: [&str; 4] = ["index", "base_index", "index_ivf", "storage"];

fn merged_params(index: &Record, out: &mut Object<Json>) {
    merge(index, out);
    for child in index.children().filter(|child| WRAPPED.contains(&&*child.role)) {
        merged_params(child, out);
    }
}

fn node(record: &Record) -> Node {
    let is_index = matches!(record.family, Family::Index | Family::BinaryIndex) && !describe::is_null(record);
    let metric = record.u64("metric_type").and_then(|metric| i64::try_from(metric).ok()).filter(|_| is_index);
    let metric_arg = match record.value("metric_arg") {
        Some(Value::F32(arg)) => Some(f64::from(*arg)),
        _ => (is_index && record.family == Family::Index).then_some(0.0),
    };
    Node {
        class: record.class.to_string(),
        fourcc: record.tag.map(|tag| tag.to_string()),
        offset: record.span.start,
        bytes: record.span.len,
        d: record.u64("d").filter(|_| is_index),
        ntotal: record.u64("ntotal").filter(|_| is_index),
        metric,
        metric_name: metric.and_then(describe::metric_name).map(String::from),
        metric_arg,
        is_trained: record.u64("is_trained").map(|trained| trained != 0),
        params: params(record),
        arrays: arrays(record),
        children: record.children().map(|child| Child { role: child.role.to_string(), index: node(child) }).collect(),
    }
}

fn arrays(record: &Record) -> Vec<ArrayPlace> {
    let array = |item: &Item| match item {
        Item::Array(array) => Some(ArrayPlace {
            name: array.name.to_string(),
            dtype: array.dtype.name(),
            shape: array.shape.clone(),
            offset: array.span.start,
            bytes: array.span.len,
        }),
        Item::Lists(lists) => Some(ArrayPlace {
            name: "lists".into(),
            dtype: "u8",
            shape: vec![lists.span.len],
            offset: lists.span.start,
            bytes: lists.span.len,
        }),
        Item::Field(_) | Item::Record(_) => None,
    };
    record.items.iter().filter_map(array).collect()
}

fn lists(outline: &Outline) -> Vec<ListBalance> {
    let balance = |leaf: Leaf<'_>| match leaf.meaning {
        Meaning::Lists(lists) => Some(ListBalance {
            path: leaf.path,
            nlist: lists.nlist,
            entries: lists.balance.total,
            non_empty: lists.balance.non_empty,
            largest: lists.balance.largest,
            imbalance: lists.balance.imbalance_factor(lists.nlist),
            side_file: match &lists.layout {
                Layout::OnDisk { filename, .. } => Some(filename.clone()),
                _ => None,
            },
        }),
        _ => None,
    };
    outline.leaves().into_iter().filter_map(balance).collect()
}
