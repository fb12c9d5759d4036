//! How far an update may go beyond and below the desired number of pods, as the controller resolves
//! `maxSurge` and `maxUnavailable`.

use super::int_or_string::{IntOrString, NotAPercentage, Rounding};
use super::resource::Rollout;

/// What holds where neither is written. The controller's default has no `%`, and means one.
const DEFAULT: &str = "25";

/// Surge and unavailable of `desired` pods. Surge is rounded up and unavailable down; where both come
/// to nothing, one pod may be unavailable, or no update could ever go on.
///
/// # Errors
/// If one of them is a string without a number.
pub fn resolve(
    max_surge: &IntOrString,
    max_unavailable: &IntOrString,
    desired: i64,
) -> Result<(i64, i64), NotAPercentage> {
    let surge = max_surge.pods_of(desired, Rounding::Up)?;
    let unavailable = max_unavailable.pods_of(desired, Rounding::Down)?;
    Ok(if (surge, unavailable) == (0, 0) { (0, 1) } else { (surge, unavailable) })
}

impl Rollout {
    /// How many pods more than `spec.replicas` an update may have. None for blue-green. Where the
    /// spec is malformed, 0: the controller calls it invalid and updates nothing.
    pub fn max_surge(&self) -> i64 {
        let Some(canary) = &self.spec.canary else { return 0 };
        let (surge, unavailable) = (or_default(&canary.max_surge), or_default(self.written_max_unavailable()));
        resolve(&surge, &unavailable, self.spec.replicas).map_or(0, |(surge, _)| surge)
    }

    /// How many pods less than `spec.replicas` may be available during an update (canary), or during
    /// a restart (blue-green). Where the spec is malformed, 0.
    pub fn max_unavailable(&self) -> i64 {
        let replicas = self.spec.replicas;
        if replicas == 0 {
            return 0;
        }
        let unavailable = or_default(self.written_max_unavailable());
        let pods = match &self.spec.canary {
            Some(canary) => resolve(&or_default(&canary.max_surge), &unavailable, replicas).map(|(_, pods)| pods),
            None => unavailable.pods_of(replicas, Rounding::Down),
        };
        pods.unwrap_or(0).min(replicas)
    }

    /// The one of the blue-green strategy goes first, also where there are both (an invalid spec).
    fn written_max_unavailable(&self) -> &Option<IntOrString> {
        let of_canary = self.spec.canary.as_ref().map_or(&None, |canary| &canary.max_unavailable);
        match &self.spec.blue_green {
            Some(blue_green) if blue_green.max_unavailable.is_some() => &blue_green.max_unavailable,
            _ => of_canary,
        }
    }
}

fn or_default(written: &Option<IntOrString>) -> IntOrString {
    written.clone().unwrap_or_else(|| IntOrString::String(DEFAULT.to_owned()))
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::*;

    #[rstest]
    #[case::default_of_five(5, json!({}), 2, 1)]
    #[case::default_of_four(4, json!({}), 1, 1)]
    #[case::default_of_one(1, json!({}), 1, 0)]
    #[case::default_of_none(0, json!({}), 0, 0)]
    #[case::numbers(5, json!({"maxSurge": 3, "maxUnavailable": 2}), 3, 2)]
    #[case::numbers_as_strings_are_percent(10, json!({"maxSurge": "30", "maxUnavailable": "20"}), 3, 2)]
    #[case::surge_up_unavailable_down(5, json!({"maxSurge": "10%", "maxUnavailable": "10%"}), 1, 0)]
    #[case::both_nothing(5, json!({"maxSurge": 0, "maxUnavailable": 0}), 0, 1)]
    #[case::both_rounded_to_nothing(3, json!({"maxSurge": 0, "maxUnavailable": "10%"}), 0, 1)]
    #[case::only_surge(5, json!({"maxSurge": 1, "maxUnavailable": 0}), 1, 0)]
    #[case::only_unavailable(5, json!({"maxSurge": 0, "maxUnavailable": 1}), 0, 1)]
    #[case::never_more_than_there_are(2, json!({"maxSurge": "100%", "maxUnavailable": 7}), 2, 2)]
    #[case::malformed(5, json!({"maxSurge": "many", "maxUnavailable": 2}), 0, 0)]
    #[case::of_another_type(5, json!({"maxSurge": {}, "maxUnavailable": true}), 2, 1)]
    fn canary(#[case] replicas: i64, #[case] strategy: Value, #[case] surge: i64, #[case] unavailable: i64) {
        let rollout = Rollout::read(&json!({"spec": {"replicas": replicas, "strategy": {"canary": strategy}}}));
        assert_eq!((rollout.max_surge(), rollout.max_unavailable()), (surge, unavailable));
    }

    #[rstest]
    #[case::default_of_five(5, json!({}), 1)]
    #[case::rounded_to_nothing_stays_nothing(3, json!({}), 0)]
    #[case::written(4, json!({"maxUnavailable": "50%"}), 2)]
    #[case::never_more_than_there_are(2, json!({"maxUnavailable": 3}), 2)]
    fn blue_green(#[case] replicas: i64, #[case] strategy: Value, #[case] unavailable: i64) {
        let rollout = Rollout::read(&json!({"spec": {"replicas": replicas, "strategy": {"blueGreen": strategy}}}));
        assert_eq!((rollout.max_surge(), rollout.max_unavailable()), (0, unavailable));
    }
}
