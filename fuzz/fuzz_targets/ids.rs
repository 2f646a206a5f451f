//! Any bytes as an index that may hold ids: every road from an id to its rows gives the same answer as
//! reading all ids.
#![no_main]

use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, IdPlace, IdStream, Lookup, Road, Summariser, place, plan_lookup};
use faissil_tests::driven::{batches, step};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Ok(outline) = faiss::outline(bytes) else { return };
    if outline.fault.is_some() {
        return;
    }
    let (place, files) = (place(&outline), Files::only(bytes.len() as u64));
    let Some(count) = place.count() else { return };
    // Lists in a side file that is not here, and no other reason, may stop the reading.
    let Ok(found) = batches(&mut IdStream::all(&place, files), bytes, usize::MAX) else { return };
    let ids: Vec<i64> = found.iter().flat_map(|batch| &batch.ids).map(|id| id.0).collect();
    assert_eq!(ids.len() as u64, count);
    let paged = batches(&mut IdStream::all(&place, files), bytes, 5).unwrap();
    assert!(paged.iter().flat_map(|batch| &batch.ids).map(|id| id.0).eq(ids.iter().copied()));

    let mut summariser = Summariser::new(false);
    ids.iter().for_each(|&id| summariser.push(ExternalId(id)));
    let summary = summariser.finish(None);
    assert_eq!(summary.count, count);
    assert_eq!(summary.min, ids.iter().min().copied().map(ExternalId));
    assert_eq!(summary.max, ids.iter().max().copied().map(ExternalId));
    let mut sorted = ids.clone();
    sorted.sort_unstable();
    sorted.dedup();
    assert_eq!(summary.duplicates, Some((ids.len() - sorted.len()) as u64));

    let aliases = matches!(place, IdPlace::Lists { instances: Some(_), .. });
    let near = ids.iter().step_by(1 + ids.len() / 8).flat_map(|&id| [id, id.wrapping_add(1)]);
    for id in near.chain([0, i64::MIN, i64::MAX]) {
        let expected: Vec<u64> = (0..).zip(&ids).filter(|&(_, &other)| other == id).map(|(row, _)| row).collect();
        for known in [Some(&summary), None] {
            let road = plan_lookup(&place, known, count, false, ExternalId(id)).road;
            let mut lookup = Lookup::new(&place, files, known, count, road, ExternalId(id)).unwrap();
            // A direct map repeats where ids are, and in a hostile file it may lie: it must not break anything.
            let Ok(found) = step(&mut lookup, bytes, usize::MAX) else {
                assert_eq!(road, Road::DirectMap);
                continue;
            };
            let rows: Vec<u64> = found.places.iter().map(|place| place.row.0).collect();
            if road == Road::DirectMap {
                assert!(rows.iter().all(|row| expected.contains(row)), "{id} by {road:?}: {rows:?}");
            } else if !aliases {
                assert_eq!((rows, found.count), (expected.clone(), expected.len() as u64), "{id} by {road:?}");
            }
        }
    }
});
