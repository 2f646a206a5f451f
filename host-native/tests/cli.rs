//! What the command says and how it ends, as transcripts.

mod common;

use common::{expect, faissil, fixture, index, ivf, names, root, run, text, transcript};
use faissil::fixture::Fixture;
use std::{fs, io::Read, path::Path, process::Stdio};

/// An IVF index that is in the repository.
const IVF: &str = "1.15.1/ivf_flat.faiss";

fn copy(from: &Path, dir: &Path, name: &str) {
    fs::copy(from, dir.join(name)).unwrap();
}

#[test]
fn from_index_to_snapshot_and_back() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&root().join("samples/debian-packages.faiss"), dir, "debian.faiss");
    fs::write(dir.join("names.json"), "[\"a\", \"b\"]").unwrap();
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "save debian.faiss debian.faissil",
            "save debian.faiss packed.faissil --layout packed --meta model=MiniLM --attach names.json=names.json --id-index",
            "verify debian.faissil packed.faissil",
            "load packed.faissil back.faiss",
            "attachments packed.faissil",
            "attachments packed.faissil --extract names.json",
            "attachments packed.faissil --extract nothing",
            "ids packed.faissil --rows 2..5",
            "ids packed.faissil --id 215827235580493 --id -1",
            "ids debian.faiss --id 215827235580493 --json",
            "vectors debian.faissil -o x.npy --ids-out i.npy --rows 10..20",
            "vectors debian.faissil -o one.npy --id 215827235580493",
            "vectors debian.faissil -o none.npy --id 1",
            "vectors packed.faissil -o paged.npy --ids-out i.npy --id 215827235580493",
            "vectors packed.faissil -o none.npy --id 1",
        ]
    ));
    assert!(fs::read(dir.join("back.faiss")).unwrap() == fs::read(dir.join("debian.faiss")).unwrap());
}

#[test]
fn sealing_in_place() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&fixture(IVF), dir, "x.faiss");
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "verify x.faiss",
            "seal x.faiss --meta owner=me",
            "seal x.faiss",
            "verify x.faiss --json",
            "unseal x.faiss",
            "unseal x.faiss",
            "verify x.faiss --json",
        ]
    ));
    assert!(fs::read(dir.join("x.faiss")).unwrap() == fs::read(fixture(IVF)).unwrap());
}

#[test]
fn damage_is_named() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&fixture(IVF), dir, "x.faiss");
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    expect(0, dir, &["save", "x.faiss", "p.faissil", "--layout", "packed"]);
    let good = fs::read(dir.join("x.faissil")).unwrap();
    let flipped = |name: &str, at: usize| {
        let mut bytes = good.clone();
        bytes[at] ^= 4;
        fs::write(dir.join(name), bytes).unwrap();
    };
    let stream = fs::read(fixture(IVF)).unwrap().len();
    flipped("stream.faissil", stream - 100);
    let snapshot = faissil::core::Reading::over(faissil::core::snapshot::Open::new(good.len() as u64), &good).unwrap();
    flipped("table.faissil", snapshot.chunks().table.start as usize + 30);
    flipped("manifest.faissil", good.len() - 70);
    flipped("trailer.faissil", good.len() - 60);
    let mut packed = fs::read(dir.join("p.faissil")).unwrap();
    packed[200] ^= 4;
    fs::write(dir.join("packed.faissil"), packed).unwrap();
    fs::write(dir.join("short.faissil"), &good[..good.len() - 1]).unwrap();
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "verify stream.faissil",
            "verify table.faissil",
            "verify manifest.faissil",
            "verify trailer.faissil",
            "verify packed.faissil",
            "verify short.faissil",
            "load stream.faissil out",
            "load packed.faissil -",
            "save stream.faissil out",
            "unseal stream.faissil",
            "verify x.faissil --expect 0000000000000000000000000000000000000000000000000000000000000000",
            "load x.faissil out --expect 0000000000000000000000000000000000000000000000000000000000000000",
        ]
    ));
    assert!(!dir.join("out").exists());
}

