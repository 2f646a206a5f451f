//! Which record of an index stores vectors, and how they come out of it.

use super::coarse::coarse_of;
use super::stored::{Beside, Coarse, Codes, Key, NoVectors, Stored};
use crate::bytes::Span;
use crate::decode::{Blocks, Codec, Coding, Inner, codec_of, refinement, reverse_of, two_layer};
use crate::lists::Layout;
use crate::outline::{Array, Dtype, Family, Outline, Record, Value};
use alloc::{format, string::String, vec::Vec};

/// Where the index of this outline stores its vectors, and how they decode.
///
/// Id maps, refinements (the second index keeps the better copy), graphs and transforms are looked through.
///
/// # Errors
/// [`NoVectors`], with the record that is in the way; where FAISS cannot reconstruct either, with its reason.
pub fn find(outline: &Outline) -> Result<Stored<'_>, NoVectors> {
    let storage = storage(&outline.root)?;
    let record = storage.record;
    let (codes, code_bytes) = place_of(record)?;
    let (coding, beside) = storage.coding(code_bytes)?;
    let coarse = by_residual(record).then(|| coarse_of(record)).transpose()?;
    storage.holds(codes, code_bytes, coding, coarse, beside).ok_or_else(|| NoVectors::unread(record))
}

/// The same where rows are floats that somebody added, stored or decoded: not the bits of a binary index, nor all that codebooks
/// combine to.
///
/// # Errors
/// As [`find`], and for these.
pub fn find_floats(outline: &Outline) -> Result<Stored<'_>, NoVectors> {
    match outline.root.family {
        Family::BinaryIndex => Err(NoVectors::stores(&outline.root, "has no floats", "bits")),
        _ => find(outline).and_then(|stored| match stored.codes {
            Codes::Numbers => Err(NoVectors::because(stored.record, "has no vectors", COMBINED)),
            _ => Ok(stored),
        }),
    }
}

/// The same where vectors are stored as plain floats: for who wants what was added and no other.
///
/// # Errors
/// [`NoVectors`], with what is stored in their place.
pub fn find_plain(outline: &Outline) -> Result<Stored<'_>, NoVectors> {
    let storage = storage(&outline.root)?;
    let (record, verdict) = (storage.record, "needs decoding");
    if outline.root.family == Family::BinaryIndex {
        return find_floats(outline);
    }
    if let Some((around, transform)) = storage.around.zip(storage.transforms.first()) {
        let what = format!("vectors that went through {}", transform.class);
        return Err(NoVectors::stores(around, verdict, &what));
    }
    if is_flat(record) || record.class == "null" {
        return find(outline);
    }
    let kind = match record.value("sq.qtype_name") {
        Some(Value::Text(name)) => format!("{name} codes"),
        _ => String::from("codes"),
    };
    let what = match record.u64("code_size").filter(|&bytes| bytes > 0) {
        Some(1) => format!("{kind} of 1 byte a vector"),
        Some(bytes) => format!("{kind} of {bytes} bytes a vector"),
        None => kind,
    };
    Err(NoVectors::stores(record, verdict, &what))
}

/// Where the index of this outline stores one code a row, whatever it is a code of; for comparing
/// rows without decoding them.
///
/// # Errors
/// [`NoVectors`], where codes of several rows are packed together or none are stored.
pub fn find_codes(outline: &Outline) -> Result<Stored<'_>, NoVectors> {
    let stored = storage(&outline.root)?.codes()?;
    match stored.codes {
        Codes::Blocks { .. } | Codes::Lists(_, Some(_)) => Err(packed(stored.record)),
        _ => Ok(stored),
    }
}

/// Why the rows of a multi-index are nothing to look at.
const COMBINED: &str = "its rows are all there is to combine from its codebooks, and are not stored";

/// The codes of this very record, one a row, those that lie in blocks taken out of them; its id maps, transforms and
/// what is around it are not looked at.
///
/// # Errors
/// [`NoVectors`], where none are stored.
pub fn codes_of(record: &Record) -> Result<Stored<'_>, NoVectors> {
    Storage { record, maps: Vec::new(), transforms: Vec::new(), around: None }.codes()
}

