//! The cursor that reads fields in file order and builds the tree of records.
//!
//! Grammar code stays straight-line: `r.u64("nlist")?` reads, names and places a field. When bytes are
//! missing the whole grammar is run again once they are here, so every byte that was read once is
//! kept in a short log: a second run never asks for it again, and the window is let go of behind the
//! cursor. Memory is then what the headers hold, not what was fetched. Long walks over data keep
//! their own progress ([`Memory::walk`]). No layout is known here.

use super::types::{self, Type};
use super::walks::Walk;
use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits;
use crate::order::ByNumber;
use crate::outline::{Array, Dtype, Family, Field, Fourcc, Item, Name, Outline, Record, Value};
use crate::window::{Read, Stop, Window};
use alloc::{format, vec, vec::Vec};

/// What survives when the grammar is started again.
#[derive(Default)]
pub(crate) struct Memory {
    /// Every byte of a header that was read, in the order of reading.
    log: Vec<u8>,
    /// How often header bytes were missing; more are asked for at once the longer it goes on.
    stops: u32,
    /// Walks over data, by the byte where they start.
    walks: ByNumber<Walk>,
}

impl Memory {
    /// The walk that starts at byte `start`, begun if it is not there.
    pub(super) fn walk(&mut self, start: u64, begin: impl FnOnce() -> Walk) -> Read<&mut Walk> {
        let missing = || Error::new(Kind::Unsupported("a walk was begun and is gone".into()), start).into();
        self.walks.get_or(start, begin).ok_or_else(missing)
    }
}

/// A place in the file, and the records that are open there.
pub(crate) struct Reader<'a> {
    pub(super) window: &'a mut Window,
    pub(super) memory: &'a mut Memory,
    replayed: usize,
    at: u64,
    open: Vec<Record>,
    root: Option<Record>,
    records: u64,
    /// `nlist` and `code_size` of the index around the inverted lists that come next.
    lists: (u64, u64),
}

/// What a record around it wants to know of an index that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) struct Child {
    /// Its class; [`types::NULL`] for none.
    pub(crate) class: &'static str,
    /// Its dimension, 0 where it has none.
    pub(crate) d: u64,
    /// Its number of vectors.
    pub(crate) ntotal: u64,
    /// The dimension that a transform takes.
    pub(crate) d_in: u64,
    /// The dimension that a transform gives.
    pub(crate) d_out: u64,
}

/// Read one index from the start of the file.
pub(crate) fn read(memory: &mut Memory, window: &mut Window) -> Read<Outline> {
    let file_len = window.file_len();
    let mut reader =
        Reader { window, memory, replayed: 0, at: 0, open: Vec::new(), root: None, records: 0, lists: (0, 0) };
    let fault = match reader.any_index("index") {
        Ok(_) => None,
        Err(Stop::Need(span)) => return Err(Stop::Need(span)),
        Err(Stop::Bad(error)) => Some(reader.named(error)),
    };
    reader.close_all();
    match (reader.root, fault) {
        (Some(root), fault) => Ok(Outline { file_len, end: root.span.end(), root, fault }),
        (None, Some(error)) => Err(error.into()),
        (None, None) => Err(Error::truncated(Span::new(0, 4), file_len).into()),
    }
}

