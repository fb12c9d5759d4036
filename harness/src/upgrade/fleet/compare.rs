//! What an upgrade does to a Rollout, made of what moved in its namespace.

use std::collections::{BTreeMap, BTreeSet};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{
    timeline::{History, Kind},
    upgrade::moved::{Moved, Part, flat},
};

/// What an upgrade would do to a Rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// The new release's custom resources do not admit it: it can't be made anew. (Where it is there already, the API
    /// server tolerates in an update what was wrong before.)
    Rejected,
    /// The new release's custom resources drop fields of its spec.
    FieldsDropped,
    /// It gets a revision that nobody asked for.
    SpuriousRevision,
    /// Pods come or go.
    PodsReplaced,
    /// It was paused in an update, and is no longer.
    PauseLost,
    /// Its own status or metadata changes otherwise.
    Changed,
    /// Something else of it changes: a Service, a ReplicaSet; or an event is told.
    Other,
    /// The new controller does not reconcile it.
    NotReconciled,
}

impl Effect {
    /// The API server names the field that is to blame.
    pub fn is_named(self) -> bool {
        matches!(self, Self::Rejected | Self::FieldsDropped)
    }

    /// In words.
    pub fn words(self) -> &'static str {
        match self {
            Self::Rejected => "rejected by the new CRD",
            Self::FieldsDropped => "fields dropped by the new CRD",
            Self::SpuriousRevision => "spurious revision",
            Self::PodsReplaced => "pods replaced",
            Self::PauseLost => "pause lost",
            Self::Changed => "its status changes",
            Self::Other => "other objects change",
            Self::NotReconciled => "no longer reconciled",
        }
    }
}

/// What moved of one Rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touch {
    /// What it means.
    pub effects: BTreeSet<Effect>,
    /// Each write, in words.
    pub moves: Vec<String>,
}

impl Touch {
    /// One thing.
    pub fn of(effect: Effect, what: String) -> Self {
        Self { effects: BTreeSet::from([effect]), moves: vec![what] }
    }

    /// And another.
    pub fn add(&mut self, other: Self) {
        self.effects.extend(other.effects);
        self.moves.extend(other.moves);
    }
}

/// What one move means.
fn effect(moved: &Moved, was_paused: bool) -> Effect {
    const REVISION: &str = "metadata.annotations.rollout.argoproj.io/revision";
    match (&moved.part, moved.kind) {
        (Part::Made, Kind::ReplicaSet) => Effect::SpuriousRevision,
        (Part::Made | Part::Deleted, Kind::Pod) => Effect::PodsReplaced,
        (Part::Field(path), Kind::Pod) if path == "metadata.deletionTimestamp" => Effect::PodsReplaced,
        (Part::Field(path), Kind::Rollout) => {
            let of_pause =
                ["status.phase", "status.pauseConditions", "status.currentStepIndex", "status.controllerPause"];
            match path {
                path if path == REVISION => Effect::SpuriousRevision,
                path if was_paused && of_pause.iter().any(|field| path.starts_with(field)) => Effect::PauseLost,
                _ => Effect::Changed,
            }
        }
        _ => Effect::Other,
    }
}

/// Whose each moved object is: the Rollout at the end of its owners. Those of nobody come back as they are.
pub(super) fn by_rollout(
    history: &History,
    moves: Vec<Moved>,
    was_paused: &dyn Fn(&str) -> bool,
) -> (BTreeMap<String, Touch>, Vec<Moved>) {
    let mut rollouts: BTreeMap<&str, &str> = BTreeMap::new();
    let mut owners: BTreeMap<&str, &str> = BTreeMap::new();
    for entry in history.entries() {
        let object = &entry.object;
        if object.kind == Kind::Rollout {
            rollouts.insert(&object.uid, &object.name);
        }
        let references = object.raw["metadata"]["ownerReferences"].as_array().into_iter().flatten();
        let owner = references.filter(|owner| owner["controller"] == true).find_map(|owner| owner["uid"].as_str());
        if let Some(owner) = owner {
            owners.insert(&object.uid, owner);
        }
    }
    let whose = |uid: &str| {
        let mut at = uid;
        // A Rollout, its Experiment, that one's AnalysisRun, its Job, a pod of that.
        for _ in 0..8 {
            if let Some(name) = rollouts.get(at) {
                return Some((*name).to_owned());
            }
            at = owners.get(at)?;
        }
        None
    };
    let (mut touched, mut of_nobody) = (BTreeMap::<String, Touch>::new(), Vec::new());
    for moved in moves {
        match whose(&moved.uid) {
            Some(name) => {
                let touch = Touch::of(effect(&moved, was_paused(&name)), moved.what);
                touched.entry(name).or_default().add(touch);
            }
            None => of_nobody.push(moved),
        }
    }
    (touched, of_nobody)
}

/// What custom resources do to a spec: under the old release it was kept as `before`, under the new one as `after`.
pub(super) fn dropped(before: &Value, after: &Value) -> Option<Touch> {
    let after = flat(&after["spec"]);
    let mut touch = Touch::default();
    for (path, value) in flat(&before["spec"]) {
        if after.get(&path) != Some(&value) {
            let now = after.get(&path).map_or("dropped".to_owned(), |now| format!("read as {now}"));
            touch.add(Touch::of(Effect::FieldsDropped, format!("spec.{path}: {value} is {now}")));
        }
    }
    (!touch.moves.is_empty()).then_some(touch)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use serde_json::json;

    use super::*;
    use crate::{
        timeline::{Point, recording},
        upgrade::moved,
    };

    #[test]
    fn every_move_of_the_guide_is_the_rollouts() {
        let lines = recording::read(&include_bytes!("../../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
        let log = recording::replay(&lines);
        let history = log.history();
        let update =
            |raw: &Value| raw["spec"]["template"]["spec"]["containers"][0]["image"] == "argoproj/rollouts-demo:yellow";
        let update = history.entries().iter().position(|e| e.kind() == Kind::Rollout && update(&e.object.raw)).unwrap();
        let moves = moved(history, Point(update), history.end(), &BTreeSet::new());
        let (touched, of_nobody) = by_rollout(history, moves, &|_| true);
        let words: Vec<_> = touched["rollouts-demo"].effects.iter().map(|effect| effect.words()).collect();
        insta::assert_snapshot!(words.join(", "), @"spurious revision, pods replaced, pause lost, its status changes, other objects change");
        assert!(of_nobody.iter().all(|moved| moved.kind == Kind::Service), "{of_nobody:?}");
    }

    #[test]
    fn what_a_definition_drops() {
        let before = json!({"spec": {"a": {"b": 1, "c": null}, "d": [1]}});
        assert_eq!(dropped(&before, &before), None);
        let touch = dropped(&before, &json!({"spec": {"a": {}, "d": [2]}})).unwrap();
        assert_eq!(touch.moves, ["spec.a.b: 1 is dropped", "spec.d[0]: 1 is read as 2"]);
    }
}
