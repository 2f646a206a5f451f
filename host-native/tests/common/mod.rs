//! What the tests of the command share: the real binary, and index files made on the spot.

#![allow(dead_code)] // each test uses its part

use faissil::{
    core::{ids::ExternalId, standin::StandIn},
    fixture::Fixture,
};
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

/// Run lines of `faissil ...` in `dir` and write down what comes.
pub(crate) fn transcript(dir: &Path, lines: &[&str]) -> String {
    let mut out = String::new();
    for line in lines {
        let args: Vec<&str> = line.split(' ').collect();
        let output = run(dir, &args);
        out.push_str(&format!("$ faissil {line}\n{}", text(&output.stdout)));
        for line in text(&output.stderr).lines() {
            out.push_str(&format!("! {line}\n"));
        }
        match output.status.code() {
            Some(0) => out.push('\n'),
            code => out.push_str(&format!("exit code {}\n\n", code.map_or("none".into(), |code| code.to_string()))),
        }
    }
    out
}

pub(crate) fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// An index of `rows` vectors of `d` floats with scattered ids: IndexIDMap2 over IndexFlat.
pub(crate) fn index(rows: u64, d: u32) -> Vec<u8> {
    Fixture::new("IDMap2,Flat").rows(rows).dim(d).build().unwrap()
}

/// As [`index`], of bytes that no codec makes smaller.
pub(crate) fn noise(rows: u64, d: u32) -> Vec<u8> {
    let stand_in = StandIn::new(d, 1, 0.0, rows).unwrap();
    let vector = |row: u64| {
        let mut bytes = vec![0; d as usize * 4];
        blake3::Hasher::new().update(&row.to_le_bytes()).finalize_xof().fill(&mut bytes);
        bytes
    };
    let ids = (0..rows).map(|row| ExternalId((row * 7919 % (rows + 7)).cast_signed() - 5));
    let pieces: Result<Vec<_>, _> = stand_in.pieces((0..rows).map(vector), ids).collect();
    pieces.unwrap().concat()
}

/// An IndexIVFFlat of `nlist` lists with `size` vectors of `d` floats each; the ids count from 100.
pub(crate) fn ivf(nlist: u64, size: u64, d: u32) -> Vec<u8> {
    let mut out = ivf_before_lists(nlist, size, d);
    out.extend(b"ilar");
    out.extend(nlist.to_le_bytes());
    out.extend((u64::from(d) * 4).to_le_bytes());
    out.extend(b"full");
    out.extend(nlist.to_le_bytes());
    (0..nlist).for_each(|_| out.extend(size.to_le_bytes()));
    (0..nlist).for_each(|list| out.extend(one_list(list, size, d)));
    out
}

/// The same with its lists in a second file of this name: the index, and that file.
pub(crate) fn on_disk_ivf(nlist: u64, size: u64, d: u32, name: &str) -> (Vec<u8>, Vec<u8>) {
    let mut out = ivf_before_lists(nlist, size, d);
    let side: Vec<u8> = (0..nlist).flat_map(|list| one_list(list, size, d)).collect();
    let len = size * (u64::from(d) * 4 + 8);
    out.extend(b"ilod");
    out.extend(nlist.to_le_bytes());
    out.extend((u64::from(d) * 4).to_le_bytes());
    // Size, capacity and offset of each list.
    out.extend(nlist.to_le_bytes());
    (0..nlist).for_each(|list| [size, size, list * len].iter().for_each(|number| out.extend(number.to_le_bytes())));
    // No free slots.
    out.extend(0u64.to_le_bytes());
    out.extend((name.len() as u64).to_le_bytes());
    out.extend(name.as_bytes());
    out.extend((side.len() as u64).to_le_bytes());
    (out, side)
}

/// Codes and ids of one list.
fn one_list(list: u64, size: u64, d: u32) -> Vec<u8> {
    let mut out = vec![list as u8; size as usize * d as usize * 4];
    (0..size).for_each(|place| out.extend((100 + list * size + place).to_le_bytes()));
    out
}

fn ivf_before_lists(nlist: u64, size: u64, d: u32) -> Vec<u8> {
    let header = |tag: &[u8], ntotal: u64| {
        let mut out = tag.to_vec();
        out.extend(d.to_le_bytes());
        [ntotal, 1 << 20, 1 << 20].iter().for_each(|number| out.extend(number.to_le_bytes()));
        out.push(1);
        out.extend(1i32.to_le_bytes());
        out
    };
    let mut out = header(b"IwFl", nlist * size);
    out.extend(nlist.to_le_bytes());
    out.extend(1u64.to_le_bytes());
    out.extend(header(b"IxF2", nlist));
    out.extend((nlist * u64::from(d)).to_le_bytes());
    out.extend(vec![0; nlist as usize * d as usize * 4]);
    // No direct map.
    out.push(0);
    out.extend(0u64.to_le_bytes());
    out
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
