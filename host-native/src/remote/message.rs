//! What travels: MessagePack maps, a request out and a reply in.
//!
//! A reply is a stranger's: nested to a limit, nothing allocated that has not arrived. The vectors in it, numbers by the
//! million, do not become values one by one but float32 at once. The server sends them as float64, which hold a float32 exactly: a
//! number that is none was altered on its way.

use super::trouble::{Trouble, garbled};
use rmp::{Marker, encode};

/// Lists and maps inside one another.
const DEEPEST: u32 = 16;

/// A request on its way into bytes.
#[derive(Debug, Clone)]
pub(super) struct Request {
    bytes: Vec<u8>,
    fields: u32,
}

impl Request {
    pub(super) fn new(action: &str) -> Request {
        // The number of fields is written when it is known.
        Request { bytes: vec![Marker::Map32.to_u8(), 0, 0, 0, 0], fields: 0 }.text("action", action)
    }

    fn key(&mut self, key: &str) {
        self.fields += 1;
        put(encode::write_str(&mut self.bytes, key));
    }

    pub(super) fn text(mut self, key: &str, value: &str) -> Request {
        self.key(key);
        put(encode::write_str(&mut self.bytes, value));
        self
    }

    pub(super) fn number(mut self, key: &str, value: u64) -> Request {
        self.key(key);
        put(encode::write_uint(&mut self.bytes, value));
        self
    }

    pub(super) fn ids(mut self, key: &str, ids: &[i64]) -> Request {
        self.key(key);
        put(encode::write_array_len(&mut self.bytes, ids.len() as u32));
        for id in ids {
            put(encode::write_sint(&mut self.bytes, *id));
        }
        self
    }

    /// Rows of `d` little-endian float32.
    pub(super) fn vectors(mut self, key: &str, floats: &[u8], d: u32) -> Request {
        self.key(key);
        let row = d as usize * 4;
        put(encode::write_array_len(&mut self.bytes, (floats.len() / row.max(1)) as u32));
        self.bytes.reserve(floats.len() / 4 * 5);
        for row in floats.chunks_exact(row.max(1)) {
            put(encode::write_array_len(&mut self.bytes, d));
            for float in row.as_chunks::<4>().0 {
                // Float32 travels as it is: its bits, big-endian.
                self.bytes.push(Marker::F32.to_u8());
                self.bytes.extend_from_slice(&u32::from_le_bytes(*float).to_be_bytes());
            }
        }
        self
    }

    pub(super) fn into_bytes(mut self) -> Vec<u8> {
        self.bytes[1..5].copy_from_slice(&self.fields.to_be_bytes());
        self.bytes
    }
}

/// Writing to memory does not fail.
fn put<T, E>(written: Result<T, E>) {
    debug_assert!(written.is_ok());
}

/// A value in a reply.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Value {
    Nil,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Value>),
    Map(Vec<(String, Value)>),
}

impl Value {
    pub(super) fn get(&self, key: &str) -> Option<&Value> {
        match self {
            Value::Map(fields) => fields.iter().find(|(name, _)| name == key).map(|(_, value)| value),
            _ => None,
        }
    }

    pub(super) fn text(&self, key: &str) -> Option<&str> {
        match self.get(key)? {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    pub(super) fn number(&self, key: &str) -> Option<u64> {
        match self.get(key)? {
            Value::Int(number) => u64::try_from(*number).ok(),
            _ => None,
        }
    }

    pub(super) fn bool(&self, key: &str) -> Option<bool> {
        match self.get(key)? {
            Value::Bool(value) => Some(*value),
            _ => None,
        }
    }

    pub(super) fn list(&self, key: &str) -> Option<&[Value]> {
        match self.get(key)? {
            Value::List(list) => Some(list),
            _ => None,
        }
    }
}

/// A reply, with the vectors in it apart.
#[derive(Debug)]
pub(super) struct Reply {
    pub(super) fields: Value,
    /// Little-endian float32 of the rows of `vectors`, where they were asked for.
    pub(super) floats: Vec<u8>,
}

impl Reply {
    /// Read a reply. `d`: take its `vectors` apart, rows of so many floats.
    pub(super) fn parse(bytes: &[u8], d: Option<u32>) -> Result<Reply, Trouble> {
        let mut reader = Reader { rest: bytes };
        let mut floats = Vec::new();
        let count = match reader.marker()? {
            Marker::FixMap(count) => count.into(),
            Marker::Map16 => u32::from(reader.u16()?),
            Marker::Map32 => reader.u32()?,
            _ => return garbled("it is no map"),
        };
        let mut fields = Vec::new();
        for _ in 0..count {
            let key = reader.key()?;
            match d.filter(|_| key == "vectors") {
                Some(d) => floats = reader.vectors(d)?,
                None => {
                    let value = reader.value(0)?;
                    fields.push((key, value));
                }
            }
        }
        if !reader.rest.is_empty() {
            return garbled(format!("{} bytes follow its end", reader.rest.len()));
        }
        let fields = Value::Map(fields);
        match fields.bool("success") {
            Some(true) => Ok(Reply { fields, floats }),
            Some(false) => Err(Trouble::Denied(fields.text("error").unwrap_or("no reason given").into())),
            None => garbled("it does not say whether it was a success"),
        }
    }
}

struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    fn take(&mut self, len: usize) -> Result<&'a [u8], Trouble> {
        match self.rest.split_at_checked(len) {
            Some((taken, rest)) => {
                self.rest = rest;
                Ok(taken)
            }
            None => garbled("it ends in the middle of a value"),
        }
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], Trouble> {
        let mut out = [0; N];
        out.copy_from_slice(self.take(N)?);
        Ok(out)
    }

