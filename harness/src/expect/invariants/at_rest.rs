//! Counters at rest: once nothing moves, the status tells the truth.

use super::{
    Judgement,
    ground::{Ground, is_input},
};
use crate::expect::at_rest;

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let Some(quiet) = ground.quiet else { return judgement };
    let mut moved = false;
    ground.each(|step| {
        let between = quiet.from < step.entry.rv && step.entry.rv <= quiet.to;
        moved |= between && is_input(&step, ground.own_writes);
    });
    if moved {
        return judgement; // a pod came or went just now: this is no rest
    }
    let world = ground.history.world(crate::timeline::Point(ground.history.at_rv(quiet.to + 1).0 - 1));
    for rollout in world.rollouts() {
        // While the spec is invalid the controller refreshes nothing.
        if rollout.status.condition("InvalidSpec").is_some() {
            continue;
        }
        judgement.judged += 1;
        if let Some(unrest) = at_rest::explain(rollout, &world) {
            judgement.violate(quiet.to, format!("{} rests, but {unrest}", rollout.metadata.name));
        }
    }
    judgement
}
