//! An index that is replaced while it serves.

use crate::made::{D, built, vectors};
use faiss::{Index as _, MetricType, index::flat::FlatIndex};
use faissil::{
    Cause, Live, Load, Save,
    error::Verdict,
    native::{Durability, Event, Verification},
};
use std::{
    fs,
    os::unix::fs::symlink,
    path::Path,
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
    let refused = Arc::new(Mutex::new(Vec::new()));
    let (told, refusals) = (swapped.clone(), refused.clone());
    let live = Live::opening()
        .every(Some(Duration::from_millis(1)))
        .report(move |event| match event {
            Event::Swapped(count) => told.store(*count, Ordering::SeqCst),
            Event::Refused(error) => refusals.lock().unwrap().push(error.to_string()),
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
    assert_eq!(*refused.lock().unwrap(), Vec::<String>::new());
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
    let again = live.refresh().unwrap_err();
    assert_eq!(again.to_string(), live.fault().unwrap().to_string());
    assert_eq!(again.cause.verdict(), Verdict::Damaged);
    assert_eq!(refused.lock().unwrap().len(), 1, "the same file is not tried again");

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

/// Put `bytes` at `path` as a new file.
fn replace(path: &Path, bytes: &[u8]) {
    let beside = path.with_extension("new");
    fs::write(&beside, bytes).unwrap();
    fs::rename(&beside, path).unwrap();
}

/// What a look sees while a snapshot with a flipped byte is copied to the path.
#[test]
fn a_snapshot_whose_end_has_not_arrived_is_not_served() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let save = Save::new().durability(Durability::Unsynced);
    save.save(&numbered(2, 1000), &path).unwrap();
    let mut next = fs::read(&path).unwrap();
    next[30_000] ^= 1;
    save.save(&numbered(1, 1000), &path).unwrap();
    let stream_len = faissil::native::stream_of(&numbered(1, 1000)).unwrap().len();
    let live = Live::opening().every(None).open(&path).unwrap();
    let step = (next.len() - stream_len) / 40;
    let cuts = (stream_len..stream_len + 20).chain((stream_len + 20..next.len()).step_by(step));
    for cut in cuts.chain(next.len() - 20..=next.len()) {
        replace(&path, &next[..cut]);
        let error = live.refresh().expect_err(&format!("cut at {cut} of {}", next.len()));
        assert_eq!(live.get().provenance().verification, Verification::Verified, "cut at {cut}: {error}");
    }
    assert_eq!((version(&live.get()), live.swaps()), (1, 0));

    replace(&path, &next[..stream_len]);
    let allowing = Live::opening().every(None).allow_unsealed();
    save.save(&numbered(1, 1000), &path).unwrap();
    let allowing = allowing.open(&path).unwrap();
    replace(&path, &next[..stream_len]);
    assert!(allowing.refresh().unwrap());
    assert_eq!(allowing.get().provenance().verification, Verification::Unsealed);
}

#[test]
fn an_index_that_other_queries_fit_is_refused_with_both_values() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let open = || {
        faissil::save(&numbered(1, 10), &path).unwrap();
        (
            Live::opening().every(None).open(&path).unwrap(),
            Live::opening().every(None).allow_another_shape().open(&path).unwrap(),
        )
    };
    let mut words = Vec::new();
    let mut held = |(live, allowing): (Live, Live)| {
        words.push(live.refresh().unwrap_err().cause.to_string());
        assert_eq!((version(&live.get()), live.swaps()), (1, 0));
        assert!(allowing.refresh().unwrap());
    };
    let lives = open();
    faissil::save(&FlatIndex::new_l2(32).unwrap(), &path).unwrap();
    held(lives);
    let lives = open();
    faissil::save(&FlatIndex::new_ip(D as u32).unwrap(), &path).unwrap();
    held(lives);
    let lives = open();
    faissil::save(&faiss::index_binary_factory(D as u32, "BFlat").unwrap(), &path).unwrap();
    held(lives);
    insta::assert_snapshot!(words.join("\n"), @r"
    it has 32 dimensions, and the one that serves has 16
    it has the metric INNER_PRODUCT, and the one that serves has L2
    it is a binary index, and the one that serves is an index of floats
    ");
}

/// A file that could not be read for a reason that passes is read at the next look, and an earlier one back in its place
/// is no fault.
#[test]
fn what_stopped_a_load_and_has_passed_is_no_reason_to_leave_a_file_out() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    let (one, two) = (folder.path().join("one"), folder.path().join("two"));
    faissil::save(&numbered(1, 1000), &one).unwrap();
    faissil::save(&numbered(2, 1000), &two).unwrap();
    let lead = |to: &Path| {
        let beside = folder.path().join("link");
        symlink(to, &beside).unwrap();
        fs::rename(&beside, &path).unwrap();
    };
    lead(&one);
    let stop = Arc::new(AtomicBool::new(false));
    let live = Live::opening().load(Load::new().cancel(stop.clone())).every(None).open(&path).unwrap();
    lead(&two);
    // The flag of the caller, which the one of the `Live` does not replace.
    stop.store(true, Ordering::Relaxed);
    for _ in 0..2 {
        assert!(matches!(live.refresh().unwrap_err().cause, Cause::Cancelled));
        assert!(matches!(live.fault().unwrap().cause, Cause::Cancelled));
    }
    lead(&one);
    assert!(!live.refresh().unwrap());
    assert!(live.fault().is_none());
    lead(&two);
    assert!(live.refresh().is_err());
    stop.store(false, Ordering::Relaxed);
    assert!(live.refresh().unwrap());
    assert_eq!(version(&live.get()), 2);
    assert!(live.fault().is_none());
    // A folder cannot be read as a file: the system says so, at each look.
    lead(folder.path());
    for _ in 0..2 {
        assert!(matches!(live.refresh().unwrap_err().cause, Cause::Io(_)));
    }
}

#[test]
fn a_file_that_the_watcher_refused_is_an_error_for_whoever_looks_next() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&numbered(1, 100), &path).unwrap();
    let live = Live::opening().every(Some(Duration::from_millis(1))).open(&path).unwrap();
    replace(&path, b"no index");
    while live.fault().is_none() {
        thread::yield_now();
    }
    assert_eq!(live.refresh().unwrap_err().to_string(), live.fault().unwrap().to_string());
}

