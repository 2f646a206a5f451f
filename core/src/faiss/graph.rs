//! Graphs over a storage index: HNSW, NSG, NNDescent.

use super::header;
use super::reader::{Child, Reader, inside};
use super::types::{NULL, Type};
use super::walks::Walk;
use crate::bytes::Span;
use crate::limits;
use crate::outline::{Dtype, Value};
use crate::window::Read;
use alloc::{vec, vec::Vec};

/// `IHNf` and its kin. FAISS: `write_index`, `IndexHNSW`.
///
/// Storage may be `null` (`IO_FLAG_SKIP_STORAGE`, 1.9.0). `IHNr` is in 1.15.1 only: a flag after the storage.
pub(super) fn hnsw(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    match &found.tag.0 {
        b"IHfP" => {
            let levels = r.u64("num_panorama_levels")?;
            let shape = vec![header.ntotal, levels.saturating_add(1)];
            r.exact_or_empty("cum_sums", Dtype::F32, shape, "cum_sums = ntotal * (num_panorama_levels + 1)")?;
        }
        b"IHNc" | b"IHc2" => {
            cagra(r)?;
            if &found.tag.0 == b"IHc2" {
                r.i32("numeric_type_")?;
            }
        }
        _ => {}
    }
    hnsw_graph(r, header.ntotal)?;
    let at = r.at();
    let storage = r.index("storage")?;
    agree_with_storage(r, at, header, storage)?;
    if &found.tag.0 == b"IHNr" {
        r.bool("staged")?;
    }
    Ok(())
}

/// What CAGRA indexes have more, float and binary ones.
pub(super) fn cagra(r: &mut Reader<'_>) -> Read<()> {
    r.bool("keep_max_size_level0")?;
    r.bool("base_level_only")?;
    r.i32("num_base_level_search_entrypoints")?;
    Ok(())
}

/// The links between `ntotal` nodes. FAISS: `write_HNSW`.
///
/// The links of node `i` start at `offsets[i]` of `neighbors`, unused places are -1. The last `int` is
/// `upper_beam`, 1 in every file and without meaning since 1.9.0.
pub(super) fn hnsw_graph(r: &mut Reader<'_>, ntotal: u64) -> Read<()> {
    r.vector("hnsw.assign_probas", Dtype::F64)?;
    let cum = r.vector("hnsw.cum_nneighbor_per_level", Dtype::I32)?;
    let cum = Span::new(r.at().saturating_sub(cum.saturating_mul(4)), cum.saturating_mul(4));
    if let Some(m) = degree(r, cum)? {
        r.derive("hnsw.M", Value::I64(m));
    }
    let levels = r.exact("hnsw.levels", Dtype::I32, vec![ntotal], "levels = ntotal")?;
    if levels.len <= limits::LEVELS_BYTES {
        nodes_per_level(r, levels)?;
    }
    let offsets = r.exact("hnsw.offsets", Dtype::U64, vec![ntotal.saturating_add(1)], "offsets = ntotal + 1")?;
    let last = r.take_u64(offsets.end().saturating_sub(8)).map_err(|stop| inside(stop, "hnsw.offsets"))?;
    r.exact("hnsw.neighbors", Dtype::I32, vec![last], "neighbors = the last of hnsw.offsets")?;
    r.i32("hnsw.entry_point")?;
    r.i32("hnsw.max_level")?;
    r.i32("hnsw.efConstruction")?;
    r.i32("hnsw.efSearch")?;
    r.i32("hnsw.upper_beam")?;
    Ok(())
}

/// Links of a node on each level above 0, from the running sums.
fn degree(r: &mut Reader<'_>, cum: Span) -> Read<Option<i64>> {
    if cum.len < 12 {
        return Ok(None);
    }
    let first = r.take_all(Span::new(cum.start, 12)).map_err(|stop| inside(stop, "hnsw.cum_nneighbor_per_level"))?;
    let sums: Vec<i64> = first
        .chunks_exact(4)
        .filter_map(|bytes| bytes.first_chunk().copied())
        .map(|b| i32::from_le_bytes(b).into())
        .collect();
    Ok(match sums.as_slice() {
        [_, one, two] => Some(two.saturating_sub(*one)),
        _ => None,
    })
}

