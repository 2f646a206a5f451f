//! Numbers, texts and lists as snapshot bytes: postcard's encoding, read strictly, and fixed layouts.
//!
//! Section bodies are in the encoding of [postcard](https://postcard.jamesmunns.com/wire-format), which
//! is ten lines of rules: an integer is a varint, a text or a list is a count and its elements. This
//! module reads it with its own cursor because every refusal must name its byte and field, and because
//! an integer that is not in its shortest form is refused. A test holds it against the `postcard` crate.
//!
//! `record!` and `fixed!` declare a structure once: struct, reader, writer and the table of fields
//! that `docs/snapshot-format.md` is held against.

use crate::bytes::Span;
use crate::error::Error;
use alloc::{format, string::String, vec::Vec};

/// Bytes that are being taken apart, with their place in the file for errors.
#[derive(Debug, Clone)]
pub struct Cursor<'a> {
    rest: &'a [u8],
    at: u64,
}

impl<'a> Cursor<'a> {
    /// Over `bytes`, of which the first stands at byte `at` of the file.
    pub fn new(bytes: &'a [u8], at: u64) -> Cursor<'a> {
        Cursor { rest: bytes, at }
    }

    /// The place of the next byte in the file.
    pub fn at(&self) -> u64 {
        self.at
    }

    /// The bytes that are left.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    /// Whether none is left.
    pub fn is_empty(&self) -> bool {
        self.rest.is_empty()
    }

    /// The next `len` bytes.
    pub fn take(&mut self, len: u64) -> Result<&'a [u8], Error> {
        let split = usize::try_from(len).ok().and_then(|len| self.rest.split_at_checked(len));
        let Some((taken, rest)) = split else {
            return Err(Error::truncated(Span::new(self.at, len), self.rest.len() as u64));
        };
        self.rest = rest;
        self.at = self.at.saturating_add(len);
        Ok(taken)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], Error> {
        let at = self.at;
        self.take(N as u64)?.try_into().map_err(|_| Error::truncated(Span::new(at, N as u64), 0))
    }

    /// A varint of at most `bits` bits, in shortest form.
    pub fn varint(&mut self, bits: u32) -> Result<u128, Error> {
        let (at, mut value, mut shift) = (self.at, 0u128, 0u32);
        loop {
            let [byte] = self.array()?;
            let low = u128::from(byte & 0x7f);
            let moved = low.checked_shl(shift).filter(|moved| moved.checked_shr(shift) == Some(low));
            let fits = moved.filter(|moved| bits >= 128 || moved.checked_shr(bits) == Some(0));
            let Some(moved) = fits else {
                return Err(too_large(at, bits));
            };
            value |= moved;
            if byte & 0x80 == 0 {
                if byte == 0 && shift > 0 {
                    return Err(Error::invalid(at, "integer is in its shortest form", "a longer one"));
                }
                return Ok(value);
            }
            shift = shift.saturating_add(7);
        }
    }

    /// The count in front of a list whose elements take at least one byte each.
    pub fn count(&mut self) -> Result<u64, Error> {
        let at = self.at;
        let count = u64::take(self)?;
        let have = self.rest.len() as u64;
        if count > have { Err(Error::truncated(Span::new(at, count), have)) } else { Ok(count) }
    }
}

fn too_large(at: u64, bits: u32) -> Error {
    Error::invalid(at, "integer fits its field", format!("more than {bits} bits"))
}

/// Append a varint.
pub fn put_varint(mut value: u128, out: &mut Vec<u8>) {
    loop {
        let low = value.to_le_bytes()[0] & 0x7f;
        value >>= 7;
        if value == 0 {
            out.push(low);
            return;
        }
        out.push(low | 0x80);
    }
}

/// A value with one form in section bodies.
pub trait Wire: Sized {
    /// Its type in the field tables of the document.
    fn kind() -> String;
    /// Append it.
    fn put(&self, out: &mut Vec<u8>);
    /// Take it.
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error>;
}

/// The encoding of one value.
pub fn encode<T: Wire>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.put(&mut out);
    out
}

macro_rules! wire_unsigned {
    ($($kind:ty, $name:literal, $bits:literal;)*) => { $(
        impl Wire for $kind {
            fn kind() -> String { $name.into() }
            fn put(&self, out: &mut Vec<u8>) { put_varint((*self).into(), out) }
            fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
                let at = cursor.at();
                let value = cursor.varint($bits)?;
                value.try_into().map_err(|_| too_large(at, $bits))
            }
        }
    )* };
}
wire_unsigned! { u16, "u16", 16; u32, "u32", 32; u64, "u64", 64; u128, "u128", 128; }

