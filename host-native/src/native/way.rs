//! Whether the linked FAISS may have a stream, and how it gets at it.

use super::{
    crashes,
    ffi::{Family, Flags},
    index::{Residence, linked},
};
use crate::{Cause, judge};
use faissil_core::{
    describe,
    lists::Layout,
    outline::{self, Item, Outline, Record},
};

/// That the linked FAISS may be given this stream.
pub(super) fn admit(outline: &Outline) -> Result<(), Cause> {
    if let Some(fault) = &outline.fault {
        return Err(Cause::Fault(fault.clone()));
    }
    let (linked, floor) = (linked(), describe::floor(outline));
    let place = |path: &str, at: u64| match path {
        "" => format!("at byte {at}"),
        path => format!("in {path} at byte {at}"),
    };
    if linked < floor.version || floor.only && linked != floor.version {
        let which = if floor.only { "only" } else { "at least" };
        return Err(Cause::Refused(format!(
            "{} {} takes {which} FAISS {}, and this program has FAISS {linked}",
            floor.reason,
            place(&floor.path, floor.at),
            floor.version
        )));
    }
    if let Some(crash) = crashes::find(outline, linked) {
        let until = match crash.until {
            Some(until) => format!("FAISS {until} does not crash on it"),
            None => "no release is known that does not".into(),
        };
        return Err(Cause::Refused(format!(
            "{} {} ends the process of FAISS {linked}, or keeps it busy for ever; {until}",
            crash.what,
            place(&crash.path, crash.at),
        )));
    }
    if let [stored, ..] = judge::side_files(outline)[..] {
        return Err(Cause::Refused(format!(
            "its inverted lists are in another file, `{}`: FAISS has to find that file by its name",
            stored.escape_debug()
        )));
    }
    Ok(())
}

/// Whether it is an index of floats or of bits.
pub(super) fn family_of(outline: &Outline) -> Family {
    match outline.root.family {
        outline::Family::BinaryIndex => Family::Binary,
        _ => Family::Float,
    }
}

/// How FAISS gets at the bulk of a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Codes of flat storages and links of HNSW are mapped.
    MapCodes,
    /// Array inverted lists are mapped.
    MapLists,
    /// There is little that FAISS can map: it reads everything.
    Read,
}

impl Way {
    /// What FAISS 1.12.0 can do: it maps arrays that are `MaybeOwnedVector` (`impl/index_read.cpp`: `IndexFlatCodes::codes`,
    /// `HNSW::neighbors`, `IndexBinaryFlat::xb`) with one flag and array inverted lists (`OnDiskInvertedLists.cpp`) with another,
    /// and never both.
    pub(super) fn of(outline: &Outline) -> Way {
        let (mut codes, mut lists) = (0, 0);
        for record in outline.records() {
            for item in &record.items {
                match item {
                    Item::Array(array) if is_mapped(record, &array.name) => codes += array.span.len,
                    Item::Lists(found) if found.layout == Layout::Array => lists += found.span.len,
                    _ => {}
                }
            }
        }
        // With less than half of it mapped, one pass that reads and verifies at once is the faster.
        if (codes.max(lists)) < outline.end / 2 {
            return Way::Read;
        }
        if codes >= lists { Way::MapCodes } else { Way::MapLists }
    }

    /// What FAISS is told; `None` where it reads through the callback reader.
    pub(super) fn flags(self) -> Option<Flags> {
        match self {
            Way::MapCodes => Some(Flags::MapCodes),
            Way::MapLists => Some(Flags::MapLists),
            Way::Read => None,
        }
    }

    /// Where the vectors are afterwards.
    pub(super) fn residence(self) -> Residence {
        match self {
            Way::MapCodes => Residence::MappedFile,
            Way::MapLists => Residence::MappedLists,
            Way::Read => Residence::Memory,
        }
    }
}

/// Whether FAISS maps this array with `IO_FLAG_MMAP_IFC`. Those of fast-scan classes are `AlignedTable`s, which it copies.
fn is_mapped(record: &Record, array: &str) -> bool {
    match array {
        "codes" => !record.class.contains("FastScan"),
        "xb" | "hnsw.neighbors" => true,
        _ => false,
    }
}
