//! Floor (basic canary): what is scaled down leaves enough pods that serve.

use super::{Judgement, ground::Ground};
use crate::rollout::{ReplicaSet, Rollout};

/// The least that a spec demands; None where the claim isn't made (router, blue-green).
fn least(rollout: &Rollout) -> Option<i64> {
    rollout.spec.canary.as_ref().filter(|canary| canary.traffic_routing.is_none())?;
    Some(rollout.spec.replicas - rollout.max_unavailable())
}

/// What a ReplicaSet will keep: available pods beyond spec.replicas are about to go.
fn keeps(set: &ReplicaSet) -> i64 {
    set.asked().min(set.available)
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_scaling(|scaling| {
        let (was, is) = (scaling.was, scaling.set.asked());
        let least = scaling.specs.iter().map(|spec| least(spec)).reduce(|a, b| Some(a?.min(b?))).flatten();
        let (Some(least), Some(before)) = (least.filter(|_| is < was), scaling.before) else { return };
        judgement.judged += 1;
        let all = scaling.world.replica_sets(&scaling.rollout.metadata.uid);
        let others: i64 = all.filter(|set| set.metadata.uid != scaling.set.metadata.uid).map(keeps).sum();
        let (kept_before, kept) = (others + keeps(before), others + keeps(scaling.set));
        // What was missing before is not this write's fault.
        let least = least.min(kept_before);
        if kept < least {
            let name = &scaling.set.metadata.name;
            let what = format!(
                "{name} was lowered from {was} to {is}: {kept} available pods are kept, at least {least} must be"
            );
            judgement.violate(scaling.rv, what);
        }
    });
    judgement
}
