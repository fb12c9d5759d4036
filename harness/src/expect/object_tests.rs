//! Objects, conditions, hashes and events, on the recorded guide.

use jiff::Timestamp;
use rstest::rstest;
use semver::Version;
use serde_json::json;

use super::{
    Subject, compare,
    event::{self, Sequence},
    temporal::{self, Claim, Why},
};
use crate::{
    scenario::model::{EventMatch, StateMatch},
    timeline::{History, Kind, Log, Observation, Point, recording},
};

const RELEASE: Version = Version::new(1, 10, 2);

fn guide() -> Log {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]);
    recording::replay(&lines.expect("the recording is in the repository"))
}

fn subject() -> Subject<'static> {
    static RELEASE_OF_ALL: Version = RELEASE;
    Subject { rollout: "rollouts-demo", release: &RELEASE_OF_ALL }
}

/// What does not hold at the end of the guide, one check a line.
fn wrong(yaml: &str) -> String {
    let state: StateMatch = serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"));
    let log = guide();
    let checks = compare(&state, log.history().last(), subject());
    assert!(!checks.is_empty(), "{yaml}");
    let wrong = checks.iter().filter(|check| !check.ok);
    wrong.map(|c| format!("{}: expected {}, got {}", c.field, c.expected, c.got)).collect::<Vec<_>>().join("\n")
}

#[rstest]
#[case::by_name("{objects: [{kind: Service, name: rollouts-demo, fields: {spec: {selector: {app: rollouts-demo}}}}]}")]
#[case::by_revision("{objects: [{kind: ReplicaSet, revision: 4, fields: {spec: {replicas: 5}}}]}")]
#[case::by_role("{objects: [{kind: ReplicaSet, role: stable, cel: object.spec.replicas == rollout.spec.replicas}]}")]
#[case::pods("{objects: [{kind: Pod, revision: 4, count: 5, all: {status: {phase: Running}}}]}")]
#[case::pods_of_a_role("{objects: [{kind: Pod, role: stable, count: 5}]}")]
#[case::no_pods("{objects: [{kind: Pod, revision: 3, count: 0}, {kind: Pod, terminating: true, count: 0}]}")]
#[case::labels("{objects: [{kind: Pod, labels: {app: rollouts-demo, role: null}, count: '> 4'}]}")]
#[case::over_all(
    "{objects: [{kind: ReplicaSet, count: 3, cel: 'objects.map(o, o.spec.replicas).exists_one(n, n == 5)'}]}"
)]
#[case::the_rollout(
    "{objects: [{kind: Rollout, fields: {metadata: {generation: 4}}, cel: 'object.status.stableRS == hashes[4]'}]}"
)]
#[case::across_kinds(
    "{objects: [{kind: ReplicaSet, revision: 4, cel: 'kinds.Pod.all(p, p.metadata.name.startsWith(object.metadata.name))'}]}"
)]
#[case::owned(
    "{objects: [{kind: ReplicaSet, revision: 1, fields: {metadata: {ownerReferences: [{kind: Rollout, controller: true}]}}}]}"
)]
#[case::gone("{objects: [{kind: ReplicaSet, revision: 9, exists: false}, {kind: AnalysisRun, count: 0}]}")]
#[case::conditions(
    "{conditions: {Available: true, Paused: {status: 'False', reason: RolloutPaused}, Failed: {exists: false}}}"
)]
#[case::conditions_by_release(
    "{conditions: {Progressing: {reason: [{when: '>=1.9', is: NewReplicaSetAvailable}, {when: '<1.9', is: x}]}}}"
)]
#[case::hashes("{hashes: {current: 4, stable: 4}}")]
#[case::status("{status: {abort: null, conditions: {count: 5}, HPAReplicas: 5, selector: app=rollouts-demo}}")]
fn what_holds_at_the_end(#[case] yaml: &str) {
    assert_eq!(wrong(yaml), "");
}

#[test]
fn what_is_said_of_the_rest() {
    let states = [
        "{objects: [{kind: Service, name: none}]}",
        "{objects: [{kind: ReplicaSet, revision: 9, fields: {spec: {replicas: 1}}}]}",
        "{objects: [{kind: ReplicaSet, revision: 4, exists: false}]}",
        "{objects: [{kind: ReplicaSet, revision: 3, fields: {spec: {replicas: 1}}, cel: object.spec.replicas == 1}]}",
        "{objects: [{kind: Pod, revision: 4, count: 4, any: {metadata: {labels: {role: canary}}}}]}",
        "{objects: [{kind: Pod, revision: 3, all: {spec: {nodeName: null}}}]}",
        "{objects: [{kind: Pod, labels: {app: {matches: ^roll}}, none: {status: {phase: Running}}}]}",
        "{objects: [{kind: ReplicaSet, cel: size(objects) == 2}]}",
        "{objects: [{kind: Gadget, count: 1}]}",
        "{conditions: {Available: false, Paused: {reason: {contains: Resumed}}, Failed: {}, Completed: {exists: false}}}",
        "{hashes: {current: 1, stable: 9, active: 4}}",
        "{status: {conditions: {any: {type: Paused, status: 'True'}}, abort: true}}",
        "{event: RolloutUpdated}",
    ];
    let told: Vec<_> = states.iter().map(|yaml| format!("# {yaml}\n{}\n", wrong(yaml))).collect();
    insta::assert_snapshot!(told.join("\n"));
}

