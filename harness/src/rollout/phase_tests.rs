use rstest::rstest;
use serde_json::{Value, json};

use super::*;

/// A canary with everything as desired, changed by a merge of `changes`.
fn canary(changes: Value) -> Rollout {
    changed(
        json!({
            "metadata": {"generation": 4},
            "spec": {"replicas": 5, "strategy": {"canary": {"steps": [{"setWeight": 20}]}}},
            "status": {
                "observedGeneration": "4", "currentPodHash": "new", "stableRS": "new",
                "replicas": 5, "updatedReplicas": 5, "readyReplicas": 5, "availableReplicas": 5
            }
        }),
        changes,
    )
}

fn blue_green(changes: Value) -> Rollout {
    changed(
        json!({
            "metadata": {"generation": 4},
            "spec": {"replicas": 3, "strategy": {"blueGreen": {"activeService": "active"}}},
            "status": {
                "observedGeneration": "4", "currentPodHash": "new", "stableRS": "new",
                "replicas": 6, "updatedReplicas": 3, "readyReplicas": 3, "availableReplicas": 3,
                "blueGreen": {"activeSelector": "new", "previewSelector": "new"}
            }
        }),
        changes,
    )
}

fn changed(mut object: Value, changes: Value) -> Rollout {
    merge(&mut object, changes);
    Rollout::read(&object)
}

/// JSON merge patch.
fn merge(into: &mut Value, patch: Value) {
    match (into, patch) {
        (Value::Object(into), Value::Object(patch)) => {
            for (key, value) in patch {
                merge(into.entry(key).or_insert(Value::Null), value);
            }
        }
        (into, patch) => *into = patch,
    }
}

fn condition(kind: &str, reason: &str) -> Value {
    json!({"type": kind, "status": "False", "reason": reason, "message": "why"})
}

#[rstest]
#[case::as_desired(json!({}), Phase::Healthy, "")]
#[case::invalid_spec(json!({"status": {"conditions": [condition("InvalidSpec", "Whatever")]}}), Phase::Degraded, "InvalidSpec: why")]
#[case::aborted(json!({"status": {"conditions": [condition("Progressing", "RolloutAborted")]}}), Phase::Degraded, "RolloutAborted: why")]
#[case::deadline(json!({"status": {"conditions": [condition("Progressing", "ProgressDeadlineExceeded")]}}), Phase::Degraded, "ProgressDeadlineExceeded: why")]
#[case::the_first_condition_decides(json!({"status": {"conditions": [condition("Progressing", "RolloutAborted"), condition("InvalidSpec", "")]}}), Phase::Degraded, "RolloutAborted: why")]
#[case::aborted_goes_before_paused(json!({"spec": {"paused": true}, "status": {"conditions": [condition("Progressing", "RolloutAborted")]}}), Phase::Degraded, "RolloutAborted: why")]
#[case::other_conditions_do_not(json!({"status": {"conditions": [condition("Available", "AvailableReason")]}}), Phase::Healthy, "")]
#[case::paused_by_hand(json!({"spec": {"paused": true}, "status": {"pauseConditions": [{"reason": "CanaryPauseStep"}]}}), Phase::Paused, "manually paused")]
#[case::paused_by_a_step(json!({"spec": {"restartAt": "2026-11-23T04:16:40Z"}, "status": {"updatedReplicas": 1, "pauseConditions": [{"reason": "CanaryPauseStep"}, {"reason": "InconclusiveAnalysisRun"}]}}), Phase::Paused, "CanaryPauseStep")]
#[case::restarting(json!({"spec": {"restartAt": "2026-11-23T04:16:40Z"}, "status": {"updatedReplicas": 1}}), Phase::Progressing, "rollout is restarting")]
#[case::restarting_again(json!({"spec": {"restartAt": "2026-11-23T04:16:40Z"}, "status": {"restartedAt": "2026-11-23T04:16:39Z"}}), Phase::Progressing, "rollout is restarting")]
#[case::restarted(json!({"spec": {"restartAt": "2026-11-23T04:16:40Z"}, "status": {"restartedAt": "2026-11-23T05:16:40+01:00"}}), Phase::Healthy, "")]
#[case::too_few_updated(json!({"status": {"updatedReplicas": 4, "availableReplicas": 1}}), Phase::Progressing, "more replicas need to be updated")]
#[case::too_few_updated_of_one(json!({"spec": {"replicas": null}, "status": {"updatedReplicas": null}}), Phase::Progressing, "more replicas need to be updated")]
#[case::too_few_available(json!({"status": {"availableReplicas": 4, "replicas": 6}}), Phase::Progressing, "updated replicas are still becoming available")]
#[case::old_ones_left(json!({"status": {"replicas": 6, "stableRS": "old"}}), Phase::Progressing, "old replicas are pending termination")]
#[case::old_ones_left_behind_a_router(json!({"spec": {"strategy": {"canary": {"trafficRouting": {}}}}, "status": {"replicas": 6}}), Phase::Healthy, "")]
#[case::steps_left(json!({"status": {"stableRS": "old"}}), Phase::Progressing, "waiting for all steps to complete")]
#[case::no_stable_yet(json!({"status": {"stableRS": "", "currentPodHash": ""}}), Phase::Progressing, "waiting for all steps to complete")]
#[case::no_strategy(json!({"spec": {"strategy": null}, "status": {"replicas": 9, "stableRS": ""}}), Phase::Healthy, "")]
#[case::scaled_to_nothing(json!({"spec": {"replicas": 0}, "status": {"replicas": 0, "updatedReplicas": 0, "availableReplicas": 0}}), Phase::Healthy, "")]
fn of_a_canary(#[case] changes: Value, #[case] phase: Phase, #[case] message: &str) {
    assert_eq!(calculate_rollout_phase(&canary(changes)), (phase, message.to_owned()));
}

