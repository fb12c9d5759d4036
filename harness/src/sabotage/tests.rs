use rstest::rstest;

use v1::Verdict::{Error, Fail, Pass, Skip};

use super::*;
use crate::{
    sabotage::{all, sample},
    scenario::{Action, Family, Library},
};

fn family() -> Family {
    let text = "title: t
must: It MUST
steps:
- {name: deploy, apply: canary-basic.rollout.yaml, expect: {phase: Healthy}}
- {name: update, set-image: {container: rollouts-demo, image: 'a:b'}, expect: {phase: Paused}}
known: [{issue: 7, releases: '>=1.9', shows: {step: update, silent: true}}]
breaks:
- {name: forty, step: update, manifest: {set: {'spec.strategy.canary.steps[0].setWeight': 40}}}
- {name: idle, step: update, action: {observe: {}}}
- {name: hole, invariant: floor, manifest: {set: {spec.replicas: 3}}}
";
    let path = crate::scenario::in_repository("fixtures/guide/broken.yaml");
    let scenario = Library::embedded().load_text(&path, text).unwrap();
    Family { id: scenario.id.clone(), title: String::new(), must: String::new(), scenarios: vec![scenario] }
}

fn breach(what: &str) -> v1::Breach {
    v1::Breach { what: what.into(), detail: "updated 2 (expected 1)\nand more".into(), resource_version: None }
}

fn report(verdict: v1::Verdict, steps: [&str; 2], end: &str) -> v1::Scenario {
    let broken =
        |whats: &str| -> Vec<v1::Breach> { whats.split(", ").filter(|what| !what.is_empty()).map(breach).collect() };
    let step = |whats: &str| v1::Step { verdict: Fail, broken: broken(whats), ..v1::Step::default() };
    v1::Scenario {
        verdict,
        steps: steps.map(step).into(),
        broken: broken(end),
        reason: Some("why\nand where".into()),
        ..v1::Scenario::default()
    }
}

#[test]
fn that_an_action_is_not_refused_is_caught() {
    let mut family = family();
    family.scenarios[0].steps[1].refused = Some(crate::scenario::value::Text::Contains("immutable".into()));
    let broken = &all(&[family]).0[1];
    assert_eq!(judge(broken, &report(Fail, ["", "refused"], ""), None).outcome, Outcome::Caught);
}

#[rstest]
#[case::at_its_step(0, Fail, ["", "expect"], "", Outcome::Caught, "expect: updated 2 (expected 1)")]
#[case::nobody_noticed(0, Pass, ["", ""], "", Outcome::Survived, "all as expected")]
#[case::too_early(0, Fail, ["never[1]", "expect"], "", Outcome::Elsewhere, "step 1: never[1]: updated 2 (expected 1)")]
#[case::too_late(0, Fail, ["", ""], "invariant floor", Outcome::Elsewhere, "invariant floor: updated 2 (expected 1)")]
#[case::refused(0, Fail, ["", "refused"], "", Outcome::Refused, "refused: updated 2 (expected 1)")]
#[case::at_its_invariant(2, Fail, ["", ""], "never[1], invariant floor", Outcome::Caught, "invariant floor: updated 2 (expected 1)")]
#[case::at_another_invariant(2, Fail, ["", ""], "invariant quiet", Outcome::Elsewhere, "invariant quiet: updated 2 (expected 1)")]
#[case::at_a_step(2, Fail, ["", "expect"], "invariant floor", Outcome::Elsewhere, "step 2: expect: updated 2 (expected 1)")]
#[case::not_run(0, Skip, ["", ""], "", Outcome::Skipped, "why")]
#[case::no_plane(0, Error, ["", ""], "", Outcome::Error, "why")]
fn a_break_is(
    #[case] which: usize,
    #[case] verdict: v1::Verdict,
    #[case] steps: [&str; 2],
    #[case] end: &str,
    #[case] outcome: Outcome,
    #[case] detail: &str,
) {
    let (broken, _) = all(&[family()]);
    let report = report(verdict, steps, end);
    let judged = judge(&broken[which], &report, Some(&Version::new(1, 4, 1)));
    assert_eq!(judged, Judged { outcome, detail: detail.into() });
    // Where a bug shows first, a break proves nothing.
    let known = judge(&broken[which], &report, Some(&Version::new(1, 10, 2)));
    assert_eq!(known.outcome, if outcome.is_bad() { Outcome::Skipped } else { outcome });
}

#[test]
fn a_break_changes_what_is_done_and_nothing_else() {
    let family = family();
    let (broken, without) = all(std::slice::from_ref(&family));
    assert!(without.is_empty());
    let done =
        broken.iter().map(|b| b.scenario.steps.iter().map(|s| s.action.to_string()).collect::<Vec<_>>().join("; "));
    insta::assert_snapshot!(done.collect::<Vec<_>>().join("\n"), @r"
    apply Rollout rollouts-demo (spec.strategy.canary.steps[0].setWeight: 40); set image rollouts-demo=a:b
    apply Rollout rollouts-demo; look on
    apply Rollout rollouts-demo (spec.replicas: 3); set image rollouts-demo=a:b
    ");
    let before = &family.scenarios[0];
    for broken in &broken {
        assert_eq!(broken.of, before.id);
        assert!(broken.scenario.known.is_empty(), "what is known must not explain a break");
        for (step, was) in broken.scenario.steps.iter().zip(&before.steps) {
            assert_eq!(format!("{:?}", step.expect), format!("{:?}", was.expect));
        }
    }
    let Action::Apply(manifests) = &broken[0].scenario.steps[0].action else { panic!() };
    assert_eq!(manifests[0].object["spec"]["strategy"]["canary"]["steps"][0]["setWeight"], 40);
}

#[test]
fn a_sample_is_the_same_for_the_same_seed() {
    let breaks = || all(&[family()]).0;
    let names = |sample: &[Broken]| sample.iter().map(|b| b.by.name.clone()).collect::<Vec<_>>();
    let two = sample(breaks(), 2, 7);
    assert_eq!(names(&two), names(&sample(breaks(), 2, 7)));
    assert_eq!(two.len(), 2);
    let all: std::collections::BTreeSet<_> = (0..20).flat_map(|seed| names(&sample(breaks(), 1, seed))).collect();
    assert_eq!(all.len(), 3);
    assert_eq!(sample(breaks(), 9, 7).len(), 3);
}
