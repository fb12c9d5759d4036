//! Weights: what the router was told is what the steps say.
//!
//! Read from `status.canary.weights` alone, and so only behind a router.

use std::collections::BTreeMap;

use super::{Judgement, ground::Ground};
use crate::{
    rollout::{CanaryStep, ReplicaSet, Rollout, status::Weights},
    timeline::World,
};

/// How many status writes the controller's view of a ReplicaSet may be behind.
const BEHIND: usize = 2;

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    // What was seen of each ReplicaSet: resourceVersion and available pods.
    let mut available: BTreeMap<String, Vec<(u64, i64)>> = BTreeMap::new();
    ground.each(|step| {
        if let Some(set) = step.entry.object.replica_set() {
            available.entry(set.metadata.uid.clone()).or_default().push((step.entry.rv, set.available));
        }
    });
    let mut writes: BTreeMap<String, Vec<u64>> = BTreeMap::new();
    ground.each_status_write(|entry, before, after, world| {
        let writes = writes.entry(after.metadata.uid.clone()).or_default();
        writes.push(entry.rv);
        let routed = after.spec.canary.as_ref().is_some_and(|canary| canary.traffic_routing.is_some());
        let Some(weights) = after.status.canary.weights.as_ref().filter(|_| routed) else { return };
        let observed = after.status.observed_generation == after.metadata.generation.to_string();
        if !observed || before.status.canary.weights.as_ref() == Some(weights) {
            return;
        }
        judgement.judged += 1;
        let name = &after.metadata.name;
        let all = after.max_traffic_weight();
        let sum = total(weights);
        if sum != all {
            judgement.violate(entry.rv, format!("the weights of {name} make up {sum}, not {all}"));
        }
        let since = writes.iter().rev().nth(BEHIND).copied().unwrap_or(0);
        let bare = canary(before, world).is_none_or(|set| was_bare(&available[&set.metadata.uid], since, entry.rv));
        let weight = weights.canary.weight;
        if let Some(right) = right(before, after).filter(|right| !(right.contains(&weight) || (bare && weight == 0))) {
            let right: Vec<_> = right.iter().map(i64::to_string).collect();
            let (right, step) = (right.join(" or "), before.status.current_step_index.unwrap_or(0));
            judgement
                .violate(entry.rv, format!("the canary of {name} has weight {weight} at step {step}, not {right}"));
        }
    });
    judgement
}

fn total(weights: &Weights) -> i64 {
    let additional: i64 = weights.additional.iter().map(|to| to.weight).sum();
    weights.canary.weight + weights.stable.weight + additional
}

/// The new ReplicaSet.
fn canary<'a>(rollout: &Rollout, world: &'a World) -> Option<&'a ReplicaSet> {
    world.replica_sets(&rollout.metadata.uid).find(|set| set.hash() == rollout.status.current_pod_hash)
}

/// Whether a ReplicaSet had no available pod in a state that it had between `since` and `until`.
fn was_bare(seen: &[(u64, i64)], since: u64, until: u64) -> bool {
    let first = seen.iter().rposition(|(rv, _)| *rv <= since).unwrap_or(0);
    seen[0].0 > since || seen[first..].iter().take_while(|(rv, _)| *rv <= until).any(|(_, available)| *available == 0)
}

/// The weights that are right after `before`; None where nothing is claimed.
fn right(before: &Rollout, after: &Rollout) -> Option<Vec<i64>> {
    let canary = after.spec.canary.as_ref()?;
    let aborted = before.status.abort || after.status.abort;
    if before.is_fully_promoted() || aborted {
        // With dynamicStableScale the traffic goes back as the stable pods come.
        return (!canary.dynamic_stable_scale).then(|| vec![0]);
    }
    if before.status.promote_full || after.spec.rollback_window.is_some() {
        return None;
    }
    let steps = after.steps();
    let index = usize::try_from(before.status.current_step_index.unwrap_or(0)).unwrap_or(0);
    let last = |steps: &[CanaryStep]| {
        steps.iter().rev().find_map(|step| if let CanaryStep::SetWeight(weight) = step { Some(*weight) } else { None })
    };
    let done = index >= steps.len() && !steps.is_empty();
    let now = if done { after.max_traffic_weight() } else { last(&steps[..steps.len().min(index + 1)]).unwrap_or(0) };
    // While the canary is not yet at the size of the current step, the weight stays.
    let still = last(&steps[..steps.len().min(index)]).unwrap_or(0);
    Some(if now == still { vec![now] } else { vec![now, still] })
}
