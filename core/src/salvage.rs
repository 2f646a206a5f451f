//! An index without its damaged rows.
//!
//! When a digest says that bytes of a stream are wrong, the rows that lie elsewhere are still good.
//! [`Planner`] takes the outline of the stream and the [`Damaged`] spans, and makes a [`Plan`]: which rows
//! are left out, and of which [`Piece`]s, copied or new, the stream of the rest consists. That is a FAISS stream of
//! the same classes, with smaller counts. The plan is data: nothing is copied here, and a host streams the pieces
//! in bounded memory ([`Plan::find`], [`Plan::make`]).
//!
//! Rows can be taken out where each is a code of fixed size by itself: flat indexes and codes, id maps over them,
//! inverted lists (`holders.rs` has the list). What refers to rows by number goes as a whole: a graph, hash
//! tables, a direct map. Everything else that is damaged (a codebook, a coarse quantizer, a transform) is something
//! that all rows need: then the answer is a [`Refusal`] that names it. Header fields are not lost, they are written
//! again from the recorded outline beforehand ([`mend`]).
//!
//! Ids stay what they were. Where an index keeps none, its ids are row numbers, which shift when a row goes;
//! then the rest is wrapped into an `IndexIDMap2` that maps to the old numbers.

mod draft;
mod holders;
mod lists;
mod mend;
mod needed;
mod plan;
mod planner;
mod spans;

pub use mend::{Patch, mend, mend_sizes};
pub use plan::{Dropped, LeftOut, LostIds, Piece, Plan, Refusal};
pub use planner::Planner;
pub use spans::{Damaged, Runs};
