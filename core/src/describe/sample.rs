//! Records built by hand, for the tests of this folder.

use crate::bytes::Span;
use crate::lists::{Balance, Checkpoint, Layout, Lists, Sizes};
use crate::outline::{Array, Dtype, Family, Field, Fourcc, Item, Outline, Record, Value};
use alloc::{boxed::Box, vec, vec::Vec};

/// An index of this class with these fields; `d` is 16, the metric L2.
pub(crate) fn index(tag: &[u8; 4], class: &'static str, fields: &[(&'static str, u64)]) -> Record {
    let header = [("d", Value::I32(16)), ("metric_type", Value::I32(1)), ("is_trained", Value::Bool(true))];
    let own = fields.iter().map(|&(name, value)| (name, Value::U64(value)));
    let field =
        |(name, value): (&'static str, Value)| Item::Field(Field { name: name.into(), value, span: Span::new(0, 8) });
    Record {
        role: "index".into(),
        class,
        family: Family::Index,
        tag: Some(Fourcc(*tag)),
        span: Span::new(0, 100),
        items: own.chain(header).map(field).collect(),
        derived: Vec::new(),
    }
}

/// `outer` with `inner` in it.
pub(crate) fn with(mut outer: Record, role: &'static str, mut inner: Record) -> Record {
    inner.role = role.into();
    outer.items.push(Item::Record(inner));
    outer
}

/// A transform from 16 dimensions to 16.
pub(crate) fn transform(class: &'static str, mut items: Vec<(&'static str, Value)>) -> Record {
    items.extend([("d_in", Value::I32(16)), ("d_out", Value::I32(16))]);
    let mut record = index(b"LTra", class, &[]);
    record.family = Family::Transform;
    let field =
        |(name, value): (&'static str, Value)| Item::Field(Field { name: name.into(), value, span: Span::new(0, 8) });
    record.items = items.into_iter().map(field).collect();
    record
}

/// An array of `len` bytes.
pub(crate) fn array(name: &'static str, len: u64) -> Item {
    Item::Array(Array { name: name.into(), dtype: Dtype::U8, shape: vec![len], count: None, span: Span::new(0, len) })
}

/// The data of lists with these sizes, 8 bytes a code.
pub(crate) fn lists(sizes: &[u64], layout: Layout) -> Item {
    let mut balance = Balance::default();
    sizes.iter().for_each(|&size| balance.add(size));
    let span = Span::new(0, balance.total.saturating_mul(16));
    let nlist = sizes.len() as u64;
    let checkpoints = vec![Checkpoint { entry: 0, row: 0, at: 0, ids_at: 0 }];
    Item::Lists(Box::new(Lists { layout, nlist, code_size: 8, sizes: Sizes::Inline, span, balance, checkpoints }))
}

/// An outline of a complete file.
pub(crate) fn outline(root: Record) -> Outline {
    let end = root.span.end();
    Outline { file_len: end, root, end, fault: None }
}
