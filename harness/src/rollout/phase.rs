//! A Rollout's phase and the message beside it, exactly as upstream computes them
//! (`utils/rollout/rolloututil.go`, the same code from v1.4 to v1.10).
//!
//! [`calculate_rollout_phase`] is the controller's side: it writes the result to `status.phase`.
//! [`get_rollout_phase`] is the client's side: it trusts that field only once the controller has
//! seen the spec, and the resumption.

use super::resource::Rollout;
use crate::scenario::model::Phase;

/// The phase and message that a client shows.
///
/// One thing is meant differently here than it works in the plugin: a changed `workloadRef` counts
/// as not yet observed. Upstream asks that too, but only of a Rollout whose template its controller
/// resolved in memory, which a client never holds.
pub fn get_rollout_phase(rollout: &Rollout) -> (Phase, String) {
    let progressing = |message: &str| (Phase::Progressing, message.to_owned());
    if !is_generation_observed(rollout) {
        return progressing("waiting for rollout spec update to be observed");
    }
    if is_unpausing(rollout) {
        return progressing("waiting for rollout to unpause");
    }
    if rollout.spec.workload_ref.is_some() && !is_workload_generation_observed(rollout) {
        return progressing("waiting for rollout spec update to be observed for the reference workload");
    }
    match rollout.status.phase.as_str() {
        "" => calculate_rollout_phase(rollout),
        written => (phase_of(written), rollout.status.message.clone()),
    }
}

/// Whether the controller has seen the newest spec. `status.observedGeneration` is a string; one that
/// is no number (before the first write, or from releases up to v0.9) hides nothing.
pub fn is_generation_observed(rollout: &Rollout) -> bool {
    rollout.status.observed_generation.parse().map_or(true, |observed: i64| observed >= rollout.metadata.generation)
}

/// Whether somebody cleared the pause and the controller has not yet seen it. Both fields are in the
/// status, so no generation tells.
pub fn is_unpausing(rollout: &Rollout) -> bool {
    rollout.status.controller_pause && rollout.status.pause_conditions.is_empty()
}

/// Whether the controller has seen the newest spec of the workload that `workloadRef` names.
pub fn is_workload_generation_observed(rollout: &Rollout) -> bool {
    let annotation = rollout.metadata.annotations.get("rollout.argoproj.io/workload-generation");
    let newest = annotation.and_then(|text| text.parse::<i32>().ok());
    let observed = rollout.status.workload_observed_generation.parse::<i32>().ok();
    match (newest, observed) {
        (Some(newest), Some(observed)) => newest == observed,
        _ => true,
    }
}

/// The phase and message that the controller writes, from spec and status; the first rule that
/// applies decides.
pub fn calculate_rollout_phase(rollout: &Rollout) -> (Phase, String) {
    let (spec, status) = (&rollout.spec, &rollout.status);
    let progressing = |message: &str| (Phase::Progressing, message.to_owned());

    for condition in &status.conditions {
        if condition.kind == "InvalidSpec" {
            return (Phase::Degraded, format!("InvalidSpec: {}", condition.message));
        }
        if matches!(condition.reason.as_str(), "RolloutAborted" | "ProgressDeadlineExceeded") {
            return (Phase::Degraded, format!("{}: {}", condition.reason, condition.message));
        }
    }
    if spec.paused {
        return (Phase::Paused, "manually paused".to_owned());
    }
    if let Some(pause) = status.pause_conditions.first() {
        return (Phase::Paused, pause.reason.clone());
    }
    if spec.restart_at.is_some() && spec.restart_at != status.restarted_at {
        return progressing("rollout is restarting");
    }
    if status.updated_replicas < spec.replicas {
        return progressing("more replicas need to be updated");
    }
    if status.available_replicas < status.updated_replicas {
        return progressing("updated replicas are still becoming available");
    }
    let not_yet_stable = status.stable_rs.is_empty() || !rollout.is_fully_promoted();
    if let Some(blue_green) = &spec.blue_green {
        let active = &status.blue_green.active_selector;
        if active.is_empty() || *active != status.current_pod_hash {
            return progressing("active service cutover pending");
        }
        if not_yet_stable {
            let analysis = status.blue_green.post_promotion_analysis.as_ref();
            if blue_green.post_promotion_analysis && !analysis.is_some_and(|run| run.is_completed()) {
                return progressing("waiting for analysis to complete");
            }
            return progressing("waiting for post-promotion verification to complete");
        }
    } else if let Some(canary) = &spec.canary {
        // With a router, the old pods stay on purpose for the scale-down delay.
        if canary.traffic_routing.is_none() && status.replicas > status.updated_replicas {
            return progressing("old replicas are pending termination");
        }
        if not_yet_stable {
            return progressing("waiting for all steps to complete");
        }
    }
    (Phase::Healthy, String::new())
}

/// The word of `status.phase` as a phase.
fn phase_of(word: &str) -> Phase {
    match word {
        "Healthy" => Phase::Healthy,
        "Degraded" => Phase::Degraded,
        "Progressing" => Phase::Progressing,
        "Paused" => Phase::Paused,
        _ => Phase::Unknown,
    }
}

#[cfg(test)]
#[path = "phase_tests.rs"]
mod tests;
