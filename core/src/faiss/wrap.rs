//! Indexes around another index: id maps, transforms, refinement.

use super::header::{self, int_as_count};
use super::reader::Reader;
use super::types::{NULL, Type};
use crate::outline::Dtype;
use crate::window::Read;
use alloc::{format, vec};

/// `null`: no index. FAISS: `write_index` of a null pointer, since 1.9.0.
pub(super) fn null(_: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    Ok(())
}

/// `IxMp`, `IxM2`: an index and the ids of its rows. FAISS: `write_index`, `IndexIDMap`.
pub(super) fn id_map(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let header = header::read(r)?;
    let at = r.at();
    let index = r.index("index")?;
    r.agree(at, "index", "ntotal of the index inside = ntotal of the id map", header.ntotal, index.ntotal)?;
    r.exact("id_map", Dtype::I64, vec![header.ntotal], "ids = ntotal")?;
    Ok(())
}

/// `IxPT`: transforms, applied one after the other, and the index behind them. FAISS: `write_index`,
/// `IndexPreTransform`.
pub(super) fn pre_transform(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    let mut d = header::read(r)?.d;
    let chain = int_as_count(r, "chain", "the number of transforms is not negative")?;
    for number in 0..chain {
        let (role, at) = (format!("chain[{number}]"), r.at());
        let transform = r.transform(role.clone())?;
        r.agree(at, &role, "d_in of a transform = dimension of what comes in", d, transform.d_in)?;
        d = transform.d_out;
    }
    let at = r.at();
    let index = r.index("index")?;
    if index.class != NULL {
        r.agree(at, "index", "d of the index inside = dimension of what the transforms give", d, index.d)?;
    }
    Ok(())
}

/// `IxRF`, `IxRP`: an index that finds candidates and one that ranks them. FAISS: `write_index`, `IndexRefine`.
///
/// What a reader ends up with depends on the second index.
pub(super) fn refine(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    header::read(r)?;
    r.index("base_index")?;
    let refine = r.index("refine_index")?;
    if found.tag.0 == *b"IxRF" && refine.class.starts_with("IndexFlat") {
        r.set_class("IndexRefineFlat");
    }
    r.f32("k_factor")?;
    Ok(())
}

/// `IRMf`, `IRMh`: an index over rows scaled to their own range. FAISS: `write_index`, `IndexRowwiseMinMax`.
pub(super) fn rowwise(r: &mut Reader<'_>, _: &'static Type) -> Read<()> {
    header::read(r)?;
    r.index("index")?;
    Ok(())
}
