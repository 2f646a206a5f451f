//! Where an index can be had from: a file, or a server.
//!
//! A [`Source`] says what it can do, as the planner's [`Facts`], and gives pages of vectors and ids by the strategies that a plan
//! chose. It decides nothing: [`pull`](mod@crate::pull) makes the plan and carries it out, [`push`](mod@crate::push) reads a
//! [`FileSource`] in the same way. Local and remote are two sources, told apart by how they are named; neither stands in for the other.

mod file;
mod server;

pub use file::FileSource;
pub use server::{Place, ServerSource};

use crate::Cause;
use faissil_core::plan::{Facts, IdStep, Strategy};
use std::ops::Range;

/// Why rows did not come.
#[derive(Debug)]
pub enum Lost {
    /// The source does not give these rows in this way; others it may.
    Rows(String),
    /// Nothing more can be had.
    All(Cause),
}

/// The vectors that have arrived, and which ids are known: what a source works with that finds out ids by search.
pub trait Arrived {
    /// The vector of a row, little-endian float32.
    ///
    /// # Errors
    /// When it cannot be read.
    fn vector(&self, row: u64) -> Result<Vec<u8>, Cause>;

    /// The id of a row, if it is known.
    ///
    /// # Errors
    /// When it cannot be read.
    fn id(&self, row: u64) -> Result<Option<i64>, Cause>;

    /// Whether there is a vector to search with, and no id yet.
    fn wants(&self, row: u64) -> bool;

    /// Note the id of a row.
    ///
    /// # Errors
    /// When it cannot be written.
    fn note(&mut self, row: u64, id: i64) -> Result<(), Cause>;
}

/// An index that can be had, somehow.
pub trait Source {
    /// What it is called in a message.
    fn name(&self) -> String;

    /// What is known of it.
    fn facts(&self) -> &Facts;

    /// FAISS's number of the metric, and its argument.
    fn metric(&self) -> (i32, f32);

    /// The vectors of `rows`, at most a page of them, by this strategy, little-endian float32. `next` are those that will be asked
    /// for after them, so that the source may begin on them.
    ///
    /// # Errors
    /// [`Lost`].
    fn page(&mut self, strategy: Strategy, rows: Range<u64>, next: Option<Range<u64>>) -> Result<Vec<u8>, Lost>;

    /// The ids, by the strategy of this step, of the rows that have arrived and have none yet. What cannot be had is left unknown, and so is
    /// what would take more than `most` requests.
    ///
    /// # Errors
    /// When nothing more can be had.
    fn ids(&mut self, step: &IdStep, most: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause>;
}
