//! Floors where all traffic goes to one ReplicaSet: the stable one of a canary behind a router, and
//! the one behind the active Service of a blue-green Rollout.

use super::{
    Judgement,
    ground::{Ground, Scaling},
};
use crate::rollout::{ReplicaSet, Rollout};

pub(super) fn judge_routed(ground: &Ground<'_>) -> Judgement {
    judge(ground, |scaling| {
        let least = scaling
            .specs
            .iter()
            .map(|spec| stable_share(spec, scaling.rollout))
            .reduce(|a, b| Some(a?.min(b?)))
            .flatten()?;
        let status = &scaling.rollout.status;
        let updating = !status.stable_rs.is_empty() && !scaling.rollout.is_fully_promoted();
        updating.then(|| Whole { hash: status.stable_rs.clone(), is: "is stable", least })
    })
}

pub(super) fn judge_blue_green(ground: &Ground<'_>) -> Judgement {
    judge(ground, |scaling| {
        let replicas = |spec: &Rollout| spec.spec.blue_green.is_some().then_some(spec.spec.replicas);
        let least = scaling.specs.iter().map(|spec| replicas(spec)).reduce(|a, b| Some(a?.min(b?))).flatten()?;
        let active = &scaling.rollout.spec.blue_green.as_ref()?.active_service;
        let hash = scaling.world.service(active)?.selected_hash()?.to_owned();
        Some(Whole { hash, is: "is behind the active Service", least })
    })
}

/// The ReplicaSet that must stay whole.
struct Whole {
    hash: String,
    is: &'static str,
    least: i64,
}

/// Judges each write that changes the size of a ReplicaSet of a Rollout of which one must stay whole.
fn judge(ground: &Ground<'_>, whole: impl Fn(&Scaling<'_>) -> Option<Whole>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_scaling(|scaling| {
        let Some(Whole { hash, is, least }) = whole(&scaling) else { return };
        judgement.judged += 1;
        let (from, to) = (scaling.was, scaling.set.asked());
        if scaling.set.hash() == hash && to < from && to < least {
            let ReplicaSet { metadata, .. } = scaling.set;
            let what =
                format!("{} {is} and was lowered from {from} to {to}: at least {least} must stay", metadata.name);
            judgement.violate(scaling.rv, what);
        }
    });
    judgement
}

/// What the stable ReplicaSet of a spec must keep: all, or its share of the traffic as the status has it,
/// rounded up. None without a router.
fn stable_share(rollout: &Rollout, now: &Rollout) -> Option<i64> {
    let canary = rollout.spec.canary.as_ref().filter(|canary| canary.traffic_routing.is_some())?;
    let replicas = rollout.spec.replicas;
    if !canary.dynamic_stable_scale {
        return Some(replicas);
    }
    let weights = now.status.canary.weights.as_ref()?;
    let (weight, all) = (weights.stable.weight, rollout.max_traffic_weight());
    Some((weight * replicas + all - 1) / all)
}
