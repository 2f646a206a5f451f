//! Which ids FAISS may be asked to make vectors of.
//!
//! FAISS 1.12.0 looks an id up in an `IndexIDMap2` and in a direct map, and believes what it finds there; everywhere else the id is a row
//! whose bounds some classes do not check (`IndexFlat.cpp`, `reconstruct`: a negative one). So what an id means is found out
//! from the outline, rows are held against the number that there are, and a direct map is read once and held against the
//! lists before the first id goes through it.

use crate::{Cause, append::for_each_size, opened::Opened, store::Store};
use faissil_core::{
    Span,
    outline::{Array, Outline, Record},
};

/// What an id has to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Ids {
    /// A row, below this number.
    Below(u64),
    /// Anything: FAISS looks it up.
    LookedUp,
}

/// What an id of this index means to `reconstruct`.
///
/// # Errors
/// When FAISS cannot reconstruct from such an index, or would follow a null pointer.
pub(super) fn ids_of(outline: &Outline) -> Result<Ids, Cause> {
    of(&outline.root)
}

/// The same for a record.
pub(super) fn of(record: &Record) -> Result<Ids, Cause> {
    let inside = |role: &str| match record.child(role) {
        Some(inside) if inside.class != faissil_core::faiss::NULL => of(inside),
        _ => Err(Cause::Refused(format!("{} has no {role} to reconstruct from", record.class))),
    };
    let class = record.class;
    if class == "IndexIDMap2" {
        // Of what it finds it asks the index inside, by row.
        return inside("index").map(|_| Ids::LookedUp);
    }
    if class == "IndexIDMap" {
        let said = "IndexIDMap keeps no way from an id to its row; FAISS reconstructs by id from an IndexIDMap2";
        return Err(Cause::Refused(said.into()));
    }
    if class == "IndexPreTransform" {
        return inside("index");
    }
    if record.child("refine_index").is_some() {
        return Ok(Ids::Below(rows(inside("refine_index")?, record)));
    }
    if record.field("direct_map.type").is_some() {
        return Ok(Ids::LookedUp);
    }
    if ["IndexHNSW", "IndexNSG", "IndexNNDescent"].iter().any(|graph| class.starts_with(graph)) {
        return Ok(Ids::Below(rows(inside("storage")?, record)));
    }
    Ok(Ids::Below(record.u64("ntotal").unwrap_or(0)))
}

/// The fewer of the rows inside and those of the record itself.
fn rows(inside: Ids, record: &Record) -> u64 {
    let own = record.u64("ntotal").unwrap_or(0);
    match inside {
        Ids::Below(rows) => rows.min(own),
        Ids::LookedUp => own,
    }
}

/// That every entry of every direct map leads to a place in a list.
///
/// # Errors
/// The first that does not, with its byte.
pub(super) fn check_direct_maps(outline: &Outline, opened: &Opened) -> Result<(), Cause> {
    let stream = opened.stream();
    for record in outline.records() {
        let Some(lists) = record.lists() else { continue };
        let (array, pairs) = (record.array("direct_map.array"), record.array("direct_map.hashtable"));
        let filled = |array: &&Array| !array.span.is_empty();
        if array.filter(filled).or(pairs.filter(filled)).is_none() {
            continue;
        }
        let mut sizes = Vec::new();
        for_each_size(lists, &stream, |size| {
            sizes.push(size);
            Ok(())
        })?;
        for (array, width) in array.map(|array| (array, 8)).into_iter().chain(pairs.map(|pairs| (pairs, 16))) {
            check_places(array, width, &sizes, &stream)?;
        }
    }
    Ok(())
}

/// Each entry ends with the place: the list in the upper half, the offset in it in the lower (`DirectMap.h`, `lo_build`). -1 is none.
fn check_places(array: &Array, width: u64, sizes: &[u64], stream: &impl Store) -> Result<(), Cause> {
    const PAGE: u64 = 1 << 20;
    let mut at = array.span.start;
    while at < array.span.end() {
        let page = Span::between(at, array.span.end().min(at + PAGE));
        let bytes = stream.read(page)?;
        for (entry, number) in bytes.chunks_exact(width as usize).zip(0..) {
            let place = entry.last_chunk::<8>().map_or(-1, |place| i64::from_le_bytes(*place));
            let (list, offset) = (place >> 32, place & 0xFFFF_FFFF);
            let inside = usize::try_from(list).ok().and_then(|list| sizes.get(list));
            if place != -1 && inside.is_none_or(|size| offset.cast_unsigned() >= *size) {
                let at = at + number * width;
                return Err(Cause::Refused(format!(
                    "the direct map leads to entry {offset} of list {list} (byte {at}), which is not there"
                )));
            }
        }
        at = page.end();
    }
    Ok(())
}
