//! Which parts of an index hold something of each row.
//!
//! An index is a chain of records. Some hand rows through (transforms), some hold one code or id a row,
//! some refer to rows by number (graphs, hash tables) and can be left out. What is not known to be one of
//! these is refused: a row must never be taken out of one part and stay in another.

use super::{Refusal, spans::Damaged};
use crate::bytes::Span;
use crate::lists::{Layout, Lists};
use crate::outline::{Array, Record};
use alloc::{format, string::String, vec::Vec};

/// The parts of an index that hold rows.
#[derive(Debug, Default)]
pub(super) struct Holders<'a> {
    /// Arrays of one code or id a row.
    pub(super) arrays: Vec<&'a Array>,
    /// The id map among them.
    pub(super) id_map: Option<&'a Array>,
    /// The IVF, whose lists hold entries, and its lists.
    pub(super) lists: Option<(&'a Record, &'a Lists)>,
    /// Records whose `ntotal` counts the rows.
    pub(super) counting: Vec<&'a Record>,
    /// Graphs and hash tables, each with the storage that is left when it goes.
    pub(super) linked: Vec<Linked<'a>>,
}

/// Something that refers to rows by their number.
#[derive(Debug, Clone, Copy)]
pub(super) struct Linked<'a> {
    /// The record.
    pub(super) record: &'a Record,
    /// The index inside that holds the rows.
    pub(super) storage: &'a Record,
    /// `graph`, `hash tables`.
    pub(super) what: &'static str,
}

impl Linked<'_> {
    /// Everything but the storage.
    pub(super) fn rest(&self) -> [Span; 2] {
        let (all, storage) = (self.record.span, self.storage.span);
        [Span::between(all.start, storage.start), Span::between(storage.end(), all.end())]
    }

    /// Whether a byte of it is damaged.
    pub(super) fn is_damaged(&self, damaged: &Damaged) -> bool {
        self.rest().iter().any(|&part| damaged.touches(part))
    }
}

impl<'a> Holders<'a> {
    /// Rows, as far as arrays hold them.
    pub(super) fn array_rows(&self) -> Option<u64> {
        self.arrays.first().and_then(|array| array.shape.first()).copied()
    }

    /// Whether the lists hold numbers of rows that arrays hold too: of an id map around, of a refinement beside.
    pub(super) fn lists_hold_rows(&self) -> bool {
        self.lists.is_some() && !self.arrays.is_empty()
    }

    /// Follow the chain from `record`.
    pub(super) fn look(&mut self, record: &'a Record) -> Result<(), Refusal> {
        match record.class {
            "IndexIDMap" | "IndexIDMap2" | "IndexBinaryIDMap" | "IndexBinaryIDMap2" => {
                let array = record.array("id_map").ok_or_else(|| unread(record))?;
                if self.id_map.replace(array).is_some() {
                    return Err(refuse(record, "is an id map inside an id map, whose ids are not those of rows"));
                }
                self.counting.push(record);
                self.look_into(record, "index")?;
                self.take(record, array)
            }
            "IndexPreTransform" | "IndexRowwiseMinMax" | "IndexRowwiseMinMaxFP16" | "IndexBinaryFromFloat" => {
                self.counting.push(record);
                self.look_into(record, "index")
            }
            "IndexIVFIndependentQuantizer" => {
                self.counting.push(record);
                self.look_into(record, "index_ivf")
            }
            "IndexRefine" | "IndexRefineFlat" | "IndexRefinePanorama" => self.look_refined(record),
            class if is_graph(class) => self.look_linked(record, "graph"),
            "IndexBinaryMultiHash" => self.look_linked(record, "hash tables"),
            class if is_flat(class) => {
                self.counting.push(record);
                let array = record.array("codes").or_else(|| record.array("xb")).ok_or_else(|| unread(record))?;
                self.take(record, array)
            }
            _ => self.look_lists(record),
        }
    }

    fn look_into(&mut self, record: &'a Record, role: &str) -> Result<(), Refusal> {
        self.look(record.child(role).ok_or_else(|| unread(record))?)
    }

