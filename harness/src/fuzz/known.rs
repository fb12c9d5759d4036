//! What is known to be wrong in the releases that are tested: cases that would show it are not made
//! unless they are asked for. Each has its page under `findings/`.

use super::case::{Amount, BlueGreen, Canary, Case, Router, Step, Strategy, Tracker, What};

/// What becomes of cases that are known to fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Known {
    /// They are not made.
    LeftOut,
    /// They are made too.
    Too,
}

impl Known {
    /// Whether `case` may be made.
    pub fn allows(self, case: &Case) -> bool {
        self == Self::Too || in_case(case).is_none()
    }
}

/// A finding: its page, and whether a case could run into it.
type Finding = (&'static str, fn(&Case) -> bool);

/// All findings that cases are kept away from.
pub const ALL: [Finding; 3] = [
    ("findings/half-a-pod-below-all.md", half_a_pod_below_all),
    ("findings/no-scale-down-delay.md", no_scale_down_delay),
    ("findings/a-paused-canary-is-not-scaled.md", scaled_while_stopped),
];

/// The page of the first finding that this case could run into.
pub fn in_case(case: &Case) -> Option<&'static str> {
    ALL.into_iter().find(|(_, shows)| shows(case)).map(|(page, _)| page)
}

/// An invariant that this case is known not to obey, and the page that says so: the case is made, for all
/// else about it is of interest.
pub fn waived(case: &Case) -> Option<(&'static str, &'static str)> {
    let overshoots = case.rollback_window.is_some() && !case.steps().is_empty();
    overshoots.then_some(("step-index", "findings/a-step-beyond-the-last.md"))
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

/// `scaleDownDelaySeconds: 0`: the old pods stay for ever, and the controller runs in a circle.
fn no_scale_down_delay(case: &Case) -> bool {
    match &case.strategy {
        Strategy::Canary(Canary { router, .. }) => matches!(router, Some(Router { delay: Some(0), .. })),
        Strategy::BlueGreen(BlueGreen { delay, .. }) => *delay == Some(0),
    }
}

/// A canary that a person has stopped is not scaled.
fn scaled_while_stopped(case: &Case) -> bool {
    let mut tracker = Tracker::default();
    let mut scales = |what| tracker.takes(what) && tracker.paused && matches!(what, What::Scale(_));
    matches!(case.strategy, Strategy::Canary(_)) && case.acts.iter().any(|act| scales(act.what))
}
