//! Faissil on a machine with files: index files saved, verified, restored and explained.
//!
//! The core decides, this crate carries out: it opens files, brings the bytes that a reading of the
//! core asks for, hashes on all cores, and replaces files so that a crash leaves the old one or the
//! new one. Nothing here knows FAISS's grammar or the snapshot's layout.
//!
//! Start at [`store`] (where bytes come from), [`drive`] (how a reading gets them) and [`replace`]
//! (how a file is written); [`parallel`] keeps all cores busy in bounded memory.

pub mod append;
pub mod beside;
pub mod drive;
pub mod error;
pub mod hashing;
pub mod inspect;
pub mod judge;
pub mod load;
pub mod look_up;
pub mod opened;
pub mod parallel;
pub mod replace;
pub mod save;
pub mod seal;
pub mod sorting;
pub mod store;
pub mod summing;
pub mod verify;

pub use error::{Cause, Error};
pub use faissil_core as core;
