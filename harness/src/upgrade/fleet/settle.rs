//! Whether a Rollout stands where it shall.

use crate::{
    expect::rest::pods_move,
    rollout::{Rollout, get_rollout_phase},
    scenario::model::Phase,
    timeline::World,
};

/// Where a Rollout shall come to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Want {
    /// Nothing to do.
    Healthy,
    /// Waiting in an update.
    Paused,
    /// One or the other.
    HealthyOrPaused,
}

/// How it stands.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Seen {
    /// Where it shall.
    pub reached: bool,
    /// It has nothing to do.
    pub healthy: bool,
    /// It cannot get there by waiting.
    pub hopeless: bool,
    /// In words.
    pub words: String,
}

/// How `rollout` stands; `before` is the hash of the pod template that is over.
pub(super) fn state_of(rollout: &Rollout, world: &World, want: Want, before: &str) -> Seen {
    let (phase, message) = get_rollout_phase(rollout);
    let mut words = format!("{phase} {message}").trim_end().to_owned();
    if let Some((step, of)) = rollout.step() {
        words += &format!(", step {step}/{of}");
    }
    let is_new = rollout.status.current_pod_hash != before;
    let moves = pods_move(rollout, world);
    let rests = is_new && moves.is_none();
    let healthy = rests && phase == Phase::Healthy && rollout.is_fully_promoted();
    let paused = rests && phase == Phase::Paused && !rollout.is_fully_promoted();
    let reached = match want {
        Want::Healthy => healthy,
        Want::Paused => paused,
        Want::HealthyOrPaused => healthy || paused,
    };
    if let Some(moves) = moves.filter(|_| !reached) {
        words += &format!("; {moves}");
    }
    if let Some(pod) = waiting_pod(rollout, world).filter(|_| !reached) {
        words += &format!("; {pod}");
    }
    // A Rollout that is healthy again will not pause any more.
    let passed = want == Want::Paused && healthy;
    Seen { reached, healthy, hopeless: message.starts_with("InvalidSpec") || passed, words }
}

/// What a ReplicaSet says that cannot make its pods.
fn waiting_pod(rollout: &Rollout, world: &World) -> Option<String> {
    let sets = world.replica_sets(&rollout.metadata.uid);
    let failures = sets.flat_map(|set| &set.conditions).filter(|c| c.kind == "ReplicaFailure" && c.is_true());
    failures.map(|failure| failure.message.clone()).next()
}
