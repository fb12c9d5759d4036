//! Phase: the word and the message are a function of spec and status, and of nothing else.

use super::{Judgement, ground::Ground};
use crate::rollout::{Rollout, calculate_rollout_phase, phase::is_unpausing};

pub(super) fn judge(ground: &Ground<'_>) -> Judgement {
    let mut judgement = Judgement::default();
    ground.each_status_write(|entry, before, after, _| {
        // Only a status that is about this very spec; and whoever clears a pause writes no phase.
        let observed = after.status.observed_generation == after.metadata.generation.to_string();
        if !observed || is_unpausing(after) || only_announces(before, after) {
            return;
        }
        judgement.judged += 1;
        let (phase, message) = calculate_rollout_phase(after);
        let status = &after.status;
        if phase.to_string() != status.phase || message != status.message {
            let name = &after.metadata.name;
            let (is, should) = (told(&status.phase, &status.message), told(&phase.to_string(), &message));
            judgement.violate(entry.rv, format!("{name} is called {is}, its status says {should}"));
        }
    });
    judgement
}

/// Whether the write only says that a ReplicaSet was made or found: upstream leaves the phase alone there.
fn only_announces(before: &Rollout, after: &Rollout) -> bool {
    let announced = after.status.condition("Progressing");
    if !announced.is_some_and(|c| matches!(c.reason.as_str(), "NewReplicaSetCreated" | "FoundNewReplicaSet")) {
        return false;
    }
    let mut same = before.status.clone();
    same.conditions.clone_from(&after.status.conditions);
    same == after.status
}

fn told(phase: &str, message: &str) -> String {
    if message.is_empty() { format!("`{phase}`") } else { format!("`{phase}: {message}`") }
}
