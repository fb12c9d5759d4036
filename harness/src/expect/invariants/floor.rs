//! Floor (basic canary): what is scaled down leaves enough pods that serve.

use super::{
    Judgement,
    ground::{Ground, SpecsInFlight},
};
use crate::rollout::{ReplicaSet, Rollout};

/// The least that a spec demands; None where the claim isn't made (router, blue-green).
fn least(rollout: &Rollout) -> Option<i64> {
    rollout.spec.canary.as_ref().filter(|canary| canary.traffic_routing.is_none())?;
    Some(rollout.spec.replicas - rollout.max_unavailable())
}

/// What a ReplicaSet will keep: available pods beyond spec.replicas are about to go.
fn keeps(set: &ReplicaSet, replicas: i64) -> i64 {
    replicas.min(set.available)
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut specs = SpecsInFlight::default();
    ground.each(|step| {
        if let Some(rollout) = step.entry.object.rollout() {
            specs.note(rollout);
        }
        let Some(set) = step.entry.object.replica_set().filter(|_| !step.entry.deleted) else { return };
        let Some(rollout) = step.world.rollouts().find(|r| set.metadata.is_owned_by(&r.metadata.uid)) else { return };
        let Some(before) = step.before.and_then(|object| object.replica_set()) else { return };
        let (was, is) = (before.replicas.unwrap_or(1), set.replicas.unwrap_or(1));
        if is >= was {
            return;
        }
        let Some(least) = specs.of(rollout).map(least).reduce(|a, b| Some(a?.min(b?))).flatten() else { return };
        judgement.judged += 1;
        let others: i64 = step
            .world
            .replica_sets(&rollout.metadata.uid)
            .filter(|other| other.metadata.uid != set.metadata.uid)
            .map(|other| keeps(other, other.replicas.unwrap_or(1)))
            .sum();
        let (kept_before, kept) = (others + keeps(before, was), others + keeps(set, is));
        let least = least.min(kept_before);
        if kept < least {
            let name = &set.metadata.name;
            judgement.violate(
                step.entry.rv,
                format!(
                    "{name} was lowered from {was} to {is}: {kept} available pods are kept, at least {least} must be"
                ),
            );
        }
    });
    judgement
}
