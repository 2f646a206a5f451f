//! Transcripts in documents, held against the command.
//!
//! Every `console` block of the README and of the pages in `transcripts/` is typed into a shell, in
//! an empty folder that holds the sample index and its names (those in `transcripts/native/` with FAISS in): a line that starts with `$ ` is a command, what
//! follows is what it must print to either stream, and `[exit N]` at the end says that it fails with
//! N. `[..]` stands for any run of characters in a line. With `FAISSIL_BLESS=1` the pages are
//! rewritten instead; lines that still match keep their `[..]`.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The root of the workspace.
fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("..")
}

#[test]
fn documents_show_what_the_command_prints() {
    let pages = fs::read_dir(root().join("host-native/tests/transcripts"))
        .into_iter()
        .flatten()
        .map(|entry| entry.unwrap().path());
    let mut pages: Vec<PathBuf> = pages.filter(|path| path.extension().is_some_and(|end| end == "md")).collect();
    pages.push(root().join("README.md"));
    if cfg!(feature = "native") {
        let native = fs::read_dir(root().join("host-native/tests/transcripts/native")).unwrap();
        pages.extend(native.map(|entry| entry.unwrap().path()));
    }
    pages.sort();
    let mut differences = String::new();
    for page in pages {
        let written = fs::read_to_string(&page).unwrap();
        let played = play(&written);
        if std::env::var_os("FAISSIL_BLESS").is_some() {
            fs::write(&page, played).unwrap();
        } else if let Some((line, (expected, found))) =
            (1..).zip(written.lines().zip(played.lines())).find(|(_, (expected, found))| expected != found)
        {
            differences += &format!("{}:{line}\n  expected: {expected}\n  found:    {found}\n", page.display());
        } else if written.len() != played.len() {
            differences += &format!("{}: output is missing or left over at the end\n", page.display());
        }
    }
    assert!(differences.is_empty(), "to accept: cargo xtask bless\n{differences}");
}

/// The page with every command's output as it is now.
fn play(page: &str) -> String {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("samples")).unwrap();
    for name in ["debian-packages.faiss", "debian-packages.names.json"] {
        fs::copy(root().join("samples").join(name), folder.path().join("samples").join(name)).unwrap();
    }
    let mut out = String::new();
    let mut lines = page.lines().peekable();
    let mut in_console = false;
    while let Some(line) = lines.next() {
        out += line;
        out.push('\n');
        if line.starts_with("```") {
            in_console = line == "```console";
        }
        let Some(command) = line.strip_prefix("$ ").filter(|_| in_console) else { continue };
        let mut expected = Vec::new();
        while let Some(line) = lines.next_if(|line| !line.starts_with("$ ") && !line.starts_with("```")) {
            expected.push(line);
        }
        let found = type_in(command, folder.path());
        // A blank line before the next command is the page's own.
        let blank = expected.last().is_some_and(|line| line.is_empty()) && !found.ends_with("\n\n");
        for (number, line) in found.lines().enumerate() {
            let kept = expected.get(number).filter(|expected| matches(expected, line));
            out += kept.unwrap_or(&line);
            out.push('\n');
        }
        if blank {
            out.push('\n');
        }
    }
    out
}

/// What a shell prints when the command is typed into it in `folder`.
fn type_in(command: &str, folder: &Path) -> String {
    let program = Path::new(env!("CARGO_BIN_EXE_faissil")).parent().unwrap();
    let path = std::env::join_paths(
        [program.to_path_buf()].into_iter().chain(std::env::split_paths(&std::env::var_os("PATH").unwrap())),
    );
    let mut shell = Command::new("sh");
    shell.args(["-c", "eval \"$1\" 2>&1", "sh", command]).current_dir(folder).env("PATH", path.unwrap());
    let done = shell.env("LC_ALL", "C.UTF-8").env_remove("RUST_BACKTRACE").output().unwrap();
    let mut text = String::from_utf8(done.stdout).unwrap();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    match done.status.code() {
        Some(0) => text,
        Some(code) => text + &format!("[exit {code}]\n"),
        None => text + &format!("[{}]\n", done.status),
    }
}

/// Whether a line is as expected, where `[..]` stands for any characters.
fn matches(expected: &str, line: &str) -> bool {
    let mut parts = expected.split("[..]");
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = line.strip_prefix(first) else { return false };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else { return rest.is_empty() };
    for part in middle {
        let Some(at) = rest.find(part) else { return false };
        rest = &rest[at + part.len()..];
    }
    rest.ends_with(last)
}

#[test]
fn a_page_is_played_command_by_command() {
    let page = "Text.\n```console\n$ echo a; echo b\na\nx\n\n$ exit 3\n```\n```sh\n$ not run\n```\n";
    let played = play(page);
    assert_eq!(played, page.replace("a\nx\n", "a\nb\n").replace("$ exit 3\n", "$ exit 3\n[exit 3]\n"));
}

#[test]
fn a_gap_stands_for_any_characters() {
    assert!(matches("took [..] s", "took 0.31 s") && matches("[..]", "") && matches("a[..]b[..]c", "a1b2c"));
    assert!(!matches("took [..] s", "took 0.31 ms!") && !matches("ab", "abc") && !matches("a[..]b[..]c", "a1c"));
}
