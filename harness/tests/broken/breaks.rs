//! Scenarios that are broken by their own `breaks`: what they notice, and what it takes to say so.

use super::{bench::Bench, conformance::fixtures, process::run, texts::assert_reads};

/// A sample of the shipped ones; `proofroll breaks` makes all.
pub fn breaks_are_caught(bench: &Bench) {
    let ended =
        run(&mut bench.proofroll(&["breaks", "lifecycle", "--sample", "6", "--seed", "2", "--jobs", "6"])).expect(0);
    assert!(
        ended.stdout.contains("\n6 of 6 breaks caught where they must be; 0 scenarios have none\n"),
        "{}",
        ended.stdout
    );
    // Each was red, and nobody has to look.
    let kept = std::fs::read_dir(bench.path("out")).unwrap().count();
    assert_eq!(kept, 0);
}

/// Breaks that break nothing, break something else, or can't be made: exit code 1, and the table says which.
pub fn a_break_that_nobody_notices(bench: &Bench) {
    let rollout = std::fs::read_to_string(fixtures().join("lifecycle/canary.rollout.yaml")).unwrap();
    bench.write("fixtures/weak/canary.rollout.yaml", &rollout);
    let steps = "\
steps:
- name: deploy
  apply: canary.rollout.yaml
  expect: {phase: Healthy}
- name: update
  set-image: {container: app, image: 'argoproj/rollouts-demo:yellow'}
  expect: {phase: Paused}
  within: 5s
";
    let breaks = "\
breaks:
- name: half of the pods are new
  step: update
  manifest: {set: {'spec.strategy.canary.steps[0].setWeight': 50}}
- name: nobody updates it
  step: update
  action: {observe: {}}
- name: it is paused from the start
  step: update
  manifest: {set: {spec.paused: true}}
- name: it can't be done
  step: update
  action: {patch: {merge: {spec: {selector: {matchLabels: {app: other}}}}}}
- name: no floor is broken
  invariant: floor
  manifest: {set: {spec.replicas: 2}}
";
    bench.write("fixtures/weak/expects-little.yaml", &format!("title: t\nmust: It MUST\n{steps}{breaks}"));
    bench.write("fixtures/weak/has-none.yaml", &format!("title: t\nmust: It MUST\n{steps}"));
    let ended = run(&mut bench.proofroll(&["breaks", "--fixtures", "fixtures"])).expect(1);
    assert_reads(bench, "breaks", &ended.stdout);
}
