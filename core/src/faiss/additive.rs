//! Additive quantizers (residual, local search, products of both) and the indexes over their codes.

use super::codes::CODES;
use super::header;
use super::invlists;
use super::ivf::ivf_header;
use super::reader::{Reader, member};
use super::types::Type;
use crate::error::Error;
use crate::limits;
use crate::outline::{Dtype, Family, Value};
use crate::text::holds;
use crate::window::Read;
use alloc::{format, vec, vec::Vec};

/// Which additive quantizer an index has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Residual,
    LocalSearch,
    ProductResidual,
    ProductLocalSearch,
}

impl Kind {
    /// By the tag of an index.
    fn of(found: &Type) -> Kind {
        match found.class {
            class if holds(class, "ProductResidual") => Kind::ProductResidual,
            class if holds(class, "ProductLocalSearch") => Kind::ProductLocalSearch,
            class if holds(class, "LocalSearch") => Kind::LocalSearch,
            _ => Kind::Residual,
        }
    }

    /// FAISS's name of the member of the index.
    fn name(self) -> &'static str {
        match self {
            Kind::Residual => "rq",
            Kind::LocalSearch => "lsq",
            Kind::ProductResidual => "prq",
            Kind::ProductLocalSearch => "plsq",
        }
    }

    fn class(self) -> &'static str {
        match self {
            Kind::Residual => "ResidualQuantizer",
            Kind::LocalSearch => "LocalSearchQuantizer",
            Kind::ProductResidual => "ProductResidualQuantizer",
            Kind::ProductLocalSearch => "ProductLocalSearchQuantizer",
        }
    }
}

/// An additive quantizer's numbers.
#[derive(Debug, Clone, Copy)]
struct Additive {
    d: u64,
    /// Entries of all codebooks together.
    entries: u64,
    /// Bits of the codes of a vector, without a norm.
    bits: u64,
    /// Bytes of a vector's codes and norm.
    code_size: u64,
}

/// The additive quantizer of an index of dimension `index_d`.
fn quantizer(r: &mut Reader<'_>, kind: Kind, index_d: u64) -> Read<Additive> {
    let at = r.at();
    let aq = quantizer_at(r, kind, kind.name())?;
    if aq.d != index_d {
        let error = Error::inconsistent(at, "d of the additive quantizer = d", index_d, aq.d);
        return r.fail(error, &member(kind.name(), "d"));
    }
    Ok(aq)
}

/// An additive quantizer as the member `name`. FAISS: `write_ResidualQuantizer`, `write_LocalSearchQuantizer`,
/// `write_ProductAdditiveQuantizer`.
fn quantizer_at(r: &mut Reader<'_>, kind: Kind, name: &str) -> Read<Additive> {
    let aq = base(r, name)?;
    match kind {
        Kind::Residual => {
            r.i32(member(name, "train_type"))?;
            r.i32(member(name, "max_beam_size"))?;
        }
        Kind::LocalSearch => {
            for field in ["K", "train_iters", "encode_ils_iters", "train_ils_iters", "icm_iters"] {
                r.u64(member(name, field))?;
            }
            r.f32(member(name, "p"))?;
            r.f32(member(name, "lambd"))?;
            r.u64(member(name, "chunk_size"))?;
            r.i32(member(name, "random_seed"))?;
            r.u64(member(name, "nperts"))?;
            r.bool(member(name, "update_codebooks_with_double"))?;
        }
        Kind::ProductResidual => splits(r, aq, name, Kind::Residual)?,
        Kind::ProductLocalSearch => splits(r, aq, name, Kind::LocalSearch)?,
    }
    Ok(aq)
}

/// The quantizers of a product, one a run of dimensions.
fn splits(r: &mut Reader<'_>, aq: Additive, name: &str, kind: Kind) -> Read<()> {
    let at = r.at();
    let nsplits = r.u64(member(name, "nsplits"))?;
    if nsplits == 0 || aq.d.checked_rem(nsplits) != Some(0) {
        let error = Error::invalid(at, "nsplits divides the dimension", nsplits);
        return r.fail(error, &member(name, "nsplits"));
    }
    for number in 0..nsplits {
        let role = format!("{name}.quantizers[{number}]");
        r.part(role, kind.class(), Family::Part, |r| {
            let at = r.at();
            let part = quantizer_at(r, kind, "")?;
            r.agree(at, "d", "d of a split = d / nsplits", aq.d.checked_div(nsplits).unwrap_or(0), part.d)
        })?;
    }
    Ok(())
}

