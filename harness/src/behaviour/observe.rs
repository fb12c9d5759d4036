//! The normal form of a run.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    ops::ControlFlow,
};

use serde_json::Value;

use super::names::Names;
use crate::{
    controller::fence,
    expect::event,
    report::v1::{self, Happened, Observed, State},
    rollout::info::{ReplicaSetInfo, RolloutInfo},
    timeline::{History, Kind, Point, World, history::Entry, marker::MARKER},
};

/// Enters into the reports of the steps what each of them showed. `starts`: from which resourceVersion on a step's
/// doings are seen, for each step that was begun; its last one is open.
pub fn observe(history: &History, starts: &[u64], own_writes: &BTreeSet<u64>, steps: &mut [v1::Step]) {
    let mut observed = vec![Observed::default(); starts.len()];
    let mut writes = Writes { own: own_writes, known: HashMap::new() };
    let names = Names::of(history);
    let mut last: BTreeMap<String, State> = BTreeMap::new();
    let mut of_step = None;
    history.walk(Point(1), history.end(), |point, world| {
        let Some(entry) = history.entry(point) else { return ControlFlow::Continue::<()>(()) };
        let counts = writes.are_the_controllers(entry);
        let Some(step) = step_at(starts, entry.rv) else { return ControlFlow::Continue(()) };
        if of_step.replace(step) != Some(step) {
            last.clear();
        }
        let observed = &mut observed[step];
        if counts {
            *observed.writes.entry(entry.kind().name().to_owned()).or_default() += 1;
        }
        if matches!(entry.kind(), Kind::Rollout | Kind::ReplicaSet) {
            for state in states(entry, world, &names) {
                if last.get(&state.rollout) != Some(&state) {
                    last.insert(state.rollout.clone(), state.clone());
                    observed.states.push(state);
                }
            }
        }
        ControlFlow::Continue(())
    });
    events(history, starts, &names, &mut observed);
    for (step, observed) in steps.iter_mut().zip(observed) {
        step.observed = Some(observed);
    }
}

/// The step that a write belongs to: the last one that had started. What was given before the first is nobody's.
fn step_at(starts: &[u64], rv: u64) -> Option<usize> {
    starts.partition_point(|start| *start <= rv).checked_sub(1)
}

/// The states of the Rollouts after this write.
fn states(entry: &Entry, world: &World, names: &Names) -> Vec<State> {
    let is_ours = |name: &String| name != MARKER;
    if entry.kind() == Kind::Rollout && entry.deleted && is_ours(&entry.object.name) {
        let (rollout, phase) = (entry.object.name.clone(), "gone".to_owned());
        return vec![State {
            rollout,
            phase,
            message: String::new(),
            step: None,
            weight: None,
            replicas: BTreeMap::new(),
        }];
    }
    let rollouts = world.rollouts().filter(|rollout| is_ours(&rollout.metadata.name));
    let info = |rollout| {
        // Pods are made and readied by others.
        let sets = world.objects(Kind::ReplicaSet).filter_map(|object| object.replica_set());
        state(&RolloutInfo::new(rollout, sets, []), names)
    };
    rollouts.map(info).collect()
}

fn state(info: &RolloutInfo, names: &Names) -> State {
    let mut replicas: BTreeMap<String, i64> = BTreeMap::new();
    for set in &info.replica_sets {
        let role = role(set);
        // A ReplicaSet that nobody needs is as good as none.
        if role != OLDER || set.desired > 0 {
            *replicas.entry(role).or_default() += set.desired;
        }
    }
    State {
        rollout: info.name.clone(),
        phase: info.phase.as_str().to_owned(),
        message: names.plain(&info.message),
        step: info.step.map(|(step, of)| format!("{step}/{of}")),
        weight: info.set_weight,
        replicas,
    }
}

const OLDER: &str = "older";

