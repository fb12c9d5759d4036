//! What a value of an object must be like: the language of `fields`, `any`, `all`, `none`, `where`
//! and `status`. Maps are partial; a plain value is compared as elsewhere; a map of one of the
//! language's words says more. Whether `{count: 3}` is a word or a field of that name, the value
//! decides: words are about lists and texts, fields about maps.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use semver::VersionReq;
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor},
};

use super::{Comparison, Expression, Number, ReleaseCase, Text};

/// What a value must be like.
#[derive(Debug, Clone)]
pub enum Pattern {
    /// `null`: it is not there.
    Absent,
    /// A plain value.
    Plain(Plain),
    /// Fields of a map, or a word about another value.
    Map(Fields),
    /// Exactly these items, in this order.
    List(Vec<Pattern>),
    /// `[{when: RANGE, is: ...}, ...]`
    ByRelease(Vec<ReleaseCase<Pattern>>),
    /// `{not: ...}`
    Not(Box<Pattern>),
    /// `{cel: ...}`, all of them.
    Cel(Vec<Expression>),
    /// `{json: ...}`: the text is JSON, and its value is like this.
    Json(Box<Pattern>),
}

/// A plain value.
#[derive(Debug, Clone)]
pub enum Plain {
    /// `true`, `false`
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Another number.
    Float(f64),
    /// A text; of a number, a comparison as `"< 4"`.
    Text(String, Option<Number>),
}

/// What is written as a map.
#[derive(Debug, Clone)]
pub struct Fields {
    /// What the fields of a map must be like.
    pub entries: Vec<(String, Pattern)>,
    /// What it means of a value that is no map.
    pub word: Option<Word>,
}

/// What a map means of a value that is none.
#[derive(Debug, Clone)]
pub enum Word {
    /// `{is: ...}`
    Is(Box<Pattern>),
    /// `{contains: ...}`, `{matches: ...}`
    Text(Text),
    /// Quantifiers, of a list.
    Items(Box<Quantifier>),
}

/// `{any: ..., all: ..., none: ..., count: ..., where: ...}`, each of them if it is written.
#[derive(Debug, Clone, Default)]
pub struct Quantifier {
    /// At least one item is like this.
    pub any: Option<Pattern>,
    /// There are items, and each is like this.
    pub all: Option<Pattern>,
    /// No item is like this.
    pub none: Option<Pattern>,
    /// How many items there are, or how many are like [`Quantifier::where`].
    pub count: Option<Pattern>,
    /// What [`Quantifier::count`] counts.
    pub r#where: Option<Pattern>,
}

/// The words that are written alone.
const ALONE: [&str; 6] = ["is", "contains", "matches", "not", "cel", "json"];
const QUANTIFIERS: [&str; 5] = ["any", "all", "none", "count", "where"];

impl Plain {
    fn text(text: &str) -> Self {
        Self::Text(text.to_owned(), text.parse().ok())
    }
}

impl Quantifier {
    /// Whether nothing is written.
    pub fn is_empty(&self) -> bool {
        self.any.is_none()
            && self.all.is_none()
            && self.none.is_none()
            && self.count.is_none()
            && self.r#where.is_none()
    }

