//! Every road through a snapshot gives the same bytes: saved and loaded, sealed or packed, in place and
//! back, for every fixture.

use faissil::core::snapshot::Layout;
use faissil::load::{Output, load};
use faissil::opened::Opened;
use faissil::save::{Additions, Attach, Input, save};
use faissil::seal::{seal, unseal};
use faissil::verify::verify;
use faissil_tests::{Case, corpus};
use std::fs;
use std::path::Path;

const QUIET: &(dyn Fn(u64, u64) + Sync) = &|_, _| {};

/// Files that are beside an index and belong to it.
fn side_files(case: &Case) -> Vec<std::path::PathBuf> {
    let facts = case.facts();
    let names = facts["side_files"].as_object().into_iter().flatten().map(|(name, _)| name.clone());
    let beside = case.path.parent().unwrap();
    names.map(|name| beside.join(name)).filter(|path| path.exists()).collect()
}

fn save_as(case: &Case, out: &Path, layout: Layout, id_index: bool) -> faissil::save::Saved {
    let additions = Additions { id_index, ..Additions::default() };
    let saved = save(&Input::Path(case.path.clone()), out, layout, &additions, QUIET);
    saved.unwrap_or_else(|error| panic!("{}: {error}", case.name))
}

/// Do this with every case, several at a time: what takes long here is syncing.
fn for_each_case(test: impl Fn(&Case, &Path) + Sync) {
    let cases = corpus();
    std::thread::scope(|scope| {
        for part in cases.chunks(cases.len().div_ceil(8)) {
            let test = &test;
            scope.spawn(move || {
                for case in part {
                    let dir = tempfile::tempdir().unwrap();
                    test(case, dir.path());
                }
            });
        }
    });
}

#[test]
fn what_is_saved_is_loaded() {
    for_each_case(|case, dir| {
        let bytes = case.bytes();
        let sides = side_files(case);
        let mut digests = Vec::new();
        for (layout, name) in [(Layout::Sealed, "sealed"), (Layout::Packed, "packed")] {
            let work = dir.join(name);
            fs::create_dir(&work).unwrap();
            let (snapshot, back) = (work.join("x.faissil"), work.join("back.faiss"));
            let saved = save_as(case, &snapshot, layout, true);
            assert_eq!(saved.fidelity, "exact bytes", "{}", case.name);
            assert_eq!(saved.attachments.len(), sides.len(), "{}", case.name);
            if layout == Layout::Sealed {
                assert!(fs::read(&snapshot).unwrap().starts_with(&bytes), "{}", case.name);
            }
            load(&snapshot, &Output::Path(back.clone()), Some(saved.digest), QUIET).unwrap();
            assert!(fs::read(&back).unwrap() == bytes, "{} {name}", case.name);
            for side in &sides {
                let again = work.join(side.file_name().unwrap());
                assert!(fs::read(again).unwrap() == fs::read(side).unwrap(), "{} {name}", case.name);
            }
            digests.push((saved.stream_digest, saved.ids));
            fs::remove_dir_all(work).unwrap();
        }
        assert_eq!(digests[0], digests[1], "{}", case.name);
        assert_eq!(digests[0].0.to_string(), blake3::hash(&bytes).to_string(), "{}", case.name);
    });
}

#[test]
fn sealing_in_place_is_saving_and_unsealing_undoes_it() {
    for_each_case(|case, dir| {
        let file = dir.join(case.path.file_name().unwrap());
        let bytes = case.bytes();
        fs::write(&file, &bytes).unwrap();
        for side in side_files(case) {
            fs::copy(&side, dir.join(side.file_name().unwrap())).unwrap();
        }
        let saved = dir.join("saved.faissil");
        save_as(case, &saved, Layout::Sealed, false);
        if let Err(error) = seal(&file, &Additions::default(), QUIET) {
            panic!("{}: {error}", case.name);
        }
        assert!(fs::read(&file).unwrap() == fs::read(&saved).unwrap(), "{}", case.name);
        let unsealed = unseal(&file, QUIET).unwrap();
        assert_eq!((unsealed.stream_len, unsealed.interrupted), (bytes.len() as u64, false));
        assert!(fs::read(&file).unwrap() == bytes, "{}", case.name);
    });
}

#[test]
fn a_snapshot_of_a_snapshot_keeps_everything() {
    let dir = tempfile::tempdir().unwrap();
    let document = dir.path().join("names.json");
    fs::write(&document, "{\"7\": \"seven\"}").unwrap();
    let additions = Additions {
        metadata: vec![("model".into(), "MiniLM".into())],
        attachments: vec![("names.json".into(), Attach::File(document))],
        ..Additions::default()
    };
    let case = &faissil_tests::kept()[0];
    let (first, second, third) = (dir.path().join("1"), dir.path().join("2"), dir.path().join("3"));
    save(&Input::Path(case.path.clone()), &first, Layout::Sealed, &additions, QUIET).unwrap();
    save(&Input::Path(first.clone()), &second, Layout::Packed, &Additions::default(), QUIET).unwrap();
    save(&Input::Path(second), &third, Layout::Sealed, &Additions::default(), QUIET).unwrap();
    assert!(fs::read(first).unwrap() == fs::read(third).unwrap());
}

#[test]
fn a_verification_reads_every_byte_once() {
    let dir = tempfile::tempdir().unwrap();
    let index = dir.path().join("x.faiss");
    let (rows, d) = (40_000u64, 64u32);
    let stand_in = faissil::core::standin::StandIn::new(d, 1, 0.0, rows).unwrap();
    let vectors = (0..rows).map(|row| (0..d).flat_map(|column| (row as f32 + column as f32).to_le_bytes()).collect());
    let ids = (0..rows as i64).map(|row| faissil::core::ids::ExternalId(row * 7919 % 40_009));
    let pieces: Result<Vec<_>, _> = stand_in.pieces(vectors, ids).collect();
    fs::write(&index, pieces.unwrap().concat()).unwrap();
    for layout in [Layout::Sealed, Layout::Packed] {
        let snapshot = dir.path().join("x.faissil");
        save(&Input::Path(index.clone()), &snapshot, layout, &Additions::default(), QUIET).unwrap();
        let opened = Opened::open(&snapshot).unwrap();
        let store = faissil::store::Counting::new(&opened.file);
        let verified = verify(&store, opened.snapshot.as_ref().unwrap(), dir.path(), QUIET).unwrap();
        assert!(verified.is_ok(), "{:?}", verified.damage);
        assert_eq!(verified.ids.unwrap().count, rows);
        // A few kilobytes of header, of list sizes and of tables come on top; of a packed stream the chunks in which
        // these lie.
        let (read, more) = (store.bytes(), 256 << 10);
        assert!(read >= verified.bytes && read < verified.bytes + more, "{layout:?}: {read} of {}", verified.bytes);
    }
}