/// The record that stores the vectors, and what is around it.
pub(super) struct Storage<'a> {
    pub(super) record: &'a Record,
    maps: Vec<&'a Array>,
    /// In the order in which vectors go through them.
    transforms: Vec<&'a Record>,
    /// The record around the first transform.
    around: Option<&'a Record>,
}

/// Look through everything that hands vectors on.
pub(super) fn storage(from: &Record) -> Result<Storage<'_>, NoVectors> {
    let mut record = from;
    let (mut maps, mut transforms, mut around) = (Vec::new(), Vec::new(), None);
    loop {
        let mut here: Vec<&Record> = record.children().filter(|child| child.family == Family::Transform).collect();
        let role = match record.class {
            "IndexIDMap" | "IndexIDMap2" | "IndexBinaryIDMap" | "IndexBinaryIDMap2" => {
                maps.insert(0, record.array("id_map").ok_or_else(|| NoVectors::unread(record))?);
                "index"
            }
            "IndexPreTransform" => "index",
            "IndexIVFIndependentQuantizer" => "index_ivf",
            "IndexRefine" | "IndexRefineFlat" | "IndexRefinePanorama" => "refine_index",
            "IndexBinaryMultiHash" => "storage",
            class if is_graph(class) => "storage",
            _ => return Ok(Storage { record, maps, transforms, around }),
        };
        if matches!(record.class, "IndexPreTransform" | "IndexIVFIndependentQuantizer") && !here.is_empty() {
            around = around.or(Some(record));
            transforms.append(&mut here);
        }
        record = record.child(role).ok_or_else(|| NoVectors::unread(record))?;
    }
}

impl<'a> Storage<'a> {
    /// Whether rows keep the order and number of the index outside.
    pub(super) fn is_mapped(&self) -> bool {
        !self.maps.is_empty()
    }

    /// One code a row.
    fn codes(self) -> Result<Stored<'a>, NoVectors> {
        let record = self.record;
        let packed = || packed(record);
        let coding = Coding { codec: Codec::Bytes, d: record.u64("d").unwrap_or(0), reverse: Vec::new() };
        let (codes, code_bytes) = place_of(record).map_err(|why| if is_flat(record) { why } else { packed() })?;
        let is_one_a_row = match codes {
            Codes::Rows(_) | Codes::Blocks { .. } | Codes::Lists(_, Some(_)) => true,
            Codes::Levels { .. } => is_flat(record),
            Codes::Numbers => false,
            Codes::Lists(lists, None) => is_flat(record) || !matches!(lists.layout, Layout::Panorama { .. }),
        };
        if !is_one_a_row {
            return Err(packed());
        }
        self.holds(codes, code_bytes, coding, None, None).ok_or_else(packed)
    }

    /// How codes of `code_bytes` become the vectors outside.
    pub(super) fn coding(&self, code_bytes: u64) -> Result<(Coding<Span>, Option<Beside>), NoVectors> {
        let record = self.record;
        let d = record.u64("d").unwrap_or(0);
        let because = |record: &Record, why: &str| NoVectors::because(record, "cannot be decoded", why);
        if record.family == Family::BinaryIndex {
            return Ok((Coding { codec: Codec::Bytes, d, reverse: Vec::new() }, None));
        }
        let (beside, mut width) = (beside_of(record, code_bytes)?, code_bytes);
        if let Some(Beside { coding: None, width: more, .. }) = &beside {
            width = width.saturating_add(*more);
        }
        let codec = match record.class {
            _ if is_flat(record) => Ok(Codec::Floats),
            "Index2Layer" => two_layer(record, width, inner_of(record)?),
            _ => codec_of(record, width),
        };
        let codec = codec.map_err(|why| because(record, &why))?;
        let (mut reverse, mut d_now) = (Vec::new(), d);
        let mut undo = |transform: &Record, d_now: &mut u64| {
            let step = reverse_of(transform).map_err(|why| because(transform, &why))?;
            if step.d_out() != *d_now {
                return Err(NoVectors::unread(transform));
            }
            *d_now = step.d_in();
            reverse.push(step);
            Ok(())
        };
        let mut d_codec = d;
        if record.class == "IndexLSH" {
            d_codec = record.u64("nbits").unwrap_or(0);
            if record.value("rotate_data") == Some(&Value::Bool(true)) {
                d_now = d_codec;
                let rotation = record.child("rrot").ok_or_else(|| NoVectors::unread(record))?;
                undo(rotation, &mut d_now)?;
            }
        }
        for transform in self.transforms.iter().rev() {
            undo(transform, &mut d_now)?;
        }
        Ok((Coding { codec, d: d_codec, reverse }, beside))
    }

    fn holds(
        self,
        codes: Codes<'a>,
        code_bytes: u64,
        coding: Coding<Span>,
        coarse: Option<Coarse<'a>>,
        beside: Option<Beside>,
    ) -> Option<Stored<'a>> {
        let Storage { record, maps, transforms, .. } = self;
        let rows = match codes {
            Codes::Lists(lists, _) => lists.balance.total,
            _ => record.u64("ntotal").unwrap_or(0),
        };
        let instances = record.array("instances").filter(|array| !array.span.is_empty());
        let (d, row_bytes) = match coding.codec {
            Codec::Bytes => (coding.d, code_bytes),
            _ => (coding.d_out(), coding.d_out().saturating_mul(4)),
        };
        let stored = Stored {
            record,
            d,
            row_bytes,
            code_bytes,
            rows,
            codes,
            coding,
            coarse,
            beside,
            maps,
            transforms,
            instances,
        };
        Some(stored).filter(Stored::fits)
    }
}

