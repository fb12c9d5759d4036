//! No return: the controller does not swing between two statuses with nothing happening in between.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    Judgement,
    ground::{Ground, is_input, timers},
};
use crate::rollout::Rollout;

/// What the controller wrote since the last input, by Rollout.
#[derive(Default)]
struct Since {
    /// Statuses that were replaced, without their times.
    replaced: BTreeSet<String>,
    current: Option<String>,
}

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    let mut since: BTreeMap<String, Since> = BTreeMap::new();
    ground.each(|step| {
        if is_input(&step, ground.own_writes) {
            since.clear();
            return;
        }
        let Some(rollout) = step.entry.object.rollout() else { return };
        // A timer that fell due is an input as well.
        if timers(rollout, step.world).iter().any(|due| *due <= step.entry.arrived)
            || step.before.and_then(|b| b.rollout()).is_some_and(|b| timer_ended(b, rollout))
        {
            since.remove(&rollout.metadata.uid);
        }
        let since = since.entry(rollout.metadata.uid.clone()).or_default();
        let status = without_times(&step.entry.object.raw["status"]).to_string();
        if since.current.as_ref() == Some(&status) {
            return; // only metadata, or times
        }
        judgement.judged += 1;
        if since.replaced.contains(&status) {
            judgement.violate(
                step.entry.rv,
                format!(
                    "{} went back to a status that was already replaced, and nothing had happened in between",
                    rollout.metadata.name
                ),
            );
        }
        if let Some(replaced) = since.current.replace(status) {
            since.replaced.insert(replaced);
        }
    });
    judgement
}

/// Whether the version before was waiting for a timer and this one no longer is.
fn timer_ended(before: &Rollout, after: &Rollout) -> bool {
    let due = crate::timeline::pauses::due(before);
    due.is_some() && due != crate::timeline::pauses::due(after)
}

/// The value without what only says when: times of conditions and pauses.
fn without_times(value: &Value) -> Value {
    match value {
        Value::Object(map) => {
            const TIMES: [&str; 4] = ["lastTransitionTime", "lastUpdateTime", "startTime", "abortedAt"];
            let kept = map.iter().filter(|(key, _)| !TIMES.contains(&key.as_str()));
            Value::Object(kept.map(|(key, value)| (key.clone(), without_times(value))).collect())
        }
        Value::Array(items) => Value::Array(items.iter().map(without_times).collect()),
        other => other.clone(),
    }
}
