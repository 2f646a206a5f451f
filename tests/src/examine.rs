//! Everything the core can say about bytes that may be an index, with its promises checked.
//!
//! [`examine`] is what the hostile tests and the fuzz targets run: it must come back for any bytes.

use crate::{driven, salvaged};
use faissil_core::bytes::{Reading, Span, Step, slice};
use faissil_core::cut::{Cuts, Grain};
use faissil_core::error::Error;
use faissil_core::faiss::Outliner;
use faissil_core::files::Files;
use faissil_core::health::{Options, Stage, map_plan, plan};
use faissil_core::ids::{IdStream, Lookup, Road, Row, Summariser, place, plan_lookup};
use faissil_core::outline::{Meaning, Outline};
use faissil_core::salvage::Damaged;
use faissil_core::snapshot::{Attachments, CheckAll, Damage, FindMark, Ids, Metadata, Open, Producer, TreeBody};
use faissil_core::vectors::{VectorStream, find_plain};

/// What examining `len` bytes may hold at once: an outline costs some dozen bytes for each of a header's.
pub fn allowed(len: usize) -> u64 {
    (1 << 13) + 110 * len as u64
}

/// Read `file` as an index; what is wrong with it, if anything.
///
/// # Panics
/// When a promise is broken: an error that points outside the file, an outline that does not tile what it
/// covers, cuts that do not cover the file, a reading without end.
pub fn examine(file: &[u8]) -> Option<Error> {
    let outline = match outlined(file) {
        Ok(outline) => outline,
        Err(error) => return Some(error),
    };
    check_cuts(&outline, file);
    check_lists(&outline, file);
    check_ids(&outline, file);
    check_vectors(&outline, file);
    check_health(&outline, file);
    check_salvage(&outline, file);
    outline.fault
}

/// The first part of [`examine`], the outline alone: quick enough for every prefix of a file.
///
/// # Panics
/// As [`examine`].
pub fn examine_outline(file: &[u8]) -> Option<Error> {
    outlined(file).map_or_else(Some, |outline| outline.fault)
}

/// The outline of `file`, which tiles it, with a fault that says where, if any.
fn outlined(file: &[u8]) -> Result<Outline, Error> {
    let outline = driven::over(Outliner::new(file.len() as u64), file, file.len().max(1))
        .inspect_err(|error| check_error(error, file))?;
    check_tiles(&outline, file);
    if let Some(fault) = &outline.fault {
        check_error(fault, file);
        assert!(!fault.path.is_empty(), "{fault} says not in which part");
    }
    Ok(outline)
}

/// Read `file` as a snapshot, all of it; what is damaged, or why it is refused.
///
/// # Panics
/// When a promise is broken, as in [`examine`].
pub fn examine_snapshot(file: &[u8]) -> Result<Vec<Damage>, Error> {
    let found = whole_snapshot(file);
    if let Err(error) = &found {
        check_error(error, file);
    }
    let _ = driven::over(FindMark::new(file.len() as u64, 0), file, usize::MAX);
    found
}

fn whole_snapshot(file: &[u8]) -> Result<Vec<Damage>, Error> {
    fn over<R: Reading>(reading: R, file: &[u8]) -> Result<R::Output, Error> {
        driven::over(reading, file, usize::MAX)
    }
    let snapshot = over(Open::new(file.len() as u64), file)?;
    // Each part by itself first: a fault in one must not hide the others from this test.
    let _ = over(snapshot.body::<Metadata>(), file);
    let _ = over(snapshot.body::<Producer>(), file);
    if let Ok(Some(attachments)) = over(snapshot.body::<Attachments>(), file) {
        for (number, attachment) in (0..).zip(&attachments.attachments) {
            let mut walk = snapshot.walk_attachment(number, attachment);
            while let Ok(Some(_)) = driven::step(&mut walk, file, usize::MAX) {}
        }
    }
    if let Ok(Some(Ids { lookup: Some(lookup), .. })) = over(snapshot.body::<Ids>(), file) {
        for id in [i64::MIN, -900, 0, 7777, i64::MAX] {
            let _ = over(snapshot.find_id(&lookup, id), file);
        }
    }
    if let Ok(Some(tree)) = over(snapshot.body::<TreeBody>(), file) {
        if let Ok(outline) = over(snapshot.outline(&tree, |_| None), file) {
            outline.leaves();
        }
        for lists in &tree.lists {
            let mut walk = snapshot.walk_sizes(lists);
            while let Ok(Some(_)) = driven::step(&mut walk, file, usize::MAX) {}
        }
    }
    let mut walk = snapshot.walk_chunks();
    while let Ok(Some(_)) = driven::step(&mut walk, file, usize::MAX) {}
    over(CheckAll::new(&snapshot), file)
}

/// That an error points at a byte of the file, or at its end.
fn check_error(error: &Error, file: &[u8]) {
    assert!(error.at <= file.len() as u64, "{error}: the file has {} bytes", file.len());
    let text = error.to_string();
    assert!(text.len() < 400, "{text}");
}

/// That the leaves lie side by side from the first byte to the outline's end.
fn check_tiles(outline: &Outline, file: &[u8]) {
    let mut at = 0;
    for leaf in outline.leaves() {
        assert_eq!(leaf.span.start, at, "{} leaves a gap or overlaps", leaf.path);
        at = leaf.span.end();
    }
    assert_eq!(at, outline.end, "the leaves do not reach the outline's end");
    assert!(at <= file.len() as u64, "the outline passes the end of the file");
}

