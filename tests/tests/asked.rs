//! Questions as tasks of the core: a strict host that holds the bytes in memory gets the answers that the native host
//! gives.

use faissil::core::{
    Reading,
    asking::{Ask, Course, Task},
    attached,
    error::Cause,
    files::Files,
    ids::Memory,
    ids::{ExternalId, Row},
    index::Index,
    inspect::{fault, inspect, inspect_opaque},
    look_up::{LookUp, Vectors, Which, ids_of, vectors},
    opened::{Access, Caches, Opened, open},
    snapshot::Layout,
    standin::StandIn,
    verify::{State, Verifier, unopened, verification, verify},
};
use faissil::save::{Additions, Input, save};
use faissil_tests::{corpus, driven, kept};
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
    compare_in_pages(what, path, side, &[61, 1 << 20]);
}

fn compare_in_pages(what: &str, path: &Path, side: Option<&Path>, pages: &[usize]) {
    let mut bytes = std::fs::read(path).unwrap();
    let side = side.map(|side| std::fs::read(side).unwrap());
    let files = Files { stream: bytes.len() as u64, side: side.as_ref().map(|side| side.len() as u64) };
    bytes.extend(side.iter().flatten());
    let name = path.display().to_string();
    let expected = natively(path);
    for &page in pages {
        let task = Task::new(files, |ask| inspected(ask, &name, files.side.is_some()));
        let found = driven::over(task, &bytes, page).unwrap().map_err(|cause| cause.to_string());
        assert_eq!(found, expected, "{what} in pages of {page}");
    }
}

#[test]
fn an_index_is_inspected_as_the_native_host_does() {
    for case in corpus() {
        compare(&case.name, &case.path, case.side().as_deref());
    }
}