/// How many nodes reach each level.
fn nodes_per_level(r: &mut Reader<'_>, levels: Span) -> Read<()> {
    let walk = r.memory.walk(levels.start, || Walk::levels(levels))?;
    walk.run(r.window).map_err(|stop| inside(stop, "hnsw.levels"))?;
    if let Walk::Levels(walk) = walk
        && let Some(nodes) = &walk.nodes_per_level
    {
        let nodes = nodes.iter().map(|&n| Value::U64(n)).collect();
        r.derive("hnsw.nodes_per_level", Value::Many(nodes));
    }
    Ok(())
}

/// `INSf`, `INSp`, `INSs`. FAISS: `write_index`, `IndexNSG`; the graph: `write_NSG`.
///
/// `nsg.graph` holds of each node its neighbors, at most `nsg.R`, and -1 after them.
pub(super) fn nsg(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    r.i32("GK")?;
    r.i8("build_type")?;
    r.i32("nndescent_S")?;
    r.i32("nndescent_R")?;
    r.i32("nndescent_L")?;
    r.i32("nndescent_iter")?;
    let at = r.at();
    let nodes = header::int_as_count(r, "nsg.ntotal", "nsg.ntotal is not negative")?;
    let degree = header::int_as_count(r, "nsg.R", "nsg.R is not negative")?;
    r.i32("nsg.L")?;
    r.i32("nsg.C")?;
    r.i32("nsg.search_L")?;
    r.i32("nsg.enterpoint")?;
    if r.bool("nsg.is_built")? {
        r.agree(at, "nsg.ntotal", "nsg.ntotal = ntotal", header.ntotal, nodes)?;
        let start = r.at();
        let walk = r.memory.walk(start, || Walk::neighbors(start, nodes, degree))?;
        let end = walk.run(r.window).map_err(|stop| inside(stop, "nsg.graph"))?;
        let edges = if let Walk::Neighbors(walk) = walk { walk.edges } else { 0 };
        r.array("nsg.graph", Dtype::I32, vec![end.saturating_sub(start) >> 2], false)?;
        r.derive("nsg.edges", Value::U64(edges));
    }
    let at = r.at();
    let storage = r.index("storage")?;
    agree_with_storage(r, at, header, storage)
}

/// `INNf`. FAISS: `write_index`, `IndexNNDescent`; the graph: `write_NNDescent`.
pub(super) fn nndescent(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let at = r.at();
    let nodes = header::int_as_count(r, "nndescent.ntotal", "nndescent.ntotal is not negative")?;
    r.i32("nndescent.d")?;
    let degree = header::int_as_count(r, "nndescent.K", "nndescent.K is not negative")?;
    for name in
        ["nndescent.S", "nndescent.R", "nndescent.L", "nndescent.iter", "nndescent.search_L", "nndescent.random_seed"]
    {
        r.i32(name)?;
    }
    if r.bool("nndescent.has_built")? {
        r.agree(at, "nndescent.ntotal", "nndescent.ntotal = ntotal", header.ntotal, nodes)?;
        let rule = "final_graph = nndescent.ntotal * nndescent.K";
        r.exact_or_empty("nndescent.final_graph", Dtype::I32, vec![nodes, degree], rule)?;
    } else {
        r.vector("nndescent.final_graph", Dtype::I32)?;
    }
    let at = r.at();
    let storage = r.index("storage")?;
    agree_with_storage(r, at, header, storage)
}

/// That graph and storage are of the same vectors.
fn agree_with_storage(r: &Reader<'_>, at: u64, header: header::Header, storage: Child) -> Read<()> {
    if storage.class == NULL {
        return Ok(());
    }
    r.agree(at, "storage", "ntotal of the storage = ntotal of the graph", header.ntotal, storage.ntotal)?;
    r.agree(at, "storage", "d of the storage = d of the graph", header.d, storage.d)
}
