//! The room for FAISS: live indexes saved and loaded (feature `native`).
//!
//! [`save`] takes an index of the crate `faiss` and makes it a snapshot in one pass over FAISS's own memory. [`load`] verifies a
//! snapshot on all cores and gives back an [`Index`] that can be searched, mapped from the verified file wherever FAISS can
//! do that; [`load_owned`] gives back an ordinary index that can grow. [`Live`] serves the newest snapshot of a path.
//!
//! FAISS and `unsafe` are in here and nowhere else, and of `unsafe` all is in `ffi`. Nothing here knows the grammar of streams:
//! what a stream holds, whether it is whole and which FAISS reads it is asked of the core before FAISS sees a byte.

#[allow(unsafe_code, reason = "FAISS is C++")]
pub(crate) mod ffi;

mod check;
mod crashes;
mod index;
mod live;
mod load;
pub(crate) mod measure;
mod reader;
mod rebuild;
mod reconstructing;
mod save;
mod source;
mod way;
mod writer;

pub use check::{Checked, check};
pub use index::{Hits, Index, Provenance, RangeHits, Residence, Verification};
pub use live::{Event, Live, Opening};
pub use load::{Load, load, load_owned};
pub use rebuild::{Rebuilt, rebuild};
pub use save::{Binary, Durability, Float, Savable, Save, save, stream_of};
pub use source::LiveSource;

/// Version of the FAISS that this program is linked with: `1.12.0`.
pub fn faiss_version() -> String {
    ffi::version()
}
