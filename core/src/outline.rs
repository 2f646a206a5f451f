//! What lies where in a FAISS stream: a tree of records, each with its parts in file order.
//!
//! An [`Outline`] holds headers and spans and none of the bulk. The leaves (tags, fields, counts,
//! arrays, lists) tile the stream: every byte belongs to exactly one ([`Outline::leaves`]). Names are
//! FAISS's own (`ntotal`, `pq.M`, `hnsw.efSearch`). The grammar that makes outlines is
//! [`crate::faiss`]; this module knows nothing of it.

pub use crate::place::Fourcc;

use crate::bytes::Span;
use crate::error::Error;
use crate::lists::Lists;
use crate::text::escaped;
use crate::text::shortest;
use alloc::{borrow::Cow, boxed::Box, string::String, vec::Vec};
use core::fmt;

/// A name of a field, an array or a role: mostly fixed, sometimes numbered.
pub type Name = Cow<'static, str>;

/// Where everything in a stream lies.
#[derive(Debug, Clone, PartialEq)]
pub struct Outline {
    /// Length of the file in bytes.
    pub file_len: u64,
    /// The outermost index.
    pub root: Record,
    /// Where the stream ends, as far as it could be followed; the file's length unless something
    /// trails or `fault` says why reading stopped.
    pub end: u64,
    /// Why the outline is not complete: an unknown tag, a truncation, a contradiction. The records
    /// up to there are in `root`.
    pub fault: Option<Error>,
}

/// What a record is to FAISS.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Family {
    /// A `faiss::Index`.
    Index,
    /// A `faiss::IndexBinary`.
    BinaryIndex,
    /// A `faiss::VectorTransform`.
    Transform,
    /// A `faiss::InvertedLists`.
    InvertedLists,
    /// A part without a tag of its own that repeats, such as one split of a product quantizer.
    Part,
}

/// One object of the stream.
#[derive(Debug, Clone, PartialEq)]
pub struct Record {
    /// What it is to the record around it: `quantizer`, `storage`, `chain[0]`; `index` at the top.
    pub role: Name,
    /// The FAISS class that a reader ends up with, such as `IndexIVFFlat`.
    pub class: &'static str,
    /// Its kind.
    pub family: Family,
    /// Its four-character code, if it has one.
    pub tag: Option<Fourcc>,
    /// Its bytes, with everything inside.
    pub span: Span,
    /// Its parts in file order; they tile `span`.
    pub items: Vec<Item>,
    /// Values that follow from the parts but are not stored, under FAISS's names (`code_size`,
    /// `hnsw.M`).
    pub derived: Vec<(Name, Value)>,
}

/// A part of a record.
#[derive(Debug, Clone, PartialEq)]
pub enum Item {
    /// One value.
    Field(Field),
    /// Values of one type, not read.
    Array(Array),
    /// A record inside.
    Record(Record),
    /// The data of inverted lists.
    Lists(Box<Lists>),
}

/// One stored value.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// FAISS's name of it, dotted where it belongs to a member: `pq.M`.
    pub name: Name,
    /// Its value.
    pub value: Value,
    /// Its bytes.
    pub span: Span,
}

/// A run of values of one type.
#[derive(Debug, Clone, PartialEq)]
pub struct Array {
    /// FAISS's name of it.
    pub name: Name,
    /// Type of one element.
    pub dtype: Dtype,
    /// Elements along each axis, outermost first. The product is the number of elements.
    pub shape: Vec<u64>,
    /// The 64-bit count in front of the data, where one is stored.
    pub count: Option<Span>,
    /// The data.
    pub span: Span,
}

/// A value. Floats are equal where their bits are, so a value equals itself even when it is no number.
#[derive(Debug, Clone)]
#[allow(missing_docs)] // the names say it all
pub enum Value {
    Bool(bool),
    U8(u8),
    I8(i8),
    I32(i32),
    U32(u32),
    I64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Tag(Fourcc),
    Text(String),
    /// The elements of a small array.
    Many(Vec<Value>),
}

