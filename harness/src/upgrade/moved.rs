//! What has moved between two points of the history, by whoever but us.
//!
//! Each object is compared in a normal form, with all that says how it stands and without what only
//! says when: times of conditions, generations, resource versions. Every write counts, not only the
//! last one: what moved and came back has moved.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value, json};

use crate::{
    controller::fence,
    timeline::{History, Kind, Point, marker::MARKER},
};

/// One thing that moved.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The write, by resourceVersion.
    pub rv: u64,
    /// The object; of an event, what it is about.
    pub uid: String,
    /// The kind of the object that was written.
    pub kind: Kind,
    /// The object's name.
    pub name: String,
    /// What moved of it.
    pub part: Part,
    /// What moved, in words.
    pub what: String,
}

/// What moved of an object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Part {
    /// All: it was made.
    Made,
    /// All: it was deleted.
    Deleted,
    /// The field at this path.
    Field(String),
}

/// Events that a new controller may well make of a Rollout that it sees for the first time.
const ALLOWED_EVENTS: [&str; 1] = ["RolloutAddedToInformer"];

/// What says nothing about the controller under test: our own objects, and events about what is not Argo's (those of
/// the controller manager may come late).
fn is_passed_over(kind: Kind, raw: &Value) -> bool {
    let about = raw["involvedObject"]["apiVersion"].as_str().unwrap_or_default();
    raw["metadata"]["name"] == MARKER || kind == Kind::Event && !about.starts_with("argoproj.io/")
}

/// It was about to go already.
fn is_going(raw: &Value) -> bool {
    !raw["metadata"]["deletionTimestamp"].is_null()
}

/// What moved between `from` and `to`: each field of an object, and each object, once.
pub fn moved(history: &History, from: Point, to: Point, own_writes: &BTreeSet<u64>) -> Vec<Moved> {
    let before = history.world(from);
    let mut going = BTreeSet::new();
    let mut known: BTreeMap<String, BTreeMap<String, Value>> = BTreeMap::new();
    for object in Kind::ALL.into_iter().flat_map(|kind| before.objects(kind).cloned().collect::<Vec<_>>()) {
        match is_going(&object.raw) {
            true => drop(going.insert(object.uid.clone())),
            false => drop(known.insert(object.uid.clone(), flat(&normal(object.kind, &object.raw)))),
        }
    }
    let mut told = BTreeSet::new();
    let mut moves = Vec::new();
    for entry in &history.entries()[from.0..to.0.min(history.entries().len())] {
        let object = &entry.object;
        if own_writes.contains(&entry.rv) || going.contains(&object.uid) || is_passed_over(object.kind, &object.raw) {
            continue;
        }
        let mut tell = |path: &str, part: Part, what: String| {
            if told.insert((object.uid.clone(), path.to_owned())) {
                let about = object.raw["involvedObject"]["uid"].as_str().filter(|_| object.kind == Kind::Event);
                let uid = about.unwrap_or(&object.uid).to_owned();
                let (kind, name) = (object.kind, object.name.clone());
                moves.push(Moved { rv: entry.rv, uid, kind, name, part, what });
            }
        };
        let name = format!("{} {}", object.kind, object.name);
        match known.get(&object.uid) {
            _ if object.kind == Kind::Event => {
                let text = |field: &str| object.raw[field].as_str().unwrap_or_default().to_owned();
                if !entry.deleted && !ALLOWED_EVENTS.contains(&text("reason").as_str()) {
                    let about = object.raw["involvedObject"]["kind"].as_str().unwrap_or_default();
                    let what = format!("event {} about the {about}: {}", text("reason"), text("message"));
                    tell("", Part::Made, what);
                }
            }
            _ if entry.deleted => tell("deleted", Part::Deleted, format!("{name} is deleted")),
            None => tell("", Part::Made, format!("{name} is made{}", revision(&object.raw))),
            Some(before) => {
                let after = flat(&normal(object.kind, &object.raw));
                let paths: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
                for path in paths.into_iter().filter(|path| before.get(*path) != after.get(*path)) {
                    let (was, is) = (shown(before.get(path)), shown(after.get(path)));
                    tell(path, Part::Field(path.clone()), format!("{name}: {path}: {was} -> {is}"));
                }
            }
        }
    }
    moves
}

