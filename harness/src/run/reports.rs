//! The reports of what did not come to its end.

use super::trouble::Trouble;
use crate::{
    report::v1,
    scenario::{LoadedStep, Scenario},
};

/// The report of a scenario of which nothing is known yet.
pub(super) fn blank(scenario: &Scenario) -> v1::Scenario {
    v1::Scenario {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        must: scenario.must.clone(),
        profile: scenario.profile,
        features: scenario.features.clone(),
        ..v1::Scenario::default()
    }
}

/// The names of the steps that are not among those that were begun.
pub(super) fn not_begun(scenario: &Scenario, begun: &[v1::Step]) -> Vec<String> {
    scenario.steps.iter().skip(begun.len()).map(|step| step.name.clone()).collect()
}

/// A breach by its name.
pub(super) fn breach(what: impl Into<String>, detail: &str, resource_version: Option<u64>) -> v1::Breach {
    v1::Breach { what: what.into(), detail: detail.trim_end().to_owned(), resource_version }
}

/// Enters a breach into the report of its step, which has failed by it.
pub(super) fn fail(report: &mut v1::Step, what: &str, detail: &str, resource_version: Option<u64>) {
    report.verdict = v1::Verdict::Fail;
    report.broken.push(breach(what, detail, resource_version));
}

/// The broken ones among `claims`.
pub(super) fn broken(claims: &[v1::Claim]) -> impl Iterator<Item = v1::Breach> {
    let broken = claims.iter().filter(|claim| claim.outcome == v1::Outcome::Broken);
    broken.map(|claim| breach(&claim.name, &format!("{}: {}", claim.claim, claim.detail), claim.resource_version))
}

/// The report of a step that did not come to its end.
pub(super) fn cut_short(step: &LoadedStep, trouble: &Trouble) -> v1::Step {
    v1::Step {
        name: step.name.clone(),
        at: step.at.to_string(),
        action: step.action.to_string(),
        verdict: match trouble {
            Trouble::Conformance(_) => v1::Verdict::Fail,
            Trouble::Infra(_) => v1::Verdict::Error,
        },
        broken: match trouble {
            Trouble::Conformance(text) => vec![breach("refused", text, None)],
            Trouble::Infra(_) => Vec::new(),
        },
        ..v1::Step::default()
    }
}
