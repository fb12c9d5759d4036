use std::{os::unix::process::ExitStatusExt, process::ExitStatus, time::Duration};

use jiff::Timestamp;
use rstest::rstest;
use serde_json::{Value, json};

use super::{
    Asked, Changes,
    program::{NAME, refusal},
};
use crate::{
    act::ActError,
    process::tool::Said,
    scenario::{
        model::{Promote, Restart, SetImage, Skip, Undo},
        value::Span,
    },
};

const CONTROLLER: &str = "rollouts-controller";

fn plain() -> Promote {
    Promote::default()
}
fn full() -> Promote {
    Promote { full: true, skip: None }
}
fn skip(skip: Skip) -> Promote {
    Promote { full: false, skip: Some(skip) }
}
fn later(seconds: u64) -> Restart {
    Restart { r#in: Some(Span(Duration::from_secs(seconds))) }
}

#[rstest]
#[case(Asked::Promote(&plain()), "promote demo", "rollout 'demo' promoted\n")]
#[case(Asked::Promote(&full()), "promote demo --full", "rollout 'demo' fully promoted\n")]
#[case(Asked::Promote(&skip(Skip::Current)), "promote demo --skip-current-step", "rollout 'demo' promoted\n")]
#[case(Asked::Promote(&skip(Skip::All)), "promote demo --skip-all-steps", "rollout 'demo' promoted\n")]
#[case(Asked::Abort, "abort demo", "rollout 'demo' aborted\n")]
#[case(Asked::Retry, "retry rollout demo", "rollout 'demo' retried\n")]
#[case(Asked::Pause, "pause demo", "rollout 'demo' paused\n")]
#[case(Asked::Restart(&Restart::default()), "restart demo", "rollout 'demo' restarts in 0s\n")]
#[case(Asked::Restart(&later(90)), "restart demo --in 1m30s", "rollout 'demo' restarts in 1m30s\n")]
#[case(Asked::Undo(&Undo::default()), "undo demo", "rollout 'demo' undo\n")]
#[case(Asked::Undo(&Undo { to_revision: Some(3) }), "undo demo --to-revision=3", "rollout 'demo' undo\n")]
#[case(
    Asked::SetImage(&SetImage { container: "*".into(), image: "a/b:c".into() }),
    "set image demo '*=a/b:c'",
    "rollout \"demo\" image updated\n"
)]
fn what_is_typed_and_what_is_said(#[case] asked: Asked<'_>, #[case] typed: &str, #[case] says: &str) {
    assert_eq!(asked.typed("demo"), format!("kubectl argo rollouts {typed}"));
    assert_eq!(asked.says("demo", None)[0], says);
}

#[test]
fn of_a_workload_its_own_name_is_said() {
    let set = SetImage { container: "app".into(), image: "x".into() };
    assert_eq!(Asked::SetImage(&set).says("demo", Some("web")), ["deployment \"web\" image updated\n"]);
}

/// A Rollout in the middle of its steps; who owns which fields of the status.
fn version(rv: u64, status: Value, owned: &[(&str, &str)]) -> Value {
    let managed = owned.iter().map(|(manager, field)| {
        json!({"manager": manager, "subresource": "status", "fieldsV1": {"f:status": {format!("f:{field}"): {}}}})
    });
    json!({
        "kind": "Rollout",
        "metadata": {"name": "demo", "resourceVersion": rv.to_string(), "managedFields": managed.collect::<Vec<_>>()},
        "spec": {"paused": false, "strategy": {"canary": {"steps": [{"setWeight": 20}, {"setWeight": 40}, {"pause": {}}]}}},
        "status": status,
    })
}

fn writes(asked: Asked<'_>, versions: &[Value]) -> Option<Vec<usize>> {
    let now: Timestamp = "2026-11-23T04:16:38.9Z".parse().unwrap();
    let during = (now, now + Duration::from_millis(300));
    let versions: Vec<_> = versions.iter().collect();
    Changes { asked, during, replica_sets: Vec::new() }.find(&versions).map(|found| found.writes)
}

