//! What an outline says of how its codes decode.

use super::Codec;
use super::additive::{Additive, Split};
use super::eden::Eden;
use super::inner::Inner;
use super::product::Product;
use super::scalar::Scalar;
use super::signs::{Hash, SignBits};
use super::transform::Reverse;
use super::turbo::{Projection, Turbo};
use crate::bytes::Span;
use crate::outline::{Dtype, Record, Value};
use alloc::{borrow::Cow, boxed::Box, format, string::String, vec, vec::Vec};

/// Why codes are not decoded: the end of a sentence that starts with the record.
pub type Reason = Cow<'static, str>;

/// How codes of `width` bytes of this record decode: those of its rows, or of a coarse quantizer those of its list
/// numbers.
///
/// # Errors
/// What stands in the way; where FAISS cannot reconstruct either, that.
pub fn codec_of(record: &Record, width: u64) -> Result<Codec<Span>, Reason> {
    let codec = match record.class {
        "IndexScalarQuantizer" | "IndexIVFScalarQuantizer" => Codec::Scalar(scalar(record)?),
        "IndexPQ" | "IndexPQFastScan" | "IndexIVFPQ" | "IndexIVFPQR" | "IndexIVFPQFastScan" | "MultiIndexQuantizer" => {
            Codec::Product(product(record, "pq", width)?)
        }
        "IndexRaBitQ" | "IndexRaBitQFastScan" => Codec::SignBits(SignBits { center: center(record)? }),
        "IndexIVFRaBitQ" | "IndexIVFRaBitQFastScan" => Codec::SignBits(SignBits { center: None }),
        "IndexEDEN" => Codec::Eden(Eden { bits: bits(record, "sq.bits")?, center: center(record)? }),
        "IndexIVFEDEN" => Codec::Eden(Eden { bits: bits(record, "sq.bits")?, center: None }),
        "IndexLSH" => Codec::Hash(hash(record)?),
        class if class.contains("ResidualQuantizer") || class.contains("LocalSearchQuantizer") => {
            additive(record, width)?
        }
        "ResidualCoarseQuantizer" => additive(record, width)?,
        "IndexIVFSpectralHash" => {
            return Err(
                "its bits say on which side of many thresholds a value is; FAISS has no reconstruction of them".into(),
            );
        }
        _ => return Err("its codes are of a kind that is not known here".into()),
    };
    let needed = codec.least_width(record.u64("d").unwrap_or(0));
    if width < needed {
        return Err(format!("its codes need {needed} bytes a vector and have {width}").into());
    }
    Ok(codec)
}

impl<T> Codec<T> {
    /// Bytes that a code of `d` dimensions takes at least.
    fn least_width(&self, d: u64) -> u64 {
        let bits = |bits: u64| bits.saturating_mul(d).div_ceil(8);
        match self {
            Codec::Bytes => 0,
            Codec::Floats => bits(32),
            Codec::Scalar(scalar) => match scalar {
                Scalar::Range { bits: n, .. } | Scalar::Values { bits: n, .. } => bits((*n).into()),
                Scalar::Half | Scalar::Brain => bits(16),
                Scalar::Direct | Scalar::DirectSigned => bits(8),
                Scalar::Nothing => 0,
                Scalar::Turbo(turbo) => bits(1).saturating_mul((turbo.bits as u64).saturating_add(1)).saturating_add(8),
            },
            Codec::Product(product) => (product.m as u64).saturating_mul(product.bits.into()).div_ceil(8),
            // Which the bits in its codebooks say, once these are there.
            Codec::Additive(_) | Codec::Inner(_) => 0,
            Codec::SignBits(_) => bits(1).saturating_add(8),
            Codec::Hash(_) => bits(1),
            Codec::Eden(eden) => bits(eden.bits.into()).saturating_add(8),
            Codec::Sum(parts) => parts.iter().fold(0, |sum, (width, _)| sum.saturating_add(*width)),
        }
    }
}

/// The floats of an array, which must be as many as follows from the rest.
fn floats(record: &Record, name: &str, expected: Option<u64>) -> Result<Span, Reason> {
    let found = record.array(name).filter(|array| matches!(array.dtype, Dtype::F32 | Dtype::I32));
    let span = found.map(|array| array.span).unwrap_or_default();
    if span.is_empty() {
        return Err(format!("it is not trained: `{name}` is empty").into());
    }
    if expected.and_then(|floats| floats.checked_mul(4)).is_none_or(|bytes| bytes > span.len) {
        return Err(format!("`{name}` is shorter than the rest of it says").into());
    }
    Ok(Span::new(span.start, expected.unwrap_or(0).saturating_mul(4)))
}