/// Type of an array's elements, all little-endian.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Dtype {
    /// Bytes of codes, or flags.
    U8,
    /// 32-bit signed.
    I32,
    /// 64-bit signed, such as ids.
    I64,
    /// 64-bit unsigned, such as sizes.
    U64,
    /// IEEE single.
    F32,
    /// IEEE double.
    F64,
}

impl Dtype {
    /// Bytes of one element.
    pub const fn width(self) -> u64 {
        match self {
            Dtype::U8 => 1,
            Dtype::I32 | Dtype::F32 => 4,
            Dtype::I64 | Dtype::U64 | Dtype::F64 => 8,
        }
    }

    /// The name in reports: `f32`, `u8`, ...
    pub const fn name(self) -> &'static str {
        match self {
            Dtype::U8 => "u8",
            Dtype::I32 => "i32",
            Dtype::I64 => "i64",
            Dtype::U64 => "u64",
            Dtype::F32 => "f32",
            Dtype::F64 => "f64",
        }
    }
}

impl fmt::Display for Array {
    /// Type and shape: `f32[500, 8]`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.dtype.name())?;
        listed(f, &self.shape)
    }
}

impl fmt::Display for Value {
    /// As people write it; floats so that different bits read differently, but for kinds of NaN.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Value::Bool(v) => v.fmt(f),
            Value::U8(v) => v.fmt(f),
            Value::I8(v) => v.fmt(f),
            Value::I32(v) => v.fmt(f),
            Value::U32(v) => v.fmt(f),
            Value::I64(v) => v.fmt(f),
            Value::U64(v) => v.fmt(f),
            Value::F32(v) => f.pad(&shortest(*v)),
            Value::F64(v) => f.pad(&shortest(*v)),
            Value::Tag(v) => v.fmt(f),
            Value::Text(v) => escaped(v).fmt(f),
            Value::Many(values) => listed(f, values),
        }
    }
}

/// `[1, 2, 3]`.
fn listed(f: &mut fmt::Formatter<'_>, values: &[impl fmt::Display]) -> fmt::Result {
    f.write_str("[")?;
    for (number, value) in values.iter().enumerate() {
        f.write_str(if number == 0 { "" } else { ", " })?;
        value.fmt(f)?;
    }
    f.write_str("]")
}

/// A smallest part of a stream: bytes that mean one thing.
#[derive(Debug, Clone, PartialEq)]
pub struct Leaf<'a> {
    /// Its bytes.
    pub span: Span,
    /// Path of names from the outermost record: `quantizer.codes`.
    pub path: String,
    /// What the bytes are.
    pub meaning: Meaning<'a>,
}

