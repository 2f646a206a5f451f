//! What the tests of the command share: the real binary, and index files made on the spot.

#![allow(dead_code)] // each test uses its part

use faissil::core::{ids::ExternalId, standin::StandIn};
use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
};

/// The command, with a plain environment.
pub(crate) fn faissil(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_faissil"));
    command.args(args).env_remove("RUST_BACKTRACE");
    command
}

/// Run the command in `dir`.
pub(crate) fn run(dir: &Path, args: &[&str]) -> Output {
    faissil(args).current_dir(dir).output().unwrap()
}

/// Run the command in `dir`, which must end with this exit code. Gives standard output.
pub(crate) fn expect(code: i32, dir: &Path, args: &[&str]) -> String {
    let output = run(dir, args);
    let (out, err) = (text(&output.stdout), text(&output.stderr));
    assert_eq!(output.status.code(), Some(code), "faissil {}\n{out}{err}", args.join(" "));
    out
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An index of `rows` vectors of `d` floats with scattered ids: IndexIDMap2 over IndexFlat.
pub(crate) fn index(rows: u64, d: u32) -> Vec<u8> {
    let stand_in = StandIn::new(d, 1, 0.0, rows).unwrap();
    // Bytes that no codec makes smaller.
    let vector = |row: u64| {
        let mut bytes = vec![0; d as usize * 4];
        blake3::Hasher::new().update(&row.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    let ids = (0..rows).map(|row| ExternalId((row * 7919 % (rows + 7)).cast_signed() - 5));
    let pieces: Result<Vec<_>, _> = stand_in.pieces((0..rows).map(vector), ids).collect();
    pieces.unwrap().concat()
}

/// The root of the workspace.
pub(crate) fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().unwrap().into()
}

/// A fixture of the newest FAISS.
pub(crate) fn fixture(name: &str) -> PathBuf {
    root().join("fixtures/faiss").join(name)
}

/// The names of the files in `dir`.
pub(crate) fn names(dir: &Path) -> Vec<String> {
    let mut names: Vec<_> =
        std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}
