//! Flicker: what is called broken was broken.
//!
//! A Rollout that is applied before its Service is rightly called invalid until the Service is there; the
//! Service is what happened in between. What happened shortly before the word was written counts as well,
//! for the controller may not have seen it yet.

use std::collections::BTreeMap;

use super::{
    Judgement,
    ground::{Ground, is_input},
};
use crate::rollout::Rollout;

/// Where a Rollout stands.
#[derive(Default)]
struct Stands {
    /// resourceVersion of its last status write.
    last: u64,
    /// The status write before the one that called it Degraded, and the message, while it is so called.
    degraded: Option<(u64, String)>,
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut rollouts: BTreeMap<String, Stands> = BTreeMap::new();
    let mut last_input = 0;
    ground.each(|step| {
        let rv = step.entry.rv;
        if is_input(&step, ground.own_writes) {
            last_input = rv;
        }
        let (Some(before), Some(after)) =
            (step.before.and_then(|object| object.rollout()), step.entry.object.rollout())
        else {
            return;
        };
        if before.status == after.status {
            return;
        }
        let stands = rollouts.entry(after.metadata.uid.clone()).or_default();
        let since = std::mem::replace(&mut stands.last, rv);
        match (&stands.degraded, is_degraded(after)) {
            (None, true) => stands.degraded = Some((since, after.status.message.clone())),
            (Some((since, message)), false) => {
                judgement.judged += 1;
                if last_input <= *since {
                    let (name, phase) = (&after.metadata.name, &after.status.phase);
                    let what = format!("{name} was Degraded (`{message}`) and is {phase}, though nothing had happened");
                    judgement.violate(rv, what);
                }
                stands.degraded = None;
            }
            _ => {}
        }
    });
    judgement
}

fn is_degraded(rollout: &Rollout) -> bool {
    rollout.status.phase == "Degraded"
}
