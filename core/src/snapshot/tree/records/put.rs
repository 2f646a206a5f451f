//! The writing half: each part of an outline as bytes, in the order in which the reading half takes them.

use super::dtype_number;
use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::lists::{Layout, Lists, Sizes};
use crate::outline::{Family, Item, Record, Value};
use crate::snapshot::wire::Wire;
use alloc::{string::ToString, vec::Vec};

pub(super) fn put_fault(fault: &Error, out: &mut Vec<u8>) {
    fault.at.put(out);
    fault.path.put(out);
    match &fault.kind {
        Kind::UnknownTag(tag) => {
            0u8.put(out);
            tag.0.put(out);
        }
        other => {
            1u8.put(out);
            other.to_string().put(out);
        }
    }
}

fn put_span(span: Span, out: &mut Vec<u8>) {
    span.start.put(out);
    span.len.put(out);
}

fn put_text(text: &str, out: &mut Vec<u8>) {
    (text.len() as u64).put(out);
    out.extend_from_slice(text.as_bytes());
}

pub(super) fn put_record(record: &Record, out: &mut Vec<u8>) {
    put_text(&record.role, out);
    put_text(record.class, out);
    let family: u8 = match record.family {
        Family::Index => 0,
        Family::BinaryIndex => 1,
        Family::Transform => 2,
        Family::InvertedLists => 3,
        Family::Part => 4,
    };
    family.put(out);
    record.tag.map(|tag| tag.0).put(out);
    put_span(record.span, out);
    (record.items.len() as u64).put(out);
    record.items.iter().for_each(|item| put_item(item, out));
    (record.derived.len() as u64).put(out);
    for (name, value) in &record.derived {
        put_text(name, out);
        put_value(value, out);
    }
}

fn put_item(item: &Item, out: &mut Vec<u8>) {
    match item {
        Item::Field(field) => {
            0u8.put(out);
            put_text(&field.name, out);
            put_value(&field.value, out);
            put_span(field.span, out);
        }
        Item::Array(array) => {
            1u8.put(out);
            put_text(&array.name, out);
            dtype_number(array.dtype).put(out);
            array.shape.put(out);
            array.count.is_some().put(out);
            if let Some(count) = array.count {
                put_span(count, out);
            }
            put_span(array.span, out);
        }
        Item::Record(record) => {
            2u8.put(out);
            put_record(record, out);
        }
        Item::Lists(lists) => {
            3u8.put(out);
            put_lists(lists, out);
        }
    }
}

fn put_value(value: &Value, out: &mut Vec<u8>) {
    match value {
        Value::Bool(v) => {
            0u8.put(out);
            v.put(out);
        }
        Value::U8(v) => {
            1u8.put(out);
            v.put(out);
        }
        Value::I8(v) => {
            2u8.put(out);
            i64::from(*v).put(out);
        }
        Value::I32(v) => {
            3u8.put(out);
            i64::from(*v).put(out);
        }
        Value::U32(v) => {
            4u8.put(out);
            v.put(out);
        }
        Value::I64(v) => {
            5u8.put(out);
            v.put(out);
        }
        Value::U64(v) => {
            6u8.put(out);
            v.put(out);
        }
        Value::F32(v) => {
            7u8.put(out);
            v.to_bits().to_le_bytes().put(out);
        }
        Value::F64(v) => {
            8u8.put(out);
            v.to_bits().to_le_bytes().put(out);
        }
        Value::Tag(v) => {
            9u8.put(out);
            v.0.put(out);
        }
        Value::Text(v) => {
            10u8.put(out);
            v.put(out);
        }
        Value::Many(v) => {
            11u8.put(out);
            (v.len() as u64).put(out);
            v.iter().for_each(|value| put_value(value, out));
        }
    }
}

fn put_lists(lists: &Lists, out: &mut Vec<u8>) {
    match &lists.layout {
        Layout::Array => 0u8.put(out),
        Layout::Panorama { batch_size, n_levels } => {
            1u8.put(out);
            batch_size.put(out);
            n_levels.put(out);
        }
        Layout::Block { n_per_block, block_size } => {
            2u8.put(out);
            n_per_block.put(out);
            block_size.put(out);
        }
        Layout::Split { ids, counted } => {
            3u8.put(out);
            put_span(*ids, out);
            counted.put(out);
        }
        Layout::OnDisk { filename, totsize } => {
            4u8.put(out);
            filename.put(out);
            totsize.put(out);
        }
    }
    lists.nlist.put(out);
    lists.code_size.put(out);
    let (number, sizes) = match lists.sizes {
        Sizes::Full(span) => (0u8, span),
        Sizes::Sparse(span) => (1, span),
        Sizes::Inline => (2, Span::default()),
        Sizes::Slots(span) => (3, span),
    };
    number.put(out);
    put_span(sizes, out);
    put_span(lists.span, out);
    let balance = lists.balance;
    balance.total.put(out);
    balance.non_empty.put(out);
    balance.largest.put(out);
    balance.squares.put(out);
    (lists.checkpoints.len() as u64).put(out);
    for checkpoint in &lists.checkpoints {
        checkpoint.entry.put(out);
        checkpoint.row.put(out);
        checkpoint.at.put(out);
        checkpoint.ids_at.put(out);
    }
}
