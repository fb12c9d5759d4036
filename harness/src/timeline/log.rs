//! The log: all observations of all streams, in the order of arrival until a barrier has completed
//! them, in the order of the writes afterwards.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;

use super::{
    history::{Entry, History},
    kind::Kind,
    object::Object,
    stream::Observation,
    world::World,
};

/// All that was seen. See [`History`] for the part that may be judged.
#[derive(Debug, Default)]
pub struct Log {
    history: History,
    /// Seen, but beyond the last barrier.
    waiting: Vec<Entry>,
    reached: BTreeMap<Kind, u64>,
    live: World,
    arrivals: u64,
}

impl Log {
    /// Takes an observation in. `now`: when it arrived.
    pub fn record(&mut self, observation: Observation, now: Timestamp) {
        match observation {
            Observation::Reached { kind, rv } => {
                let reached = self.reached.entry(kind).or_default();
                *reached = rv.max(*reached);
            }
            Observation::Missed(gap) => self.history.add_gap(gap),
            Observation::Seen { kind, object, rv, deleted } => {
                let entry = Entry { rv, arrived: now, object: Arc::new(Object::new(kind, object)), deleted };
                self.live.apply(&entry);
                self.arrivals += 1;
                self.waiting.push(entry);
            }
        }
    }

    /// Completes the log up to the resourceVersion `to`, which every stream must have reached.
    pub fn complete(&mut self, to: u64) {
        let (done, waiting) = std::mem::take(&mut self.waiting).into_iter().partition(|entry| entry.rv <= to);
        self.waiting = waiting;
        self.history.append(done, to);
    }

    /// How far the stream of `kind` has come; None before its first list.
    pub fn reached(&self, kind: Kind) -> Option<u64> {
        self.reached.get(&kind).copied()
    }

    /// The completed part.
    pub fn history(&self) -> &History {
        &self.history
    }

    /// The newest versions in the order of arrival: a mixture of moments, good for a hint and for
    /// a person's eye, never for a verdict.
    pub fn live(&self) -> &World {
        &self.live
    }

    /// How many writes were seen so far; grows by one with each.
    pub fn arrivals(&self) -> u64 {
        self.arrivals
    }
}
