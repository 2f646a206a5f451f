//! The outline of every fixture in the repository, as text: a change of the grammar shows as a difference.

use faissil_core::faiss::outline;
use faissil_core::lists::{Layout, Lists};
use faissil_core::outline::{Array, Meaning, Outline, Value};
use faissil_tests::kept;
use std::fmt::Write;

#[test]
fn outlines_stay_as_they_are() {
    for case in kept() {
        let outline = outline(&case.bytes()).expect("a fixture has an outline");
        let mut settings = insta::Settings::clone_current();
        settings.set_snapshot_path("snapshots/outline");
        settings.set_prepend_module_to_snapshot(false);
        settings.set_omit_expression(true);
        settings.bind(|| insta::assert_snapshot!(case.name.replace('/', "_"), text(&outline)));
    }
}

/// A line a leaf: where, which part, what.
fn text(outline: &Outline) -> String {
    let mut out = String::new();
    for leaf in outline.leaves() {
        let what = match leaf.meaning {
            Meaning::Field(field) => value(&field.value),
            Meaning::Count(array) => format!("count of {}", shape(array)),
            Meaning::Array(array) => shape(array),
            Meaning::Lists(found) => lists(found),
        };
        writeln!(out, "{:>6} {:>6}  {}: {what}", leaf.span.start, leaf.span.len, leaf.path).expect("text");
    }
    for record in outline.records() {
        for (name, found) in &record.derived {
            writeln!(out, "{} at {}: {name} = {}", record.class, record.span.start, value(found)).expect("text");
        }
    }
    out
}

fn shape(array: &Array) -> String {
    format!("{} {:?}", array.dtype.name(), array.shape)
}

fn lists(lists: &Lists) -> String {
    let layout = match &lists.layout {
        Layout::Array => "array".into(),
        Layout::Panorama { batch_size, n_levels } => format!("panorama, {n_levels} levels, batches of {batch_size}"),
        Layout::Block { n_per_block, block_size } => format!("blocks of {block_size} bytes for {n_per_block}"),
        Layout::Split { counted, .. } => format!("split, codes counted by {counted}"),
        Layout::OnDisk { filename, totsize } => format!("in {filename}, {totsize} bytes"),
    };
    let balance = lists.balance;
    format!(
        "{layout}; {} entries of {} bytes in {} of {} lists, at most {}",
        balance.total, lists.code_size, balance.non_empty, lists.nlist, balance.largest
    )
}

fn value(value: &Value) -> String {
    match value {
        Value::Bool(v) => v.to_string(),
        Value::U8(v) => v.to_string(),
        Value::I8(v) => v.to_string(),
        Value::I32(v) => v.to_string(),
        Value::U32(v) => v.to_string(),
        Value::I64(v) => v.to_string(),
        Value::U64(v) => v.to_string(),
        Value::F32(v) => format!("{v:?}"),
        Value::F64(v) => format!("{v:?}"),
        Value::Tag(v) => v.to_string(),
        Value::Text(v) => format!("{v:?}"),
        Value::Many(v) => format!("[{}]", v.iter().map(self::value).collect::<Vec<_>>().join(", ")),
    }
}
