//! Files that belong beside another: the side file of on-disk inverted lists, and attachments on
//! their way out.
//!
//! A name that comes out of a file is a claim by a stranger. It is used as one plain name in one
//! known directory, or not at all: no path, no link, no other file's contents overwritten.

pub use faissil_core::names::{base_name, plain_name};

use crate::{
    Cause,
    store::{File, Store},
};
use rustix::fs::OFlags;
use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Open the side file that the index at `index` names: the regular file of that base name in the
/// same directory, never through a link.
///
/// # Errors
/// When there is none. The caller decides whether that matters.
pub fn open_side_file(index: &Path, stored: &str) -> Result<File, Cause> {
    open_plain(&crate::replace::directory_of(index).join(base_name(stored)?))
}

/// Open the regular file at `path`, which must not be a link.
fn open_plain(path: &Path) -> Result<File, Cause> {
    let kind = fs::symlink_metadata(path)?.file_type();
    if kind.is_symlink() {
        return Err(Cause::Refused("it is a link, and links are not followed".into()));
    }
    if !kind.is_file() {
        return Err(Cause::Refused("not a regular file".into()));
    }
    let flags = OFlags::NOFOLLOW | OFlags::NONBLOCK;
    let file = fs::File::options().read(true).custom_flags(flags.bits().cast_signed()).open(path)?;
    File::from_open(file, path)
}

/// What stands where a file is to be put.
#[derive(Debug, PartialEq, Eq)]
pub enum Place {
    /// Nothing: it can be written.
    Free(PathBuf),
    /// The same bytes already: nothing to do.
    Same(PathBuf),
}

/// Where a file of `len` bytes with BLAKE3 `digest` goes under `name` in `directory`.
///
/// # Errors
/// When the name is unsafe, or something else stands there: that is never overwritten.
pub fn place(directory: &Path, name: &str, len: u64, digest: &blake3::Hash) -> Result<Place, Cause> {
    place_at(directory.join(plain_name(name)?), len, digest)
}

/// The same for a path that the user chose, whose name is no stranger's.
///
/// # Errors
/// When something else stands there.
pub fn place_at(path: PathBuf, len: u64, digest: &blake3::Hash) -> Result<Place, Cause> {
    match fs::symlink_metadata(&path) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Place::Free(path)),
        Err(error) => return Err(error.into()),
        Ok(_) => {}
    }
    let same = open_plain(&path).and_then(|file| Ok(file.len() == len && hash(&file)? == *digest));
    match same {
        Ok(true) => Ok(Place::Same(path)),
        _ => Err(Cause::Refused(format!("`{}` is there already and is another file", path.display()))),
    }
}

/// BLAKE3 of all bytes of `store`.
///
/// # Errors
/// Of the store.
pub fn hash(store: &(impl Store + ?Sized)) -> Result<blake3::Hash, Cause> {
    let mut hasher = blake3::Hasher::new();
    let mut buffer = vec![0; 1 << 18];
    let mut at = 0;
    while at < store.len() {
        let now = (store.len() - at).min(buffer.len() as u64) as usize;
        store.read_at(at, &mut buffer[..now])?;
        hasher.update(&buffer[..now]);
        at += now as u64;
    }
    Ok(hasher.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_side_file_is_a_regular_file_beside_the_index() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("x.faiss");
        fs::write(dir.path().join("lists"), "data").unwrap();
        assert_eq!(open_side_file(&index, "/elsewhere/lists").unwrap().len(), 4);
        std::os::unix::fs::symlink("/etc/hostname", dir.path().join("link")).unwrap();
        assert!(open_side_file(&index, "link").unwrap_err().to_string().contains("is a link"));
        fs::create_dir(dir.path().join("dir")).unwrap();
        assert!(open_side_file(&index, "dir").is_err());
        assert!(open_side_file(&index, "missing").unwrap_err().to_string().contains("no such file"));
    }

    #[test]
    fn another_file_is_never_overwritten() {
        let dir = tempfile::tempdir().unwrap();
        let digest = blake3::hash(b"data");
        let path = dir.path().join("x");
        assert_eq!(place(dir.path(), "x", 4, &digest).unwrap(), Place::Free(path.clone()));
        fs::write(&path, "data").unwrap();
        assert_eq!(place(dir.path(), "x", 4, &digest).unwrap(), Place::Same(path.clone()));
        fs::write(&path, "mine").unwrap();
        assert!(place(dir.path(), "x", 4, &digest).unwrap_err().to_string().contains("another file"));
        assert!(place(dir.path(), "../x", 4, &digest).is_err());
    }
}
