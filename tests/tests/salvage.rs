//! Streams without their damaged rows: every row that is left is one that was there, none that was touched.

use faissil_core::bytes::Span;
use faissil_core::outline::Meaning;
use faissil_core::salvage::{Damaged, Patch, mend, mend_sizes};
use faissil_core::snapshot::lists_of;
use faissil_tests::salvaged::{build, outline_of, salvaged};
use faissil_tests::{corpus, driven, kept};
use proptest::prelude::*;
use std::collections::BTreeMap;

/// The start, the middle and the end of a span.
fn places(span: Span) -> [Span; 3] {
    let middle = span.start + span.len / 2;
    let tail = span.end().saturating_sub(span.len / 3 + 1);
    [Span::new(span.start, 1), Span::between(middle, (middle + 3).min(span.end())), Span::between(tail, span.end())]
}

/// Damage in every array and every run of lists of every index, alone. For each class: how often rows went, how
/// often something else went, how often it was refused; and every reason for that.
#[test]
fn a_row_is_left_whole_or_left_out() {
    let (mut outcomes, mut reasons) = (BTreeMap::<String, [u64; 3]>::new(), BTreeMap::new());
    for case in kept() {
        let file = case.bytes();
        let outline = outline_of(&file);
        for leaf in outline.leaves() {
            let is_bulk = matches!(leaf.meaning, Meaning::Array(_) | Meaning::Lists(_));
            if !is_bulk || leaf.span.is_empty() {
                continue;
            }
            for part in places(leaf.span) {
                let [rows, others, refused] = outcomes.entry(outline.root.class.into()).or_default();
                match salvaged(&file, &Damaged::new([part]), 1000) {
                    Ok((plan, _)) => {
                        assert!(!plan.is_whole(), "{}: {}", case.name, leaf.path);
                        *(if plan.left_out.is_empty() { others } else { rows }) += 1;
                    }
                    Err(refusal) if outline.fault.is_some() => assert!(refusal.reason.contains("is not understood")),
                    Err(refusal) => {
                        assert!(part.contains(&refusal.span), "{}: {refusal}", case.name);
                        assert_eq!(refusal.path, leaf.path, "{}", case.name);
                        reasons.entry(refusal.reason.clone()).or_insert(refusal.path);
                        *refused += 1;
                    }
                }
            }
        }
    }
    let counts =
        outcomes.iter().map(|(class, [rows, others, refused])| format!("{class:45} {rows:5} {others:5} {refused:5}"));
    let reasons = reasons.iter().map(|(reason, path)| format!("{path}: {reason}"));
    let text: Vec<String> = counts.chain([String::new()]).chain(reasons).collect();
    insta::assert_snapshot!(text.join("\n"));
}

/// A header that is damaged, and that nothing else records, is not guessed.
#[test]
fn a_field_is_not_left_out() {
    for case in kept() {
        let file = case.bytes();
        let outline = outline_of(&file);
        for leaf in outline.leaves() {
            let is_field = matches!(leaf.meaning, Meaning::Field(_) | Meaning::Count(_));
            if is_field && outline.fault.is_none() {
                let refusal = salvaged(&file, &Damaged::new([leaf.span]), 1000).unwrap_err();
                assert_eq!((refusal.span, refusal.path), (leaf.span, leaf.path), "{}", case.name);
                assert_eq!(refusal.reason, "a field of a header that nothing else records");
            }
        }
    }
}

/// A header that is damaged is written again from what is recorded, byte for byte; so are the sizes of lists.
#[test]
fn fields_counts_and_sizes_are_mended() {
    let mut sizes_mended = 0;
    for case in corpus() {
        let file = case.bytes();
        let outline = outline_of(&file);
        let patches = mend(&outline, &Damaged::new([Span::new(0, file.len() as u64)]));
        let is_field = |meaning: &Meaning<'_>| matches!(meaning, Meaning::Field(_) | Meaning::Count(_));
        let fields = outline.leaves().iter().filter(|leaf| is_field(&leaf.meaning)).count();
        assert_eq!(patches.len(), fields, "{}", case.name);
        let mut sizes = Vec::new();
        for (_, lists) in lists_of(&outline) {
            let mut all = vec![0; lists.nlist as usize];
            let mut walk = lists.walk(file.len() as u64, 0);
            while let Some(list) = driven::step(&mut walk, &file, usize::MAX).unwrap() {
                all[list.number as usize] = list.size;
            }
            sizes.extend(mend_sizes(lists, all.into_iter()));
        }
        sizes_mended += sizes.len();
        for Patch { at, bytes } in patches.into_iter().chain(sizes) {
            let at = at as usize;
            assert_eq!(file[at..at + bytes.len()], bytes, "{} at {at}", case.name);
        }
    }
    assert!(sizes_mended > 50, "{sizes_mended}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    /// Random damage on random indexes: the rows that come out are those that went in without the rows that were
    /// touched ([`salvaged`] compares them), whatever else is hit is named.
    #[test]
    fn damage_anywhere_costs_the_rows_that_it_touches(
        index in build::any_index(),
        spans in prop::collection::vec((0.0..1.0f64, 1u64..400), 1..6),
        step in 1u64..3000,
    ) {
        let file = index.stream();
        let outline = outline_of(&file);
        prop_assert_eq!(&outline.fault, &None);
        let len = file.len() as u64;
        let hit = spans.iter().map(|&(at, length)| {
            let at = (at * len as f64) as u64;
            Span::new(at, length.min(len - at))
        });
        let hit = Damaged::new(hit);
        // What a snapshot records is known again; the rest is lost.
        let known = mend(&outline, &hit).into_iter().map(|patch| Span::new(patch.at, patch.bytes.len() as u64));
        let damaged = hit.without(known);
        match salvaged(&file, &damaged, step) {
            Ok((plan, new)) if damaged.is_empty() => prop_assert!(plan.is_whole() && new == file),
            Ok((plan, _)) => prop_assert!(!plan.is_whole()),
            Err(refusal) => {
                prop_assert!(damaged.touches(refusal.span));
                prop_assert!(refusal.path.contains("quantizer") || refusal.path.contains("sizes"), "{}", refusal);
            }
        }
    }
}
