//! The wire form of an outline: every record with its parts, enumerations as integers. Here is the reading half; the
//! writing half is in `put.rs`, function for function.

mod put;

use crate::bytes::Span;
use crate::error::{Error, Kind};
use crate::limits::{MAX_DEPTH, MAX_RECORDS};
use crate::lists::{Balance, Checkpoint, Layout, Lists, Sizes};
use crate::outline::{Array, Dtype, Family, Field, Fourcc, Item, Name, Outline, Record, Value};
use crate::snapshot::tree::Classes;
use crate::snapshot::wire::{Cursor, Wire};
use alloc::{boxed::Box, format, string::String, vec::Vec};

/// The class of a record whose recorded class this build does not know.
pub const UNKNOWN_CLASS: &str = "(class unknown to this build)";

/// Storeys of records inside records: indexes, with inverted lists and parts under the innermost.
const DEEPEST: usize = MAX_DEPTH.saturating_add(8);

/// Lists of values inside lists of values.
const DEEPEST_VALUE: usize = 4;

/// The number of a type of elements.
pub(crate) const fn dtype_number(dtype: Dtype) -> u8 {
    match dtype {
        Dtype::U8 => 0,
        Dtype::I32 => 1,
        Dtype::I64 => 2,
        Dtype::U64 => 3,
        Dtype::F32 => 4,
        Dtype::F64 => 5,
    }
}

/// The type of elements of this number.
pub(crate) const fn dtype_from_number(number: u8) -> Option<Dtype> {
    match number {
        0 => Some(Dtype::U8),
        1 => Some(Dtype::I32),
        2 => Some(Dtype::I64),
        3 => Some(Dtype::U64),
        4 => Some(Dtype::F32),
        5 => Some(Dtype::F64),
        _ => None,
    }
}

/// The records of an outline. Equal outlines give equal bytes.
pub fn encode_outline(outline: &Outline) -> Vec<u8> {
    let mut out = Vec::new();
    outline.file_len.put(&mut out);
    outline.end.put(&mut out);
    outline.fault.is_some().put(&mut out);
    if let Some(fault) = &outline.fault {
        put::put_fault(fault, &mut out);
    }
    put::put_record(&outline.root, &mut out);
    out
}

/// The outline of which `bytes` are the records; they stand at byte `at` of the file.
///
/// # Errors
/// What in the bytes is impossible: a number without meaning, records too deep or too many, bytes left over.
pub fn decode_outline(bytes: &[u8], at: u64, classes: Classes) -> Result<Outline, Error> {
    let mut reader = Reader { cursor: Cursor::new(bytes, at), classes, records: 0 };
    let outline = reader.outline()?;
    if !reader.cursor.is_empty() {
        return Err(Error::invalid(reader.cursor.at(), "records end with the root", reader.cursor.rest().len()));
    }
    Ok(outline)
}

struct Reader<'a> {
    cursor: Cursor<'a>,
    classes: Classes,
    records: usize,
}

