//! What there is, and whether the model admits it.

use std::fmt;

use super::{
    resting::{Pods, Resting},
    situation::Situation,
    strategy::Strategy,
};
use crate::{
    rollout::{ReplicaSet, Rollout},
    timeline::World,
};

/// The pods of a Rollout by version: what its ReplicaSets ask for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Of the stable and of the new version.
    pub pods: Pods,
    /// Of all other versions, but for those within a scale-down delay.
    pub older: i64,
    /// Of those within a scale-down delay, which keep their pods until it is over.
    pub leaving: i64,
    /// ReplicaSets that do not have what they ask for: name, asked, available.
    pub incomplete: Vec<(String, i64, i64)>,
}

/// The model's word on one state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judgement {
    /// What is right.
    pub resting: Resting,
    /// What is.
    pub seen: Seen,
}

impl Judgement {
    /// Whether what is there is right, and is all there.
    pub fn holds(&self) -> bool {
        self.resting.admits(self.seen.pods, self.seen.older) && self.seen.incomplete.is_empty()
    }
}

/// Asks the model about `rollout` as it stands. None where it has no strategy, for then nothing is promised.
pub fn judge(rollout: &Rollout, world: &World) -> Option<Judgement> {
    let strategy = Strategy::of(&rollout.spec)?;
    let situation = Situation::of(rollout);
    let sets: Vec<_> = world.replica_sets(&rollout.metadata.uid).collect();
    let seen = Seen::of(rollout, &strategy, situation, &sets);
    Some(Judgement { resting: super::resting(&strategy, rollout.spec.replicas, situation), seen })
}

impl Seen {
    fn of(rollout: &Rollout, strategy: &Strategy, situation: Situation, sets: &[&ReplicaSet]) -> Self {
        let status = &rollout.status;
        let mut seen = Self { pods: Pods { stable: 0, canary: 0 }, older: 0, leaving: 0, incomplete: Vec::new() };
        for set in sets {
            let asked = set.asked();
            if asked != set.current || asked != set.available {
                seen.incomplete.push((set.metadata.name.clone(), asked, set.available));
            }
            // "This value is ignored with basic, replica-weighted canary without traffic routing."
            let leaves = set.scale_down_deadline().is_some() && !matches!(strategy, Strategy::Basic(_));
            // Before the first write the only version is the stable one.
            let is_new = set.hash() == status.current_pod_hash;
            if set.hash() == status.stable_rs || (status.stable_rs.is_empty() && is_new) {
                seen.pods.stable += asked;
            } else if is_new && !(leaves && situation == Situation::Aborted) {
                seen.pods.canary += asked;
            } else if leaves {
                seen.leaving += asked;
            } else {
                seen.older += asked;
            }
        }
        seen
    }
}

impl fmt::Display for Seen {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, others {}", self.pods, self.older)?;
        if self.leaving > 0 {
            write!(f, ", {} within a scale-down delay", self.leaving)?;
        }
        for (name, asked, available) in &self.incomplete {
            write!(f, "; {name} asks for {asked} and has {available} available")?;
        }
        Ok(())
    }
}
