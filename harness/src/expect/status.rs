//! The Rollout's status beyond its phase: conditions, and which revision its hashes mean.

use std::collections::BTreeMap;

use semver::Version;

use super::Check;
use crate::{
    rollout::{Rollout, RolloutInfo},
    scenario::{
        model::{ConditionMatch, HashesMatch},
        value::{ByRelease, Text},
    },
};

/// Compares conditions, each by its type.
pub fn conditions(expected: &BTreeMap<String, ConditionMatch>, rollout: &Rollout, release: &Version) -> Vec<Check> {
    expected.iter().flat_map(|(name, expected)| condition(name, expected, rollout, release)).collect()
}

fn condition(name: &str, expected: &ConditionMatch, rollout: &Rollout, release: &Version) -> Vec<Check> {
    let field = |part: &str| format!("conditions.{name}.{part}");
    let condition = rollout.status.condition(name);
    let must_exist = expected.exists.unwrap_or(true);
    let mut checks = Vec::new();
    let says_nothing_else = expected.status.is_none() && expected.reason.is_none() && expected.message.is_none();
    if condition.is_some() != must_exist || expected.exists.is_some() || says_nothing_else {
        let words = |there: bool| if there { "a condition" } else { "no such condition" };
        let got = condition.map_or_else(
            || {
                let there: Vec<_> = rollout.status.conditions.iter().map(|c| c.kind.as_str()).collect();
                if there.is_empty() { "no condition at all".into() } else { format!("only {}", there.join(", ")) }
            },
            |_| words(true).to_owned(),
        );
        let ok = condition.is_some() == must_exist;
        checks.push(Check { field: field("exists"), expected: words(must_exist).into(), got, ok });
    }
    let Some(condition) = condition.filter(|_| must_exist) else { return checks };
    if let Some(status) = expected.status {
        let (expected, got) = (status.to_string(), condition.status.clone());
        checks.push(Check { field: field("status"), ok: expected == got, expected, got });
    }
    let mut text = |part: &str, expected: Option<&ByRelease<Text>>, got: &str| {
        if let Some(expected) = expected.and_then(|e| e.on(release)) {
            let ok = expected.holds(got);
            checks.push(Check { field: field(part), expected: expected.to_string(), got: format!("{got:?}"), ok });
        }
    };
    text("reason", expected.reason.as_ref(), &condition.reason);
    text("message", expected.message.as_ref(), &condition.message);
    checks
}

/// Compares the hashes in the status with those of revisions.
pub fn hashes(expected: &HashesMatch, rollout: &Rollout, info: &RolloutInfo) -> Vec<Check> {
    let status = &rollout.status;
    let check = |(key, revision): (&str, u64)| {
        let got = match key {
            "current" => &status.current_pod_hash,
            "stable" => &status.stable_rs,
            "active" => &status.blue_green.active_selector,
            _ => &status.blue_green.preview_selector,
        };
        let set = info.revision(revision);
        let expected = set.map_or_else(
            || format!("the hash of revision {revision} (there is none)"),
            |set| format!("{}, the hash of revision {revision}", set.hash),
        );
        let whose = info.replica_sets.iter().find(|set| set.hash == *got);
        let words = match (got.as_str(), whose) {
            ("", _) => "empty".to_owned(),
            (hash, Some(set)) => format!("{hash}, of revision {}", set.revision),
            (hash, None) => format!("{hash}, of no ReplicaSet"),
        };
        Check {
            field: format!("hashes.{key}"),
            expected,
            got: words,
            ok: set.is_some_and(|set| !got.is_empty() && set.hash == *got),
        }
    };
    expected.parts().map(check).collect()
}
