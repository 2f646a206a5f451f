//! The files over which the modules for browsers are held against the native command, and what the command says of them.

use crate::snapshots::{wanted, write};
use crate::{corpus, root};
use faissil_core::snapshot::Layout;
use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

/// A file.
#[derive(Debug, Clone)]
pub struct Compared {
    /// Where it is.
    pub path: PathBuf,
    /// The good one that it was broken from.
    pub whole: Option<PathBuf>,
}

/// All of them: the corpus, a real index, those that are broken, snapshots of every kind, and these broken in many places.
/// The last lie in a folder that goes with the process.
///
/// # Panics
/// When a file cannot be read or written; so does everything here.
pub fn files() -> &'static [Compared] {
    static FILES: OnceLock<(tempfile::TempDir, Vec<Compared>)> = OnceLock::new();
    let (_, files) = FILES.get_or_init(|| {
        let folder = tempfile::tempdir().expect("a folder can be made");
        let goldens = in_folder(&root().join("fixtures/snapshot/v1"));
        let mut good: Vec<PathBuf> = corpus().into_iter().map(|case| case.path).collect();
        let bad = in_folder(&root().join("fixtures/bad"));
        good.extend(bad.into_iter().filter(|path| path.extension().is_some_and(|ending| ending == "bin")));
        good.push(root().join("samples/debian-packages.faiss"));
        let mut files: Vec<Compared> = good.into_iter().map(|path| Compared { path, whole: None }).collect();
        for golden in &goldens {
            let name = golden.file_stem().expect("it has a name").to_string_lossy();
            files.extend(hostile(folder.path(), &name, golden, &std::fs::read(golden).expect("a golden can be read")));
        }
        for layout in [Layout::Sealed, Layout::Packed] {
            let (file, _) = write(&wanted(40_000), layout);
            let path = folder.path().join(format!("made_{layout:?}.faissil"));
            std::fs::write(&path, &file).expect("a file can be written");
            files.extend(hostile(folder.path(), &format!("made_{layout:?}"), &path, &file));
            files.push(Compared { path, whole: None });
        }
        files.extend(goldens.into_iter().map(|path| Compared { path, whole: None }));
        (folder, files)
    });
    files
}

/// The files in a folder, by name.
pub fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.expect("it can be read").path()).collect();
    files.retain(|path| path.is_file());
    files.sort();
    files
}

/// A file with a byte changed here and there, cut short, and with bytes after its end.
fn hostile(folder: &Path, name: &str, whole: &Path, file: &[u8]) -> Vec<Compared> {
    let mut out = Vec::new();
    let mut put = |what: String, bytes: &[u8]| {
        let path = folder.join(format!("{name}-{what}.faissil"));
        std::fs::write(&path, bytes).expect("a file can be written");
        out.push(Compared { path, whole: Some(whole.into()) });
    };
    put("whole".into(), file);
    // Evenly, and more often where a snapshot speaks of itself.
    let places = (0..24).map(|n| file.len() * n / 24).chain((1..24).map(|n| file.len().saturating_sub(n * 7)));
    for at in places.filter(|at| *at < file.len()) {
        let mut changed = file.to_vec();
        changed[at] ^= 1 << (at % 8);
        put(format!("changed-at-{at}"), &changed);
    }
    for n in 1..8 {
        put(format!("cut-{n}"), &file[..file.len() * n / 8]);
        put(format!("cut-end-{n}"), &file[..file.len() - n * n * n]);
    }
    put("longer".into(), &[file, b"more"].concat());
    out
}

/// Run the native command.
pub fn run<A: AsRef<OsStr>>(arguments: impl IntoIterator<Item = A>) -> Output {
    let test = std::env::current_exe().expect("a test has a path");
    let beside = || test.ancestors().nth(2).expect("it lies in deps").join("faissil");
    let command = std::env::var_os("FAISSIL").map_or_else(beside, PathBuf::from);
    let output = Command::new(&command).args(arguments).output();
    output.unwrap_or_else(|error| panic!("{}: {error}; `cargo build -p faissil`", command.display()))
}

/// What it prints about these files, a line each.
pub fn native(arguments: &[&str], files: impl IntoIterator<Item = PathBuf>) -> Vec<String> {
    let output = run(arguments.iter().map(PathBuf::from).chain(files));
    String::from_utf8(output.stdout).expect("JSON is text").lines().map(String::from).collect()
}

/// What the command printed, and the cause that it gave when it failed nevertheless; else that is empty.
#[derive(Debug)]
pub struct Printed {
    /// Its standard output.
    pub bytes: Vec<u8>,
    /// What it said after `cause:`.
    pub cause: String,
}

/// What it prints about one file, or the cause of its failure where it prints nothing.
///
/// # Errors
/// That cause.
pub fn native_one(arguments: &[&str], file: &Path) -> Result<Printed, String> {
    let (command, options) = arguments.split_first().expect("a command");
    let output = run([OsStr::new(command), file.as_os_str()].into_iter().chain(options.iter().map(OsStr::new)));
    let said = String::from_utf8_lossy(&output.stderr);
    let cause = said.lines().find_map(|line| line.strip_prefix("  cause: ")).unwrap_or_default().to_string();
    match output.stdout.is_empty() && !output.status.success() {
        true if cause.is_empty() => Err(said.into()),
        true => Err(cause),
        false => Ok(Printed { bytes: output.stdout, cause }),
    }
}

/// Bytes of a file and of the one with its lists, if there is one.
pub fn read(path: &Path) -> (Vec<u8>, Option<Vec<u8>>) {
    let file = std::fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    (file, std::fs::read(path.with_extension("ivfdata")).ok())
}