#[test]
fn damaged_lists_are_named_by_number() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    // A list is 500 * (64 + 8) bytes.
    let bytes = ivf(256, 500, 16);
    let start = bytes.len() as u64 - 256 * 500 * 72;
    fs::write(dir.join("x.faiss"), bytes).unwrap();
    for layout in ["sealed", "packed"] {
        expect(0, dir, &["save", "x.faiss", "x.faissil", "--layout", layout]);
        let mut bytes = fs::read(dir.join("x.faissil")).unwrap();
        let place = bytes.len() / 2;
        bytes[place] ^= 1;
        fs::write(dir.join("x.faissil"), bytes).unwrap();
        let report: serde_json::Value =
            serde_json::from_str(&expect(1, dir, &["verify", "--json", "x.faissil"])).unwrap();
        let damage = &report["damage"][0];
        let lists = damage["path"].as_str().unwrap().split("invlists.codes of lists ").nth(1).unwrap();
        let (first, rest) = lists.split_once("..").unwrap();
        let (first, last): (u64, u64) = (first.parse().unwrap(), rest.split(',').next().unwrap().parse().unwrap());
        assert!(first > 0 && last < 256 && last - first < 64, "{}", damage["path"]);
        let ids: Vec<u64> =
            damage["ids_lost"]["ids"].as_array().unwrap().iter().map(|id| id.as_u64().unwrap()).collect();
        let count = damage["ids_lost"]["count"].as_u64().unwrap();
        assert!(count <= (last - first + 1) * 500 && count > (last - first - 2) * 500, "{}", damage["path"]);
        if layout == "packed" {
            // The ids are in the same chunk, which cannot be decoded.
            assert_eq!(ids.len(), 0);
        } else {
            // The ids of a list stand behind its codes, so damage can begin with those of the list before.
            let list = (ids[0] - 100) / 500;
            assert!(ids.len() == 1000 && (list == first || list + 1 == first), "{}", damage["path"]);
            let offset = damage["span"]["offset"].as_u64().unwrap();
            assert_eq!(list, (offset - start) / (500 * 72));
        }
    }
}

#[test]
fn rows_that_are_damaged_are_named_by_their_ids() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(40_000, 32)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    let mut bytes = fs::read(dir.join("x.faissil")).unwrap();
    bytes[2 << 20] ^= 1;
    bytes[(3 << 20) + 5] ^= 1;
    fs::write(dir.join("x.faissil"), bytes).unwrap();
    let report: serde_json::Value = serde_json::from_str(&expect(1, dir, &["verify", "--json", "x.faissil"])).unwrap();
    assert_eq!(report["ok"], false);
    let damage = &report["damage"][0];
    assert_eq!(report["damage"].as_array().unwrap().len(), 1, "{damage}");
    assert_eq!((&damage["span"]["offset"], &damage["span"]["bytes"]), (&(2 << 20).into(), &(2 << 20).into()));
    assert_eq!(damage["path"], "index.codes");
    // Rows of 128 bytes behind the 82 bytes of two headers.
    let (first, last) = (((2 << 20) - 82) / 128, ((4 << 20) - 82u64).div_ceil(128));
    assert_eq!(damage["ids_lost"]["count"], last - first);
    let ids = damage["ids_lost"]["ids"].as_array().unwrap();
    let expected = Fixture::new("IDMap2,Flat");
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().zip(first..).all(|(id, row)| id.as_i64() == Some(expected.data().id(row).0)));
}