/// Codes of several rows lie in one.
fn packed(record: &Record) -> NoVectors {
    NoVectors::stores(record, "cannot be compared row by row", "codes that are not one a row")
}

fn is_graph(class: &str) -> bool {
    ["IndexHNSW", "IndexNSG", "IndexNNDescent", "IndexBinaryHNSW"].iter().any(|prefix| class.starts_with(prefix))
}

/// Whether a record stores floats as they are.
fn is_flat(record: &Record) -> bool {
    record.class.starts_with("IndexFlat") || record.class.starts_with("IndexIVFFlat")
}

/// Whether codes are of what is left when the centroid of their list is taken off.
fn by_residual(record: &Record) -> bool {
    match record.class {
        "IndexIVFRaBitQ" | "IndexIVFRaBitQFastScan" | "IndexIVFEDEN" => true,
        "IndexIVFScalarQuantizer" if record.u64("code_size") == Some(0) => true,
        _ => record.lists().is_some() && record.value("by_residual") == Some(&Value::Bool(true)),
    }
}

/// Where a record stores a code for each of its rows, and how many bytes it is.
pub(super) fn place_of(record: &Record) -> Result<(Codes<'_>, u64), NoVectors> {
    let unread = || NoVectors::unread(record);
    if record.class == "null" {
        return Err(NoVectors::left_out(record));
    }
    if let Some(lists) = record.lists() {
        let blocks = match lists.layout {
            Layout::Block { n_per_block, block_size } => {
                let m2 = record.u64("M2").unwrap_or(0);
                Some(Blocks::new(n_per_block, block_size, m2).ok_or_else(unread)?)
            }
            _ => None,
        };
        return Ok((Codes::Lists(lists, blocks), blocks.map_or(lists.code_size, |blocks| blocks.row_bytes())));
    }
    if record.children().any(|child| child.family == Family::InvertedLists) {
        let what = "no lists: they were left out when it was written";
        return Err(NoVectors::stores(record, "has no vectors", what));
    }
    if let Some(bits) = number_bits(record) {
        return all_numbers(record, bits);
    }
    let array = match record.array("codes").or_else(|| record.array("xb")) {
        Some(array) => array,
        None if record.class.starts_with("IndexIVF") || record.class.starts_with("IndexFlat") => return Err(unread()),
        None => return Err(NoVectors::because(record, "has no vectors", without_codes(record.class))),
    };
    let d = record.u64("d").unwrap_or(0);
    if let (Some(batch_size), Some(n_levels)) = (record.u64("batch_size"), record.u64("n_levels")) {
        return Ok((Codes::Levels { array, batch_size, n_levels }, d.saturating_mul(4)));
    }
    if record.class.ends_with("FastScan") {
        let number = |name: &str| record.u64(name).unwrap_or(0);
        let (bbs, slots) = (number("bbs"), number("ntotal2"));
        // An index without rows has no block to tell the size from.
        let bytes = match array.span.len.checked_mul(bbs).and_then(|all| all.checked_div(slots)) {
            Some(bytes) if slots > 0 => bytes,
            _ => number("M2").saturating_mul(bbs) >> 1,
        };
        let blocks = Blocks::new(bbs, bytes, number("M2")).ok_or_else(unread)?;
        return Ok((Codes::Blocks { array, blocks }, blocks.row_bytes()));
    }
    if is_flat(record) {
        return Ok((Codes::Rows(array), d.saturating_mul(4)));
    }
    match (array.dtype, array.shape.as_slice()) {
        (Dtype::U8, &[rows, width]) if Some(rows) == record.u64("ntotal") => Ok((Codes::Rows(array), width)),
        _ => Err(unread()),
    }
}

