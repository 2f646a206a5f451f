//! What an index takes in memory once FAISS 1.15 has loaded it whole, without memory mapping.
//!
//! Counted: every stored array and list at its stored size, which is what FAISS copies, and what its
//! readers build besides: the id lookup of an `IDMap2`, the hash table of a direct map, the
//! precomputed tables of an IVFPQ, the objects around each inverted list, the dense NSG graph. Not counted:
//! objects of fixed size (some kilobytes), codebook tables of additive quantizers, spare capacity of the
//! allocator, and what a search takes for itself (visited tables, heaps). Lists in another file stay there.
//!
//! [`Portion::estimate`] marks numbers that depend on the C++ library; those are for libstdc++ on 64 bits.

use crate::order::sort_by;
use crate::outline::{Item, Record, Value};
use alloc::vec::Vec;

/// Bytes for an entry of `std::unordered_map<idx_t, idx_t>`: a node of 24 in a 32-byte block, and one
/// bucket pointer.
const HASH_ENTRY: u64 = 40;

/// Bytes for an inverted list besides its entries: two `std::vector`s, of codes and of ids.
const LIST_OBJECT: u64 = 48;

/// Bytes for a bucket of a binary hash index: a node, two `std::vector`s, their blocks' headers.
const BUCKET_OBJECT: u64 = 112;

/// `precomputed_table_max_bytes` (`IndexIVFPQ.cpp`): larger tables are not made.
const PRECOMPUTED_MOST: u64 = 1 << 31;

/// What an index takes in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Memory {
    /// Sum of the portions in bytes.
    pub bytes: u64,
    /// What it is made of, largest first; none is empty.
    pub portions: Vec<Portion>,
}

/// A part of the memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Portion {
    /// What it is.
    pub what: &'static str,
    /// Bytes in it.
    pub bytes: u64,
    /// Whether the number depends on the C++ library.
    pub estimate: bool,
}

/// What the index in `root`, with everything inside, takes in memory.
pub fn memory(root: &Record) -> Memory {
    let mut sums = [0_u64; KINDS.len()];
    add(root, &mut sums);
    let mut portions: Vec<Portion> = KINDS
        .iter()
        .zip(sums)
        .filter(|&(_, bytes)| bytes > 0)
        .map(|(&(_, what, estimate), bytes)| Portion { what, bytes, estimate })
        .collect();
    sort_by(&mut portions, |a, b| b.bytes.cmp(&a.bytes));
    Memory { bytes: sums.iter().fold(0, |sum, &bytes| sum.saturating_add(bytes)), portions }
}

/// A kind of portion.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Arrays,
    Lists,
    ListObjects,
    RevMap,
    DirectMap,
    Tables,
    Graph,
    Buckets,
}

/// Kinds, what they are called, and whether they are estimates.
const KINDS: [(Kind, &str, bool); 8] = [
    (Kind::Arrays, "stored arrays", false),
    (Kind::Lists, "inverted lists", false),
    (Kind::ListObjects, "objects around each inverted list", true),
    (Kind::RevMap, "id lookup (rev_map)", true),
    (Kind::DirectMap, "hash table of the direct map", true),
    (Kind::Tables, "precomputed tables of the product quantizer", false),
    (Kind::Graph, "NSG graph", false),
    (Kind::Buckets, "hash buckets", true),
];

fn add(record: &Record, sums: &mut [u64; KINDS.len()]) {
    let mut count = |kind: Kind, bytes: u64| {
        for ((other, ..), sum) in KINDS.iter().zip(sums.iter_mut()) {
            if *other == kind {
                *sum = sum.saturating_add(bytes);
            }
        }
    };
    for item in &record.items {
        match item {
            // The stream holds each node's links up to the first empty slot; memory holds all R slots.
            Item::Array(array) if array.name == "nsg.graph" => {}
            Item::Array(array) if array.name.ends_with("hashtable") => {
                count(Kind::DirectMap, (array.span.len >> 4).saturating_mul(HASH_ENTRY));
            }
            Item::Array(array) => count(Kind::Arrays, array.span.len),
            Item::Lists(lists) => {
                count(Kind::Lists, lists.span.len);
                count(Kind::ListObjects, lists.nlist.saturating_mul(LIST_OBJECT));
            }
            Item::Field(_) | Item::Record(_) => {}
        }
    }
    if matches!(record.class, "IndexIDMap2" | "IndexBinaryIDMap2") {
        count(Kind::RevMap, record.u64("ntotal").unwrap_or(0).saturating_mul(HASH_ENTRY));
    }
    if is_nsg(record) && record.u64("nsg.is_built") == Some(1) {
        let links = record.u64("nsg.ntotal").unwrap_or(0).saturating_mul(record.u64("nsg.R").unwrap_or(0));
        count(Kind::Graph, links.saturating_mul(4));
    }
    count(Kind::Tables, precomputed(record));
    count(Kind::Buckets, record.u64("buckets").unwrap_or(0).saturating_mul(BUCKET_OBJECT));
    for child in record.children() {
        add(child, sums);
    }
}

