//! Words for codes: how the vectors of an index are kept, as the factory's grammar has it.

use super::{Piece, exact, flag, loose, number};
use crate::outline::{Record, Value};
use alloc::{
    format,
    string::{String, ToString},
    vec::Vec,
};

/// The code that stands alone or behind `IVF1024,`, `HNSW32_`: `PQ16x4fs`, `SQ8`, `RQ3x4_Nqint8`.
pub(super) fn code(index: &Record) -> Option<Piece> {
    let ivf = index.class.starts_with("IndexIVF");
    let kind = index.class.strip_prefix(if ivf { "IndexIVF" } else { "Index" })?;
    Some(match kind {
        "ScalarQuantizer" => scalar(index),
        "PQ" => product(index, "pq"),
        "PQFastScan" => number(index, "pq.M", |m| format!("PQ{m}x4fs")).and(fast_scan(index, ivf)),
        "ResidualQuantizer" => residual_bits(index, "rq").map(|bits| format!("RQ{bits}")).and(norms(index, "rq")),
        "LocalSearchQuantizer" => equal_bits(index, "lsq").map(|bits| format!("LSQ{bits}")).and(norms(index, "lsq")),
        "ProductResidualQuantizer" => {
            split_bits(index, "prq").map(|bits| format!("PRQ{bits}")).and(norms(index, "prq"))
        }
        "ProductLocalSearchQuantizer" => {
            split_bits(index, "plsq").map(|bits| format!("PLSQ{bits}")).and(norms(index, "plsq"))
        }
        "ResidualQuantizerFastScan" => additive_fast_scan(index, "RQ", equal_bits(index, "rq"), "rq", ivf),
        "LocalSearchQuantizerFastScan" => additive_fast_scan(index, "LSQ", equal_bits(index, "lsq"), "lsq", ivf),
        "ProductResidualQuantizerFastScan" => additive_fast_scan(index, "PRQ", split_bits(index, "prq"), "prq", ivf),
        "ProductLocalSearchQuantizerFastScan" => {
            additive_fast_scan(index, "PLSQ", split_bits(index, "plsq"), "plsq", ivf)
        }
        "RaBitQ" => exact(format!("RaBitQ{}", bits_unless_one(index.u64("rabitq.nb_bits")))),
        "RaBitQFastScan" => {
            exact(format!("RaBitQfs{}", bits_unless_one(index.u64("rabitq.nb_bits")))).and(batch(index.u64("bbs"), 32))
        }
        "EDEN" => {
            let biased = if index.u64("scale_type") == Some(2) { "BIASED" } else { "" };
            exact(format!("EDEN{}{biased}", bits_unless_one(index.u64("sq.bits"))))
        }
        _ => return None,
    })
}

/// Bits of a code, left out when they are 1, as the factory has it.
fn bits_unless_one(bits: Option<u64>) -> String {
    bits.filter(|&bits| bits != 1).map_or_else(String::new, |bits| bits.to_string())
}

pub(super) fn product(index: &Record, name: &str) -> Piece {
    match (index.u64(&format!("{name}.M")), index.u64(&format!("{name}.nbits"))) {
        (Some(m), Some(8)) => exact(format!("PQ{m}")),
        (Some(m), Some(nbits)) => exact(format!("PQ{m}x{nbits}")),
        _ => loose("PQ"),
    }
}

/// `sq_types` of the factory; the uniform kinds and those of EDEN have no word there.
fn scalar(index: &Record) -> Piece {
    let words = ["SQ8", "SQ4", "SQ8_uniform", "SQ4_uniform", "SQfp16", "SQ8_direct", "SQ6", "SQbf16"];
    let later = [
        "SQ8_direct_signed",
        "SQ0",
        "SQtqmse1",
        "SQtqmse2",
        "SQtqmse3",
        "SQtqmse4",
        "SQtqmse8",
        "SQtq2",
        "SQtq3",
        "SQtq4",
        "SQtq5",
    ];
    let Some(qtype) = index.u64("sq.qtype") else { return loose("SQ") };
    let word = usize::try_from(qtype).ok().and_then(|at| words.iter().chain(&later).nth(at));
    match word {
        Some(word) => Piece { text: (*word).into(), exact: !matches!(qtype, 2 | 3) },
        None if (19..=26).contains(&qtype) => loose(format!("SQ{}_eden", qtype.saturating_sub(18))),
        None => loose(format!("SQ(qtype {qtype})")),
    }
}

