//! Manifests that are changed before they are applied.

use serde_json::json;

use super::load_beside;
use crate::scenario::Action;

const SERVICE: &str = "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {ports: [{port: 80}]}\n";

#[test]
fn a_change_is_made_to_the_rollout_and_to_what_is_named() {
    let both = format!("{}---\n{SERVICE}", super::ROLLOUT);
    let scenario = "title: t
must: It MUST
given: {use: service.yaml, set: {'spec.ports[0].port': 8080}}
steps:
- apply:
  - use: both.yaml
    set:
      spec.replicas: 3
      spec.strategy.canary.steps[0].setWeight: 40
      spec.revisionHistoryLimit: null
      metadata.annotations[\"example.com/owner\"]: me
  - service.yaml
  - {use: both.yaml, kind: Service, name: s, set: {metadata.name: t}}
  expect: {phase: Healthy}
- apply: rollout.yaml
  expect: {phase: Healthy}
";
    let loaded = load_beside(scenario, &[("both.yaml", &both), ("service.yaml", SERVICE)]).unwrap();
    assert_eq!(loaded.given[0].object["spec"]["ports"], json!([{"port": 8080}]));
    let Action::Apply(manifests) = &loaded.steps[0].action else { panic!("{}", loaded.steps[0].action) };
    let names: Vec<_> = manifests.iter().map(|m| m.name.as_str()).collect();
    assert_eq!(names, ["s", "s", "t", "rollouts-demo", "rollouts-demo"]);
    let spec = &manifests[3].object["spec"];
    assert_eq!((&spec["replicas"], &spec["strategy"]["canary"]["steps"][0]), (&json!(3), &json!({"setWeight": 40})));
    assert!(spec.get("revisionHistoryLimit").is_none());
    assert_eq!(manifests[3].object["metadata"]["annotations"], json!({"example.com/owner": "me"}));
    // What is used again is as it was.
    let Action::Apply(manifests) = &loaded.steps[1].action else { panic!("{}", loaded.steps[1].action) };
    assert_eq!(manifests[0].object["spec"]["replicas"], 5);
    insta::assert_snapshot!(loaded.steps[0].action, @r#"apply Service s, Service s, Service t (metadata.name: "t"), Rollout rollouts-demo (spec.replicas: 3, spec.strategy.canary.steps[0].setWeight: 40, spec.revisionHistoryLimit: removed, metadata.annotations["example.com/owner"]: "me"), Rollout rollouts-demo"#);
}

#[test]
fn the_steps_are_checked_against_what_is_changed() {
    let steps = "steps:\n- apply: {use: rollout.yaml, set: {'spec.strategy.canary.steps': [{pause: {}}]}}\n  expect: {step: 8/8}\n";
    let error = load_beside(&format!("title: t\nmust: m\n{steps}"), &[]).unwrap_err();
    assert_eq!(error.faults[0].what, "`8/8`: the Rollout `rollouts-demo` has 1 steps");
}

#[test]
fn a_parameter_changes_a_manifest() {
    let family = "title: t
must: m
cases:
  few: {replicas: 2, steps: [{setWeight: 50}]}
  many: {replicas: 20, steps: null}
steps:
- apply: {use: rollout.yaml, set: {spec.replicas: $(replicas), spec.strategy.canary.steps: $(steps)}}
  expect: {replicas: {desired: $(replicas)}}
";
    let family = super::family_beside(family, &[]).unwrap();
    let specs = family.scenarios.iter().map(|s| match &s.steps[0].action {
        Action::Apply(manifests) => json!([
            manifests[0].object["spec"]["replicas"],
            manifests[0].object["spec"]["strategy"]["canary"].get("steps"),
        ]),
        other => panic!("{other}"),
    });
    assert_eq!(specs.collect::<Vec<_>>(), [json!([2, [{"setWeight": 50}]]), json!([20, null])]);
}

#[test]
fn breaks_are_made_in_one_case() {
    let family = "title: t
must: m
cases:
  few: {replicas: 2}
  many: {replicas: 20}
steps:
- {name: deploy, apply: {use: rollout.yaml, set: {spec.replicas: $(replicas)}}, expect: {phase: Healthy}}
breaks:
- {name: in the first, step: deploy, manifest: {set: {spec.replicas: 3}}}
- {name: in the second, case: many, step: deploy, manifest: {set: {spec.replicas: 4}}}
";
    let family = super::family_beside(family, &[]).unwrap();
    let made = family.scenarios.iter().map(|s| {
        let broken = s.breaks.iter().map(|b| format!("{}: {}", b.made_in(s).id, b.made_in(s).steps[0].action));
        broken.collect::<Vec<_>>().join(", ")
    });
    insta::assert_snapshot!(made.collect::<Vec<_>>().join("\n"), @r"
    my[few] (in the first): apply Rollout rollouts-demo (spec.replicas: 3)
    my[many] (in the second): apply Rollout rollouts-demo (spec.replicas: 4)
    ");
}

#[test]
fn a_break_is_looked_at_only_in_its_case() {
    // In the case `few` there is no second step to be changed.
    let family = "title: t
must: m
cases:
  few: {weights: [20]}
  many: {weights: [20, 40]}
steps:
- name: deploy
  apply: {use: rollout.yaml, set: {spec.strategy.canary.steps: $(weights)}}
  expect: {phase: Healthy}
breaks:
- {name: the second step, case: many, step: deploy, manifest: {set: {'spec.strategy.canary.steps[1]': 3}}}
";
    let family = super::family_beside(family, &[]).unwrap();
    let breaks: Vec<_> = family.scenarios.iter().map(|s| s.breaks.len()).collect();
    assert_eq!(breaks, [0, 1]);
}

const KNOWING: &str = "title: t
must: m
cases:
  few: {replicas: 2}
  many: {replicas: 20}
known:
- {issue: 7, cases: [many], shows: {step: deploy, silent: true}}
- {issue: 8, shows: {step: deploy, instead: {phase: Degraded}}, sometimes: true}
steps:
- {name: deploy, apply: {use: rollout.yaml, set: {spec.replicas: $(replicas)}}, expect: {phase: Healthy}}
";

#[test]
fn what_is_known_may_be_met_by_some_cases_only() {
    let family = super::family_beside(KNOWING, &[]).unwrap();
    let known = |s: &crate::scenario::Scenario| s.known.iter().map(|k| k.issue.clone()).collect::<Vec<_>>();
    let known: Vec<_> = family.scenarios.iter().map(|s| (s.id.as_str(), known(s))).collect();
    assert_eq!(known, [("my[few]", vec!["#8".to_owned()]), ("my[many]", vec!["#7".to_owned(), "#8".to_owned()])]);
}

#[test]
fn what_is_known_of_a_case_that_is_not_there() {
    let error = super::family_beside(&KNOWING.replace("[many]", "[many, mny]"), &[]).unwrap_err();
    insta::assert_snapshot!(error, @r"
    my.yaml:7:28: there is no case `mny`
      |
    7 | - {issue: 7, cases: [many, mny], shows: {step: deploy, silent: true}}
      |                            ^^^
      = did you mean `many`?
    ");
}
