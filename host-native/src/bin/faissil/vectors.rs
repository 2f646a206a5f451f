//! `faissil vectors`: vectors that are stored as plain float32, as a NumPy file.

use crate::{
    Outcome, args, say,
    talk::{self, print, print_json},
};
use faissil::{
    Cause, Error,
    core::{
        ids::{ExternalId, Row},
        vectors::{FindRows, Stored, VectorStream, find},
    },
    drive::{drive, drive_on},
    inspect::Index,
    opened::Opened,
    replace::Replacement,
};
use serde_json::json;
use std::{
    collections::BTreeSet,
    io::{self, BufWriter, Write},
    ops::Range,
    path::{Path, PathBuf},
};

/// Write the vectors of an index to a NumPy file, with no FAISS.
///
/// Vectors that are stored as plain float32 come out bit for bit: Flat, IVF Flat, HNSW, NSG and NNDescent over Flat, these behind id
/// maps, and the exact copy of a refinement. Rows are in the order in which the index stores them.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// The index file or snapshot
    file: PathBuf,
    /// The NumPy file to write, float32, one row a vector; `-` is standard output
    #[arg(short, long, value_name = "X.npy")]
    output: PathBuf,
    /// Write the ids of these rows, int64, to this NumPy file
    #[arg(long, value_name = "I.npy")]
    ids_out: Option<PathBuf>,
    /// Only the vectors with this id
    #[arg(long, value_name = "N", allow_hyphen_values = true, conflicts_with = "rows")]
    id: Vec<i64>,
    /// Only these rows
    #[arg(long, value_name = "A..B", value_parser = args::range)]
    rows: Option<Range<u64>>,
    /// Print what was written as JSON
    #[arg(long)]
    json: bool,
}

impl Args {
    pub(crate) fn run(self) -> Result<Outcome, Error> {
        if self.json && self.output.as_os_str() == "-" {
            return Err(Cause::Refused("--json prints there too".into()).of("cannot write vectors to standard output"));
        }
        let opened = Opened::open(&self.file)?;
        let reading = |cause: Cause| cause.reading(&self.file);
        let index = Index::of(&opened).map_err(reading)?;
        if let Some(missing) = &index.side_missing {
            return Err(reading(Cause::Refused(missing.clone())));
        }
        let stored = find(&index.outline)
            .map_err(|not| reading(Cause::Refused(not.reason)).hint("decoding needs FAISS: `index.reconstruct_n`"))?;
        let (stream, count, known) = self.choose(&index, &stored).map_err(reading)?;
        let written = self.write(&index, &stored, stream, count, known);
        let count = written?;
        let (vectors, d) = (self.output.display().to_string(), stored.d);
        let ids = self.ids_out.as_ref().map(|path| path.display().to_string());
        if self.json {
            print_json(&json!({
                "file": self.file.display().to_string(),
                "output": vectors,
                "ids_output": ids,
                "rows": count,
                "d": d,
                "dtype": "float32",
            }))?;
        } else if self.output.as_os_str() != "-" {
            let ids = ids.map_or_else(String::new, |ids| format!(", their ids to {ids}"));
            print(&format!("wrote {} vectors of {d} float32 to {vectors}{ids}", say::count(count)))?;
        }
        match &index.outline.fault {
            None => Ok(Outcome::Good),
            Some(fault) => Err(reading(fault.clone().into())),
        }
    }