    fn look_refined(&mut self, record: &'a Record) -> Result<(), Refusal> {
        self.counting.push(record);
        let around = self.id_map.is_some();
        self.look_into(record, "base_index")?;
        if self.id_map.is_some() != around {
            return Err(refuse(record, "refines by ids, which are not those of rows"));
        }
        let lists = self.lists.is_some();
        self.look_into(record, "refine_index")?;
        if self.id_map.is_some() != around || self.lists.is_some() != lists {
            return Err(refuse(record, "refines by an index whose rows are not in order"));
        }
        Ok(())
    }

    fn look_linked(&mut self, record: &'a Record, what: &'static str) -> Result<(), Refusal> {
        let storage = record.child("storage").ok_or_else(|| unread(record))?;
        if !is_flat(storage.class) {
            return Err(refuse(record, &format!("has a {what} over {}, which keeps no code a row", storage.class)));
        }
        self.linked.push(Linked { record, storage, what });
        self.look(storage)
    }

    fn look_lists(&mut self, record: &'a Record) -> Result<(), Refusal> {
        let Some(lists) = record.lists() else {
            return Err(refuse(record, why_not(record.class)));
        };
        let why = match lists.layout {
            _ if record.class == "IndexIVFFlatDedup" => "lets several ids share one entry of a list",
            _ if self.lists.is_some() => "has inverted lists beside others",
            Layout::Array => {
                self.counting.push(record);
                self.lists = Some((record, lists));
                return Ok(());
            }
            Layout::Panorama { .. } => "stores the rows of a list level by level, in batches",
            Layout::Block { .. } => "packs the codes of several rows together",
            Layout::Split { .. } => "has lists in the format before 1.2.1, ids apart from codes",
            Layout::OnDisk { .. } => "has its lists in another file",
        };
        Err(refuse(record, why))
    }

    /// An array of one element a row; all have as many.
    fn take(&mut self, record: &'a Record, array: &'a Array) -> Result<(), Refusal> {
        let rows = array.shape.first().copied().unwrap_or(0);
        let whole = rows.checked_mul(row_bytes(array)) == Some(array.span.len);
        let fits = self.array_rows().is_none_or(|known| known == rows) && record.u64("ntotal") == Some(rows);
        if !whole || !fits || array.count.is_none() {
            return Err(unread(record));
        }
        self.arrays.push(array);
        Ok(())
    }
}

/// Bytes of one row of an array.
pub(super) fn row_bytes(array: &Array) -> u64 {
    let inner = array.shape.iter().skip(1).try_fold(array.dtype.width(), |product, &n| product.checked_mul(n));
    inner.unwrap_or(0)
}

/// Whether an index of this class holds one code a row, one after the other, and nothing else of a row.
fn is_flat(class: &str) -> bool {
    matches!(
        class,
        "IndexFlat"
            | "IndexFlatL2"
            | "IndexFlatIP"
            | "IndexPQ"
            | "IndexScalarQuantizer"
            | "IndexLSH"
            | "Index2Layer"
            | "IndexResidualQuantizer"
            | "IndexLocalSearchQuantizer"
            | "IndexProductResidualQuantizer"
            | "IndexProductLocalSearchQuantizer"
            | "IndexRaBitQ"
            | "IndexEDEN"
            | "IndexBinaryFlat"
    )
}

fn is_graph(class: &str) -> bool {
    ["IndexHNSW", "IndexNSG", "IndexNNDescent", "IndexBinaryHNSW"].iter().any(|prefix| class.starts_with(prefix))
}

fn why_not(class: &str) -> &'static str {
    match class {
        "IndexBinaryHash" => "keeps its rows in hash buckets, behind packed tables of their sizes",
        "null" => "was left out when the index was written",
        class if class.ends_with("FastScan") => "packs the codes of several rows together",
        class if class.ends_with("Panorama") => "stores rows level by level, in batches",
        class if class.starts_with("IndexIVF") => "was written without its lists",
        _ => "is not known to keep one code a row",
    }
}

fn refuse(record: &Record, why: &str) -> Refusal {
    Refusal { span: record.span, path: String::new(), reason: format!("{} {why}", record.class) }
}

fn unread(record: &Record) -> Refusal {
    refuse(record, "is not laid out as it should be")
}
