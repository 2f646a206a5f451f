//! A finished seal that was damaged, cut or appended to never passes for an index, nor for an interrupted seal.

mod common;

use common::{expect, index, run, text};
use std::{fs, path::Path};

fn sealed(dir: &Path) -> (usize, Vec<u8>) {
    let bytes = index(200, 8);
    fs::write(dir.join("x"), &bytes).unwrap();
    fs::write(dir.join("document"), "words").unwrap();
    expect(0, dir, &["seal", "x", "--meta", "model=m", "--attach", "document=document"]);
    (bytes.len(), fs::read(dir.join("x")).unwrap())
}

/// `verify` ends with one of these exit codes, and nothing that writes touches the file. Gives what `verify` said.
fn refused(dir: &Path, bytes: &[u8], codes: &[i32]) -> String {
    fs::write(dir.join("x"), bytes).unwrap();
    let output = run(dir, &["verify", "x"]);
    let said = text(&output.stdout) + &text(&output.stderr);
    assert!(codes.contains(&output.status.code().unwrap()), "{said}");
    assert!(!said.contains("interrupted"), "{said}");
    for args in [&["save", "x", "out"][..], &["seal", "x"], &["unseal", "x"]] {
        let code = run(dir, args).status.code().unwrap();
        assert!(codes.contains(&code), "{args:?}: {code}");
        assert!(fs::read(dir.join("x")).unwrap() == bytes, "{args:?}");
        assert!(!dir.join("out").exists(), "{args:?}");
    }
    said
}

#[test]
fn no_byte_of_the_trailer_can_change() {
    let dir = tempfile::tempdir().unwrap();
    let (_, whole) = sealed(dir.path());
    for back in 1..=64 {
        let mut bytes = whole.clone();
        let at = whole.len() - back;
        bytes[at] ^= 0x40;
        // A higher version may be one: then nothing is said about damage.
        let is_version = (11..=12).contains(&back);
        let said = refused(dir.path(), &bytes, if is_version { &[2] } else { &[1] });
        assert!(!is_version || said.contains("is newer than 1"), "{said}");
        if back <= 8 {
            assert!(said.contains(&format!("trailer of this snapshot, at byte {}, is damaged", whole.len() - 64)));
        }
    }
}

#[test]
fn bytes_behind_the_trailer_are_named() {
    let dir = tempfile::tempdir().unwrap();
    let (_, whole) = sealed(dir.path());
    for more in [1, 100, 70_000] {
        let mut bytes = whole.clone();
        bytes.resize(whole.len() + more, 7);
        let said = refused(dir.path(), &bytes, &[1]);
        assert!(said.contains(&format!("byte {}", whole.len())) && said.contains(&more.to_string()), "{said}");
    }
}

#[test]
fn a_cut_tail_is_damage_where_it_can_be_told() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (len, whole) = sealed(dir);
    for lost in [1, 8, 9, 16, 17, 30, 47, 48] {
        let said = refused(dir, &whole[..whole.len() - lost], &[1]);
        assert!(said.contains(&format!("the last {lost} of the 64 bytes of its trailer are missing")), "{said}");
    }
    // From here on it looks like a seal that was not finished, and no more than that is said.
    for lost in [49, 64, 100, whole.len() - len - 16, whole.len() - len - 5] {
        fs::write(dir.join("x"), &whole[..whole.len() - lost]).unwrap();
        let output = run(dir, &["verify", "x"]);
        let said = text(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{said}");
        let words =
            format!("interrupted seal: stream intact to byte {len} as far as its outline shows; no digest vouches");
        assert!(said.contains(&words), "{said}");

        let output = run(dir, &["save", "x", "out"]);
        assert_eq!(output.status.code(), Some(0));
        let rest = whole.len() - lost - len;
        let said = text(&output.stderr);
        assert!(said.contains(&words) && said.contains(&format!("the {rest} bytes behind it are left out")), "{said}");
        fs::remove_file(dir.join("out")).unwrap();

        let said = text(&run(dir, &["seal", "x"]).stderr);
        assert!(said.contains(&format!("the {rest} bytes behind it were taken off")), "{said}");
        expect(0, dir, &["unseal", "x"]);
        assert!(fs::read(dir.join("x")).unwrap() == whole[..len]);
    }
}

#[test]
fn zeros_behind_an_index_are_not_sealed_into_it() {
    let dir = tempfile::tempdir().unwrap();
    let mut bytes = index(200, 8);
    bytes.resize(bytes.len() + 4096, 0);
    fs::write(dir.path().join("x"), &bytes).unwrap();
    let output = run(dir.path(), &["seal", "x"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("4096 zeros follow the end of the index"), "{}", text(&output.stderr));
    assert!(fs::read(dir.path().join("x")).unwrap() == bytes);
    expect(0, dir.path(), &["save", "x", "out"]);
}