#[test]
fn what_is_no_index_is_said_to_be_something_else() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let good = fs::read(fixture(IVF)).unwrap();
    fs::write(dir.join("empty"), "").unwrap();
    fs::write(dir.join("page"), "<!DOCTYPE html><html><body>404</body></html>").unwrap();
    fs::write(dir.join("pointer"), "version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 1\n").unwrap();
    fs::write(dir.join("unknown"), b"IxZZ\x80\x00\x00\x00\xff\xfe\x00\x01").unwrap();
    fs::write(dir.join("short"), &good[..good.len() - 10]).unwrap();
    fs::write(dir.join("long"), [good.as_slice(), b"trailing"].concat()).unwrap();
    let mut deep = good.clone();
    let place = deep.windows(4).position(|four| four == b"ilar").unwrap();
    deep[place..place + 4].copy_from_slice(b"ilZZ");
    fs::write(dir.join("deep"), deep).unwrap();
    fs::create_dir(dir.join("folder")).unwrap();
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "save empty out",
            "save page out",
            "inspect pointer",
            "save unknown out",
            "save short out",
            "save folder out",
            "save missing out",
            "save unknown folder",
            "save short -",
            "inspect short --json",
            "load long out",
            "seal deep",
        ]
    ));
    assert!(!dir.join("out").exists());
    for (name, code) in [("unknown", 2), ("short", 1)] {
        expect(code, dir, &["save", name, "out"]);
        expect(0, dir, &["save", name, "out", "--opaque"]);
        expect(0, dir, &["verify", "out"]);
        expect(0, dir, &["load", "out", "back"]);
        assert_eq!(fs::read(dir.join("back")).unwrap(), fs::read(dir.join(name)).unwrap());
    }
    // Kept byte for byte, with a warning.
    for name in ["long", "deep"] {
        let saved = run(dir, &["save", name, "kept", "--json"]);
        assert_eq!(saved.status.code(), Some(0));
        assert!(text(&saved.stderr).starts_with("warning: "), "{}", text(&saved.stderr));
        expect(0, dir, &["verify", "kept"]);
        expect(0, dir, &["load", "kept", "back"]);
        assert_eq!(fs::read(dir.join("back")).unwrap(), fs::read(dir.join(name)).unwrap());
    }
    expect(2, dir, &["inspect", "deep"]);
    expect(0, dir, &["inspect", "long"]);
}

#[test]
fn a_side_file_comes_along() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let (index, side) = ("1.15.1/ivf_flat_ondisk.faiss", "ivf_flat_ondisk.ivfdata");
    fs::create_dir(dir.join("alone")).unwrap();
    fs::create_dir(dir.join("elsewhere")).unwrap();
    copy(&fixture(index), dir, "x.faiss");
    copy(&fixture(index), dir, "alone/x.faiss");
    copy(&fixture("1.15.1").join(side), dir, side);
    insta::assert_snapshot!(transcript(
        dir,
        &[
            "save x.faiss x.faissil",
            "save alone/x.faiss alone/x.faissil",
            "inspect alone/x.faissil",
            "verify alone/x.faissil",
            "load alone/x.faissil alone/back.faiss",
            "save alone/x.faiss alone/with.faissil --side-file ivf_flat_ondisk.ivfdata",
            "load x.faissil elsewhere/back.faiss",
            "load x.faissil elsewhere/back.faiss",
            "ids alone/x.faiss",
        ]
    ));
    assert!(fs::read(dir.join("elsewhere").join(side)).unwrap() == fs::read(dir.join(side)).unwrap());
    assert!(fs::read(dir.join("x.faissil")).unwrap() == fs::read(dir.join("alone/with.faissil")).unwrap());
    // Another file of that name is left alone, and so is the output.
    fs::write(dir.join("elsewhere").join(side), "mine").unwrap();
    fs::remove_file(dir.join("elsewhere/back.faiss")).unwrap();
    expect(2, dir, &["load", "x.faissil", "elsewhere/back.faiss"]);
    assert_eq!(fs::read(dir.join("elsewhere").join(side)).unwrap(), b"mine");
    assert_eq!(names(&dir.join("elsewhere")), [side]);
    // A link is not followed.
    fs::remove_file(dir.join(side)).unwrap();
    std::os::unix::fs::symlink("/etc/hostname", dir.join(side)).unwrap();
    let saved = run(dir, &["save", "x.faiss", "linked.faissil"]);
    assert!(text(&saved.stderr).contains("it is a link"), "{}", text(&saved.stderr));
}

#[test]
fn a_name_from_outside_stays_a_name() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&fixture(IVF), dir, "x.faiss");
    fs::write(dir.join("file"), "x").unwrap();
    for name in ["../x", "/etc/x", "a/b", "a\\b", "..", "."] {
        let output = run(dir, &["save", "x.faiss", "out", "--attach", &format!("{name}=file")]);
        assert_eq!(output.status.code(), Some(2), "{name}: {}", text(&output.stderr));
        assert!(!dir.join("out").exists());
    }
    // What the side file is called in the stream is a path into somewhere else.
    let mut bytes = fs::read(fixture("1.15.1/ivf_flat_ondisk.faiss")).unwrap();
    let place = bytes.windows(8).position(|eight| eight == b"ivf_flat").unwrap();
    bytes[place..place + 8].copy_from_slice(b"/../etc/");
    fs::write(dir.join("hostile.faiss"), &bytes).unwrap();
    expect(0, dir, &["save", "hostile.faiss", "hostile.faissil"]);
    fs::create_dir(dir.join("deep")).unwrap();
    expect(0, dir, &["load", "hostile.faissil", "deep/back.faiss"]);
    assert_eq!(names(&dir.join("deep")), ["back.faiss"]);
}

