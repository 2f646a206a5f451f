//! What is refused, what is cut short, and what goes along.

use crate::made::{D, built, names, vectors};
use faiss::{
    Index as _, MetricType,
    index::{FromInnerPtr as _, IndexImpl, TryClone as _, flat::FlatIndex, id_map::IdMap},
    index_binary_factory, index_factory,
};
use faissil::{
    Cause, Load, Save,
    native::{Durability, stream_of},
};
use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::PathBuf,
    process::Command,
    ptr,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

#[test]
fn every_kind_of_handle_of_the_crate_faiss_is_taken() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let x = vectors(50, D);

    let mut flat = FlatIndex::new_l2(D as u32).unwrap();
    flat.add(&x).unwrap();
    faissil::save(&flat, at("flat")).unwrap();
    faissil::save(&Box::new(flat.try_clone().unwrap()), at("boxed")).unwrap();
    let mut map = IdMap::new(flat.try_clone().unwrap());
    assert!(map.is_err(), "FAISS maps empty indexes only");
    map = IdMap::new(FlatIndex::new_l2(D as u32).unwrap());
    let mut map = map.unwrap();
    let ids: Vec<_> = (0..50u64).map(|row| faiss::Idx::new(row * 3 + 7)).collect();
    map.add_with_ids(&x, &ids).unwrap();
    faissil::save(&map, at("map")).unwrap();
    assert_eq!(faissil::load(at("map")).unwrap().search(&x[..D], 1).unwrap().ids, [7]);

    let mut binary = index_binary_factory(64, "BFlat").unwrap();
    let bits: Vec<u8> = (0..80u32).map(|n| (n * 37) as u8).collect();
    binary.add(&bits).unwrap();
    faissil::save(&binary, at("binary")).unwrap();
    let loaded = faissil::load(at("binary")).unwrap();
    assert!(loaded.is_binary());
    assert_eq!(
        loaded.search_binary(&bits[8..16], 1).unwrap(),
        faissil::native::Hits { distances: vec![0], ids: vec![1] }
    );
    assert!(loaded.search(&x[..D], 1).unwrap_err().to_string().contains("not a float index"));
    let (again, _) = Load::new().load_owned_binary(at("binary")).unwrap();
    assert_eq!(stream_of(&again).unwrap(), stream_of(&binary).unwrap());
    let refused = faissil::load_owned(at("binary")).map(|_| ()).unwrap_err();
    assert!(refused.to_string().contains("it is a binary index"), "{refused}");
}

#[test]
fn untrained_and_empty_indexes_are_legitimate() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let untrained = index_factory(D as u32, "IVF4,PQ4x4", MetricType::L2).unwrap();
    let saved = faissil::save(&untrained, &path).unwrap();
    assert_eq!(saved.notes, ["the index is not trained", "the index holds no vectors"]);
    let loaded = faissil::load(&path).unwrap();
    assert_eq!(loaded.ntotal(), 0);
    assert_eq!(loaded.search(&[0.0; D], 1).unwrap_err().to_string(), "the index is not trained");

    let empty = index_factory(D as u32, "Flat", MetricType::L2).unwrap();
    faissil::save(&empty, &path).unwrap();
    assert_eq!(faissil::load(&path).unwrap().search(&[0.0; D], 2).unwrap().ids, [-1, -1]);
}

/// An `IndexIDMap` over an index that got vectors behind its back.
fn map_of_another_size() -> IndexImpl {
    let inner = built("Flat", MetricType::L2, 0).unwrap();
    let mut map = ptr::null_mut();
    // SAFETY: a live index is wrapped and then owned by the map, which the result owns.
    let map = unsafe {
        assert_eq!(faiss_sys::faiss_IndexIDMap_new(&raw mut map, inner.inner_ptr()), 0);
        faiss_sys::faiss_IndexIDMap_set_own_fields(map, 1);
        assert_eq!(faiss_sys::faiss_Index_add(inner.inner_ptr(), 3, vectors(3, D).as_ptr()), 0);
        IndexImpl::from_inner_ptr(map.cast())
    };
    std::mem::forget(inner);
    map
}

