//! Ids of every fixture: the same in row order, and found again.

use faissil_core::faiss;
use faissil_core::files::Files;
use faissil_core::ids::{ExternalId, IdPlace, IdStream, IdSummary, Lookup, Summariser, place, plan_lookup};
use faissil_core::outline::Outline;
use faissil_tests::driven::{batches, step};
use faissil_tests::{Case, corpus, kept};
use serde_json::Value as Json;

/// The ids that a fixture's JSON gives, in row order.
fn expected(facts: &Json) -> Option<Vec<i64>> {
    let int = |id: &Json| id.as_i64().unwrap();
    match &facts["ids"] {
        Json::Array(ids) => Some(ids.iter().map(int).collect()),
        Json::Object(lists) => {
            let mut lists: Vec<(u64, &Json)> = lists.iter().map(|(key, ids)| (key.parse().unwrap(), ids)).collect();
            lists.sort_by_key(|(number, _)| *number);
            Some(lists.iter().flat_map(|(_, ids)| ids.as_array().unwrap()).map(int).collect())
        }
        _ => None,
    }
}

/// The index file with its side file behind it.
fn with_side(case: &Case) -> (Vec<u8>, Files) {
    let mut file = case.bytes();
    let stream = file.len() as u64;
    let Ok(side) = std::fs::read(case.path.with_extension("ivfdata")) else { return (file, Files::only(stream)) };
    file.extend_from_slice(&side);
    (file, Files { stream, side: Some(side.len() as u64) })
}

fn read(place: &IdPlace<'_>, file: &[u8], files: Files, page: usize) -> Vec<i64> {
    let all = batches(&mut IdStream::all(place, files), file, page).unwrap();
    all.iter().flat_map(|batch| &batch.ids).map(|id| id.0).collect()
}

fn summary(ids: &[i64]) -> IdSummary {
    let mut summariser = Summariser::new(false);
    ids.iter().for_each(|&id| summariser.push(ExternalId(id)));
    summariser.finish(None)
}

fn outline(file: &[u8], files: Files) -> Outline {
    faiss::outline(&file[..usize::try_from(files.stream).unwrap()]).unwrap()
}

#[test]
fn every_fixture_gives_its_ids_in_row_order() {
    let mut with_ids = 0;
    for case in corpus() {
        let (file, files) = with_side(&case);
        let outline = outline(&file, files);
        let place = place(&outline);
        let expected = expected(&case.facts());
        assert_eq!(place.count().is_some(), expected.is_some(), "{}: {place:?}", case.name);
        let Some(expected) = expected else { continue };
        assert_eq!(read(&place, &file, files, usize::MAX), expected, "{}", case.name);
        assert_eq!(place.count(), Some(expected.len() as u64), "{}", case.name);
        with_ids += 1;
    }
    assert!(with_ids > 50, "{with_ids}");
}

#[test]
fn single_bytes_give_the_same_ids() {
    for case in kept() {
        let (file, files) = with_side(&case);
        let outline = outline(&file, files);
        let place = place(&outline);
        assert_eq!(read(&place, &file, files, 1), read(&place, &file, files, usize::MAX), "{}", case.name);
    }
}

#[test]
fn every_id_leads_back_to_its_row() {
    for case in kept() {
        let (file, files) = with_side(&case);
        let outline = outline(&file, files);
        let place = place(&outline);
        let ids = read(&place, &file, files, usize::MAX);
        let summary = summary(&ids);
        for (row, &id) in ids.iter().enumerate().step_by(7) {
            for known in [Some(&summary), None] {
                let rows = summary.count;
                let plan = plan_lookup(&place, known, rows, false, ExternalId(id));
                let mut lookup = Lookup::new(&place, files, known, rows, plan.road, ExternalId(id)).unwrap();
                let found = step(&mut lookup, &file, usize::MAX).unwrap();
                let rows: Vec<u64> = found.places.iter().map(|place| place.row.0).collect();
                assert_eq!(rows, [row as u64], "{}: id {id} by {plan:?}", case.name);
            }
        }
    }
}

#[test]
fn ids_of_vectors_that_are_kept_once_lead_to_the_first() {
    for case in kept().into_iter().filter(|case| case.name.ends_with("/ivf_flat_dedup")) {
        let (file, files) = with_side(&case);
        let outline = outline(&file, files);
        let place = place(&outline);
        let ids = read(&place, &file, files, usize::MAX);
        let facts = case.facts();
        for (first, others) in facts["extra"]["instances"].as_object().unwrap() {
            let first: i64 = first.parse().unwrap();
            for other in others.as_array().unwrap() {
                let id = ExternalId(other.as_i64().unwrap());
                let plan = plan_lookup(&place, Some(&summary(&ids)), 60, false, id);
                let mut lookup = Lookup::new(&place, files, None, 60, plan.road, id).unwrap();
                let found = step(&mut lookup, &file, usize::MAX).unwrap();
                let [place] = found.places.as_slice() else { panic!("{id}: {found:?}") };
                assert_eq!(place.stored, ExternalId(first));
                assert_eq!(ids[usize::try_from(place.row.0).unwrap()], first);
            }
        }
    }
}

#[test]
fn a_missing_side_file_is_said() {
    let case = kept().into_iter().find(|case| case.name.ends_with("/ivf_flat_ondisk")).unwrap();
    let file = case.bytes();
    let outline = faiss::outline(&file).unwrap();
    let files = Files::only(file.len() as u64);
    let error = batches(&mut IdStream::all(&place(&outline), files), &file, usize::MAX).unwrap_err().to_string();
    assert!(error.ends_with("the lists are in another file, which is not here: `ivf_flat_ondisk.ivfdata`"), "{error}");
}
