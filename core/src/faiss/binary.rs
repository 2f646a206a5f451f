//! Binary indexes: vectors of bits, `d` a multiple of 8. They have tags and a header of their own.

use super::graph;
use super::header;
use super::reader::{Reader, inside};
use super::types::Type;
use super::walks::Walk;
use super::{invlists, ivf};
use crate::error::Error;
use crate::outline::{Dtype, Family, Value};
use crate::window::Read;
use alloc::{format, vec};

/// `IBxF`: the vectors as they were added. FAISS: `write_index_binary`, `IndexBinaryFlat`.
pub(super) fn flat(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (header, code_size) = header::read_binary(r, false)?;
    r.exact("xb", Dtype::U8, vec![header.ntotal, code_size], "bytes = ntotal * code_size")?;
    Ok(())
}

/// `IBwF`: vectors in lists. FAISS: `write_index_binary`, `IndexBinaryIVF`.
pub(super) fn ivf(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (_, code_size) = header::read_binary(r, false)?;
    let nlist = r.u64("nlist")?;
    r.u64("nprobe")?;
    r.binary_index("quantizer")?;
    ivf::direct_map(r)?;
    invlists::read(r, nlist, code_size)
}

/// `IBFf`: a float index over bits taken as -1 and 1. FAISS: `write_index_binary`, `IndexBinaryFromFloat`.
pub(super) fn from_float(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    header::read_binary(r, false)?;
    r.index("index")?;
    Ok(())
}

/// `IBHf`, `IBHc`: a graph over a flat storage. FAISS: `write_index_binary`, `IndexBinaryHNSW`.
pub(super) fn hnsw(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let (header, _) = header::read_binary(r, false)?;
    if found.tag.0 == *b"IBHc" {
        graph::cagra(r)?;
    }
    graph::hnsw_graph(r, header.ntotal)?;
    let at = r.at();
    let storage = r.binary_index("storage")?;
    r.agree(at, "storage", "ntotal of the storage = ntotal of the graph", header.ntotal, storage.ntotal)
}

/// `IBMp`, `IBM2`: an index and the ids of its rows. FAISS: `write_index_binary`, `IndexBinaryIDMap`.
///
/// Up to 1.7.3 their own header says `code_size` 0.
pub(super) fn id_map(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (header, _) = header::read_binary(r, true)?;
    let at = r.at();
    let index = r.binary_index("index")?;
    r.agree(at, "index", "ntotal of the index inside = ntotal of the id map", header.ntotal, index.ntotal)?;
    r.exact("id_map", Dtype::I64, vec![header.ntotal], "ids = ntotal")?;
    Ok(())
}

/// `IBHh`: vectors in buckets by their first bits. FAISS: `write_binary_hash_invlists`.
///
/// `hash_table` packs of each bucket `b` bits of hash and `il_nbit` bits of size; `invlists` holds of
/// each bucket, in the same order, its ids and its codes, both behind a count.
pub(super) fn hash(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (_, code_size) = header::read_binary(r, false)?;
    let b = header::int_as_count(r, "b", "b is not negative")?;
    r.i32("nflip")?;
    let buckets = r.u64("buckets")?;
    let il_nbit = header::int_as_count(r, "il_nbit", "il_nbit is not negative")?;
    let bits = b.saturating_add(il_nbit).checked_mul(buckets);
    let bytes = bits.unwrap_or(u64::MAX).div_ceil(8);
    r.exact("hash_table", Dtype::U8, vec![bytes], "bits of the table = buckets * (b + il_nbit)")?;
    let start = r.at();
    let walk = r.memory.walk(start, || Walk::buckets(start, buckets, code_size))?;
    let end = walk.run(r.window).map_err(|stop| inside(stop, "invlists"))?;
    let entries = if let Walk::Counted(walk) = walk { walk.total } else { 0 };
    r.array("invlists", Dtype::U8, vec![end.saturating_sub(start)], false)?;
    r.derive("entries", Value::U64(entries));
    Ok(())
}

/// `IBHm`: several hash tables over a flat storage. FAISS: `write_binary_multi_hash_map`.
///
/// Each map packs of each bucket `b` bits of hash, `id_bits` of size, and its row numbers.
pub(super) fn multi_hash(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let (header, _) = header::read_binary(r, false)?;
    let at = r.at();
    let storage = r.binary_index("storage")?;
    r.agree(at, "storage", "ntotal of the storage = ntotal of the index", header.ntotal, storage.ntotal)?;
    let b = header::int_as_count(r, "b", "b is not negative")?;
    let nhash = header::int_as_count(r, "nhash", "nhash is not negative")?;
    r.i32("nflip")?;
    for number in 0..nhash {
        r.part(format!("maps[{number}]"), "IndexBinaryMultiHash::Map", Family::Part, |r| {
            let at = r.at();
            let id_bits = header::int_as_count(r, "id_bits", "id_bits is not negative")?;
            if id_bits > 64 {
                return r.fail(Error::invalid(at, "id_bits is 0..=64", id_bits), "id_bits");
            }
            let buckets = r.u64("buckets")?;
            let bits = b
                .saturating_add(id_bits)
                .checked_mul(buckets)
                .zip(header.ntotal.checked_mul(id_bits))
                .and_then(|(hashes, ids)| hashes.checked_add(ids));
            let bytes = bits.unwrap_or(u64::MAX).div_ceil(8);
            let rule = "bits of the table = buckets * (b + id_bits) + ntotal * id_bits";
            r.exact("hash_table", Dtype::U8, vec![bytes], rule)?;
            Ok(())
        })?;
    }
    Ok(())
}