fn bits(record: &Record, name: &str) -> Result<u32, Reason> {
    let bits = record.u64(name).and_then(|bits| u32::try_from(bits).ok());
    bits.filter(|bits| (1..=24).contains(bits)).ok_or_else(|| format!("`{name}` is no number of bits").into())
}

fn center(record: &Record) -> Result<Option<Span>, Reason> {
    match record.array("center") {
        Some(array) if !array.span.is_empty() => floats(record, "center", record.u64("d")).map(Some),
        _ => Ok(None),
    }
}

fn scalar(record: &Record) -> Result<Scalar<Span>, Reason> {
    let d = record.u64("sq.d").unwrap_or(0);
    let Some(Value::Text(name)) = record.value("sq.qtype_name") else {
        return Err("its scalar quantizer is of a type that is newer than FAISS 1.15".into());
    };
    let trained = |count: u64| floats(record, "sq.trained", Some(count));
    let range = |bits: u32| Ok(Scalar::Range { bits, is_uniform: false, trained: trained(d.saturating_mul(2))? });
    let digit = name.bytes().find(u8::is_ascii_digit).map_or(0, |digit| u32::from(digit.saturating_sub(b'0')));
    match name.as_str() {
        "QT_8bit" | "QT_6bit" | "QT_4bit" => range(digit),
        "QT_8bit_uniform" | "QT_4bit_uniform" => {
            Ok(Scalar::Range { bits: digit, is_uniform: true, trained: trained(2)? })
        }
        "QT_fp16" => Ok(Scalar::Half),
        "QT_bf16" => Ok(Scalar::Brain),
        "QT_8bit_direct" => Ok(Scalar::Direct),
        "QT_8bit_direct_signed" => Ok(Scalar::DirectSigned),
        "QT_0bit" if record.class == "IndexIVFScalarQuantizer" => Ok(Scalar::Nothing),
        "QT_0bit" => Err("it stores no byte of a vector: every one is 0 to FAISS".into()),
        _ if name.ends_with("_tqmse") || name.ends_with("_eden") => {
            Ok(Scalar::Values { bits: digit, trained: trained(1_u64.wrapping_shl(digit))? })
        }
        _ if name.ends_with("_tq") && digit >= 2 => {
            let bits = digit.saturating_sub(1);
            let floats = 2_u64.wrapping_shl(bits).saturating_add(2);
            let d = usize::try_from(d).unwrap_or(0);
            let bits = usize::try_from(bits).unwrap_or(0);
            Ok(Scalar::Turbo(Turbo { bits, d, trained: trained(floats)?, projection: Projection::Signs(Vec::new()) }))
        }
        other => Err(format!("its scalar quantizer is of the unknown type {other}").into()),
    }
}

/// The product quantizer `name` for codes of `width` bytes.
fn product(record: &Record, name: &str, width: u64) -> Result<Product<Span>, Reason> {
    let number = |member: &str| record.u64(&format!("{name}.{member}")).unwrap_or(0);
    let (d, m) = (number("d"), number("M"));
    let nbits = bits(record, &format!("{name}.nbits"))?;
    let dsub = d.checked_div(m).filter(|dsub| *dsub > 0 && dsub.checked_mul(m) == Some(d));
    let Some(dsub) = dsub else { return Err(format!("`{name}.M` does not divide its dimensions").into()) };
    if record.u64("d") != Some(d) {
        return Err(format!("`{name}` is of {d} dimensions, and it is not").into());
    }
    let ksub = 1_u64.wrapping_shl(nbits);
    let centroids = floats(record, &format!("{name}.centroids"), d.checked_mul(ksub))?;
    // Up to 1.5.1 each number took whole bytes.
    let packed = m.saturating_mul(nbits.into()).div_ceil(8);
    let whole = if nbits <= 8 { 1 } else { 2 };
    let is_old =
        width > packed && width == m.saturating_mul(whole) && nbits <= 16 && !record.class.ends_with("FastScan");
    let bits = if is_old { u32::try_from(whole.saturating_mul(8)).unwrap_or(8) } else { nbits };
    let size = |n: u64| usize::try_from(n).unwrap_or(usize::MAX);
    Ok(Product { m: size(m), dsub: size(dsub), ksub: size(ksub), bits, centroids })
}

/// The second quantizer of `IndexIVFPQR`, and the bytes of its codes.
///
/// # Errors
/// As [`codec_of`].
pub fn refinement(record: &Record) -> Result<(Codec<Span>, u64), Reason> {
    let width = record.u64("refine_pq.code_size").unwrap_or(0);
    Ok((Codec::Product(product(record, "refine_pq", width)?), width))
}