/// Its write is found between the controller's, though the controller writes over it at once.
#[test]
fn what_is_overwritten_at_once_is_found() {
    let aborted = json!({"abort": true, "phase": "Degraded"});
    let versions = [
        version(1, aborted.clone(), &[(CONTROLLER, "phase")]),
        version(2, json!({"abort": true, "phase": "Degraded", "replicas": 5}), &[(CONTROLLER, "phase")]),
        version(3, json!({"abort": false, "phase": "Degraded", "replicas": 5}), &[(NAME, "abort")]),
        version(4, json!({"phase": "Progressing", "replicas": 5}), &[(CONTROLLER, "phase")]),
    ];
    assert_eq!(writes(Asked::Retry, &versions), Some(vec![2]));
    assert_eq!(writes(Asked::Abort, &versions), Some(vec![]), "it was so already");
    assert_eq!(writes(Asked::Pause, &versions), None);

    let updating = json!({"currentPodHash": "b", "stableRS": "a"});
    let promoted = json!({"currentPodHash": "b", "stableRS": "a", "promoteFull": true});
    let done = json!({"currentPodHash": "b", "stableRS": "b"});
    let full = full();
    let versions =
        [version(1, updating, &[]), version(2, promoted, &[(NAME, "promoteFull")]), version(3, done.clone(), &[])];
    assert_eq!(writes(Asked::Promote(&full), &versions), Some(vec![1]));
    assert_eq!(writes(Asked::Promote(&full), &[version(3, done, &[])]), Some(vec![]), "there is nothing to promote");
}

/// The controller goes to the next step by itself, at the same moment.
#[test]
fn a_write_of_the_controller_that_looks_the_same_is_not_taken_for_it() {
    let at = |rv, index, manager| version(rv, json!({"currentStepIndex": index}), &[(manager, "currentStepIndex")]);
    let plain = plain();
    let versions = [at(1, 0, CONTROLLER), at(2, 1, CONTROLLER), at(3, 2, NAME)];
    assert_eq!(writes(Asked::Promote(&plain), &versions), Some(vec![2]), "it had read the second one");
    let versions = [at(1, 0, CONTROLLER), at(2, 1, NAME), at(3, 2, CONTROLLER)];
    assert_eq!(writes(Asked::Promote(&plain), &versions), Some(vec![1]));
    // It had read the first one, and what it sent was so already when it came.
    let versions = [at(1, 0, CONTROLLER), at(2, 1, CONTROLLER)];
    assert_eq!(writes(Asked::Promote(&plain), &versions), Some(vec![]));
    assert_eq!(writes(Asked::Promote(&plain), &versions[..1]), None, "it wrote nothing at all");
}

/// What it removes is nobody's: there is nothing but the change itself to know it by.
#[test]
fn the_end_of_a_pause_is_found() {
    let paused =
        json!({"controllerPause": true, "currentStepIndex": 2, "pauseConditions": [{"reason": "CanaryPauseStep"}]});
    let ended = json!({"controllerPause": true, "currentStepIndex": 2});
    let next = json!({"controllerPause": false, "currentStepIndex": 3});
    let plain = plain();
    let versions = [version(1, paused.clone(), &[]), version(2, ended, &[]), version(3, next.clone(), &[])];
    assert_eq!(writes(Asked::Promote(&plain), &versions), Some(vec![1]));
    // A timed pause that the controller ended is no write of the plugin's.
    let versions = [version(1, paused.clone(), &[]), version(2, next, &[])];
    assert_eq!(writes(Asked::Promote(&plain), &versions), Some(vec![]), "pauseConditions were gone when it came");
    assert_eq!(writes(Asked::Promote(&plain), &[version(1, paused, &[])]), None);
}

/// Paused by hand in the middle of an update: the status first, then the spec.
#[test]
fn two_writes_of_one_command_are_found() {
    let of = |rv, paused: bool, promote: Value, manager: &str| {
        let mut rollout = version(
            rv,
            json!({"currentPodHash": "b", "stableRS": "a", "promoteFull": promote}),
            &[(NAME, "promoteFull")],
        );
        rollout["spec"]["paused"] = json!(paused);
        rollout["metadata"]["managedFields"]
            .as_array_mut()
            .unwrap()
            .push(json!({"manager": manager, "fieldsV1": {"f:spec": {"f:paused": {}}}}));
        rollout
    };
    let versions =
        [of(1, true, Value::Null, "kubectl"), of(2, true, json!(true), "kubectl"), of(3, false, json!(true), NAME)];
    let full = full();
    assert_eq!(writes(Asked::Promote(&full), &versions), Some(vec![1, 2]));
    assert_eq!(writes(Asked::Promote(&full), &versions[..2]), None, "the pause was not ended");
}

