//! Step indexes and spans of time.

use std::{fmt, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use crate::scenario::model::StepIndex;

impl FromStr for StepIndex {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bad = || format!("`{s}` is no step: write INDEX/TOTAL, as 1/8, or 1/* for any total");
        let (index, total) = s.split_once('/').ok_or_else(bad)?;
        let index = index.trim().parse().map_err(|_| bad())?;
        let total = match total.trim() {
            "*" => None,
            t => Some(t.parse().map_err(|_| bad())?),
        };
        if total.is_some_and(|t| index > t) {
            return Err(format!("`{s}` is no step: {index} is beyond the last one"));
        }
        Ok(Self { index, total })
    }
}

impl fmt::Display for StepIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.total {
            Some(total) => write!(f, "{}/{total}", self.index),
            None => write!(f, "{}/*", self.index),
        }
    }
}

impl<'de> Deserialize<'de> for StepIndex {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = StepIndex;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("INDEX/TOTAL, as 1/8")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<StepIndex, E> {
                s.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for StepIndex {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "StepIndex".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\d+/(\d+|\*)$", "description": "Current step index and number of steps, as 1/8; 1/* for any number."})
    }
}

/// A span of time, written `10s`, `1m30s` or `500ms`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Span(pub Duration);

impl fmt::Display for Span {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        humantime::format_duration(self.0).fmt(f)
    }
}

impl FromStr for Span {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        humantime::parse_duration(s)
            .map(Self)
            .map_err(|_| format!("`{s}` is no span of time: write 10s, 1m30s or 500ms"))
    }
}

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "pattern": r"^\s*\d", "description": "A span of time, as 10s, 1m30s or 500ms."})
    }
}
