//! Stable hash: what is called stable has been proven to be so.

use std::collections::{BTreeMap, BTreeSet};

use super::{Judgement, ground::Ground};
use crate::rollout::{ReplicaSet, Rollout};

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    // uid of a ReplicaSet -> the most pods that it ever had available: the controller may have
    // decided on any version of it before its write.
    let mut most_available: BTreeMap<String, i64> = BTreeMap::new();
    // uids of ReplicaSets that were ever kept for a scale-down delay: to go back to one is fast.
    let mut delayed: BTreeSet<String> = BTreeSet::new();
    ground.each(|step| {
        if let Some(set) = step.entry.object.replica_set() {
            if set.scale_down_deadline().is_some() {
                delayed.insert(set.metadata.uid.clone());
            }
            let most = most_available.entry(set.metadata.uid.clone()).or_default();
            *most = set.available.max(*most);
        }
        if step.entry.deleted {
            return;
        }
        let (Some(before), Some(after)) =
            (step.before.and_then(|object| object.rollout()), step.entry.object.rollout())
        else {
            return;
        };
        let (was, is) = (&before.status.stable_rs, &after.status.stable_rs);
        if was == is {
            return;
        }
        judgement.judged += 1;
        let name = &after.metadata.name;
        if *is != after.status.current_pod_hash {
            let current = &after.status.current_pod_hash;
            judgement.violate(
                step.entry.rv,
                format!("the stable hash of {name} became {is}, but the current pod hash is {current}"),
            );
            return;
        }
        let stable_is_gone = !step.world.replica_sets(&after.metadata.uid).any(|set| set.hash() == was);
        if was.is_empty() || stable_is_gone {
            return; // initial deploy: stable at once, before any pod is ready
        }
        let new = step.world.replica_sets(&after.metadata.uid).find(|set| set.hash() == is);
        if let Some(why) = incomplete(before, after, new, &Known { most_available: &most_available, delayed: &delayed })
        {
            judgement.violate(step.entry.rv, format!("{name} called {is} stable, but {why}"));
        }
    });
    judgement
}

/// What was seen of the ReplicaSets, by uid.
struct Known<'a> {
    most_available: &'a BTreeMap<String, i64>,
    delayed: &'a BTreeSet<String>,
}

/// Why the update that ends with `after` is not complete; None if it is, or if it may end early.
fn incomplete(before: &Rollout, after: &Rollout, new: Option<&ReplicaSet>, known: &Known<'_>) -> Option<String> {
    // A full promotion and a rollback within the window skip everything.
    if before.status.promote_full || after.status.promote_full || after.spec.rollback_window.is_some() {
        return None;
    }
    let Some(new) = new else { return Some("there is no such ReplicaSet".into()) };
    if let Some(blue_green) = &after.spec.blue_green {
        let active = &after.status.blue_green.active_selector;
        if active != new.hash() {
            return Some(format!("the active Service selects {active}"));
        }
        if !blue_green.post_promotion_analysis || known.delayed.contains(&new.metadata.uid) {
            return None;
        }
        let run = after.status.blue_green.post_promotion_analysis.as_ref();
        let run = run.or(before.status.blue_green.post_promotion_analysis.as_ref());
        let verdict = run.map_or("has not begun", |run| &run.status);
        return (verdict != "Successful").then(|| format!("the post-promotion analysis: {verdict}"));
    }
    let available = known.most_available.get(&new.metadata.uid).copied().unwrap_or(0);
    if available < after.spec.replicas
        && !after.spec.canary.as_ref().is_some_and(|canary| canary.replica_progress_threshold)
    {
        return Some(format!("it never had more than {available} of {} pods available", after.spec.replicas));
    }
    let steps = after.steps().len();
    let done = before.status.current_step_index.max(after.status.current_step_index).unwrap_or(0);
    (usize::try_from(done).unwrap_or(0) < steps).then(|| format!("only {done} of {steps} steps are done"))
}
