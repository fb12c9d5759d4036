//! Fields: those that the CRD has, and those that an object sets.

use std::{fs, io, path::Path};

use serde_json::Value;

/// The two strategies.
const STRATEGIES: [&str; 2] = ["canary", "blueGreen"];

/// The fields of the strategies in a CRD, as `canary.steps.setWeight`: those that hold a value, not those that only hold
/// other fields. Steps and other lists are seen through.
pub fn crd_fields(crd: &Value) -> Vec<String> {
    let schema = crd.pointer("/spec/versions/0/schema/openAPIV3Schema/properties/spec/properties/strategy/properties");
    let mut fields = Vec::new();
    for strategy in STRATEGIES {
        if let Some(schema) = schema.and_then(|schema| schema.get(strategy)) {
            below(schema, strategy, &mut fields);
        }
    }
    fields
}

fn below(schema: &Value, path: &str, fields: &mut Vec<String>) {
    let schema = schema.get("items").unwrap_or(schema);
    match schema.get("properties").and_then(Value::as_object) {
        Some(properties) => {
            properties.iter().for_each(|(name, schema)| below(schema, &format!("{path}.{name}"), fields))
        }
        None => fields.push(path.to_owned()),
    }
}

/// The CRD of Rollouts among the files of a release.
///
/// # Errors
/// If there is none, or it can't be read.
pub fn rollout_crd(files: &[impl AsRef<Path>]) -> io::Result<Value> {
    let file = files.iter().map(AsRef::as_ref).find(|file| file.file_name().is_some_and(|n| n == "rollout-crd.yaml"));
    let file = file.ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "the release has no rollout-crd.yaml"))?;
    let text = fs::read_to_string(file)?;
    serde_saphyr::from_str_with_options(&text, serde_saphyr::options! { budget: None }).map_err(io::Error::other)
}

/// All fields that an object's strategies set, with all that lie above them. `object`: a Rollout, or a patch of one.
pub(super) fn set(object: &Value) -> Vec<String> {
    let mut paths = Vec::new();
    for strategy in STRATEGIES {
        if let Some(value) = object.pointer(&format!("/spec/strategy/{strategy}")).filter(|value| !value.is_null()) {
            paths_of(value, strategy, &mut paths);
        }
    }
    paths
}

fn paths_of(value: &Value, path: &str, paths: &mut Vec<String>) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| paths_of(item, path, paths)),
        other => {
            paths.push(path.to_owned());
            for (name, value) in other.as_object().into_iter().flatten() {
                paths_of(value, &format!("{path}.{name}"), paths);
            }
        }
    }
}
