//! The annotations with which manifests say what their pods do: that somebody understands them.

use serde_json::Value;

use super::Faults;
use crate::{
    pods::{Mistake, PREFIX, Script, WAITING},
    scenario::{
        fault::{Fault, Mark, Text, one_of},
        tree::Node,
        yaml,
    },
};

/// Checks all objects of a file that could be read.
pub(in crate::scenario) fn manifest(text: &Text, faults: &mut Faults) {
    if !text.text.contains(PREFIX) {
        return;
    }
    // What cannot be parsed was a fault when the manifests were read.
    let (Ok(trees), Ok(documents)) = (yaml::trees(text), yaml::documents(text)) else { return };
    for (node, (_, object)) in trees.iter().zip(&documents) {
        scripts(text, node, object, faults);
    }
}

/// Checks `object`, which is written at `node` of `text`, and everything in it.
pub(in crate::scenario) fn scripts(text: &Text, node: &Node, object: &Value, faults: &mut Faults) {
    let own = object.pointer("/metadata/annotations").or_else(|| object.get("annotations"));
    if let Some(annotations) = own.and_then(Value::as_object) {
        let holder = node.get("metadata").unwrap_or(node);
        let written = holder.get("annotations").unwrap_or(holder);
        let kind = object.get("kind").and_then(Value::as_str);
        match (kind, annotations.keys().find(|key| key.starts_with(PREFIX))) {
            (Some(kind), Some(key)) if kind != "Pod" => {
                let help = "write it in the metadata of the pod template, as `spec.template.metadata.annotations`";
                faults.push(text.fault(written.key_at(key), format!("a {kind} is no pod")).help(help));
            }
            _ => {
                let mistakes = Script::read(annotations, object.get("spec")).err().unwrap_or_default();
                mistakes.into_iter().for_each(|mistake| faults.push(fault(text, written, mistake)));
            }
        }
    }
    for (key, node) in node.entries() {
        // Those were looked at above, with the object around them.
        if key.name == "metadata" && own.is_some() || key.name == "annotations" {
            continue;
        }
        let Some(value) = object.get(&key.name) else { continue };
        match value {
            Value::Array(values) => {
                node.items().iter().zip(values).for_each(|(node, value)| scripts(text, node, value, faults));
            }
            value => scripts(text, node, value, faults),
        }
    }
}

/// What is wrong with the scripts in an object that is not as it is written any more.
pub(in crate::scenario) fn mistakes(object: &Value) -> Vec<Mistake> {
    let own = object.pointer("/metadata/annotations").and_then(Value::as_object);
    let own = own.and_then(|annotations| Script::read(annotations, object.get("spec")).err());
    let below: Vec<&Value> = match object {
        Value::Object(map) => map.iter().filter(|(key, _)| *key != "metadata").map(|(_, value)| value).collect(),
        Value::Array(values) => values.iter().collect(),
        _ => Vec::new(),
    };
    own.into_iter().flatten().chain(below.into_iter().flat_map(mistakes)).collect()
}

/// Whether any pod that comes of this object follows a script.
pub(in crate::scenario) fn is_scripted(object: &Value) -> bool {
    match object {
        Value::Object(map) => map.iter().any(|(key, value)| key.starts_with(PREFIX) || is_scripted(value)),
        Value::Array(values) => values.iter().any(is_scripted),
        _ => false,
    }
}

fn fault(text: &Text, annotations: &Node, mistake: Mistake) -> Fault {
    let at = |entry: Option<Mark>| entry.unwrap_or(annotations.at);
    let entry = annotations.entry(&mistake.key);
    let mark = at(entry.map(|(key, value)| if mistake.in_value { value.at } else { key.at }));
    let help = mistake.help.unwrap_or_else(|| match entry.and_then(|(_, value)| value.text()) {
        Some(value) if mistake.in_value => one_of(value, &WAITING),
        _ => {
            let keys = Script::KEYS.map(|key| format!("{PREFIX}{key}"));
            one_of(&mistake.key, &keys.each_ref().map(String::as_str))
        }
    });
    text.fault(mark, mistake.what).help(help)
}
