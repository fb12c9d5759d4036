//! What invariants are judged on, and the questions that several of them ask.

use std::{collections::BTreeSet, sync::Arc};

use jiff::Timestamp;

use crate::{
    rollout::{Metadata, ReplicaSet, Rollout},
    timeline::{History, Kind, Object, World, history::Entry},
};

/// A history, and what the harness knows about it that the API server does not show.
#[derive(Debug, Clone, Copy)]
pub struct Ground<'a> {
    /// The completed history.
    pub history: &'a History,
    /// resourceVersions of the harness's own writes: the user's part.
    pub own_writes: &'a BTreeSet<u64>,
    /// The stretch after the last expectation in which nothing happened any more, if the run came so far.
    pub quiet: Option<Quiet>,
}

/// The end of a run: inputs have stopped, one fence has passed, then another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quiet {
    /// Before the first fence was set: what came until here has been reconciled when it has passed.
    /// What came later may still be on its way, and excuses a write.
    pub inputs_until: u64,
    /// From this resourceVersion on (the first fence has passed).
    pub from: u64,
    /// Up to this one (the second fence has passed and a barrier was reached).
    pub to: u64,
    /// How many reconciles the controller began in between.
    pub reconciles: usize,
}

/// One write, with the versions around it and the state that it leads to.
pub struct Step<'a> {
    /// The write.
    pub entry: &'a Entry,
    /// The version that it replaced.
    pub before: Option<&'a Arc<Object>>,
    /// The state after it.
    pub world: &'a World,
}

impl Ground<'_> {
    /// Visits each write in order.
    pub fn each(&self, mut visit: impl FnMut(Step<'_>)) {
        let mut world = World::default();
        for entry in self.history.entries() {
            let before = world.apply(entry);
            visit(Step { entry, before: before.as_ref(), world: &world });
        }
    }

    /// Visits each write of a ReplicaSet that a Rollout owns, with that Rollout.
    pub fn each_replica_set(&self, mut visit: impl FnMut(&Entry, Option<&ReplicaSet>, &ReplicaSet, &Rollout, &World)) {
        self.each(|step| {
            let Some(set) = step.entry.object.replica_set().filter(|_| !step.entry.deleted) else { return };
            let Some(rollout) = step.world.rollouts().find(|rollout| set.metadata.is_owned_by(&rollout.metadata.uid))
            else {
                return;
            };
            visit(step.entry, step.before.and_then(|object| object.replica_set()), set, rollout, step.world);
        });
    }

    /// Visits each write of the controller that changes how many pods a ReplicaSet of a Rollout asks for.
    pub fn each_scaling(&self, mut visit: impl FnMut(Scaling<'_>)) {
        let mut specs = SpecsInFlight::default();
        self.each(|step| {
            if let Some(rollout) = step.entry.object.rollout() {
                specs.note(rollout);
            }
            if self.own_writes.contains(&step.entry.rv) {
                return;
            }
            let Some(set) = step.entry.object.replica_set().filter(|_| !step.entry.deleted) else { return };
            let Some(rollout) = step.world.rollouts().find(|rollout| set.metadata.is_owned_by(&rollout.metadata.uid))
            else {
                return;
            };
            let before = step.before.and_then(|object| object.replica_set());
            let was = before.map_or(0, ReplicaSet::asked);
            if was != set.asked() {
                let specs: Vec<_> = specs.of(rollout).collect();
                visit(Scaling { rv: step.entry.rv, set, before, was, rollout, specs: &specs, world: step.world });
            }
        });
    }

    /// Visits each change of a Rollout's status that the controller wrote, with the version before.
    pub fn each_status_write(&self, mut visit: impl FnMut(&Entry, &Rollout, &Rollout, &World)) {
        self.each(|step| {
            if step.entry.deleted || self.own_writes.contains(&step.entry.rv) {
                return;
            }
            let (Some(before), Some(after)) =
                (step.before.and_then(|object| object.rollout()), step.entry.object.rollout())
            else {
                return;
            };
            if before.metadata.generation == after.metadata.generation && before.status != after.status {
                visit(step.entry, before, after, step.world);
            }
        });
    }
}

/// A write that changes how many pods a ReplicaSet asks for.
pub struct Scaling<'a> {
    /// Its resourceVersion.
    pub rv: u64,
    /// The ReplicaSet after it.
    pub set: &'a ReplicaSet,
    /// The ReplicaSet before it; None if it was made just now.
    pub before: Option<&'a ReplicaSet>,
    /// `spec.replicas` before it; 0 if it was made just now.
    pub was: i64,
    /// The Rollout that owns it.
    pub rollout: &'a Rollout,
    /// The Rollout with each spec that the controller may be acting on: one that was changed a moment
    /// ago may not have been observed yet.
    pub specs: &'a [&'a Rollout],
    /// The state after the write.
    pub world: &'a World,
}

