//! Indexes that store a code of fixed size for each vector.

use super::header::{self, int_as_count};
use super::quantizer;
use super::reader::Reader;
use super::types::Type;
use crate::error::Error;
use crate::outline::{Dtype, Value};
use crate::window::Read;
use alloc::{vec, vec::Vec};

/// The rule for codes of all these.
pub(super) const CODES: &str = "codes = ntotal * code_size";

/// `IxPQ`, `IxPo`, `IxPq`: product quantizer codes. FAISS: `write_index`, `IndexPQ`.
///
/// `IxPQ` ends after the codes; it and `IxPo` were written before 1.2.1 and mean metric L2. Up to
/// 1.5.1 each code took whole bytes, so which `code_size` holds is seen from the number of codes.
pub(super) fn pq(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let pq = quantizer::product(r, "pq")?;
    let old = pq.old_code_size();
    let is_old = old != pq.code_size && header.ntotal > 0 && Some(r.count("codes")?) == header.ntotal.checked_mul(old);
    let code_size = if is_old { old } else { pq.code_size };
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    r.derive("code_size", Value::U64(code_size));
    if found.tag.0 != *b"IxPQ" {
        r.i32("search_type")?;
        r.bool("encode_signs")?;
        r.i32("polysemous_ht")?;
    }
    Ok(())
}

/// `IxSQ`: scalar quantizer codes. FAISS: `write_index`, `IndexScalarQuantizer`.
pub(super) fn scalar(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let code_size = quantizer::scalar(r, header.d)?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    r.derive("code_size", Value::U64(code_size));
    Ok(())
}

/// `IxHE`, `IxHe`: bits of random projections. FAISS: `write_index`, `IndexLSH`.
///
/// `IxHE` was written before 1.2.1 and counts its `code_size` in words of 8 bytes.
pub(super) fn lsh(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let nbits = int_as_count(r, "nbits", "nbits is not negative")?;
    r.bool("rotate_data")?;
    r.bool("train_thresholds")?;
    r.vector("thresholds", Dtype::F32)?;
    let at = r.at();
    let code_size = if found.tag.0 == *b"IxHE" {
        let bytes = int_as_count(r, "bytes_per_vec", "bytes_per_vec is not negative")?.saturating_mul(8);
        r.derive("code_size", Value::U64(bytes));
        bytes
    } else {
        int_as_count(r, "code_size", "code_size is not negative")?
    };
    r.agree(at, "code_size", "code_size = nbits / 8, rounded up", nbits.div_ceil(8), code_size)?;
    r.transform("rrot")?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    Ok(())
}

/// `Ix2L`: a coarse and a fine code. FAISS: `write_index`, `Index2Layer`.
pub(super) fn two_layer(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    r.index("quantizer")?;
    r.u64("q1.nlist")?;
    r.i8("q1.quantizer_trains_alone")?;
    let pq = quantizer::product(r, "pq")?;
    let first = r.u64("code_size_1")?;
    let at = r.at();
    let second = r.u64("code_size_2")?;
    if second != pq.old_code_size() {
        r.agree(at, "code_size_2", "code_size_2 = pq.code_size", pq.code_size, second)?;
    }
    let at = r.at();
    let code_size = r.u64("code_size")?;
    r.agree(at, "code_size", "code_size = code_size_1 + code_size_2", first.saturating_add(second), code_size)?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    Ok(())
}

/// `Imiq`: the coarse quantizer of an inverted multi-index. FAISS: `write_index`, `MultiIndexQuantizer`.
pub(super) fn multi_index(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    header::read(r)?;
    quantizer::product(r, "pq")?;
    Ok(())
}

