//! What holds in every scenario. Each invariant is an exact statement with its precondition
//! (`shared/notes/invariants.md` says why the naive forms are false on a correct controller); it is
//! judged over the completed history, mostly on the controller's *writes*.
//!
//! An invariant counts the writes that it judged: one that never had anything to judge proves nothing.

mod at_rest;
mod ceiling;
mod counters;
mod flicker;
mod floor;
mod ground;
mod no_return;
mod pause_length;
mod phase;
mod progress;
mod quiet;
mod selectors;
mod stable;
mod weights;
mod whole;

pub use ground::{Ground, Quiet};

/// An invariant: its name, what it says, and how it is judged.
#[derive(Clone, Copy)]
pub struct Invariant {
    /// The stable name: a scenario waives it by this.
    pub name: &'static str,
    /// What it says, one sentence.
    pub says: &'static str,
    judge: fn(&Ground<'_>) -> Judgement,
}

impl Invariant {
    /// Judges the history of `ground`.
    pub fn judge(&self, ground: &Ground<'_>) -> Judgement {
        (self.judge)(ground)
    }
}

/// All invariants.
pub const ALL: [Invariant; 16] = [
    Invariant {
        name: "ceiling",
        says: "a write that raises a ReplicaSet leaves the sum of spec.replicas at or below replicas + maxSurge (basic canary)",
        judge: ceiling::judge,
    },
    Invariant {
        name: "floor",
        says: "a write that lowers a ReplicaSet leaves at least replicas - maxUnavailable pods available, or as many as there were (basic canary)",
        judge: floor::judge,
    },
    Invariant {
        name: "floor-routed",
        says: "until the update is promoted, no write lowers the stable ReplicaSet below replicas, or with dynamicStableScale below its share of the traffic (canary behind a router)",
        judge: whole::judge_routed,
    },
    Invariant {
        name: "floor-blue-green",
        says: "no write lowers the ReplicaSet behind the active Service below replicas",
        judge: whole::judge_blue_green,
    },
    Invariant {
        name: "counters",
        says: "the counters that a write puts into the status are the sums over states that the ReplicaSets had by then",
        judge: counters::judge,
    },
    Invariant {
        name: "counters-at-rest",
        says: "at rest the counters in the status are the sums over the ReplicaSets",
        judge: at_rest::judge,
    },
    Invariant {
        name: "revision",
        says: "the revision of a ReplicaSet never decreases, nor does the Rollout's while none of its ReplicaSets is deleted",
        judge: progress::judge_revision,
    },
    Invariant {
        name: "step-index",
        says: "the step index goes back only on abort, or with a new template, strategy or list of steps",
        judge: progress::judge_step_index,
    },
    Invariant {
        name: "stable-hash",
        says: "the stable hash changes only to the current pod hash, and only when the update is complete",
        judge: stable::judge,
    },
    Invariant {
        name: "weights",
        says: "the canary's weight in the status is that of the current step or of the one before, or 0 where the canary has no pod, is promoted or aborted; all weights make up the whole",
        judge: weights::judge,
    },
    Invariant { name: "phase", says: "phase and message are what spec and status say", judge: phase::judge },
    Invariant {
        name: "service-selectors",
        says: "the active and the stable Service select a ReplicaSet that has pods, or just had them",
        judge: selectors::judge,
    },
    Invariant {
        name: "flicker",
        says: "a Rollout that is called Degraded (an invalid spec among them) does not recover with nothing having happened",
        judge: flicker::judge,
    },
    Invariant {
        name: "no-return",
        says: "a status that was replaced does not come back unless something happened in between",
        judge: no_return::judge,
    },
    Invariant {
        name: "quiet",
        says: "when nothing happens any more, the controller writes nothing and reconciles no more than it is asked to",
        judge: quiet::judge,
    },
    Invariant {
        name: "pause-length",
        says: "a timed pause lasts at least its duration by the API server's clock",
        judge: pause_length::judge,
    },
];

/// What an invariant found.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Judgement {
    /// How many writes (or moments) met its precondition.
    pub judged: usize,
    /// Where it does not hold.
    pub violations: Vec<Violation>,
}

/// One place where an invariant does not hold.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Violation {
    /// The write that breaks it, by resourceVersion.
    pub rv: u64,
    /// What was written, and what would have been right.
    pub what: String,
}

impl Judgement {
    fn violate(&mut self, rv: u64, what: String) {
        self.violations.push(Violation { rv, what });
    }
}

#[cfg(test)]
mod story;
#[cfg(test)]
mod story_tests;
#[cfg(test)]
mod tests;
