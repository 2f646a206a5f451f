//! The JSON of `dump`.

use super::super::Json;
use super::within;
use crate::bytes::Span;
use crate::outline::{Array, Leaf, Meaning, Outline};
use alloc::{string::String, vec::Vec};
use serde::Serialize;

/// Where each part of a stream lies and what it says, without the bytes of arrays.
#[derive(Debug, Serialize)]
pub struct Dumped<'a> {
    file: &'a str,
    /// Bytes that could be followed.
    end: u64,
    parts: Vec<Part<'a>>,
}

/// Bytes that mean one thing.
#[derive(Debug, Serialize)]
struct Part<'a> {
    offset: u64,
    bytes: u64,
    path: String,
    kind: &'static str,
    dtype: Option<&'static str>,
    shape: Option<&'a [u64]>,
    value: Option<Json>,
}

impl<'a> Dumped<'a> {
    /// The parts of the stream in the file called `name`; those that touch `at`, if it is given.
    pub fn new(name: &'a str, outline: &'a Outline, at: Option<Span>) -> Dumped<'a> {
        let at = at.map(|at| within(at, outline));
        let mut parts: Vec<Part<'_>> = outline.leaves().into_iter().map(Part::of).collect();
        parts.extend(outline.trailing().map(|rest| Part {
            offset: rest.start,
            bytes: rest.len,
            path: "trailing".into(),
            kind: "trailing",
            dtype: None,
            shape: None,
            value: None,
        }));
        parts.retain(|part| at.is_none_or(|at| Span::new(part.offset, part.bytes).overlap(&at).is_some()));
        Dumped { file: name, end: outline.end, parts }
    }
}

impl<'a> Part<'a> {
    fn of(leaf: Leaf<'a>) -> Part<'a> {
        let Leaf { span, path, meaning } = leaf;
        let part = |kind, array: Option<&'a Array>, value| Part {
            offset: span.start,
            bytes: span.len,
            path,
            kind,
            dtype: array.map(|array| array.dtype.name()),
            shape: array.map(|array| array.shape.as_slice()),
            value,
        };
        match meaning {
            Meaning::Field(field) => part("value", None, Some(Json::from(&field.value))),
            Meaning::Count(array) => {
                part("count", None, array.span.len.checked_div(array.dtype.width()).map(Json::Uint))
            }
            Meaning::Array(array) => part("array", Some(array), None),
            Meaning::Lists(_) => part("lists", None, None),
        }
    }
}
