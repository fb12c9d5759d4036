//! The JSON Schema of a scenario file, for editors: generated from the types of the model.

use schemars::{Schema, generate::SchemaSettings, transform::RecursiveTransform};
use serde_json::{Value, json};

use super::{action::Action, model::ScenarioFile};

/// The JSON Schema (draft 2020-12) of a scenario file. `schemas/scenario.schema.json` is this, pretty.
pub fn schema() -> Value {
    let settings = SchemaSettings::draft2020_12().with_transform(RecursiveTransform(no_null));
    let mut schema = settings.into_generator().into_root_schema_for::<ScenarioFile>().to_value();
    one_action(&mut schema);
    // Here null is a value: it removes the annotation.
    if let Some(value) = schema.pointer_mut("/$defs/Annotate/properties/annotations/additionalProperties") {
        value["type"] = json!(["string", "null"]);
    }
    parameters(&mut schema);
    schema
}

/// A key that is not needed is left out; null, which `Option` allows, is an error of ours. A default
/// of null or of nothing says nothing to anyone.
fn no_null(schema: &mut Schema) {
    if let Some(types) = schema.get_mut("type").and_then(Value::as_array_mut) {
        types.retain(|t| t != "null");
        if let [only] = types.as_slice() {
            let only = only.clone();
            schema.insert("type".into(), only);
        }
    }
    if let Some(choices) = schema.get_mut("anyOf").and_then(Value::as_array_mut) {
        choices.retain(|c| c.get("type").is_none_or(|t| t != "null"));
        if let [only] = choices.as_slice()
            && let Some(reference) = only.get("$ref").cloned()
        {
            schema.remove("anyOf");
            schema.insert("$ref".into(), reference);
        }
    }
    if schema.get("default").is_some_and(|d| d.is_null() || *d == json!([]) || *d == json!({}) || *d == json!("")) {
        schema.remove("default");
    }
}

/// Exactly one action a step; which one can be a parameter.
fn one_action(schema: &mut Value) {
    if let Some(step) = schema.pointer_mut("/$defs/Step") {
        let mut choices: Vec<Value> = Action::KEYS.iter().map(|key| json!({"required": [key]})).collect();
        let parameter = format!("^{PARAMETER}$");
        choices.push(json!({
            "description": "A parameter of the cases.",
            "not": {"anyOf": [{"anyOf": choices}, {"propertyNames": {"not": {"pattern": parameter}}}]},
        }));
        step["oneOf"] = choices.into();
        step["patternProperties"] = json!({parameter: true});
    }
}

/// A placeholder, alone or inside of a text.
const PARAMETER: &str = r"\$\([a-z][a-z0-9-]*\)";

/// Wherever a value is written, a placeholder can be.
fn parameters(schema: &mut Value) {
    let read = schema.clone();
    let cases = schema.pointer("/properties/cases").cloned();
    parameters_in(schema, &read);
    for (_, definition) in schema["$defs"].as_object_mut().into_iter().flatten() {
        parameters_in(definition, &read);
    }
    schema["$defs"]["Parameter"] =
        json!({"type": "string", "pattern": PARAMETER, "description": "A parameter of the cases."});
    schema["properties"]["cases"] = cases.unwrap_or_default();
}

/// Lets the values of all maps and lists below `schema` be placeholders; `whole` has the definitions.
fn parameters_in(schema: &mut Value, whole: &Value) {
    if let Some(patterns) = schema.get_mut("patternProperties").and_then(Value::as_object_mut) {
        *patterns =
            std::mem::take(patterns).into_iter().map(|(key, value)| (format!("{key}|{PARAMETER}"), value)).collect();
    }
    for key in ["properties", "patternProperties"] {
        for (_, value) in schema.get_mut(key).and_then(Value::as_object_mut).into_iter().flatten() {
            or_parameter(value, whole);
        }
    }
    for key in ["items", "additionalProperties"] {
        if let Some(value) = schema.get_mut(key).filter(|value| value.is_object()) {
            or_parameter(value, whole);
        }
    }
    for key in ["anyOf", "oneOf"] {
        for choice in schema.get_mut(key).and_then(Value::as_array_mut).into_iter().flatten() {
            parameters_in(choice, whole);
        }
    }
}

fn or_parameter(value: &mut Value, whole: &Value) {
    parameters_in(value, whole);
    if !is_more_than_text(value, whole) {
        return;
    }
    let description = value.as_object_mut().and_then(|v| v.shift_remove("description"));
    *value = json!({"anyOf": [value.take(), {"$ref": "#/$defs/Parameter"}]});
    if let Some(description) = description {
        value["description"] = description;
    }
}

