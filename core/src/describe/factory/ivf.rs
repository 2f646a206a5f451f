//! Words for indexes with a coarse quantizer: the part in front of the comma and what follows it.

use super::code::{batch, code, product};
use super::{Piece, by_class, describe, exact, float, loose, number, same_metric, transform};
use crate::describe::is_null;
use crate::outline::Record;
use crate::text::with_fraction;
use alloc::{
    format,
    string::{String, ToString},
};

pub(super) fn ivf(index: &Record) -> Piece {
    let code = match index.class {
        "IndexIVFFlat" => exact("Flat"),
        "IndexIVFFlatDedup" => exact("FlatDedup"),
        "IndexIVFFlatPanorama" => {
            number(index, "n_levels", |levels| format!("FlatPanorama{levels}")).and(batch(index.u64("batch_size"), 128))
        }
        "IndexIVFPQR" => {
            let eight = index.u64("pq.nbits") == Some(8) && index.u64("refine_pq.nbits") == Some(8);
            number(index, "pq.M", |m| format!("PQ{m}+"))
                .and(number(index, "refine_pq.M", |m| m.to_string()))
                .only_if(eight)
        }
        "IndexIVFSpectralHash" => spectral_hash(index),
        _ => match code(index) {
            Some(code) => code,
            None => return by_class(index),
        },
    };
    coarse(index).and(exact(",")).and(code)
}

/// The part in front of the comma: `IVF1024`, `IMI2x8`, `IVF1024_HNSW32`, `IVF1024(PQ8)`.
fn coarse(index: &Record) -> Piece {
    let Some(nlist) = index.u64("nlist") else { return loose("IVF") };
    let Some(quantizer) = index.child("quantizer").filter(|child| !is_null(child)) else {
        return loose(format!("IVF{nlist}(null)"));
    };
    let same = same_metric(index, quantizer);
    match quantizer.class {
        "IndexFlat" | "IndexFlatL2" | "IndexFlatIP" if same => exact(format!("IVF{nlist}")),
        "IndexHNSWFlat" if same => number(quantizer, "hnsw.M", |m| format!("IVF{nlist}_HNSW{m}")),
        "IndexNSGFlat" if same => number(quantizer, "nsg.R", |r| format!("IVF{nlist}_NSG{r}")),
        "MultiIndexQuantizer" => {
            let (m, bits) = (quantizer.u64("pq.M").unwrap_or(0), quantizer.u64("pq.nbits").unwrap_or(0));
            let lists = u32::try_from(bits.saturating_mul(2)).ok().and_then(|shift| 1_u64.checked_shl(shift));
            exact(format!("IMI{m}x{bits}")).only_if(m == 2 && same && lists == Some(nlist))
        }
        _ => describe(quantizer).only_if(same).map(|text| format!("IVF{nlist}({text})")),
    }
}

/// `ITQ8,SH2.0m`: `SH` has no number for -1e10, which means plain thresholds.
fn spectral_hash(index: &Record) -> Piece {
    let Some(vt) = index.child("vt") else { return loose("SH") };
    let bits = index.u64("nbit");
    let transform = match vt.class {
        "ITQTransform" => number(index, "nbit", |bits| format!("ITQ{bits}")).only_if(vt.u64("d_out") == bits),
        "PCAMatrix" => transform(vt, None).only_if(vt.u64("d_out") == bits && float(vt, "eigen_power") == Some(0.0)),
        _ => loose(vt.class),
    };
    let period = match float(index, "period") {
        Some(period) if period != -1e10 => with_fraction(period),
        _ => String::new(),
    };
    let threshold = match index.u64("threshold_type") {
        Some(0) => exact(""),
        Some(1) => exact("c"),
        Some(3) => exact("m"),
        _ => loose("(centroid half)"),
    };
    transform.and(exact(format!(",SH{period}"))).and(threshold)
}

pub(super) fn two_layer(index: &Record) -> Piece {
    let code = product(index, "pq");
    let first = match index.child("quantizer") {
        Some(q) if q.class == "MultiIndexQuantizer" => {
            number(q, "pq.M", |m| format!("Residual{m}")).and(number(q, "pq.nbits", |bits| format!("x{bits}")))
        }
        Some(q) if q.class == "IndexFlatL2" => number(index, "q1.nlist", |nlist| format!("Residual{nlist}")),
        _ => return by_class(index),
    };
    first.and(exact(",")).and(code)
}

pub(super) fn binary_ivf(index: &Record) -> Piece {
    let head = number(index, "nlist", |nlist| format!("BIVF{nlist}"));
    match index.child("quantizer") {
        Some(q) if q.class == "IndexBinaryFlat" => head,
        Some(q) if q.class == "IndexBinaryHNSW" => head.and(number(q, "hnsw.M", |m| format!("_HNSW{m}"))),
        Some(q) => head.and(loose(format!("({})", describe(q).text))),
        None => head.and(loose("(null)")),
    }
}
