//! The normal form of the recorded guide, and comparisons of runs that are made up.

use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::{
    report::v1,
    timeline::{Kind, recording},
};

fn scenario(id: &str, verdict: &str, steps: Vec<Value>) -> v1::Scenario {
    let steps: Vec<_> = steps.into_iter().enumerate().map(|(n, step)| whole(n, step)).collect();
    let run = json!({
        "id": id, "title": "", "must": "", "verdict": verdict, "seconds": 1.0, "steps": steps, "invariants": [],
        "reason": (verdict == "skip").then_some("for releases >=1.9"),
    });
    serde_json::from_value(run).unwrap()
}

/// A step of which only what matters is written.
fn whole(number: usize, step: Value) -> Value {
    let mut whole = json!({
        "name": format!("number {}", number + 1), "at": "", "action": "", "verdict": "pass", "seconds": 1.0,
        "log": {"from": 0, "to": 0}, "checks": [], "through": [], "claims": [], "pauses": [],
        "observed": {"states": []},
    });
    whole.as_object_mut().unwrap().extend(step.as_object().unwrap().clone());
    whole
}

fn state(phase: &str, message: &str, step: u32, canary: i64) -> Value {
    json!({"rollout": "r", "phase": phase, "message": message, "step": format!("{step}/4"), "weight": 20 * step,
        "replicas": {"canary": canary, "stable": 5 - canary}})
}

fn event(reason: &str, message: &str) -> Value {
    json!({"about": "Rollout", "type": "Normal", "reason": reason, "message": message})
}

fn side(label: &str, runs: impl IntoIterator<Item = v1::Scenario>) -> Side {
    let mut side =
        Side { of: SideOf { label: label.into(), sha256: "0123456789abcdef".into() }, runs: BTreeMap::new() };
    runs.into_iter().for_each(|run| side.runs.entry(run.id.clone()).or_default().push(run));
    side
}

/// Five runs that differ in nothing but the seconds of their first step.
fn five(label: &str, seconds: f64, steps: &[Value]) -> Side {
    let run = |n: u32| {
        let mut steps = steps.to_vec();
        steps[0]["seconds"] = json!(seconds + f64::from(n) / 100.0);
        scenario("guide/x", "pass", steps)
    };
    side(label, (0..5).map(run))
}