#[test]
fn standard_input_and_output() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let original = fs::File::open(fixture(IVF)).unwrap();
    let saved = faissil(&["save", "-", "x.faissil"]).current_dir(dir).stdin(original).output().unwrap();
    assert!(saved.status.success(), "{}", text(&saved.stderr));
    let loaded = run(dir, &["load", "x.faissil", "-"]);
    assert!(loaded.stdout == fs::read(fixture(IVF)).unwrap());
    let snapshot = fs::File::open(dir.join("x.faissil")).unwrap();
    let loaded = faissil(&["load", "-", "-"]).current_dir(dir).stdin(snapshot).output().unwrap();
    assert!(loaded.stdout == fs::read(fixture(IVF)).unwrap(), "{}", text(&loaded.stderr));
    assert_eq!(names(dir), ["x.faissil"]);
}

#[test]
fn a_closed_pipe_ends_quietly() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(60_000, 16)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    for args in [
        &["ids", "x.faiss"][..],
        &["ids", "x.faiss", "--json"],
        &["load", "x.faissil", "-"],
        &["vectors", "x.faiss", "-o", "-"],
        &["dump", "x.faiss", "--at", "0..400000"],
    ] {
        let mut child = faissil(args).current_dir(dir).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut stdout = child.stdout.take().unwrap();
        stdout.read_exact(&mut [0; 4]).unwrap();
        drop(stdout);
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""), "{args:?}");
    }
}

#[test]
fn two_indexes_are_compared() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&fixture(IVF), dir, "a.faiss");
    let mut other = fs::read(fixture(IVF)).unwrap();
    // nprobe, and a number of the last vector.
    other[45] = 3;
    let last = other.len() - 8 * 30;
    other[last - 4] ^= 1;
    fs::write(dir.join("b.faiss"), other).unwrap();
    expect(0, dir, &["save", "a.faiss", "a.faissil", "--layout", "packed"]);
    let said = transcript(dir, &["diff a.faiss a.faissil", "diff a.faiss b.faiss", "diff a.faissil b.faiss --json"]);
    insta::assert_snapshot!(said);
    fs::write(dir.join("half"), &fs::read(fixture(IVF)).unwrap()[..500]).unwrap();
    assert_ne!(run(dir, &["diff", "a.faiss", "half"]).status.code(), Some(0));
}

#[test]
fn several_files_give_a_line_each() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    copy(&fixture(IVF), dir, "a");
    copy(&root().join("samples/debian-packages.faiss"), dir, "b");
    let out = expect(2, dir, &["inspect", "--json", "a", "missing", "b"]);
    let lines: Vec<serde_json::Value> = out.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.iter().map(|line| line["file"].as_str().unwrap()).collect::<Vec<_>>(), ["a", "missing", "b"]);
}

#[test]
fn help_completions_and_man_page_know_every_command() {
    let dir = tempfile::tempdir().unwrap();
    let help = expect(0, dir.path(), &["--help"]);
    // One command is only there with FAISS in.
    let (with_faiss, others): (Vec<_>, Vec<_>) =
        help.lines().partition(|line| line.trim_start().starts_with("search "));
    assert_eq!(with_faiss.len(), usize::from(cfg!(feature = "native")));
    insta::assert_snapshot!(others.join("\n"));
    let (man, bash) = (expect(0, dir.path(), &["man"]), expect(0, dir.path(), &["completions", "bash"]));
    for command in
        ["save", "seal", "unseal", "load", "verify", "inspect", "view", "ids", "vectors", "diff", "dump", "attachments"]
    {
        assert!(help.contains(command) && man.contains(command) && bash.contains(command), "{command}");
        assert!(expect(0, dir.path(), &["man", command]).contains(command));
    }
    assert_eq!(run(dir.path(), &["nonsense"]).status.code(), Some(2));
}