fn events(yaml: &str) -> Vec<EventMatch> {
    serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"))
}

fn sequence(history: &History, yaml: &str) -> Sequence {
    event::sequence(history, Point(0), history.end(), &events(yaml), subject())
}

#[test]
fn events_are_found_in_their_order() {
    let log = guide();
    let history = log.history();
    let found = sequence(
        history,
        "[{reason: RolloutUpdated, message: {contains: revision 1}}, NewReplicaSetCreated, RolloutCompleted,
          {reason: RolloutUpdated, message: {contains: revision 2}, type: Normal}, RolloutPaused, RolloutStepCompleted]",
    );
    assert_eq!(found.met.len(), 6);
    assert!(found.met.is_sorted());
    let backwards = sequence(history, "[RolloutPaused, {reason: RolloutUpdated, message: {contains: revision 1}}]");
    assert_eq!(backwards.met.len(), 1);
    assert!(backwards.may_be_dropped, "the guide writes more than 25 events");
}

#[test]
fn an_event_of_another_release_is_passed_over() {
    let log = guide();
    let found =
        sequence(log.history(), "[{reason: Nothing, releases: <1.9}, {reason: RolloutUpdated, releases: '>=1.9'}]");
    assert_eq!(found.met.iter().map(Option::is_some).collect::<Vec<_>>(), [false, true]);
}

#[test]
fn an_event_is_about_the_rollout_unless_it_says_otherwise() {
    let log = guide();
    assert_eq!(sequence(log.history(), "[SuccessfulCreate]").met.len(), 0, "that is about a ReplicaSet");
    assert_eq!(sequence(log.history(), "[{reason: SuccessfulCreate, about: {kind: ReplicaSet}}]").met.len(), 1);
    let named = "[{reason: SuccessfulCreate, about: {kind: ReplicaSet, name: rollouts-demo-5cd66ff7ff}}]";
    assert_eq!(sequence(log.history(), named).met.len(), 1);
}

/// A log with so many writes of Event objects about the Rollout.
fn log_with(events: impl IntoIterator<Item = (&'static str, u64)>) -> Log {
    let mut log = Log::default();
    let mut rv = 0;
    for (reason, count) in events {
        rv += 1;
        let object = json!({
            "kind": "Event",
            "metadata": {"name": reason, "uid": reason, "resourceVersion": rv.to_string()},
            "involvedObject": {"kind": "Rollout", "name": "rollouts-demo", "uid": "u"},
            "source": {"component": "rollouts-controller"},
            "reason": reason, "count": count, "type": "Normal",
            "message": "(combined from similar events): it did so",
        });
        log.record(Observation::Seen { kind: Kind::Event, object, rv, deleted: false }, Timestamp::UNIX_EPOCH);
    }
    log.complete(rv);
    log
}

#[test]
fn a_count_that_grows_is_an_event() {
    let log = log_with([("A", 1), ("B", 1), ("A", 2), ("B", 1)]);
    let history = log.history();
    let points: Vec<_> = event::seen(history, Point(0), history.end()).iter().map(|seen| seen.point).collect();
    assert_eq!(points, [Point(1), Point(2), Point(3)], "a write that does not count is none");
    assert_eq!(sequence(history, "[A, B, {reason: A, message: it did so}]").met.len(), 3);
    assert_eq!(sequence(history, "[B, A, B]").met.len(), 2);
}

#[test]
fn beyond_the_burst_nothing_is_claimed() {
    let few = log_with([("A", 24)]);
    let many = log_with([("A", 24), ("B", 1)]);
    let missing = "[Missing]";
    assert!(!sequence(few.history(), missing).may_be_dropped);
    assert!(sequence(many.history(), missing).may_be_dropped);
    assert!(!sequence(many.history(), "[A]").may_be_dropped, "what was seen was seen");
    let never: StateMatch = serde_saphyr::from_str("{event: Missing}").unwrap();
    let over = |log: &Log| temporal::never(log.history(), Point(0), log.history().end(), &never, subject());
    assert_eq!(over(&few), Claim::Held(2));
    assert_eq!(over(&many), Claim::NotJudged(Why::Events(25)));
    let seen: StateMatch = serde_saphyr::from_str("{event: {reason: B, message: it did so}}").unwrap();
    let claim = temporal::never(many.history(), Point(0), many.history().end(), &seen, subject());
    let Claim::Broken(point, checks) = claim else { panic!("{claim:?}") };
    assert_eq!((point, checks[0].ok), (Point(2), true));
}
