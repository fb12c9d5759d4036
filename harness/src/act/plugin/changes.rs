//! Which of the writes that were seen were the plugin's own. It tells no resourceVersion, and the controller writes
//! meanwhile; but every write was seen, and what the plugin sends is known. So its write is the one that makes out of
//! the version before it what that very patch makes of it, and nothing else. Whether the controller writes over it at
//! once does not matter.
//!
//! A controller's write may look the same (it goes to the next step by itself): then `metadata.managedFields` tells
//! whose value it is. And what was so already is not written at all.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    super::{image::with_image, json, promote::patches, simple, undo},
    Asked,
    program::NAME,
};
use crate::scenario::model::SetImage;

/// What the plugin must write.
#[derive(Debug)]
pub struct Changes<'a> {
    /// What it was asked for.
    pub asked: Asked<'a>,
    /// When it was started, and when it had ended, by the clock of this machine.
    pub during: (Timestamp, Timestamp),
    /// For an undo: the Rollout's ReplicaSets, as they were at each moment at which it may have read them.
    pub replica_sets: Vec<Vec<Value>>,
}

/// The plugin's own writes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// Which of the versions they made, in their order; none where all was so already.
    pub writes: Vec<usize>,
}

/// One write.
#[derive(Debug, Clone)]
enum Change {
    /// A merge patch.
    Merge(Value),
    /// The object with another image.
    Image(SetImage),
    /// `spec.restartAt`, between these seconds.
    RestartAt(Timestamp, Timestamp),
    /// The template of this ReplicaSet.
    Template(Value),
}

impl Changes<'_> {
    /// Finds its writes among the versions of the object that it writes to, oldest first; the first one is as it was
    /// when the plugin was started. None: something that it must have written was not written.
    pub fn find(&self, versions: &[&Value]) -> Option<Found> {
        let mut best: Option<Found> = None;
        for read in 0..versions.len() {
            for changes in self.of(versions[read]) {
                let Some(writes) = follow(&changes, versions, read) else { continue };
                // What it wrote is better proof than what was so already.
                if best.as_ref().is_none_or(|best| best.writes.len() < writes.len()) {
                    best = Some(Found { writes });
                }
            }
        }
        best
    }

    /// What it writes when this version is the one that it reads; several possibilities, each a sequence of writes.
    fn of(&self, read: &Value) -> Vec<Vec<Change>> {
        let merge = |patch: Value| vec![vec![Change::Merge(patch)]];
        match self.asked {
            Asked::SetImage(set) => vec![vec![Change::Image(set.clone())]],
            Asked::Promote(promote) => match patches(read, promote) {
                Ok(patches) => vec![patches.status.into_iter().chain(patches.spec).map(Change::Merge).collect()],
                Err(_) => Vec::new(),
            },
            Asked::Abort => merge(simple::abort()),
            Asked::Retry => merge(simple::retry()),
            Asked::Pause => merge(simple::pause()),
            Asked::Restart(restart) => {
                let (from, to) = simple::restart_within(self.during, restart);
                vec![vec![Change::RestartAt(from, to)]]
            }
            Asked::Undo(asked) => {
                let to = asked.to_revision.unwrap_or(0);
                let targets = self.replica_sets.iter().filter_map(|sets| undo::target(read, sets, to).ok());
                targets.map(|target| vec![Change::Template(target)]).collect()
            }
        }
    }
}

/// The versions that these changes made, one after the other, from the version `read` on.
fn follow(changes: &[Change], versions: &[&Value], read: usize) -> Option<Vec<usize>> {
    let (mut at, mut writes) = (read, Vec::new());
    for change in changes {
        match (at + 1..versions.len()).find(|index| change.made(versions[index - 1], versions[*index])) {
            Some(index) => {
                writes.push(index);
                at = index;
            }
            None => at = (at..versions.len()).find(|index| change.stands(versions[*index]))?,
        }
    }
    Some(writes)
}

impl Change {
    /// Whether this change, and nothing else, made `after` out of `before`.
    fn made(&self, before: &Value, after: &Value) -> bool {
        if same(before, after) {
            return false;
        }
        match self {
            Self::Merge(patch) => same(&merged(before, patch), after) && is_its_own(before, after, patch),
            Self::Image(set) => with_image(before, set).is_ok_and(|wanted| same(&wanted, after)),
            Self::RestartAt(from, to) => {
                let patch = serde_json::json!({"spec": {"restartAt": json::text(after, "/spec/restartAt")}});
                restarts(after, *from, *to) && same(&merged(before, &patch), after)
            }
            Self::Template(target) => {
                let template = serde_json::json!({"spec": {"template": null}});
                undo::already_there(after, target) && same(&merged(before, &template), &merged(after, &template))
            }
        }
    }

    /// Whether this change leaves `object` as it is.
    fn stands(&self, object: &Value) -> bool {
        match self {
            Self::Merge(patch) => same(&merged(object, patch), object),
            Self::Image(set) => with_image(object, set).is_ok_and(|wanted| same(&wanted, object)),
            Self::RestartAt(from, to) => restarts(object, *from, *to),
            Self::Template(target) => undo::already_there(object, target),
        }
    }
}

fn merged(object: &Value, patch: &Value) -> Value {
    let mut object = object.clone();
    json::merge_patch(&mut object, patch);
    object
}

fn restarts(object: &Value, from: Timestamp, to: Timestamp) -> bool {
    let at = json::text(object, "/spec/restartAt").parse::<Timestamp>();
    at.is_ok_and(|at| (from..=to).contains(&at))
}

/// Whether both say the same, but for what the API server keeps its books with.
fn same(a: &Value, b: &Value) -> bool {
    essence(a) == essence(b)
}

fn essence(object: &Value) -> Value {
    let mut object = object.clone();
    if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
        for key in ["resourceVersion", "generation", "managedFields"] {
            metadata.shift_remove(key);
        }
    }
    without_nulls(&mut object);
    object
}

/// What is null is not there: programs that know types write one for the other.
fn without_nulls(value: &mut Value) {
    match value {
        Value::Object(map) => {
            map.retain(|_, value| !value.is_null());
            map.values_mut().for_each(without_nulls);
        }
        Value::Array(items) => items.iter_mut().for_each(without_nulls),
        _ => {}
    }
}

/// Whether each value that the patch changed is the plugin's by `metadata.managedFields`. (What it removed is nobody's.)
fn is_its_own(before: &Value, after: &Value, patch: &Value) -> bool {
    let mut leaves = Vec::new();
    leaves_of(patch, &mut Vec::new(), &mut leaves);
    let entries = json::list(after, "/metadata/managedFields");
    let own = || entries.iter().filter(|entry| entry["manager"] == NAME).map(|entry| &entry["fieldsV1"]);
    leaves.iter().all(|leaf| {
        let value = |object: &Value| leaf.iter().try_fold(object.clone(), |object, key| object.get(key).cloned());
        let owned =
            |fields: &Value| leaf.iter().try_fold(fields, |fields, key| fields.get(format!("f:{key}"))).is_some();
        value(before) == value(after) || own().any(owned)
    })
}

/// The paths of the values in a patch that sets them.
fn leaves_of(patch: &Value, at: &mut Vec<String>, leaves: &mut Vec<Vec<String>>) {
    match patch {
        Value::Object(map) => {
            for (key, value) in map {
                at.push(key.clone());
                leaves_of(value, at, leaves);
                at.pop();
            }
        }
        Value::Null => {}
        _ => leaves.push(at.clone()),
    }
}
