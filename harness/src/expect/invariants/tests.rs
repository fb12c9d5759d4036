//! Each invariant on the recorded guide, where it must hold and have something to judge, and on the
//! same recording with one thing spoilt, where it must fire. What the guide has nothing for (a router,
//! blue-green, Services that are switched) is in `story_tests`.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{ALL, Ground, Judgement, Quiet};
use crate::timeline::{
    History, Log,
    recording::{self, Line},
};

const PLENTY: usize = 1000;
/// The guide has a basic canary and no Service of its own.
const NOT_IN_THE_GUIDE: [&str; 4] = ["floor-blue-green", "floor-routed", "service-selectors", "weights"];

fn guide() -> Vec<Line> {
    recording::read(&include_bytes!("../../../tests/recordings/guide-v1.10.2.jsonl")[..])
        .expect("the recording is in the repository")
}

/// The user's writes of the recording: promote clears the pause conditions, abort sets `abort`,
/// set image bumps the generation.
fn own_writes(lines: &[Line]) -> BTreeSet<u64> {
    let mut before = Value::Null;
    let mut own = BTreeSet::new();
    for line in lines.iter().filter(|line| line.k == "rollout") {
        let status = &line.o["status"];
        let promoted = status["controllerPause"] == true && status["pauseConditions"].is_null();
        let aborted = status["abort"] == true && before["status"]["abort"] != true;
        let changed = line.o["metadata"]["generation"] != before["metadata"]["generation"];
        if promoted || aborted || changed {
            own.insert(rv(line));
        }
        before = line.o.clone();
    }
    own
}

fn rv(line: &Line) -> u64 {
    line.o["metadata"]["resourceVersion"].as_str().and_then(|rv| rv.parse().ok()).expect("objects have one")
}

fn judge(name: &str, lines: &[Line], quiet: Option<Quiet>) -> Judgement {
    let own_writes = own_writes(lines);
    judge_log(name, &recording::replay(lines), &own_writes, quiet)
}

fn judge_log(name: &str, log: &Log, own_writes: &BTreeSet<u64>, quiet: Option<Quiet>) -> Judgement {
    let invariant = ALL.iter().find(|invariant| invariant.name == name).expect(name);
    invariant.judge(&Ground { history: log.history(), own_writes, quiet })
}

fn at_the_end(history: &History) -> Quiet {
    let end = history.rv(history.end());
    Quiet { inputs_until: end, from: end, to: end, reconciles: 3 }
}

/// Spoils the line that `which` finds first.
fn spoil(which: impl Fn(&Line) -> bool, how: impl Fn(&mut Value)) -> Vec<Line> {
    let mut lines = guide();
    let line = lines.iter_mut().find(|line| which(line)).expect("the recording has such a line");
    how(&mut line.o);
    lines
}

/// A copy of the last line of `kind`, one resourceVersion after the end, changed by `how`.
fn append(lines: &mut Vec<Line>, kind: &str, how: impl Fn(&mut Value)) {
    let next = lines.iter().map(rv).max().unwrap_or(0) + 1;
    let mut line = lines.iter().rev().find(|line| line.k == kind).expect(kind).clone();
    line.o["metadata"]["resourceVersion"] = json!(next.to_string());
    line.e = "MODIFIED".into();
    how(&mut line.o);
    lines.push(line);
}

#[test]
fn all_hold_on_the_guide_and_have_something_to_judge() {
    let lines = guide();
    let log = recording::replay(&lines);
    let own_writes = own_writes(&lines);
    let quiet = at_the_end(log.history());
    for invariant in ALL {
        let judgement = judge_log(invariant.name, &log, &own_writes, Some(quiet));
        assert_eq!(judgement.violations, [], "{}", invariant.name);
        let judges = !NOT_IN_THE_GUIDE.contains(&invariant.name);
        assert_eq!(judgement.judged > 0, judges, "{} judged {}", invariant.name, judgement.judged);
    }
}

fn fires(judgement: &Judgement) -> &str {
    assert_eq!(judgement.violations.len(), 1, "{:#?}", judgement.violations);
    &judgement.violations[0].what
}

#[test]
fn ceiling_fires() {
    let lines = spoil(|l| l.k == "rs" && l.o["spec"]["replicas"] == 2, |o| o["spec"]["replicas"] = json!(9));
    let judgement = judge("ceiling", &lines, None);
    insta::assert_snapshot!(fires(&judgement));
}

#[test]
fn floor_fires() {
    // The stable ReplicaSet is lowered to 1 where it should keep 4.
    let lines = spoil(
        |l| l.k == "rs" && l.o["spec"]["replicas"] == 4 && l.e == "MODIFIED",
        |o| o["spec"]["replicas"] = json!(1),
    );
    let judgement = judge("floor", &lines, None);
    insta::assert_snapshot!(judgement.violations[0].what);
}

