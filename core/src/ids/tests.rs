//! Both directions, against a plain map, over bytes made by hand.
#![allow(clippy::arithmetic_side_effects, clippy::cast_possible_truncation, clippy::cast_sign_loss)]

use super::summary::tests::any_ids;
use super::*;
use crate::bytes::{Reading, Span, Step, slice};
use crate::files::Files;
use crate::lists::{Balance, Layout, Lists, Sizes, Survey};
use crate::outline::{Array, Dtype, Family, Field, Item, Outline, Record, Value};
use crate::window::{Stop, Window};
use alloc::{boxed::Box, vec, vec::Vec};
use proptest::prelude::*;

/// Run with pages of `page` bytes; also says how much was read, in how many requests.
fn paged<R: Reading>(reading: &mut R, file: &[u8], page: u64) -> (R::Output, Cost) {
    let mut cost = Cost::default();
    loop {
        match reading.step().unwrap() {
            Step::Done(out) => return (out, cost),
            Step::Need(span) => {
                let found = slice(file, Span::new(span.start, span.len.min(page)));
                assert!(!found.is_empty(), "{span} is not in the file");
                cost = Cost { bytes: cost.bytes + found.len() as u64, requests: cost.requests + 1 };
                reading.bring(span.start, found);
            }
        }
    }
}

fn record(class: &'static str, len: u64, items: Vec<Item>) -> Record {
    let (family, role) = (Family::Index, "index".into());
    Record { role, class, family, tag: None, span: Span::new(0, len), items, derived: vec![] }
}

fn outline(root: Record, len: u64) -> Outline {
    Outline { file_len: len, root, end: len, fault: None }
}

fn array(name: &'static str, at: u64, count: u64) -> Item {
    let span = Span::new(at, count * 8);
    Item::Array(Array { name: name.into(), dtype: Dtype::I64, shape: vec![count], count: None, span })
}

fn field(name: &'static str, value: Value) -> Item {
    Item::Field(Field { name: name.into(), value, span: Span::default() })
}

fn bytes(numbers: impl IntoIterator<Item = i64>) -> Vec<u8> {
    numbers.into_iter().flat_map(i64::to_le_bytes).collect()
}

/// An id map behind 5 bytes of something else.
fn id_map(ids: &[i64]) -> (Outline, Vec<u8>) {
    let file = [vec![7; 5], bytes(ids.iter().copied())].concat();
    let root = record("IndexIDMap", file.len() as u64, vec![array("id_map", 5, ids.len() as u64)]);
    (outline(root, file.len() as u64), file)
}

/// An IVF of these lists with codes of 3 bytes; with `direct`, a direct map of ids 0.. in front.
fn ivf(lists: &[Vec<i64>], direct: bool) -> (Outline, Vec<u8>) {
    let count: usize = lists.iter().map(Vec::len).sum();
    let mut map = vec![-1; count + 1];
    for (list, ids) in lists.iter().enumerate().filter(|_| direct) {
        for (offset, &id) in ids.iter().enumerate() {
            map[id as usize] = (list as i64) << 32 | offset as i64;
        }
    }
    let mut file = bytes(map.iter().copied());
    let sizes = Span::new(file.len() as u64, lists.len() as u64 * 8);
    file.extend(bytes(lists.iter().map(|ids| ids.len() as i64)));
    let start = file.len() as u64;
    for ids in lists {
        file.extend(vec![9; ids.len() * 3]);
        file.extend(bytes(ids.iter().copied()));
    }
    let len = file.len() as u64;
    let fresh = Lists {
        layout: Layout::Array,
        nlist: lists.len() as u64,
        code_size: 3,
        sizes: Sizes::Full(sizes),
        span: Span::new(start, 0),
        balance: Balance::default(),
        checkpoints: vec![],
    };
    let mut window = Window::new(len);
    let mut survey = Survey::new(fresh);
    let lists = loop {
        match survey.run(&mut window) {
            Ok(lists) => break lists.clone(),
            Err(Stop::Need(span)) => window.insert(span.start, slice(&file, span)),
            Err(Stop::Bad(error)) => unreachable!("{error}"),
        }
    };
    let kind = field("direct_map.type", Value::U8(u8::from(direct)));
    let items = vec![kind, array("direct_map.array", 0, count as u64 + 1), Item::Lists(Box::new(lists))];
    (outline(record("IndexIVFFlat", len, items), len), file)
}

