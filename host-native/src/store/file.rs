//! A file on disk, held open.

use super::Store;
use crate::{Cause, Error};
use std::{
    fs, io,
    os::unix::fs::{FileExt, FileTypeExt, MetadataExt},
    path::{Path, PathBuf},
    time::SystemTime,
};

/// An open file, with its size and time of change at that moment.
#[derive(Debug)]
pub struct File {
    file: fs::File,
    path: PathBuf,
    len: u64,
    modified: Option<SystemTime>,
}

impl File {
    /// Open the regular file at `path` for reading.
    ///
    /// # Errors
    /// When it cannot be opened, or cannot be read at any place (a directory, a pipe).
    pub fn open(path: &Path) -> Result<File, Error> {
        // Opening a pipe waits for its other end: look before.
        let kind = fs::metadata(path).map_err(|error| Cause::from(error).reading(path))?.file_type();
        if kind.is_fifo() || kind.is_socket() || kind.is_char_device() {
            let cause = Cause::Refused("not a regular file, so it cannot be read at any place".into());
            return Err(cause.reading(path).hint("a stream is read from standard input, named `-`"));
        }
        let file = fs::File::open(path).map_err(|error| Cause::from(error).reading(path))?;
        File::from_open(file, path).map_err(|cause| cause.reading(path))
    }

    /// Take over an open file; `path` is its name in messages.
    ///
    /// # Errors
    /// When it is no regular file.
    pub fn from_open(file: fs::File, path: &Path) -> Result<File, Cause> {
        let data = file.metadata()?;
        if data.is_dir() {
            return Err(io::Error::from(io::ErrorKind::IsADirectory).into());
        }
        if !data.is_file() {
            return Err(Cause::Refused("not a regular file".into()));
        }
        Ok(File { len: data.len(), modified: data.modified().ok(), path: path.into(), file })
    }

    /// Its name, as it was opened.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The descriptor.
    pub fn file(&self) -> &fs::File {
        &self.file
    }

    /// Whether `other` is the same file, under whatever name.
    pub fn is_same(&self, other: &fs::Metadata) -> bool {
        self.file.metadata().is_ok_and(|own| own.dev() == other.dev() && own.ino() == other.ino())
    }

    /// That nobody has changed the file since it was opened.
    ///
    /// # Errors
    /// When its size or time of change is another one.
    pub fn check_unchanged(&self) -> Result<(), Cause> {
        let now = self.file.metadata()?;
        if now.len() != self.len || now.modified().ok() != self.modified {
            return Err(Cause::Refused(format!(
                "it was changed while it was being read (opened with {} bytes, now {})",
                self.len,
                now.len()
            )));
        }
        Ok(())
    }
}

impl Store for File {
    fn len(&self) -> u64 {
        self.len
    }

    fn read_at(&self, at: u64, out: &mut [u8]) -> Result<(), Cause> {
        match self.file.read_exact_at(out, at) {
            Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Err(Cause::Refused(format!(
                "it became shorter while it was being read: {} bytes at byte {at} are no longer there",
                out.len()
            ))),
            other => Ok(other?),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use faissil_core::Span;

    #[test]
    fn a_file_is_read_at_any_place_and_a_change_is_noticed() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("x");
        fs::write(&path, b"0123456789").unwrap();
        let file = File::open(&path).unwrap();
        assert_eq!(file.read(Span::new(3, 4)).unwrap(), b"3456");
        file.check_unchanged().unwrap();
        fs::write(&path, b"012").unwrap();
        assert!(file.check_unchanged().is_err());
        assert!(file.read(Span::new(3, 4)).unwrap_err().to_string().contains("became shorter"));
    }

    #[test]
    fn a_directory_is_named_as_one() {
        let dir = tempfile::tempdir().unwrap();
        let error = File::open(dir.path()).unwrap_err();
        assert_eq!(error.cause.to_string(), "is a directory");
    }
}