#[rstest]
#[case::as_desired(json!({}), Phase::Healthy, "")]
#[case::no_active_selector(json!({"status": {"blueGreen": {"activeSelector": ""}, "currentPodHash": ""}}), Phase::Progressing, "active service cutover pending")]
#[case::before_the_cutover(json!({"status": {"blueGreen": {"activeSelector": "old"}, "stableRS": "old"}}), Phase::Progressing, "active service cutover pending")]
#[case::verification(json!({"status": {"stableRS": "old"}}), Phase::Progressing, "waiting for post-promotion verification to complete")]
#[case::no_stable_yet(json!({"status": {"stableRS": ""}}), Phase::Progressing, "waiting for post-promotion verification to complete")]
#[case::analysis_to_come(json!({"spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": {}}}}, "status": {"stableRS": "old"}}), Phase::Progressing, "waiting for analysis to complete")]
#[case::analysis_runs(json!({"spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": {}}}}, "status": {"stableRS": "old", "blueGreen": {"postPromotionAnalysisRunStatus": {"status": "Running"}}}}), Phase::Progressing, "waiting for analysis to complete")]
#[case::analysis_done(json!({"spec": {"strategy": {"blueGreen": {"postPromotionAnalysis": {}}}}, "status": {"stableRS": "old", "blueGreen": {"postPromotionAnalysisRunStatus": {"status": "Successful"}}}}), Phase::Progressing, "waiting for post-promotion verification to complete")]
#[case::paused(json!({"status": {"pauseConditions": [{"reason": "BlueGreenPause"}]}}), Phase::Paused, "BlueGreenPause")]
#[case::goes_before_canary(json!({"spec": {"strategy": {"canary": {}}}, "status": {"blueGreen": {"activeSelector": "old"}}}), Phase::Progressing, "active service cutover pending")]
fn of_blue_green(#[case] changes: Value, #[case] phase: Phase, #[case] message: &str) {
    assert_eq!(calculate_rollout_phase(&blue_green(changes)), (phase, message.to_owned()));
}

const OF_THE_SPEC: &str = "waiting for rollout spec update to be observed";
const OF_THE_WORKLOAD: &str = "waiting for rollout spec update to be observed for the reference workload";

