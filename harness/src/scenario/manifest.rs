//! Kubernetes objects that a scenario applies, read and looked over before anything runs.

use std::{cmp::Reverse, fmt, sync::Arc};

use serde_json::Value;

use super::{
    fault::{Fault, Mark, Text},
    set::{self, Wrong},
    yaml,
};

/// One object of a manifest file.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// `apiVersion`
    pub api_version: String,
    /// `kind`
    pub kind: String,
    /// `metadata.name`
    pub name: String,
    /// The whole object. `metadata.namespace` is dropped: a scenario lives in a namespace of its own.
    pub object: Value,
    /// The file that it was read from.
    pub file: Arc<str>,
    /// What was changed since, each as `spec.replicas: 3`.
    pub changes: Vec<String>,
}

impl Manifest {
    /// Whether it is a Rollout of Argo.
    pub fn is_rollout(&self) -> bool {
        self.kind == "Rollout" && self.api_version.starts_with("argoproj.io/")
    }

    /// Sets what is at `path` to `value`; null removes it.
    ///
    /// # Errors
    /// See [`set::set`]; and a change of what kind of object it is.
    pub(super) fn set(&mut self, path: &str, value: &Value) -> Result<(), Wrong> {
        set::set(&mut self.object, path, value)?;
        let is = |pointer: &str| self.object.pointer(pointer).and_then(Value::as_str).unwrap_or_default().to_owned();
        for (pointer, was) in [("/apiVersion", &self.api_version), ("/kind", &self.kind)] {
            if is(pointer) != *was {
                let help = "another kind of object is another manifest".to_owned();
                return Err((format!("`{}` can't be changed", &pointer[1..]), help));
            }
        }
        self.name = is("/metadata/name");
        if self.name.is_empty() {
            return Err(("`metadata.name` is no text any more".to_owned(), "every object has a name".to_owned()));
        }
        let value = if value.is_null() { "removed".to_owned() } else { value.to_string() };
        self.changes.retain(|change| !change.starts_with(&format!("{path}: ")));
        self.changes.push(format!("{path}: {value}"));
        Ok(())
    }

    /// The pod template, of what has one.
    pub fn template(&self) -> Option<&Value> {
        if self.kind == "PodTemplate" { self.object.get("template") } else { self.object.pointer("/spec/template") }
    }

    /// Reads all objects of a file; a `List` counts as its items.
    ///
    /// # Errors
    /// Broken YAML, or objects without apiVersion, kind or name.
    pub(super) fn read(text: &Text) -> Result<Vec<Self>, Fault> {
        let documents = yaml::documents(text)?;
        let mut manifests = Vec::new();
        for (mark, document) in documents {
            add(text, mark, document, &mut manifests)?;
        }
        if manifests.is_empty() {
            return Err(text.fault(Mark::default(), "there is no object in this file"));
        }
        Ok(manifests)
    }
}

impl fmt::Display for Manifest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.kind, self.name)?;
        if self.changes.is_empty() { Ok(()) } else { write!(f, " ({})", self.changes.join(", ")) }
    }
}

fn add(text: &Text, mark: Mark, mut object: Value, to: &mut Vec<Manifest>) -> Result<(), Fault> {
    let kind = string(text, mark, &object, "/kind")?;
    if kind == "List" {
        for item in object.get("items").and_then(Value::as_array).into_iter().flatten() {
            add(text, mark, item.clone(), to)?;
        }
        return Ok(());
    }
    let api_version = string(text, mark, &object, "/apiVersion")?;
    let name = string(text, mark, &object, "/metadata/name")?;
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        metadata.shift_remove("namespace");
    }
    if to.iter().any(|m| m.kind == kind && m.name == name && m.api_version == api_version) {
        return Err(text.fault(mark, format!("{kind} `{name}` is in this file twice")));
    }
    to.push(Manifest { api_version, kind, name, object, file: text.name.clone(), changes: Vec::new() });
    Ok(())
}

