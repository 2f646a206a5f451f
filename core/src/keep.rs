//! Which facts about a stream go into its snapshot, and whether they are true.
//!
//! A snapshot repeats some of what its stream says (outline, ids, lowest FAISS version) so that it can be
//! shown without the stream. [`Kept`] is what a writer records and what a verifier makes again:
//! [`Kept::differences`] is empty, or the snapshot lies, or its writer judged as a later one no longer does
//! ([`Difference::is_judgement`]). This is the only module that knows FAISS's grammar
//! and the snapshot format both.

use crate::bytes::Span;
use crate::describe;
use crate::faiss::{NULL, TYPES};
use crate::ids::IdSummary;
use crate::outline::{Fourcc, Outline, Value};
use crate::snapshot::{Entry, Ids, Layout, Producer, Stream, TreeBody, encode_outline};
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
    /// Tag and bytes of every record, and the bytes of every leaf: the part of an outline that is no matter of judgement.
    skeleton: Vec<(Option<Fourcc>, Span)>,
}

/// Something that a snapshot records otherwise than its stream has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The section and the part of it, such as `TREE.description`.
    pub path: &'static str,
    /// Both sides.
    pub reason: String,
    /// Whether writers may differ over it: a description, an estimate, the lowest FAISS version that is known, a name
    /// or a derived value. Between two runs of one writer it is a lie all the same.
    pub is_judgement: bool,
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
        let skeleton = outline.map(skeleton).unwrap_or_default();
        Kept { faiss_min, tree: outline.map(tree), ids: ids.map(id_section), skeleton }
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
        differ(&mut out, "STRM.faiss", true, &version(self.faiss_min), &version(recorded));
        if self.tree.is_some() != tree.is_some() {
            differ(&mut out, "TREE", false, present(self.tree.is_some()), present(tree.is_some()));
        }
        if let (Some(own), Some(tree)) = (&self.tree, tree) {
            differ(&mut out, "TREE.description", true, &own.description, &tree.description);
            let facts =
                |tree: &TreeBody, estimate| pairs(tree.facts.iter().filter(|fact| (fact.key == MEMORY) == estimate));
            differ(&mut out, "TREE.facts", false, &facts(own, false), &facts(tree, false));
            differ(&mut out, "TREE.facts", true, &facts(own, true), &facts(tree, true));
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
            differ(&mut out, "TREE.lists", false, &lists(own), &lists(tree));
            let arrays = |tree: &TreeBody| {
                let arrays = tree.arrays.iter().map(|array| {
                    let (path, shape, start, len) = (&array.path, &array.shape, array.start, array.len);
                    let shape: Vec<String> = shape.iter().map(u64::to_string).collect();
                    format!("`{path}` type {} [{}] at {start}, {len} bytes", array.dtype, shape.join(", "))
                });
                arrays.collect::<Vec<_>>().join("; ")
            };
            differ(&mut out, "TREE.arrays", false, &arrays(own), &arrays(tree));
            if records.map(encode_outline).as_deref() != Some(own.records.as_slice()) {
                let reason = "the recorded outline is not that of the stream".to_string();
                let is_judgement = records.is_some_and(|records| skeleton(records) == self.skeleton);
                out.push(Difference { path: "TREE.records", reason, is_judgement });
            }
        }
        // The lookup is a table of its own, checked against the ids one by one. A count that one side did not make
        // says nothing about the other.
        let both_counted = [self.ids.as_ref(), ids].iter().flatten().all(|ids| ids.duplicates.is_some());
        let plain = |ids: &Ids| Ids { duplicates: ids.duplicates.filter(|_| both_counted), ..ids.clone() };
        let words = |ids: Option<&Ids>| ids.map_or_else(|| "none".to_string(), |ids| ids_in_words(&plain(ids)));
        differ(&mut out, "IDMP", false, &words(self.ids.as_ref()), &words(ids));
        out
    }
}

/// What the snapshots of this build name as their writer.
pub fn this_build() -> Producer {
    Producer { name: "faissil".into(), version: env!("CARGO_PKG_VERSION").into() }
}

/// The fact that is an estimate.
const MEMORY: &str = "memory_bytes";

fn skeleton(outline: &Outline) -> Vec<(Option<Fourcc>, Span)> {
    let records = outline.records().into_iter().map(|record| (record.tag, record.span));
    let leaves = outline.leaves().into_iter().map(|leaf| (None, leaf.span));
    records.chain(leaves).collect()
}

fn differ(out: &mut Vec<Difference>, path: &'static str, is_judgement: bool, stream: &str, recorded: &str) {
    if stream != recorded {
        let reason = format!("the stream says `{stream}`, the snapshot records `{recorded}`");
        out.push(Difference { path, reason, is_judgement });
    }
}

fn present(is: bool) -> &'static str {
    if is { "an outline" } else { "no outline" }
}

fn pairs<'a>(entries: impl Iterator<Item = &'a Entry>) -> String {
    entries.map(|entry| format!("{}={}", entry.key, entry.value)).collect::<Vec<_>>().join(" ")
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
    fact(MEMORY, describe::memory(root).bytes.to_string());
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::faiss;

    #[test]
    fn what_writers_judge_is_told_from_what_the_bytes_say() {
        let mut stream = b"IxF2".to_vec();
        stream.extend(2_i32.to_le_bytes());
        stream.extend(3_u64.to_le_bytes());
        stream.extend([0; 16]);
        stream.extend([1, 1, 0, 0, 0]);
        stream.extend(6_u64.to_le_bytes());
        stream.extend([0; 24]);
        let outline = faiss::outline(&stream).unwrap();
        assert_eq!(outline.fault, None);
        let kept = Kept::of(Some(&outline), None);
        let (major, minor, patch) = kept.faiss_min;
        let (layout, length, digest) = (1, stream.len() as u64, crate::snapshot::Digest([0; 32]));
        let own = Stream { layout, length, digest, faiss_major: major, faiss_minor: minor, faiss_patch: patch };
        let tree = kept.tree.clone().unwrap();
        let against = |stream: &Stream, tree: &TreeBody, records: &Outline| {
            let found = kept.differences(stream, Some(tree), Some(records), None);
            found.iter().map(|found| (found.path, found.is_judgement)).collect::<Vec<_>>()
        };
        assert_eq!(against(&own, &tree, &outline), []);

        assert_eq!(against(&Stream { faiss_major: 9, ..own.clone() }, &tree, &outline), [("STRM.faiss", true)]);
        let mut told = tree.clone();
        told.description = "HNSW32".into();
        told.facts.iter_mut().find(|fact| fact.key == MEMORY).unwrap().value = "7".into();
        assert_eq!(against(&own, &told, &outline), [("TREE.description", true), ("TREE.facts", true)]);
        told.facts.iter_mut().find(|fact| fact.key == "d").unwrap().value = "7".into();
        assert!(against(&own, &told, &outline).contains(&("TREE.facts", false)));

        let mut renamed = outline.clone();
        renamed.root.derived.clear();
        assert_eq!(against(&own, &tree, &renamed), [("TREE.records", true)]);
        renamed.root.span.len -= 1;
        assert_eq!(against(&own, &tree, &renamed), [("TREE.records", false)]);
    }
}
