//! FAISS's binary index format, read as an outline.
//!
//! [`outline`] walks a file and says where everything lies: which records, in what order, at which
//! bytes. It copies no vectors: the outline of a flat index of any size costs its first 45 bytes. An
//! [`Outliner`] does the same for a file that arrives in pieces.
//!
//! FAISS has no written specification. Each function cites the C++ that writes its record
//! (`impl/index_write.cpp`), checks what FAISS's own reader checks, and the workspace's tests hold all
//! of it against files made by 15 releases of FAISS; `docs/faiss-format.md` is the format in words.
//! [`TYPES`] is the table of everything that can stand in a file. Start at `flat.rs`; the other files
//! follow it.
//!
//! A file whose first tag is unknown is no FAISS index: an error. Whatever is wrong deeper in is the
//! outline's `fault`, beside all that could be read up to there. Untrained and empty indexes are
//! legitimate. `IndexShards`, `IndexReplicas` and other indexes that FAISS cannot write have no tag.

mod additive;
mod binary;
#[cfg(test)]
mod builder;
mod codes;
mod flat;
mod graph;
mod header;
mod invlists;
mod ivf;
mod quantizer;
mod reader;
mod svs;
mod transform;
mod types;
#[cfg(test)]
mod unseen;
mod walks;
mod wrap;

pub use types::{NULL, TYPES, Type, Version, find};

use crate::bytes::{Reading, Step};
use crate::error::Error;
use crate::outline::Outline;
use crate::window::{Read, Replay, Window};

/// A reading that makes the outline of a file.
pub struct Outliner(Replay<reader::Memory, Run>);

type Run = fn(&mut reader::Memory, &mut Window) -> Read<Outline>;

/// The outline of a file that is in memory.
///
/// # Errors
/// When the file does not start with a tag of an index: `Truncated`, `UnknownTag` or `MisplacedTag`. What
/// is wrong further in is [`Outline::fault`].
pub fn outline(file: &[u8]) -> Result<Outline, Error> {
    Outliner::new(file.len() as u64).over(file)
}

impl Outliner {
    /// A reading of a file of `file_len` bytes. Its errors are those of [`outline`].
    pub fn new(file_len: u64) -> Outliner {
        Outliner(Replay::new(file_len, reader::Memory::default(), reader::read))
    }
}

impl Reading for Outliner {
    type Output = Outline;

    fn step(&mut self) -> Result<Step<Outline>, Error> {
        self.0.step()
    }

    fn bring(&mut self, at: u64, bytes: &[u8]) {
        self.0.bring(at, bytes);
    }
}