impl Wire for u8 {
    fn kind() -> String {
        "u8".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.push(*self);
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        Ok(u8::from_le_bytes(cursor.array()?))
    }
}

impl Wire for bool {
    fn kind() -> String {
        "bool".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.push(u8::from(*self));
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let at = cursor.at();
        match u8::take(cursor)? {
            0 => Ok(false),
            1 => Ok(true),
            other => Err(Error::invalid(at, "bool is 0 or 1", other)),
        }
    }
}

impl Wire for i64 {
    fn kind() -> String {
        "i64".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        let zigzag = self.cast_unsigned().wrapping_shl(1) ^ self.wrapping_shr(63).cast_unsigned();
        put_varint(zigzag.into(), out);
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let zigzag = u64::take(cursor)?;
        let sign = (zigzag & 1).wrapping_neg();
        Ok(((zigzag >> 1) ^ sign).cast_signed())
    }
}

impl<const N: usize> Wire for [u8; N] {
    fn kind() -> String {
        format!("[u8;{N}]")
    }
    fn put(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.array()
    }
}

impl Wire for String {
    fn kind() -> String {
        "text".into()
    }
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(self.len() as u128, out);
        out.extend_from_slice(self.as_bytes());
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let at = cursor.at();
        let count = cursor.count()?;
        let bytes = cursor.take(count)?;
        match core::str::from_utf8(bytes) {
            Ok(text) => Ok(text.into()),
            Err(error) => Err(Error::invalid(at, "text is UTF-8", error)),
        }
    }
}

impl<T: Wire> Wire for Vec<T> {
    fn kind() -> String {
        format!("list of {}", T::kind())
    }
    fn put(&self, out: &mut Vec<u8>) {
        put_varint(self.len() as u128, out);
        self.iter().for_each(|each| each.put(out));
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        let count = cursor.count()?;
        let mut out = Vec::new();
        for number in 0..count {
            out.push(T::take(cursor).map_err(|error| error.inside(&format!("[{number}]")))?);
        }
        Ok(out)
    }
}

impl<T: Wire> Wire for Option<T> {
    fn kind() -> String {
        format!("optional {}", T::kind())
    }
    fn put(&self, out: &mut Vec<u8>) {
        self.is_some().put(out);
        if let Some(value) = self {
            value.put(out);
        }
    }
    fn take(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        bool::take(cursor)?.then(|| T::take(cursor)).transpose()
    }
}

/// One row of a field table in the document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FieldRow {
    /// First byte within the structure, for fixed layouts.
    pub offset: Option<u64>,
    /// Name of the field.
    pub name: &'static str,
    /// Its type.
    pub kind: String,
    /// What it means, as in the documentation of the struct's field.
    pub meaning: &'static str,
    /// The value that is assumed where the body ends before the field.
    pub default: Option<&'static str>,
}

/// A section body: a record that may grow at its end.
pub trait Body: Sized {
    /// Take the body of which `bytes` stand at byte `at` of the file. Leftovers are ignored.
    fn parse(bytes: &[u8], at: u64) -> Result<Self, Error>;
    /// Its encoding.
    fn body(&self) -> Vec<u8>;
}

