//! Inverted file indexes: vectors in lists, one a coarse centroid.

use super::codes::{Factors, fast_scan_m2, fast_scan_members};
use super::header::{self, Header};
use super::reader::Reader;
use super::types::Type;
use super::{invlists, quantizer};
use crate::bytes::Span;
use crate::error::Error;
use crate::outline::{Dtype, Value};
use crate::window::Read;
use alloc::vec;

/// The numbers of an inverted file's header.
#[derive(Debug, Clone, Copy)]
pub(super) struct Ivf {
    /// Its index header.
    pub(super) header: Header,
    /// Number of lists.
    pub(super) nlist: u64,
}

/// The header: the index header, the coarse quantizer, the direct map. FAISS: `write_ivf_header`.
pub(super) fn ivf_header(r: &mut Reader<'_>) -> Read<Ivf> {
    let header = header::read(r)?;
    let nlist = r.u64("nlist")?;
    r.u64("nprobe")?;
    r.index("quantizer")?;
    direct_map(r)?;
    Ok(Ivf { header, nlist })
}

/// The header in the formats before 1.2.1, which holds the ids of all lists.
fn split_header(r: &mut Reader<'_>) -> Read<(Ivf, Span)> {
    let header = header::read(r)?;
    let nlist = r.u64("nlist")?;
    r.u64("nprobe")?;
    r.index("quantizer")?;
    let ids = invlists::split_ids(r, nlist)?;
    direct_map(r)?;
    Ok((Ivf { header, nlist }, ids))
}

/// Where each vector is: not kept, an array by id, or pairs of id and place. FAISS: `write_direct_map`.
///
/// Before 1.6.2 the type was a bool, which gives the same bytes.
pub(super) fn direct_map(r: &mut Reader<'_>) -> Read<()> {
    let at = r.at();
    let kind = r.u8("direct_map.type")?;
    r.vector("direct_map.array", Dtype::I64)?;
    match kind {
        0 | 1 => Ok(()),
        2 => r.tuples("direct_map.hashtable", Dtype::I64, 2).map(|_| ()),
        _ => r.fail(Error::invalid(at, "direct_map.type is 0..=2", kind), "direct_map.type"),
    }
}

/// `IwFl`: raw vectors. FAISS: `write_index`, `IndexIVFFlat`.
pub(super) fn flat(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    raw_lists(r, ivf)
}

/// `IwFd`: raw vectors, the same vector once; `instances` pairs an id with that of an equal vector.
/// FAISS: `write_index`, `IndexIVFFlatDedup`.
pub(super) fn dedup(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    let at = r.at();
    let count = r.count("instances")?;
    if count % 2 != 0 {
        return r.fail(Error::invalid(at, "ids of `instances` come in pairs", count), "instances");
    }
    r.array("instances", Dtype::I64, vec![count >> 1, 2], true)?;
    raw_lists(r, ivf)
}

/// `IwPn` (batches of 128), `IwP2`: raw vectors level by level. FAISS: `write_index`, `IndexIVFFlatPanorama`.
pub(super) fn panorama(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    r.u64("n_levels")?;
    if found.tag.0 == *b"IwP2" {
        r.u64("batch_size")?;
    } else {
        r.derive("batch_size", Value::U64(128));
    }
    raw_lists(r, ivf)
}

fn raw_lists(r: &mut Reader<'_>, ivf: Ivf) -> Read<()> {
    let code_size = ivf.header.d.saturating_mul(4);
    r.derive("code_size", Value::U64(code_size));
    invlists::read(r, ivf.nlist, code_size)
}

/// `IvFl` (codes counted in floats), `IvFL` (in bytes): raw vectors before 1.2.1. FAISS: `read_index` only.
pub(super) fn flat_split(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let (ivf, ids) = split_header(r)?;
    let code_size = ivf.header.d.saturating_mul(4);
    r.derive("code_size", Value::U64(code_size));
    invlists::read_split(r, ivf.nlist, code_size, ids, if found.tag.0 == *b"IvFl" { 4 } else { 1 })
}

/// `IvSQ` (before 1.2.1), `IwSQ` (to 1.5.0, always by residual), `IwSq`: scalar quantizer codes. FAISS:
/// `write_index`, `IndexIVFScalarQuantizer`.
pub(super) fn scalar(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let (ivf, ids) = if found.tag.0 == *b"IvSQ" {
        split_header(r).map(|(ivf, ids)| (ivf, Some(ids)))?
    } else {
        (ivf_header(r)?, None)
    };
    let sq = quantizer::scalar(r, ivf.header.d)?;
    let at = r.at();
    let code_size = r.u64("code_size")?;
    r.agree(at, "code_size", "code_size = sq.code_size", sq, code_size)?;
    if found.tag.0 == *b"IwSq" {
        r.bool("by_residual")?;
    } else {
        r.derive("by_residual", Value::Bool(true));
    }
    match ids {
        Some(ids) => invlists::read_split(r, ivf.nlist, code_size, ids, 1),
        None => invlists::read(r, ivf.nlist, code_size),
    }
}

/// `IwPQ`, `IwQR` and, before 1.2.1, `IvPQ`, `IvQR`: product quantizer codes. FAISS: `write_index`, `IndexIVFPQ`.
///
/// The `QR` ones have a second quantizer over what is left. It is always written; FAISS reads it only
/// if the index is trained.
pub(super) fn pq(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let (ivf, ids) = if found.tag.0.starts_with(b"Iv") {
        split_header(r).map(|(ivf, ids)| (ivf, Some(ids)))?
    } else {
        (ivf_header(r)?, None)
    };
    r.bool("by_residual")?;
    let code_size = r.u64("code_size")?;
    quantizer::product(r, "pq")?;
    match ids {
        Some(ids) => invlists::read_split(r, ivf.nlist, code_size, ids, 1)?,
        None => invlists::read(r, ivf.nlist, code_size)?,
    }
    if found.tag.0.ends_with(b"QR") {
        quantizer::product(r, "refine_pq")?;
        r.vector("refine_codes", Dtype::U8)?;
        r.f32("k_factor")?;
    }
    Ok(())
}

