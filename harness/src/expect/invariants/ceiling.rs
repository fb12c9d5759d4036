//! Ceiling (basic canary): never more pods asked for than replicas + maxSurge.

use super::{Judgement, ground::Ground};
use crate::rollout::{ReplicaSet, Rollout};

/// The most that a spec allows; None where the claim isn't made (router, blue-green).
fn most(rollout: &Rollout) -> Option<i64> {
    rollout.spec.canary.as_ref().filter(|canary| canary.traffic_routing.is_none())?;
    Some(rollout.spec.replicas + rollout.max_surge())
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_scaling(|scaling| {
        let (was, is) = (scaling.was, scaling.set.asked());
        let most = scaling.specs.iter().map(|spec| most(spec)).reduce(|a, b| Some(a?.max(b?))).flatten();
        let Some(most) = most.filter(|_| is > was) else { return };
        judgement.judged += 1;
        let sum: i64 = scaling.world.replica_sets(&scaling.rollout.metadata.uid).map(ReplicaSet::asked).sum();
        if sum > most {
            let name = &scaling.set.metadata.name;
            let what = format!(
                "{name} was raised from {was} to {is}: the ReplicaSets now ask for {sum} pods, replicas + maxSurge is {most}"
            );
            judgement.violate(scaling.rv, what);
        }
    });
    judgement
}
