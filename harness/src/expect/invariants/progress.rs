//! Revisions only grow; the step index goes back only for a reason.

use std::collections::BTreeSet;

use super::{Judgement, ground::Ground};

pub(super) fn judge_revision(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_replica_set(|entry, before, set, _, _| {
        let Some(before) = before else { return };
        if before.revision() == set.revision() {
            return;
        }
        judgement.judged += 1;
        if set.revision() < before.revision() {
            let name = &set.metadata.name;
            judgement.violate(
                entry.rv,
                format!("{name} was revision {} and is now revision {}", before.revision(), set.revision()),
            );
        }
    });
    // uids of Rollouts that lost a ReplicaSet: the numbers go on from the highest that is left.
    let mut bereft: BTreeSet<String> = BTreeSet::new();
    ground.each(|step| {
        if step.entry.deleted {
            let owners = step.entry.object.replica_set().into_iter().flat_map(|set| &set.metadata.owners);
            bereft.extend(owners.map(|owner| owner.uid.clone()));
            return;
        }
        let (Some(before), Some(after)) = (step.before.and_then(|b| b.rollout()), step.entry.object.rollout()) else {
            return;
        };
        if before.revision() == after.revision() || bereft.contains(&after.metadata.uid) {
            return;
        }
        judgement.judged += 1;
        if after.revision() < before.revision() {
            let (name, was, is) = (&after.metadata.name, before.revision(), after.revision());
            judgement.violate(step.entry.rv, format!("{name} was at revision {was} and is now at revision {is}"));
        }
    });
    judgement
}

pub(super) fn judge_step_index(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_status_write(|entry, before, after, _| {
        if before.status.current_step_index == after.status.current_step_index {
            return;
        }
        let (Some(was), Some(is)) = (before.status.current_step_index, after.status.current_step_index) else { return };
        judgement.judged += 1;
        let reason = after.status.abort
            || after.status.aborted_at.is_some()
            || before.status.current_pod_hash != after.status.current_pod_hash
            || before.status.current_step_hash != after.status.current_step_hash;
        if is < was && !reason {
            judgement.violate(
                entry.rv,
                format!(
                    "the step index of {} went back from {was} to {is}: no abort, same template, same steps",
                    after.metadata.name
                ),
            );
        }
    });
    judgement
}