impl Reader<'_> {
    fn take<T: Wire>(&mut self) -> Result<T, Error> {
        T::take(&mut self.cursor)
    }

    fn outline(&mut self) -> Result<Outline, Error> {
        let (file_len, end) = (self.take()?, self.take()?);
        let fault = if self.take()? { Some(self.fault()?) } else { None };
        Ok(Outline { file_len, root: self.record(0)?, end, fault })
    }

    fn fault(&mut self) -> Result<Error, Error> {
        let (at, path): (u64, String) = (self.take()?, self.take()?);
        let here = self.cursor.at();
        let kind = match self.take::<u8>()? {
            0 => Kind::UnknownTag(Fourcc(self.take()?)),
            1 => Kind::Unsupported(self.take::<String>()?.into()),
            other => return Err(Error::invalid(here, "kind of fault is 0 or 1", other)),
        };
        Ok(Error::new(kind, at).inside(&path))
    }

    fn span(&mut self) -> Result<Span, Error> {
        Ok(Span::new(self.take()?, self.take()?))
    }

    fn name(&mut self) -> Result<Name, Error> {
        Ok(self.take::<String>()?.into())
    }

    fn record(&mut self, depth: usize) -> Result<Record, Error> {
        let at = self.cursor.at();
        self.records = self.records.saturating_add(1);
        if self.records > MAX_RECORDS {
            return Err(Error::limit(at, "records in an outline", MAX_RECORDS as u64, self.records as u64));
        }
        if depth > DEEPEST {
            return Err(Error::limit(at, "records inside records", DEEPEST as u64, depth as u64));
        }
        let role = self.name()?;
        let class: String = self.take()?;
        let class = (self.classes)(&class).unwrap_or(UNKNOWN_CLASS);
        let family_at = self.cursor.at();
        let family = match self.take::<u8>()? {
            0 => Family::Index,
            1 => Family::BinaryIndex,
            2 => Family::Transform,
            3 => Family::InvertedLists,
            4 => Family::Part,
            other => return Err(Error::invalid(family_at, "family is 0 to 4", other)),
        };
        let tag = self.take::<Option<[u8; 4]>>()?.map(Fourcc);
        let span = self.span()?;
        let mut items = Vec::new();
        for number in 0..self.cursor.count()? {
            let item = self.item(depth).map_err(|error| error.inside(&format!("items[{number}]")))?;
            items.push(item);
        }
        let mut derived = Vec::new();
        for _ in 0..self.cursor.count()? {
            derived.push((self.name()?, self.value(0)?));
        }
        Ok(Record { role, class, family, tag, span, items, derived })
    }

    fn item(&mut self, depth: usize) -> Result<Item, Error> {
        let at = self.cursor.at();
        Ok(match self.take::<u8>()? {
            0 => Item::Field(Field { name: self.name()?, value: self.value(0)?, span: self.span()? }),
            1 => Item::Array(self.array()?),
            2 => Item::Record(self.record(depth.saturating_add(1))?),
            3 => Item::Lists(Box::new(self.lists()?)),
            other => return Err(Error::invalid(at, "item is 0 to 3", other)),
        })
    }

    fn array(&mut self) -> Result<Array, Error> {
        let name = self.name()?;
        let at = self.cursor.at();
        let number = self.take()?;
        let Some(dtype) = dtype_from_number(number) else {
            return Err(Error::invalid(at, "dtype is 0 to 5", number));
        };
        let shape = self.take()?;
        let count = if self.take()? { Some(self.span()?) } else { None };
        Ok(Array { name, dtype, shape, count, span: self.span()? })
    }

    fn value(&mut self, depth: usize) -> Result<Value, Error> {
        let at = self.cursor.at();
        Ok(match self.take::<u8>()? {
            0 => Value::Bool(self.take()?),
            1 => Value::U8(self.take()?),
            2 => Value::I8(self.small()?),
            3 => Value::I32(self.small()?),
            4 => Value::U32(self.take()?),
            5 => Value::I64(self.take()?),
            6 => Value::U64(self.take()?),
            7 => Value::F32(f32::from_bits(u32::from_le_bytes(self.take()?))),
            8 => Value::F64(f64::from_bits(u64::from_le_bytes(self.take()?))),
            9 => Value::Tag(Fourcc(self.take()?)),
            10 => Value::Text(self.take()?),
            11 if depth < DEEPEST_VALUE => {
                let mut values = Vec::new();
                for _ in 0..self.cursor.count()? {
                    values.push(self.value(depth.saturating_add(1))?);
                }
                Value::Many(values)
            }
            11 => return Err(Error::limit(at, "values inside values", DEEPEST_VALUE as u64, depth as u64)),
            other => return Err(Error::invalid(at, "value is 0 to 11", other)),
        })
    }

    /// A signed integer of fewer than 64 bits.
    fn small<T: TryFrom<i64>>(&mut self) -> Result<T, Error> {
        let at = self.cursor.at();
        let value: i64 = self.take()?;
        value.try_into().map_err(|_| Error::invalid(at, "integer fits its field", value))
    }

    fn lists(&mut self) -> Result<Lists, Error> {
        let at = self.cursor.at();
        let layout = match self.take::<u8>()? {
            0 => Layout::Array,
            1 => Layout::Panorama { batch_size: self.take()?, n_levels: self.take()? },
            2 => Layout::Block { n_per_block: self.take()?, block_size: self.take()? },
            3 => Layout::Split { ids: self.span()?, counted: self.take()? },
            4 => Layout::OnDisk { filename: self.take()?, totsize: self.take()? },
            other => return Err(Error::invalid(at, "layout of lists is 0 to 4", other)),
        };
        let (nlist, code_size) = (self.take()?, self.take()?);
        let at = self.cursor.at();
        let (number, place): (u8, Span) = (self.take()?, self.span()?);
        let sizes = match number {
            0 => Sizes::Full(place),
            1 => Sizes::Sparse(place),
            2 => Sizes::Inline,
            3 => Sizes::Slots(place),
            other => return Err(Error::invalid(at, "place of sizes is 0 to 3", other)),
        };
        let span = self.span()?;
        let balance =
            Balance { total: self.take()?, non_empty: self.take()?, largest: self.take()?, squares: self.take()? };
        let mut checkpoints = Vec::new();
        for _ in 0..self.cursor.count()? {
            checkpoints.push(Checkpoint {
                entry: self.take()?,
                row: self.take()?,
                at: self.take()?,
                ids_at: self.take()?,
            });
        }
        Ok(Lists { layout, nlist, code_size, sizes, span, balance, checkpoints })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::ToString;
    use alloc::vec;
    use proptest::prelude::*;

    fn classes(name: &str) -> Option<&'static str> {
        ["IndexFlat", "IndexIVFFlat", "ArrayInvertedLists"].into_iter().find(|class| *class == name)
    }

    fn span() -> impl Strategy<Value = Span> {
        any::<(u64, u64)>().prop_map(|(start, len)| Span::new(start, len))
    }

    fn name() -> impl Strategy<Value = Name> {
        "[a-z.]{0,9}".prop_map(Name::from)
    }

    fn value() -> impl Strategy<Value = Value> {
        let one = prop_oneof![
            any::<bool>().prop_map(Value::Bool),
            any::<u8>().prop_map(Value::U8),
            any::<i8>().prop_map(Value::I8),
            any::<i32>().prop_map(Value::I32),
            any::<u32>().prop_map(Value::U32),
            any::<i64>().prop_map(Value::I64),
            any::<u64>().prop_map(Value::U64),
            prop::num::f32::NORMAL.prop_map(Value::F32),
            prop::num::f64::NORMAL.prop_map(Value::F64),
            any::<[u8; 4]>().prop_map(|tag| Value::Tag(Fourcc(tag))),
            ".{0,9}".prop_map(Value::Text),
        ];
        prop_oneof![4 => one.clone(), 1 => prop::collection::vec(one, 0..4).prop_map(Value::Many)]
    }

    fn dtype() -> impl Strategy<Value = Dtype> {
        prop::sample::select(alloc::vec![Dtype::U8, Dtype::I32, Dtype::I64, Dtype::U64, Dtype::F32, Dtype::F64])
    }

    fn lists() -> impl Strategy<Value = Lists> {
        let layout = prop_oneof![
            Just(Layout::Array),
            any::<(u64, u64)>().prop_map(|(batch_size, n_levels)| Layout::Panorama { batch_size, n_levels }),
            any::<(u64, u64)>().prop_map(|(n_per_block, block_size)| Layout::Block { n_per_block, block_size }),
            (span(), any::<u64>()).prop_map(|(ids, counted)| Layout::Split { ids, counted }),
            (".*", any::<u64>()).prop_map(|(filename, totsize)| Layout::OnDisk { filename, totsize }),
        ];
        let sizes = prop_oneof![
            span().prop_map(Sizes::Full),
            span().prop_map(Sizes::Sparse),
            Just(Sizes::Inline),
            span().prop_map(Sizes::Slots),
        ];
        let balance = any::<(u64, u64, u64, u128)>();
        let checkpoints = prop::collection::vec(any::<(u64, u64, u64, u64)>(), 0..3);
        (layout, sizes, any::<(u64, u64)>(), span(), balance, checkpoints).prop_map(
            |(layout, sizes, (nlist, code_size), span, balance, checkpoints)| Lists {
                layout,
                nlist,
                code_size,
                sizes,
                span,
                balance: Balance { total: balance.0, non_empty: balance.1, largest: balance.2, squares: balance.3 },
                checkpoints: checkpoints
                    .into_iter()
                    .map(|(entry, row, at, ids_at)| Checkpoint { entry, row, at, ids_at })
                    .collect(),
            },
        )
    }

    fn item() -> impl Strategy<Value = Item> {
        prop_oneof![
            (name(), value(), span()).prop_map(|(name, value, span)| Item::Field(Field { name, value, span })),
            (name(), dtype(), any::<Vec<u64>>(), prop::option::of(span()), span())
                .prop_map(|(name, dtype, shape, count, span)| Item::Array(Array { name, dtype, shape, count, span })),
            lists().prop_map(|lists| Item::Lists(Box::new(lists))),
        ]
    }

    fn record(items: impl Strategy<Value = Item>) -> impl Strategy<Value = Record> {
        let family = prop::sample::select(alloc::vec![
            Family::Index,
            Family::BinaryIndex,
            Family::Transform,
            Family::InvertedLists,
            Family::Part
        ]);
        let class = prop::sample::select(alloc::vec!["IndexFlat", "IndexIVFFlat", "ArrayInvertedLists"]);
        let derived = prop::collection::vec((name(), value()), 0..3);
        let tag = any::<Option<[u8; 4]>>().prop_map(|tag| tag.map(Fourcc));
        (name(), class, family, tag, span(), prop::collection::vec(items, 0..4), derived).prop_map(
            |(role, class, family, tag, span, items, derived)| Record {
                role,
                class,
                family,
                tag,
                span,
                items,
                derived,
            },
        )
    }

    fn outline() -> impl Strategy<Value = Outline> {
        let nested = prop_oneof![3 => item(), 1 => record(item()).prop_map(Item::Record)];
        let nested = prop_oneof![3 => item(), 1 => record(nested).prop_map(Item::Record)];
        let fault = prop::option::of(
            (any::<[u8; 4]>(), any::<u64>(), "[a-z.]{0,9}")
                .prop_map(|(tag, at, path)| Error::new(Kind::UnknownTag(Fourcc(tag)), at).inside(&path)),
        );
        (any::<(u64, u64)>(), record(nested), fault).prop_map(|((file_len, end), root, fault)| Outline {
            file_len,
            root,
            end,
            fault,
        })
    }

    proptest! {
        #[test]
        fn an_outline_comes_back_as_it_was(outline in outline()) {
            let bytes = encode_outline(&outline);
            prop_assert_eq!(decode_outline(&bytes, 0, classes), Ok(outline));
        }

        #[test]
        fn random_bytes_do_not_panic(bytes: Vec<u8>) {
            let _ = decode_outline(&bytes, u64::MAX, classes);
        }

        #[test]
        fn damaged_records_do_not_panic(outline in outline(), place: prop::sample::Index, bit in 0u8..8) {
            let mut bytes = encode_outline(&outline);
            let place = place.index(bytes.len());
            bytes[place] ^= 1 << bit;
            let _ = decode_outline(&bytes, 0, classes);
            bytes.truncate(place);
            prop_assert!(decode_outline(&bytes, 0, classes).is_err());
        }
    }

    #[test]
    fn records_too_deep_are_refused_before_the_stack_is_used_up() {
        // role, class, family, tag, span, one item that is a record
        let mut bytes = alloc::vec![0u8, 0, 0];
        for _ in 0..100_000 {
            bytes.extend([0, 0, 0, 0, 0, 0, 1, 2]);
        }
        let error = decode_outline(&bytes, 0, classes).unwrap_err();
        assert!(error.to_string().contains("records inside records is limited to 58: found 59"), "{error}");
    }
}
