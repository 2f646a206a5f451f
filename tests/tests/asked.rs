//! Questions as tasks of the core: a strict host that holds the bytes in memory gets the answers that the native host
//! gives.

use faissil::core::{
    asking::{Ask, Task},
    error::Cause,
    files::Files,
    ids::Memory,
    inspect::{fault, inspect, inspect_opaque},
    opened::{Access, Caches, Opened, open},
    snapshot::Layout,
};
use faissil::save::{Additions, Input, save};
use faissil_tests::{Case, corpus, driven};
use std::path::Path;

/// The JSON of `inspect` for this file, or the message that it has instead.
async fn inspected(ask: Ask, name: &str, has_side: bool) -> Result<String, Cause> {
    let opened: Opened = open(&ask).await?;
    let access = Access::new(ask, &opened, Caches::default());
    let side = if has_side { Ok(()) } else { Err("no such file".into()) };
    match inspect(&access, name, side, &Memory).await {
        Ok(report) => Ok(serde_json::to_string(&report).unwrap()),
        Err(cause) => match inspect_opaque(&access, name, fault(&cause)).await? {
            Some(report) => Ok(serde_json::to_string(&report).unwrap()),
            None => Err(cause),
        },
    }
}

/// The same from the native host.
fn natively(path: &Path) -> Result<String, String> {
    let said = |error: faissil::Error| error.cause.to_string();
    let opened = faissil::opened::Opened::open(path).map_err(said)?;
    match faissil::inspect::inspect_opened(&opened, &|_, _| {}) {
        Ok(report) => Ok(serde_json::to_string(&report).unwrap()),
        Err(error) => match faissil::inspect::inspect_opaque(&opened, &error.cause).unwrap() {
            Some(report) => Ok(serde_json::to_string(&report).unwrap()),
            None => Err(said(error)),
        },
    }
}

/// Both, once with bytes that come a few at a time.
fn compare(what: &str, path: &Path, side: Option<&Path>) {
    let mut bytes = std::fs::read(path).unwrap();
    let side = side.map(|side| std::fs::read(side).unwrap());
    let files = Files { stream: bytes.len() as u64, side: side.as_ref().map(|side| side.len() as u64) };
    bytes.extend(side.iter().flatten());
    let name = path.display().to_string();
    let expected = natively(path);
    for page in [61, 1 << 20] {
        let task = Task::new(files, |ask| inspected(ask, &name, files.side.is_some()));
        let found = driven::over(task, &bytes, page).unwrap().map_err(|cause| cause.to_string());
        assert_eq!(found, expected, "{what} in pages of {page}");
    }
}

fn side_of(case: &Case) -> Option<std::path::PathBuf> {
    let facts = case.facts();
    let (name, _) = facts["side_files"].as_object()?.iter().next()?;
    Some(case.path.parent()?.join(name)).filter(|path| path.exists())
}

#[test]
fn an_index_is_inspected_as_the_native_host_does() {
    for case in corpus() {
        compare(&case.name, &case.path, side_of(&case).as_deref());
    }
}

#[test]
fn a_snapshot_is_inspected_as_the_native_host_does() {
    let dir = tempfile::tempdir().unwrap();
    for case in corpus().iter().step_by(5) {
        for layout in [Layout::Sealed, Layout::Packed] {
            let path = dir.path().join("x.faissil");
            save(&Input::Path(case.path.clone()), &path, layout, &Additions::default(), &|_, _| {}).unwrap();
            compare(&format!("{} {}", case.name, layout.name()), &path, None);
            // Half a snapshot, and one with a byte less and more.
            let whole = std::fs::read(&path).unwrap();
            for len in [whole.len() / 2, whole.len() - 1, whole.len() + 1] {
                let mut other = whole.clone();
                other.resize(len, 7);
                std::fs::write(&path, other).unwrap();
                compare(&format!("{} {} of {len} bytes", case.name, layout.name()), &path, None);
            }
        }
    }
}

#[test]
fn bad_files_have_the_same_messages() {
    let bad = Path::new(env!("CARGO_MANIFEST_DIR")).join("../fixtures/bad");
    let mut seen = 0;
    for entry in std::fs::read_dir(bad).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|extension| extension == "bin") {
            compare(&path.display().to_string(), &path, None);
            seen += 1;
        }
    }
    assert!(seen > 40);
}
