use rstest::rstest;
use serde_json::{Value, json};

use super::*;

fn rollout(strategy: Value, status: Value) -> Rollout {
    let metadata = json!({"name": "demo", "namespace": "ns", "uid": "r", "creationTimestamp": "2026-11-23T04:16:38Z"});
    Rollout::read(&json!({"metadata": metadata, "spec": {"replicas": 5, "strategy": strategy}, "status": status}))
}

fn replica_set(hash: &str, revision: u64, available: i64) -> ReplicaSet {
    ReplicaSet::read(&json!({
        "metadata": {
            "name": format!("demo-{hash}"), "uid": hash,
            "labels": {"rollouts-pod-template-hash": hash},
            "annotations": {"rollout.argoproj.io/revision": revision.to_string()},
            "ownerReferences": [{"uid": "r"}]
        },
        "spec": {"replicas": available},
        "status": {"replicas": available, "readyReplicas": available, "availableReplicas": available}
    }))
}

fn pod(name: &str, owner: &str, created: &str) -> Pod {
    Pod::read(&json!({
        "metadata": {"name": name, "creationTimestamp": created, "ownerReferences": [{"uid": "other"}, {"uid": owner}]},
        "spec": {"containers": [{"name": "a"}]}
    }))
}

#[test]
fn only_what_it_owns_belongs_to_it() {
    let mut foreign = replica_set("foreign", 9, 1);
    foreign.metadata.owners[0].uid = "another rollout".into();
    let pods = [
        pod("b", "new", "2026-11-23T04:16:39Z"),
        pod("a", "new", "2026-11-23T04:16:39Z"),
        pod("z", "new", "2026-11-23T04:16:38Z"),
        pod("old", "old", "2026-11-23T04:16:38Z"),
        pod("foreign", "foreign", "2026-11-23T04:16:38Z"),
    ];
    let replica_sets = [replica_set("old", 1, 4), foreign, replica_set("new", 2, 1)];
    let info = RolloutInfo::new(&rollout(json!({"canary": {}}), json!({})), &replica_sets, &pods);
    let names =
        |index: usize| -> Vec<&str> { info.replica_sets[index].pods.iter().map(|pod| pod.name.as_str()).collect() };
    assert_eq!(info.replica_sets.len(), 2);
    assert_eq!((info.replica_sets[0].name.as_str(), names(0)), ("demo-new", vec!["z", "a", "b"]));
    assert_eq!((info.replica_sets[1].name.as_str(), names(1)), ("demo-old", vec!["old"]));
    assert_eq!(info.revision(1).map(|rs| rs.uid.as_str()), Some("old"));
    assert!(info.revision(9).is_none());
}

#[rstest]
#[case::canary(json!({"canary": {}}), json!({"stableRS": "old", "currentPodHash": "new"}), &[Role::Canary], &[Role::Stable])]
#[case::promoted(json!({"canary": {}}), json!({"stableRS": "new", "currentPodHash": "new"}), &[Role::Stable], &[])]
#[case::ping(json!({"canary": {"pingPong": {}}}), json!({"stableRS": "old", "currentPodHash": "new", "canary": {"stablePingPong": "ping"}}), &[Role::Canary, Role::Pong], &[Role::Stable, Role::Ping])]
#[case::pong(json!({"canary": {"pingPong": {}}}), json!({"stableRS": "old", "currentPodHash": "new", "canary": {"stablePingPong": "pong"}}), &[Role::Canary, Role::Ping], &[Role::Stable, Role::Pong])]
#[case::not_yet_decided_means_pong(json!({"canary": {"pingPong": {}}}), json!({"stableRS": "old", "currentPodHash": "new"}), &[Role::Canary, Role::Ping], &[Role::Stable, Role::Pong])]
#[case::ping_pong_of_the_others(json!({"canary": {"pingPong": {}}}), json!({"stableRS": "new"}), &[Role::Stable, Role::Pong], &[])]
#[case::blue_green(json!({"blueGreen": {}}), json!({"stableRS": "old", "blueGreen": {"activeSelector": "old", "previewSelector": "new"}}), &[Role::Preview], &[Role::Stable, Role::Active])]
#[case::active_goes_before_preview(json!({"blueGreen": {}}), json!({"stableRS": "new", "blueGreen": {"activeSelector": "new", "previewSelector": "new"}}), &[Role::Stable, Role::Active], &[])]
#[case::no_strategy(json!({}), json!({"stableRS": "old", "currentPodHash": "new"}), &[], &[])]
fn roles_follow_the_hashes(#[case] strategy: Value, #[case] status: Value, #[case] new: &[Role], #[case] old: &[Role]) {
    let replica_sets = [replica_set("new", 2, 1), replica_set("old", 1, 4)];
    let info = RolloutInfo::new(&rollout(strategy, status), &replica_sets, &[]);
    assert_eq!((info.replica_sets[0].roles.as_slice(), info.replica_sets[1].roles.as_slice()), (new, old));
    for role in [Role::Canary, Role::Stable] {
        let expected = info.replica_sets.iter().find(|replica_set| replica_set.roles.contains(&role));
        let found = if role == Role::Canary { info.canary() } else { info.stable() };
        assert_eq!(found.map(|rs| &rs.uid), expected.map(|rs| &rs.uid));
    }
}