#[rstest]
#[case::written(json!({"status": {"phase": "Degraded", "message": "as written"}}), Phase::Degraded, "as written")]
#[case::each_word_healthy(json!({"status": {"phase": "Healthy"}}), Phase::Healthy, "")]
#[case::each_word_paused(json!({"status": {"phase": "Paused"}}), Phase::Paused, "")]
#[case::each_word_progressing(json!({"status": {"phase": "Progressing"}}), Phase::Progressing, "")]
#[case::a_word_of_a_later_release(json!({"status": {"phase": "Dancing"}}), Phase::Unknown, "")]
#[case::not_written(json!({"status": {"updatedReplicas": 1}}), Phase::Progressing, "more replicas need to be updated")]
#[case::spec_not_observed(json!({"metadata": {"generation": 5}, "status": {"phase": "Healthy"}}), Phase::Progressing, OF_THE_SPEC)]
#[case::observed_more_than_there_is(json!({"metadata": {"generation": 3}, "status": {"phase": "Healthy"}}), Phase::Healthy, "")]
#[case::observed_a_hash(json!({"status": {"observedGeneration": "5cd66ff7ff", "phase": "Healthy"}}), Phase::Healthy, "")]
#[case::observed_nothing_yet(json!({"status": {"observedGeneration": null, "phase": ""}}), Phase::Healthy, "")]
#[case::resumed_not_yet_seen(json!({"status": {"controllerPause": true, "phase": "Paused"}}), Phase::Progressing, "waiting for rollout to unpause")]
#[case::paused(json!({"status": {"controllerPause": true, "pauseConditions": [{"reason": "CanaryPauseStep"}], "phase": "Paused", "message": "CanaryPauseStep"}}), Phase::Paused, "CanaryPauseStep")]
#[case::workload_observed(json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": "2"}}, "spec": {"workloadRef": {}}, "status": {"workloadObservedGeneration": "2", "phase": "Healthy"}}), Phase::Healthy, "")]
#[case::workload_not_observed(json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": "2"}}, "spec": {"workloadRef": {}}, "status": {"workloadObservedGeneration": "1", "phase": "Healthy"}}), Phase::Progressing, OF_THE_WORKLOAD)]
#[case::workload_never_observed(json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": "2"}}, "spec": {"workloadRef": {}}, "status": {"phase": "Healthy"}}), Phase::Healthy, "")]
#[case::workload_without_annotation(json!({"spec": {"workloadRef": {}}, "status": {"workloadObservedGeneration": "1", "phase": "Healthy"}}), Phase::Healthy, "")]
#[case::annotation_without_workload(json!({"metadata": {"annotations": {"rollout.argoproj.io/workload-generation": "2"}}, "status": {"workloadObservedGeneration": "1", "phase": "Healthy"}}), Phase::Healthy, "")]
fn as_a_client_shows_it(#[case] changes: Value, #[case] phase: Phase, #[case] message: &str) {
    assert_eq!(get_rollout_phase(&canary(changes)), (phase, message.to_owned()));
}

#[test]
fn each_phase_has_the_word_that_is_read_back() {
    for phase in [Phase::Healthy, Phase::Degraded, Phase::Progressing, Phase::Paused, Phase::Unknown] {
        assert_eq!(phase_of(phase.as_str()), phase);
    }
}

/// Every state of a recorded run: what the controller wrote is what we compute, but for the states in
/// which it (or a user) changed the status without computing the phase anew.
#[test]
fn what_the_controller_wrote_is_what_we_compute() {
    let mut differences = Vec::new();
    let mut equal = 0;
    for event in crate::rollout::recording::guide().iter().filter(|event| event.kind == "rollout") {
        let rollout = Rollout::read(&event.object);
        let (phase, message) = calculate_rollout_phase(&rollout);
        let (written, text) = (&rollout.status.phase, &rollout.status.message);
        if (written.as_str(), text) == (phase.as_str(), &message) {
            equal += 1;
            continue;
        }
        let version = event.version();
        differences.push(format!("{version}: computed {phase:?} {message:?}, written {written:?} {text:?}"));
    }
    assert_eq!(equal, 55);
    insta::assert_snapshot!(differences.join("\n"));
}
