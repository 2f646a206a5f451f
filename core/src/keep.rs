//! Which facts about a stream go into its snapshot, and whether they are true.
//!
//! A snapshot repeats some of what its stream says (outline, ids, lowest FAISS version) so that it can be
//! shown without the stream. [`Kept`] is what a writer records and what a verifier makes again:
//! [`Kept::differences`] is empty, or the snapshot lies. This is the only module that knows FAISS's grammar
//! and the snapshot format both.

use crate::describe;
use crate::faiss::{NULL, TYPES};
use crate::ids::IdSummary;
use crate::outline::{Outline, Value};
use crate::snapshot::{Entry, Ids, Layout, Stream, TreeBody, encode_outline};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The facts about one stream that its snapshot records.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Lowest FAISS version that reads the stream; zeros where it is not known.
    pub faiss_min: (u16, u16, u16),
    /// The outline without list sizes; `None` for a stream whose outline cannot be made.
    pub tree: Option<TreeBody>,
    /// The ids; `None` where none are stored or they could not be read.
    pub ids: Option<Ids>,
}

/// Something that a snapshot records otherwise than its stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The section and the part of it, such as `TREE.description`.
    pub path: &'static str,
    /// Both sides.
    pub reason: String,
}

impl Kept {
    /// The facts about a stream of which this much is known.
    pub fn of(outline: Option<&Outline>, ids: Option<&IdSummary>) -> Kept {
        let faiss_min = match outline {
            Some(outline) if outline.fault.is_none() => {
                let floor = describe::floor(outline).version;
                (floor.0.into(), floor.1.into(), floor.2.into())
            }
            _ => (0, 0, 0),
        };
        Kept { faiss_min, tree: outline.map(tree), ids: ids.map(id_section) }
    }

    /// What these recorded sections say otherwise. `records` is the recorded outline, if there is one.
    pub fn differences(
        &self,
        stream: &Stream,
        tree: Option<&TreeBody>,
        records: Option<&Outline>,
        ids: Option<&Ids>,
    ) -> Vec<Difference> {
        let mut out = Vec::new();
        let recorded = (stream.faiss_major, stream.faiss_minor, stream.faiss_patch);
        let version = |(major, minor, patch): (u16, u16, u16)| format!("{major}.{minor}.{patch}");
        differ(&mut out, "STRM.faiss", &version(self.faiss_min), &version(recorded));
        if self.tree.is_some() != tree.is_some() {
            differ(&mut out, "TREE", present(self.tree.is_some()), present(tree.is_some()));
        }
        if let (Some(own), Some(tree)) = (&self.tree, tree) {
            differ(&mut out, "TREE.description", &own.description, &tree.description);
            differ(&mut out, "TREE.facts", &pairs(&own.facts), &pairs(&tree.facts));
            let lists = |tree: &TreeBody| {
                let lists = tree.lists.iter().map(|lists| {
                    let (path, nlist, total) = (&lists.path, lists.nlist, lists.total);
                    let (used, largest, squares) = (lists.non_empty, lists.largest, lists.squares);
                    format!(
                        "`{path}` {nlist} lists, {total} entries, {used} in use, {largest} at most, {squares} squared"
                    )
                });
                lists.collect::<Vec<_>>().join("; ")
            };
            differ(&mut out, "TREE.lists", &lists(own), &lists(tree));
            let arrays = |tree: &TreeBody| {
                let arrays = tree.arrays.iter().map(|array| {
                    let (path, shape, start, len) = (&array.path, &array.shape, array.start, array.len);
                    format!("`{path}` type {} {shape:?} at {start}, {len} bytes", array.dtype)
                });
                arrays.collect::<Vec<_>>().join("; ")
            };
            differ(&mut out, "TREE.arrays", &arrays(own), &arrays(tree));
            if records.map(encode_outline).as_deref() != Some(own.records.as_slice()) {
                let reason = "the recorded outline is not that of the stream".to_string();
                out.push(Difference { path: "TREE.records", reason });
            }
        }
        // The lookup is a table of its own, checked against the ids one by one. A count that one side did not make
        // says nothing about the other.
        let both_counted = [self.ids.as_ref(), ids].iter().flatten().all(|ids| ids.duplicates.is_some());
        let plain = |ids: &Ids| Ids { duplicates: ids.duplicates.filter(|_| both_counted), ..ids.clone() };
        let words = |ids: Option<&Ids>| ids.map_or_else(|| "none".to_string(), |ids| ids_in_words(&plain(ids)));
        differ(&mut out, "IDMP", &words(self.ids.as_ref()), &words(ids));
        out
    }
}

