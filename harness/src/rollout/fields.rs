//! A tolerant reader of objects as the API server sends them. A field that is missing or malformed
//! reads as if it were not there, and never makes its neighbours unreadable: what the controller
//! itself survives (its informers are tolerant too) must not blind the harness.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde_json::{Map, Value};

/// The fields of one JSON object; of nothing where there is no object.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Fields<'a>(Option<&'a Map<String, Value>>);

impl<'a> Fields<'a> {
    /// The fields of `value`.
    pub fn of(value: &'a Value) -> Self {
        Self(value.as_object())
    }

    fn get(&self, key: &str) -> Option<&'a Value> {
        self.0?.get(key)
    }

    /// The field as it is.
    pub fn value(&self, key: &str) -> Option<&'a Value> {
        self.get(key).filter(|value| !value.is_null())
    }

    /// The fields of an inner object; of nothing if it is missing.
    pub fn object(&self, key: &str) -> Self {
        Self(self.get(key).and_then(Value::as_object))
    }

    /// The fields of an inner object, if there is one (Go's pointer to a struct).
    pub fn optional(&self, key: &str) -> Option<Self> {
        self.get(key).and_then(Value::as_object).map(|map| Self(Some(map)))
    }

    /// A string; empty if it is missing.
    pub fn text(&self, key: &str) -> String {
        self.get(key).and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// A number, if there is one.
    pub fn number(&self, key: &str) -> Option<i64> {
        self.get(key).and_then(Value::as_i64)
    }

    /// A number; 0 if it is missing.
    pub fn count(&self, key: &str) -> i64 {
        self.number(key).unwrap_or(0)
    }

    /// A boolean, if there is one.
    pub fn optional_flag(&self, key: &str) -> Option<bool> {
        self.get(key).and_then(Value::as_bool)
    }

    /// A boolean; false if it is missing.
    pub fn flag(&self, key: &str) -> bool {
        self.optional_flag(key).unwrap_or(false)
    }

    /// A point in time, if there is one.
    pub fn time(&self, key: &str) -> Option<Timestamp> {
        self.get(key).and_then(Value::as_str).and_then(|text| text.parse().ok())
    }

    /// Each item of a list, malformed ones included (they read as empty).
    pub fn list<T>(&self, key: &str, read: impl Fn(Fields<'a>) -> T) -> Vec<T> {
        self.get(key).and_then(Value::as_array).into_iter().flatten().map(|item| read(Self::of(item))).collect()
    }

    /// A map of strings, without the entries that are none.
    pub fn strings(&self, key: &str) -> BTreeMap<String, String> {
        let entries = self.get(key).and_then(Value::as_object).into_iter().flatten();
        entries.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
    }
}
