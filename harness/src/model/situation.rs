//! Where an update stands.

use crate::rollout::Rollout;

/// Where an update stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Situation {
    /// No update is under way: the stable version is the desired one.
    Settled,
    /// At the step of this index; at the number of steps all are done, but the new version is not yet
    /// called stable. Blue-green: before the active Service is switched.
    Updating {
        /// `status.currentStepIndex`
        step: usize,
    },
    /// Blue-green: the active Service selects the new version, which is not yet called stable.
    Switched,
    /// The update was aborted, and the delay of `abortScaleDownDelaySeconds` is over.
    Aborted,
    /// A person stopped an update (`spec.paused`).
    Held,
    /// A person stopped a Rollout that is not updated.
    HeldSettled,
}

impl Situation {
    /// Where the update of `rollout` stands by its status.
    pub fn of(rollout: &Rollout) -> Self {
        let status = &rollout.status;
        let settled = status.stable_rs.is_empty() || rollout.is_fully_promoted();
        let switched = status.blue_green.active_selector == status.current_pod_hash;
        match (settled, &rollout.spec.blue_green) {
            (true, _) if rollout.spec.paused => Self::HeldSettled,
            (true, _) => Self::Settled,
            _ if status.abort => Self::Aborted,
            _ if rollout.spec.paused => Self::Held,
            (_, Some(_)) if switched => Self::Switched,
            _ => Self::Updating { step: usize::try_from(status.current_step_index.unwrap_or(0)).unwrap_or(0) },
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::first_deploy(json!({"currentPodHash": "a"}), Situation::Settled)]
    #[case::settled(json!({"currentPodHash": "a", "stableRS": "a", "currentStepIndex": 2}), Situation::Settled)]
    #[case::at_a_step(json!({"currentPodHash": "b", "stableRS": "a", "currentStepIndex": 1}), Situation::Updating { step: 1 })]
    #[case::without_steps(json!({"currentPodHash": "b", "stableRS": "a"}), Situation::Updating { step: 0 })]
    #[case::aborted(json!({"currentPodHash": "b", "stableRS": "a", "abort": true}), Situation::Aborted)]
    #[case::aborted_after_the_end(json!({"currentPodHash": "a", "stableRS": "a", "abort": true}), Situation::Settled)]
    fn of_a_canary(#[case] status: Value, #[case] expected: Situation) {
        let rollout = json!({"spec": {"strategy": {"canary": {}}}, "status": status});
        assert_eq!(Situation::of(&Rollout::read(&rollout)), expected);
    }

    #[rstest]
    #[case::before_the_switch("a", Situation::Updating { step: 0 })]
    #[case::after_the_switch("b", Situation::Switched)]
    fn of_a_blue_green(#[case] active: &str, #[case] expected: Situation) {
        let status = json!({"currentPodHash": "b", "stableRS": "a", "blueGreen": {"activeSelector": active}});
        let rollout = json!({"spec": {"strategy": {"blueGreen": {}}}, "status": status});
        assert_eq!(Situation::of(&Rollout::read(&rollout)), expected);
    }

    #[rstest]
    #[case("a", Situation::Held)]
    #[case("b", Situation::HeldSettled)]
    fn stopped_by_a_person(#[case] stable: &str, #[case] expected: Situation) {
        let status = json!({"currentPodHash": "b", "stableRS": stable, "currentStepIndex": 1});
        let rollout = json!({"spec": {"paused": true, "strategy": {"canary": {}}}, "status": status});
        assert_eq!(Situation::of(&Rollout::read(&rollout)), expected);
    }
}
