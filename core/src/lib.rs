//! The part of Faissil that needs no operating system.
#![no_std]

extern crate alloc;

pub mod asking;
pub mod attached;
pub mod bytes;
pub mod codec;
pub mod cut;
pub mod decode;
pub mod describe;
pub mod diff;
pub mod error;
pub mod faiss;
pub mod files;
pub mod health;
pub mod ids;
pub mod index;
pub mod inspect;
pub mod judge;
pub mod keep;
pub mod limits;
pub mod lists;
pub mod look_up;
pub mod names;
pub mod opened;
pub(crate) mod order;
pub mod outline;
mod place;
pub mod plan;
mod random;
pub mod recognise;
pub mod report;
pub mod salvage;
pub mod snapshot;
pub mod source;
pub mod standin;
pub mod text;
pub mod vectors;
pub mod verify;
pub mod window;

pub use bytes::{Reading, Span, Step};
pub use error::{Error, Kind};
