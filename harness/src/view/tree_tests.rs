use std::sync::LazyLock;

use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Value, json};

use super::*;
use crate::rollout::recording::{Recorded, World, guide};
use crate::rollout::{Pod, ReplicaSet, Rollout};
use crate::view::{ListRow, line, list};

/// The state after the write with this resourceVersion, seen as tree, row and line. The ages are
/// counted up to the last event so far.
fn seen_after(version: u64) -> String {
    let world = World::at(version);
    let now = guide().iter().filter(|event| event.version() <= version).map(|event| event.seen).max().unwrap();
    let info = world.info().unwrap();
    let rows = [ListRow::new(world.rollout.as_ref().unwrap())];
    format!("{}\n{}\n{}\n", tree(&info, now, Style::Plain), list(&rows), line(&info, Style::Plain))
}

#[rstest]
#[case("01-first-write", 334)]
#[case("02-pods-start", 362)]
#[case("03-deployed", 380)]
#[case("04-yellow-not-yet-observed", 381)]
#[case("05-paused-at-20", 418)]
#[case("06-promotion-not-yet-seen", 419)]
#[case("07-old-pod-terminates", 427)]
#[case("08-paused-at-40", 451)]
#[case("09-paused-at-60", 485)]
#[case("10-paused-at-80", 515)]
#[case("11-promoted", 543)]
#[case("12-red-paused-at-20", 573)]
#[case("13-abort-begins", 578)]
#[case("14-aborted", 599)]
#[case("15-back", 606)]
fn guide_moment(#[case] name: &str, #[case] version: u64) {
    insta::assert_snapshot!(name, seen_after(version));
}

/// A blue-green update with all that the guide does not show: two ReplicaSets of one revision, one
/// without a revision, delays, restarts, pods in trouble.
fn in_trouble() -> RolloutInfo {
    let rollout = Rollout::read(&json!({
        "metadata": {"name": "demo", "namespace": "ns", "uid": "r", "creationTimestamp": "2026-11-20T03:16:38Z"},
        "spec": {"replicas": 3, "strategy": {"blueGreen": {}}},
        "status": {
            "phase": "Degraded", "message": "ProgressDeadlineExceeded: why", "stableRS": "b", "currentPodHash": "c", "replicas": 6,
            "blueGreen": {"activeSelector": "b", "previewSelector": "c"}
        }
    }));
    let replica_set = |name: &str, revision: &str, deadline: Option<&str>, spec: u32, image: &str| {
        ReplicaSet::read(&json!({
            "metadata": {
                "name": format!("demo-{name}"), "uid": name, "creationTimestamp": "2026-11-23T03:30:00Z",
                "labels": {"rollouts-pod-template-hash": name}, "ownerReferences": [{"uid": "r"}],
                "annotations": {"rollout.argoproj.io/revision": revision, "scale-down-deadline": deadline}
            },
            "spec": {"replicas": spec, "template": {"spec": {"containers": [{"image": image}, {"image": "mesh"}]}}},
            "status": {"replicas": 1, "availableReplicas": 1, "conditions": [{"type": "ReplicaFailure", "status": if spec == 2 { "True" } else { "False" }}]}
        }))
    };
    let pod = |name: &str, owner: &str, state: Value| {
        Pod::read(&json!({
            "metadata": {"name": format!("demo-{owner}-{name}"), "creationTimestamp": "2026-11-23T04:10:00Z", "ownerReferences": [{"uid": owner}]},
            "spec": {"containers": [{}, {}]},
            "status": {"phase": "Pending", "containerStatuses": [{"restartCount": 3, "state": state}, {"ready": true, "state": {"running": {}}}]}
        }))
    };
    let waiting = |reason: &str| json!({"waiting": {"reason": reason}});
    let replica_sets = [
        replica_set("a", "4", Some("2026-11-23T04:16:37Z"), 1, "blue"),
        replica_set("a2", "4", Some("2026-11-23T04:17:08Z"), 0, "blue"),
        replica_set("b", "5", None, 3, "blue"),
        replica_set("c", "6", None, 2, "red"),
        replica_set("d", "", None, 0, "grey"),
    ];
    let pods = [
        pod("1", "b", json!({"terminated": {"exitCode": 3}})),
        pod("2", "b", waiting("CrashLoopBackOff")),
        pod("1", "c", waiting("ImagePullBackOff")),
        pod("2", "c", waiting("NewReason")),
    ];
    RolloutInfo::new(&rollout, &replica_sets, &pods)
}