    /// The vectors that are asked for, how many they are, and their ids if those led to them.
    fn choose<'s>(
        &self,
        index: &Index<'_>,
        stored: &Stored<'s>,
    ) -> Result<(VectorStream<'s>, u64, Option<Vec<ExternalId>>), Cause> {
        let with_ids = self.ids_out.is_some();
        let files = index.files();
        if !self.id.is_empty() {
            let wanted: BTreeSet<i64> = self.id.iter().copied().collect();
            talk::note(&format!("looking through the ids of {} rows", say::count(stored.rows)));
            let ids = wanted.iter().map(|&id| ExternalId(id));
            let mut found: Vec<(Row, ExternalId)> = drive(FindRows::new(stored, files, ids), &index.joined())?;
            found.sort_unstable();
            let there: BTreeSet<i64> = found.iter().map(|(_, id)| id.0).collect();
            let missing: Vec<String> = wanted.difference(&there).take(10).map(i64::to_string).collect();
            if !missing.is_empty() {
                return Err(Cause::Refused(format!("no vector has the id {}", missing.join(", "))));
            }
            let rows: Vec<Row> = found.iter().map(|(row, _)| *row).collect();
            let ids = found.into_iter().map(|(_, id)| id).collect();
            let count = rows.len() as u64;
            return Ok((VectorStream::rows(stored, files, rows, false), count, Some(ids)));
        }
        let rows = match &self.rows {
            None => 0..stored.rows,
            Some(rows) if rows.start > stored.rows => {
                return Err(Cause::Refused(format!("there are {} rows, so none from {}", stored.rows, rows.start)));
            }
            Some(rows) => rows.start..rows.end.min(stored.rows),
        };
        let count = rows.end - rows.start;
        Ok((VectorStream::new(stored, files, [rows], with_ids), count, None))
    }

    fn write(
        &self,
        index: &Index<'_>,
        stored: &Stored<'_>,
        mut stream: VectorStream<'_>,
        count: u64,
        known: Option<Vec<ExternalId>>,
    ) -> Result<u64, Error> {
        let reading = |cause: Cause| cause.reading(&self.file);
        let mut vectors = Npy::create(&self.output, "<f4", &[count, stored.d])?;
        let mut ids = self.ids_out.as_ref().map(|path| Npy::create(path, "<i8", &[count])).transpose()?;
        let joined = index.joined();
        let mut bytes = 0;
        while let Some(batch) = drive_on(&mut stream, &joined).map_err(reading)? {
            vectors.write(&batch.floats)?;
            bytes += batch.floats.len() as u64;
            if let Some(ids) = &mut ids {
                for id in &batch.ids {
                    ids.write(&id.0.to_le_bytes())?;
                }
            }
        }
        if let (Some(ids), Some(known)) = (&mut ids, known) {
            for id in known {
                ids.write(&id.0.to_le_bytes())?;
            }
        }
        if bytes != count * stored.row_bytes {
            let said = format!("{count} rows of {} bytes were expected, {bytes} bytes came", stored.row_bytes);
            return Err(reading(Cause::Damage(said)));
        }
        if let Some(ids) = ids {
            ids.finish()?;
        }
        vectors.finish()?;
        Ok(count)
    }
}

/// A NumPy file that is being written: its name is given when it is complete.
struct Npy {
    path: PathBuf,
    out: Target,
}

enum Target {
    File(BufWriter<std::fs::File>, Replacement),
    Stdout(BufWriter<io::StdoutLock<'static>>),
}

impl Npy {
    fn create(path: &Path, dtype: &str, shape: &[u64]) -> Result<Npy, Error> {
        let out = if path.as_os_str() == "-" {
            Target::Stdout(BufWriter::new(io::stdout().lock()))
        } else {
            let replacement = Replacement::of(path)?;
            let file = replacement.file().try_clone().map_err(|error| Cause::from(error).writing(path))?;
            Target::File(BufWriter::with_capacity(1 << 18, file), replacement)
        };
        let mut npy = Npy { path: path.into(), out };
        npy.write(&header(dtype, shape))?;
        Ok(npy)
    }

    fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.out {
            Target::File(out, _) => out.write_all(bytes),
            Target::Stdout(out) => out.write_all(bytes),
        };
        written.map_err(|error| Cause::from(error).writing(&self.path))
    }

    fn finish(self) -> Result<(), Error> {
        let path = self.path;
        let finished = match self.out {
            Target::File(out, replacement) => {
                out.into_inner().map_err(|error| Cause::from(error.into_error())).and_then(|_| replacement.commit())
            }
            Target::Stdout(mut out) => out.flush().map_err(Cause::from),
        };
        finished.map_err(|cause| cause.writing(&path))
    }
}

/// The head of a NumPy file, version 1.0 (`numpy/lib/format.py`): magic, length, and a Python literal, padded so that
/// the data starts at a multiple of 64.
fn header(dtype: &str, shape: &[u64]) -> Vec<u8> {
    let mut shape = shape.iter().map(u64::to_string).collect::<Vec<_>>().join(", ");
    if !shape.contains(',') {
        shape.push(',');
    }
    let mut text = format!("{{'descr': '{dtype}', 'fortran_order': False, 'shape': ({shape}), }}");
    while !(10 + text.len() + 1).is_multiple_of(64) {
        text.push(' ');
    }
    text.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend((text.len() as u16).to_le_bytes());
    out.extend(text.as_bytes());
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_header_is_what_numpy_writes() {
        let header = header("<f4", &[3, 8]);
        assert_eq!(header.len() % 64, 0);
        assert_eq!(&header[..10], b"\x93NUMPY\x01\x00v\x00");
        assert!(header[10..].starts_with(b"{'descr': '<f4', 'fortran_order': False, 'shape': (3, 8), }"));
        assert!(header.ends_with(b" \n"));
    }
}