macro_rules! fields {
    ($($(#[$doc:meta])* $name:ident $type:ty, $variant:ident;)*) => {$(
        $(#[$doc])*
        pub(crate) fn $name(&mut self, name: impl Into<Name>) -> Read<$type> {
            let name = name.into();
            let bytes = self.take(self.at).map_err(|stop| inside(stop, &name))?;
            let value = <$type>::from_le_bytes(bytes);
            self.push_field(name, Value::$variant(value), bytes.len() as u64);
            Ok(value)
        }
    )*};
}

impl Reader<'_> {
    fields! {
        /// A byte.
        u8 u8, U8;
        /// A signed byte, FAISS's `char`.
        i8 i8, I8;
        /// A 32-bit number, FAISS's `int`.
        i32 i32, I32;
        /// A 32-bit number without sign.
        u32 u32, U32;
        /// A 64-bit number, FAISS's `idx_t`.
        i64 i64, I64;
        /// A 64-bit number, FAISS's `size_t`.
        u64 u64, U64;
        /// An IEEE single.
        f32 f32, F32;
    }

    /// A byte that is true unless 0.
    pub(crate) fn bool(&mut self, name: impl Into<Name>) -> Read<bool> {
        let name = name.into();
        let [byte] = self.take(self.at).map_err(|stop| inside(stop, &name))?;
        self.push_field(name, Value::Bool(byte != 0), 1);
        Ok(byte != 0)
    }

    /// A four-character code inside a record.
    pub(crate) fn tag(&mut self, name: impl Into<Name>) -> Read<Fourcc> {
        let name = name.into();
        let tag = self.peek_tag().map_err(|stop| inside(stop, &name))?;
        self.push_field(name, Value::Tag(tag), 4);
        Ok(tag)
    }

    /// The byte that is read next.
    pub(crate) fn at(&self) -> u64 {
        self.at
    }

    /// Bytes from here to the end of the file.
    pub(crate) fn left(&self) -> u64 {
        self.window.file_len().saturating_sub(self.at)
    }

    /// The four characters that stand here, without going past them.
    pub(crate) fn peek_tag(&mut self) -> Read<Fourcc> {
        Ok(Fourcc(self.take(self.at)?))
    }

    /// The 64-bit number `ahead` bytes from here, without going there; `None` past the end of the file.
    pub(crate) fn peek_u64(&mut self, ahead: u64) -> Read<Option<u64>> {
        self.peek(ahead).map(|bytes| bytes.map(u64::from_le_bytes))
    }

    /// The bytes that stand `ahead` of here, if the file is long enough.
    pub(crate) fn peek<const N: usize>(&mut self, ahead: u64) -> Read<Option<[u8; N]>> {
        let Some(at) = self.at.checked_add(ahead) else { return Ok(None) };
        if at.saturating_add(N as u64) > self.window.file_len() {
            return Ok(None);
        }
        self.take(at).map(Some)
    }

    /// Bytes of the file at `at`, from the log when an earlier run has read them.
    fn take<const N: usize>(&mut self, at: u64) -> Read<[u8; N]> {
        let next = self.replayed.saturating_add(N);
        let logged = self.memory.log.get(self.replayed..).and_then(|rest| rest.first_chunk::<N>()).copied();
        let bytes = match logged {
            Some(bytes) => bytes,
            None => {
                let mut bytes = [0; N];
                self.window.copy(at, &mut bytes).map_err(|stop| self.ask(stop, at))?;
                self.memory.log.extend_from_slice(&bytes);
                bytes
            }
        };
        self.replayed = next;
        Ok(bytes)
    }

    /// The 64-bit number at byte `at`.
    pub(crate) fn take_u64(&mut self, at: u64) -> Read<u64> {
        self.take(at).map(u64::from_le_bytes)
    }

    /// All bytes of a short span, from the log like [`take`](Self::take).
    pub(crate) fn take_all(&mut self, span: Span) -> Read<Vec<u8>> {
        let len = usize::try_from(span.len).map_err(|_| Error::truncated(span, 0))?;
        let next = self.replayed.saturating_add(len);
        let bytes = match self.memory.log.get(self.replayed..next) {
            Some(bytes) => bytes.to_vec(),
            None => {
                let bytes = self.window.bytes(span).map_err(|stop| self.ask(stop, span.start))?;
                self.memory.log.extend_from_slice(&bytes);
                bytes
            }
        };
        self.replayed = next;
        Ok(bytes)
    }

    /// Ask for header bytes, and some of what follows them; let go of what lies behind.
    fn ask(&mut self, stop: Stop, at: u64) -> Stop {
        let Stop::Need(span) = stop else { return stop };
        self.window.forget(Span::between(0, at.min(self.at)));
        let doublings = self.memory.stops.checked_div(limits::HEADER_STOPS_PER_DOUBLING).unwrap_or(0).min(16);
        self.memory.stops = self.memory.stops.saturating_add(1);
        let ahead = limits::HEADER_BYTES.saturating_mul(1u64.checked_shl(doublings).unwrap_or(1));
        let len = span.len.max(ahead.min(limits::WALK_BYTES));
        Stop::Need(Span::new(span.start, len.min(self.window.file_len().saturating_sub(span.start))))
    }

    fn push_field(&mut self, name: Name, value: Value, len: u64) {
        let span = Span::new(self.at, len);
        self.push(Item::Field(Field { name, value, span }), len);
    }

    fn push(&mut self, item: Item, len: u64) {
        self.at = self.at.saturating_add(len);
        if let Some(record) = self.open.last_mut() {
            record.items.push(item);
        }
    }

    /// The 64-bit count that stands here, in front of an array.
    pub(crate) fn count(&mut self, name: &str) -> Read<u64> {
        self.take(self.at).map(u64::from_le_bytes).map_err(|stop| inside(stop, name))
    }

    /// The data of an array, `shape` elements of `dtype`, behind a count where `counted`.
    pub(crate) fn array(&mut self, name: impl Into<Name>, dtype: Dtype, shape: Vec<u64>, counted: bool) -> Read<Span> {
        let name = name.into();
        let count = counted.then(|| Span::new(self.at, 8));
        let start = count.map_or(self.at, |span| span.end());
        let len = product(&shape).and_then(|n| n.checked_mul(dtype.width())).unwrap_or(u64::MAX);
        let span = Span::new(start, len);
        self.window.check(span).map_err(|stop| inside(stop, &name))?;
        let total = len.saturating_add(count.map_or(0, |span| span.len));
        self.push(Item::Array(Array { name, dtype, shape, count, span }), total);
        Ok(span)
    }

    /// A counted array of any length. Gives the count.
    pub(crate) fn vector(&mut self, name: impl Into<Name>, dtype: Dtype) -> Read<u64> {
        let name = name.into();
        let count = self.count(&name)?;
        self.array(name, dtype, vec![count], true)?;
        Ok(count)
    }

    /// A counted array whose count must be the product of `shape`; `rule` says so in words.
    pub(crate) fn exact(
        &mut self,
        name: impl Into<Name>,
        dtype: Dtype,
        shape: Vec<u64>,
        rule: &'static str,
    ) -> Read<Span> {
        let name = name.into();
        let count = self.count(&name)?;
        match product(&shape) {
            Some(expected) if expected == count => self.array(name, dtype, shape, true),
            Some(expected) => Err(inside(Error::inconsistent(self.at, rule, expected, count).into(), &name)),
            None => Err(inside(Error::inconsistent(self.at, rule, "at most 2^64 - 1", "more").into(), &name)),
        }
    }

    /// Like [`exact`](Self::exact), or empty: what FAISS writes before training.
    pub(crate) fn exact_or_empty(
        &mut self,
        name: impl Into<Name>,
        dtype: Dtype,
        shape: Vec<u64>,
        rule: &'static str,
    ) -> Read<u64> {
        let name = name.into();
        let count = self.count(&name)?;
        if count == 0 {
            self.array(name, dtype, vec![0], true)?;
        } else {
            self.exact(name, dtype, shape, rule)?;
        }
        Ok(count)
    }

    /// A counted array of pairs or triples, each counted once.
    pub(crate) fn tuples(&mut self, name: impl Into<Name>, dtype: Dtype, width: u64) -> Read<u64> {
        let name = name.into();
        let count = self.count(&name)?;
        self.array(name, dtype, vec![count, width], true)?;
        Ok(count)
    }

    /// Like [`tuples`](Self::tuples), with `expected` of them.
    pub(crate) fn exact_tuples(
        &mut self,
        name: impl Into<Name>,
        expected: u64,
        width: u64,
        rule: &'static str,
    ) -> Read<Span> {
        let name = name.into();
        let count = self.count(&name)?;
        self.agree(self.at, &name, rule, expected, count)?;
        self.array(name, Dtype::U64, vec![count, width], true)
    }

    /// Note `nlist` and `code_size` for the inverted lists that come next.
    pub(crate) fn expect_lists(&mut self, nlist: u64, code_size: u64) {
        self.lists = (nlist, code_size);
    }

    /// What was noted last.
    pub(crate) fn expected_lists(&self) -> (u64, u64) {
        self.lists
    }

    /// Note a value that follows from the parts of the innermost record.
    pub(crate) fn derive(&mut self, name: impl Into<Name>, value: Value) {
        if let Some(record) = self.open.last_mut() {
            record.derived.push((name.into(), value));
        }
    }

    /// The class turns out to be another one than the tag says.
    pub(crate) fn set_class(&mut self, class: &'static str) {
        if let Some(record) = self.open.last_mut() {
            record.class = class;
        }
    }

    /// Whether another record is open around the innermost one.
    pub(crate) fn is_inside(&self) -> bool {
        self.open.len() > 1
    }

    /// Add an item that is no field and no plain array.
    pub(crate) fn place(&mut self, item: Item, len: u64) {
        self.push(item, len);
    }

    /// A fault at byte `at` in the part `name`.
    pub(crate) fn fail<T>(&self, error: Error, name: &str) -> Read<T> {
        Err(inside(error.into(), name))
    }

    /// Fail unless both numbers agree. `at` is where the second one was read.
    pub(crate) fn agree(&self, at: u64, name: &str, rule: &'static str, expected: u64, found: u64) -> Read<()> {
        if expected == found {
            return Ok(());
        }
        self.fail(Error::inconsistent(at, rule, expected, found), name)
    }

    /// Fail unless `found` is at least `expected`. `at` is where it was read.
    pub(crate) fn at_least(&self, at: u64, name: &str, rule: &'static str, expected: u64, found: u64) -> Read<()> {
        if found >= expected {
            return Ok(());
        }
        self.fail(Error::inconsistent(at, rule, expected, found), name)
    }

    /// A record without a tag.
    pub(crate) fn part<T>(
        &mut self,
        role: impl Into<Name>,
        class: &'static str,
        family: Family,
        read: impl FnOnce(&mut Self) -> Read<T>,
    ) -> Read<T> {
        self.begin(role.into(), class, family, None)?;
        let out = read(self)?;
        self.close();
        Ok(out)
    }

    /// A float index, or `null`.
    pub(crate) fn index(&mut self, role: impl Into<Name>) -> Read<Child> {
        self.object(role.into(), &[Family::Index], "an index")
    }

    /// A binary index.
    pub(crate) fn binary_index(&mut self, role: impl Into<Name>) -> Read<Child> {
        self.object(role.into(), &[Family::BinaryIndex], "a binary index")
    }

    /// A vector transform.
    pub(crate) fn transform(&mut self, role: impl Into<Name>) -> Read<Child> {
        self.object(role.into(), &[Family::Transform], "a vector transform")
    }

    fn any_index(&mut self, role: &'static str) -> Read<Child> {
        if self.left() >= 4 && self.peek_tag()? == types::NULL_TAG {
            let kind = Kind::MisplacedTag { tag: types::NULL_TAG, allowed: "an index" };
            return self.fail(Error::new(kind, 0), "tag");
        }
        self.object(role.into(), &[Family::Index, Family::BinaryIndex], "an index")
    }

    /// The type whose tag stands here, if it is one of `families`.
    pub(crate) fn typed(&mut self, families: &[Family], allowed: &'static str) -> Read<&'static Type> {
        let tag = self.peek_tag()?;
        let Some(found) = types::find(tag) else {
            return Err(Error::new(Kind::UnknownTag(tag), self.at).into());
        };
        if !families.contains(&found.family) {
            return Err(Error::new(Kind::MisplacedTag { tag, allowed }, self.at).into());
        }
        Ok(found)
    }

    /// A tagged object of one of `families`, with everything inside.
    fn object(&mut self, role: Name, families: &[Family], allowed: &'static str) -> Read<Child> {
        let found = self.typed(families, allowed).map_err(|stop| {
            let stop = inside(stop, "tag");
            if self.open.is_empty() { stop } else { inside(stop, &role) }
        })?;
        self.tagged(role, found)
    }

    /// The object of type `found` whose tag stands here.
    pub(crate) fn tagged(&mut self, role: Name, found: &'static Type) -> Read<Child> {
        let is_index = |family| matches!(family, Family::Index | Family::BinaryIndex);
        let depth = self.open.iter().filter(|record| is_index(record.family)).count();
        if is_index(found.family) && depth >= limits::MAX_DEPTH {
            let error =
                Error::limit(self.at, "nesting of indexes", limits::MAX_DEPTH as u64, depth.saturating_add(1) as u64);
            return self.fail(error, &role);
        }
        self.begin(role, found.class, found.family, Some(found.tag))?;
        self.tag("tag")?;
        (found.layout)(self, found)?;
        Ok(self.close())
    }

    fn begin(&mut self, role: Name, class: &'static str, family: Family, tag: Option<Fourcc>) -> Read<()> {
        self.records = self.records.saturating_add(1);
        let limit = limits::MAX_RECORDS as u64;
        if self.records > limit {
            return self.fail(Error::limit(self.at, "records of an outline", limit, self.records), &role);
        }
        let span = Span::new(self.at, 0);
        self.open.push(Record { role, class, family, tag, span, items: Vec::new(), derived: Vec::new() });
        Ok(())
    }

    /// The innermost record ends here.
    fn close(&mut self) -> Child {
        let Some(mut record) = self.open.pop() else { return Child::default() };
        record.span = Span::between(record.span.start, self.at);
        let number = |name| record.u64(name).unwrap_or(0);
        let (d, ntotal, d_in, d_out) = (number("d"), number("ntotal"), number("d_in"), number("d_out"));
        let child = Child { class: record.class, d, ntotal, d_in, d_out };
        match self.open.last_mut() {
            Some(outer) => outer.items.push(Item::Record(record)),
            None => self.root = Some(record),
        }
        child
    }

    fn close_all(&mut self) {
        while !self.open.is_empty() {
            self.close();
        }
    }

    /// The error with the roles of the open records in front of its path.
    fn named(&self, error: Error) -> Error {
        self.open.iter().skip(1).rev().fold(error, |error, record| error.inside(&record.role))
    }
}

/// The same stop, with `name` in front of an error's path.
pub(crate) fn inside(stop: Stop, name: &str) -> Stop {
    match stop {
        Stop::Bad(error) => Stop::Bad(error.inside(name)),
        need => need,
    }
}

/// `name` as a member of `outer`: `pq.M`. Plain where `outer` is empty.
pub(crate) fn member(outer: &str, name: &'static str) -> Name {
    if outer.is_empty() { name.into() } else { format!("{outer}.{name}").into() }
}

/// The product of all, unless it is too large for 64 bits.
pub(crate) fn product(shape: &[u64]) -> Option<u64> {
    shape.iter().try_fold(1u64, |product, &n| product.checked_mul(n))
}
