//! A coarse quantizer by itself: what the number of one of its vectors means.

use super::find::{place_of, storage};
use super::stored::{Coarse, Codes, Key, NoVectors};
use crate::outline::Record;
use alloc::format;

/// The coarse quantizer of an IVF, or of an `Index2Layer`.
///
/// # Errors
/// Why its centroids cannot be had.
pub(super) fn coarse_of(index: &Record) -> Result<Coarse<'_>, NoVectors> {
    let because = |why: &str| NoVectors::because(index, "cannot be decoded", why);
    let quantizer = index.child("quantizer").ok_or_else(|| NoVectors::unread(index))?;
    let storage = storage(quantizer)?;
    let (codes, width) = place_of(storage.record)?;
    let (coding, beside) = storage.coding(width)?;
    let class = quantizer.class;
    if matches!(codes, Codes::Lists(..)) || storage.is_mapped() {
        return Err(because(&format!(
            "its lists are relative to centroids in {class}, which FAISS finds by a search or a map only"
        )));
    }
    if beside.is_some() {
        return Err(because(&format!("its lists are relative to centroids in {class}, in the layout of FAISS 1.13")));
    }
    let key = match codes {
        Codes::Numbers => Key::Code(width),
        codes => Key::Row { codes, width, rows: storage.record.u64("ntotal").unwrap_or(0) },
    };
    if coding.is_binary() || Some(coding.d_out()) != index.u64("d") {
        return Err(because("its centroids are of another dimension"));
    }
    Ok(Coarse { key, coding })
}
