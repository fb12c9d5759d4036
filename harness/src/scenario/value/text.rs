//! Texts with comparisons.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::release::Written;

/// A text to compare with: `"whole text"`, `{is: ...}`, `{contains: ...}` or `{matches: REGEX}`.
#[derive(Debug, Clone)]
pub enum Text {
    /// Exactly this.
    Is(String),
    /// This is a part of it.
    Contains(String),
    /// The regular expression is found in it.
    Matches(regex::Regex),
}

impl Text {
    /// Whether `text` satisfies the comparison.
    pub fn holds(&self, text: &str) -> bool {
        match self {
            Self::Is(t) => t == text,
            Self::Contains(t) => text.contains(t.as_str()),
            Self::Matches(r) => r.is_match(text),
        }
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Is(t) => write!(f, "{t:?}"),
            Self::Contains(t) => write!(f, "contains {t:?}"),
            Self::Matches(r) => write!(f, "matches /{r}/"),
        }
    }
}

impl<'de> Deserialize<'de> for Text {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Text;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text, or one of `is`, `contains`, `matches`")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Text, E> {
                Ok(Text::Is(s.to_owned()))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Text, A::Error> {
                let written = Written::<Text>::deserialize(MapAccessDeserializer::new(map))?;
                if written.when.is_some() {
                    return Err(de::Error::custom("a value by release is a list: `- {when: \">=1.9\", is: ...}`"));
                }
                written.value()
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Text {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Text".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "The whole text, or one of `is`, `contains`, `matches`.",
            "oneOf": [
                {"type": "string"},
                {
                    "type": "object",
                    "additionalProperties": false,
                    "minProperties": 1,
                    "maxProperties": 1,
                    "properties": {"is": {"type": "string"}, "contains": {"type": "string"}, "matches": {"type": "string"}}
                }
            ]
        })
    }
}