/// The specs of a Rollout that the controller may be acting on: from the generation that it has
/// observed to the newest.
#[derive(Debug, Default)]
pub(super) struct SpecsInFlight {
    versions: Vec<Rollout>,
}

impl SpecsInFlight {
    /// Notes a Rollout's version.
    pub(super) fn note(&mut self, rollout: &Rollout) {
        let Metadata { uid, generation, .. } = &rollout.metadata;
        if !self.versions.iter().any(|v| v.metadata.uid == *uid && v.metadata.generation == *generation) {
            self.versions.push(rollout.clone());
        }
        let observed = rollout.status.observed_generation.parse::<i64>().unwrap_or(0);
        self.versions.retain(|v| v.metadata.uid != *uid || v.metadata.generation >= observed);
    }

    /// One Rollout with each of these specs.
    pub(super) fn of(&self, rollout: &Rollout) -> impl Iterator<Item = &Rollout> {
        let uid = rollout.metadata.uid.clone();
        self.versions.iter().filter(move |version| version.metadata.uid == uid)
    }
}

/// Whether a write is an input of the controller: something that it did not do itself to its Rollout,
/// and that can make it decide differently.
pub fn is_input(step: &Step<'_>, own_writes: &BTreeSet<u64>) -> bool {
    let object = &step.entry.object;
    if step.entry.deleted || step.before.is_none() {
        return object.kind != Kind::Event;
    }
    let status_changed = step.before.is_some_and(|before| before.raw["status"] != object.raw["status"]);
    match object.kind {
        Kind::Rollout => {
            own_writes.contains(&step.entry.rv)
                || step
                    .before
                    .is_some_and(|before| before.raw["metadata"]["generation"] != object.raw["metadata"]["generation"])
        }
        Kind::ReplicaSet | Kind::AnalysisRun | Kind::Experiment => status_changed,
        Kind::Service | Kind::Ingress => step.before.is_some_and(|before| before.raw["spec"] != object.raw["spec"]),
        // A workload that a Rollout refers to, configuration, a template: all but the status.
        Kind::Other(_) => step.before.is_some_and(|before| {
            let fields = before.raw.as_object().into_iter().flatten();
            fields.filter(|(key, _)| *key != "metadata" && *key != "status").any(|(key, was)| object.raw[key] != *was)
        }),
        Kind::Pod | Kind::Job | Kind::Event => false,
    }
}

/// The moments by which a Rollout's timers fall due: the ends of its timed pauses and of its
/// ReplicaSets' scale-down delays, and a scheduled restart.
pub fn timers(rollout: &Rollout, world: &World) -> Vec<Timestamp> {
    let mut due = Vec::new();
    if let Some(end) = crate::timeline::pauses::due(rollout) {
        due.push(end);
    }
    due.extend(rollout.spec.restart_at);
    due.extend(world.replica_sets(&rollout.metadata.uid).filter_map(ReplicaSet::scale_down_deadline));
    due
}
