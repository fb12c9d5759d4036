//! Values that a scenario compares with: numbers with comparisons, texts, spans of time, and all
//! of these by release.

use std::{fmt, marker::PhantomData, str::FromStr, time::Duration};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::{Version, VersionReq};
use serde::{
    Deserialize, Deserializer,
    de::{self, IntoDeserializer, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use super::model::{OneOrMany, Phase, StepIndex};

/// A whole number to compare with: `5`, `"< 4"`, `">= 1"`, `"!= 0"` or `"1..3"` (both ends in).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Number {
    /// Exactly this.
    Eq(i64),
    /// Anything but this.
    Ne(i64),
    /// Less.
    Lt(i64),
    /// At most.
    Le(i64),
    /// More.
    Gt(i64),
    /// At least.
    Ge(i64),
    /// From the first to the second, both in.
    Between(i64, i64),
}

impl Number {
    /// Whether `n` satisfies the comparison.
    pub fn holds(&self, n: i64) -> bool {
        match *self {
            Self::Eq(x) => n == x,
            Self::Ne(x) => n != x,
            Self::Lt(x) => n < x,
            Self::Le(x) => n <= x,
            Self::Gt(x) => n > x,
            Self::Ge(x) => n >= x,
            Self::Between(a, b) => a <= n && n <= b,
        }
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Eq(x) => write!(f, "{x}"),
            Self::Ne(x) => write!(f, "!= {x}"),
            Self::Lt(x) => write!(f, "< {x}"),
            Self::Le(x) => write!(f, "<= {x}"),
            Self::Gt(x) => write!(f, "> {x}"),
            Self::Ge(x) => write!(f, ">= {x}"),
            Self::Between(a, b) => write!(f, "{a}..{b}"),
        }
    }
}

impl FromStr for Number {
    type Err = String;

    fn from_str(s: &str) -> Result<Self, Self::Err> {
        let bad =
            || format!("`{s}` is no comparison: write 5, \"< 4\", \"<= 4\", \"> 4\", \">= 4\", \"!= 4\" or \"1..3\"");
        let number = |t: &str| t.trim().parse::<i64>().map_err(|_| bad());
        let s = s.trim();
        if let Some((a, b)) = s.split_once("..") {
            let (a, b) = (number(a)?, number(b)?);
            if a > b {
                return Err(format!("`{s}` holds for no number: {a} is more than {b}"));
            }
            return Ok(Self::Between(a, b));
        }
        type Make = fn(i64) -> Number;
        let operators: [(&str, Make); 7] = [
            ("<=", Self::Le),
            (">=", Self::Ge),
            ("!=", Self::Ne),
            ("==", Self::Eq),
            ("<", Self::Lt),
            (">", Self::Gt),
            ("=", Self::Eq),
        ];
        for (operator, make) in operators {
            if let Some(rest) = s.strip_prefix(operator) {
                return number(rest).map(make);
            }
        }
        number(s).map(Self::Eq)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number or a comparison such as \"< 4\"")
            }
            fn visit_i64<E: de::Error>(self, n: i64) -> Result<Number, E> {
                Ok(Number::Eq(n))
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Number, E> {
                i64::try_from(n).map(Number::Eq).map_err(E::custom)
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Number, E> {
                s.parse().map_err(E::custom)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Number {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Number".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "A whole number, or a comparison: \"< 4\", \">= 1\", \"!= 0\", \"1..3\".",
            "oneOf": [
                {"type": "integer"},
                {"type": "string", "pattern": r"^\s*((<=|>=|!=|==|<|>|=)?\s*-?\d+|-?\d+\s*\.\.\s*-?\d+)\s*$"}
            ]
        })
    }
}

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

/// The keys that a text comparison (and a release case) is written with.
#[derive(Deserialize)]
#[serde(deny_unknown_fields, bound = "T: Deserialize<'de>")]
struct Written<T> {
    when: Option<String>,
    is: Option<T>,
    contains: Option<String>,
    matches: Option<String>,
}

impl<T: Comparison> Written<T> {
    fn value<E: de::Error>(self) -> Result<T, E> {
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
    fn part(part: String) -> Result<Self, String> {
        Ok(Self::Contains(part))
    }
    fn pattern(pattern: &str) -> Result<Self, String> {
        regex::Regex::new(pattern).map(Self::Matches).map_err(|e| format!("no regular expression: {e}"))
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
    /// The value on `release`; None if no case covers it (parsing makes sure that one does).
    pub fn on(&self, release: &Version) -> Option<&T> {
        match self {
            Self::Always(value) => Some(value),
            Self::Cases(cases) => cases.iter().find(|c| matches(&c.when, release)).map(|c| &c.value),
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

impl<T: JsonSchema> JsonSchema for ByRelease<T> {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        format!("{}ByRelease", T::schema_name()).into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let value = generator.subschema_for::<T>();
        json_schema!({
            "anyOf": [
                value,
                {
                    "type": "array",
                    "minItems": 1,
                    "items": {
                        "type": "object",
                        "additionalProperties": false,
                        "required": ["when"],
                        "properties": {
                            "when": {"type": "string", "description": "A semver range of controller releases, as `>=1.9`."},
                            "is": value,
                            "contains": {"type": "string"},
                            "matches": {"type": "string"}
                        }
                    }
                }
            ]
        })
    }
}

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
        String::deserialize(deserializer)?.parse().map_err(de::Error::custom)
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

impl<'de> Deserialize<'de> for OneOrMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = OneOrMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a file, or a list of files")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<OneOrMany, E> {
                Ok(OneOrMany(vec![s.to_owned()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<OneOrMany, A::Error> {
                let mut files = Vec::new();
                while let Some(file) = seq.next_element()? {
                    files.push(file);
                }
                Ok(OneOrMany(files))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for OneOrMany {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Files".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
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

impl<'de> Deserialize<'de> for Span {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        humantime::parse_duration(&text)
            .map(Span)
            .map_err(|e| de::Error::custom(format!("`{text}` is no span of time ({e}): write 10s, 1m30s or 500ms")))
    }
}

impl JsonSchema for Span {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Span".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "description": "A span of time, as 10s, 1m30s or 500ms."})
    }
}
