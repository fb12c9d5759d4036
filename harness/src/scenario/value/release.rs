//! Values that differ by controller release.

use std::{borrow::Cow, fmt, marker::PhantomData};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::json;

use super::{Number, Text};
use crate::scenario::model::{Phase, StepIndex};

/// A value that may differ by controller release: the value itself, or a list of
/// `{when: RANGE, is: VALUE}`, disjoint and exhaustive over the scenario's releases.
#[derive(Debug, Clone)]
pub enum ByRelease<T> {
    /// The same on all releases.
    Always(T),
    /// One of these.
    Cases(Vec<ReleaseCase<T>>),
}

/// One case of a [`ByRelease`].
#[derive(Debug, Clone)]
pub struct ReleaseCase<T> {
    /// The releases on which it applies.
    pub when: VersionReq,
    /// The value there.
    pub value: T,
}

impl<T> ByRelease<T> {
    /// All values that it may have.
    pub fn values(&self) -> impl Iterator<Item = &T> {
        let (always, cases) = match self {
            Self::Always(value) => (Some(value), [].as_slice()),
            Self::Cases(cases) => (None, cases.as_slice()),
        };
        always.into_iter().chain(cases.iter().map(|c| &c.value))
    }

    /// The value on `release`; None if no case covers it (parsing makes sure that one does).
    pub fn on(&self, release: &Version) -> Option<&T> {
        match self {
            Self::Always(value) => Some(value),
            Self::Cases(cases) => cases.iter().find(|c| matches(&c.when, release)).map(|c| &c.value),
        }
    }
}

impl<T: fmt::Display> fmt::Display for ByRelease<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Always(value) => value.fmt(f),
            Self::Cases(cases) => {
                for (i, case) in cases.iter().enumerate() {
                    let or = if i > 0 { " or " } else { "" };
                    write!(f, "{or}{} ({})", case.value, case.when)?;
                }
                Ok(())
            }
        }
    }
}

/// Whether `release` lies in `range`; a pre-release counts as its release (`1.10.0-rc1` is in `>=1.10`).
pub fn matches(range: &VersionReq, release: &Version) -> bool {
    range.matches(&Version::new(release.major, release.minor, release.patch))
}

impl<'de, T: Deserialize<'de> + Comparison> Deserialize<'de> for ByRelease<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de> + Comparison> Visitor<'de> for V<T> {
            type Value = ByRelease<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value, or a list of `{when: RANGE, is: VALUE}`")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Self::Value, E> {
                T::deserialize(n.into_deserializer()).map(ByRelease::Always)
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Self::Value, E> {
                T::deserialize(n.into_deserializer()).map(ByRelease::Always)
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Self::Value, E> {
                T::deserialize(s.into_deserializer()).map(ByRelease::Always)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(ByRelease::Always)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Self::Value, A::Error> {
                let mut cases = Vec::new();
                while let Some(written) = seq.next_element::<Written<T>>()? {
                    let Some(when) = &written.when else {
                        return Err(de::Error::custom(
                            "each case of a value by release names its releases: `when: \">=1.9\"`",
                        ));
                    };
                    let when =
                        when.parse().map_err(|e| de::Error::custom(format!("`{when}` is no version range: {e}")))?;
                    cases.push(ReleaseCase { when, value: written.value()? });
                }
                Ok(ByRelease::Cases(cases))
            }
        }
        deserializer.deserialize_any(V(PhantomData))
    }
}

impl<T: JsonSchema + Comparison> JsonSchema for ByRelease<T> {
    fn schema_name() -> Cow<'static, str> {
        format!("{}ByRelease", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        let mut properties = json!({
            "when": {"type": "string", "description": "A semver range of controller releases, as `>=1.9` or `>=1.9, <1.10`."},
            "is": value,
        });
        let mut kinds = vec![json!({"required": ["is"]})];
        if T::TEXTUAL {
            for kind in ["contains", "matches"] {
                properties[kind] = json!({"type": "string"});
                kinds.push(json!({"required": [kind]}));
            }
        }
        json_schema!({
            "anyOf": [
                value,
                {
                    "type": "array",
                    "description": "One value for each range of releases: disjoint, and together all releases of the scenario.",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["when"],
                        "oneOf": kinds,
                        "properties": properties
                    }
                }
            ]
        })
    }
}

/// The keys that a text comparison (and a release case) is written with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
pub(super) struct Written<T> {
    pub(super) when: Option<String>,
    is: Option<T>,
    contains: Option<String>,
    matches: Option<String>,
}

impl<T: Comparison> Written<T> {
    pub(super) fn value<E: de::Error>(self) -> Result<T, E> {
        match (self.is, self.contains, self.matches) {
            (Some(is), None, None) => Ok(is),
            (None, Some(part), None) => T::part(part).map_err(E::custom),
            (None, None, Some(pattern)) => T::pattern(&pattern).map_err(E::custom),
            (None, None, None) => Err(E::custom("nothing to compare with: write `is`, `contains` or `matches`")),
            _ => Err(E::custom("write only one of `is`, `contains` and `matches`")),
        }
    }
}

/// What can stand behind `is`, `contains` and `matches`.
pub trait Comparison: Sized {
    /// Whether `contains` and `matches` can be written.
    const TEXTUAL: bool = false;
    /// From `contains:`.
    ///
    /// # Errors
    /// Where only texts have parts.
    fn part(_: String) -> Result<Self, String> {
        Err("`contains` compares texts; here write `is`".into())
    }
    /// From `matches:`.
    ///
    /// # Errors
    /// Where only texts are matched, or the pattern is no regular expression.
    fn pattern(_: &str) -> Result<Self, String> {
        Err("`matches` compares texts; here write `is`".into())
    }
}

impl Comparison for Number {}
impl Comparison for Phase {}
impl Comparison for StepIndex {}
impl Comparison for Text {
    const TEXTUAL: bool = true;
    fn part(part: String) -> Result<Self, String> {
        Ok(Self::Contains(part))
    }
    fn pattern(pattern: &str) -> Result<Self, String> {
        regex::Regex::new(pattern).map(Self::Matches).map_err(|e| {
            // The crate draws the pattern over several lines; the reason is the last one.
            let e = e.to_string();
            let reason = e.lines().last().unwrap_or_default().trim_start_matches("error: ");
            format!("`{pattern}` is no regular expression: {reason}")
        })
    }
}
