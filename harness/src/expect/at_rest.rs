//! Whether the counters in a Rollout's status agree with its ReplicaSets.
//!
//! The controller takes them from an informer, so they lag; and a generation is observed before
//! they are refreshed. Only when they agree is `Healthy` the whole truth.

use crate::{rollout::Rollout, timeline::World};

/// The counters that differ from what the ReplicaSets hold: name, counter, sum. Empty at rest.
///
/// Canary: replicas, ready and available are sums over all ReplicaSets of the Rollout. Blue-green:
/// ready and available count the active ReplicaSet alone. Updated counts the newest one.
/// A Rollout without a pod hash (an invalid spec) has no counters to compare.
pub fn differences(rollout: &Rollout, world: &World) -> Vec<(&'static str, i64, i64)> {
    if rollout.status.current_pod_hash.is_empty() {
        return Vec::new();
    }
    let (mut replicas, mut ready, mut available, mut updated) = (0, 0, 0, 0);
    for set in world.replica_sets(&rollout.metadata.uid) {
        replicas += set.current;
        if rollout.spec.blue_green.is_none() || set.hash() == rollout.status.blue_green.active_selector {
            ready += set.ready;
            available += set.available;
        }
        if set.hash() == rollout.status.current_pod_hash {
            updated += set.current;
        }
    }
    let status = &rollout.status;
    [
        ("replicas", status.replicas, replicas),
        ("updatedReplicas", status.updated_replicas, updated),
        ("readyReplicas", status.ready_replicas, ready),
        ("availableReplicas", status.available_replicas, available),
    ]
    .into_iter()
    .filter(|(_, counter, sum)| counter != sum)
    .collect()
}

/// The differences in words; None at rest.
pub fn explain(rollout: &Rollout, world: &World) -> Option<String> {
    let differences = differences(rollout, world);
    if differences.is_empty() {
        return None;
    }
    let words =
        differences.iter().map(|(name, counter, sum)| format!("{name} says {counter}, the ReplicaSets hold {sum}"));
    Some(words.collect::<Vec<_>>().join("; "))
}
