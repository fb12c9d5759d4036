//! Ranges of releases: that they are ranges, and that the cases of a value neither overlap nor
//! leave a release out.

use semver::VersionReq;

use super::{Faults, states::Claim};
use crate::scenario::{
    gate::{samples, written},
    model::ScenarioFile,
    tree::{Kind, Node},
    value::matches,
};

/// Checks all ranges, and returns that of the scenario.
pub(in crate::scenario) fn releases(tree: &Node, file: &ScenarioFile, faults: &mut Faults) -> Option<VersionReq> {
    let at = tree.get("releases").map_or(tree.at, |r| r.at);
    let range: Option<VersionReq> = match file.releases.as_deref().map(str::parse) {
        None => None,
        Some(Ok(range)) => Some(range),
        Some(Err(e)) => {
            faults.at(at, format!("no range of releases: {e}"), "write a semver range, as `>=1.9` or `>=1.7, <1.10`");
            return None;
        }
    };
    if let Some(range) = &range
        && !samples([range]).iter().any(|v| matches(range, v))
    {
        faults.at(at, "no release can lie in this range", "write a semver range, as `>=1.9` or `>=1.7, <1.10`");
        return None;
    }
    let steps = tree.get("steps").map(Node::items).unwrap_or_default();
    for node in steps.iter().chain([tree]) {
        for state in Claim::ALL.iter().flat_map(|claim| claim.nodes(node)) {
            state.walk(&mut |_, value| cases(value, range.as_ref(), faults));
        }
        for event in node.get("events").map(Node::items).unwrap_or_default() {
            event.walk(&mut |_, value| cases(value, range.as_ref(), faults));
        }
    }
    range
}

/// If `value` is a list of release cases, checks that each release of the scenario has exactly one.
fn cases(value: &Node, scenario: Option<&VersionReq>, faults: &mut Faults) {
    let Kind::Seq(items) = &value.kind else { return };
    let whens: Vec<&Node> = items.iter().filter_map(|i| i.get("when")).collect();
    let ranges: Vec<VersionReq> = whens.iter().filter_map(|w| w.text()?.parse().ok()).collect();
    if ranges.is_empty() || ranges.len() != items.len() {
        return;
    }
    for release in samples(ranges.iter().chain(scenario)) {
        if scenario.is_some_and(|s| !matches(s, &release)) {
            continue;
        }
        let mut hits = ranges.iter().zip(&whens).filter(|(r, _)| matches(r, &release)).map(|(_, when)| *when);
        let release = written(&release);
        let Some(_) = hits.next() else {
            let what = format!("no case for release {release}");
            faults.at(value.at, what, "widen a case, or limit the scenario with `releases`");
            return;
        };
        if let Some(second) = hits.next() {
            faults.at(
                second.at,
                format!("a second case for release {release}"),
                "the ranges of the cases must not overlap",
            );
            return;
        }
    }
}
