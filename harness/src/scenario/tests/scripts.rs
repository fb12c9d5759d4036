//! Scripts of pods in manifests: understood, or refused at their place.

use std::collections::BTreeSet;

use rstest::rstest;

use super::{load_beside, with_steps};
use crate::scenario::model::Capability;

/// A template of pods with these annotations.
fn template(annotations: &str) -> String {
    format!(
        "kind: Deployment\napiVersion: apps/v1\nmetadata: {{name: d}}\nspec:\n  template:\n    metadata:\n      \
         annotations:\n        {annotations}\n    spec: {{restartPolicy: Always, containers: []}}\n"
    )
}

fn needs(manifest: &str, steps: &str) -> Result<BTreeSet<Capability>, String> {
    let scenario = format!("given: [pods.yaml]\n{}", with_steps(steps));
    let loaded = load_beside(&scenario, &[("pods.yaml", manifest)]);
    loaded.map(|scenario| scenario.needs).map_err(|error| error.to_string())
}

#[rstest]
#[case::plain("example.com/ready-after: 3s", "", false)]
#[case::in_what_is_given("pod.proofroll.dev/ready-after: 3s", "", true)]
#[case::in_a_patch(
    "a: b",
    "- patch: {merge: {spec: {template: {metadata: {annotations: {pod.proofroll.dev/ready-after: never}}}}}}\n  \
     expect: {phase: Progressing}\n",
    true
)]
fn a_script_needs_somebody_who_plays_it(#[case] annotation: &str, #[case] steps: &str, #[case] needed: bool) {
    assert_eq!(needs(&template(annotation), steps).unwrap().contains(&Capability::ScriptedPods), needed);
}

#[test]
fn what_nobody_understands_is_refused_at_its_place() {
    let job = "apiVersion: argoproj.io/v1alpha1\nkind: AnalysisTemplate\nmetadata: {name: t}\nspec:\n  metrics:\n  \
               - provider:\n      job:\n        spec:\n          template:\n            metadata: {annotations: \
               {pod.proofroll.dev/exit-code: 1}}\n            spec: {restartPolicy: Never}\n";
    let ephemeral = "kind: Rollout\napiVersion: argoproj.io/v1alpha1\nmetadata: {name: rollouts-demo}\nspec: {strategy: \
                     {canary: {canaryMetadata: {annotations: {pod.proofroll.dev/waiting: ErrImagePul}}}}}\n";
    let pod = "kind: List\napiVersion: v1\nitems:\n- kind: Pod\n  apiVersion: v1\n  metadata:\n    name: p\n    \
               annotations: {pod.proofroll.dev/unready-after: 5}\n";
    let holder =
        "kind: ConfigMap\napiVersion: v1\nmetadata: {name: c, annotations: {pod.proofroll.dev/ready-after: 1s}}\n";
    let told: Vec<String> = [
        &template("pod.proofroll.dev/redy-after: 3s"),
        &template("pod.proofroll.dev/ready-after: 3 s"),
        &template("pod.proofroll.dev/exit-code: \"1\""),
        &template("pod.proofroll.dev/terminates-after: 1m"),
        job,
        ephemeral,
        pod,
        holder,
    ]
    .map(|manifest| needs(manifest, "").unwrap_err())
    .into();
    let patch = "- patch: {merge: {spec: {template: {metadata: {annotations: {pod.proofroll.dev/wating: x}}}}}}\n  \
                 expect: {phase: Progressing}\n";
    let told = told.into_iter().chain(needs(&template("a: b"), patch).err()).collect::<Vec<_>>();
    insta::with_settings!({omit_expression => true, prepend_module_to_snapshot => false}, {
        insta::assert_snapshot!("scripts", told.join("\n\n"));
    });
}
