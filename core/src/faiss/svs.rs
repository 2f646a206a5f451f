//! Indexes of Intel's Scalable Vector Search, written by FAISS builds with SVS only.
//!
//! FAISS writes a header and then lets the other library write: a stream whose length is stored
//! nowhere. So the index header is read and all the rest of the file is one array, `svs`, kept whole. Behind
//! such an index nothing can be found: inside another index it is a fault.

use super::header;
use super::reader::Reader;
use super::types::Type;
use crate::error::{Error, Kind};
use crate::outline::Dtype;
use crate::window::Read;
use alloc::{format, vec};

/// `ISVD`, `ISV2`, `ILVQ`, `ISVL`: graphs; `ISVF`: raw vectors; `ISID`, `ISIQ`, `ISIL`: inverted files. FAISS:
/// `write_index`, `IndexSVSVamana`, `IndexSVSFlat`, `IndexSVSIVF`.
pub(super) fn any(r: &mut Reader<'_>, found: &'static Type) -> Read<()> {
    header::read(r)?;
    if r.is_inside() {
        let text = format!("`{}` ({}) ends where only its own library can tell", found.tag, found.class);
        return r.fail(Error::new(Kind::Unsupported(text.into()), r.at()), "svs");
    }
    let rest = r.left();
    r.array("svs", Dtype::U8, vec![rest], false)?;
    Ok(())
}
