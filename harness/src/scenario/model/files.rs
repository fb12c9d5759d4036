//! Manifests that a scenario names, as they are or with changes.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};
use serde_json::{Map, Value};

/// One file with manifests, or several.
#[derive(Debug, Clone, Default)]
pub struct Files(pub Vec<ManifestFile>);

/// `canary.rollout.yaml`, or `{use: canary.rollout.yaml, set: {spec.replicas: 3}}`.
#[derive(Debug, Clone)]
pub struct ManifestFile {
    /// The file, relative to the scenario; `@name` is a shared one.
    pub file: String,
    /// What is changed in one of its objects before it is applied.
    pub change: Option<Change>,
}

/// Changes of one object of a manifest file.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Change {
    /// Path to new value, in this order; null removes. `spec.strategy.canary.steps[0].setWeight`; a key with
    /// dots in it is written `metadata.annotations["example.com/owner"]`. What is on the way must be there: maps that
    /// are missing are made, items of lists are not.
    pub set: Map<String, Value>,
    /// Kind of the object; default Rollout, or the only object of the file.
    pub kind: Option<String>,
    /// Its name; needed only where the file has several of the kind.
    pub name: Option<String>,
}

/// The map form of a [`ManifestFile`].
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "ChangedFile")]
struct Written {
    /// The file, relative to the scenario; `@name` is a shared one.
    r#use: String,
    /// Path to new value, in this order; null removes. `spec.strategy.canary.steps[0].setWeight`; a key with
    /// dots in it is written `metadata.annotations["example.com/owner"]`. What is on the way must be there: maps that
    /// are missing are made, items of lists are not.
    #[serde(default)]
    set: Map<String, Value>,
    /// Kind of the object that is changed; default Rollout, or the only object of the file.
    #[serde(default)]
    kind: Option<String>,
    /// Its name; needed only where the file has several of the kind.
    #[serde(default)]
    name: Option<String>,
}

impl From<Written> for ManifestFile {
    fn from(Written { r#use, set, kind, name }: Written) -> Self {
        let change = Change { set, kind, name };
        let is_none = change.set.is_empty() && change.kind.is_none() && change.name.is_none();
        Self { file: r#use, change: (!is_none).then_some(change) }
    }
}

impl<'de> Deserialize<'de> for ManifestFile {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = ManifestFile;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a file, or `{use: FILE, set: {...}}`")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<ManifestFile, E> {
                Ok(ManifestFile { file: s.to_owned(), change: None })
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<ManifestFile, A::Error> {
                Written::deserialize(MapAccessDeserializer::new(map)).map(Into::into)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl<'de> Deserialize<'de> for Files {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Files;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a file, `{use: FILE, set: {...}}`, or a list of these")
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Files, E> {
                Ok(Files(vec![ManifestFile { file: s.to_owned(), change: None }]))
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Files, A::Error> {
                Written::deserialize(MapAccessDeserializer::new(map)).map(|one| Files(vec![one.into()]))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Files, A::Error> {
                let mut files = Vec::new();
                while let Some(file) = seq.next_element()? {
                    files.push(file);
                }
                Ok(Files(files))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for ManifestFile {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "File".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "string"}, generator.subschema_for::<Written>()]})
    }
}

impl JsonSchema for Files {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Files".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let file = generator.subschema_for::<ManifestFile>();
        json_schema!({"anyOf": [file, {"type": "array", "items": file, "minItems": 1}]})
    }
}
