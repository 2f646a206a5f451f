//! Files that belong beside another: the side file of on-disk inverted lists, and attachments on
//! their way out.
//!
//! A name that comes out of a file is a claim by a stranger. It is used as one plain name in one
//! known directory, or not at all: no path, no link, no other file's contents overwritten.

use crate::{
    Cause,
    replace::is_temporary,
    store::{File, Store},
};
use rustix::fs::OFlags;
use std::{
    fs, io,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
};

/// Longest name that common file systems take, in bytes.
const LONGEST_NAME: usize = 255;

/// Names that are devices on Windows, in whatever case and with whatever extension; `#` stands for one of [`PORTS`].
const DEVICES: [&str; 8] = ["con", "prn", "aux", "nul", "com#", "lpt#", "conin$", "conout$"];

/// What Windows takes for the number of a port.
const PORTS: [char; 13] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', '\u{b9}', '\u{b2}', '\u{b3}'];

/// `name`, if it is one plain file name, here and on any other system that the snapshot may come to.
///
/// # Errors
/// Says what is wrong with it: a path, a way out of the directory, a device, characters that no name should have.
pub fn plain_name(name: &str) -> Result<&str, Cause> {
    let wrong = match name {
        "" => "it is empty",
        "." | ".." => "it names a directory",
        _ if name.contains(['/', '\\']) => "it is a path",
        _ if name.contains(':') => "it holds a colon, which names a drive or a hidden stream on Windows",
        _ if name.chars().any(char::is_control) => "it holds a control character",
        _ if name.chars().any(turns_text) => "it holds a character that changes the direction of text",
        _ if name.ends_with(['.', ' ']) => "it ends with a dot or a space, which Windows leaves out",
        _ if is_device(name) => "it is a device on Windows",
        _ if is_temporary(name) => "it is one that Faissil's own temporary files have, which are removed",
        _ if name.len() > LONGEST_NAME => "it is longer than 255 bytes",
        _ => return Ok(name),
    };
    Err(Cause::Refused(format!("`{}` cannot be a file's name: {wrong}", name.escape_debug())))
}

/// Marks, embeddings, overrides and isolates of Unicode's bidirectional algorithm: with them a name reads as another.
fn turns_text(c: char) -> bool {
    matches!(c, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Whether Windows opens a device by this name, in any directory.
fn is_device(name: &str) -> bool {
    let stem = name.split('.').next().unwrap_or_default().trim_end_matches(' ').to_ascii_lowercase();
    DEVICES.into_iter().any(|device| match device.strip_suffix('#') {
        None => stem == device,
        Some(port) => stem.strip_prefix(port).is_some_and(|number| number.parse().is_ok_and(|n| PORTS.contains(&n))),
    })
}

/// The last part of the path that FAISS stored for a side file, as a plain name.
///
/// # Errors
/// When nothing usable is left.
pub fn base_name(stored: &str) -> Result<&str, Cause> {
    plain_name(stored.rsplit(['/', '\\']).next().unwrap_or_default())
}

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
    fn a_strangers_name_stays_in_its_directory() {
        for bad in
            ["", ".", "..", "../x", "/etc/passwd", "a/b", "a\\b", "a\0b", "a\nb", ".faissil-x.tmp", &"x".repeat(256)]
        {
            assert!(plain_name(bad).is_err(), "{bad:?}");
        }
        for device in [
            "CON",
            "nul",
            "Aux.txt",
            "PRN.tar.gz",
            "COM1",
            "com9.json",
            "LPT0",
            "LPT\u{b2}",
            "NUL .txt",
            "CONIN$",
            "conout$.x",
        ] {
            assert!(plain_name(device).unwrap_err().to_string().contains("a device on Windows"), "{device}");
        }
        for (bad, why) in [
            ("C:evil", "a colon"),
            ("x:stream", "a colon"),
            ("x.", "ends with a dot"),
            ("x ", "ends with a dot or a space"),
            ("a\tb", "a control character"),
            ("a\u{85}b", "a control character"),
        ] {
            let said = plain_name(bad).unwrap_err().to_string();
            assert!(said.contains(why), "{said}");
        }
        let bidi = ('\u{202a}'..='\u{202e}').chain('\u{2066}'..='\u{2069}').chain(['\u{200e}', '\u{200f}', '\u{61c}']);
        for c in bidi {
            let said = plain_name(&format!("gpj{c}.exe")).unwrap_err().to_string();
            // The message itself must not turn around.
            assert!(said.contains("direction of text") && !said.contains(c), "{said}");
        }
        for good in ["lists.ivfdata", "console", "com", "COM10", "nul2", "x.con", " x", "\u{5d0}.txt", "a b"] {
            assert_eq!(plain_name(good).unwrap(), good);
        }
        assert_eq!(base_name("/data/old/lists.ivfdata").unwrap(), "lists.ivfdata");
        assert_eq!(base_name("C:\\data\\lists.ivfdata").unwrap(), "lists.ivfdata");
        assert!(base_name("/data/..").is_err());
        assert!(base_name("data/").is_err());
    }

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
