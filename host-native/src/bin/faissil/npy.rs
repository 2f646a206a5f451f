//! A NumPy file, written in order or row by row in any order.

use faissil::{Cause, Error, replace::Replacement};
use std::{
    fs::File,
    io::{self, BufWriter, Seek, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

/// A NumPy file that is being written: its name is given when it is complete.
pub(crate) struct Npy {
    path: PathBuf,
    out: Target,
    /// Where the data starts.
    data: u64,
}

enum Target {
    File(BufWriter<File>, Replacement),
    Stdout(BufWriter<io::StdoutLock<'static>>),
    /// Standard output has no places to go back to: what comes in any order waits in a file without a name.
    Spool(File),
}

impl Npy {
    /// Begin the file at `path`, or standard output for `-`. `in_order`: it is written with [`Npy::write`] alone.
    pub(crate) fn create(path: &Path, dtype: &str, shape: &[u64], in_order: bool) -> Result<Npy, Error> {
        let writing = |error: io::Error| Cause::from(error).writing(path);
        let out = match (path.as_os_str() == "-", in_order) {
            (true, true) => Target::Stdout(BufWriter::new(io::stdout().lock())),
            (true, false) => Target::Spool(tempfile::tempfile().map_err(writing)?),
            (false, _) => {
                let replacement = Replacement::of(path)?;
                let file = replacement.file().try_clone().map_err(writing)?;
                Target::File(BufWriter::with_capacity(1 << 18, file), replacement)
            }
        };
        let header = header(dtype, shape);
        let mut npy = Npy { path: path.into(), out, data: header.len() as u64 };
        npy.write(&header)?;
        Ok(npy)
    }

    /// The next bytes.
    pub(crate) fn write(&mut self, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.out {
            Target::File(out, _) => out.write_all(bytes),
            Target::Stdout(out) => out.write_all(bytes),
            Target::Spool(out) => out.write_all(bytes),
        };
        written.map_err(|error| Cause::from(error).writing(&self.path))
    }

    /// Bytes that belong `at` bytes into the data. What is not written reads as zeros: the caller sees to it that
    /// all is.
    pub(crate) fn write_at(&mut self, at: u64, bytes: &[u8]) -> Result<(), Error> {
        let written = match &mut self.out {
            Target::File(_, replacement) => replacement.file().write_all_at(bytes, self.data + at),
            Target::Spool(out) => out.write_all_at(bytes, self.data + at),
            Target::Stdout(_) => Err(io::ErrorKind::NotSeekable.into()),
        };
        written.map_err(|error| Cause::from(error).writing(&self.path))
    }

    pub(crate) fn finish(self) -> Result<(), Error> {
        let path = self.path;
        let finished = match self.out {
            Target::File(out, replacement) => {
                out.into_inner().map_err(|error| Cause::from(error.into_error())).and_then(|_| replacement.commit())
            }
            Target::Stdout(mut out) => out.flush().map_err(Cause::from),
            Target::Spool(mut out) => {
                let copied = out.rewind().and_then(|()| io::copy(&mut out, &mut io::stdout().lock()));
                copied.map(|_| ()).map_err(Cause::from)
            }
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
