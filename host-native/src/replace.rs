//! A file is replaced whole, or not at all.
//!
//! The new bytes go to a temporary name in the same directory, are synced, and take the target's
//! name in one step; the directory is synced after. A crash at any instant leaves the old file or
//! the new one. The temporary file is locked while it is written and removed on every failure that
//! the process survives; one that a crash left behind is unlocked, and the next write into that
//! directory removes it.

use crate::{Cause, Error};
use faissil_core::names::{TEMPORARY, is_temporary};
use rustix::fs::statvfs;
use std::{
    fs::{self, TryLockError},
    io,
    os::unix::fs::{MetadataExt, PermissionsExt},
    path::{Path, PathBuf},
};
use tempfile::NamedTempFile;

/// A new file that does not have its name yet. Dropped without [`commit`](Replacement::commit), it
/// never existed.
#[derive(Debug)]
pub struct Replacement {
    temporary: NamedTempFile,
    target: PathBuf,
    directory: PathBuf,
}

impl Replacement {
    /// Begin a file that will be at `target`. A link there is followed: what it points at is
    /// replaced, and the link stays.
    ///
    /// # Errors
    /// When the target is no regular file, or its directory cannot be written.
    pub fn of(target: &Path) -> Result<Replacement, Error> {
        begin(target).map_err(|cause| cause.writing(target))
    }

    /// The file, open for reading and writing.
    pub fn file(&self) -> &fs::File {
        self.temporary.as_file()
    }

    /// Where the bytes are until they are committed.
    pub fn path(&self) -> &Path {
        self.temporary.path()
    }

    /// That the disk has room for `bytes` more.
    ///
    /// # Errors
    /// [`io::ErrorKind::StorageFull`] in words, with both numbers.
    pub fn check_room(&self, bytes: u64) -> Result<(), Cause> {
        check_room(&self.directory, bytes)
    }

    /// Sync the bytes and give them their name.
    ///
    /// # Errors
    /// When one of the steps fails. Then the target is as it was.
    pub fn commit(self) -> Result<(), Cause> {
        self.file().sync_all()?;
        self.keep_mode()?;
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        fs::File::open(&self.directory)?.sync_all()?;
        Ok(())
    }
}

impl Replacement {
    /// As [`commit`](Replacement::commit), but the system brings it to the disk when it gets to it.
    ///
    /// # Errors
    /// When one of the steps fails. Then the target is as it was.
    pub fn commit_unsynced(self) -> Result<(), Cause> {
        self.keep_mode()?;
        self.temporary.persist(&self.target).map_err(|error| error.error)?;
        Ok(())
    }

    /// Take over the mode of what is replaced.
    fn keep_mode(&self) -> Result<(), Cause> {
        if let Ok(old) = fs::metadata(&self.target) {
            self.file().set_permissions(fs::Permissions::from_mode(old.mode() & 0o7777))?;
        }
        Ok(())
    }

    /// As [`commit`](Replacement::commit), unless something has come to be at the target.
    ///
    /// # Errors
    /// When one of the steps fails, or something is there.
    pub fn commit_new(self) -> Result<(), Cause> {
        self.file().sync_all()?;
        self.temporary.persist_noclobber(&self.target).map_err(|error| error.error)?;
        fs::File::open(&self.directory)?.sync_all()?;
        Ok(())
    }
}

fn begin(target: &Path) -> Result<Replacement, Cause> {
    let refused = |why: &str| Err(Cause::Refused(format!("{why}, so it cannot be replaced")));
    // What is there is asked of the file itself: a link such as /dev/stdout leads to what has no path.
    let target = match fs::metadata(target) {
        Ok(found) if found.is_dir() => return Err(io::Error::from(io::ErrorKind::IsADirectory).into()),
        Ok(found) if !found.is_file() => return refused("not a regular file"),
        Ok(_) => match fs::canonicalize(target) {
            Ok(found) => found,
            Err(_) => return refused("a link to a file without a name"),
        },
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error.into()),
        Err(_) if fs::symlink_metadata(target).is_ok() => return refused("a link that leads nowhere"),
        Err(_) => target.into(),
    };
    if target.file_name().is_none() {
        return Err(Cause::Refused("it names no file".into()));
    }
    let directory = directory_of(&target);
    remove_leftovers(&directory);
    let temporary = tempfile::Builder::new()
        .prefix(TEMPORARY.0)
        .suffix(TEMPORARY.1)
        .permissions(fs::Permissions::from_mode(0o666))
        .tempfile_in(&directory)
        .map_err(|error| io::Error::from(error.kind()))?;
    // Between its making and its locking the file looks like a leftover: make another if it is gone.
    // A file system without locks does without.
    match temporary.as_file().try_lock() {
        Err(TryLockError::WouldBlock) => return begin(&target),
        Ok(()) | Err(TryLockError::Error(_)) => {}
    }
    if temporary.as_file().metadata()?.nlink() == 0 {
        return begin(&target);
    }
    Ok(Replacement { temporary, target, directory })
}

