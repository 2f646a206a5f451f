//! The centroid of a list: what its number means to the coarse quantizer.

use super::find::{place_of, storage};
use super::stored::{Coarse, Codes, Key, NoVectors};
use crate::decode::{Coding, codec_of};
use crate::outline::{Record, Value};
use alloc::{format, vec::Vec};

/// The coarse quantizer of an IVF.
///
/// # Errors
/// Why its centroids cannot be had.
pub(super) fn coarse_of(ivf: &Record) -> Result<Coarse, NoVectors> {
    let because = |why: &str| NoVectors::because(ivf, "cannot be decoded", why);
    let quantizer = ivf.child("quantizer").ok_or_else(|| NoVectors::unread(ivf))?;
    let d = quantizer.u64("d").unwrap_or(0);
    let coarse = match number_bits(quantizer) {
        Some(bits) => {
            let width = bits.div_ceil(8);
            if width > 8 {
                return Err(because("the numbers of its lists take more than 64 bits"));
            }
            let codec =
                codec_of(quantizer, width).map_err(|why| NoVectors::because(quantizer, "cannot be decoded", &why))?;
            Coarse { key: Key::Code(width), coding: Coding { codec, d, reverse: Vec::new() } }
        }
        None => {
            let storage = storage(quantizer)?;
            let (codes, width) = place_of(storage.record)?;
            let (coding, beside) = storage.coding(width)?;
            let (Codes::Rows(array), None, false) = (codes, beside, storage.is_mapped()) else {
                let class = quantizer.class;
                return Err(because(&format!(
                    "its lists are relative to centroids in {class}, which FAISS finds by a search or a map only"
                )));
            };
            Coarse { key: Key::Row { span: array.span, width }, coding }
        }
    };
    if coarse.coding.is_binary() || Some(coarse.coding.d_out()) != ivf.u64("d") {
        return Err(because("its centroids are of another dimension"));
    }
    Ok(coarse)
}

/// Bits of a list number, where it is a code itself.
fn number_bits(quantizer: &Record) -> Option<u64> {
    match quantizer.class {
        "MultiIndexQuantizer" => quantizer.u64("pq.M")?.checked_mul(quantizer.u64("pq.nbits")?),
        "ResidualCoarseQuantizer" => match quantizer.value("rq.nbits") {
            Some(Value::Many(bits)) => bits.iter().try_fold(0_u64, |sum, bits| sum.checked_add(bits.as_u64()?)),
            _ => Some(u64::MAX),
        },
        _ => None,
    }
}
