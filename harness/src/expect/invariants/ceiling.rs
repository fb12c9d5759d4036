//! Ceiling (basic canary): never more pods asked for than replicas + maxSurge.

use super::{
    Judgement,
    ground::{Ground, SpecsInFlight},
};
use crate::rollout::Rollout;

/// The most that a spec allows; None where the claim isn't made (router, blue-green).
fn most(rollout: &Rollout) -> Option<i64> {
    rollout.spec.canary.as_ref().filter(|canary| canary.traffic_routing.is_none())?;
    Some(rollout.spec.replicas + rollout.max_surge())
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
        let before = step.before.and_then(|object| object.replica_set()).and_then(|set| set.replicas).unwrap_or(0);
        let after = set.replicas.unwrap_or(1);
        if after <= before {
            return;
        }
        // The controller may still act on a spec that was changed a moment ago.
        let Some(most) = specs.of(rollout).map(most).reduce(|a, b| Some(a?.max(b?))).flatten() else { return };
        judgement.judged += 1;
        let sum: i64 = step.world.replica_sets(&rollout.metadata.uid).map(|set| set.replicas.unwrap_or(1)).sum();
        if sum > most {
            let name = &set.metadata.name;
            judgement.violate(
                step.entry.rv,
                format!("{name} was raised from {before} to {after}: the ReplicaSets now ask for {sum} pods, replicas + maxSurge is {most}"),
            );
        }
    });
    judgement
}