/// Whether `schema` takes something else than just any text, which a placeholder is already.
fn is_more_than_text(schema: &Value, whole: &Value) -> bool {
    if let Some(name) = schema["$ref"].as_str().and_then(|r| r.strip_prefix("#/$defs/")) {
        return is_more_than_text(&whole["$defs"][name], whole);
    }
    for key in ["anyOf", "oneOf"] {
        if let Some(choices) = schema[key].as_array() {
            return choices.iter().any(|choice| is_more_than_text(choice, whole));
        }
    }
    let narrow = ["pattern", "enum", "const", "format"].iter().any(|key| schema.get(key).is_some());
    match schema["type"].as_str() {
        Some("string") => narrow,
        Some(_) => true,
        None => narrow,
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use rstest::rstest;

    use super::*;
    use crate::scenario::{Library, tests::in_repository};

    /// Where the schema is committed.
    fn committed() -> std::path::PathBuf {
        in_repository("schemas/scenario.schema.json")
    }

    #[test]
    fn the_committed_schema_is_that_of_the_types() {
        let generated = format!("{:#}\n", schema());
        if std::env::var_os("PROOFROLL_UPDATE_SCHEMAS").is_some_and(|v| v == "1") {
            fs::create_dir_all(committed().parent().unwrap()).unwrap();
            fs::write(committed(), &generated).unwrap();
        }
        let written = fs::read_to_string(committed()).unwrap_or_default();
        assert!(
            written == generated,
            "schemas/scenario.schema.json is not what the types say; write it anew with:\n  \
             PROOFROLL_UPDATE_SCHEMAS=1 cargo test -p proofroll --lib the_committed_schema"
        );
    }

    #[test]
    fn every_action_is_a_key_of_a_step() {
        let properties = &schema()["$defs"]["Step"]["properties"];
        for key in Action::KEYS {
            assert!(properties.get(key).is_some(), "`{key}`");
        }
    }

    fn read(yaml: &str) -> Value {
        serde_saphyr::from_str(yaml).unwrap()
    }

    #[test]
    fn the_schema_accepts_what_the_parser_accepts() {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let dir = in_repository("fixtures");
        for id in Library::embedded().ids() {
            let file = read(&fs::read_to_string(dir.join(format!("{id}.yaml"))).unwrap());
            let wrong: Vec<_> = validator.iter_errors(&file).map(|e| format!("{}: {e}", e.instance_path())).collect();
            assert!(wrong.is_empty(), "{id}: {wrong:#?}");
        }
    }

    #[rstest]
    #[case::a_number("{scale: {replicas: $(n)}}")]
    #[case::a_comparison("{abort: {}, expect: {replicas: {ready: '>= $(n)'}}}")]
    #[case::a_word("{abort: {}, expect: {phase: $(phase)}}")]
    #[case::a_revision("{abort: {}, expect: {revisions: {$(n): {pods: $(n)}}}}")]
    #[case::a_map("{metric: $(answer)}")]
    #[case::an_action("{$(action): $(argument)}")]
    #[case::a_list("{metric: {name: m, answers: $(answers)}}")]
    #[case::a_span("{abort: {}, within: $(n)s}")]
    #[case::a_change("{apply: {use: a.yaml, set: {spec.replicas: $(n), spec.paused: null}}}")]
    #[case::changed_and_plain("{apply: [a.yaml, {use: b.yaml, kind: Service, name: s, set: {spec.ports: [1]}}]}")]
    fn a_parameter_can_stand(#[case] step: &str) {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        let wrong: Vec<_> = validator.iter_errors(&read(&scenario(step))).map(|e| e.to_string()).collect();
        assert!(wrong.is_empty(), "{step}: {wrong:#?}");
    }

    fn scenario(step: &str) -> String {
        format!("{{title: t, must: m, steps: [{step}]}}")
    }

    #[rstest]
    #[case::nothing("{}")]
    #[case::no_action("{expect: {phase: Healthy}}")]
    #[case::two_actions("{abort: {}, retry: {}}")]
    #[case::null("{abort: null}")]
    #[case::unknown_key("{abort: {}, expct: {phase: Healthy}}")]
    #[case::unknown_phase("{abort: {}, expect: {phase: Helthy}}")]
    #[case::comparison("{abort: {}, expect: {replicas: {ready: 'about 4'}}}")]
    #[case::step_index("{abort: {}, expect: {step: 1-8}}")]
    #[case::number_by_release_contains("{abort: {}, expect: {replicas: {ready: [{when: '*', contains: '4'}]}}}")]
    #[case::change_of_nothing("{apply: {set: {spec.replicas: 1}}}")]
    #[case::change_misspelt("{apply: [{use: a.yaml, sets: {spec.replicas: 1}}]}")]
    #[case::word_as_revision("{abort: {}, expect: {revisions: {one: {pods: 1}}}}")]
    fn the_schema_refuses(#[case] step: &str) {
        let validator = jsonschema::validator_for(&schema()).unwrap();
        assert!(validator.is_valid(&read(&scenario("{abort: {}, expect: {phase: Healthy}}"))));
        assert!(!validator.is_valid(&read(&scenario(step))), "{step}");
    }
}