/// Bits of a row number that is a code itself.
fn number_bits(record: &Record) -> Option<u64> {
    match record.class {
        "MultiIndexQuantizer" => record.u64("pq.M")?.checked_mul(record.u64("pq.nbits")?),
        // Where norms are counted too, the numbers of its entries come first.
        "ResidualCoarseQuantizer" => record.u64("rq.tot_bits"),
        _ => None,
    }
}

/// Rows whose codes are all numbers of so many bits.
fn all_numbers(record: &Record, bits: u64) -> Result<(Codes<'_>, u64), NoVectors> {
    let because = |why: &str| NoVectors::because(record, "cannot be decoded", why);
    let most = u32::try_from(bits).ok().filter(|bits| *bits < 64).and_then(|bits| 1_u64.checked_shl(bits));
    match most {
        None => Err(because("the numbers of its rows take more than 63 bits")),
        Some(most) if record.u64("ntotal").is_some_and(|rows| rows > most) => {
            Err(because("it says that it has more rows than its codebooks combine to"))
        }
        Some(_) => Ok((Codes::Numbers, bits.div_ceil(8))),
    }
}

/// The index that the coarse codes of an `Index2Layer` are row numbers of.
fn inner_of(record: &Record) -> Result<Inner<Span>, NoVectors> {
    let Coarse { key, coding } = coarse_of(record)?;
    match key {
        Key::Code(width) => Ok(Inner { codes: None, width, coding }),
        Key::Row { codes: Codes::Rows(array), width, .. } => Ok(Inner { codes: Some(array.span), width, coding }),
        Key::Row { .. } => {
            let why = "the vectors of its coarse quantizer are in blocks or levels";
            Err(NoVectors::because(record, "cannot be decoded", why))
        }
    }
}

/// Why a record of this class has no codes of its rows.
fn without_codes(class: &str) -> &'static str {
    match class {
        "IndexLattice" => "FAISS does not write the codes of a lattice index",
        "IndexRowwiseMinMax" | "IndexRowwiseMinMaxFP16" => {
            "it only encodes and decodes, FAISS lets nothing be added to it"
        }
        "IndexBinaryFromFloat" => "FAISS does not reconstruct bits that it keeps as floats",
        "IndexBinaryHash" => "FAISS does not reconstruct what it keeps in a hash table",
        _ => "what it is made of is not known here",
    }
}

/// What stands beside the codes of `code_bytes` of a record.
fn beside_of(record: &Record, code_bytes: u64) -> Result<Option<Beside>, NoVectors> {
    let ntotal = record.u64("ntotal").unwrap_or(0);
    if record.class == "IndexIVFPQR" {
        let (codec, width) = refinement(record).map_err(|why| NoVectors::because(record, "cannot be decoded", &why))?;
        let span = record.array("refine_codes").map(|array| array.span).ok_or_else(|| NoVectors::unread(record))?;
        let d = record.u64("d").unwrap_or(0);
        return Ok(Some(Beside { span, width, coding: Some(Coding { codec, d, reverse: Vec::new() }) }));
    }
    // 1.13 kept the factors of RaBitQ codes in an array of their own.
    let signs = record.u64("d").unwrap_or(0).div_ceil(8);
    let factors = record.array("flat_storage").or_else(|| record.array("factors_storage"));
    match factors {
        Some(factors) if code_bytes == signs && ntotal > 0 => {
            let span = factors.span;
            Ok(Some(Beside { span, width: span.len.checked_div(ntotal).unwrap_or(0), coding: None }))
        }
        _ => Ok(None),
    }
}