/// How codes of `width` bytes of an `Index2Layer` decode: the number of a vector of `quantizer`, and what is added to that.
///
/// # Errors
/// As [`codec_of`].
pub fn two_layer(record: &Record, width: u64, quantizer: Inner<Span>) -> Result<Codec<Span>, Reason> {
    let (first, second) = (record.u64("code_size_1").unwrap_or(0), record.u64("code_size_2").unwrap_or(0));
    if first.checked_add(second) != Some(width) {
        return Err("its two codes do not make up its code_size".into());
    }
    let fine = Codec::Product(product(record, "pq", second)?);
    Ok(Codec::Sum(Box::new([(first, Codec::Inner(Box::new(quantizer))), (second, fine)])))
}

/// The name of the additive quantizer of a class.
fn additive_name(class: &str) -> &'static str {
    match class {
        class if class.contains("ProductResidual") => "prq",
        class if class.contains("ProductLocalSearch") => "plsq",
        class if class.contains("LocalSearch") => "lsq",
        _ => "rq",
    }
}

fn additive(record: &Record, width: u64) -> Result<Codec<Span>, Reason> {
    let name = additive_name(record.class);
    let splits = if name.starts_with('p') {
        let quantizers = format!("{name}.quantizers[");
        let parts = record.children().filter(|child| child.role.starts_with(&quantizers));
        parts.map(|part| split(part, "")).collect::<Result<Vec<_>, _>>()?
    } else {
        vec![split(record, &format!("{name}."))?]
    };
    let d = splits.iter().fold(0_u64, |sum, split| sum.saturating_add(split.d as u64));
    if splits.is_empty() || Some(d) != record.u64("d") {
        return Err("its quantizers do not make up its dimensions".into());
    }
    Ok(Codec::Additive(Additive { width, splits }))
}

/// One additive quantizer, its members named behind `prefix`.
fn split(record: &Record, prefix: &str) -> Result<Split<Span>, Reason> {
    let name = |member: &str| -> String { format!("{prefix}{member}") };
    let d = record.u64(&name("d")).unwrap_or(0);
    let nbits = record.array(&name("nbits")).map(|array| array.span).unwrap_or_default();
    if nbits.is_empty() {
        return Err("it has no codebooks".into());
    }
    let entries = record.array(&name("codebooks")).and_then(|array| array.shape.first().copied());
    let codebooks = floats(record, &name("codebooks"), entries.and_then(|entries| entries.checked_mul(d)))?;
    Ok(Split { d: usize::try_from(d).unwrap_or(0), nbits, codebooks, books: Vec::new() })
}

/// What `IndexLSH` adds to its bits. A rotation is a transform like others.
fn hash(record: &Record) -> Result<Hash<Span>, Reason> {
    let (nbits, d) = (record.u64("nbits").unwrap_or(0), record.u64("d").unwrap_or(0));
    let is = |name: &str| record.value(name) == Some(&Value::Bool(true));
    if !is("rotate_data") && nbits != d {
        return Err(format!("FAISS leaves all but {nbits} of its {d} dimensions unset").into());
    }
    let thresholds = is("train_thresholds").then(|| floats(record, "thresholds", Some(nbits))).transpose()?;
    Ok(Hash { thresholds })
}

/// How this transform is undone, or of an `IndexLSH` its rotation.
///
/// # Errors
/// Why it cannot be.
pub fn reverse_of(transform: &Record) -> Result<Reverse<Span>, Reason> {
    let number = |name: &str| transform.u64(name).unwrap_or(0);
    let (d_in, d_out) = (number("d_in"), number("d_out"));
    if transform.value("is_trained") != Some(&Value::Bool(true)) {
        return Err("it is not trained".into());
    }
    match transform.class {
        "RemapDimensionsTransform" => Ok(Reverse::Remap { d_in, d_out, map: floats(transform, "map", Some(d_out))? }),
        "NormalizationTransform" => Ok(Reverse::Nothing { d: d_in }),
        "CenteringTransform" => Ok(Reverse::Centering { d: d_in, mean: floats(transform, "mean", Some(d_in))? }),
        "HadamardRotation" if d_in != d_out => {
            Err(format!("it makes {d_out} dimensions of {d_in}, which FAISS does not reverse").into())
        }
        "HadamardRotation" => {
            let seed = u32::try_from(number("seed")).unwrap_or(0);
            Ok(Reverse::Hadamard { d: d_in, seed })
        }
        "ITQTransform" => Err("FAISS does not reverse it".into()),
        _ => {
            let matrix = floats(transform, "A", d_in.checked_mul(d_out))?;
            let has_bias = transform.value("have_bias") == Some(&Value::Bool(true));
            let bias = has_bias.then(|| floats(transform, "b", Some(d_out))).transpose()?;
            Ok(Reverse::Linear { d_in, d_out, matrix, bias })
        }
    }
}