/// It looks again, drops what it reports on, and panics.
#[test]
fn a_report_may_do_what_it_likes() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x");
    faissil::save(&numbered(1, 100), &path).unwrap();
    let slot = Arc::new(Mutex::new(None::<Arc<Live>>));
    let stop = Arc::new(AtomicBool::new(false));
    let (send, reports) = std::sync::mpsc::channel();
    let send = Mutex::new(send);
    let dropped = Arc::new(AtomicBool::new(false));
    let (inside, count, done) = (slot.clone(), AtomicU64::new(0), dropped.clone());
    let live = Live::opening()
        .load(Load::new().cancel(stop.clone()))
        .every(Some(Duration::from_millis(1)))
        .report(move |event| {
            let live = inside.lock().unwrap().clone().unwrap();
            let looked = live.refresh().map_err(|error| error.to_string());
            drop(live);
            let number = count.fetch_add(1, Ordering::SeqCst);
            let last = if number == 2 { inside.lock().unwrap().take() } else { None };
            send.lock().unwrap().send((matches!(event, Event::Swapped(_)), looked)).unwrap();
            assert_ne!(number, 0, "a panic that a report is allowed");
            if last.is_some() {
                drop(last);
                done.store(true, Ordering::SeqCst);
            }
        })
        .open(&path)
        .unwrap();
    *slot.lock().unwrap() = Some(Arc::new(live));

    replace(&path, b"no index");
    let (swapped, looked) = reports.recv().unwrap();
    assert!(!swapped && looked.is_err(), "{looked:?}");
    // It panicked, and watching goes on.
    faissil::save(&numbered(2, 100), &path).unwrap();
    assert_eq!(reports.recv().unwrap(), (true, Ok(false)));
    // What may pass is looked at again in the report without being reported again in it. There the only `Live` is dropped.
    stop.store(true, Ordering::SeqCst);
    faissil::save(&numbered(3, 100), &path).unwrap();
    let (swapped, looked) = reports.recv().unwrap();
    assert!(!swapped && looked.unwrap_err().contains("cancelled"));
    // The watching thread ends, and with it the report that holds the other end.
    assert!(reports.recv().is_err());
    assert!(slot.lock().unwrap().is_none());
    assert!(dropped.load(Ordering::SeqCst), "dropping it panicked");
}
