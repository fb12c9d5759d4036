//! Whether a Rollout rests: nothing moves, and nothing is to move before somebody does something.
//!
//! Stronger than the counters at rest ([`at_rest`]): those agree also in the middle of a timed pause,
//! or while an old ReplicaSet waits for the end of its scale-down delay.
//!
//! It reads one state, so it is also true of the moment between a decision of the controller (aborted)
//! and what it does about it: together with the model (`replicas: model`) that moment is no rest.

use super::at_rest;
use crate::{
    rollout::{CanaryStep, PauseLength, ReplicaSet, Rollout, get_rollout_phase},
    scenario::model::Phase,
    timeline::World,
};

/// What still moves, or will by itself; None at rest.
pub fn unrest(rollout: &Rollout, world: &World) -> Option<String> {
    let (phase, message) = get_rollout_phase(rollout);
    let waits = match phase {
        // A client shows Degraded for as long as the condition stands, also after a retry.
        Phase::Degraded => !message.starts_with("RolloutAborted") || rollout.status.abort,
        Phase::Paused => rollout.spec.paused || !has_timer(rollout),
        Phase::Healthy => true,
        Phase::Progressing | Phase::Unknown => false,
    };
    if !waits {
        return Some(format!("{phase} {message}").trim_end().to_owned());
    }
    if rollout.spec.restart_at.is_some() && rollout.spec.restart_at != rollout.status.restarted_at {
        return Some("its pods are being restarted".into());
    }
    pods_move(rollout, world)
}

/// Which pods still come or go, whatever the Rollout waits for; None when all are as they are to be.
pub fn pods_move(rollout: &Rollout, world: &World) -> Option<String> {
    let sets = world.replica_sets(&rollout.metadata.uid);
    sets.filter_map(unrest_of).next().or_else(|| at_rest::explain(rollout, world))
}

/// Whether the pause in which it stands ends by itself.
fn has_timer(rollout: &Rollout) -> bool {
    if let Some(blue_green) = &rollout.spec.blue_green {
        // "If the AutoPromotionEnabled field is set to false, this field would be ignored."
        return blue_green.auto_promotion_enabled && !blue_green.auto_promotion_after.is_zero();
    }
    matches!(rollout.current_step(), Some((_, CanaryStep::Pause(PauseLength::Timed(_)))))
}

fn unrest_of(set: &ReplicaSet) -> Option<String> {
    let (name, asked) = (&set.metadata.name, set.asked());
    if asked != set.current || asked != set.available || set.observed_generation < set.metadata.generation {
        return Some(format!("{name} asks for {asked}, has {}, of which {} available", set.current, set.available));
    }
    let deadline = set.scale_down_deadline().filter(|_| asked > 0)?;
    Some(format!("{name} is scaled down at {deadline}"))
}

#[cfg(test)]
#[path = "rest_tests.rs"]
mod tests;
