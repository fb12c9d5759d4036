//! Events, the records that controllers write beside what they do.

use std::fmt;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use crate::scenario::value::{ByRelease, Text, matches};

/// An event: its reason alone, or `{reason: ..., message: {contains: ...}, type: Warning}`. About the step's Rollout,
/// unless `about` says otherwise.
#[derive(Debug, Clone, Default)]
pub struct EventMatch {
    /// Its reason, as `RolloutUpdated`.
    pub reason: Option<ByRelease<Text>>,
    /// Its message. "(combined from similar events): ", which the client library may put before it, does not count.
    pub message: Option<ByRelease<Text>>,
    /// Normal or Warning.
    pub r#type: Option<EventType>,
    /// The object that it is about; default the step's Rollout.
    pub about: Option<About>,
    /// The releases that write it; elsewhere it is passed over.
    pub releases: Option<VersionReq>,
}

/// The two types of events.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum EventType {
    /// All is well.
    Normal,
    /// Something is not.
    Warning,
}

/// The object that an event is about.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct About {
    /// Its kind.
    pub kind: String,
    /// Its name; without one any object of the kind.
    #[serde(default)]
    pub name: Option<String>,
}

impl EventMatch {
    /// Whether it is to be seen on `release`.
    pub fn applies_to(&self, release: &Version) -> bool {
        self.releases.as_ref().is_none_or(|range| matches(range, release))
    }
}

impl EventType {
    /// As the API writes it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Normal => "Normal",
            Self::Warning => "Warning",
        }
    }
}

impl fmt::Display for EventMatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut says = Vec::new();
        says.extend(self.r#type.map(|t| t.as_str().to_owned()));
        says.extend(self.reason.as_ref().map(in_words));
        says.extend(self.message.as_ref().map(|message| format!("({})", in_words(message))));
        if let Some(About { kind, name }) = &self.about {
            says.push(format!("about {}", name.as_ref().map_or(format!("a {kind}"), |name| format!("{kind} {name}"))));
        }
        says.extend(self.releases.as_ref().map(|range| format!("[{range}]")));
        f.write_str(&says.join(" "))
    }
}

/// A reason is a word: it needs no quotation marks.
fn in_words(text: &ByRelease<Text>) -> String {
    match text {
        ByRelease::Always(Text::Is(word)) if !word.contains(' ') => word.clone(),
        other => other.to_string(),
    }
}

/// The long form.
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Written {
    /// Its reason, as `RolloutUpdated`.
    #[serde(default)]
    reason: Option<ByRelease<Text>>,
    /// Its message.
    #[serde(default)]
    message: Option<ByRelease<Text>>,
    /// Normal or Warning.
    #[serde(default)]
    r#type: Option<EventType>,
    /// The object that it is about; default the step's Rollout.
    #[serde(default)]
    about: Option<About>,
    /// The releases that write it, as `>=1.8`; on others it is passed over.
    #[serde(default)]
    releases: Option<String>,
}

impl<'de> Deserialize<'de> for EventMatch {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = EventMatch;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the reason of an event, or a map of `reason`, `message` and `type`")
            }
            fn visit_str<E: de::Error>(self, v: &str) -> Result<EventMatch, E> {
                let reason = ByRelease::Always(Text::Is(v.to_owned()));
                Ok(EventMatch { reason: Some(reason), ..EventMatch::default() })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<EventMatch, A::Error> {
                let written = Written::deserialize(MapAccessDeserializer::new(map))?;
                let range = |text: String| {
                    text.parse().map_err(|e| de::Error::custom(format!("`{text}` is no version range: {e}")))
                };
                Ok(EventMatch {
                    reason: written.reason,
                    message: written.message,
                    r#type: written.r#type,
                    about: written.about,
                    releases: written.releases.map(range).transpose()?,
                })
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for EventMatch {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "EventMatch".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let written = generator.subschema_for::<Written>();
        json_schema!({
            "description": "The reason of an event, or more of it.",
            "anyOf": [{"type": "string", "description": "Its reason, as RolloutUpdated."}, written]
        })
    }
}
