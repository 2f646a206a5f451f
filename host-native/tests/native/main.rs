//! Live indexes, by the real FAISS (feature `native`).
#![cfg(feature = "native")]

mod changes;
mod live;
mod loading;
mod made;
mod rebuild;
mod round;
mod salvage;
mod saving;
mod source;