fn steps(routing: Value) -> Value {
    json!({"canary": {"steps": [{"setWeight": 20}, {"pause": {}}], "trafficRouting": routing}})
}

#[rstest]
#[case::by_pods(Value::Null, json!({"currentStepIndex": 1, "availableReplicas": 5}), 20, 20)]
#[case::rounded_down(Value::Null, json!({"currentStepIndex": 1, "availableReplicas": 6}), 20, 16)]
#[case::nothing_available(Value::Null, json!({"currentStepIndex": 1}), 20, 0)]
#[case::done(Value::Null, json!({"currentStepIndex": 2, "availableReplicas": 5}), 100, 100)]
#[case::aborted(Value::Null, json!({"currentStepIndex": 0, "availableReplicas": 5, "abort": true}), 0, 20)]
#[case::by_the_router(json!({}), json!({"currentStepIndex": 1, "availableReplicas": 5, "canary": {"weights": {"canary": {"weight": 7}}}}), 20, 7)]
#[case::router_not_yet_told(json!({}), json!({"currentStepIndex": 1, "availableReplicas": 5}), 20, 20)]
#[case::nothing_available_behind_a_router(json!({}), json!({"currentStepIndex": 1, "canary": {"weights": {"canary": {"weight": 7}}}}), 20, 0)]
#[case::other_scale(json!({"maxTrafficWeight": 1000}), json!({"currentStepIndex": 2}), 1000, 1000)]
fn weights(#[case] routing: Value, #[case] mut status: Value, #[case] set: i64, #[case] actual: i64) {
    status["stableRS"] = json!("old");
    status["currentPodHash"] = json!("new");
    let replica_sets = [replica_set("new", 2, 1), replica_set("old", 1, 4)];
    let info = RolloutInfo::new(&rollout(steps(routing), status), &replica_sets, &[]);
    assert_eq!((info.set_weight, info.actual_weight), (Some(set), Some(actual)));
}

#[test]
fn a_canary_pod_weighs_once_it_is_available() {
    let mut canary = replica_set("new", 2, 1);
    canary.replicas = Some(2);
    let status = json!({"stableRS": "old", "currentPodHash": "new", "currentStepIndex": 1, "availableReplicas": 5});
    let info = RolloutInfo::new(&rollout(steps(Value::Null), status), &[canary, replica_set("old", 1, 4)], &[]);
    assert_eq!(info.actual_weight, Some(20));
    assert_eq!((info.replica_sets[0].desired, info.replica_sets[0].available), (2, 1));
}

#[test]
fn a_number_beyond_reason_is_no_panic() {
    let status = json!({"currentPodHash": "new", "currentStepIndex": 1, "availableReplicas": 1});
    let info = RolloutInfo::new(&rollout(steps(Value::Null), status), &[replica_set("new", 2, i64::MAX)], &[]);
    assert_eq!(info.actual_weight, Some(i64::MAX));
}

#[test]
fn blue_green_has_no_weights_and_no_step() {
    let info = RolloutInfo::new(&rollout(json!({"blueGreen": {}}), json!({"currentStepIndex": 1})), &[], &[]);
    assert_eq!(
        (info.strategy, info.set_weight, info.actual_weight, info.step),
        (StrategyKind::BlueGreen, None, None, None)
    );
}

#[test]
fn counters_come_from_spec_and_status() {
    let status = json!({"replicas": 6, "updatedReplicas": 1, "readyReplicas": 5, "availableReplicas": 4, "phase": "Paused", "message": "why"});
    let info = RolloutInfo::new(&rollout(json!({"canary": {}}), status), &[], &[]);
    assert_eq!(info.replicas, Counters { desired: 5, current: 6, updated: 1, ready: 5, available: 4 });
    assert_eq!((info.phase, info.message.as_str()), (Phase::Paused, "why"));
    assert_eq!((info.name.as_str(), info.namespace.as_str(), info.uid.as_str()), ("demo", "ns", "r"));
}
