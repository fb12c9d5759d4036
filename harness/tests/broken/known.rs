//! Bugs that a scenario is known to meet. The controller is the real one, and the scenarios expect what it
//! does not do: to them that is a bug.

use serde_json::Value;

use super::{bench::Bench, conformance::reason, process::run, texts::assert_reads};

/// A scenario whose second step expects too much, and what is known of it.
fn scenario(step: &str, known: &str) -> String {
    format!(
        "title: t
must: It MUST
known: [{known}]
steps:
- name: deploy
  apply: canary.rollout.yaml
  expect: {{phase: Healthy}}
{step}"
    )
}

const STUCK: &str = "\
- name: update
  set-image: {container: app, image: 'argoproj/rollouts-demo:yellow'}
  expect: {phase: Healthy, step: 1/4, replicas: {updated: 4, available: 4}}
  within: 5s
";

const PAUSED: &str =
    "{issue: 7, shows: {step: update, instead: {phase: Paused, message: CanaryPauseStep, replicas: {updated: 1}}}}";

const SCENARIOS: [(&str, &str, &str, &str); 8] = [
    ("instead", STUCK, PAUSED, "known"),
    (
        "another-value",
        STUCK,
        "{issue: 7, shows: {step: update, instead: {phase: Paused, replicas: {updated: 2}}}}",
        "fail",
    ),
    ("unsaid", STUCK, "{issue: 7, shows: {step: update, instead: {phase: Paused}}}", "fail"),
    ("other-releases", STUCK, "{issue: 7, releases: '<1.4', shows: {step: update, silent: true}}", "fail"),
    (
        "silent",
        // Another instance's controller is to look after it now, and there is none.
        "- name: nobody\n  patch: {merge: {metadata: {labels: {argo-rollouts.argoproj.io/controller-instance-id: other}}, \
         spec: {paused: true}}}\n  expect: {phase: Paused}\n  within: 2s\n",
        "{issue: 7, shows: {step: nobody, silent: true}}",
        "known",
    ),
    (
        "refused",
        "- name: patch\n  patch: {merge: {spec: {selector: {matchLabels: {app: other}}}}}\n  expect: {phase: Healthy}\n",
        "{issue: 7, shows: {step: patch, refused: {contains: selector is immutable}}}",
        "known",
    ),
    (
        "breaks",
        "- name: update\n  set-image: {container: app, image: 'a:b'}\n  expect: {phase: Paused}\n  never: [{phase: Unknown}, {replicas: {updated: 1}}]\n",
        "{issue: 7, shows: {step: update, breaks: 'never[2]'}}",
        "known",
    ),
    (
        "fixed",
        "- name: update\n  set-image: {container: app, image: 'a:b'}\n  expect: {phase: Paused}\n  never: [{phase: Unknown}]\n",
        "{issue: 7, shows: {step: update, breaks: 'never[1]'}}",
        "fail",
    ),
];

/// Seen as it is known: not red, and said. Anything else, anything more, or nothing: red.
pub fn known_bugs_hide_nothing_else(bench: &Bench) {
    let rollout =
        std::fs::read_to_string(super::conformance::fixtures().join("lifecycle/canary.rollout.yaml")).unwrap();
    bench.write("fixtures/known/canary.rollout.yaml", &rollout);
    for (name, step, known, _) in SCENARIOS {
        bench.write(&format!("fixtures/known/{name}.yaml"), &scenario(step, known));
    }
    let ended = run(&mut bench.proofroll(&["run", "--fixtures", "fixtures", "--report", "report.json"])).expect(1);
    assert!(ended.stdout.contains("\nNOT as expected: 0 passed, 4 failed, 4 known; "), "{}", ended.stdout);
    let report = bench.report("report.json");
    let mut told = String::new();
    for (name, _, _, verdict) in SCENARIOS {
        let scenario = of(&report, name);
        assert_eq!(scenario["verdict"], verdict, "{name}: {}", reason(scenario));
        let about = reason(scenario).lines().filter(|line| line.contains("#7"));
        told += &format!("# {name}: {verdict}\n{}\n", about.collect::<Vec<_>>().join("\n"));
        // What is known leaves no evidence: nobody has to look.
        assert_eq!(scenario["evidence"].is_null(), verdict == "known", "{name}");
    }
    assert_reads(bench, "known", &told);

    let ended = run(&mut bench.proofroll(&["run", "--fixtures", "fixtures", "known/instead"])).expect(0);
    assert!(ended.stdout.contains("\nall as expected: 0 passed, 0 failed, 1 known; "), "{}", ended.stdout);
}

fn of<'a>(report: &'a Value, name: &str) -> &'a Value {
    let id = format!("known/{name}");
    report["scenarios"].as_array().unwrap().iter().find(|scenario| scenario["id"] == id.as_str()).unwrap()
}