fn revision(raw: &Value) -> String {
    let revision = raw["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str();
    revision.map_or_else(String::new, |revision| format!(" (revision {revision})"))
}

fn shown(value: Option<&Value>) -> String {
    value
        .map_or_else(|| "(nothing)".to_owned(), |value| value.as_str().map_or_else(|| value.to_string(), str::to_owned))
}

/// How an object stands.
fn normal(kind: Kind, raw: &Value) -> Value {
    let metadata = |fields: &[&str]| {
        let mut kept = pick(&raw["metadata"], fields);
        if let Some(annotations) = kept.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(fence::ANNOTATION);
            annotations.remove("kubectl.kubernetes.io/last-applied-configuration");
        }
        kept
    };
    let status = &raw["status"];
    match kind {
        Kind::Rollout => {
            let mut status = status.clone();
            if let Some(fields) = status.as_object_mut() {
                fields.remove("observedGeneration");
                fields.remove("workloadObservedGeneration");
                if let Some(conditions) = fields.remove("conditions") {
                    fields.insert("conditions".into(), by_type(&conditions));
                }
            }
            json!({"metadata": metadata(&["labels", "annotations"]), "spec": raw["spec"], "status": status})
        }
        Kind::ReplicaSet => json!({
            "metadata": metadata(&["labels", "annotations", "ownerReferences"]),
            "spec": raw["spec"],
            "status": pick(status, &["replicas", "readyReplicas", "availableReplicas"]),
        }),
        Kind::Pod => {
            let containers = status["containerStatuses"].as_array().into_iter().flatten();
            let containers: Vec<Value> = containers.map(|one| pick(one, &["name", "ready", "restartCount"])).collect();
            json!({
                "metadata": metadata(&["labels", "annotations", "deletionTimestamp"]),
                "status": {"phase": status["phase"], "containers": containers},
            })
        }
        Kind::AnalysisRun | Kind::Experiment | Kind::Job => {
            json!({"metadata": metadata(&["labels", "ownerReferences"]), "spec": raw["spec"], "status": pick(status, &["phase", "message"])})
        }
        _ => json!({"metadata": metadata(&["labels", "annotations"]), "spec": raw["spec"]}),
    }
}

/// Conditions by their type, without times.
fn by_type(conditions: &Value) -> Value {
    let list = conditions.as_array().into_iter().flatten();
    let named = list.map(|one| (shown(one.get("type")), pick(one, &["status", "reason", "message"])));
    Value::Object(named.collect())
}

fn pick(value: &Value, fields: &[&str]) -> Value {
    let picked = fields.iter().filter_map(|field| Some(((*field).to_owned(), value.get(*field)?.clone())));
    Value::Object(picked.collect::<Map<_, _>>())
}

/// Each leaf under its path. What is empty is not there: Go leaves out empty fields, or does not.
pub(super) fn flat(value: &Value) -> BTreeMap<String, Value> {
    fn walk(at: &str, value: &Value, into: &mut BTreeMap<String, Value>) {
        match value {
            Value::Object(fields) => fields.iter().for_each(|(key, value)| {
                let path = if at.is_empty() { key.clone() } else { format!("{at}.{key}") };
                walk(&path, value, into);
            }),
            Value::Array(items) => {
                items.iter().enumerate().for_each(|(index, item)| walk(&format!("{at}[{index}]"), item, into));
            }
            Value::Null => {}
            leaf => drop(into.insert(at.to_owned(), leaf.clone())),
        }
    }
    let mut leaves = BTreeMap::new();
    walk("", value, &mut leaves);
    leaves
}

#[cfg(test)]
#[path = "moved_tests.rs"]
mod tests;