fn is_nsg(record: &Record) -> bool {
    record.class.starts_with("IndexNSG")
}

/// Tables that the reader makes for L2 and residuals (`initialize_IVFPQ_precomputed_table`).
fn precomputed(record: &Record) -> u64 {
    let kind = matches!(record.class, "IndexIVFPQ" | "IndexIVFPQR" | "IndexIVFPQFastScan");
    let on = |name: &str| record.u64(name) == Some(1);
    let Some(quantizer) = record.child("quantizer") else { return 0 };
    let l2 = quantizer.value("metric_type") == Some(&Value::I32(1));
    if !(kind && on("is_trained") && on("by_residual") && l2) {
        return 0;
    }
    let (m, ksub) = (record.u64("pq.M").unwrap_or(0), codes(record));
    let row = m.saturating_mul(ksub).saturating_mul(4);
    let coarse_m = quantizer.u64("pq.M").filter(|_| quantizer.class == "MultiIndexQuantizer");
    if coarse_m.and_then(|coarse| m.checked_rem(coarse)) == Some(0) {
        return row.saturating_mul(codes(quantizer));
    }
    let bytes = row.saturating_mul(record.u64("nlist").unwrap_or(0));
    if bytes > PRECOMPUTED_MOST { 0 } else { bytes }
}

/// Centroids of each part of a product quantizer.
fn codes(record: &Record) -> u64 {
    let bits = record.u64("pq.nbits").and_then(|bits| u32::try_from(bits).ok());
    bits.and_then(|bits| 1_u64.checked_shl(bits)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::super::sample::{array, index, lists, with};
    use super::*;
    use crate::lists::Layout;

    fn portions(root: &Record) -> Vec<(&'static str, u64)> {
        memory(root).portions.into_iter().map(|portion| (portion.what, portion.bytes)).collect()
    }

    #[test]
    fn an_id_map_has_its_ids_twice() {
        let mut flat = index(b"IxF2", "IndexFlatL2", &[("ntotal", 100)]);
        flat.items.push(array("codes", 6400));
        let mut map = with(index(b"IxM2", "IndexIDMap2", &[("ntotal", 100)]), "index", flat);
        map.items.push(array("id_map", 800));
        assert_eq!(portions(&map), [("stored arrays", 7200), ("id lookup (rev_map)", 4000)]);
        assert_eq!(memory(&map).bytes, 11_200);
    }

    #[test]
    fn a_trained_ivfpq_has_tables_unless_they_are_too_large() {
        let ivfpq = |nlist| {
            let quantizer = index(b"IxF2", "IndexFlatL2", &[]);
            let fields = [("nlist", nlist), ("pq.M", 4), ("pq.nbits", 8), ("by_residual", 1)];
            let mut ivf = with(index(b"IwPQ", "IndexIVFPQ", &fields), "quantizer", quantizer);
            ivf.items.push(lists(&[3, 0], Layout::Array));
            portions(&ivf)
        };
        let tables = "precomputed tables of the product quantizer";
        let objects = ("objects around each inverted list", 96);
        assert_eq!(ivfpq(2), [(tables, 2 * 4 * 256 * 4), objects, ("inverted lists", 48)]);
        assert_eq!(ivfpq(1 << 20), [objects, ("inverted lists", 48)], "4 GiB of tables are not made");
        assert_eq!(ivfpq(u64::MAX).len(), 2);
    }
}