/// What the bytes of a [`Leaf`] are.
#[derive(Debug, Clone, PartialEq)]
pub enum Meaning<'a> {
    /// The stored value of a field.
    Field(&'a Field),
    /// The count in front of an array.
    Count(&'a Array),
    /// The data of an array.
    Array(&'a Array),
    /// The data of inverted lists.
    Lists(&'a Lists),
}

impl Outline {
    /// Bytes after the end of a complete stream.
    pub fn trailing(&self) -> Option<Span> {
        let rest = Span::between(self.end, self.file_len);
        (self.fault.is_none() && !rest.is_empty()).then_some(rest)
    }

    /// The leaves in file order. Without a fault they tile `0..end`.
    pub fn leaves(&self) -> Vec<Leaf<'_>> {
        let mut out = Vec::new();
        self.root.push_leaves("", &mut out);
        out
    }

    /// All records, outermost first, in file order.
    pub fn records(&self) -> Vec<&Record> {
        let mut out = Vec::new();
        self.root.push_records(&mut out);
        out
    }
}

impl Record {
    /// The stored field of this name.
    pub fn field(&self, name: &str) -> Option<&Value> {
        self.items.iter().find_map(|item| match item {
            Item::Field(field) if field.name == name => Some(&field.value),
            _ => None,
        })
    }

    /// The field, or else the derived value, of this name.
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.field(name).or_else(|| self.derived.iter().find(|(key, _)| key == name).map(|(_, value)| value))
    }

    /// A field or derived value that is a whole number and not negative.
    pub fn u64(&self, name: &str) -> Option<u64> {
        self.value(name).and_then(Value::as_u64)
    }

    /// The array of this name.
    pub fn array(&self, name: &str) -> Option<&Array> {
        self.items.iter().find_map(|item| match item {
            Item::Array(array) if array.name == name => Some(array),
            _ => None,
        })
    }

    /// The records directly inside, in file order.
    pub fn children(&self) -> impl Iterator<Item = &Record> {
        self.items.iter().filter_map(|item| match item {
            Item::Record(record) => Some(record),
            _ => None,
        })
    }

    /// The record inside that plays this role.
    pub fn child(&self, role: &str) -> Option<&Record> {
        self.children().find(|child| child.role == role)
    }

    /// The data of inverted lists, of this record or of the inverted lists directly inside.
    pub fn lists(&self) -> Option<&Lists> {
        self.items.iter().find_map(|item| match item {
            Item::Lists(lists) => Some(&**lists),
            Item::Record(record) if record.family == Family::InvertedLists => record.lists(),
            _ => None,
        })
    }

    fn push_leaves<'a>(&'a self, path: &str, out: &mut Vec<Leaf<'a>>) {
        for item in &self.items {
            match item {
                Item::Field(field) => {
                    out.push(Leaf { span: field.span, path: join(path, &field.name), meaning: Meaning::Field(field) });
                }
                Item::Array(array) => {
                    let path = join(path, &array.name);
                    if let Some(span) = array.count {
                        out.push(Leaf { span, path: path.clone(), meaning: Meaning::Count(array) });
                    }
                    out.push(Leaf { span: array.span, path, meaning: Meaning::Array(array) });
                }
                Item::Lists(lists) => {
                    out.push(Leaf { span: lists.span, path: path.into(), meaning: Meaning::Lists(lists) });
                }
                Item::Record(record) => record.push_leaves(&join(path, &record.role), out),
            }
        }
    }

    fn push_records<'a>(&'a self, out: &mut Vec<&'a Record>) {
        out.push(self);
        for child in self.children() {
            child.push_records(out);
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Value) -> bool {
        match (self, other) {
            (Value::Bool(a), Value::Bool(b)) => a == b,
            (Value::U8(a), Value::U8(b)) => a == b,
            (Value::I8(a), Value::I8(b)) => a == b,
            (Value::I32(a), Value::I32(b)) => a == b,
            (Value::U32(a), Value::U32(b)) => a == b,
            (Value::I64(a), Value::I64(b)) => a == b,
            (Value::U64(a), Value::U64(b)) => a == b,
            (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits(),
            (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits(),
            (Value::Tag(a), Value::Tag(b)) => a == b,
            (Value::Text(a), Value::Text(b)) => a == b,
            (Value::Many(a), Value::Many(b)) => a == b,
            _ => false,
        }
    }
}

impl Eq for Value {}

impl Value {
    /// The value as a count, if it is a whole number and not negative.
    pub fn as_u64(&self) -> Option<u64> {
        match *self {
            Value::Bool(v) => Some(v.into()),
            Value::U8(v) => Some(v.into()),
            Value::U32(v) => Some(v.into()),
            Value::U64(v) => Some(v),
            Value::I8(v) => v.try_into().ok(),
            Value::I32(v) => v.try_into().ok(),
            Value::I64(v) => v.try_into().ok(),
            _ => None,
        }
    }
}

/// `inner` under `outer`, dotted.
pub fn join(outer: &str, inner: &str) -> String {
    let mut out = String::from(outer);
    if !outer.is_empty() && !inner.is_empty() {
        out.push('.');
    }
    out.push_str(inner);
    out
}