#[test]
fn a_snapshot_is_inspected_as_the_native_host_does() {
    let dir = tempfile::tempdir().unwrap();
    for case in kept().iter().step_by(3) {
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

/// The JSON of `verify` for this file, or the message that it has instead. `backwards`: its chunks from the last on.
async fn verified(ask: Ask, name: &str, backwards: bool) -> Result<String, Cause> {
    let report = match open(&ask).await {
        Err(cause) => unopened(&ask, name, cause).await?,
        Ok(opened) => {
            let access = Access::new(ask, &opened, Caches::default());
            let found = if backwards {
                let mut verifier = Verifier::begin(&access).await?;
                for number in (0..verifier.chunks().len()).rev() {
                    let stored = access.file().bytes(verifier.chunks()[number].stored).await?;
                    assert_eq!(verifier.states()[number], State::Unchecked);
                    let state = verifier.check(number, &stored);
                    assert_eq!(verifier.states()[number], state);
                }
                verifier.finish(&access, &Memory).await?
            } else {
                verify(&access, &Memory).await?
            };
            verification(opened.snapshot()?, &found, name, None)
        }
    };
    Ok(serde_json::to_string(&report).unwrap())
}

/// The same from the command.
fn verified_by_command(path: &Path) -> Result<String, String> {
    let opened = match faissil::opened::Opened::open(path) {
        Ok(opened) => opened,
        Err(error) => {
            let Some(cause) = error.cause.of_bytes() else { return Err(error.cause.to_string()) };
            let file = faissil::store::File::open(path).unwrap();
            let name = &path.display().to_string();
            let report = faissil::drive::ask(&file, |ask| async move { unopened(&ask, name, cause).await });
            return report.map(|report| serde_json::to_string(&report).unwrap()).map_err(|cause| cause.to_string());
        }
    };
    let snapshot = opened.snapshot.as_ref().ok_or("not a snapshot: no digests to hold its bytes against")?;
    let found = faissil::verify::verify(&opened.file, snapshot, &std::env::temp_dir(), &|_, _| {});
    let report = verification(snapshot, &found.map_err(|cause| cause.to_string())?, &path.display().to_string(), None);
    Ok(serde_json::to_string(&report).unwrap())
}

/// Both, forwards and backwards; whether all is well.
fn compare_verified(what: &str, path: &Path) -> bool {
    compare_verified_over(what, path, |task, file, backwards| {
        driven::over(task, file, if backwards { 5000 } else { 1 << 20 })
    })
}

type Drive = fn(Task<'_, String>, &[u8], bool) -> Result<Result<String, Cause>, faissil::core::Error>;

fn compare_verified_over(what: &str, path: &Path, drive: Drive) -> bool {
    let bytes = std::fs::read(path).unwrap();
    let (name, files) = (path.display().to_string(), Files::only(bytes.len() as u64));
    let expected = verified_by_command(path);
    for backwards in [false, true] {
        let task = Task::new(files, |ask| verified(ask, &name, backwards));
        let found = drive(task, &bytes, backwards).unwrap().map_err(|cause| cause.to_string());
        assert_eq!(found, expected, "{what}, backwards: {backwards}");
    }
    expected.is_ok_and(|json| json.contains(r#""ok":true"#))
}

#[test]
fn a_snapshot_is_verified_as_the_native_host_does() {
    let dir = tempfile::tempdir().unwrap();
    let mut damaged = 0;
    for (number, case) in kept().iter().enumerate().step_by(4) {
        for layout in [Layout::Sealed, Layout::Packed] {
            let path = dir.path().join("x.faissil");
            let additions = Additions { id_index: number % 8 == 0, ..Additions::default() };
            save(&Input::Path(case.path.clone()), &path, layout, &additions, &|_, _| {}).unwrap();
            let what = format!("{} {}", case.name, layout.name());
            assert!(compare_verified(&what, &path), "{what}");
            // Bytes changed all over: in the stream, in tables, in the manifest and behind it.
            let whole = std::fs::read(&path).unwrap();
            for part in 0..4 {
                let mut other = whole.clone();
                let at = (whole.len() - 1) * part / 3;
                other[at] ^= 0x55;
                std::fs::write(&path, other).unwrap();
                damaged += usize::from(!compare_verified(&format!("{what}, byte {at}"), &path));
            }
        }
    }
    assert!(damaged > 50, "{damaged}");
}

#[test]
fn more_scattered_ids_than_memory_holds_are_counted_and_held_against_their_table() {
    let dir = tempfile::tempdir().unwrap();
    let (index, path) = (dir.path().join("x.faiss"), dir.path().join("x.faissil"));
    let rows = 1_300_000_i64;
    let ids = (0..rows).map(|row| ExternalId((row % 1_299_000).wrapping_mul(0x5851_F42D_4C95_7F2D)));
    let vectors = (0..rows).map(|row| (row as f32).to_le_bytes().to_vec());
    let pieces: Result<Vec<_>, _> = StandIn::new(1, 1, 0.0, rows as u64).unwrap().pieces(vectors, ids).collect();
    std::fs::write(&index, pieces.unwrap().concat()).unwrap();
    compare_in_pages("scattered ids", &index, None, &[1 << 20]);
    for id_index in [false, true] {
        let additions = Additions { id_index, ..Additions::default() };
        save(&Input::Path(index.clone()), &path, Layout::Sealed, &additions, &|_, _| {}).unwrap();
        // It asks for them again and again, which a strict host would not have.
        assert!(compare_verified_over("scattered ids", &path, |task, file, _| task.over(file)));
    }
}

/// Ids and vectors of this file, taken out along several roads; how many rows were compared.
async fn taken_out(ask: Ask, has_side: bool) -> Result<usize, Cause> {
    let opened = open(&ask).await?;
    let access = Access::new(ask, &opened, Caches::default());
    let side = if has_side { Ok(()) } else { Err("no such file") };
    let index = Index::of(&access).await?.with_side(side);
    let ids = ids_of(&access, &index, 0..1000).await?;
    let look_up = LookUp::new(&access, &index).await?;
    for (row, &id) in ids.iter().enumerate().step_by(97) {
        let found = look_up.find(id, look_up.plan(id).road).await?;
        assert!(found.places.iter().any(|place| place.row.0 == row as u64), "{id} in row {row}: {found:?}");
    }
    let Ok(all) = vectors(&access, &index, Which::Range(0..ids.len() as u64)).await else { return Ok(0) };
    let width = if all.is_binary { all.d / 8 } else { all.d * 4 } as usize;
    assert_eq!(all.floats.len(), all.rows.len() * width);
    let of = |row: usize| &all.floats[row * width..][..width];
    let wanted: Vec<usize> = [0, all.rows.len() / 2, all.rows.len().saturating_sub(1)].into_iter().collect();
    if all.rows.is_empty() {
        return Ok(0);
    }
    let rows = wanted.iter().rev().map(|&row| Row(row as u64)).collect();
    let some = vectors(&access, &index, Which::Rows(rows)).await?;
    let check = |some: &Vectors| {
        for (number, row) in some.rows.iter().enumerate() {
            let floats = &some.floats[number * width..][..width];
            assert_eq!(floats, of(row.0 as usize), "row {row}");
        }
    };
    check(&some);
    assert_eq!(some.ids, some.rows.iter().map(|row| all.ids[row.0 as usize]).collect::<Vec<_>>());
    let by_id = vectors(&access, &index, Which::Ids(some.ids.clone())).await?;
    check(&by_id);
    assert!(some.rows.iter().all(|row| by_id.rows.contains(row)));
    Ok(all.rows.len())
}

#[test]
fn rows_by_id_and_vectors_by_row_agree_on_every_road() {
    let dir = tempfile::tempdir().unwrap();
    let mut compared = 0;
    for case in kept() {
        let side = case.side().map(|side| std::fs::read(side).unwrap());
        let mut files = vec![(case.bytes(), side.is_some())];
        for layout in [Layout::Sealed, Layout::Packed] {
            let path = dir.path().join("x.faissil");
            let additions = Additions { id_index: true, ..Additions::default() };
            save(&Input::Path(case.path.clone()), &path, layout, &additions, &|_, _| {}).unwrap();
            files.push((std::fs::read(&path).unwrap(), false));
        }
        let mut counts = Vec::new();
        for (mut bytes, has_side) in files {
            let side = side.as_ref().filter(|_| has_side);
            let files = Files { stream: bytes.len() as u64, side: side.map(|side| side.len() as u64) };
            bytes.extend(side.into_iter().flatten());
            let found = Task::new(files, |ask| taken_out(ask, has_side)).over(&bytes).unwrap();
            counts.push(found.map_err(|cause| cause.to_string()));
        }
        // Each file has its own words for what it is not; else they are one index.
        assert!(counts.iter().all(|count| count.is_err() || *count == counts[0]), "{}: {counts:?}", case.name);
        compared += counts.into_iter().flatten().sum::<usize>();
    }
    assert!(compared > 10_000, "{compared}");
}

#[test]
fn an_attachment_comes_in_pieces_until_one_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("x.faissil");
    let attached: Vec<u8> = (0..9_000_000_u32).map(|n| (n ^ n >> 7) as u8).collect();
    std::fs::write(dir.path().join("names"), &attached).unwrap();
    let attachments = vec![("names".into(), faissil::save::Attach::File(dir.path().join("names")))];
    let additions = Additions { attachments, ..Additions::default() };
    save(&Input::Path(kept()[0].path.clone()), &path, Layout::Sealed, &additions, &|_, _| {}).unwrap();
    let mut file = std::fs::read(&path).unwrap();
    let take = |file: &[u8], name: &'static str| {
        let mut course = Course::new(Files::only(file.len() as u64), |ask, give| async move {
            let opened = open(&ask).await?;
            attached::pieces(&Access::new(ask, &opened, Caches::default()), name, &give).await
        });
        let mut out = Vec::new();
        loop {
            match driven::step(&mut course, file, 1 << 20).unwrap() {
                Ok(Some(piece)) => out.extend_from_slice(&piece),
                Ok(None) => return (out, None),
                Err(cause) => return (out, Some(cause.to_string())),
            }
        }
    };
    assert!(take(&file, "names") == (attached.clone(), None));
    assert_eq!(take(&file, "none").1.unwrap(), "no attachment is named `none`");
    let at = file.len() / 2;
    file[at] ^= 1;
    let (good, why) = take(&file, "names");
    assert!(!good.is_empty() && attached.starts_with(&good));
    assert!(why.as_ref().is_some_and(|why| why.contains("of attachment `names`")), "{why:?}");
}