#[rstest]
#[case("blue-green-in-trouble", Style::Plain)]
#[case("blue-green-in-trouble-coloured", Style::Colour)]
fn trouble(#[case] name: &str, #[case] style: Style) {
    let text = tree(&in_trouble(), "2026-11-23T04:16:38.5Z".parse().unwrap(), style);
    insta::assert_snapshot!(name, text.replace('\u{1b}', "ESC"));
}

/// The service meshes' canary, behind the ping Service; its roles have an order of their own.
#[test]
fn ping_and_pong_stand_last() {
    let status = json!({"stableRS": "b", "currentPodHash": "c", "canary": {"stablePingPong": "pong"}});
    let rollout = Rollout::read(
        &json!({"metadata": {"uid": "r"}, "spec": {"strategy": {"canary": {"pingPong": {}}}}, "status": status}),
    );
    let replica_sets = ["b", "c"].map(|hash| {
        ReplicaSet::read(&json!({"metadata": {"name": hash, "labels": {"rollouts-pod-template-hash": hash}, "ownerReferences": [{"uid": "r"}]}}))
    });
    let text = tree(&RolloutInfo::new(&rollout, &replica_sets, &[]), Timestamp::UNIX_EPOCH, Style::Plain);
    let ends: Vec<_> = text.lines().rev().take(2).map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(ends, ["canary,ping", "stable,pong"]);
}

/// Colour adds escape sequences and changes nothing else.
#[test]
fn without_its_colours_the_tree_is_the_plain_one() {
    let now = "2026-11-23T04:16:38Z".parse().unwrap();
    let (plain, coloured) = (tree(&in_trouble(), now, Style::Plain), tree(&in_trouble(), now, Style::Colour));
    assert_ne!(plain, coloured);
    let mut bare = String::new();
    let mut rest = coloured.as_str();
    while let Some((text, escape)) = rest.split_once('\u{1b}') {
        bare.push_str(text);
        rest = escape.split_once('m').unwrap().1;
    }
    assert_eq!(bare + rest, plain);
}

/// The places in an object, as JSON pointers.
fn places(value: &Value, at: &str, found: &mut Vec<String>) {
    found.push(at.to_owned());
    match value {
        Value::Object(map) => {
            map.iter().for_each(|(key, value)| places(value, &format!("{at}/{}", key.replace('/', "~1")), found));
        }
        Value::Array(items) => {
            items.iter().enumerate().for_each(|(index, value)| places(value, &format!("{at}/{index}"), found));
        }
        _ => {}
    }
}

proptest! {
    /// Whatever stands in any place of any object, the state can still be read and printed.
    #[test]
    fn nothing_malformed_blinds_us(event: prop::sample::Index, place: prop::sample::Index, odd: prop::sample::Index) {
        let odd_values = [json!(null), json!(true), json!(-1), json!(i64::MAX), json!(i64::MIN), json!(1.5), json!(""), json!("\u{965}"), json!([]), json!([null]), json!({})];
        static BEFORE: LazyLock<World> = LazyLock::new(|| World::at(441));
        let told = |event: &&Recorded| ["rollout", "rs", "pod"].contains(&event.kind.as_str()) && event.version() <= 441;
        let mut event = (*event.get(&guide().iter().filter(told).collect::<Vec<_>>())).clone();
        let mut found = Vec::new();
        places(&event.object, "", &mut found);
        // The recording itself finds an object by its uid.
        found.retain(|place| !["", "/metadata", "/metadata/uid"].contains(&place.as_str()));
        let place: &String = place.get(&found);
        *event.object.pointer_mut(place).unwrap() = odd.get(&odd_values).clone();
        let mut world = BEFORE.clone();
        world.apply(&event);
        let info = world.info().unwrap();
        let rollout = world.rollout.unwrap();
        for style in [Style::Plain, Style::Colour] {
            prop_assert!(tree(&info, Timestamp::UNIX_EPOCH, style).contains("Replicas:\n"));
            prop_assert!(line(&info, style).contains("replicas "));
        }
        prop_assert_eq!(list(&[ListRow::new(&rollout)]).lines().count(), 2);
        let _ = (rollout.max_surge(), rollout.max_unavailable(), crate::rollout::calculate_rollout_phase(&rollout));
    }
}
