//! What is said about each broken input of `fixtures/bad`. Adding a file there adds a line here.
//!
//! Files named `unseen-` are broken in bytes that an outline does not read, or may be fine to a newer FAISS.

use faissil_core::faiss::outline;
use faissil_core::recognise::recognise;
use faissil_tests::examine::examine;
use faissil_tests::root;
use std::fmt::Write;

/// The files of `fixtures/bad`, by name.
fn bad() -> Vec<(String, Vec<u8>)> {
    let folder = root().join("fixtures/bad");
    let files =
        std::fs::read_dir(&folder).expect("fixtures/bad is there").map(|entry| entry.expect("it can be read").path());
    let mut found: Vec<_> = files
        .filter(|path| path.extension().is_some_and(|extension| extension == "bin"))
        .map(|path| {
            let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
            (name, std::fs::read(&path).expect("a file of fixtures/bad can be read"))
        })
        .collect();
    found.sort();
    found
}

/// What is wrong with `file`, as the command puts it, without the name of the file.
fn said(file: &[u8]) -> String {
    let mut said = String::new();
    match outline(file) {
        Err(error) => write!(said, "{error}"),
        Ok(outline) => match (&outline.fault, outline.trailing()) {
            (Some(fault), _) => write!(said, "{fault}"),
            (None, Some(rest)) => write!(said, "sound, then {} bytes that trail", rest.len),
            (None, None) => write!(said, "sound"),
        },
    }
    .expect("text can be written to");
    let known = outline(file).is_ok();
    if let Some(looks) = recognise(file, file, file.len() as u64).filter(|_| !known) {
        write!(said, "\n    {}", looks.phrase).expect("text can be written to");
    }
    said
}

#[test]
fn every_bad_file_gets_a_message_about_its_fault() {
    let mut page = String::new();
    for (name, file) in bad() {
        examine(&file);
        writeln!(page, "{name}\n    {}", said(&file)).expect("text can be written to");
    }
    insta::assert_snapshot!("errors", page);
}
