//! The Rollout's own status beyond its phase: conditions, and which revision its hashes mean.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::scenario::value::{ByRelease, Text};

/// A condition of the Rollout, as `kubectl wait --for=condition` looks at it: `true`, `false`, `Unknown`, or
/// `{status: true, reason: RolloutPaused, message: {contains: ...}}`.
#[derive(Debug, Clone, Default)]
pub struct ConditionMatch {
    /// Its status.
    pub status: Option<ConditionStatus>,
    /// Its reason.
    pub reason: Option<ByRelease<Text>>,
    /// Its message.
    pub message: Option<ByRelease<Text>>,
    /// Whether there is a condition of this type; default true.
    pub exists: Option<bool>,
}

/// The status of a condition.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ConditionStatus {
    /// `True`
    True,
    /// `False`
    False,
    /// `Unknown`
    Unknown,
}

impl ConditionStatus {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::True => "True",
            Self::False => "False",
            Self::Unknown => "Unknown",
        }
    }

    fn read(text: &str) -> Result<Self, String> {
        match text.to_lowercase().as_str() {
            "true" => Ok(Self::True),
            "false" => Ok(Self::False),
            "unknown" => Ok(Self::Unknown),
            _ => Err(format!("`{text}` is no status of a condition: write true, false or Unknown")),
        }
    }
}

impl fmt::Display for ConditionStatus {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for ConditionStatus {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = ConditionStatus;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false or Unknown")
            }
            fn visit_bool<E>(self, v: bool) -> Result<ConditionStatus, E> {
                Ok(if v { ConditionStatus::True } else { ConditionStatus::False })
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<ConditionStatus, E> {
                ConditionStatus::read(v).map_err(E::custom)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for ConditionStatus {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ConditionStatus".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"type": "boolean"}, {"enum": ["True", "False", "Unknown", "true", "false", "unknown"]}]})
    }
}

/// The long form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Its status: true, false or Unknown.
    #[serde(default)]
    status: Option<ConditionStatus>,
    /// Its reason.
    #[serde(default)]
    reason: Option<ByRelease<Text>>,
    /// Its message.
    #[serde(default)]
    message: Option<ByRelease<Text>>,
    /// Whether there is a condition of this type; default true.
    #[serde(default)]
    exists: Option<bool>,
}

impl<'de> Deserialize<'de> for ConditionMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = ConditionMatch;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("true, false, Unknown, or a map of `status`, `reason` and `message`")
            }
            fn visit_bool<E>(self, v: bool) -> Result<ConditionMatch, E> {
                let status = if v { ConditionStatus::True } else { ConditionStatus::False };
                Ok(ConditionMatch { status: Some(status), ..ConditionMatch::default() })
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<ConditionMatch, E> {
                let status = ConditionStatus::read(v).map_err(E::custom)?;
                Ok(ConditionMatch { status: Some(status), ..ConditionMatch::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ConditionMatch, A::Error> {
                let Written { status, reason, message, exists } =
                    Written::deserialize(MapAccessDeserializer::new(map))?;
                Ok(ConditionMatch { status, reason, message, exists })
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for ConditionMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "ConditionMatch".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let status = generator.subschema_for::<ConditionStatus>();
        let written = generator.subschema_for::<Written>();
        json_schema!({"description": "The status of a condition, or more of it.", "anyOf": [status, written]})
    }
}

/// Revisions whose pod template hash stands in a field of the status.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct HashesMatch {
    /// `status.currentPodHash`
    pub current: Option<u64>,
    /// `status.stableRS`
    pub stable: Option<u64>,
    /// `status.blueGreen.activeSelector`
    pub active: Option<u64>,
    /// `status.blueGreen.previewSelector`
    pub preview: Option<u64>,
}

impl HashesMatch {
    /// Each that is written, with its key.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        [("current", self.current), ("stable", self.stable), ("active", self.active), ("preview", self.preview)]
            .into_iter()
            .filter_map(|(key, revision)| Some((key, revision?)))
    }
}
