use std::fs;

use rstest::rstest;

use super::*;

const BASIC: &str = include_str!("../../../../fixtures/guide/canary-basic.rollout.yaml");

fn rollout(strategy: &str, more: &str) -> String {
    format!(
        "apiVersion: argoproj.io/v1alpha1\nkind: Rollout\nmetadata: {{name: mine}}\nspec:\n  replicas: 3\n  strategy: {strategy}\n\
         \x20 selector: {{matchLabels: {{app: a}}}}\n  template:\n    metadata: {{labels: {{app: a}}}}\n\
         \x20   spec: {{containers: [{{name: a, image: 'a:b'}}]}}\n{more}"
    )
}

fn service(name: &str) -> String {
    format!("---\napiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\nspec: {{selector: {{app: a}}}}\n")
}

/// What is generated loads, always: `generate` loads it.
fn generated(manifest: &str) -> Result<Generated, ScenarioError> {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("my rollout.yaml");
    fs::write(&path, manifest).unwrap();
    generate(&Library::embedded(), &path).map_err(|mut error| {
        for fault in &mut error.faults {
            fault.at.file = "my rollout.yaml".into();
        }
        error
    })
}

#[rstest]
#[case::basic_canary("basic_canary", BASIC.to_owned())]
#[case::annotated_canary("annotated_canary", BASIC.replace("        app: rollouts-demo\n    spec", "        app: rollouts-demo\n      annotations: {a: b}\n    spec"))]
#[case::rolling_update("rolling_update", rollout("{canary: {}}", "  minReadySeconds: 5\n"))]
#[case::short_pauses(
    "short_pauses",
    rollout("{canary: {steps: [{setWeight: 10}, {pause: {duration: 5}}, {pause: {duration: 3s}}]}}", "")
)]
#[case::long_pause_after_short_one(
    "long_pause_after_short_one",
    rollout("{canary: {steps: [{pause: {duration: 5}}, {setWeight: 40}, {pause: {duration: 1h}}]}}", "")
)]
#[case::routed("routed", rollout("{canary: {canaryService: c, stableService: s, trafficRouting: {nginx: {stableIngress: i}}, steps: [{setWeight: 5}, {pause: {}}]}}",
    &(service("c") + &service("s"))))]
#[case::analysis_step(
    "analysis_step",
    rollout("{canary: {steps: [{setWeight: 10}, {analysis: {templates: [{templateName: t}]}}, {pause: {}}]}}", "")
)]
#[case::no_history("no_history", BASIC.replace("revisionHistoryLimit: 2", "revisionHistoryLimit: 0"))]
#[case::blue_green("blue_green", rollout("{blueGreen: {activeService: a}}", &service("a")))]
#[case::blue_green_by_hand("blue_green_by_hand", rollout(
    "{blueGreen: {activeService: a, previewService: p, autoPromotionEnabled: false, previewReplicaCount: 1}}",
    &(service("a") + &service("p"))
))]
#[case::blue_green_later("blue_green_later", rollout("{blueGreen: {activeService: a, autoPromotionSeconds: 30}}", &service("a")))]
#[case::blue_green_measured("blue_green_measured", rollout("{blueGreen: {activeService: a, prePromotionAnalysis: {}}}", &service("a")))]
fn what_is_generated_loads(#[case] name: &str, #[case] manifest: String) {
    let generated = generated(&manifest).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(generated.scenario.id, "my rollout.try");
    assert!(generated.scenario.steps.len() >= 3);
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!(name, generated.yaml);
    });
}

#[rstest]
#[case::no_rollout(service("a"), "there is no Rollout in this file")]
#[case::two(format!("{}---\n{}", rollout("{canary: {}}", ""), rollout("{canary: {}}", "").replace("mine", "yours")),
    "there are several Rollouts in this file: mine, yours")]
#[case::workload_ref(
    rollout("{canary: {}}", "  workloadRef: {kind: Deployment, name: d}\n"),
    "the Rollout `mine` takes its pods from a workloadRef"
)]
#[case::paused(rollout("{canary: {}}", "  paused: true\n"), "the Rollout `mine` is created paused")]
#[case::no_strategy(rollout("{}", ""), "the Rollout `mine` has no strategy")]
#[case::no_service(rollout("{blueGreen: {activeService: a}}", &service("b")),
    "`activeService` names the Service `a`, which is not in this file")]
#[case::broken("kind: [".to_owned(), "unclosed bracket '['")]
fn what_cannot_be_tried_is_told(#[case] manifest: String, #[case] says: &str) {
    let error = generated(&manifest).unwrap_err();
    assert_eq!(error.faults[0].what, says);
}

#[test]
fn a_file_that_is_not_there_is_told() {
    let error = generate(&Library::embedded(), Path::new("nowhere/rollout.yaml")).unwrap_err();
    assert_eq!(error.to_string(), "nowhere/rollout.yaml: there is no file nowhere/rollout.yaml");
}