/// The directory that holds `path`.
pub fn directory_of(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.into(),
        _ => PathBuf::from("."),
    }
}

/// That the disk of `directory` has room for `bytes` more.
///
/// # Errors
/// When it has not. A disk that does not say how full it is passes.
pub fn check_room(directory: &Path, bytes: u64) -> Result<(), Cause> {
    let Ok(disk) = statvfs(directory) else { return Ok(()) };
    let free = disk.f_bavail.saturating_mul(disk.f_frsize);
    if free < bytes {
        let said = format!("no space left on the disk: need {bytes} bytes, {free} are free");
        return Err(Cause::Io(io::Error::new(io::ErrorKind::StorageFull, said)));
    }
    Ok(())
}

/// Remove what crashed writers left in `directory`: files of our naming that nobody holds locked.
fn remove_leftovers(directory: &Path) {
    let Ok(entries) = fs::read_dir(directory) else { return };
    for entry in entries.flatten() {
        let name = entry.file_name();
        let Some(name) = name.to_str() else { continue };
        if !is_temporary(name) || !entry.file_type().is_ok_and(|kind| kind.is_file()) {
            continue;
        }
        // What cannot be opened or is locked belongs to someone: leave it.
        if let Ok(file) = fs::File::options().write(true).open(entry.path())
            && file.try_lock().is_ok()
        {
            let _ = fs::remove_file(entry.path());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    fn names(directory: &Path) -> Vec<String> {
        let mut names: Vec<_> =
            fs::read_dir(directory).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn the_target_changes_only_at_the_end() {
        let dir = tempfile::tempdir().unwrap();
        let target = dir.path().join("x");
        fs::write(&target, "old").unwrap();
        let new = Replacement::of(&target).unwrap();
        new.file().write_all(b"new").unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"old");
        new.commit().unwrap();
        assert_eq!(fs::read(&target).unwrap(), b"new");
        assert_eq!(names(dir.path()), ["x"]);
    }

    #[test]
    fn a_given_up_file_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        drop(Replacement::of(&dir.path().join("x")).unwrap());
        assert!(names(dir.path()).is_empty());
    }

    #[test]
    fn a_crashed_writers_file_goes_and_a_living_ones_stays() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(".faissil-dead.tmp"), "half").unwrap();
        let living = Replacement::of(&dir.path().join("a")).unwrap();
        let second = Replacement::of(&dir.path().join("b")).unwrap();
        assert!(living.path().exists() && second.path().exists());
        assert_eq!(names(dir.path()).len(), 2);
    }

    #[test]
    fn a_link_stays_a_link_and_the_mode_is_kept() {
        let dir = tempfile::tempdir().unwrap();
        let (real, link) = (dir.path().join("real"), dir.path().join("link"));
        fs::write(&real, "old").unwrap();
        fs::set_permissions(&real, fs::Permissions::from_mode(0o640)).unwrap();
        std::os::unix::fs::symlink(&real, &link).unwrap();
        let new = Replacement::of(&link).unwrap();
        new.file().write_all(b"new").unwrap();
        new.commit().unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&real).unwrap(), b"new");
        assert_eq!(fs::metadata(&real).unwrap().mode() & 0o777, 0o640);
    }

    #[test]
    fn no_room_is_said_with_both_numbers() {
        let dir = tempfile::tempdir().unwrap();
        let new = Replacement::of(&dir.path().join("x")).unwrap();
        let error = new.check_room(u64::MAX).unwrap_err().writing(Path::new("x"));
        assert!(error.to_string().contains("no space left on the disk"), "{error}");
        assert!(error.hint.is_some());
        assert!(Replacement::of(dir.path()).unwrap_err().to_string().contains("is a directory"));
    }
}
