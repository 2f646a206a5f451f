//! Which record of an index stores vectors as they are.

use crate::lists::{Layout, Lists};
use crate::outline::{Array, Dtype, Family, Outline, Record, Value};
use alloc::{format, string::String, vec::Vec};
use core::fmt;

/// Vectors, or codes of vectors, that are stored row by row.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored<'a> {
    /// The record that stores them.
    pub record: &'a Record,
    /// Dimensions of a vector.
    pub d: u64,
    /// Bytes of a row: `d * 4` for plain float32.
    pub row_bytes: u64,
    /// How many there are.
    pub rows: u64,
    /// Where.
    pub codes: Codes<'a>,
    /// Id maps to go through from a label to an id, innermost first.
    pub maps: Vec<&'a Array>,
    /// Transforms that the vectors went through before they were stored; none around plain vectors.
    pub transforms: Vec<&'a Record>,
    /// `instances` of `IndexIVFFlatDedup`: ids without a row of their own; see
    /// [`IdPlace::Lists`](crate::ids::IdPlace::Lists).
    pub instances: Option<&'a Array>,
}

impl Stored<'_> {
    /// Further ids of vectors that are stored once: no row is theirs.
    pub fn aliases(&self) -> u64 {
        self.instances.map_or(0, |pairs| pairs.span.len >> 4)
    }
}

/// Where plain vectors lie.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Codes<'a> {
    /// One after the other; row `i` has the label `i`.
    Rows(&'a Array),
    /// In batches, each level by level; row `i` has the label `i`.
    Levels {
        /// The data.
        array: &'a Array,
        /// Rows in a batch.
        batch_size: u64,
        /// Levels that the dimensions are cut into.
        n_levels: u64,
    },
    /// In inverted lists, whose ids are the labels; batches and levels start anew in each list where
    /// [`Layout::Panorama`] says so.
    Lists(&'a Lists),
}

/// Why vectors cannot be had without decoding, or at all.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotPlain {
    /// The class of the record that is in the way.
    pub class: &'static str,
    /// Where it starts.
    pub at: u64,
    /// The whole sentence.
    pub reason: String,
}

impl fmt::Display for NotPlain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// Where the index of this outline stores its vectors, if as plain floats.
///
/// An id map, a refinement (its second index keeps the exact copy) and a graph are looked through.
///
/// # Errors
/// [`NotPlain`], with the record that is in the way.
pub fn find(outline: &Outline) -> Result<Stored<'_>, NotPlain> {
    let storage = storage(outline, false)?;
    let codes = plain_codes(storage.record)?;
    let d = storage.record.u64("d").unwrap_or(0);
    let record = storage.record;
    storage.holds(codes, d.saturating_mul(4)).ok_or_else(|| unread(record))
}

/// Where the index of this outline stores one code a row, whatever it is a code of; for comparing
/// rows without decoding them. Transforms are looked through too.
///
/// # Errors
/// [`NotPlain`], where codes of several rows are packed together or none are stored.
pub fn find_codes(outline: &Outline) -> Result<Stored<'_>, NotPlain> {
    storage(outline, true)?.codes()
}

/// Where this very record stores one code a row; its id maps, transforms and what is around it are not looked at.
///
/// # Errors
/// As [`find_codes`].
pub fn codes_of(record: &Record) -> Result<Stored<'_>, NotPlain> {
    Storage { record, maps: Vec::new(), transforms: Vec::new() }.codes()
}

/// The record that stores the vectors, and what is around it.
struct Storage<'a> {
    record: &'a Record,
    maps: Vec<&'a Array>,
    transforms: Vec<&'a Record>,
}

/// Look through everything that hands vectors on; through transforms only with `any`.
fn storage(outline: &Outline, any: bool) -> Result<Storage<'_>, NotPlain> {
    let mut record = &outline.root;
    let (mut maps, mut transforms) = (Vec::new(), Vec::new());
    loop {
        if record.family == Family::BinaryIndex && !any {
            return Err(in_the_way(record, "has no floats", "bits"));
        }
        let here: Vec<&Record> = record.children().filter(|child| child.family == Family::Transform).collect();
        let transform = here.first().filter(|_| !any);
        let role = match record.class {
            "IndexIDMap" | "IndexIDMap2" | "IndexBinaryIDMap" | "IndexBinaryIDMap2" => {
                maps.insert(0, record.array("id_map").ok_or_else(|| unread(record))?);
                "index"
            }
            "IndexPreTransform" | "IndexIVFIndependentQuantizer" if transform.is_some() => {
                let what =
                    format!("vectors that went through {}", transform.map_or("a transform", |found| found.class));
                return Err(in_the_way(record, "needs decoding", &what));
            }
            "IndexPreTransform" => {
                transforms.extend(here);
                "index"
            }
            "IndexIVFIndependentQuantizer" => {
                transforms.extend(here);
                "index_ivf"
            }
            "IndexRefine" | "IndexRefineFlat" | "IndexRefinePanorama" => "refine_index",
            class if is_graph(class) => "storage",
            _ => return Ok(Storage { record, maps, transforms }),
        };
        record = record.child(role).ok_or_else(|| unread(record))?;
    }
}