    /// Each pattern that is written, with its word.
    pub fn parts(&self) -> impl Iterator<Item = (&'static str, &Pattern)> {
        [("any", &self.any), ("all", &self.all), ("none", &self.none), ("count", &self.count), ("where", &self.r#where)]
            .into_iter()
            .filter_map(|(word, pattern)| Some((word, pattern.as_ref()?)))
    }
}

impl Pattern {
    /// Whether it is a map without an entry, which any map is like.
    pub fn is_empty_map(&self) -> bool {
        matches!(self, Self::Map(Fields { entries, .. }) if entries.is_empty())
    }

    /// Visits all expressions in it.
    pub fn expressions<'a>(&'a self, visit: &mut impl FnMut(&'a Expression)) {
        match self {
            Self::Absent | Self::Plain(_) => {}
            Self::Map(fields) => fields.entries.iter().for_each(|(_, pattern)| pattern.expressions(visit)),
            Self::List(items) => items.iter().for_each(|pattern| pattern.expressions(visit)),
            Self::ByRelease(cases) => cases.iter().for_each(|case| case.value.expressions(visit)),
            Self::Not(pattern) | Self::Json(pattern) => pattern.expressions(visit),
            Self::Cel(expressions) => expressions.iter().for_each(visit),
        }
    }

    fn as_text(&self) -> Option<&str> {
        if let Self::Plain(Plain::Text(text, _)) = self { Some(text) } else { None }
    }

    /// One expression, or several.
    fn read_expressions(&self) -> Result<Vec<Expression>, String> {
        let sources: Option<Vec<_>> = match self {
            Self::List(items) if !items.is_empty() => items.iter().map(Self::as_text).collect(),
            one => one.as_text().map(|text| vec![text]),
        };
        let Some(sources) = sources else { return Err("`cel` is an expression, or a list of expressions".into()) };
        sources.into_iter().map(Expression::parse).collect()
    }

    fn of_map(entries: Vec<(String, Self)>) -> Result<Self, String> {
        let alone = match entries.as_slice() {
            [(key, pattern)] if ALONE.contains(&key.as_str()) => Some((key.as_str(), pattern)),
            _ => None,
        };
        let word = match alone {
            Some(("not", pattern)) => return Ok(Self::Not(Box::new(pattern.clone()))),
            Some(("json", pattern)) => return Ok(Self::Json(Box::new(pattern.clone()))),
            Some(("cel", pattern)) => return Ok(Self::Cel(pattern.read_expressions()?)),
            Some((_, pattern)) => of_word(&entries[0].0, pattern)?,
            None => Quantifier::of(&entries).map(|quantifier| Word::Items(Box::new(quantifier))),
        };
        Ok(Self::Map(Fields { entries, word }))
    }

    fn of_list(items: Vec<Self>) -> Result<Self, String> {
        let case = |item: &Self| -> Option<Result<ReleaseCase<Self>, String>> {
            let Self::Map(Fields { entries, .. }) = item else { return None };
            let when = entries.iter().find(|(key, _)| key == "when")?.1.as_text()?;
            let when = when.parse::<VersionReq>().map_err(|e| format!("`{when}` is no version range: {e}"));
            let rest: Vec<_> = entries.iter().filter(|(key, _)| key != "when").cloned().collect();
            let value = match rest.as_slice() {
                [(key, pattern)] if key == "is" => Ok(pattern.clone()),
                [(key, _)] if key == "contains" || key == "matches" => Self::of_map(rest),
                _ => Err("a value by release is one of `is`, `contains` and `matches`".into()),
            };
            Some(when.and_then(|when| Ok(ReleaseCase { when, value: value? })))
        };
        if items.is_empty() {
            return Ok(Self::List(items));
        }
        match items.iter().map(case).collect::<Option<Result<Vec<_>, _>>>() {
            Some(cases) => cases.map(Self::ByRelease),
            None => Ok(Self::List(items)),
        }
    }
}

/// The meaning of `{KEY: pattern}` of a value that is no map; `key` is `is`, `contains` or `matches`.
fn of_word(key: &str, pattern: &Pattern) -> Result<Option<Word>, String> {
    Ok(match (key, pattern) {
        ("is", Pattern::Plain(Plain::Text(text, _))) => Some(Word::Text(Text::Is(text.clone()))),
        ("is", pattern) => Some(Word::Is(Box::new(pattern.clone()))),
        ("contains", pattern) => pattern.as_text().map(|text| Word::Text(Text::Contains(text.to_owned()))),
        ("matches", pattern) => match pattern.as_text() {
            Some(text) => Some(Word::Text(Text::pattern(text)?)),
            None => None,
        },
        _ => None,
    })
}

impl Quantifier {
    /// Of entries that are all quantifiers.
    fn of(entries: &[(String, Pattern)]) -> Option<Self> {
        let all_known = entries.iter().all(|(key, _)| QUANTIFIERS.contains(&key.as_str()));
        if entries.is_empty() || !all_known {
            return None;
        }
        let get = |word: &str| entries.iter().find(|(key, _)| key == word).map(|(_, pattern)| pattern.clone());
        let quantifier =
            Self { any: get("any"), all: get("all"), none: get("none"), count: get("count"), r#where: get("where") };
        (quantifier.r#where.is_none() || quantifier.count.is_some()).then_some(quantifier)
    }
}

impl<'de> Deserialize<'de> for Pattern {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Pattern;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("what a value must be like")
            }
            fn visit_unit<E>(self) -> Result<Pattern, E> {
                Ok(Pattern::Absent)
            }
            fn visit_none<E>(self) -> Result<Pattern, E> {
                Ok(Pattern::Absent)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Pattern, E> {
                Ok(Pattern::Plain(Plain::Bool(v)))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Pattern, E> {
                Ok(Pattern::Plain(Plain::Int(v)))
            }
            fn visit_u64<E: de::Error>(self, v: u64) -> Result<Pattern, E> {
                i64::try_from(v).map(|v| Pattern::Plain(Plain::Int(v))).map_err(E::custom)
            }
            fn visit_f64<E>(self, v: f64) -> Result<Pattern, E> {
                Ok(Pattern::Plain(Plain::Float(v)))
            }
            fn visit_str<E>(self, v: &str) -> Result<Pattern, E> {
                Ok(Pattern::Plain(Plain::text(v)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pattern, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Pattern::of_list(items).map_err(de::Error::custom)
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Pattern, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Pattern::of_map(entries).map_err(de::Error::custom)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Pattern {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Pattern".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "description": "What a value must be like. A map: fields, and others may be there; null: not there. A plain value: \
            exactly this, or of a number a comparison (\"< 4\", \"1..3\"). A list: exactly these items. Of a text: {contains: ...}, \
            {matches: REGEX}, {json: PATTERN}. Of a list: {any: PATTERN}, {all: PATTERN}, {none: PATTERN}, {count: 2}, \
            {count: 2, where: PATTERN}. Of any value: {is: ...}, {not: PATTERN}, {cel: EXPRESSION} about `self` and `object`. By \
            release: [{when: RANGE, is: ...}]."
        })
    }
}

/// One expression, or several that must all be true.
#[derive(Debug, Clone, Default)]
pub struct Expressions(pub Vec<Expression>);

impl<'de> Deserialize<'de> for Expressions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let written = Pattern::deserialize(deserializer)?;
        written.read_expressions().map(Self).map_err(de::Error::custom)
    }
}

impl JsonSchema for Expressions {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Expressions".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"type": "string"}, {"type": "array", "items": {"type": "string"}, "minItems": 1}]})
    }
}
