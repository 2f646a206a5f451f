//! What every index starts with.

use super::reader::Reader;
use crate::error::Error;
use crate::limits;
use crate::window::Read;

/// The numbers of an index header that the fields after it must agree with.
#[derive(Debug, Clone, Copy)]
pub(super) struct Header {
    /// Dimension of the vectors; for binary indexes in bits.
    pub(super) d: u64,
    /// Vectors stored.
    pub(super) ntotal: u64,
    /// Whether it can take vectors.
    pub(super) is_trained: bool,
}

/// The header of a float index. FAISS: `write_index_header`.
///
/// The two fields after `ntotal` are 2^20 in every file and have no meaning. `metric_arg` is stored for
/// metrics above 1 only (1.5.3; before, there were no others).
pub(super) fn read(r: &mut Reader<'_>) -> Read<Header> {
    let d = dimension(r)?;
    let ntotal = ntotal(r)?;
    r.i64("dummy_1")?;
    r.i64("dummy_2")?;
    let is_trained = r.bool("is_trained")?;
    if metric(r)? > 1 {
        r.f32("metric_arg")?;
    }
    Ok(Header { d, ntotal, is_trained })
}

/// The header of a binary index, and its `code_size`. FAISS: `write_index_binary_header`.
///
/// `code_size` is `d / 8`, but 0 in the id maps that FAISS wrote up to 1.7.3.
pub(super) fn read_binary(r: &mut Reader<'_>, may_be_zero: bool) -> Read<(Header, u64)> {
    let at = r.at();
    let d = dimension(r)?;
    if d % 8 != 0 {
        return r.fail(Error::invalid(at, "d of a binary index is a multiple of 8", d), "d");
    }
    let at = r.at();
    let code_size = int_as_count(r, "code_size", "code_size is not negative")?;
    if code_size != d >> 3 && !(may_be_zero && code_size == 0) {
        r.agree(at, "code_size", "code_size = d / 8", d >> 3, code_size)?;
    }
    let ntotal = ntotal(r)?;
    let is_trained = r.bool("is_trained")?;
    metric(r)?;
    Ok((Header { d, ntotal, is_trained }, code_size))
}

/// `d`: FAISS refuses negative ones, and since 1.13.2 those above 2^20.
pub(super) fn dimension(r: &mut Reader<'_>) -> Read<u64> {
    let at = r.at();
    let d = int_as_count(r, "d", "d is not negative")?;
    if d > limits::MAX_DIMENSION {
        return r.fail(Error::limit(at, "the dimension of an index", limits::MAX_DIMENSION, d), "d");
    }
    Ok(d)
}

/// `ntotal`, which is not negative.
pub(super) fn ntotal(r: &mut Reader<'_>) -> Read<u64> {
    let at = r.at();
    let ntotal = r.i64("ntotal")?;
    match u64::try_from(ntotal) {
        Ok(ntotal) => Ok(ntotal),
        Err(_) => r.fail(Error::invalid(at, "ntotal is not negative", ntotal), "ntotal"),
    }
}

/// `metric_type`: 0 inner product, 1 L2, others since 1.5.3.
fn metric(r: &mut Reader<'_>) -> Read<i32> {
    let at = r.at();
    let metric = r.i32("metric_type")?;
    if metric < 0 {
        return r.fail(Error::invalid(at, "metric_type is not negative", metric), "metric_type");
    }
    Ok(metric)
}

/// An `int` field that counts something.
pub(super) fn int_as_count(r: &mut Reader<'_>, name: &'static str, rule: &'static str) -> Read<u64> {
    let at = r.at();
    let value = r.i32(name)?;
    match u64::try_from(value) {
        Ok(value) => Ok(value),
        Err(_) => r.fail(Error::invalid(at, rule, value), name),
    }
}