#[cfg(not(feature = "viewer"))]
#[test]
fn a_build_without_the_viewer_says_so() {
    let dir = tempfile::tempdir().unwrap();
    insta::assert_snapshot!(transcript(dir.path(), &["view x.faissil"]));
}

#[cfg(not(feature = "native"))]
#[test]
fn a_build_without_faiss_rebuilds_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(50, 8)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    let output = run(dir, &["load", "x.faissil", "y.faiss", "--rebuild"]);
    let said = text(&output.stderr);
    assert_eq!(output.status.code(), Some(2));
    assert!(said.contains("building an index takes FAISS") && said.contains("--features native"), "{said}");
    assert_eq!(names(dir), ["x.faiss", "x.faissil"]);
}

/// Address space that a machine with little memory gives.
#[test]
fn inspect_fits_half_a_gibibyte() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(60_000, 64)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil"]);
    let script = format!("ulimit -v 524288; exec {} inspect x.faiss x.faissil", env!("CARGO_BIN_EXE_faissil"));
    let output = std::process::Command::new("sh").args(["-c", &script]).current_dir(dir).output().unwrap();
    assert!(output.status.success(), "{}", text(&output.stderr));
}

#[test]
fn a_snapshot_is_packed_at_any_level_and_repacked() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    fs::write(dir.join("x.faiss"), index(3000, 32)).unwrap();
    expect(0, dir, &["save", "x.faiss", "x.faissil", "--meta", "a=b", "--id-index"]);
    let report = |text: &str| -> serde_json::Value { serde_json::from_str(text).unwrap() };
    let stream = blake3::hash(&fs::read(dir.join("x.faiss")).unwrap()).to_string();
    let mut sizes = Vec::new();
    for level in ["fast", "balanced", "small"] {
        let said = report(&expect(0, dir, &["repack", "x.faissil", "y.faissil", "--pack", level, "--json"]));
        assert_eq!((&said["kind"], &said["stream"]["blake3"]), (&"packed".into(), &stream.as_str().into()));
        let parts = said["parts"].as_array().unwrap();
        let sum: u64 = parts.iter().map(|part| part["len"].as_u64().unwrap()).sum();
        assert_eq!(sum, said["stream"]["len"]);
        sizes.push(said["size_bytes"].as_u64().unwrap());
        expect(0, dir, &["verify", "y.faissil"]);
        expect(0, dir, &["load", "y.faissil", "back.faiss"]);
        assert_eq!(fs::read(dir.join("back.faiss")).unwrap(), fs::read(dir.join("x.faiss")).unwrap());
    }
    assert!(sizes[2] <= sizes[1], "{sizes:?}");
    // In place, and back: the same snapshot as the first.
    let first = fs::read(dir.join("x.faissil")).unwrap();
    expect(0, dir, &["repack", "x.faissil"]);
    assert!(fs::read(dir.join("x.faissil")).unwrap() != first);
    expect(0, dir, &["repack", "x.faissil", "--layout", "sealed"]);
    assert!(fs::read(dir.join("x.faissil")).unwrap() == first);
    expect(2, dir, &["repack", "x.faiss"]);
    // A level is never passed over.
    for command in [["repack", "x.faissil", "z.faissil"], ["save", "x.faiss", "z.faissil"]] {
        let command = [&command[..], &["--layout", "sealed", "--pack", "small"]].concat();
        let refused = run(dir, &command);
        assert_eq!(refused.status.code(), Some(2));
        assert!(text(&refused.stderr).contains("leave out one of --layout sealed and --pack"));
        assert!(!dir.join("z.faissil").exists());
    }
}

#[test]
fn what_cannot_get_smaller_gets_hardly_larger() {
    let dir = tempfile::tempdir().unwrap();
    let dir = dir.path();
    let mut noise = vec![0; 8 << 20];
    blake3::Hasher::new().finalize_xof().fill(&mut noise);
    fs::write(dir.join("x.bin"), &noise).unwrap();
    for level in ["fast", "balanced", "small"] {
        expect(0, dir, &["save", "x.bin", "x.faissil", "--opaque", "--pack", level]);
        let size = fs::metadata(dir.join("x.faissil")).unwrap().len();
        assert!(size <= noise.len() as u64 * 1001 / 1000, "{level}: {size} bytes");
    }
}
