//! A YAML document as a tree that knows the place of every key and value. The typed model is read
//! beside it; the checks ask the tree where something stands.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_saphyr::Spanned;

use super::fault::Mark;

/// A value and where it stands.
#[derive(Debug, Clone)]
pub(super) struct Node {
    pub at: Mark,
    pub kind: Kind,
}

/// What a value is made of.
#[derive(Debug, Clone)]
pub(super) enum Kind {
    Null,
    Scalar(String),
    Seq(Vec<Node>),
    Map(Vec<(Key, Node)>),
}

/// A key of a map.
#[derive(Debug, Clone)]
pub(super) struct Key {
    pub at: Mark,
    pub name: String,
}

impl Node {
    /// The value behind `key`.
    pub fn get(&self, key: &str) -> Option<&Node> {
        self.entry(key).map(|(_, value)| value)
    }

    /// Key and value.
    pub fn entry(&self, key: &str) -> Option<(&Key, &Node)> {
        self.entries().iter().find(|(k, _)| k.name == key).map(|(k, v)| (k, v))
    }

    /// The entries of a map; empty for all else.
    pub fn entries(&self) -> &[(Key, Node)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The items of a list; a single value counts as a list of one.
    pub fn items(&self) -> &[Node] {
        match &self.kind {
            Kind::Seq(items) => items,
            _ => std::slice::from_ref(self),
        }
    }

    /// Where `key` stands, else where the map does.
    pub fn key_at(&self, key: &str) -> Mark {
        self.entry(key).map_or(self.at, |(k, _)| k.at)
    }

    /// The text of a scalar.
    pub fn text(&self) -> Option<&str> {
        match &self.kind {
            Kind::Scalar(text) => Some(text),
            _ => None,
        }
    }

    /// The innermost entry whose key or value (or an item of it) stands at `mark`.
    pub fn entry_at(&self, mark: Mark) -> Option<(&Key, &Node)> {
        let here = |m: Mark| m.line == mark.line && m.column == mark.column;
        let mut found = None;
        self.walk(&mut |key, value| {
            if here(key.at) || here(value.at) || value.items().iter().any(|i| here(i.at)) {
                found = Some((key, value));
            }
        });
        found
    }

    /// The map that has a key at `mark`, or begins there.
    pub fn map_with(&self, mark: Mark) -> Option<&Node> {
        let here = |m: Mark| m.line == mark.line && m.column == mark.column;
        let inner = match &self.kind {
            Kind::Map(entries) => entries.iter().find_map(|(_, value)| value.map_with(mark)),
            Kind::Seq(items) => items.iter().find_map(|i| i.map_with(mark)),
            Kind::Null | Kind::Scalar(_) => None,
        };
        let this =
            || matches!(self.kind, Kind::Map(_)) && (here(self.at) || self.entries().iter().any(|(k, _)| here(k.at)));
        inner.or_else(|| this().then_some(self))
    }

    /// Visits all entries of all maps, outer ones first.
    pub fn walk<'a>(&'a self, visit: &mut impl FnMut(&'a Key, &'a Node)) {
        match &self.kind {
            Kind::Map(entries) => {
                for (key, value) in entries {
                    visit(key, value);
                    value.walk(visit);
                }
            }
            Kind::Seq(items) => items.iter().for_each(|i| i.walk(visit)),
            Kind::Null | Kind::Scalar(_) => {}
        }
    }
}

impl From<serde_saphyr::Location> for Mark {
    fn from(location: serde_saphyr::Location) -> Self {
        let small = |n: u64| u32::try_from(n).unwrap_or(0);
        Self { line: small(location.line()), column: small(location.column()), width: small(location.span().len()) }
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let spanned = Spanned::<Kind>::deserialize(deserializer)?;
        Ok(Self { at: spanned.referenced.into(), kind: spanned.value })
    }
}

impl<'de> Deserialize<'de> for Kind {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Kind;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_unit<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_none<E>(self) -> Result<Kind, E> {
                Ok(Kind::Null)
            }
            fn visit_bool<E>(self, v: bool) -> Result<Kind, E> {
                Ok(Kind::Scalar(v.to_string()))
            }
            fn visit_i64<E>(self, v: i64) -> Result<Kind, E> {
                Ok(Kind::Scalar(v.to_string()))
            }
            fn visit_u64<E>(self, v: u64) -> Result<Kind, E> {
                Ok(Kind::Scalar(v.to_string()))
            }
            fn visit_f64<E>(self, v: f64) -> Result<Kind, E> {
                Ok(Kind::Scalar(v.to_string()))
            }
            fn visit_str<E>(self, v: &str) -> Result<Kind, E> {
                Ok(Kind::Scalar(v.to_owned()))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Kind, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Kind::Seq(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Kind, A::Error> {
                let mut entries = Vec::new();
                while let Some((key, value)) = map.next_entry::<Spanned<String>, Node>()? {
                    entries.push((Key { at: key.referenced.into(), name: key.value }, value));
                }
                Ok(Kind::Map(entries))
            }
        }
        deserializer.deserialize_any(V)
    }
}
