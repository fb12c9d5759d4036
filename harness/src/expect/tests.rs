//! Gates, claims and `through`, on the recorded guide.

use rstest::rstest;
use semver::Version;

use super::{
    Gate, Subject, compare,
    temporal::{self, Claim, Why},
};
use crate::{
    scenario::model::StateMatch,
    timeline::{Gap, History, Kind, Log, Observation, Point, recording},
};

fn guide() -> Log {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]);
    recording::replay(&lines.expect("the recording is in the repository"))
}

fn release() -> Version {
    Version::new(1, 10, 2)
}

fn subject(release: &Version) -> Subject<'_> {
    Subject { rollout: "rollouts-demo", release }
}

fn state(yaml: &str) -> StateMatch {
    serde_saphyr::from_str(yaml).expect(yaml)
}

fn first(history: &History, from: Point, yaml: &str) -> Option<Point> {
    temporal::first(history, from, &state(yaml), subject(&release()))
}

/// The point at which the nth generation is observed.
fn observed(history: &History, generation: i64) -> Point {
    let gate = Gate::Observed { rollout: "rollouts-demo".into(), rv: 0, generation };
    gate.find(history, Point(0)).expect("the guide came so far")
}

#[test]
fn a_state_before_the_gate_does_not_count() {
    let log = guide();
    let history = log.history();
    let healthy = "{phase: Healthy, step: 8/8}";
    let blue = first(history, Point(0), healthy).unwrap();
    let gate = observed(history, 2);
    assert!(blue < gate, "the first deploy is Healthy before yellow is observed");
    let yellow = first(history, gate, healthy).unwrap();
    assert!(first(history, gate, "{phase: Paused, step: 1/8}").unwrap() < yellow);
}

#[test]
fn a_gate_on_a_version_is_passed_at_that_version() {
    let log = guide();
    let history = log.history();
    let rv = history.rv(Point(40));
    assert_eq!(Gate::Written { rv }.find(history, Point(0)), Some(Point(40)));
    assert_eq!(Gate::Written { rv }.find(history, Point(50)), Some(Point(50)), "never before the step began");
    assert_eq!(Gate::Written { rv: u64::MAX }.find(history, Point(0)), None, "not seen yet");
    assert_eq!(Gate::Open.find(history, Point(7)), Some(Point(7)), "an action that changed nothing");
}

#[test]
fn a_gate_on_a_deletion_is_passed_when_the_object_is_gone() {
    let log = guide();
    let history = log.history();
    let gone = history.entries().iter().find(|entry| entry.deleted && entry.kind() == Kind::Pod).unwrap();
    let gate = Gate::Gone { kind: Kind::Pod, uid: gone.object.uid.clone() };
    let from = history.at_rv(gone.rv);
    assert_eq!(gate.find(history, Point(from.0 - 1)), Some(from));
}

#[test]
fn the_guide_is_walked_through_in_order() {
    let log = guide();
    let history = log.history();
    let gate = observed(history, 2);
    let end = first(history, gate, "{phase: Healthy, revisions: {2: {role: stable}}}").unwrap();
    let through: Vec<_> = [
        "{step: 1/8, phase: Paused, weight: {set: 20, actual: 20}, replicas: {updated: 1}}",
        "{step: 3/8, weight: {set: 40}, replicas: {updated: 2}}",
        "{step: 5/8, weight: {set: 60}, replicas: {updated: 3}}",
        "{step: 7/8, phase: Paused, weight: {set: 80, actual: 80}, replicas: {updated: 4}}",
    ]
    .map(state)
    .into();
    let release = release();
    let passage = temporal::passage(history, gate, end, &through, subject(&release));
    assert_eq!(passage.met.len(), 4);
    assert!(passage.met.is_sorted());
    let backwards: Vec<_> = through.iter().rev().cloned().collect();
    let passage = temporal::passage(history, gate, end, &backwards, subject(&release));
    assert_eq!(passage.met.len(), 1, "80 comes after 60, not before");
    let (_, nearest) = passage.nearest.expect("some state comes near");
    assert!(nearest.iter().any(|check| !check.ok));
}

#[test]
fn back_to_stable_is_the_same_replica_set_and_takes_no_step() {
    let log = guide();
    let history = log.history();
    let gate = observed(history, 4);
    let end = first(
        history,
        gate,
        "{phase: Healthy, revisions: {4: {role: stable, was: 2, pods: 5}, 3: {scaled-down: true}}}",
    );
    let end = end.expect("revision 4 is the ReplicaSet that was revision 2");
    let release = release();
    let paused = state("{phase: Paused}");
    assert!(matches!(temporal::never(history, gate, end, &paused, subject(&release)), Claim::Held(_)));
    assert_eq!(first(history, gate, "{revisions: {4: {was: 1}}}"), None);
    assert_eq!(first(history, gate, "{revisions: {4: {was: 3}}}"), None);
}

#[test]
fn a_state_of_a_moment_breaks_never_and_always() {
    let log = guide();
    let history = log.history();
    let release = release();
    let (from, to) = (observed(history, 2), history.end());
    let Claim::Broken(point, checks) = temporal::never(history, from, to, &state("{step: 5/8}"), subject(&release))
    else {
        panic!("the guide passes step 5");
    };
    assert_eq!(checks[0].got, "5/8");
    assert_eq!(first(history, from, "{step: 5/8}"), Some(point), "the first state is named");
    let four = state("{replicas: {available: '>= 4'}}");
    assert!(matches!(temporal::always(history, from, to, &four, subject(&release)), Claim::Held(n) if n > 100));
    let five = state("{replicas: {updated: '>= 1'}}");
    assert!(matches!(temporal::always(history, from, to, &five, subject(&release)), Claim::Broken(..)));
}