/// `IPfs`: product quantizer codes in blocks. FAISS: `write_index`, `IndexPQFastScan`.
pub(super) fn pq_fast_scan(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    header::read(r)?;
    let pq = quantizer::product(r, "pq")?;
    for name in ["implem", "bbs", "qbs"] {
        r.i32(name)?;
    }
    r.u64("ntotal2")?;
    r.u64("M2")?;
    r.vector("codes", Dtype::U8)?;
    fast_scan_members(r, pq);
    r.derive("code_size", Value::U64(pq.code_size));
    Ok(())
}

/// Members of fast-scan indexes that follow from their product quantizer.
pub(super) fn fast_scan_members(r: &mut Reader<'_>, pq: quantizer::Product) {
    r.derive("M", Value::U64(pq.m));
    r.derive("nbits", Value::U64(pq.nbits));
    r.derive("ksub", Value::U64(1 << pq.nbits.min(24)));
}

/// `Ixrq` (1 bit), `Ixrr`: RaBitQ codes. FAISS: `write_index`, `IndexRaBitQ`.
pub(super) fn rabitq(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let code_size = quantizer::rabitq(r, header.d, found.tag.0 == *b"Ixrr")?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    r.exact_or_empty("center", Dtype::F32, vec![header.d], "center = d")?;
    r.u8("qb")?;
    r.derive("code_size", Value::U64(code_size));
    Ok(())
}

/// `IxEd`, `IxEe`: EDEN codes. FAISS: `write_index`, `IndexEDEN`.
pub(super) fn eden(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let code_size = quantizer::eden(r, header.d, found.tag.0 == *b"IxEe")?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    r.exact_or_empty("center", Dtype::F32, vec![header.d], "center = d")?;
    r.derive("code_size", Value::U64(code_size));
    Ok(())
}

/// `Irfs`, `Irfn`: RaBitQ codes in blocks. FAISS: `write_index`, `IndexRaBitQFastScan`.
///
/// `Irfs` was written in three layouts: 1.13.0 without a number of bits and with 8 bytes of factors a
/// row, 1.13.1 the same with 12, 1.13.2 with a number of bits and plain bytes. The first whose numbers
/// fit those that follow them is taken, in the order 1.13.2, 1.13.1, 1.13.0.
pub(super) fn rabitq_fast_scan(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let layout = if found.tag.0 == *b"Irfn" { Factors::None } else { fast_scan_layout(r, header)? };
    quantizer::rabitq(r, header.d, layout.multi_bit())?;
    r.exact_or_empty("center", Dtype::F32, vec![header.d], "center = d")?;
    r.u8("qb")?;
    layout.read(r, header.ntotal)?;
    r.i32("bbs")?;
    r.u64("ntotal2")?;
    r.u64("M2")?;
    r.u64("code_size")?;
    r.vector("codes", Dtype::U8)?;
    Ok(())
}

/// Where RaBitQ fast-scan indexes keep what corrects a distance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Factors {
    /// In the blocks: since 1.14.0.
    None,
    /// 1.13.2: bytes, `flat_storage`.
    Bytes,
    /// 1.13.0 and 1.13.1: structs of so many bytes, `factors_storage`.
    Structs(u64),
}

impl Factors {
    /// Whether the quantizer's number of bits is stored.
    pub(super) fn multi_bit(self) -> bool {
        !matches!(self, Factors::Structs(_))
    }

    /// The array of factors.
    pub(super) fn read(self, r: &mut Reader<'_>, ntotal: u64) -> Read<()> {
        match self {
            Factors::None => {}
            Factors::Bytes => {
                r.vector("flat_storage", Dtype::U8)?;
            }
            Factors::Structs(width) => {
                let at = r.at();
                let rows = r.tuples("factors_storage", Dtype::F32, width >> 2)?;
                if rows != 0 {
                    r.agree(at, "factors_storage", "factors_storage = ntotal", ntotal, rows)?;
                }
            }
        }
        Ok(())
    }
}

/// `M2` of a fast-scan RaBitQ index: four bits of a row are one sub-code, and there is an even number.
pub(super) fn fast_scan_m2(d: u64) -> u64 {
    d.div_ceil(4).div_ceil(2).saturating_mul(2)
}

