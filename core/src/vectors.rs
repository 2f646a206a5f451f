//! Vectors that an index holds as plain float32: where they lie, and reading them.
//!
//! [`find`] looks at an outline alone. It answers [`Stored`], from which [`VectorStream`] reads rows as
//! little-endian floats and [`LabelStream`] their ids, or [`NotPlain`], a sentence that names the
//! record that holds something else and what that is. No code is decoded here: the panorama kinds
//! store each vector in pieces, and putting the pieces side by side gives every bit back.
//!
//! A row is a position in the record that stores the vectors ([`Stored::record`]): the codes of an
//! `IndexFlat`, the entries of inverted lists from list 0 on. For an id map straight over either it is
//! the row that [`crate::ids`] means; behind more (a refinement, an id map over lists) it need not be,
//! which is why ids come from here together with the vectors.

mod find;
mod label;
mod stream;

pub use find::{Codes, NotPlain, Stored, codes_of, find, find_codes};
pub use label::{FindRows, LabelStream, Labels};
pub use stream::{VectorBatch, VectorStream};