fn read_all(outline: &Outline, file: &[u8], page: u64) -> Vec<i64> {
    let place = place(outline);
    let mut stream = IdStream::all(&place, Files::only(outline.file_len));
    let mut out = Vec::new();
    while let Some(batch) = paged(&mut stream, file, page).0 {
        assert_eq!(batch.row.0, out.len() as u64);
        out.extend(batch.ids.iter().map(|id| id.0));
    }
    out
}

fn summary(ids: &[i64]) -> IdSummary {
    let mut summariser = Summariser::new(false);
    summariser.push_bytes(&bytes(ids.iter().copied()));
    summariser.finish(None)
}

/// Look `id` up as planned, with and without a summary, whole and in single bytes; the rows, and
/// that the cost is within what the plan says.
fn rows_of(outline: &Outline, file: &[u8], summary: &IdSummary, id: i64) -> Vec<u64> {
    let (place, files, rows) = (place(outline), Files::only(outline.file_len), summary.count);
    let mut answers = Vec::new();
    for (summary, page) in [(Some(summary), u64::MAX), (Some(summary), 1), (None, u64::MAX), (None, 1)] {
        let plan = plan_lookup(&place, summary, rows, false, ExternalId(id));
        let mut lookup = Lookup::new(&place, files, summary, rows, plan.road, ExternalId(id)).unwrap();
        let (found, cost) = paged(&mut lookup, file, page);
        assert_eq!(found.count, found.places.len() as u64);
        if page > 1 {
            assert!(cost.bytes <= plan.cost.bytes && cost.requests <= plan.cost.requests, "{cost:?} {plan:?}");
        }
        answers.push(found.places.iter().map(|place| place.row.0).collect::<Vec<_>>());
    }
    assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
    answers.swap_remove(0)
}

fn expected(ids: &[i64], id: i64) -> Vec<u64> {
    ids.iter().enumerate().filter(|(_, other)| **other == id).map(|(row, _)| row as u64).collect()
}

proptest! {
    #[test]
    fn an_id_map_is_read_both_ways(ids in any_ids(), other in any::<i64>()) {
        let (outline, file) = id_map(&ids);
        prop_assert_eq!(read_all(&outline, &file, u64::MAX), ids.clone());
        prop_assert_eq!(read_all(&outline, &file, 1), ids.clone());
        let summary = summary(&ids);
        for &id in ids.iter().take(9).chain([other, i64::MIN, i64::MAX, 0, -1].iter()) {
            prop_assert_eq!(rows_of(&outline, &file, &summary, id), expected(&ids, id));
        }
    }

    #[test]
    fn lists_are_read_both_ways(lists in proptest::collection::vec(any_ids(), 0..6), other in any::<i64>()) {
        let (outline, file) = ivf(&lists, false);
        let ids = lists.concat();
        prop_assert_eq!(read_all(&outline, &file, u64::MAX), ids.clone());
        prop_assert_eq!(read_all(&outline, &file, 1), ids.clone());
        let summary = summary(&ids);
        for &id in ids.iter().take(5).chain([other, 0].iter()) {
            prop_assert_eq!(rows_of(&outline, &file, &summary, id), expected(&ids, id));
        }
    }

    #[test]
    fn any_rows_can_be_read_alone(lists in proptest::collection::vec(any_ids(), 0..6), a in 0..200_u64, n in 0..60_u64) {
        let (outline, file) = ivf(&lists, false);
        let place = place(&outline);
        let mut stream = IdStream::new(&place, Files::only(outline.file_len), a..a + n);
        let mut got = Vec::new();
        while let Some(batch) = paged(&mut stream, &file, u64::MAX).0 {
            let at = batch.at.unwrap();
            let list = &lists[at.list as usize][at.offset as usize..];
            prop_assert!(batch.ids.iter().zip(list).all(|(id, other)| id.0 == *other));
            got.extend(batch.ids.iter().map(|id| id.0));
        }
        let all = lists.concat();
        let from = all.len().min(a as usize);
        prop_assert_eq!(&got, &all[from..all.len().min((a + n) as usize)]);
    }
}

#[test]
fn a_direct_map_leads_to_list_and_offset() {
    let lists = [vec![4, 1], vec![], vec![0, 5, 2]];
    let (outline, file) = ivf(&lists, true);
    let ids = lists.concat();
    for id in [4, 2, 0, 3, 6, -1] {
        assert_eq!(rows_of(&outline, &file, &summary(&ids), id), expected(&ids, id));
    }
    let plan = plan_lookup(&place(&outline), None, 5, true, ExternalId(2));
    assert_eq!(plan.road, Road::DirectMap);
}