/// That the cuts cover the file once, and that a fine grain does too.
fn check_cuts(outline: &Outline, file: &[u8]) {
    for grain in [Grain::default(), Grain { small: 64, piece: 256 }] {
        let mut cuts = Cuts::with_grain(outline, grain);
        let mut at = 0;
        while let Some(cut) = driven::step(&mut cuts, file, usize::MAX).expect("lists that have an outline can be cut")
        {
            assert_eq!(cut.span.start, at, "{cut:?}");
            assert!(!cut.span.is_empty(), "{cut:?}");
            at = cut.span.end();
        }
        assert_eq!(at, file.len() as u64, "the cuts do not cover the file");
    }
}

/// That every inverted list can be walked to and lies in the file.
fn check_lists(outline: &Outline, file: &[u8]) {
    for leaf in outline.leaves() {
        let Meaning::Lists(lists) = leaf.meaning else { continue };
        let mut walk = lists.walk(file.len() as u64, 0);
        let (mut rows, mut before) = (0, None);
        loop {
            match walk.step().expect("lists that have an outline can be walked") {
                Step::Need(span) => walk.bring(span.start, slice(file, span)),
                Step::Done(None) => break,
                Step::Done(Some(list)) => {
                    assert!(before < Some(list.number), "{list:?} after {before:?}");
                    assert_eq!(list.row, rows, "{list:?}");
                    let inside = |span: &Span| span.end() <= file.len() as u64;
                    assert!(lists.span.is_empty() || inside(&list.codes) && inside(&list.ids), "{list:?}");
                    rows += list.size;
                    before = Some(list.number);
                }
            }
        }
        assert_eq!(rows, lists.balance.total);
    }
}

/// That every part that is planned comes to an end, and asks for no more than was said; that a map can be drawn.
fn check_health(outline: &Outline, file: &[u8]) {
    let files = Files::only(file.len() as u64);
    for options in [Options::default(), Options { rows: 9, bytes: 0, runs: 3, seed: 7, whole: 0 }] {
        for part in plan(outline, files, &options) {
            let Some(mut reading) = part.examine(files) else { continue };
            let mut asked = 0;
            loop {
                match reading.step() {
                    Err(error) => break check_error(&error, file),
                    Ok(Step::Done(found)) => {
                        assert!(asked <= part.bytes_most, "{part:?} asked for {asked} bytes");
                        break drop(part.section(found));
                    }
                    Ok(Step::Need(span)) => {
                        asked += span.len;
                        reading.bring(span.start, slice(file, span));
                    }
                }
            }
        }
        let Ok(map) = map_plan(outline, files, &options) else { continue };
        let mut mapping = map.mapping(String::new());
        loop {
            match driven::step(&mut mapping, file, usize::MAX) {
                Err(error) => break check_error(&error, file),
                Ok(Stage::Done(_)) => break,
                Ok(Stage::Going(share)) => assert!((0.0..=1.0).contains(&share), "{share} of a map"),
            }
        }
    }
}

/// That damage is left out or refused, and that what is left is not made of it.
fn check_salvage(outline: &Outline, file: &[u8]) {
    let len = file.len() as u64;
    for (at, length) in [(len / 3, 2), (len / 2, len / 4), (len.saturating_sub(9), 9)] {
        let damaged = Damaged::new([Span::new(at, length.min(len - at))]);
        match salvaged::plan(file, outline, &damaged) {
            Ok(plan) => salvaged::make(&plan, file, &damaged, 1 << 16, drop),
            Err(refusal) => assert!(refusal.span.end() <= len, "{refusal}"),
        }
    }
}

/// That ids come row by row, as many as are counted, and lead back to a row; or that an error says why not.
fn check_ids(outline: &Outline, file: &[u8]) {
    let (place, files) = (place(outline), Files::only(file.len() as u64));
    let Some(count) = place.count() else { return };
    let (mut stream, mut summariser, mut rows) = (IdStream::all(&place, files), Summariser::new(false), 0);
    loop {
        match driven::step(&mut stream, file, usize::MAX) {
            Err(error) => return check_error(&error, file),
            Ok(None) => break,
            Ok(Some(batch)) => {
                assert_eq!(batch.row, Row(rows));
                rows += batch.ids.len() as u64;
                batch.ids.iter().for_each(|&id| summariser.push(id));
            }
        }
    }
    assert_eq!(rows, count);
    let summary = summariser.finish(None);
    for (id, known) in [(summary.min, Some(&summary)), (summary.max, None)] {
        let Some(id) = id else { continue };
        let plan = plan_lookup(&place, known, rows, false, id);
        let found = Lookup::new(&place, files, known, rows, plan.road, id)
            .and_then(|lookup| driven::over(lookup, file, usize::MAX));
        match found {
            Ok(found) => assert!(found.count > 0 || plan.road == Road::DirectMap, "{id} is nowhere: {plan:?}"),
            // A direct map may say what it likes.
            Err(error) => check_error(&error, file),
        }
    }
}

/// That plain vectors have the bytes that their rows take, or that an error says why not.
fn check_vectors(outline: &Outline, file: &[u8]) {
    let files = Files::only(file.len() as u64);
    let Ok(stored) = find_plain(outline) else { return };
    for with_ids in [false, true] {
        let mut stream = VectorStream::all(&stored, files, with_ids);
        let mut bytes = 0;
        loop {
            match driven::step(&mut stream, file, usize::MAX) {
                Err(error) => return check_error(&error, file),
                Ok(None) => break,
                Ok(Some(batch)) => bytes += batch.floats.len() as u64,
            }
        }
        assert_eq!(bytes, stored.rows * stored.row_bytes);
    }
}
