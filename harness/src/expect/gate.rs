//! The gate: from which state on an action counts as known.
//!
//! Before it, a state shows the world as it was: a Healthy that was written before the new image
//! was set says nothing about the new image.

use std::ops::ControlFlow;

use crate::timeline::{History, Kind, Point, World};

/// What a state must show to count.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Gate {
    /// Any state from here on: the action changed nothing, or nothing that a controller observes.
    Open,
    /// The Rollout's spec was written: the controller has observed this generation.
    Observed {
        /// The Rollout.
        rollout: String,
        /// resourceVersion that the API server answered with.
        rv: u64,
        /// Generation that it answered with.
        generation: i64,
    },
    /// Something without a generation was written (a status, metadata): the write itself is seen.
    Written {
        /// resourceVersion that the API server answered with.
        rv: u64,
    },
    /// An object was deleted: it is gone.
    Gone {
        /// Its kind.
        kind: Kind,
        /// Its uid.
        uid: String,
    },
}

impl Gate {
    /// The first point at or after `from` at which the gate is passed.
    pub fn find(&self, history: &History, from: Point) -> Option<Point> {
        let from = self.acted(history, from);
        if let Self::Open = self {
            return (from <= history.end()).then_some(from);
        }
        history.walk(from, history.end(), |point, world| {
            if self.passes(world) { ControlFlow::Break(point) } else { ControlFlow::Continue(()) }
        })
    }

    /// The action's own write, at or after `from`: what follows it may know of the action, before the gate shows that it
    /// does.
    pub fn acted(&self, history: &History, from: Point) -> Point {
        match self {
            Self::Open | Self::Gone { .. } => from,
            Self::Written { rv } | Self::Observed { rv, .. } => from.max(history.at_rv(*rv)),
        }
    }

    /// Whether this state passes it. Of the live view it is a hint to look, no more.
    pub fn passes(&self, world: &World) -> bool {
        match self {
            Self::Open | Self::Written { .. } => true,
            Self::Observed { rollout, generation, .. } => world.rollout(rollout).is_some_and(|rollout| {
                // A string since the days when it was a hash of the spec.
                let observed = rollout.status.observed_generation.parse::<i64>();
                observed.is_ok_and(|observed| observed >= *generation)
                    && crate::rollout::phase::is_workload_generation_observed(rollout)
            }),
            Self::Gone { kind, uid } => !world.objects(*kind).any(|object| object.uid == *uid),
        }
    }
}