#[test]
fn an_index_that_contradicts_itself_is_refused_by_the_rule_that_it_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "old").unwrap();
    let refused = faissil::save(&map_of_another_size(), &path).unwrap_err();
    insta::assert_snapshot!(refused.to_string().replace(path.to_str().unwrap(), "x"), @r"
    cannot save the index as `x`
      cause: inconsistent at byte 37 while reading index: ntotal of the index inside = ntotal of the id map: expected 0, found 3
      hint: nothing was written
    ");
    assert_eq!(fs::read(&path).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn what_faiss_throws_is_said_in_its_own_words() {
    let mut shards = ptr::null_mut();
    // SAFETY: made here, owned by the result.
    let shards = unsafe {
        assert_eq!(faiss_sys::faiss_IndexShards_new(&raw mut shards, D as i64), 0);
        IndexImpl::from_inner_ptr(shards.cast())
    };
    let folder = tempfile::tempdir().unwrap();
    let refused = faissil::save(&shards, folder.path().join("x")).unwrap_err();
    assert!(
        matches!(&refused.cause, Cause::Faiss(words) if words.contains("don't know how to serialize")),
        "{refused}"
    );
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_cancelled_save_leaves_the_old_file_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(&path, "old").unwrap();
    let index = built("IDMap2,Flat", MetricType::L2, 200_000).unwrap();
    for layout in [faissil::core::snapshot::Layout::Sealed, faissil::core::snapshot::Layout::Packed] {
        for at in [1, 6_000_000, 12_000_000] {
            let stop = Arc::new(AtomicBool::new(false));
            let told = stop.clone();
            let save = Save::new().layout(layout).cancel(stop).progress(move |done, _| {
                if done >= at {
                    told.store(true, Ordering::Relaxed);
                }
            });
            let cancelled = save.save(&index, &path).unwrap_err();
            assert!(matches!(cancelled.cause, Cause::Cancelled), "{cancelled}");
            assert_eq!(fs::read(&path).unwrap(), b"old");
            assert_eq!(names(folder.path()), ["x"]);
        }
    }
}

#[test]
fn a_panic_while_faiss_writes_passes_through_and_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let index = built("Flat", MetricType::L2, 1000).unwrap();
    let save = Save::new().progress(|_, _| panic!("the caller's own"));
    let panicked = catch_unwind(AssertUnwindSafe(|| save.save(&index, folder.path().join("x")))).unwrap_err();
    assert_eq!(panicked.downcast_ref::<&str>(), Some(&"the caller's own"));
    assert!(names(folder.path()).is_empty());
}

#[test]
fn a_vanished_directory_is_said() {
    let folder = tempfile::tempdir().unwrap();
    let gone = folder.path().join("gone");
    fs::create_dir(&gone).unwrap();
    let index = built("Flat", MetricType::L2, 1000).unwrap();
    let remove = gone.clone();
    let save = Save::new().progress(move |_, _| drop(fs::remove_dir_all(&remove)));
    let error = save.save(&index, gone.join("x")).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
    assert!(!gone.exists());
    let error = faissil::save(&index, gone.join("x")).unwrap_err();
    assert!(error.to_string().contains("no such file"), "{error}");
}

/// Runs in a child that may write only files of 100 KiB.
#[test]
fn a_full_disk_is_reported_and_leaves_nothing() {
    const FOLDER: &str = "FAISSIL_TEST_SMALL_FILES";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let path = PathBuf::from(folder).join("x");
        let _ = signal_hook::flag::register(signal_hook::consts::SIGXFSZ, Arc::default());
        let index = built("Flat", MetricType::L2, 10_000).unwrap();
        for durability in [Durability::Synced, Durability::Unsynced] {
            let error = Save::new().durability(durability).save(&index, &path).unwrap_err();
            assert!(error.to_string().contains("larger than a file may be here"), "{error}");
        }
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("x"), "old").unwrap();
    let this = std::env::current_exe().unwrap();
    let mut child = Command::new("sh");
    let limited = r#"ulimit -f 100; exec "$0" --exact saving::a_full_disk_is_reported_and_leaves_nothing"#;
    let output = child.args(["-c", limited]).arg(this).env(FOLDER, folder.path()).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
    assert_eq!(fs::read(folder.path().join("x")).unwrap(), b"old");
    assert_eq!(names(folder.path()), ["x"]);
}