#[test]
fn the_recorded_guide_in_normal_form() {
    let recorded = include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl");
    let log = recording::replay(&recording::read(&recorded[..]).unwrap());
    let history = log.history();
    // The writes that bring another image, by another hand than the controller's.
    let mut starts = Vec::new();
    let mut image = Value::Null;
    for entry in history.entries().iter().filter(|entry| entry.kind() == Kind::Rollout) {
        let now = &entry.object.raw["spec"]["template"]["spec"]["containers"][0]["image"];
        if *now != image {
            starts.push(entry.rv);
            image = now.clone();
        }
    }
    let own: BTreeSet<u64> = starts.iter().copied().collect();
    let mut report = scenario("guide/x", "pass", vec![json!({}); starts.len()]);
    observe(history, &starts, &own, &mut report.steps);
    let mut text = String::new();
    for step in &report.steps {
        let observed = step.observed.as_ref().unwrap();
        text += &format!("# {} (events dropped: {})\n", step.name, observed.events_dropped);
        observed.states.iter().for_each(|state| text += &format!("{}\n", serde_json::to_string(state).unwrap()));
        observed
            .events
            .iter()
            .for_each(|e| text += &format!("event {} {} {}: {}\n", e.about, e.r#type, e.reason, e.message));
        text += &format!("writes {:?}\n", observed.writes);
    }
    insta::assert_snapshot!(text);
}

#[test]
fn differences_for_people() {
    let wait = |canary| state("Progressing", "more replicas need to be updated", 1, canary);
    let first = |states: Vec<Value>, events: Vec<Value>, writes: u64| json!({"observed": {"states": states, "events": events, "writes": {"Rollout": writes, "ReplicaSet": 2}}});
    let a = five(
        "v1.8.5",
        1.0,
        &[
            first(
                vec![wait(0), state("Degraded", "RolloutAborted: it failed", 0, 0)],
                vec![event("RolloutAborted", "it failed"), event("Scaled", "up")],
                5,
            ),
            json!({"observed": {"states": [state("Healthy", "", 4, 5)]}}),
        ],
    );
    let b = five(
        "v1.10.2",
        3.0,
        &[first(
            vec![wait(0), wait(1), state("Degraded", "RolloutAborted: the analysis failed", 0, 0)],
            vec![event("RolloutAborted", "the analysis failed"), event("Scaled", "up"), event("Analysed", "x")],
            9,
        )],
    );
    insta::assert_snapshot!(render(&compare(&a, &b, 5)));
}

#[test]
fn a_race_is_no_difference() {
    let with = |canaries: &[i64]| {
        let states: Vec<_> = canaries.iter().map(|n| state("Progressing", "", 1, *n)).collect();
        scenario("a/b", "pass", vec![json!({"observed": {"states": states}})])
    };
    // Four of five runs of A pass through 1 canary, and none of B.
    let a = side("a", [with(&[0, 1, 2]), with(&[0, 1, 2]), with(&[0, 1, 2]), with(&[0, 1, 2]), with(&[0, 2])]);
    let b = side("b", vec![with(&[0, 2]); 5]);
    assert_eq!(compare(&a, &b, 5).differences(), 0);
    // All of A do.
    let a = side("a", vec![with(&[0, 1, 2]); 5]);
    let compared = compare(&a, &b, 5);
    assert_eq!(compared.scenarios[0].differences.len(), 1, "{compared:#?}");
    assert_eq!(compared.scenarios[0].differences[0].a, ["canary 1, stable 4"]);
    // One run of B does, too.
    let mut mixed = vec![with(&[0, 2]); 4];
    mixed.push(with(&[0, 1, 2]));
    assert_eq!(compare(&a, &side("b", mixed), 5).differences(), 0);
}

#[test]
fn the_order_of_what_both_see_tells_at_the_end() {
    let ends = |last: &str| {
        let mut states = vec![state("Paused", "", 1, 1), state("Healthy", "", 1, 1)];
        states.sort_by_key(|state| state["phase"] == last);
        scenario("a/b", "pass", vec![json!({"observed": {"states": states}})])
    };
    let compared = compare(&side("a", vec![ends("Paused"); 5]), &side("b", vec![ends("Healthy"); 5]), 5);
    assert_eq!(compared.scenarios[0].differences[0].aspect, Aspect::End);
    assert_eq!(compared.differences(), 1);
}

#[test]
fn an_event_that_comes_late_or_may_be_dropped_is_not_missed() {
    let run = |first: Vec<Value>, second: Vec<Value>, dropped: bool| {
        let observed =
            |events: Vec<Value>| json!({"observed": {"states": [], "events": events, "eventsDropped": dropped}});
        scenario("a/b", "pass", vec![observed(first), observed(second)])
    };
    let a = side("a", vec![run(vec![event("Scaled", "up")], vec![], false); 5]);
    let late = side("b", vec![run(vec![], vec![event("Scaled", "up")], false); 5]);
    let dropped = side("b", vec![run(vec![], vec![], true); 5]);
    let missing = side("b", vec![run(vec![], vec![], false); 5]);
    assert_eq!([late, dropped, missing].map(|b| compare(&a, &b, 5).differences()), [0, 0, 1]);
}

#[test]
fn a_machine_that_has_become_slow_is_no_difference() {
    let steps = |slow: f64, more: f64| -> Vec<Value> {
        (1..=6).map(|n| json!({"seconds": f64::from(n) * slow + if n == 6 { more } else { 0.0 }})).collect()
    };
    let five = |label: &str, slow: f64, more: f64| side(label, vec![scenario("a/b", "pass", steps(slow, more)); 5]);
    let a = five("a", 1.0, 0.0);
    let slow = compare(&a, &five("b", 2.0, 0.0), 5);
    assert_eq!((slow.differences(), slow.pace.map(|pace| pace.round())), (0, Some(2.0)));
    // One step alone.
    let one = compare(&a, &five("b", 1.0, 6.0), 5);
    assert_eq!(one.differences(), 1, "{one:#?}");
    assert_eq!(one.scenarios[0].differences[0].aspect, Aspect::Latency);
}

#[test]
fn what_is_not_compared_is_said() {
    let run = |id: &str, verdict: &str| scenario(id, verdict, vec![json!({})]);
    let a = side(
        "a",
        [vec![run("a/one", "pass"); 5], vec![run("a/skipped", "skip"); 5], vec![run("a/few", "pass"); 4]].concat(),
    );
    let errors = [vec![run("a/few", "pass"); 4], vec![run("a/few", "error")]].concat();
    let b = side("b", [vec![run("a/skipped", "pass"); 5], errors].concat());
    let compared = compare(&a, &b, 5);
    assert_eq!(compared.scenarios, []);
    insta::assert_snapshot!(render(&compared));
    let b = side("b", vec![run("a/one", "error"); 5]);
    assert_eq!((compared.has_trouble(), compare(&a, &b, 5).has_trouble()), (false, true));
}

fn any_step() -> impl Strategy<Value = Value> {
    let states = prop::collection::vec((0..3_usize, 0..3_u32, 0..3_i64), 0..5);
    let events = prop::collection::vec((0..3_usize, 0..2_usize), 0..4);
    (states, events, 0..6_u64, 1..40_u32, any::<bool>()).prop_map(|(states, events, writes, seconds, dropped)| {
        let phases = ["Healthy", "Paused", "Progressing"];
        let states: Vec<_> = states.into_iter().map(|(phase, step, n)| state(phases[phase], "", step, n)).collect();
        let events: Vec<_> = events.into_iter().map(|(r, m)| event(["A", "B", "C"][r], ["x", "y"][m])).collect();
        json!({"seconds": f64::from(seconds) / 10.0, "observed": {
            "states": states, "events": events, "eventsDropped": dropped, "writes": {"Rollout": writes}}})
    })
}

fn any_runs() -> impl Strategy<Value = Vec<v1::Scenario>> {
    let run = (
        0..2_usize,
        prop::sample::select(vec!["pass", "pass", "fail", "skip", "error"]),
        prop::collection::vec(any_step(), 0..4),
    )
        .prop_map(|(id, verdict, steps)| scenario(["a/one", "a/two"][id], verdict, steps));
    prop::collection::vec(run, 0..10)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, ..ProptestConfig::default() })]

    #[test]
    fn the_same_runs_never_differ_whatever_their_order((runs, shuffled) in any_runs().prop_flat_map(|runs| {
        (Just(runs.clone()), Just(runs).prop_shuffle())
    }), needed in 0..4_usize) {
        let compared = compare(&side("a", runs), &side("b", shuffled), needed);
        prop_assert_eq!(compared.differences(), 0, "{:#?}", compared);
    }

    #[test]
    fn the_order_of_runs_does_not_matter(
        (a, shuffled) in any_runs().prop_flat_map(|runs| (Just(runs.clone()), Just(runs).prop_shuffle())),
        b in any_runs(),
    ) {
        let b = side("b", b);
        let (one, other) = (compare(&side("a", a), &b, 1), compare(&side("a", shuffled), &b, 1));
        prop_assert_eq!(one.scenarios, other.scenarios);
    }

    #[test]
    fn the_sides_are_alike(a in any_runs(), b in any_runs()) {
        let (a, b) = (side("a", a), side("b", b));
        let there = compare(&a, &b, 1);
        let back = compare(&b, &a, 1);
        prop_assert_eq!(there.scenarios.len(), back.scenarios.len());
        for (there, back) in there.scenarios.iter().zip(&back.scenarios) {
            let of = |compared: &Compared, turned: bool| -> Vec<_> {
                let pair = |d: &Difference| if turned { (d.b.clone(), d.a.clone()) } else { (d.a.clone(), d.b.clone()) };
                compared.differences.iter().map(|d| (d.step.clone(), d.aspect, pair(d))).collect()
            };
            prop_assert_eq!(of(there, false), of(back, true));
        }
    }
}
