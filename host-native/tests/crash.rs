//! A process that is killed at any instant leaves the old file or the new one.

mod common;

use common::{expect, faissil, index, names, on_disk_ivf};
use std::{fs, path::Path, process::Stdio, thread::sleep, time::Duration};

/// Kill the command a little later each time, until it has come to its end a few times; `check` looks at what it left.
fn kill_at_many_instants(dir: &Path, args: &[&str], mut prepare: impl FnMut(), mut check: impl FnMut()) {
    let (mut delay, mut ended) = (Duration::ZERO, 0);
    while ended < 3 {
        prepare();
        let mut child = faissil(args).current_dir(dir).stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        sleep(delay);
        if child.try_wait().unwrap().is_some() {
            ended += 1;
        }
        child.kill().unwrap();
        child.wait().unwrap();
        check();
        // Close steps at first, where every instant does something else; wider ones where bytes are copied.
        delay += (delay / 6).max(Duration::from_micros(500));
    }
}

/// Only these names are in `dir`, and no more than one leftover of a killed writer.
fn only(dir: &Path, expected: &[&str]) {
    let (left, named): (Vec<_>, Vec<_>) = names(dir).into_iter().partition(|name| name.starts_with(".faissil-"));
    assert_eq!(named, expected);
    assert!(left.len() <= 1, "{left:?}");
}

#[test]
fn a_killed_save_leaves_the_old_snapshot_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("a.faiss"), index(1000, 16)).unwrap();
    fs::write(dir.join("b.faiss"), index(30_000, 64)).unwrap();
    expect(0, dir, &["save", "a.faiss", "out"]);
    let old = fs::read(dir.join("out")).unwrap();
    expect(0, dir, &["save", "b.faiss", "out"]);
    let new = fs::read(dir.join("out")).unwrap();
    fs::write(dir.join("out"), &old).unwrap();
    let (mut olds, mut news) = (0, 0);
    kill_at_many_instants(
        dir,
        &["save", "b.faiss", "out"],
        || {},
        || {
            let found = fs::read(dir.join("out")).unwrap();
            assert!(found == old || found == new);
            if found == new {
                news += 1
            } else {
                olds += 1
            }
            fs::write(dir.join("out"), &old).unwrap();
            only(dir, &["a.faiss", "b.faiss", "out"]);
        },
    );
    assert!(olds > 3 && news > 0, "{olds} killed in time, {news} not");
    // The next save cleans up.
    expect(0, dir, &["save", "b.faiss", "out"]);
    assert_eq!(names(dir), ["a.faiss", "b.faiss", "out"]);
}

#[test]
fn a_killed_load_leaves_no_index_or_the_whole_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let bytes = index(30_000, 64);
    fs::write(dir.join("b.faiss"), &bytes).unwrap();
    expect(0, dir, &["save", "b.faiss", "b.faissil", "--layout", "packed"]);
    let mut absent = 0;
    kill_at_many_instants(
        dir,
        &["load", "b.faissil", "out"],
        || {},
        || match fs::read(dir.join("out")) {
            Ok(found) => {
                assert!(found == bytes);
                fs::remove_file(dir.join("out")).unwrap();
            }
            Err(_) => absent += 1,
        },
    );
    assert!(absent > 3, "{absent}");
}

#[test]
fn a_killed_load_onto_an_index_leaves_the_old_one_or_the_new_one() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (old, new) = (index(1000, 16), index(30_000, 64));
    fs::write(dir.join("b.faiss"), &new).unwrap();
    expect(0, dir, &["save", "b.faiss", "b.faissil"]);
    fs::remove_file(dir.join("b.faiss")).unwrap();
    let (mut olds, mut news) = (0, 0);
    let prepare = || fs::write(dir.join("out"), &old).unwrap();
    kill_at_many_instants(dir, &["load", "b.faissil", "out"], prepare, || {
        let found = fs::read(dir.join("out")).unwrap();
        assert!(found == old || found == new);
        if found == new {
            news += 1
        } else {
            olds += 1
        }
        only(dir, &["b.faissil", "out"]);
    });
    assert!(olds > 3 && news > 0, "{olds} killed in time, {news} not");
}

#[test]
fn a_killed_load_with_a_side_file_leaves_whole_files() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (stream, side) = on_disk_ivf(64, 500, 32, "lists.ivfdata");
    fs::write(dir.join("x.faiss"), &stream).unwrap();
    fs::write(dir.join("lists.ivfdata"), &side).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    fs::remove_file(dir.join("lists.ivfdata")).unwrap();
    let old = index(1000, 16);
    let (mut olds, mut alone, mut news) = (0, 0, 0);
    let prepare = || {
        fs::write(dir.join("out"), &old).unwrap();
        let _ = fs::remove_file(dir.join("lists.ivfdata"));
    };
    kill_at_many_instants(dir, &["load", "x.faissil", "out"], prepare, || {
        let found = fs::read(dir.join("out")).unwrap();
        let beside = fs::read(dir.join("lists.ivfdata")).ok();
        assert!(beside.as_ref().is_none_or(|beside| *beside == side), "the side file is whole or not there");
        if found == stream {
            assert!(beside.is_some(), "no index without its lists");
            news += 1;
        } else {
            assert!(found == old);
            if beside.is_some() { alone += 1 } else { olds += 1 }
        }
        let left = names(dir).iter().filter(|name| name.starts_with(".faissil-")).count();
        assert!(left <= 2, "{left} leftovers");
    });
    assert!(olds + alone > 3 && news > 0, "{olds} killed before, {alone} between, {news} after");
    // What a killed load left beside is the same file, so loading again goes on.
    expect(0, dir, &["load", "x.faissil", "out"]);
    assert!(fs::read(dir.join("out")).unwrap() == stream);
}

#[test]
fn a_killed_seal_leaves_an_index_that_can_be_sealed_and_unsealed() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let bytes = index(30_000, 64);
    fs::write(dir.join("x"), &bytes).unwrap();
    // Something to attach makes the part between stream and trailer long enough to be hit.
    fs::write(dir.join("document"), vec![b'd'; 4 << 20]).unwrap();
    let seal = ["seal", "x", "--attach", "document=document", "--id-index"];
    expect(0, dir, &seal);
    let sealed = fs::read(dir.join("x")).unwrap();
    let (mut interrupted, mut turn) = (0, 0);
    let prepare = || fs::write(dir.join("x"), &bytes).unwrap();
    kill_at_many_instants(dir, &seal, prepare, || {
        let found = fs::read(dir.join("x")).unwrap();
        assert!(found.starts_with(&bytes));
        if found.len() == bytes.len() || found == sealed {
            return;
        }
        interrupted += 1;
        turn += 1;
        let page = expect(0, dir, &["inspect", "x"]);
        assert!(page.contains(&format!("interrupted seal: stream intact to byte {}", bytes.len())), "{page}");
        expect(0, dir, &["ids", "x", "--rows", "0..3"]);
        expect(2, dir, &["verify", "x"]);
        if turn % 2 == 0 {
            expect(0, dir, &["unseal", "x"]);
            assert!(fs::read(dir.join("x")).unwrap() == bytes);
        } else {
            expect(0, dir, &seal);
            assert!(fs::read(dir.join("x")).unwrap() == sealed);
        }
    });
    assert!(interrupted > 0);
    assert_eq!(names(dir), ["document", "x"]);
}
