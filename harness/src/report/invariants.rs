//! The invariants over a whole run: one that never had anything to judge proves nothing.

use super::v1::{InvariantTotal, Report, Scenario};
use crate::expect::invariants;

/// The sums over `scenarios`, of all invariants.
pub fn totals(scenarios: &[Scenario]) -> Vec<InvariantTotal> {
    let one = |name: &str| {
        let of = || scenarios.iter().flat_map(|scenario| &scenario.invariants).filter(|i| i.name == name);
        InvariantTotal {
            name: name.to_owned(),
            judged: of().map(|i| i.judged).sum(),
            scenarios: of().filter(|i| i.judged > 0).count(),
            violated: of().filter(|i| !i.violations.is_empty()).count(),
            waived: of().filter(|i| i.waived.is_some()).count(),
        }
    };
    invariants::ALL.iter().map(|invariant| one(invariant.name)).collect()
}

/// The invariants that judged nothing although all scenarios were run: a hole in the suite. Nothing is said of a part
/// of the suite, or where scenarios were skipped.
pub fn idle(report: &Report) -> Vec<&str> {
    if !report.left_out.is_empty() || report.totals.skipped > 0 {
        return Vec::new();
    }
    report.invariants.iter().filter(|total| total.judged == 0).map(|total| total.name.as_str()).collect()
}
