//! Raw vectors. The model that the other files of the grammar follow.

use super::header;
use super::reader::Reader;
use super::types::Type;
use crate::error::Error;
use crate::outline::{Dtype, Value};
use crate::window::Read;
use alloc::vec;

/// `IxF2`, `IxFI`, `IxFl`: the vectors as they were added. FAISS: `write_index`, `IndexFlat`.
///
/// The count is in floats in every release, although the library keeps bytes since 1.7.3.
pub(super) fn flat(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    r.exact("codes", Dtype::F32, vec![header.ntotal, header.d], "floats = ntotal * d")?;
    r.derive("code_size", Value::U64(header.d.saturating_mul(4)));
    Ok(())
}

/// `IxFP` (L2), `IxFp` (inner product): vectors in whole batches, level by level, and sums to stop
/// early by. FAISS: `write_index`, `IndexFlatPanorama`. Its header is its own and has no metric.
pub(super) fn panorama(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    let d = header::dimension(r)?;
    let levels_at = r.at();
    let n_levels = r.u64("n_levels")?;
    let batch_at = r.at();
    let batch_size = r.u64("batch_size")?;
    if n_levels == 0 {
        return r.fail(Error::invalid(levels_at, "n_levels is positive", n_levels), "n_levels");
    }
    if batch_size == 0 {
        return r.fail(Error::invalid(batch_at, "batch_size is positive", batch_size), "batch_size");
    }
    let ntotal = header::ntotal(r)?;
    r.bool("is_trained")?;
    let code_size = d.saturating_mul(4);
    let slots = ntotal.div_ceil(batch_size).saturating_mul(batch_size);
    r.exact("codes", Dtype::U8, vec![slots, code_size], "codes = whole batches * d * 4")?;
    let levels = n_levels.saturating_add(1);
    r.exact("cum_sums", Dtype::F32, vec![slots, levels], "cum_sums = whole batches * (n_levels + 1)")?;
    r.derive("metric_type", Value::I32(i32::from(found.tag.0 == *b"IxFP")));
    r.derive("code_size", Value::U64(code_size));
    Ok(())
}
