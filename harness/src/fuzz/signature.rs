//! In which way a scenario failed: so that a smaller case that fails in quite another way is not taken
//! for the same.

use std::{collections::BTreeSet, fmt};

use crate::report::v1;

/// The ways in which a scenario failed, as `invariant floor`, `at-rest` or `hold`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Signature(BTreeSet<String>);

impl Signature {
    /// That of a report; None where the controller did all that it must, or nothing can be said of it.
    pub fn of(report: &v1::Scenario) -> Option<Self> {
        if report.verdict != v1::Verdict::Fail {
            return None;
        }
        let invariants = report.invariants.iter().filter(|i| i.waived.is_none() && !i.violations.is_empty());
        let mut ways: BTreeSet<String> = invariants.map(|i| format!("invariant {}", i.name)).collect();
        for step in report.steps.iter().filter(|step| step.verdict == v1::Verdict::Fail) {
            ways.extend(step.checks.iter().filter(|check| !check.ok).map(|check| check.field.clone()));
            let broken = step.claims.iter().filter(|claim| claim.outcome == v1::Outcome::Broken);
            ways.extend(broken.filter_map(|claim| claim.claim.split(' ').next().map(ToOwned::to_owned)));
        }
        if ways.is_empty() {
            // An action that was refused, a fence that nobody passed.
            let reason = report.reason.as_deref().unwrap_or_default();
            ways.insert(reason.lines().nth(1).unwrap_or(reason).chars().take(60).collect());
        }
        Some(Self(ways))
    }

    /// Whether one way is in both.
    pub fn resembles(&self, other: &Self) -> bool {
        !self.0.is_disjoint(&other.0)
    }
}

impl fmt::Display for Signature {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.iter().cloned().collect::<Vec<_>>().join(", "))
    }
}