#[test]
fn counters_at_rest_fires() {
    let mut lines = guide();
    append(&mut lines, "rollout", |o| o["status"]["readyReplicas"] = json!(4));
    let quiet = at_the_end(recording::replay(&lines).history());
    insta::assert_snapshot!(fires(&judge("counters-at-rest", &lines, Some(quiet))));
}

#[test]
fn revision_fires() {
    let mut lines = guide();
    append(&mut lines, "rs", |o| o["metadata"]["annotations"]["rollout.argoproj.io/revision"] = json!("0"));
    let judgement = judge("revision", &lines, None);
    assert!(fires(&judgement).ends_with("and is now revision 0"), "{judgement:?}");
}

#[test]
fn step_index_fires() {
    let mut lines = guide();
    append(&mut lines, "rollout", |o| o["status"]["currentStepIndex"] = json!(3));
    insta::assert_snapshot!(fires(&judge("step-index", &lines, None)));
}

#[test]
fn stable_hash_fires_when_it_is_not_the_current_one() {
    let mut lines = guide();
    append(&mut lines, "rollout", |o| o["status"]["stableRS"] = json!("6f75f48b7"));
    insta::assert_snapshot!(fires(&judge("stable-hash", &lines, None)));
}

#[test]
fn stable_hash_fires_when_steps_are_left() {
    // Yellow is called stable while it waits at 20%.
    let lines = spoil(
        |l| l.k == "rollout" && l.o["status"]["currentStepIndex"] == 1,
        |o| o["status"]["stableRS"] = o["status"]["currentPodHash"].clone(),
    );
    let judgement = judge("stable-hash", &lines, None);
    insta::assert_snapshot!(judgement.violations[0].what);
}

#[test]
fn no_return_fires() {
    let mut lines = guide();
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("and another"));
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    insta::assert_snapshot!(fires(&judge("no-return", &lines, None)));
}

#[test]
fn no_return_allows_a_return_after_an_input() {
    let mut lines = guide();
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("and another"));
    append(&mut lines, "rs", |o| o["status"]["availableReplicas"] = json!(4));
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    assert_eq!(judge("no-return", &lines, None).violations, []);
}

#[test]
fn quiet_fires_on_a_write() {
    let mut lines = guide();
    let from = lines.iter().map(rv).max().unwrap();
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    let quiet = Quiet { inputs_until: from, from, to: from + 1, reconciles: 2 };
    insta::assert_snapshot!(fires(&judge("quiet", &lines, Some(quiet))));
}

#[test]
fn quiet_excuses_a_write_after_an_input_that_the_fence_may_not_have_seen() {
    let mut lines = guide();
    let inputs_until = lines.iter().map(rv).max().unwrap();
    append(&mut lines, "rs", |o| o["status"]["readyReplicas"] = json!(4));
    append(&mut lines, "rollout", |o| o["status"]["message"] = json!("other"));
    let quiet = Quiet { inputs_until, from: inputs_until + 1, to: inputs_until + 2, reconciles: 2 };
    assert_eq!(judge("quiet", &lines, Some(quiet)).violations, []);
}

#[test]
fn quiet_fires_on_a_loop_without_writes() {
    let lines = guide();
    let from = lines.iter().map(rv).max().unwrap();
    let quiet = Quiet { inputs_until: from, from, to: from + 1, reconciles: PLENTY };
    insta::assert_snapshot!(fires(&judge("quiet", &lines, Some(quiet))));
}

#[test]
fn pause_length_fires() {
    // The write that ends the pause at step 3 bears a second that is too early.
    let lines = spoil(
        |l| l.k == "rollout" && l.o["status"]["currentStepIndex"] == 4,
        |o| {
            o["metadata"]["managedFields"] =
                json!([{"manager": "rollouts-controller", "operation": "Update", "time": "2026-11-23T04:16:40Z"}])
        },
    );
    let judgement = judge("pause-length", &lines, None);
    insta::assert_snapshot!(fires(&judgement));
}

/// The same, but somebody had asked for a full promotion: the controller forgets that in the same write.
#[test]
fn pause_length_excuses_who_was_told_to_go_on() {
    let mut lines = spoil(
        |l| l.k == "rollout" && l.o["status"]["currentStepIndex"] == 4,
        |o| {
            o["metadata"]["managedFields"] =
                json!([{"manager": "rollouts-controller", "operation": "Update", "time": "2026-11-23T04:16:40Z"}])
        },
    );
    for line in lines.iter_mut().filter(|l| l.k == "rollout" && l.o["status"]["currentStepIndex"] == 3) {
        line.o["status"]["promoteFull"] = json!(true);
    }
    assert_eq!(judge("pause-length", &lines, None).violations, []);
}
