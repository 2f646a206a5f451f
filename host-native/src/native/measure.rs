//! What FAISS is going to write, found out without writing it.
//!
//! FAISS's writer runs once with a sink that keeps nothing but what an outline asks for: some hundred bytes,
//! whatever the size of the index, since FAISS hands its arrays over where they lie and nobody looks into them. So
//! a live index is held to the rules that index files are held to, by the same code, and its length is known before
//! the first byte is written.

use super::ffi::{self, Borrowed};
use crate::{Cause, drive::Onlooker, judge, store::Store};
use faissil_core::{
    Span,
    faiss::Outliner,
    outline::{Outline, Record},
};

/// The stream that an index will be.
#[derive(Debug)]
pub(crate) struct Measured {
    /// Its length in bytes.
    pub(crate) len: u64,
    /// Where everything will lie; complete and consistent.
    pub(super) outline: Outline,
}

/// Bytes that are kept of what has passed, for an outline that looks back.
const KEPT: u64 = 1 << 16;

/// More than any stream has; the outline's own `end` says where it stops.
const ENDLESS: u64 = 1 << 62;

/// What FAISS would write of `index`.
///
/// # Errors
/// When FAISS cannot write it, or writes it without its rows, when it contradicts itself, or when it would refer to lists that are nowhere. The message
/// names the rule.
pub(crate) fn measure(index: Borrowed<'_>) -> Result<Measured, Cause> {
    let mut onlooker = Onlooker::new(Outliner::new(ENDLESS))?;
    let mut tail = Tail { start: 0, bytes: Vec::new() };
    ffi::write(index, &mut |bytes| {
        onlooker.pass(tail.end(), bytes, &tail)?;
        tail.push(bytes);
        Ok(())
    })?;
    let len = tail.end();
    let mut outline = onlooker.finish(&tail)?;
    outline.file_len = len;
    if let Some(fault) = &outline.fault {
        return Err(Cause::Fault(fault.clone()));
    }
    if outline.end != len {
        let said = format!("FAISS wrote {len} bytes of an index that ends at byte {}", outline.end);
        return Err(Cause::Refused(said));
    }
    // Their codes stay where they are (`index_write.cpp`, `IndexLattice`, FAISS 1.12.0).
    let unwritten = |record: &&Record| record.class == "IndexLattice" && record.u64("ntotal") > Some(0);
    if let Some(lattice) = outline.records().into_iter().find(unwritten) {
        let rows = lattice.u64("ntotal").unwrap_or(0);
        return Err(Cause::Refused(format!("FAISS writes an {} without its {rows} rows", lattice.class)));
    }
    if judge::side_files(&outline).contains(&"") {
        return Err(Cause::Refused(
            "its inverted lists are mapped from a file that it does not name, so FAISS would write a reference to nothing \
             in their place; `load_owned` and `Load::load_into_memory` give one that can be saved, and the file that it was loaded \
             from can be copied"
                .into(),
        ));
    }
    Ok(Measured { len, outline })
}

/// The last bytes that passed.
struct Tail {
    start: u64,
    bytes: Vec<u8>,
}

impl Tail {
    fn end(&self) -> u64 {
        self.start + self.bytes.len() as u64
    }

    fn push(&mut self, bytes: &[u8]) {
        let end = self.end() + bytes.len() as u64;
        if bytes.len() as u64 >= KEPT {
            self.bytes.clear();
            self.bytes.extend_from_slice(&bytes[bytes.len() - KEPT as usize..]);
            self.start = end - KEPT;
            return;
        }
        self.bytes.extend_from_slice(bytes);
        let over = (self.bytes.len() as u64).saturating_sub(KEPT);
        // Not at every call: moving what is kept costs as much as keeping it.
        if over >= KEPT {
            self.bytes.drain(..over as usize);
            self.start += over;
        }
    }
}

impl Store for Tail {
    fn len(&self) -> u64 {
        self.end()
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        match at.checked_sub(self.start) {
            Some(from) => self.bytes.read_at(from, out),
            None => {
                let want = Span::new(at, out.len() as u64);
                Err(Cause::Refused(format!("the outline asks for bytes {want} again, which FAISS has written already")))
            }
        }
    }
}