/// What stands behind `x4fs`: `r` for residuals (only in an IVF), the batch unless it is 32.
fn fast_scan(index: &Record, ivf: bool) -> Piece {
    exact(if ivf && flag(index, "by_residual") { "r" } else { "" }).and(batch(index.u64("bbs"), 32))
}

pub(super) fn batch(size: Option<u64>, usual: u64) -> Piece {
    match size {
        Some(size) if size != usual => exact(format!("_{size}")),
        _ => exact(""),
    }
}

fn additive_fast_scan(index: &Record, word: &str, bits: Piece, name: &str, ivf: bool) -> Piece {
    let four = bits.text.ends_with("x4");
    bits.map(|bits| format!("{word}{bits}fs")).only_if(four).and(fast_scan(index, ivf)).and(norms(index, name))
}

/// The bits of every step of an additive quantizer.
fn steps(index: &Record, name: &str) -> Option<Vec<u64>> {
    match index.value(&format!("{name}.nbits"))? {
        Value::Many(values) => values.iter().map(Value::as_u64).collect(),
        _ => None,
    }
}

/// `3x4`, or `1x6_2x4` where steps differ.
pub(super) fn residual_bits(index: &Record, name: &str) -> Piece {
    let Some(steps) = steps(index, name).filter(|steps| !steps.is_empty()) else { return loose("?") };
    let runs: Vec<String> = steps
        .chunk_by(|a, b| a == b)
        .filter_map(|run| run.first().map(|bits| format!("{}x{bits}", run.len())))
        .collect();
    exact(runs.join("_"))
}

/// `2x4`: all steps have the same bits, else no factory makes it.
fn equal_bits(index: &Record, name: &str) -> Piece {
    let piece = residual_bits(index, name);
    let one_run = !piece.text.contains('_');
    piece.only_if(one_run)
}

/// `2x2x4`: splits, steps of each, bits.
fn split_bits(index: &Record, name: &str) -> Piece {
    let splits = index.u64(&format!("{name}.nsplits"));
    match (splits, steps(index, name)) {
        (Some(splits), Some(steps)) if splits > 0 => {
            let each = (steps.len() as u64).checked_div(splits).unwrap_or(0);
            let bits = steps.first().copied().unwrap_or(0);
            exact(format!("{splits}x{each}x{bits}")).only_if(steps.iter().all(|&step| step == bits))
        }
        _ => loose("?"),
    }
}

/// How norms are stored (`aq_search_type`). Without a word the factory takes none for L2 and
/// `LUT_nonorm` for other metrics.
fn norms(index: &Record, name: &str) -> Piece {
    let stored = index.u64(&format!("{name}.search_type")).unwrap_or(0);
    // `IxRQ` (FAISS 1.7.1) counts without `norm_from_LUT`, so its numbers from 2 on are one lower.
    let old = index.tag.is_some_and(|tag| tag.0 == *b"IxRQ");
    let search = if old && stored >= 2 { stored.saturating_add(1) } else { stored };
    let l2 = index.u64("metric_type") == Some(1);
    match search {
        0 if l2 => exact(""),
        1 if !l2 => exact(""),
        1 => exact("_Nnone"),
        3 => exact("_Nfloat"),
        4 => exact("_Nqint8"),
        5 => exact("_Nqint4"),
        6 => exact("_Ncqint8"),
        7 => exact("_Ncqint4"),
        8 => exact("_Nlsq2x4"),
        9 => exact("_Nrq2x4"),
        0 => loose("_decompress"),
        2 => loose("_Nfrom_LUT"),
        other => loose(format!("_N(search type {other})")),
    }
}