fn templated(rv: u64, template: Value, restart: Option<&str>) -> Value {
    let managed = json!([{"manager": NAME, "fieldsV1": {"f:spec": {"f:restartAt": {}}}}]);
    json!({"metadata": {"resourceVersion": rv.to_string(), "generation": rv, "managedFields": managed},
        "spec": {"template": template, "restartAt": restart}})
}

fn template(image: &str) -> Value {
    json!({"metadata": {"labels": {"app": "demo"}}, "spec": {"containers": [{"name": "app", "image": image}]}})
}

#[test]
fn writes_to_the_spec_are_found() {
    let (blue, red) = (templated(1, template("blue"), None), templated(2, template("red"), None));
    let set = SetImage { container: "app".into(), image: "red".into() };
    assert_eq!(writes(Asked::SetImage(&set), &[blue.clone(), red.clone()]), Some(vec![1]));
    assert_eq!(writes(Asked::SetImage(&set), std::slice::from_ref(&red)), Some(vec![]));
    assert_eq!(writes(Asked::SetImage(&set), std::slice::from_ref(&blue)), None);

    // The seconds in which it ran, and no others.
    for (at, found) in [("38", true), ("39", true), ("37", false), ("40", false)] {
        let restarted = templated(2, template("blue"), Some(&format!("2026-11-23T04:16:{at}Z")));
        let writes = writes(Asked::Restart(&Restart::default()), &[blue.clone(), restarted]);
        assert_eq!(writes, found.then(|| vec![1]), "{at}");
    }

    let set = |revision: u64, image: &str| {
        let mut template = template(image);
        template["metadata"]["labels"]["rollouts-pod-template-hash"] = json!(image);
        // As types write it that know each field.
        template["spec"]["containers"][0]["resources"] = json!({});
        json!({"metadata": {"annotations": {"rollout.argoproj.io/revision": revision.to_string()}}, "spec": {"template": template}})
    };
    let undo = Undo::default();
    let now = Timestamp::now();
    let undone = |sets: Vec<Vec<Value>>, versions: &[&Value]| {
        Changes { asked: Asked::Undo(&undo), during: (now, now), replica_sets: sets }.find(versions).map(|f| f.writes)
    };
    assert_eq!(undone(vec![vec![set(1, "blue"), set(2, "red")]], &[&red, &blue]), Some(vec![1]));
    assert_eq!(undone(vec![vec![set(1, "green"), set(2, "red")]], &[&red, &blue]), None, "that is another template");
    let meanwhile = vec![vec![set(1, "green"), set(2, "blue")], vec![set(1, "green"), set(2, "blue"), set(3, "red")]];
    assert_eq!(undone(meanwhile, &[&red, &blue]), Some(vec![1]), "the controller has just made a revision");
}

#[rstest]
#[case::its_own(1, "Error: unable to find container named \"x\"", "unable to find container named \"x\"", false)]
#[case::with_a_warning(
    1,
    "Flag --skip-all-steps has been deprecated, use --full instead\nError: Cannot skip steps of a rollout without steps",
    "Cannot skip steps of a rollout without steps",
    false
)]
#[case::the_api_servers(
    1,
    "Error: rollouts.argoproj.io \"x\" not found",
    "rollouts.argoproj.io \"x\" not found",
    false
)]
#[case::a_panic(
    2,
    "panic: boom\n\ngoroutine 1",
    "`c` ended with exit status: 2 and said: panic: boom\n\ngoroutine 1",
    false
)]
#[case::nothing(1, "", "`c` ended with exit status: 1 and said: ", false)]
#[case::nobody_there(
    1,
    "Error: Patch \"https://127.0.0.1:1/apis\": dial tcp 127.0.0.1:1: connect: connection refused",
    "no answer to c from the API server: Patch \"https://127.0.0.1:1/apis\": dial tcp 127.0.0.1:1: connect: connection refused",
    true
)]
#[case::in_trouble(
    1,
    "Error: etcdserver: request timed out",
    "no answer to c from the API server: etcdserver: request timed out",
    true
)]
fn whose_no_it_is(#[case] code: i32, #[case] err: &str, #[case] text: &str, #[case] infrastructure: bool) {
    let said = Said { status: ExitStatus::from_raw(code << 8), out: String::new(), err: err.into() };
    let error = refusal("c", &said);
    assert_eq!((error.to_string().as_str(), error.is_infrastructure()), (text, infrastructure));
    assert_eq!(matches!(error, ActError::Refused(_)), !infrastructure);
}
