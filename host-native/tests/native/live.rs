//! An index that is replaced while it serves.

use crate::made::{D, built, vectors};
use faiss::{Index as _, MetricType, index::flat::FlatIndex};
use faissil::{
    Live, Save,
    native::{Durability, Event},
};
use std::{
    fs,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
    thread,
    time::Duration,
};

/// `version` times the same number in every place of every vector.
fn numbered(version: u64, rows: usize) -> FlatIndex {
    let mut index = FlatIndex::new_l2(D as u32).unwrap();
    index.add(&vec![version as f32; rows * D]).unwrap();
    index
}

/// Which version an index is: the distance from the origin.
fn version(index: &faissil::Index) -> u64 {
    let hits = index.search(&[0.0; D], 1).unwrap();
    (hits.distances[0] / D as f32).sqrt().round() as u64
}

#[test]
fn searches_go_on_while_fifty_versions_follow_each_other() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let save = Save::new().durability(Durability::Unsynced);
    save.save(&numbered(1, 1000), &path).unwrap();
    let swapped = Arc::new(AtomicU64::new(0));
    let told = swapped.clone();
    let live = Live::opening()
        .every(Some(Duration::from_millis(1)))
        .report(move |event| match event {
            Event::Swapped(count) => told.store(*count, Ordering::SeqCst),
            Event::Refused(error) => panic!("{error}"),
        })
        .open(&path)
        .unwrap();
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let searchers: Vec<_> = (0..3)
            .map(|_| {
                scope.spawn(|| {
                    let (mut last, mut searches) = (1, 0u64);
                    while !done.load(Ordering::Relaxed) {
                        let now = version(&live.get());
                        assert!(now >= last, "{now} after {last}");
                        last = now;
                        searches += 1;
                    }
                    (last, searches)
                })
            })
            .collect();
        for number in 2..=51 {
            // Larger and smaller ones in turn: a map of the wrong file would show.
            save.save(&numbered(number, 500 + (number % 7) as usize * 300), &path).unwrap();
            while version(&live.get()) < number {
                thread::yield_now();
            }
        }
        done.store(true, Ordering::Relaxed);
        for searcher in searchers {
            let (last, searches) = searcher.join().unwrap();
            assert!(last >= 40 && searches > 50, "saw {last} in {searches} searches");
        }
    });
    assert_eq!(version(&live.get()), 51);
    assert!(live.swaps() >= 50 && live.fault().is_none());
    assert_eq!(swapped.load(Ordering::SeqCst), live.swaps());
}

#[test]
fn a_damaged_replacement_is_reported_and_the_old_one_serves() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&numbered(1, 5000), &path).unwrap();
    let refused = Arc::new(Mutex::new(Vec::new()));
    let told = refused.clone();
    let live = Live::opening()
        .every(None)
        .report(move |event| {
            if let Event::Refused(error) = event {
                told.lock().unwrap().push(error.cause.to_string());
            }
        })
        .open(&path)
        .unwrap();
    assert!(!live.refresh().unwrap());

    faissil::save(&numbered(2, 5000), &path).unwrap();
    let good = fs::read(&path).unwrap();
    let mut bad = good.clone();
    bad[100_000] ^= 1;
    let beside = folder.path().join("new");
    fs::write(&beside, bad).unwrap();
    fs::rename(&beside, &path).unwrap();
    assert!(live.refresh().is_err());
    assert_eq!(version(&live.get()), 1);
    assert!(live.fault().unwrap().to_string().contains("damaged at byte 0"), "{:?}", live.fault());
    assert!(!live.refresh().unwrap(), "the same file is not tried again");

    fs::remove_file(&path).unwrap();
    assert!(live.refresh().is_err());
    assert_eq!(version(&live.get()), 1);
    assert_eq!(refused.lock().unwrap().len(), 2);

    fs::write(&beside, good).unwrap();
    fs::rename(&beside, &path).unwrap();
    assert!(live.refresh().unwrap());
    assert_eq!(version(&live.get()), 2);
    assert!(live.fault().is_none());
}

#[test]
fn an_index_that_is_held_stays_what_it_is_and_others_are_freed() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&numbered(1, 100), &path).unwrap();
    let live = Live::opening().every(None).open(&path).unwrap();
    let held = live.get();
    let weak: Vec<_> = (2..5)
        .map(|number| {
            faissil::save(&numbered(number, 100), &path).unwrap();
            let before = Arc::downgrade(&live.get());
            assert!(live.refresh().unwrap());
            before
        })
        .collect();
    assert_eq!((version(&held), version(&live.get())), (1, 4));
    while weak[1..].iter().any(|index| index.strong_count() > 0) {
        thread::sleep(Duration::from_millis(1));
    }
    assert!(weak[0].strong_count() > 0);
    drop(live);
    assert_eq!(version(&held), 1);
    drop(held);
    assert_eq!(weak[0].strong_count(), 0);
}

#[test]
fn a_live_index_can_be_of_any_kind() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    for factory in ["IVF8,Flat", "HNSW8,Flat", "IVF8,PQ4x4fs"] {
        faissil::save(&built(factory, MetricType::L2, 2000).unwrap(), &path).unwrap();
        let live = Live::open(&path).unwrap();
        let expected = live.get().search(&vectors(3, D), 4).unwrap();
        faissil::save(&built(factory, MetricType::L2, 2000).unwrap(), &path).unwrap();
        live.refresh().unwrap();
        assert_eq!(live.get().search(&vectors(3, D), 4).unwrap(), expected, "{factory}");
    }
}