#[test]
fn many_sorted_ids_cost_a_few_probes() {
    let ids: Vec<i64> = (0..400_000).map(|i| i * i / 7).collect();
    let (outline, file) = id_map(&ids);
    let (place, files, summary) = (place(&outline), Files::only(outline.file_len), summary(&ids));
    let id = ExternalId(ids[277_777]);
    let plan = plan_lookup(&place, Some(&summary), summary.count, false, id);
    assert_eq!((plan.road, plan.why.as_str()), (Road::Bisection, "the ids are sorted: they are bisected"));
    let mut lookup = Lookup::new(&place, files, Some(&summary), summary.count, plan.road, id).unwrap();
    let (found, cost) = paged(&mut lookup, &file, u64::MAX);
    assert_eq!(found.places[0].row, Row(277_777));
    assert!(cost.bytes <= plan.cost.bytes && plan.cost.requests < 30 && plan.cost.bytes < 120_000, "{plan:?}");
}

#[test]
fn a_scan_says_its_cost_first() {
    let ids: Vec<i64> = (0..100_000).map(|i| i * 7919 % 100_003).collect();
    let (outline, _) = id_map(&ids);
    let plan = plan_lookup(&place(&outline), Some(&summary(&ids)), 100_000, false, ExternalId(5));
    let why = "the ids are in no order that helps: all of them are read, 800000 bytes in 4 requests";
    assert_eq!((plan.road, plan.why.as_str()), (Road::Scan, why));
}

#[test]
fn rows_are_ids_where_none_are_stored() {
    let outline = outline(record("IndexFlatL2", 9, vec![]), 9);
    let place = place(&outline);
    assert_eq!(place, IdPlace::None);
    for (id, rows) in [(0, vec![0]), (4, vec![4]), (5, vec![]), (-1, vec![]), (i64::MAX, vec![])] {
        let plan = plan_lookup(&place, None, 5, false, ExternalId(id));
        assert_eq!(plan.cost, Cost::default());
        let mut lookup = Lookup::new(&place, Files::only(9), None, 5, plan.road, ExternalId(id)).unwrap();
        let found = paged(&mut lookup, &[], 1).0;
        assert_eq!(found.places.iter().map(|place| place.row.0).collect::<Vec<_>>(), rows);
    }
}

#[test]
fn a_summary_that_lies_is_found_out() {
    let (outline, file) = id_map(&[10, 11, 13]);
    let place = place(&outline);
    let lie = summary(&[10, 11, 12]);
    let mut lookup =
        Lookup::new(&place, Files::only(outline.file_len), Some(&lie), 3, Road::Arithmetic, ExternalId(12)).unwrap();
    lookup.step().unwrap();
    lookup.bring(0, &file);
    let said = "inconsistent at byte 5: an id stands where the summary or the direct map says: expected 12, found 13";
    assert_eq!(alloc::format!("{}", lookup.step().unwrap_err()), said);
}

#[test]
fn an_id_of_a_vector_kept_once_leads_to_its_first_row() {
    let (mut outline, mut file) = ivf(&[vec![30, 10], vec![20]], false);
    let pairs = array("instances", file.len() as u64, 6);
    file.extend(bytes([10, 40, 20, 50, 10, 60]));
    outline.file_len = file.len() as u64;
    outline.root.items.push(pairs);
    let ids = [30, 10, 20];
    for (id, rows) in [(60, vec![1]), (50, vec![2]), (30, vec![0]), (10, vec![1]), (70, vec![])] {
        assert_eq!(rows_of(&outline, &file, &summary(&ids), id), rows);
    }
}

#[test]
fn the_outermost_id_map_wins_and_graphs_hide_their_storage() {
    let (inner, _) = id_map(&[1, 2]);
    let inside = |class, role: &'static str, mut items: Vec<Item>| {
        items.insert(0, Item::Record(Record { role: role.into(), ..inner.root.clone() }));
        outline(record(class, 90, items), 90)
    };
    let outer = inside("IndexIDMap2", "index", vec![array("id_map", 50, 3)]);
    assert_eq!(place(&outer).count(), Some(3));
    assert_eq!(place(&inside("IndexPreTransform", "index", vec![])).count(), Some(2));
    assert_eq!(place(&inside("IndexRefineFlat", "base_index", vec![])).count(), Some(2));
    assert_eq!(place(&inside("IndexHNSWFlat", "storage", vec![])), IdPlace::None);
}
