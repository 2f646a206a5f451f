//! Faissil on a machine with files: index files saved, verified, restored and explained.
//!
//! The core decides, this crate carries out: it opens files, brings the bytes that a reading of the
//! core asks for, hashes on all cores, and replaces files so that a crash leaves the old one or the
//! new one. Nothing here knows FAISS's grammar or the snapshot's layout.
//!
//! To use it, start at [`save`](save::save()), [`verify`](verify::verify()), [`load`](load::load()), [`salvage`](salvage::salvage()),
//! [`seal`](seal::seal()) and [`inspect`](inspect::inspect()); each does what the command of its name does, without the talk. To read on, start at
//! [`store`] (where bytes come from), [`drive`] (how a reading gets them) and [`replace`] (how a file is written);
//! [`parallel`] keeps the cores busy in bounded memory.
//!
//! # Example
//!
//! ```
//! use faissil::Layout;
//! use faissil::core::{ids::ExternalId, standin::StandIn};
//! use faissil::load::{Output, load};
//! use faissil::opened::Opened;
//! use faissil::save::{Additions, Input, save};
//! use faissil::verify::verify;
//!
//! let folder = tempfile::tempdir()?;
//! let [index, snapshot, again] = ["index.faiss", "index.faissil", "again.faiss"].map(|name| folder.path().join(name));
//!
//! // Two vectors of three dimensions under ids of their own, as FAISS would write them.
//! let ids = [ExternalId(700), ExternalId(7)];
//! let pieces: Result<Vec<_>, _> = StandIn::new(3, 1, 0.0, 2)?.pieces([vec![0; 24]], ids).collect();
//! std::fs::write(&index, pieces?.concat())?;
//!
//! let quiet = |_done: u64, _of: u64| {}; // no progress bar
//! save(&Input::Path(index.clone()), &snapshot, Layout::Sealed, &Additions::default(), &quiet)?;
//!
//! let opened = Opened::open(&snapshot)?;
//! let sealed = opened.snapshot.as_ref().expect("a snapshot was saved");
//! let verified = verify(&opened.file, sealed, folder.path(), &quiet)?;
//! assert!(verified.is_ok());
//!
//! load(&snapshot, &Output::Path(again.clone()), None, &quiet)?;
//! assert_eq!(std::fs::read(&again)?, std::fs::read(&index)?);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![deny(unsafe_code)]

pub mod append;
pub mod beside;
pub mod cache;
pub mod drive;
pub mod error;
pub mod fixture;
pub mod hashing;
pub mod health;
pub mod inspect;
pub mod judge;
pub mod load;
#[cfg(feature = "native")]
pub mod native;
pub mod opened;
pub mod parallel;
pub mod pull;
pub mod push;
pub mod remote;
pub mod repack;
pub mod replace;
pub mod salvage;
pub mod save;
pub mod seal;
pub mod sorting;
pub mod source;
pub mod store;
pub mod summing;
#[cfg(feature = "testing")]
pub mod testing;
pub mod vectors;
pub mod verify;
pub mod view;

pub use error::{Cause, Error};
pub use faissil_core as core;
pub use faissil_core::snapshot::{Digest, Layout};
#[cfg(feature = "native")]
pub use native::{Durability, Index, Live, Load, Save, load, load_owned, save};
