//! The vectors of an index: where they lie, how they decode, and reading them.
//!
//! [`find`] looks at an outline alone. It answers [`Stored`], from which [`VectorStream`] reads rows as
//! little-endian floats and [`LabelStream`] their ids, or [`NoVectors`], a sentence that names the
//! record that is in the way and why. Floats that are stored as they are come out bit for bit; the panorama kinds
//! store each vector in pieces, and putting the pieces side by side gives every bit back. Codes are decoded
//! ([`crate::decode`]) on the way out, batch by batch; [`Stored::is_exact`] says which it is. Rows of a binary
//! index are its bits.
//!
//! A row is a position in the record that stores the vectors ([`Stored::record`]): the codes of an
//! `IndexFlat`, the entries of inverted lists from list 0 on. For an id map straight over either it is
//! the row that [`crate::ids`] means; behind more (a refinement, an id map over lists) it need not be,
//! which is why ids come from here together with the vectors.

mod coarse;
mod decoding;
mod find;
mod label;
mod run;
mod stored;
mod stream;

pub use find::{codes_of, find, find_codes, find_floats, find_plain};
pub use label::{FindRows, LabelStream, Labels};
pub use stored::{Beside, Coarse, Codes, Key, NoVectors, Stored};
pub use stream::{VectorBatch, VectorStream};