/// What all additive quantizers start with. FAISS: `write_AdditiveQuantizer`.
///
/// Codebooks are empty before training. `qnorm.codes` are floats with a count of floats.
fn base(r: &mut Reader<'_>, name: &str) -> Read<Additive> {
    let (d, nbits) = dimensions(r, name)?;
    r.bool(member(name, "is_trained"))?;
    codebooks(r, name, d, &nbits)?;
    let search_type = r.i32(member(name, "search_type"))?;
    r.f32(member(name, "norm_min"))?;
    r.f32(member(name, "norm_max"))?;
    if matches!(search_type, 6..=9) {
        r.vector(member(name, "qnorm.codes"), Dtype::F32)?;
    }
    if matches!(search_type, 8 | 9) {
        r.vector(member(name, "norm_tabs"), Dtype::F32)?;
    }
    let norm_bits = match search_type {
        3 => 32,
        4 | 6 | 8 | 9 => 8,
        5 | 7 => 4,
        _ => 0,
    };
    Ok(derived(r, name, d, &nbits, norm_bits))
}

/// `d`, `M` and the bits of each codebook.
fn dimensions(r: &mut Reader<'_>, name: &str) -> Read<(u64, Vec<u64>)> {
    let d = r.u64(member(name, "d"))?;
    let at = r.at();
    let m = r.u64(member(name, "M"))?;
    if m > limits::MAX_CODEBOOKS {
        let error = Error::limit(at, "codebooks of an additive quantizer", limits::MAX_CODEBOOKS, m);
        return r.fail(error, &member(name, "M"));
    }
    let at = r.at();
    let span = r.exact(member(name, "nbits"), Dtype::U64, vec![m], "nbits = M")?;
    let bytes = r.take_all(span).map_err(|stop| super::reader::inside(stop, &member(name, "nbits")))?;
    let nbits: Vec<u64> =
        bytes.chunks_exact(8).filter_map(|bytes| bytes.first_chunk().copied()).map(u64::from_le_bytes).collect();
    if let Some(bits) = nbits.iter().find(|&&bits| bits > 30) {
        return r.fail(Error::invalid(at, "bits of a codebook are 0..=30", bits), &member(name, "nbits"));
    }
    Ok((d, nbits))
}

/// The codebooks: none, or a row of floats an entry.
fn codebooks(r: &mut Reader<'_>, name: &str, d: u64, nbits: &[u64]) -> Read<()> {
    let path = member(name, "codebooks");
    let entries = entries(nbits);
    let at = r.at();
    let count = r.count(&path)?;
    match count.checked_div(entries) {
        // A product's rows are shorter: those of one split.
        Some(row) if count > 0 && row > 0 && row <= d && row.checked_mul(entries) == Some(count) => {
            r.array(path, Dtype::F32, vec![entries, row], true)?;
            Ok(())
        }
        _ if count == 0 => r.array(path, Dtype::F32, vec![0], true).map(|_| ()),
        _ => {
            let expected = entries.saturating_mul(d);
            r.fail(Error::inconsistent(at, "codebooks = entries * d", expected, count), &path)
        }
    }
}

fn entries(nbits: &[u64]) -> u64 {
    nbits.iter().fold(0u64, |sum, &bits| sum.saturating_add(1 << bits.min(30)))
}

/// Note what FAISS derives (`AdditiveQuantizer::set_derived_values`).
fn derived(r: &mut Reader<'_>, name: &str, d: u64, nbits: &[u64], norm_bits: u64) -> Additive {
    let bits = nbits.iter().fold(0u64, |sum, &bits| sum.saturating_add(bits));
    let tot_bits = bits.saturating_add(norm_bits);
    let code_size = tot_bits.div_ceil(8);
    if nbits.len() as u64 <= limits::MAX_SHOWN {
        r.derive(member(name, "nbits"), Value::Many(nbits.iter().map(|&bits| Value::U64(bits)).collect()));
    }
    r.derive(member(name, "tot_bits"), Value::U64(tot_bits));
    r.derive(member(name, "code_size"), Value::U64(code_size));
    Additive { d, entries: entries(nbits), bits, code_size }
}

/// The residual quantizer of 1.7.1, fields in another order, as the member `rq`. FAISS:
/// `read_ResidualQuantizer_old` without what 1.7.1 wrote with the index.
fn old_residual_quantizer(r: &mut Reader<'_>, index_d: u64) -> Read<(u64, Vec<u64>)> {
    let at = r.at();
    let (d, nbits) = dimensions(r, "rq")?;
    r.agree(at, "rq.d", "d of the additive quantizer = d", index_d, d)?;
    r.bool("rq.is_trained")?;
    r.i32("rq.train_type")?;
    r.i32("rq.max_beam_size")?;
    codebooks(r, "rq", d, &nbits)?;
    Ok((d, nbits))
}

/// `IxRQ`: what 1.7.1 wrote. FAISS: `read_index`. Its numbers for `search_type` are others: 2 stores a
/// float norm, 3 one of 8 bits.
pub(super) fn old_residual(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let (d, nbits) = old_residual_quantizer(r, header.d)?;
    let search_type = r.i32("rq.search_type")?;
    r.f32("rq.norm_min")?;
    r.f32("rq.norm_max")?;
    let norm_bits = match search_type {
        2 => 32,
        3 => 8,
        _ => 0,
    };
    derived(r, "rq", d, &nbits, norm_bits);
    let code_size = r.u64("code_size")?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    Ok(())
}

