//! The files that the bench works on: index files as FAISS lays them out, filled with random numbers.

use crate::run::must;
use std::fs::File;
use std::io::{BufWriter, Seek, SeekFrom, Write};
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

    /// What `--web` needs besides: snapshots of 10 GiB that take little room, their ids in no order and with an id index,
    /// and a file of the rival's kind.
    pub(crate) fn make_for_web(&self, faissil: &Path) -> Result<(), String> {
        let wrote = |error| format!("cannot write files in {}: {error}", self.home.display());
        let rows = (10 << 30) / ROW;
        for (name, write) in [("flat10.faissil", write_map as fn(&Path, u64) -> _), ("lists10.faissil", write_lists)] {
            let path = self.home.join(name);
            write(&path, rows).map_err(wrote)?;
            must(Command::new(faissil).args(["seal", "--id-index"]).arg(&path))?;
        }
        write_tensors(&self.home.join("one.safetensors"), 1 << 30).map_err(wrote)
    }

    /// Where all of them are.
    pub(crate) fn home(&self) -> &Path {
        &self.home
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

/// Ids in no order, each once.
fn ids(rows: std::ops::Range<u64>) -> impl Iterator<Item = [u8; 8]> {
    // Odd, so no two rows have the same; 63 bits, so none is negative.
    rows.map(|row| (row.wrapping_mul(0x9E37_79B9_7F4A_7C15) >> 1).to_le_bytes())
}

/// `IxMp` over `IxF2` of zeros.
fn write_map(path: &Path, rows: u64) -> std::io::Result<()> {
    let mut start = header(b"IxMp", rows);
    start.extend(header(b"IxF2", rows));
    start.extend((rows * u64::from(D)).to_le_bytes());
    let mut file = File::create(path)?;
    file.write_all(&start)?;
    file.seek(SeekFrom::Current((rows * ROW).cast_signed()))?;
    let mut out = BufWriter::new(file);
    out.write_all(&rows.to_le_bytes())?;
    ids(0..rows).try_for_each(|id| out.write_all(&id))?;
    out.flush()
}

/// `IwFl`: 4096 lists of one length, vectors of zeros.
fn write_lists(path: &Path, rows: u64) -> std::io::Result<()> {
    const NLIST: u64 = 4096;
    let mut start = header(b"IwFl", rows);
    start.extend([NLIST, 1].map(u64::to_le_bytes).as_flattened());
    start.extend(header(b"IxF2", NLIST));
    start.extend((NLIST * u64::from(D)).to_le_bytes());
    start.resize(start.len() + (NLIST * ROW) as usize, 0);
    start.push(0); // no direct map
    start.extend(0u64.to_le_bytes());
    start.extend(b"ilar");
    start.extend([NLIST, ROW].map(u64::to_le_bytes).as_flattened());
    start.extend(b"full");
    start.extend(NLIST.to_le_bytes());
    start.extend((rows / NLIST).to_le_bytes().repeat(NLIST as usize));
    let mut out = BufWriter::new(File::create(path)?);
    out.write_all(&start)?;
    for list in 0..NLIST {
        out.seek(SeekFrom::Current((rows / NLIST * ROW).cast_signed()))?;
        let first = list * (rows / NLIST);
        ids(first..first + rows / NLIST).try_for_each(|id| out.write_all(&id))?;
    }
    out.flush()
}

/// A safetensors file with one tensor of zeros: the length of a JSON header, the header, the data.
fn write_tensors(path: &Path, len: u64) -> std::io::Result<()> {
    let rows = len / ROW;
    let head = format!(r#"{{"vectors":{{"dtype":"F32","shape":[{rows},{D}],"data_offsets":[0,{}]}}}}"#, rows * ROW);
    let mut file = File::create(path)?;
    file.write_all(&(head.len() as u64).to_le_bytes())?;
    file.write_all(head.as_bytes())?;
    file.set_len(8 + head.len() as u64 + rows * ROW)
}
