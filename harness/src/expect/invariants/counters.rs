//! Counters: the controller counts what an informer shows it, which may be old; but not what never was.
//!
//! Each number that is written must follow from states that the ReplicaSets had: all of them at one
//! moment that is not later than the write, except those that the controller itself wrote in between,
//! whose newer state came with the answer.

use std::collections::BTreeMap;

use super::{Judgement, ground::Ground};
use crate::{
    expect::at_rest::{Counters, counted},
    rollout::{ReplicaSet, Rollout},
};

/// The counters that are renewed also when only the size was changed.
const SCALED: [&str; 2] = ["availableReplicas", "HPAReplicas"];
/// Those that are sums over ReplicaSets.
const SUMS: [&str; 4] = ["replicas", "readyReplicas", "availableReplicas", "HPAReplicas"];

/// One write of a ReplicaSet.
struct Seen<'a> {
    rv: u64,
    set: &'a ReplicaSet,
    deleted: bool,
    /// Something else than its status was written: the controller did, and got the newest state as answer.
    answered: bool,
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut seen: Vec<Seen<'_>> = Vec::new();
    for entry in ground.history.entries() {
        let Some(set) = entry.object.replica_set() else { continue };
        let before = seen.iter().rev().find(|s| s.set.metadata.uid == set.metadata.uid).map(|s| s.set);
        let answered = before.is_none_or(|before| {
            before.metadata.generation != set.metadata.generation
                || before.metadata.annotations != set.metadata.annotations
                || before.metadata.labels != set.metadata.labels
        });
        seen.push(Seen { rv: entry.rv, set, deleted: entry.deleted, answered });
    }
    // The last status write of each Rollout: what the controller wrote since belongs to the reconcile that ends in this one.
    let mut last: BTreeMap<String, u64> = BTreeMap::new();
    ground.each_status_write(|entry, before, after, _| {
        let since = last.insert(after.metadata.uid.clone(), entry.rv).unwrap_or(0);
        let changed = Counters::written(before).differing(&Counters::written(after));
        if changed.is_empty() {
            return;
        }
        judgement.judged += 1;
        // After a mere change of size the controller renews these two and leaves the others.
        let judged: &[&str] = if changed.iter().all(|name| SCALED.contains(name)) { &SCALED } else { &SUMS };
        let matches = Matches { rollout: after, judged, updated: judged != SCALED, since };
        let own: Vec<_> = seen.iter().filter(|s| s.set.metadata.is_owned_by(&after.metadata.uid)).collect();
        let until = own.partition_point(|s| s.rv <= entry.rv);
        if !(0..=until).rev().any(|cut| matches.at(&own[..cut], &own[cut..until])) {
            let (name, says) = (&after.metadata.name, Counters::written(after));
            let now = counted(after, standing(&own[..until]).into_iter());
            let what = format!("{name} says {says}; the ReplicaSets never held that, and when it was written: {now}");
            judgement.violate(entry.rv, what);
        }
    });
    judgement
}

/// The newest version of each ReplicaSet that is there after these writes.
fn standing<'a>(seen: &[&Seen<'a>]) -> Vec<&'a ReplicaSet> {
    let newest = seen
        .iter()
        .enumerate()
        .filter(|(i, s)| !s.deleted && !seen[i + 1..].iter().any(|later| later.set.metadata.uid == s.set.metadata.uid));
    newest.map(|(_, s)| s.set).collect()
}

/// What is compared.
struct Matches<'a> {
    rollout: &'a Rollout,
    /// These sums,
    judged: &'a [&'static str],
    /// and the pods of the newest ReplicaSet.
    updated: bool,
    /// Answers that came later than this may be known.
    since: u64,
}

impl Matches<'_> {
    /// Whether the counters follow from the state after the writes `shown`, where those of `later` that the controller
    /// made itself may be known already.
    fn at(&self, shown: &[&Seen<'_>], later: &[&Seen<'_>]) -> bool {
        let mut sets: Vec<Vec<&ReplicaSet>> = standing(shown).into_iter().map(|set| vec![set]).collect();
        for answer in later.iter().filter(|s| s.answered && !s.deleted && s.rv > self.since) {
            let known = sets.iter_mut().find(|versions| versions[0].metadata.uid == answer.set.metadata.uid);
            match known {
                Some(versions) => versions.push(answer.set),
                None => sets.push(vec![answer.set]),
            }
        }
        self.updated_fits(&sets) && self.any(&sets, &mut Vec::new())
    }

    /// The newest ReplicaSet is counted by itself, and may be a newer version there than in the sums.
    fn updated_fits(&self, sets: &[Vec<&ReplicaSet>]) -> bool {
        let status = &self.rollout.status;
        let newest = sets.iter().find(|versions| versions[0].hash() == status.current_pod_hash);
        !self.updated
            || newest.map_or(status.updated_replicas == 0, |versions| {
                versions.iter().any(|set| set.current == status.updated_replicas)
            })
    }

    /// Tries each choice of one version of each ReplicaSet.
    fn any<'s>(&self, sets: &[Vec<&'s ReplicaSet>], chosen: &mut Vec<&'s ReplicaSet>) -> bool {
        let Some((versions, rest)) = sets.split_first() else {
            let counted = counted(self.rollout, chosen.iter().copied());
            let differing = Counters::written(self.rollout).differing(&counted);
            return !differing.iter().any(|name| self.judged.contains(name));
        };
        versions.iter().any(|version| {
            chosen.push(version);
            let fits = self.any(rest, chosen);
            chosen.pop();
            fits
        })
    }
}
