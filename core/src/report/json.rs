//! Values as they stand in JSON: integers exact, floats that JSON cannot hold as strings.

use crate::outline::Value;
use alloc::{format, string::String, vec::Vec};
use serde::ser::{Serialize, SerializeMap, Serializer};

/// A value of an index, for reports.
///
/// Integers are exact to 64 bits. Floats are written as the `f64` of the same value, so an `f32` of 8.2244453
/// reads 8.224445343017578, as in Python; what JSON has no number for is `"NaN"`, `"Infinity"` or `"-Infinity"`.
#[derive(Debug, Clone, PartialEq)]
pub enum Json {
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// A whole number that is not negative.
    Uint(u64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Json>),
}

impl From<&Value> for Json {
    fn from(value: &Value) -> Json {
        match value {
            Value::Bool(v) => Json::Bool(*v),
            Value::U8(v) => Json::Uint((*v).into()),
            Value::I8(v) => Json::Int((*v).into()),
            Value::I32(v) => Json::Int((*v).into()),
            Value::U32(v) => Json::Uint((*v).into()),
            Value::I64(v) => Json::Int(*v),
            Value::U64(v) => Json::Uint(*v),
            Value::F32(v) => Json::Float((*v).into()),
            Value::F64(v) => Json::Float(*v),
            Value::Tag(v) => Json::Text(format!("{v}")),
            Value::Text(v) => Json::Text(v.clone()),
            Value::Many(values) => Json::List(values.iter().map(Json::from).collect()),
        }
    }
}

impl Serialize for Json {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Json::Bool(v) => serializer.serialize_bool(*v),
            Json::Int(v) => serializer.serialize_i64(*v),
            Json::Uint(v) => serializer.serialize_u64(*v),
            Json::Float(v) => number(v, serializer),
            Json::Text(v) => serializer.serialize_str(v),
            Json::List(v) => v.serialize(serializer),
        }
    }
}

/// A float as JSON: a number, or its name where JSON has none.
pub(super) fn number<S: Serializer>(value: &f64, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        v if v.is_nan() => serializer.serialize_str("NaN"),
        v if v.is_infinite() => serializer.serialize_str(if *v > 0.0 { "Infinity" } else { "-Infinity" }),
        v => serializer.serialize_f64(*v),
    }
}

/// [`number`], or `null`.
pub(super) fn maybe_number<S: Serializer>(value: &Option<f64>, serializer: S) -> Result<S::Ok, S::Error> {
    match value {
        Some(value) => number(value, serializer),
        None => serializer.serialize_none(),
    }
}

/// An object whose keys keep their order.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Object<V>(pub Vec<(String, V)>);

impl<V> Object<V> {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&V> {
        self.0.iter().find(|(name, _)| name == key).map(|(_, value)| value)
    }
}

impl<V: Serialize> Serialize for Object<V> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (key, value) in &self.0 {
            map.serialize_entry(key, value)?;
        }
        map.end()
    }
}