fn string(text: &Text, mark: Mark, object: &Value, pointer: &str) -> Result<String, Fault> {
    let path = pointer.trim_start_matches('/').replace('/', ".");
    match object.pointer(pointer) {
        Some(Value::String(s)) if !s.is_empty() => Ok(s.clone()),
        Some(_) => Err(text.fault(mark, format!("`{path}` of this object is no text"))),
        None => Err(text.fault(mark, format!("this is no Kubernetes object: `{path}` is missing"))),
    }
}

/// Puts what Rollouts refer to (Services, templates, ConfigMaps) before the Rollouts.
pub(super) fn in_order(mut manifests: Vec<Manifest>) -> Vec<Manifest> {
    manifests.sort_by_key(|m| Reverse(!m.is_rollout()));
    manifests
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    fn read(yaml: &str) -> Result<Vec<Manifest>, Fault> {
        Manifest::read(&Text::new("m.yaml", yaml))
    }

    #[test]
    fn documents_and_lists_are_read_and_their_namespace_dropped() {
        let manifests = read(
            "---\n# nothing\n---\napiVersion: v1\nkind: Service\nmetadata: {name: a, namespace: prod}\n---\n\
             apiVersion: v1\nkind: List\nitems:\n- {apiVersion: v1, kind: ConfigMap, metadata: {name: b}, data: {1: 'yes'}}\n",
        )
        .unwrap();
        assert_eq!(manifests.iter().map(|m| m.name.as_str()).collect::<Vec<_>>(), ["a", "b"]);
        assert_eq!(manifests[0].object["metadata"], serde_json::json!({"name": "a"}));
        assert_eq!(manifests[1].object["data"], serde_json::json!({"1": "yes"}));
    }

    #[test]
    fn what_kubectl_takes_for_octal_is_octal() {
        let manifests = read("apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {mode: 0644}\n").unwrap();
        assert_eq!(manifests[0].object["spec"]["mode"], 0o644);
    }

    #[test]
    fn rollouts_come_last() {
        let text = "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}}\n---\n\
                    {apiVersion: v1, kind: Service, metadata: {name: s}}\n---\n\
                    {apiVersion: v1, kind: ConfigMap, metadata: {name: c}}\n";
        let kinds: Vec<_> = in_order(read(text).unwrap()).into_iter().map(|m| m.kind).collect();
        assert_eq!(kinds, ["Service", "ConfigMap", "Rollout"]);
    }

    #[rstest]
    #[case::no_kind(
        "apiVersion: v1\nmetadata: {name: a}\n",
        "m.yaml:1:1: this is no Kubernetes object: `kind` is missing"
    )]
    #[case::second(
        "kind: A\napiVersion: v1\nmetadata: {name: a}\n---\nkind: A\n",
        "m.yaml:5:1: this is no Kubernetes object: `apiVersion` is missing"
    )]
    #[case::no_name(
        "kind: A\napiVersion: v1\nmetadata: {generateName: a}\n",
        "m.yaml:1:1: this is no Kubernetes object: `metadata.name` is missing"
    )]
    #[case::number(
        "kind: A\napiVersion: 1\nmetadata: {name: a}\n",
        "m.yaml:1:1: `apiVersion` of this object is no text"
    )]
    #[case::text("hello\n", "m.yaml:1:1: this is no Kubernetes object: `kind` is missing")]
    #[case::empty("# nothing\n", "m.yaml: there is no object in this file")]
    #[case::twice(
        "{kind: A, apiVersion: v1, metadata: {name: a}}\n---\n{kind: A, apiVersion: v1, metadata: {name: a}}\n",
        "m.yaml:3:1: A `a` is in this file twice"
    )]
    #[case::broken("kind: [A\n", "m.yaml:1:7: unclosed bracket '['")]
    fn what_is_no_object_is_refused(#[case] yaml: &str, #[case] says: &str) {
        let fault = read(yaml).unwrap_err();
        assert_eq!(format!("{}: {}", fault.at, fault.what), says);
    }
}