/// `IxRq`, `IxLS`, `IxPR`, `IxPL`: codes. FAISS: `write_index`, `IndexResidualQuantizer` and its kin.
pub(super) fn plain(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let aq = quantizer(r, Kind::of(found), header.d)?;
    let at = r.at();
    let code_size = r.u64("code_size")?;
    r.agree(at, "code_size", "code_size is that of the quantizer", aq.code_size, code_size)?;
    r.exact("codes", Dtype::U8, vec![header.ntotal, code_size], CODES)?;
    Ok(())
}

/// `ImRQ`: a coarse quantizer. FAISS: `write_index`, `ResidualCoarseQuantizer`.
///
/// 1.7.1 wrote its old order of fields under this tag; later releases cannot read that. The two are told apart by
/// where the count of the codebooks stands.
pub(super) fn coarse(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    if is_old_coarse(r)? {
        let (d, nbits) = old_residual_quantizer(r, header.d)?;
        derived(r, "rq", d, &nbits, 0);
    } else {
        let at = r.at();
        let aq = quantizer(r, Kind::Residual, header.d)?;
        if aq.bits < 64 && header.is_trained && aq.entries > 0 {
            r.agree(at, "rq.nbits", "ntotal = 2^bits", 1 << aq.bits, header.ntotal)?;
        }
    }
    r.f32("beam_factor")?;
    Ok(())
}

/// Whether the fields of 1.7.1 stand here, the header being read.
fn is_old_coarse(r: &mut Reader<'_>) -> Read<bool> {
    let Some((d, m)) = r.peek_u64(0)?.zip(r.peek_u64(8)?) else { return Ok(false) };
    if m > limits::MAX_CODEBOOKS {
        return Ok(false);
    }
    let mut entries = 0u64;
    for number in 0..m {
        let Some(bits) = r.peek_u64(number.saturating_mul(8).saturating_add(24))? else { return Ok(false) };
        entries = entries.saturating_add(1 << bits.min(30));
    }
    let after_is_trained = m.saturating_mul(8).saturating_add(25);
    let expected = entries.checked_mul(d);
    let (new, old) = (r.peek_u64(after_is_trained)?, r.peek_u64(after_is_trained.saturating_add(8))?);
    let fits = |count: Option<u64>| count == Some(0) || (count.is_some() && count == expected);
    Ok(!fits(new) && fits(old))
}

/// `ILfs`, `IRfs`, `IPLf`, `IPRf`: codes in blocks. FAISS: `write_index`, `IndexAdditiveQuantizerFastScan`.
pub(super) fn fast_scan(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    quantizer(r, Kind::of(found), header.d)?;
    for name in ["implem", "bbs", "qbs"] {
        r.i32(name)?;
    }
    for name in ["M", "nbits", "ksub", "code_size", "ntotal2", "M2"] {
        r.u64(name)?;
    }
    norms(r)?;
    r.vector("codes", Dtype::U8)?;
    Ok(())
}

/// How norms are scaled, in all fast-scan indexes over additive quantizers.
fn norms(r: &mut Reader<'_>) -> Read<()> {
    r.bool("rescale_norm")?;
    r.i32("norm_scale")?;
    r.u64("max_train_points")?;
    Ok(())
}

/// `IVLf`, `IVRf`, `NPLf`, `NPRf`: codes in blocks, in lists. FAISS: `write_index`,
/// `IndexIVFAdditiveQuantizerFastScan`.
pub(super) fn ivf_fast_scan(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    quantizer(r, Kind::of(found), ivf.header.d)?;
    r.bool("by_residual")?;
    for name in ["implem", "bbs", "qbs"] {
        r.i32(name)?;
    }
    for name in ["M", "nbits", "ksub"] {
        r.u64(name)?;
    }
    let code_size = r.u64("code_size")?;
    r.u64("qbs2")?;
    r.u64("M2")?;
    norms(r)?;
    invlists::read(r, ivf.nlist, code_size)
}

/// `IwLS`, `IwRQ`, `IwPL`, `IwPR`: codes in lists. FAISS: `write_index`, `IndexIVFAdditiveQuantizer`.
pub(super) fn ivf(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let ivf = ivf_header(r)?;
    let at = r.at();
    let code_size = r.u64("code_size")?;
    let aq = quantizer(r, Kind::of(found), ivf.header.d)?;
    r.agree(at, "code_size", "code_size is that of the quantizer", aq.code_size, code_size)?;
    r.bool("by_residual")?;
    r.i32("use_precomputed_table")?;
    invlists::read(r, ivf.nlist, code_size)
}