impl<'a> Storage<'a> {
    /// One code a row.
    fn codes(self) -> Result<Stored<'a>, NotPlain> {
        let record = self.record;
        if let Ok(codes) = plain_codes(record) {
            let d = record.u64("d").unwrap_or(0);
            return self.holds(codes, d.saturating_mul(4)).ok_or_else(|| unread(record));
        }
        let packed = || in_the_way(record, "cannot be compared row by row", "codes that are not one a row");
        if let Some(lists) = record.lists() {
            let codes = Codes::Lists(lists);
            return match lists.layout {
                Layout::Array | Layout::Split { .. } | Layout::OnDisk { .. } => {
                    self.holds(codes, lists.code_size).ok_or_else(packed)
                }
                Layout::Panorama { .. } | Layout::Block { .. } => Err(packed()),
            };
        }
        let array = record.array("codes").or_else(|| record.array("xb")).ok_or_else(packed)?;
        match (array.dtype, array.shape.as_slice()) {
            (Dtype::U8, &[rows, width])
                if Some(rows) == record.u64("ntotal") && !record.class.ends_with("FastScan") =>
            {
                self.holds(Codes::Rows(array), width).ok_or_else(packed)
            }
            _ => Err(packed()),
        }
    }

    fn holds(self, codes: Codes<'a>, row_bytes: u64) -> Option<Stored<'a>> {
        let Storage { record, maps, transforms } = self;
        let rows = match codes {
            Codes::Lists(lists) => lists.balance.total,
            Codes::Rows(_) | Codes::Levels { .. } => record.u64("ntotal").unwrap_or(0),
        };
        let instances = record.array("instances").filter(|array| !array.span.is_empty());
        let d = record.u64("d").unwrap_or(0);
        Some(Stored { record, d, row_bytes, rows, codes, maps, transforms, instances }).filter(Stored::fits)
    }
}

impl Stored<'_> {
    /// That the data has room for all rows; an outline without a fault always says so.
    fn fits(&self) -> bool {
        let bytes = self.row_bytes.checked_mul(self.rows);
        self.row_bytes > 0
            && match self.codes {
                Codes::Rows(array) => bytes == Some(array.span.len),
                Codes::Levels { array, batch_size, n_levels } => {
                    let slots = self.rows.div_ceil(batch_size.max(1)).checked_mul(batch_size);
                    let bytes = slots.and_then(|slots| slots.checked_mul(self.row_bytes));
                    batch_size > 0 && n_levels > 0 && bytes == Some(array.span.len)
                }
                Codes::Lists(lists) => lists.code_size == self.row_bytes,
            }
    }
}

fn is_graph(class: &str) -> bool {
    ["IndexHNSW", "IndexNSG", "IndexNNDescent", "IndexBinaryHNSW"].iter().any(|prefix| class.starts_with(prefix))
}

fn plain_codes(record: &Record) -> Result<Codes<'_>, NotPlain> {
    match record.class {
        "IndexFlat" | "IndexFlatL2" | "IndexFlatIP" | "IndexFlat1D" => {
            record.array("codes").map(Codes::Rows).ok_or_else(|| unread(record))
        }
        "IndexFlatPanorama" | "IndexFlatL2Panorama" | "IndexFlatIPPanorama" => {
            let levels = (record.array("codes"), record.u64("batch_size"), record.u64("n_levels"));
            let (Some(array), Some(batch_size), Some(n_levels)) = levels else { return Err(unread(record)) };
            Ok(Codes::Levels { array, batch_size, n_levels })
        }
        "IndexIVFFlat" | "IndexIVFFlatDedup" | "IndexIVFFlatPanorama" => match record.lists() {
            Some(Lists { layout: Layout::Block { .. }, .. }) => {
                Err(in_the_way(record, "needs decoding", "blocks of several rows side by side"))
            }
            Some(lists) => Ok(Codes::Lists(lists)),
            None if record.children().any(|child| child.family == Family::InvertedLists) => {
                Err(in_the_way(record, "has no vectors", "no lists: they were left out when it was written"))
            }
            None => Err(unread(record)),
        },
        "null" => {
            let (class, at) = (record.class, record.span.start);
            let reason =
                format!("has no vectors: the {} at byte {at} was left out when the index was written", record.role);
            Err(NotPlain { class, at, reason })
        }
        _ => {
            let kind = match record.value("sq.qtype_name") {
                Some(Value::Text(name)) => format!("{name} codes"),
                _ => String::from("codes"),
            };
            let what = match record.u64("code_size").filter(|&bytes| bytes > 0) {
                Some(1) => format!("{kind} of 1 byte a vector"),
                Some(bytes) => format!("{kind} of {bytes} bytes a vector"),
                None => kind,
            };
            Err(in_the_way(record, "needs decoding", &what))
        }
    }
}

fn in_the_way(record: &Record, verdict: &str, what: &str) -> NotPlain {
    let tag = record.tag.map(|tag| format!("{tag} ")).unwrap_or_default();
    let (class, at) = (record.class, record.span.start);
    NotPlain { class, at, reason: format!("{verdict}: {class} ({tag}at byte {at}) stores {what}") }
}

/// The file breaks off or contradicts itself before the vectors are known.
fn unread(record: &Record) -> NotPlain {
    in_the_way(record, "cannot be read to its end", "vectors, but the outline breaks off in it")
}