/// Declares a structure in postcard encoding: struct, [`Wire`], [`Body`] and `fields()`.
macro_rules! record {
    ($(#[doc = $about:literal])+ $record:ident {
        $( $(#[doc = $meaning:literal])+ $field:ident : $kind:ty $(= $default:expr)?, )*
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $record {
            $( $(#[doc = $meaning])+ pub $field: $kind, )*
        }

        impl $record {
            /// The field table of the document.
            pub fn fields() -> alloc::vec::Vec<$crate::snapshot::wire::FieldRow> {
                alloc::vec![$( $crate::snapshot::wire::FieldRow {
                    offset: None,
                    name: stringify!($field),
                    kind: <$kind as $crate::snapshot::wire::Wire>::kind(),
                    meaning: concat!($($meaning),+).trim_ascii_start(),
                    default: record!(@default $($default)?),
                } ),*]
            }
        }

        impl $crate::snapshot::wire::Wire for $record {
            fn kind() -> alloc::string::String { stringify!($record).into() }
            fn put(&self, out: &mut alloc::vec::Vec<u8>) {
                $( $crate::snapshot::wire::Wire::put(&self.$field, out); )*
            }
            fn take(cursor: &mut $crate::snapshot::wire::Cursor<'_>) -> Result<Self, $crate::error::Error> {
                $( let $field = <$kind as $crate::snapshot::wire::Wire>::take(cursor)
                    .map_err(|error| error.inside(stringify!($field)))?; )*
                Ok($record { $($field),* })
            }
        }

        impl $crate::snapshot::wire::Body for $record {
            fn parse(bytes: &[u8], at: u64) -> Result<Self, $crate::error::Error> {
                let mut cursor = $crate::snapshot::wire::Cursor::new(bytes, at);
                $( let $field = record!(@take cursor, $field, $kind $(, $default)?); )*
                Ok($record { $($field),* })
            }
            fn body(&self) -> alloc::vec::Vec<u8> { $crate::snapshot::wire::encode(self) }
        }
    };
    (@default) => { None };
    (@default $default:expr) => { Some(stringify!($default)) };
    (@take $cursor:ident, $field:ident, $kind:ty) => {
        <$kind as $crate::snapshot::wire::Wire>::take(&mut $cursor)
            .map_err(|error| error.inside(stringify!($field)))?
    };
    (@take $cursor:ident, $field:ident, $kind:ty, $default:expr) => {
        if $cursor.is_empty() { $default } else { record!(@take $cursor, $field, $kind) }
    };
}
pub(crate) use record;

/// A value with a fixed width: little-endian integers and byte strings.
pub trait Fixed: Sized {
    /// Bytes that it takes.
    const WIDTH: u64;
    /// Its type in the field tables of the document.
    fn kind() -> String;
    /// Append it.
    fn put_fixed(&self, out: &mut Vec<u8>);
    /// Take it.
    fn take_fixed(cursor: &mut Cursor<'_>) -> Result<Self, Error>;
}

macro_rules! fixed_integers {
    ($($kind:ident, $width:literal;)*) => { $(
        impl Fixed for $kind {
            const WIDTH: u64 = $width;
            fn kind() -> String { stringify!($kind).into() }
            fn put_fixed(&self, out: &mut Vec<u8>) { out.extend_from_slice(&self.to_le_bytes()) }
            fn take_fixed(cursor: &mut Cursor<'_>) -> Result<Self, Error> { Ok($kind::from_le_bytes(cursor.array()?)) }
        }
    )* };
}
fixed_integers! { u8, 1; u16, 2; u32, 4; u64, 8; i64, 8; }

impl<const N: usize> Fixed for [u8; N] {
    const WIDTH: u64 = N as u64;
    fn kind() -> String {
        format!("[u8;{N}]")
    }
    fn put_fixed(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self);
    }
    fn take_fixed(cursor: &mut Cursor<'_>) -> Result<Self, Error> {
        cursor.array()
    }
}

/// Declares a structure with a fixed layout: struct, [`Fixed`] and `fields()`.
macro_rules! fixed {
    ($(#[doc = $about:literal])+ $record:ident {
        $( $(#[doc = $meaning:literal])+ $field:ident : $kind:ty, )*
    }) => {
        $(#[doc = $about])+
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub struct $record {
            $( $(#[doc = $meaning])+ pub $field: $kind, )*
        }

        impl $record {
            /// The field table of the document.
            pub fn fields() -> alloc::vec::Vec<$crate::snapshot::wire::FieldRow> {
                let mut end = 0u64;
                let mut next = |width: u64| {
                    let start = end;
                    end = start.saturating_add(width);
                    Some(start)
                };
                alloc::vec![$( $crate::snapshot::wire::FieldRow {
                    offset: next(<$kind as $crate::snapshot::wire::Fixed>::WIDTH),
                    name: stringify!($field),
                    kind: <$kind as $crate::snapshot::wire::Fixed>::kind(),
                    meaning: concat!($($meaning),+).trim_ascii_start(),
                    default: None,
                } ),*]
            }

            /// Where a field starts.
            #[allow(dead_code, unused_assignments)] // not every record is asked
            pub(crate) fn offset_of(name: &str) -> u64 {
                let mut end = 0u64;
                $(
                    if name == stringify!($field) {
                        return end;
                    }
                    end = end.saturating_add(<$kind as $crate::snapshot::wire::Fixed>::WIDTH);
                )*
                0
            }

            /// Its bytes.
            pub fn to_bytes(&self) -> alloc::vec::Vec<u8> {
                let mut out = alloc::vec::Vec::new();
                $crate::snapshot::wire::Fixed::put_fixed(self, &mut out);
                out
            }
        }

        impl $crate::snapshot::wire::Fixed for $record {
            #[allow(clippy::arithmetic_side_effects)] // a constant
            const WIDTH: u64 = 0 $( + <$kind as $crate::snapshot::wire::Fixed>::WIDTH )*;
            fn kind() -> alloc::string::String { stringify!($record).into() }
            fn put_fixed(&self, out: &mut alloc::vec::Vec<u8>) {
                $( $crate::snapshot::wire::Fixed::put_fixed(&self.$field, out); )*
            }
            fn take_fixed(cursor: &mut $crate::snapshot::wire::Cursor<'_>) -> Result<Self, $crate::error::Error> {
                $( let $field = <$kind as $crate::snapshot::wire::Fixed>::take_fixed(cursor)
                    .map_err(|error| error.inside(stringify!($field)))?; )*
                Ok($record { $($field),* })
            }
        }
    };
}
pub(crate) use fixed;

#[cfg(test)]
#[allow(unreachable_pub)] // what `record!` makes is public
mod tests {
    use super::*;
    use alloc::{string::ToString, vec};
    use proptest::prelude::*;

    record! {
        /// A record with a field that came later.
        Sample {
            /// A number.
            number: u64,
            /// A later one.
            later: u64 = 7,
        }
    }

    #[test]
    fn a_field_that_is_missing_has_its_default_and_leftovers_are_ignored() {
        assert_eq!(Sample::parse(&[1], 0), Ok(Sample { number: 1, later: 7 }));
        assert_eq!(Sample::parse(&[1, 2, 3], 0), Ok(Sample { number: 1, later: 2 }));
        assert_eq!(Sample::fields()[1].default, Some("7"));
        let error = Sample::parse(&[], 40).unwrap_err();
        assert_eq!(error.to_string(), "truncated at byte 40 while reading number: need 1 bytes, have 0");
    }

    #[test]
    fn an_integer_has_one_form() {
        let error = u64::take(&mut Cursor::new(&[0x80, 0x00], 5)).unwrap_err();
        assert_eq!(error.to_string(), "invalid at byte 5: integer is in its shortest form: found a longer one");
        assert!(u64::take(&mut Cursor::new(&[0xff; 9], 0)).is_err());
        assert!(u16::take(&mut Cursor::new(&[0xff, 0xff, 0x04], 0)).is_err());
        assert!(u64::take(&mut Cursor::new(&[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x02], 0)).is_err());
    }

    #[test]
    fn a_count_above_the_bytes_present_is_refused_before_anything_is_made() {
        let mut bytes = encode(&u64::MAX);
        bytes.push(0);
        assert!(Vec::<u8>::take(&mut Cursor::new(&bytes, 0)).is_err());
    }

    proptest! {
        #[test]
        fn the_encoding_is_postcards(
            a in any::<u64>(), b in any::<i64>(), c in any::<u16>(), d in any::<u128>(), text in ".*",
            list in prop::collection::vec(any::<u32>(), 0..9), maybe in any::<Option<bool>>(), fixed in any::<[u8; 4]>(),
        ) {
            let mut out = vec![];
            a.put(&mut out); b.put(&mut out); c.put(&mut out); d.put(&mut out);
            text.put(&mut out); list.put(&mut out); maybe.put(&mut out); fixed.put(&mut out);
            prop_assert_eq!(&out, &postcard::to_allocvec(&(a, b, c, d, &text, &list, maybe, fixed)).unwrap());
            let mut cursor = Cursor::new(&out, 0);
            prop_assert_eq!(u64::take(&mut cursor), Ok(a));
            prop_assert_eq!(i64::take(&mut cursor), Ok(b));
            prop_assert_eq!(u16::take(&mut cursor), Ok(c));
            prop_assert_eq!(u128::take(&mut cursor), Ok(d));
            prop_assert_eq!(String::take(&mut cursor), Ok(text));
            prop_assert_eq!(Vec::take(&mut cursor), Ok(list));
            prop_assert_eq!(<Option<bool> as Wire>::take(&mut cursor), Ok(maybe));
            prop_assert_eq!(<[u8; 4]>::take(&mut cursor), Ok(fixed));
            prop_assert!(cursor.is_empty());
        }
    }
}
