//! The files that the bench works on: index files as FAISS lays them out, filled with random numbers.

use crate::run::must;
use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Dimensions of the vectors; a row is one KiB.
const D: u32 = 256;
const ROW: u64 = D as u64 * 4;

/// Everything that is measured on.
pub(crate) struct Files {
    home: PathBuf,
    /// 1 GiB of vectors: `IDMap2,Flat`, ids without order.
    pub(crate) index: PathBuf,
    /// A sealed snapshot of it.
    pub(crate) sealed: PathBuf,
    /// 4 GiB of zero vectors that take no room on disk, sealed in place.
    pub(crate) sparse: PathBuf,
}

impl Files {
    /// Make what is not there yet, below `home`. Snapshots are always made again: they come from the
    /// program that is measured.
    pub(crate) fn make(home: &Path, faissil: &Path) -> Result<Files, String> {
        std::fs::create_dir_all(home).map_err(|error| format!("cannot make {}: {error}", home.display()))?;
        let at = |name| home.join(name);
        let files = Files {
            index: at("random.faiss"),
            sealed: at("random.faissil"),
            sparse: at("sparse.faiss"),
            home: home.into(),
        };
        let wrote = |error| format!("cannot write index files in {}: {error}", home.display());
        if !files.index.exists() {
            write_random(&at("random.part"), &files.index, (1 << 30) / ROW).map_err(wrote)?;
        }
        write_sparse(&files.sparse, (4 << 30) / ROW).map_err(wrote)?;
        must(Command::new(faissil).arg("seal").arg(&files.sparse))?;
        std::fs::remove_file(&files.sealed).ok();
        must(Command::new(faissil).arg("save").args([&files.index, &files.sealed]).args(["--layout", "sealed"]))?;
        Ok(files)
    }

    /// A file that a run makes and the bench takes away.
    pub(crate) fn scratch(&self, name: &str) -> PathBuf {
        self.home.join(name)
    }
}

/// What every index starts with: code, `d`, `ntotal`, two constants, `is_trained`, metric L2
/// (FAISS 1.15.1, `impl/index_write.cpp`, `write_index_header`).
fn header(code: &[u8; 4], rows: u64) -> Vec<u8> {
    let mut out = code.to_vec();
    out.extend(D.to_le_bytes());
    out.extend(rows.to_le_bytes());
    out.extend((1u64 << 20).to_le_bytes());
    out.extend((1u64 << 20).to_le_bytes());
    out.push(1);
    out.extend(1u32.to_le_bytes());
    out
}

/// `IxM2` over `IxF2`: rows of floats in 1..2 that do not compress, ids in no order.
fn write_random(part: &Path, path: &Path, rows: u64) -> std::io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 20, File::create(part)?);
    out.write_all(&header(b"IxM2", rows))?;
    out.write_all(&header(b"IxF2", rows))?;
    out.write_all(&(rows * u64::from(D)).to_le_bytes())?;
    let mut state = 0x9E37_79B9_7F4A_7C15u64;
    let mut random = move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    };
    for _ in 0..rows * u64::from(D) / 2 {
        // Two floats at once: random mantissas under the exponent of 1.
        let floats = random() & 0x007F_FFFF_007F_FFFF | 0x3F80_0000_3F80_0000;
        out.write_all(&floats.to_le_bytes())?;
    }
    out.write_all(&rows.to_le_bytes())?;
    for _ in 0..rows {
        out.write_all(&(random() >> 1).to_le_bytes())?;
    }
    out.into_inner()?.sync_all()?;
    std::fs::rename(part, path)
}

/// `IxF2` of zeros: a header, and a hole for the rest.
fn write_sparse(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut start = header(b"IxF2", rows);
    start.extend((rows * u64::from(D)).to_le_bytes());
    let mut file = File::create(path)?;
    file.write_all(&start)?;
    file.set_len(start.len() as u64 + rows * ROW)
}
