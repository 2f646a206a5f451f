//! Where an index can be had from: a file, a server, or, with the feature `native`, FAISS in this process
//! (`faissil::native::LiveSource`).
//!
//! A [`Source`] says what it can do, as the planner's [`Facts`], and gives pages of vectors and ids by the strategies that a plan
//! chose. It decides nothing: [`pull`](mod@crate::pull) makes the plan and carries it out, for any source; [`push`](mod@crate::push) reads a
//! [`FileSource`]. Local and remote are two sources, told apart by how they are named; neither stands in for the other.

mod file;
mod server;

pub use file::FileSource;
#[cfg(feature = "native")]
pub(crate) use file::{metric_of, params_of};
pub use server::{Place, ServerSource};

use crate::{
    Cause, Error,
    parallel::Progress,
    save::{Additions, Saved},
};
use faissil_core::{
    plan::{Facts, IdStep, Strategy},
    snapshot::Layout,
};
use std::{
    ops::Range,
    path::Path,
    sync::{Arc, atomic::AtomicBool},
};

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

    /// Whether there is a vector.
    fn has_vector(&self, row: u64) -> bool;

    /// Whether there is no id yet.
    fn lacks_id(&self, row: u64) -> bool;

    /// Note the id of a row.
    ///
    /// # Errors
    /// When it cannot be written.
    fn note(&mut self, row: u64, id: i64) -> Result<(), Cause>;
}

/// Where rows were had from, for the recipe of a snapshot that stands for an index. Neither host, port nor key is in it.
#[derive(Debug, Clone, Default)]
pub struct Origin {
    /// In a sentence.
    pub text: String,
    /// What is known of the index: `class`, `factory` where FAISS's factory makes one like it, `nlist`, ...
    pub params: Vec<(&'static str, String)>,
}

/// An index that can be had, somehow.
pub trait Source {
    /// What it is called in a message.
    fn name(&self) -> String;

    /// What is known of it.
    fn facts(&self) -> &Facts;

    /// FAISS's number of the metric, and its argument.
    fn metric(&self) -> (i32, f32);

    /// What it is, for a recipe.
    fn origin(&self) -> Origin;

    /// What the user has to know.
    fn warnings(&self) -> &[String] {
        &[]
    }

    /// What ends everything once it is set.
    fn stop(&self) -> Arc<AtomicBool> {
        Arc::default()
    }

    /// The FAISS stream itself, as a snapshot at `output` ([`Strategy::NativeBytes`]).
    ///
    /// # Errors
    /// When it cannot be read or written. Then `output` is as it was.
    fn save_bytes(
        &mut self,
        output: &Path,
        layout: Layout,
        additions: &Additions,
        progress: Progress<'_>,
    ) -> Result<Saved, Error>;

    /// The vectors of `rows`, at most a page of them, by this strategy, little-endian float32. `next` are those that will be asked
    /// for after them, so that the source may begin on them.
    ///
    /// # Errors
    /// [`Lost`].
    fn page(&mut self, strategy: Strategy, rows: Range<u64>, next: Option<Range<u64>>) -> Result<Vec<u8>, Lost>;

    /// The ids, by the strategy of this step, of the rows that have none yet. What cannot be had is left unknown, and so is
    /// what would take more than `most` requests.
    ///
    /// # Errors
    /// When nothing more can be had.
    fn ids(&mut self, step: &IdStep, most: Option<u64>, arrived: &mut dyn Arrived) -> Result<(), Cause>;

    /// That it is the index that the facts are about, once everything has come.
    ///
    /// # Errors
    /// When it changed meanwhile.
    fn check_unchanged(&mut self) -> Result<(), Cause>;
}
