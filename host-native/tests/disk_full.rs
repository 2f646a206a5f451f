//! A disk that is full is said to be, and nothing is left behind.

mod common;

use common::{fixture, index, names, root, text};
use std::{fs, path::Path, process::Command};

/// Run the command through `sh` with files limited to `blocks` of 512 bytes.
fn limited(dir: &Path, blocks: u64, args: &str) -> (Option<i32>, String) {
    let script = format!("ulimit -f {blocks}; exec {} {args}", env!("CARGO_BIN_EXE_faissil"));
    let output = Command::new("sh").args(["-c", &script]).current_dir(dir).output().unwrap();
    (output.status.code(), text(&output.stderr))
}

#[test]
fn a_save_that_does_not_fit_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(20_000, 32)).unwrap();
    for (blocks, more) in [(0, ""), (1, ""), (500, ""), (5001, ""), (1, "--layout packed"), (100, "--id-index")] {
        let (code, said) = limited(dir, blocks, &format!("save x.faiss out {more}"));
        assert_eq!(code, Some(2), "{said}");
        assert!(
            said.contains("cannot write `out`") && said.contains("cause: larger than a file may be here"),
            "{said}"
        );
        assert!(said.contains("hint: nothing was left behind"), "{said}");
        assert_eq!(names(dir), ["x.faiss"], "{blocks} {more}");
    }
}

#[test]
fn a_seal_that_does_not_fit_is_undone() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let bytes = index(20_000, 32);
    fs::write(dir.join("x.faiss"), &bytes).unwrap();
    let (code, said) = limited(dir, bytes.len() as u64 / 512, "seal x.faiss --id-index");
    assert_eq!(code, Some(2), "{said}");
    assert!(said.contains("hint: the file is as it was"), "{said}");
    assert!(fs::read(dir.join("x.faiss")).unwrap() == bytes);
}

#[test]
fn a_load_that_does_not_fit_leaves_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let original = fixture("1.15.1/ivf_flat_ondisk.faiss");
    let original = if original.exists() { original } else { root().join("samples/debian-packages.faiss") };
    common::expect(0, dir, &["save", original.to_str().unwrap(), "x.faissil"]);
    let (code, said) = limited(dir, 0, "load x.faissil out");
    assert_eq!(code, Some(2), "{said}");
    assert_eq!(names(dir), ["x.faissil"]);
}

/// The real thing, where a small file system can be made.
#[test]
fn a_small_disk_is_said_to_be_full() {
    let dir = tempfile::tempdir().unwrap();
    let (disk, index_file) = (dir.path().join("disk"), dir.path().join("x.faiss"));
    fs::create_dir(&disk).unwrap();
    fs::write(&index_file, index(20_000, 32)).unwrap();
    let mount = |args: &[&str]| {
        let made = Command::new("mount").args(args).arg(&disk).output();
        made.is_ok_and(|output| output.status.success())
    };
    if !mount(&["-t", "tmpfs", "-o", "size=1m", "tmpfs"]) {
        eprintln!("no small disk can be made here; the file-size limit above stands for it");
        return;
    }
    let (input, output) = (index_file.to_str().unwrap(), disk.join("out"));
    let results: Vec<_> = ["sealed", "packed"]
        .map(|layout| common::run(&disk, &["save", input, output.to_str().unwrap(), "--layout", layout]))
        .into();
    let left = names(&disk);
    assert!(Command::new("umount").arg(&disk).status().unwrap().success());
    for result in results {
        let said = text(&result.stderr);
        assert_eq!(result.status.code(), Some(2), "{said}");
        assert!(said.contains("no space left on the disk"), "{said}");
    }
    assert!(left.is_empty(), "{left:?}");
}
