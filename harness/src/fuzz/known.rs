//! What is known to be wrong in the releases that are tested: cases that would show it are not made.
//! Each has its page under `findings/`.

use super::case::{Amount, Canary, Case, Step, Strategy};

/// The page of the first finding that this case could run into.
pub fn in_case(case: &Case) -> Option<&'static str> {
    let found: [(&str, fn(&Case) -> bool); 1] = [("findings/half-a-pod-below-all.md", half_a_pod_below_all)];
    found.into_iter().find(|(_, shows)| shows(case)).map(|(page, _)| page)
}

/// A weight that is half a pod below all of them, and no surge: the canary is scaled to nothing.
fn half_a_pod_below_all(case: &Case) -> bool {
    let Strategy::Canary(Canary { steps, surge, router: None, .. }) = &case.strategy else { return false };
    if !matches!(surge, Some(Amount::Pods(0) | Amount::Percent(0))) {
        return false;
    }
    let weights = || steps.iter().filter_map(|step| if let Step::Weight(weight) = step { Some(*weight) } else { None });
    case.sizes()
        .any(|replicas| weights().any(|weight| replicas > 1 && 2 * weight * replicas == 100 * (2 * replicas - 1)))
}
