//! `replicas:` of a state: literal counters, or the model's word.

use std::{borrow::Cow, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, MapAccess, Visitor, value::MapAccessDeserializer},
};

use super::ReplicasMatch;

/// How it is written that the model is to be asked.
const MODEL: &str = "model";

/// `replicas: {desired: 5, updated: 1}`, or `replicas: model`.
#[derive(Debug, Clone)]
pub enum Replicas {
    /// Each ReplicaSet has the pods that the documentation promises for the step at which the Rollout
    /// stands, all of them available.
    Model,
    /// The counters as `get rollout` shows them.
    Are(ReplicasMatch),
}

impl<'de> Deserialize<'de> for Replicas {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl<'de> Visitor<'de> for V {
            type Value = Replicas;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a map of counters, or `model`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<Replicas, E> {
                if text == MODEL { Ok(Replicas::Model) } else { Err(E::unknown_variant(text, &[MODEL])) }
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Replicas, A::Error> {
                ReplicasMatch::deserialize(MapAccessDeserializer::new(map)).map(Replicas::Are)
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Replicas {
    fn schema_name() -> Cow<'static, str> {
        "Replicas".into()
    }
    fn json_schema(generator: &mut SchemaGenerator) -> Schema {
        let counters = generator.subschema_for::<ReplicasMatch>();
        json_schema!({
            "description": "The counters as `get rollout` shows them, or `model`: each ReplicaSet has the pods that the documentation promises for the step at which the Rollout stands, all of them available.",
            "oneOf": [{"const": MODEL}, counters]
        })
    }
}