fn role(set: &ReplicaSetInfo) -> String {
    let roles: Vec<_> = set.roles.iter().map(|role| role.as_str()).collect();
    if roles.is_empty() { OLDER.to_owned() } else { roles.join("+") }
}

/// Which writes are the controller's.
struct Writes<'a> {
    own: &'a BTreeSet<u64>,
    /// What the objects were like, by uid.
    known: HashMap<String, Value>,
}

impl Writes<'_> {
    /// Whether this write was made by the controller. Nobody else but us writes Rollouts, AnalysisRuns and Experiments;
    /// of what others write too, only what is not status counts.
    fn are_the_controllers(&mut self, entry: &Entry) -> bool {
        let (kind, raw) = (entry.kind(), &entry.object.raw);
        let whole = match kind {
            Kind::Rollout | Kind::AnalysisRun | Kind::Experiment => true,
            Kind::ReplicaSet | Kind::Service | Kind::Ingress | Kind::Other(_) => false,
            Kind::Pod | Kind::Job | Kind::Event => return false,
        };
        if entry.object.name == MARKER {
            return false;
        }
        let is = essence(raw, whole);
        let was = self.known.insert(entry.object.uid.clone(), is);
        let changed = was.as_ref() != self.known.get(&entry.object.uid);
        // Deletions are asked for by us, or are the garbage collector's.
        let goes = entry.deleted || !raw["metadata"]["deletionTimestamp"].is_null();
        let is_its = kind != Kind::ReplicaSet || is_of_argo(raw);
        changed && !goes && is_its && !self.own.contains(&entry.rv)
    }
}

fn is_of_argo(raw: &Value) -> bool {
    let owners = raw["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|o| o["apiVersion"].as_str().is_some_and(is_argos)))
}

fn is_argos(api_version: &str) -> bool {
    api_version.starts_with("argoproj.io/")
}

/// An object without what the API server adds, and without the marks of our fences.
fn essence(raw: &Value, whole: bool) -> Value {
    let mut essence = raw.clone();
    if let Some(fields) = essence.as_object_mut()
        && !whole
    {
        fields.remove("status");
    }
    if let Some(metadata) = essence["metadata"].as_object_mut() {
        for field in ["resourceVersion", "managedFields", "generation"] {
            metadata.remove(field);
        }
        if let Some(annotations) = metadata.get_mut("annotations").and_then(Value::as_object_mut) {
            annotations.remove(fence::ANNOTATION);
        }
    }
    essence
}

/// Events about objects of Argo Rollouts; others are written by others.
fn events(history: &History, starts: &[u64], names: &Names, observed: &mut [Observed]) {
    // How many one source has written about one object: beyond a number they are dropped.
    let mut written: HashMap<String, u64> = HashMap::new();
    let mut dropped_from = None;
    let text = |event: &Value, field: &str| event[field].as_str().unwrap_or_default().to_owned();
    for seen in event::seen(history, Point::default(), history.end()) {
        let involved = &seen.event["involvedObject"];
        if !is_argos(involved["apiVersion"].as_str().unwrap_or_default()) || involved["name"] == MARKER {
            continue;
        }
        let Some(at) = step_at(starts, history.rv(seen.point)) else { continue };
        let count = written.entry(format!("{} {}", seen.event["source"]["component"], involved["uid"])).or_default();
        *count += 1;
        if *count >= event::BURST {
            dropped_from.get_or_insert(at);
        }
        let message = text(seen.event, "message");
        let happened = Happened {
            about: text(involved, "kind"),
            r#type: text(seen.event, "type"),
            reason: text(seen.event, "reason"),
            message: names.plain(message.strip_prefix(event::COMBINED).unwrap_or(&message)),
        };
        let events = &mut observed[at].events;
        if !events.contains(&happened) {
            events.push(happened);
        }
    }
    let from = dropped_from.unwrap_or(observed.len());
    observed.iter_mut().skip(from).for_each(|observed| observed.events_dropped = true);
}