/// Which layout of `Irfs` stands here, the header being read.
fn fast_scan_layout(r: &mut Reader<'_>, header: header::Header) -> Read<Factors> {
    for layout in [Factors::Bytes, Factors::Structs(12), Factors::Structs(8)] {
        // d, code_size, metric_type, and the number of bits.
        let center_at: u64 = if layout.multi_bit() { 28 } else { 20 };
        let Some(center) = r.peek_u64(center_at)? else { continue };
        if center != header.d && center != 0 {
            continue;
        }
        let factors_at = center_at.saturating_add(9).saturating_add(center.saturating_mul(4));
        let Some(factors) = r.peek_u64(factors_at)? else { continue };
        let width = if let Factors::Structs(width) = layout { width } else { 1 };
        let bbs_at = factors_at.saturating_add(8).saturating_add(factors.saturating_mul(width));
        let Some(bbs) = r.peek(bbs_at)?.map(i32::from_le_bytes) else { continue };
        let Some(m2) = r.peek_u64(bbs_at.saturating_add(12))? else { continue };
        if bbs > 0 && bbs % 32 == 0 && m2 == fast_scan_m2(header.d) {
            return Ok(layout);
        }
    }
    Ok(Factors::Bytes)
}

/// `IxLa`: a lattice on spheres; FAISS does not store the codes. FAISS: `write_index`, `IndexLattice`.
pub(super) fn lattice(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let at = r.at();
    let d = int_as_count(r, "lattice.d", "d is not negative")?;
    let nsq = int_as_count(r, "nsq", "nsq is not negative")?;
    let scale_nbit = int_as_count(r, "scale_nbit", "scale_nbit is not negative")?;
    let r2 = int_as_count(r, "zn_sphere_codec.r2", "r2 is not negative")?;
    let header = header::read(r)?;
    if header.d != d {
        return r.fail(Error::inconsistent(at, "both d of a lattice index agree", header.d, d), "lattice.d");
    }
    r.vector("trained", Dtype::F32)?;
    if let Some(dsq) = d.checked_div(nsq)
        && let Some(points) = points_on_sphere(dsq, r2)
    {
        let lattice_nbit = u64::from(points.max(1).next_power_of_two().trailing_zeros());
        let bits = lattice_nbit.saturating_add(scale_nbit).saturating_mul(nsq);
        r.derive("code_size", Value::U64(bits.div_ceil(8)));
    }
    Ok(())
}

/// How many points of the integer lattice of `d` dimensions lie at squared distance `r2` from 0.
///
/// `d` is a power of two in every lattice index: points of twice the dimension are pairs of points.
/// `None` where counting would take long or the number is beyond 63 bits.
fn points_on_sphere(d: u64, r2: u64) -> Option<u64> {
    // FAISS's lattices have some dozen; a file can hold thousands of them, and each is counted by itself.
    const MOST: usize = 64;
    let most = usize::try_from(r2).ok().filter(|&r2| r2 <= MOST && d.is_power_of_two())?;
    let mut points: Vec<u64> = vec![0; most.checked_add(1)?];
    let roots = (0..=most).map_while(|root| root.checked_mul(root));
    for square in roots {
        if let Some(n) = points.get_mut(square) {
            *n = if square == 0 { 1 } else { 2 };
        }
    }
    for _ in 0..d.trailing_zeros() {
        let mut double = Vec::with_capacity(points.len());
        for sum in 0..points.len() {
            let pairs = points.iter().zip(points.get(..=sum)?.iter().rev());
            double.push(
                pairs.take(sum.checked_add(1)?).try_fold(0u64, |all, (&a, &b)| all.checked_add(a.checked_mul(b)?))?,
            );
        }
        points = double;
    }
    points.last().copied().filter(|&n| n < 1 << 63)
}