#[test]
fn what_cannot_be_attached_is_said_before_the_index_is_written() {
    let folder = tempfile::tempdir().unwrap();
    let index = built("Flat", MetricType::L2, 100).unwrap();
    let none = Save::new().progress(|_, _| panic!("written"));
    let path = folder.path().join("x");
    let missing = none.clone().attach("card.md", folder.path().join("card.md")).save(&index, &path).unwrap_err();
    assert!(missing.to_string().contains("no such file"), "{missing}");
    let named = none.clone().attach_bytes("../card.md", "text/markdown", "").save(&index, &path).unwrap_err();
    assert!(named.to_string().contains("cannot attach `../card.md`"), "{named}");
    let twice = none.clone().metadata("a", "b").metadata("a", "c").save(&index, &path).unwrap_err();
    assert!(twice.to_string().contains("metadata key `a` is given twice"), "{twice}");
    let empty = none.clone().metadata("", "of nothing").save(&index, &path).unwrap_err();
    assert!(empty.to_string().contains("the key of the value `of nothing` is empty"), "{empty}");
    let long = none.clone().metadata("b", "").metadata("a", "x".repeat(9 << 20)).save(&index, &path).unwrap_err();
    assert!(long.to_string().contains("for the key `a`, and a snapshot holds at most 8388608"), "{long}");
    for error in [&named, &twice, &empty, &long] {
        assert!(!error.to_string().contains("--"), "an option of the command: {error}");
    }
    assert!(names(folder.path()).is_empty());
}

#[test]
fn what_goes_with_an_index_comes_back_with_it() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    fs::write(folder.path().join("card.md"), "# A card").unwrap();
    let index = built("IDMap2,Flat", MetricType::L2, 100).unwrap();
    let saved = Save::new()
        .metadata("model", "none")
        .attach("card.md", folder.path().join("card.md"))
        .attach_bytes("names.json", "application/json", "[]")
        .id_index()
        .save(&index, &path)
        .unwrap();
    assert_eq!(saved.attachments, [("card.md".into(), 8), ("names.json".into(), 2)]);
    let loaded = faissil::load(&path).unwrap();
    assert_eq!(loaded.metadata("model"), Some("none"));
    assert_eq!(loaded.attachment("card.md").unwrap().unwrap(), b"# A card");
    assert_eq!(loaded.attachment("names.json").unwrap().unwrap(), b"[]");
    assert_eq!(loaded.attachment("other").unwrap(), None);
}

#[test]
fn an_index_with_mapped_lists_says_how_it_can_be_saved() {
    let folder = tempfile::tempdir().unwrap();
    let [path, again] = ["x", "y"].map(|name| folder.path().join(name));
    faissil::save(&built("IVF4,Flat", MetricType::L2, 2000).unwrap(), &path).unwrap();
    let mapped = faissil::load(&path).unwrap();
    let refused = faissil::save(&mapped, &again).unwrap_err();
    assert!(refused.to_string().contains("`load_owned` and `Load::load_into_memory` give one"), "{refused}");
    faissil::save(&faissil::load_owned(&path).unwrap(), &again).unwrap();
    faissil::save(&Load::new().load_into_memory(&path).unwrap(), &again).unwrap();
    assert!(fs::read(&path).unwrap() == fs::read(&again).unwrap());
}
