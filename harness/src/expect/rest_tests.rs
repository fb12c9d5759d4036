use std::ops::ControlFlow;

use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::{
    expect::{Subject, compare},
    scenario::model::StateMatch,
    timeline::{
        Log, Point,
        recording::{self, Line},
    },
};

/// A Rollout at rest at the pause of 20%, and its ReplicaSets, changed by merges.
fn seen(rollout: Value, canary: Value) -> Log {
    let line = |kind: &str, rv: u64, object: Value, changes: &Value| {
        let mut o = object;
        merge(&mut o, changes);
        o["metadata"]["resourceVersion"] = json!(rv.to_string());
        Line { t: 1.0, k: kind.into(), e: "ADDED".into(), o }
    };
    let set = |hash: &str, pods: i64| {
        json!({
            "metadata": {
                "name": hash, "uid": hash, "generation": 1, "labels": {"rollouts-pod-template-hash": hash},
                "ownerReferences": [{"uid": "demo", "controller": true}],
            },
            "spec": {"replicas": pods},
            "status": {"replicas": pods, "readyReplicas": pods, "availableReplicas": pods, "observedGeneration": 1},
        })
    };
    let resting = json!({
        "metadata": {"name": "demo", "uid": "demo", "generation": 2},
        "spec": {"replicas": 5, "strategy": {"canary": {"steps": [{"setWeight": 20}, {"pause": {}}, {"pause": {"duration": 3}}]}}},
        "status": {
            "phase": "Paused", "message": "CanaryPauseStep", "observedGeneration": "2", "controllerPause": true,
            "pauseConditions": [{"reason": "CanaryPauseStep", "startTime": "2026-11-23T04:16:40Z"}],
            "currentPodHash": "new", "stableRS": "old", "currentStepIndex": 1,
            "replicas": 5, "updatedReplicas": 1, "readyReplicas": 5, "availableReplicas": 5, "HPAReplicas": 5,
        },
    });
    recording::replay(&[
        line("rs", 1, set("old", 4), &json!({})),
        line("rs", 2, set("new", 1), &canary),
        line("rollout", 3, resting, &rollout),
    ])
}

fn merge(object: &mut Value, changes: &Value) {
    for (key, change) in changes.as_object().into_iter().flatten() {
        match change {
            Value::Object(_) if object[key].is_object() => merge(&mut object[key], change),
            change => object[key] = change.clone(),
        }
    }
}

#[rstest]
#[case::waits_for_a_person(json!({}), json!({}), None)]
#[case::on_the_way(json!({"status": {"phase": "Progressing", "message": "more"}}), json!({}), Some("Progressing more"))]
#[case::not_observed(json!({"metadata": {"generation": 3}}), json!({}), Some("Progressing waiting for rollout spec update to be observed"))]
#[case::a_timed_pause(json!({"status": {"currentStepIndex": 2}}), json!({}), Some("Paused CanaryPauseStep"))]
#[case::a_timed_pause_under_a_persons_pause(json!({"spec": {"paused": true}, "status": {"currentStepIndex": 2}}), json!({}), None)]
#[case::aborted(json!({"status": {"phase": "Degraded", "message": "RolloutAborted: x", "abort": true}}), json!({}), None)]
#[case::not_yet_seen_to_be_retried(
    json!({"status": {"phase": "Degraded", "message": "RolloutAborted: x"}}), json!({}), Some("Degraded RolloutAborted: x")
)]
#[case::restarting(json!({"spec": {"restartAt": "2026-11-23T04:16:40Z"}}), json!({}), Some("its pods are being restarted"))]
#[case::a_pod_is_missing(json!({}), json!({"status": {"availableReplicas": 0}}), Some("new asks for 1, has 1, of which 0 available"))]
#[case::a_size_not_observed(json!({}), json!({"metadata": {"generation": 2}}), Some("new asks for 1, has 1, of which 1 available"))]
#[case::a_deadline(
    json!({}), json!({"metadata": {"annotations": {"scale-down-deadline": "2026-11-23T04:16:50Z"}}}),
    Some("new is scaled down at 2026-11-23T04:16:50Z")
)]
#[case::a_late_counter(json!({"status": {"readyReplicas": 4}}), json!({}), Some("readyReplicas says 4, the ReplicaSets hold 5"))]
fn what_moves(#[case] rollout: Value, #[case] canary: Value, #[case] expected: Option<&str>) {
    let log = seen(rollout, canary);
    let world = log.history().last();
    assert_eq!(unrest(world.rollout("demo").unwrap(), world).as_deref(), expected);
}

#[rstest]
#[case::by_hand(json!({"autoPromotionEnabled": false, "autoPromotionSeconds": 9}), None)]
#[case::by_a_timer(json!({"autoPromotionSeconds": 9}), Some("Paused BlueGreenPause"))]
fn a_blue_green_pause(#[case] blue_green: Value, #[case] expected: Option<&str>) {
    let strategy = json!({"canary": null, "blueGreen": blue_green});
    let status = json!({
        "message": "BlueGreenPause", "blueGreen": {"activeSelector": "old"}, "readyReplicas": 4, "availableReplicas": 4, "HPAReplicas": 4,
    });
    let log = seen(json!({"spec": {"strategy": strategy}, "status": status}), json!({}));
    let world = log.history().last();
    assert_eq!(unrest(world.rollout("demo").unwrap(), world).as_deref(), expected);
}

/// The guide comes to rest six times, and each time it has the pods that the model wants.
#[test]
fn the_guide_rests_where_the_model_says() {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
    let log = recording::replay(&lines);
    let (history, release) = (log.history(), semver::Version::new(1, 10, 2));
    let subject = Subject { rollout: "rollouts-demo", release: &release };
    let wanted: StateMatch = serde_saphyr::from_str("{at-rest: true, replicas: model}").unwrap();
    let mut rests: Vec<String> = Vec::new();
    history.walk(Point::default(), history.end(), |_, world| -> ControlFlow<()> {
        let checks = compare(&wanted, world, subject);
        if let [at_rest, model] = checks.as_slice()
            && at_rest.ok
            && model.ok
        {
            let info = world.info("rollouts-demo").unwrap();
            let line = format!("{} {} {}", info.phase, info.message, model.got).replace("  ", " ");
            if rests.last() != Some(&line) {
                rests.push(line);
            }
        }
        ControlFlow::Continue(())
    });
    insta::assert_snapshot!(rests.join("\n"));
}

#[test]
fn what_the_model_does_not_admit_is_told_with_its_reason() {
    let log = seen(json!({}), json!({"spec": {"replicas": 2}, "status": {"replicas": 2, "availableReplicas": 2}}));
    let release = semver::Version::new(1, 10, 2);
    let wanted: StateMatch = serde_saphyr::from_str("{replicas: model}").unwrap();
    let subject = Subject { rollout: "demo", release: &release };
    let [check] = compare(&wanted, log.history().last(), subject).try_into().unwrap();
    assert!(!check.ok);
    insta::assert_snapshot!(format!("expected {}\n\nseen {}", check.expected, check.got));
}