fn differ(out: &mut Vec<Difference>, path: &'static str, stream: &str, recorded: &str) {
    if stream != recorded {
        let reason = format!("the stream says `{stream}`, the snapshot records `{recorded}`");
        out.push(Difference { path, reason });
    }
}

fn present(is: bool) -> &'static str {
    if is { "an outline" } else { "no outline" }
}

fn pairs(entries: &[Entry]) -> String {
    entries.iter().map(|entry| format!("{}={}", entry.key, entry.value)).collect::<Vec<_>>().join(" ")
}

fn ids_in_words(ids: &Ids) -> String {
    let Ids { count, kind, min, max, start, stride, .. } = ids;
    let duplicates = ids.duplicates.map_or_else(|| "uncounted".into(), |count| count.to_string());
    format!("{count} of kind {kind}, {min} to {max}, from {start} by {stride}, {duplicates} duplicates")
}

fn tree(outline: &Outline) -> TreeBody {
    let root = &outline.root;
    let mut facts = Vec::new();
    let mut fact = |key: &str, value: String| facts.push(Entry { key: key.into(), value });
    fact("class", root.class.into());
    for key in ["d", "ntotal"] {
        if let Some(value) = root.u64(key) {
            fact(key, value.to_string());
        }
    }
    if let Some(Value::Bool(trained)) = root.value("is_trained") {
        fact("is_trained", trained.to_string());
    }
    fact("memory_bytes", describe::memory(root).bytes.to_string());
    TreeBody::new(outline, describe::description(root).text, facts)
}

fn id_section(ids: &IdSummary) -> Ids {
    let or_zero = |id: Option<crate::ids::ExternalId>| id.map_or(0, |id| id.0);
    Ids {
        count: ids.count,
        kind: u8::try_from(ids.kind.number()).unwrap_or(u8::MAX),
        min: or_zero(ids.min),
        max: or_zero(ids.max),
        start: if ids.step.is_some() { or_zero(ids.first) } else { 0 },
        stride: ids.step.unwrap_or(0),
        duplicates: ids.duplicates,
        lookup: None,
    }
}

/// The recorded ids as a summary.
pub fn id_summary(ids: &Ids) -> Option<IdSummary> {
    use crate::ids::{ExternalId, IdKind};
    let some = |id: i64| (ids.count > 0).then_some(ExternalId(id));
    let step = matches!(ids.kind, 1 | 2).then_some(ids.stride);
    Some(IdSummary {
        kind: IdKind::from_number(ids.kind.into())?,
        count: ids.count,
        min: some(ids.min),
        max: some(ids.max),
        first: step.and(some(ids.start)),
        step,
        duplicates: ids.duplicates,
    })
}

/// Classes that records without a tag have.
const WITHOUT_TAG: &[&str] = &[
    NULL,
    "ArrayInvertedLists",
    "IndexBinaryMultiHash::Map",
    "IndexRefineFlat",
    "ResidualQuantizer",
    "LocalSearchQuantizer",
    "ProductResidualQuantizer",
    "ProductLocalSearchQuantizer",
];

/// The permanent form of a class name, for outlines that are read from a snapshot.
pub fn class(name: &str) -> Option<&'static str> {
    let tagged = TYPES.iter().map(|found| found.class);
    tagged.chain(WITHOUT_TAG.iter().copied()).find(|class| *class == name)
}

/// The layout of a snapshot as the reports' `kind`; that of a file that is none is `faiss`.
pub fn kind(layout: Option<Layout>) -> &'static str {
    layout.map_or("faiss", Layout::name)
}