/// `IwPf`: product quantizer codes in blocks. FAISS: `write_index`, `IndexIVFPQFastScan`.
pub(super) fn pq_fast_scan(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    r.bool("by_residual")?;
    let code_size = r.u64("code_size")?;
    r.i32("bbs")?;
    r.u64("M2")?;
    r.i32("implem")?;
    r.u64("qbs2")?;
    let pq = quantizer::product(r, "pq")?;
    fast_scan_members(r, pq);
    invlists::read(r, ivf.nlist, code_size)
}

/// `IwSh`: bits of a spectral hash. FAISS: `write_index`, `IndexIVFSpectralHash`.
pub(super) fn spectral(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    r.transform("vt")?;
    let nbit = header::int_as_count(r, "nbit", "nbit is not negative")?;
    r.f32("period")?;
    r.i32("threshold_type")?;
    r.vector("trained", Dtype::F32)?;
    let code_size = nbit.div_ceil(8);
    r.derive("code_size", Value::U64(code_size));
    invlists::read(r, ivf.nlist, code_size)
}

/// `Iwrq` (1 bit), `Iwrr`: RaBitQ codes. FAISS: `write_index`, `IndexIVFRaBitQ`.
pub(super) fn rabitq(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    quantizer::rabitq(r, ivf.header.d, found.tag.0 == *b"Iwrr")?;
    let code_size = r.u64("code_size")?;
    r.bool("by_residual")?;
    r.u8("qb")?;
    invlists::read(r, ivf.nlist, code_size)
}

/// `IwEd`, `IwEe`: EDEN codes. FAISS: `write_index`, `IndexIVFEDEN`.
pub(super) fn eden(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    let expected = quantizer::eden(r, ivf.header.d, found.tag.0 == *b"IwEe")?;
    let at = r.at();
    let code_size = r.u64("code_size")?;
    r.agree(at, "code_size", "code_size = sq.code_size", expected, code_size)?;
    r.bool("by_residual")?;
    invlists::read(r, ivf.nlist, code_size)
}

/// `Iwrf`, `Iwrn`: RaBitQ codes in blocks. FAISS: `write_index`, `IndexIVFRaBitQFastScan`.
///
/// `Iwrf` has the three layouts of `Irfs` (see [`Factors`]), told apart the same way: by the numbers
/// that follow and the tag of the inverted lists.
pub(super) fn rabitq_fast_scan(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    let layout = if found.tag.0 == *b"Iwrn" { Factors::None } else { rabitq_layout(r, ivf.header)? };
    quantizer::rabitq(r, ivf.header.d, layout.multi_bit())?;
    r.bool("by_residual")?;
    let code_size = r.u64("code_size")?;
    r.i32("bbs")?;
    r.u64("qbs2")?;
    r.u64("M2")?;
    r.i32("implem")?;
    r.u8("qb")?;
    r.bool("centered")?;
    layout.read(r, ivf.header.ntotal)?;
    invlists::read(r, ivf.nlist, code_size)
}

/// Which layout of `Iwrf` stands here, the IVF header being read.
fn rabitq_layout(r: &mut Reader<'_>, header: Header) -> Read<Factors> {
    for layout in [Factors::Bytes, Factors::Structs(12), Factors::Structs(8)] {
        // d, code_size, metric_type, and the number of bits; by_residual, code_size.
        let bbs_at: u64 = if layout.multi_bit() { 37 } else { 29 };
        let Some(bbs) = r.peek(bbs_at)?.map(i32::from_le_bytes) else { continue };
        let Some(m2) = r.peek_u64(bbs_at.saturating_add(12))? else { continue };
        let factors_at = bbs_at.saturating_add(26);
        let Some(factors) = r.peek_u64(factors_at)? else { continue };
        let width = if let Factors::Structs(width) = layout { width } else { 1 };
        let lists_at = factors_at.saturating_add(8).saturating_add(factors.saturating_mul(width));
        let Some([b'i', b'l', ..]) = r.peek::<4>(lists_at)? else { continue };
        if bbs > 0 && bbs % 32 == 0 && m2 == fast_scan_m2(header.d) {
            return Ok(layout);
        }
    }
    Ok(Factors::Bytes)
}

/// `IwIQ`: an IVF whose coarse quantizer works on other vectors than its lists. FAISS: `write_index`,
/// `IndexIVFIndependentQuantizer`.
///
/// Its own `ntotal` stays 0; a last `int` is stored only where the IVF inside is an IVFPQ.
pub(super) fn independent(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    header::read(r)?;
    r.index("quantizer")?;
    if r.bool("has_vt")? {
        r.transform("vt")?;
    }
    let at = r.at();
    let inside = r.index("index_ivf")?;
    if !inside.class.starts_with("IndexIVF") || inside.class == "IndexIVFIndependentQuantizer" {
        return r.fail(Error::invalid(at, "the index inside is an IVF", inside.class), "index_ivf");
    }
    if matches!(inside.class, "IndexIVFPQ" | "IndexIVFPQR") {
        r.i32("use_precomputed_table")?;
    }
    Ok(())
}