#[test]
fn over_a_gap_nothing_is_claimed() {
    let mut log = guide();
    let (from, to) = (observed(log.history(), 2), log.history().end());
    let gap = Gap { kind: Kind::Pod, after: log.history().rv(from) + 1, until: log.history().rv(from) + 5 };
    log.record(Observation::Missed(gap), jiff::Timestamp::UNIX_EPOCH);
    let release = release();
    let subject = subject(&release);
    let history = log.history();
    assert_eq!(
        temporal::never(history, from, to, &state("{phase: Unknown}"), subject),
        Claim::NotJudged(Why::Gap(gap))
    );
    let broken = temporal::never(history, from, to, &state("{phase: Paused}"), subject);
    assert!(matches!(broken, Claim::Broken(..)), "what was seen was seen, gap or not");
    let later = Point(history.at_rv(gap.until).0);
    assert!(matches!(temporal::never(history, later, to, &state("{phase: Unknown}"), subject), Claim::Held(_)));
}

#[test]
fn healthy_needs_counters_at_rest() {
    let mut lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
    let last = lines.iter_mut().rev().find(|line| line.k == "rollout").unwrap();
    last.o["status"]["availableReplicas"] = serde_json::json!(6);
    let log = recording::replay(&lines);
    let release = release();
    let checks = compare(&state("{phase: Healthy}"), log.history().last(), subject(&release));
    assert!(!checks[0].ok);
    assert_eq!(checks[0].got, "Healthy, but availableReplicas says 6, the ReplicaSets hold 5");
    let over = |claim: fn(&History, Point, Point, &StateMatch, Subject<'_>) -> Claim, described: &str| {
        claim(log.history(), log.history().end(), log.history().end(), &state(described), subject(&release))
    };
    assert!(
        matches!(over(temporal::always, "{phase: Healthy}"), Claim::Held(1)),
        "it stays healthy while a counter lags"
    );
    assert!(matches!(over(temporal::always, "{phase: Healthy, replicas: {available: 5}}"), Claim::Broken(..)));
    assert!(matches!(over(temporal::never, "{phase: Healthy}"), Claim::Held(1)));
}

#[rstest]
#[case("{phase: Paused}", "phase: expected Paused, got Healthy")]
#[case("{message: CanaryPauseStep}", "message: expected \"CanaryPauseStep\", got \"\"")]
#[case("{step: 1/8}", "step: expected 1/8, got 8/8")]
#[case("{weight: {set: 40, actual: 100}}", "weight.set: expected 40, got 100")]
#[case("{replicas: {available: '< 4'}}", "replicas.available: expected < 4, got 5")]
#[case("{revisions: {4: {role: canary}}}", "revisions.4.role: expected canary, got stable")]
#[case("{revisions: {9: {pods: 1}}}", "revisions.9.exists: expected a ReplicaSet, got revisions 4, 3, 1")]
#[case("{revisions: {3: {exists: false}}}", "revisions.3.exists: expected no ReplicaSet, got rollouts-demo-64fbcbbd74")]
#[case("{revisions: {4: {pods: 4, terminating: 0, ready: 5}}}", "revisions.4.pods: expected 4, got 5")]
#[case(
    "{revisions: {4: {scaled-down: true}}}",
    "revisions.4.scaled-down: expected scaled down, got spec.replicas 5, 5 pods"
)]
#[case(
    "{revisions: {4: {was: 1}}}",
    "revisions.4.was: expected rollouts-demo-5cd66ff7ff, which was revision 1, got rollouts-demo-76ddfb4f47"
)]
#[case(
    "{images: {'argoproj/rollouts-demo:blue': [stable]}}",
    "images: expected argoproj/rollouts-demo:blue (stable), got argoproj/rollouts-demo:yellow (stable)"
)]
#[case(
    "{services: {rollouts-demo: {selector: {app: x}}}}",
    "services.rollouts-demo.selector: expected app=x, got app=rollouts-demo"
)]
#[case("{services: {none: {}}}", "services.none.exists: expected a Service, got no Service")]
#[case("{exists: false}", "exists: expected no Rollout, got rollouts-demo")]
#[case("{list: {status: Paused}}", "list.status: expected Paused, got Healthy")]
fn each_field_says_what_is_wrong(#[case] yaml: &str, #[case] says: &str) {
    let log = guide();
    let release = release();
    let checks = compare(&state(yaml), log.history().last(), subject(&release));
    let wrong: Vec<_> = checks.iter().filter(|check| !check.ok).collect();
    assert_eq!(wrong.len(), 1, "{checks:?}");
    assert_eq!(format!("{}: expected {}, got {}", wrong[0].field, wrong[0].expected, wrong[0].got), says);
}

#[test]
fn values_by_release_are_compared_with_the_release() {
    let log = guide();
    let expected = state("{message: [{when: '>=1.9', is: ''}, {when: '<1.9', contains: old}]}");
    let new = compare(&expected, log.history().last(), subject(&release()));
    assert!(new[0].ok);
    let old = Version::new(1, 8, 5);
    let checks = compare(&expected, log.history().last(), subject(&old));
    assert_eq!((checks[0].ok, checks[0].expected.as_str()), (false, "contains \"old\""));
}
