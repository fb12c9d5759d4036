//! The counters in a Rollout's status, and whether they agree with its ReplicaSets.
//!
//! The controller takes them from an informer, so they lag; and a generation is observed before
//! they are refreshed. Only when they agree is `Healthy` the whole truth.

use std::fmt;

use crate::{
    rollout::{ReplicaSet, Rollout},
    timeline::World,
};

/// The counters of a status: name and number of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Counters([(&'static str, i64); 5]);

impl Counters {
    /// As they are written in the status.
    pub fn written(rollout: &Rollout) -> Self {
        let s = &rollout.status;
        Self::new(s.replicas, s.updated_replicas, s.ready_replicas, s.available_replicas, s.hpa_replicas)
    }

    fn new(replicas: i64, updated: i64, ready: i64, available: i64, hpa: i64) -> Self {
        Self([
            ("replicas", replicas),
            ("updatedReplicas", updated),
            ("readyReplicas", ready),
            ("availableReplicas", available),
            ("HPAReplicas", hpa),
        ])
    }

    /// The names of those that are different.
    pub fn differing(&self, other: &Self) -> Vec<&'static str> {
        self.0.iter().zip(&other.0).filter(|(one, two)| one.1 != two.1).map(|(one, _)| one.0).collect()
    }
}

impl fmt::Display for Counters {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words: Vec<_> = self.0.iter().map(|(name, pods)| format!("{name} {pods}")).collect();
        f.write_str(&words.join(", "))
    }
}

/// The counters that follow from ReplicaSets.
///
/// Canary: replicas, ready, available and HPA are sums over all ReplicaSets of the Rollout. Blue-green:
/// ready, available and HPA count the active ReplicaSet alone, if there is one. Updated counts the newest one.
pub fn counted<'a>(rollout: &Rollout, sets: impl Iterator<Item = &'a ReplicaSet>) -> Counters {
    let sets: Vec<_> = sets.collect();
    let status = &rollout.status;
    let sum = |sets: &[&ReplicaSet], of: fn(&ReplicaSet) -> i64| sets.iter().map(|set| of(set)).sum::<i64>();
    let current: fn(&ReplicaSet) -> i64 = |set| set.current;
    let with = |hash: &str| sets.iter().filter(|set| set.hash() == hash).copied().collect::<Vec<_>>();
    let active = rollout.spec.blue_green.as_ref().map(|_| with(&status.blue_green.active_selector));
    let served = active.filter(|active| !active.is_empty()).unwrap_or_else(|| sets.clone());
    Counters::new(
        sum(&sets, current),
        sum(&with(&status.current_pod_hash), current),
        sum(&served, |set| set.ready),
        sum(&served, |set| set.available),
        sum(&served, current),
    )
}

/// The counters that differ from what the ReplicaSets hold: name, counter, sum. Empty at rest.
/// A Rollout without a pod hash (an invalid spec) has no counters to compare.
pub fn differences(rollout: &Rollout, world: &World) -> Vec<(&'static str, i64, i64)> {
    if rollout.status.current_pod_hash.is_empty() {
        return Vec::new();
    }
    let counted = counted(rollout, world.replica_sets(&rollout.metadata.uid));
    let pairs = Counters::written(rollout).0.into_iter().zip(counted.0);
    pairs.filter(|(is, sum)| is.1 != sum.1).map(|(is, sum)| (is.0, is.1, sum.1)).collect()
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
