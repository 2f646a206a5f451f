//! Product, scalar, RaBitQ and EDEN quantizers: the members that several indexes share.

use super::reader::{Reader, member};
use crate::error::Error;
use crate::outline::{Dtype, Value};
use crate::window::Read;
use alloc::vec;

/// A product quantizer's numbers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Product {
    /// Subvectors.
    pub(super) m: u64,
    /// Bits of one code.
    pub(super) nbits: u64,
    /// Bytes of a vector's codes.
    pub(super) code_size: u64,
}

impl Product {
    /// Bytes of a vector's codes in `IndexPQ` before 1.5.2, where each code took whole bytes.
    pub(super) fn old_code_size(self) -> u64 {
        self.m.saturating_mul(if self.nbits <= 8 { 1 } else { 2 })
    }
}

/// A product quantizer, as the member `name`. FAISS: `write_ProductQuantizer`.
pub(super) fn product(r: &mut Reader<'_>, name: &str) -> Read<Product> {
    let d = r.u64(member(name, "d"))?;
    let m = r.u64(member(name, "M"))?;
    let at = r.at();
    let nbits = r.u64(member(name, "nbits"))?;
    if nbits > 24 {
        return r.fail(Error::invalid(at, "nbits of a product quantizer is 1..=24", nbits), &member(name, "nbits"));
    }
    let shape = vec![m, 1 << nbits, d.checked_div(m).unwrap_or(0)];
    let centroids = member(name, "centroids");
    if shape.iter().try_fold(1u64, |all, &n| all.checked_mul(n)) == d.checked_mul(1 << nbits) {
        r.exact_or_empty(centroids, Dtype::F32, shape, "centroids = d * 2^nbits")?;
    } else {
        r.exact_or_empty(centroids, Dtype::F32, vec![d, 1 << nbits], "centroids = d * 2^nbits")?;
    }
    let code_size = m.saturating_mul(nbits).div_ceil(8);
    r.derive(member(name, "code_size"), Value::U64(code_size));
    Ok(Product { m, nbits, code_size })
}

/// The names of `ScalarQuantizer::QuantizerType`, in the order of their numbers.
const SCALAR_TYPES: [&str; 27] = [
    "QT_8bit",
    "QT_4bit",
    "QT_8bit_uniform",
    "QT_4bit_uniform",
    "QT_fp16",
    "QT_8bit_direct",
    "QT_6bit",
    "QT_bf16",
    "QT_8bit_direct_signed",
    "QT_0bit",
    "QT_1bit_tqmse",
    "QT_2bit_tqmse",
    "QT_3bit_tqmse",
    "QT_4bit_tqmse",
    "QT_8bit_tqmse",
    "QT_2bit_tq",
    "QT_3bit_tq",
    "QT_4bit_tq",
    "QT_5bit_tq",
    "QT_1bit_eden",
    "QT_2bit_eden",
    "QT_3bit_eden",
    "QT_4bit_eden",
    "QT_5bit_eden",
    "QT_6bit_eden",
    "QT_7bit_eden",
    "QT_8bit_eden",
];

/// Floats that training makes for a scalar quantizer type over `d` dimensions.
fn scalar_trained(name: &str, d: u64) -> u64 {
    let table = |bits: u32| (2u64 << bits).saturating_sub(1); // centroids and the boundaries between them
    let bits = || name.bytes().find(u8::is_ascii_digit).map_or(0, |digit| u32::from(digit.saturating_sub(b'0')));
    match name {
        "QT_8bit_uniform" | "QT_4bit_uniform" => 2,
        "QT_8bit" | "QT_4bit" | "QT_6bit" => d.saturating_mul(2),
        _ if name.ends_with("_tqmse") || name.ends_with("_eden") => table(bits()),
        // One bit goes to the projection, whose seed and kind are the last three.
        _ if name.ends_with("_tq") => table(bits().saturating_sub(1)).saturating_add(3),
        _ => 0,
    }
}

/// A scalar quantizer, as the member `sq`. Gives its `code_size`. FAISS: `write_ScalarQuantizer`.
pub(super) fn scalar(r: &mut Reader<'_>, index_d: u64) -> Read<u64> {
    let qtype = super::header::int_as_count(r, "sq.qtype", "sq.qtype is not negative")?;
    r.i32("sq.rangestat")?;
    r.f32("sq.rangestat_arg")?;
    let at = r.at();
    let d = r.u64("sq.d")?;
    r.agree(at, "sq.d", "sq.d = d", index_d, d)?;
    let code_size = r.u64("sq.code_size")?;
    let name = usize::try_from(qtype).ok().and_then(|number| SCALAR_TYPES.get(number));
    match name {
        Some(name) => {
            let floats = scalar_trained(name, d);
            r.exact_or_empty("sq.trained", Dtype::F32, vec![floats], "what this sq.qtype trains")?;
            r.derive("sq.qtype_name", Value::Text((*name).into()));
        }
        None => {
            r.vector("sq.trained", Dtype::F32)?;
        }
    }
    Ok(code_size)
}

/// A RaBitQ quantizer, as the member `rabitq`. Gives its `code_size`. FAISS: `write_RaBitQuantizer`.
///
/// The tag says whether the number of bits is stored; where not, it is 1.
pub(super) fn rabitq(r: &mut Reader<'_>, index_d: u64, multi_bit: bool) -> Read<u64> {
    let at = r.at();
    let d = r.u64("rabitq.d")?;
    r.agree(at, "rabitq.d", "rabitq.d = d", index_d, d)?;
    let code_size = r.u64("rabitq.code_size")?;
    r.i32("rabitq.metric_type")?;
    if multi_bit {
        r.u64("rabitq.nb_bits")?;
    } else {
        r.derive("rabitq.nb_bits", Value::U64(1));
    }
    Ok(code_size)
}

/// An EDEN quantizer, as the member `sq`. Gives its `code_size`. FAISS: `write_EDENScalarQuantizer`.
///
/// `IxEd` and `IwEd` have no scale type.
pub(super) fn eden(r: &mut Reader<'_>, index_d: u64, scale_type: bool) -> Read<u64> {
    let at = r.at();
    let d = r.u64("sq.d")?;
    r.agree(at, "sq.d", "sq.d = d", index_d, d)?;
    let code_size = r.u64("sq.code_size")?;
    r.i32("sq.metric_type")?;
    let at = r.at();
    let bits = r.u64("sq.bits")?;
    if !(1..=8).contains(&bits) {
        return r.fail(Error::invalid(at, "bits of an EDEN quantizer is 1..=8", bits), "sq.bits");
    }
    if scale_type {
        r.i32("scale_type")?;
    }
    Ok(code_size)
}