    fn marker(&mut self) -> Result<Marker, Trouble> {
        let [byte] = self.array()?;
        Ok(Marker::from_u8(byte))
    }

    fn u16(&mut self) -> Result<u16, Trouble> {
        Ok(u16::from_be_bytes(self.array()?))
    }

    fn u32(&mut self) -> Result<u32, Trouble> {
        Ok(u32::from_be_bytes(self.array()?))
    }

    fn text(&mut self, len: usize) -> Result<String, Trouble> {
        let bytes = self.take(len)?;
        String::from_utf8(bytes.to_vec()).or_else(|_| garbled("text that is no UTF-8"))
    }

    fn key(&mut self) -> Result<String, Trouble> {
        match self.value(DEEPEST)? {
            Value::Text(text) => Ok(text),
            _ => garbled("a key that is no text"),
        }
    }

    fn list_len(&mut self, marker: Marker) -> Result<Option<u32>, Trouble> {
        Ok(match marker {
            Marker::FixArray(count) => Some(count.into()),
            Marker::Array16 => Some(self.u16()?.into()),
            Marker::Array32 => Some(self.u32()?),
            _ => None,
        })
    }

    fn value(&mut self, depth: u32) -> Result<Value, Trouble> {
        let marker = self.marker()?;
        Ok(match marker {
            Marker::Null => Value::Nil,
            Marker::True => Value::Bool(true),
            Marker::False => Value::Bool(false),
            Marker::FixPos(number) => Value::Int(number.into()),
            Marker::FixNeg(number) => Value::Int(number.into()),
            Marker::U8 => Value::Int(self.array::<1>()?[0].into()),
            Marker::U16 => Value::Int(self.u16()?.into()),
            Marker::U32 => Value::Int(self.u32()?.into()),
            Marker::U64 => match i64::try_from(u64::from_be_bytes(self.array()?)) {
                Ok(number) => Value::Int(number),
                Err(_) => return garbled("a number above 2^63"),
            },
            Marker::I8 => Value::Int(i8::from_be_bytes(self.array()?).into()),
            Marker::I16 => Value::Int(i16::from_be_bytes(self.array()?).into()),
            Marker::I32 => Value::Int(i32::from_be_bytes(self.array()?).into()),
            Marker::I64 => Value::Int(i64::from_be_bytes(self.array()?)),
            Marker::F32 => Value::Float(f32::from_be_bytes(self.array()?).into()),
            Marker::F64 => Value::Float(f64::from_be_bytes(self.array()?)),
            Marker::FixStr(len) => Value::Text(self.text(len.into())?),
            Marker::Str8 => {
                let [len] = self.array()?;
                Value::Text(self.text(len.into())?)
            }
            Marker::Str16 => {
                let len = self.u16()?;
                Value::Text(self.text(len.into())?)
            }
            Marker::Str32 => {
                let len = self.u32()?;
                Value::Text(self.text(len as usize)?)
            }
            Marker::FixMap(_) | Marker::Map16 | Marker::Map32 => {
                let count = match marker {
                    Marker::FixMap(count) => count.into(),
                    Marker::Map16 => self.u16()?.into(),
                    _ => self.u32()?,
                };
                self.deeper(depth)?;
                let mut fields = Vec::new();
                for _ in 0..count {
                    fields.push((self.key()?, self.value(depth + 1)?));
                }
                Value::Map(fields)
            }
            _ => match self.list_len(marker)? {
                Some(count) => {
                    self.deeper(depth)?;
                    let mut list = Vec::new();
                    for _ in 0..count {
                        list.push(self.value(depth + 1)?);
                    }
                    Value::List(list)
                }
                None => return garbled(format!("a value of the kind {marker:?}")),
            },
        })
    }

    fn deeper(&self, depth: u32) -> Result<(), Trouble> {
        if depth < DEEPEST { Ok(()) } else { garbled("lists inside lists without end") }
    }

