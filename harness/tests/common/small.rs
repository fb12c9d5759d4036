//! A small scenario: a Rollout is deployed, and updated once.

use std::{fs, path::Path};

use anyhow::Result;

const SCENARIO: &str = "\
title: A short life
must: MUST go through its steps
features: [canary.set-weight, canary.pause]
refs: [docs/features/canary.md]
steps:
  - name: deploy
    apply: small.rollout.yaml
    expect: {phase: Healthy, replicas: {available: 2}}
    within: WITHIN
  - name: update
    set-image: {container: app, image: 'argoproj/rollouts-demo:yellow'}
";

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: small}
spec:
  replicas: 2
  strategy:
    canary: {steps: STEPS}
  selector: {matchLabels: {app: small}}
  template:
    metadata: {labels: {app: small}}
    spec:
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: 'argoproj/rollouts-demo:blue'}]
";

/// Writes it into this directory as `NAME.yaml`: the Rollout has these steps, and the update ends so. Each step may take
/// `within`.
pub fn write(place: &Path, name: &str, steps: &str, end: &str, within: &str) -> Result<()> {
    let scenario = format!("{SCENARIO}    {end}\n    within: WITHIN\n").replace("WITHIN", within);
    fs::write(place.join(format!("{name}.yaml")), scenario)?;
    fs::write(place.join("small.rollout.yaml"), ROLLOUT.replace("STEPS", steps))?;
    Ok(())
}
