//! Traffic, as it is written.

use std::fmt::Write;

use super::load_beside;
use crate::scenario::{Scenario, ScenarioError, model::Capability};

const SERVICES: &str = "\
{apiVersion: v1, kind: Service, metadata: {name: rollouts-demo}, spec: {ports: [{port: 80}]}}
---
{apiVersion: v1, kind: Service, metadata: {name: two-ports}, spec: {ports: [{port: 80}, {port: 8080}]}}
";

/// A scenario with this traffic beside its steps, and this one in its second step.
fn load(all: &str, step: &str) -> Result<Scenario, ScenarioError> {
    let all = if all.is_empty() { String::new() } else { format!("traffic: {all}\n") };
    let scenario = format!(
        "title: t\nmust: It MUST\ngiven: [services.yaml]\n{all}steps:\n- apply: rollout.yaml\n  \
         expect: {{phase: Healthy}}\n- promote: {{}}\n{step}"
    );
    load_beside(&scenario, &[("services.yaml", SERVICES)])
}

fn with_claim(claim: &str) -> String {
    format!("  expect: {{phase: Healthy}}\n  traffic: {claim}\n")
}

#[test]
fn what_is_written_is_claimed() {
    let claim = with_claim("{split: {2: 20%, 1: 80%}, failures: 0}");
    let scenario = load("{service: rollouts-demo}", &claim).unwrap();
    assert!(scenario.needs.contains(&Capability::Traffic));
    let sent = scenario.traffic.unwrap();
    assert_eq!(sent.to_string(), "100 requests per second to Service rollouts-demo/color");
    let claim = scenario.steps[1].traffic.as_ref().unwrap();
    let split = claim.split_claim().unwrap();
    assert_eq!(split.shares, [(1, 0.8), (2, 0.2)].into());
    assert_eq!((split.tolerance, split.confidence), (0.1, 0.9999));
    assert!(claim.error_claim().unwrap().failures.holds(0));
    assert_eq!(
        claim.demands(),
        [
            "20% to revision 2, 80% to revision 1, measured over 1079 requests: 10% off is noticed, with 99.99% confidence",
            "failed until the next action: 0"
        ]
    );
    let without = load("", "  expect: {phase: Healthy}\n").unwrap();
    assert!(!without.needs.contains(&Capability::Traffic) && without.traffic.is_none());
}

#[test]
fn what_is_wrong_is_told() {
    let good = "{service: rollouts-demo}";
    let failures = with_claim("{failures: 0}");
    let cases = [
        ("nowhere to", "", failures.clone()),
        ("for nothing", good, "  expect: {phase: Healthy}\n".into()),
        ("unknown service", "{service: rollout-demo}", failures.clone()),
        ("which port", "{service: two-ports}", failures.clone()),
        ("no such port", "{service: two-ports, port: 81}", failures.clone()),
        ("rate", "{service: rollouts-demo, rate: 0}", failures.clone()),
        ("path", "{service: rollouts-demo, path: color}", failures.clone()),
        ("unknown key", "{service: rollouts-demo, rates: 5}", failures),
        ("nothing", good, with_claim("{}")),
        ("sure of what", good, with_claim("{failures: 0, tolerance: 5%, confidence: 99%}")),
        ("without expect", good, "  traffic: {split: {1: 100%}}\n- abort: {}\n  expect: {phase: Degraded}\n".into()),
        ("revision 0", good, with_claim("{split: {0: 20%}}")),
        ("more than all", good, with_claim("{split: {1: 80%, 2: 30%}}")),
        ("certain", good, with_claim("{split: {1: 80%}, confidence: 100%}")),
        ("exact", good, with_claim("{split: {1: 80%}, tolerance: 0%}")),
        ("long", good, with_claim("{split: {1: 50%}, tolerance: 1%}")),
        ("endless", good, with_claim("{split: {1: 50%}, tolerance: 0.001%}")),
        ("no share", good, with_claim("{split: {1: 80}}")),
        ("no percent", good, with_claim("{split: {1: half}}")),
        ("no number", good, with_claim("{failures: none}")),
    ];
    let mut all = String::new();
    for (name, sent, step) in cases {
        let error = load(sent, &step).expect_err(name);
        writeln!(all, "--- {name}\n{error}\n").unwrap();
    }
    insta::assert_snapshot!(all);
}