    /// Rows of `d` numbers as little-endian float32.
    fn vectors(&mut self, d: u32) -> Result<Vec<u8>, Trouble> {
        let marker = self.marker()?;
        let Some(rows) = self.list_len(marker)? else { return garbled("`vectors` is no list") };
        // A number takes at least one byte of what has arrived.
        let room = (u64::from(rows) * u64::from(d)).min(self.rest.len() as u64) as usize;
        let mut out = Vec::with_capacity(room * 4);
        for _ in 0..rows {
            let marker = self.marker()?;
            match self.list_len(marker)? {
                Some(len) if len == d => {}
                _ => return garbled(format!("a vector that is no list of {d} numbers")),
            }
            for _ in 0..d {
                out.extend_from_slice(&self.float()?.to_le_bytes());
            }
        }
        Ok(out)
    }

    fn float(&mut self) -> Result<f32, Trouble> {
        match self.marker()? {
            Marker::F64 => {
                let wide = f64::from_be_bytes(self.array()?);
                let narrow = wide as f32;
                if f64::from(narrow) == wide || wide.is_nan() {
                    Ok(narrow)
                } else {
                    garbled(format!("{wide} is no float32: it was altered on its way"))
                }
            }
            Marker::F32 => Ok(f32::from_be_bytes(self.array()?)),
            other => garbled(format!("a vector with a value of the kind {other:?}")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A reply as the server would send it.
    fn reply(fields: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
        let mut bytes = Vec::new();
        put(encode::write_map_len(&mut bytes, 2));
        put(encode::write_str(&mut bytes, "success"));
        put(encode::write_bool(&mut bytes, true));
        fields(&mut bytes);
        bytes
    }

    #[test]
    fn a_request_reads_back() {
        let floats: Vec<u8> = [1.5_f32, -2.0, f32::MIN_POSITIVE, 3.0].iter().flat_map(|x| x.to_le_bytes()).collect();
        let request = Request::new("add").ids("ids", &[-7, i64::MAX]).number("n", 300).vectors("vectors", &floats, 2);
        let mut reader = Reader { rest: &request.into_bytes() };
        let Value::Map(fields) = reader.value(0).unwrap() else { panic!() };
        let fields = Value::Map(fields);
        assert_eq!((fields.text("action"), fields.number("n")), (Some("add"), Some(300)));
        assert_eq!(fields.list("ids").unwrap(), [Value::Int(-7), Value::Int(i64::MAX)]);
        let row = |a: f64, b: f64| Value::List(vec![Value::Float(a), Value::Float(b)]);
        assert_eq!(fields.list("vectors").unwrap(), [row(1.5, -2.0), row(f32::MIN_POSITIVE.into(), 3.0)]);
    }

    #[test]
    fn vectors_become_floats_and_only_floats() {
        let with = |number: f64| {
            reply(|out| {
                put(encode::write_str(out, "vectors"));
                put(encode::write_array_len(out, 1));
                put(encode::write_array_len(out, 2));
                put(encode::write_f64(out, 0.5));
                put(encode::write_f64(out, number));
            })
        };
        let good = Reply::parse(&with(f64::from(0.1_f32)), Some(2)).unwrap();
        assert_eq!(good.floats, [0.5_f32, 0.1].iter().flat_map(|x| x.to_le_bytes()).collect::<Vec<_>>());
        let altered = Reply::parse(&with(0.1), Some(2)).unwrap_err().to_string();
        assert!(altered.contains("0.1 is no float32"), "{altered}");
        let long = Reply::parse(&with(1.0), Some(3)).unwrap_err().to_string();
        assert!(long.contains("no list of 3 numbers"), "{long}");
    }

    #[test]
    fn every_cut_is_an_error_and_nothing_is_allocated_for_it() {
        let whole = reply(|out| {
            put(encode::write_str(out, "vectors"));
            put(encode::write_array_len(out, 1));
            put(encode::write_array_len(out, 1));
            put(encode::write_f64(out, 0.5));
        });
        for len in 0..whole.len() {
            assert!(Reply::parse(&whole[..len], Some(1)).is_err(), "{len}");
        }
        let mut more = whole.clone();
        more.push(0);
        assert!(Reply::parse(&more, Some(1)).unwrap_err().to_string().contains("1 bytes follow"));
        let huge = reply(|out| {
            put(encode::write_str(out, "vectors"));
            put(encode::write_array_len(out, u32::MAX));
        });
        assert!(Reply::parse(&huge, Some(u32::MAX)).is_err());
        let deep = reply(|out| {
            put(encode::write_str(out, "x"));
            out.extend([0x91; 100]);
        });
        assert!(Reply::parse(&deep, None).unwrap_err().to_string().contains("without end"));
    }
}
