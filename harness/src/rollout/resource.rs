//! The Rollout object itself, and the questions that upstream's `utils/replicaset/canary.go`
//! answers about its steps.

use serde_json::Value;

use super::fields::Fields;
use super::metadata::Metadata;
use super::spec::RolloutSpec;
use super::status::RolloutStatus;
use super::steps::CanaryStep;

/// A Rollout as the API server sends it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Rollout {
    /// `metadata`
    pub metadata: Metadata,
    /// `spec`
    pub spec: RolloutSpec,
    /// `status`
    pub status: RolloutStatus,
}

impl Rollout {
    /// Reads the object; what is missing or malformed in it reads as not written.
    pub fn read(object: &Value) -> Self {
        let fields = Fields::of(object);
        Self {
            metadata: Metadata::read(fields),
            spec: RolloutSpec::read(fields.object("spec")),
            status: RolloutStatus::read(fields.object("status")),
        }
    }

    /// Annotation `rollout.argoproj.io/revision`; 0 where there is none.
    pub fn revision(&self) -> u64 {
        revision(&self.metadata)
    }

    /// Whether the stable revision is the desired one, so that no update is under way.
    pub fn is_fully_promoted(&self) -> bool {
        self.status.stable_rs == self.status.current_pod_hash
    }

    /// What stands for all traffic: 100 unless the router says otherwise.
    pub fn max_traffic_weight(&self) -> i64 {
        let routing = self.spec.canary.as_ref().and_then(|canary| canary.traffic_routing.as_ref());
        routing.and_then(|routing| routing.max_traffic_weight).unwrap_or(100)
    }

    /// The steps of the canary strategy; none for blue-green.
    pub fn steps(&self) -> &[CanaryStep] {
        self.spec.canary.as_ref().map_or(&[], |canary| &canary.steps)
    }

    /// The current step and its index; None without steps, and when all of them are done.
    pub fn current_step(&self) -> Option<(usize, &CanaryStep)> {
        let index = usize::try_from(self.status.current_step_index.unwrap_or(0)).ok()?;
        self.steps().get(index).map(|step| (index, step))
    }

    /// Index of the current step and number of steps; None without either.
    pub fn step(&self) -> Option<(u32, u32)> {
        let total = u32::try_from(self.steps().len()).ok().filter(|total| *total > 0)?;
        Some((u32::try_from(self.status.current_step_index?).ok()?, total))
    }

    /// What the steps ask for: the last `setWeight` up to the current step. All when the steps are
    /// done, nothing when the update is aborted.
    pub fn current_set_weight(&self) -> i64 {
        if self.status.abort {
            return 0;
        }
        let Some((current, _)) = self.current_step() else { return self.max_traffic_weight() };
        let weights = self.steps()[..=current].iter().rev().filter_map(|step| match step {
            CanaryStep::SetWeight(weight) => Some(*weight),
            _ => None,
        });
        weights.into_iter().next().unwrap_or(0)
    }
}

/// Annotation `rollout.argoproj.io/revision`; 0 where there is none.
pub(crate) fn revision(metadata: &Metadata) -> u64 {
    metadata.annotations.get("rollout.argoproj.io/revision").and_then(|text| text.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;
    use rstest::rstest;
    use serde_json::json;

    use super::*;
    use crate::rollout::int_or_string::IntOrString;

    fn canary(steps: Value, status: Value) -> Rollout {
        Rollout::read(&json!({"spec": {"strategy": {"canary": {"steps": steps}}}, "status": status}))
    }

    #[rstest]
    #[case::before_the_first_write(json!({}), 20)]
    #[case::first(json!({"currentStepIndex": 0}), 20)]
    #[case::paused_after_it(json!({"currentStepIndex": 1}), 20)]
    #[case::second(json!({"currentStepIndex": 2}), 60)]
    #[case::analysis(json!({"currentStepIndex": 3}), 60)]
    #[case::done(json!({"currentStepIndex": 4}), 100)]
    #[case::beyond(json!({"currentStepIndex": 9}), 100)]
    #[case::aborted(json!({"currentStepIndex": 3, "abort": true}), 0)]
    fn set_weight_is_the_last_one_reached(#[case] status: Value, #[case] weight: i64) {
        let steps = json!([{"setWeight": 20}, {"pause": {}}, {"setWeight": 60}, {"analysis": {}}]);
        assert_eq!(canary(steps, status).current_set_weight(), weight);
    }

    #[test]
    fn set_weight_before_any_is_nothing_and_without_steps_all() {
        assert_eq!(canary(json!([{"pause": {}}, {"setWeight": 10}]), json!({})).current_set_weight(), 0);
        assert_eq!(canary(json!([]), json!({})).current_set_weight(), 100);
    }

    #[test]
    fn all_traffic_is_what_the_router_says() {
        let rollout =
            Rollout::read(&json!({"spec": {"strategy": {"canary": {"trafficRouting": {"maxTrafficWeight": 1000}}}}}));
        assert_eq!((rollout.max_traffic_weight(), rollout.current_set_weight()), (1000, 1000));
    }

    #[rstest]
    #[case(json!([{"setWeight": 1}]), json!({"currentStepIndex": 1}), Some((1, 1)))]
    #[case(json!([{"setWeight": 1}]), json!({}), None)]
    #[case(json!([]), json!({"currentStepIndex": 0}), None)]
    #[case(json!([{"setWeight": 1}]), json!({"currentStepIndex": -1}), None)]
    fn a_step_needs_an_index_and_steps(#[case] steps: Value, #[case] status: Value, #[case] step: Option<(u32, u32)>) {
        assert_eq!(canary(steps, status).step(), step);
    }

    #[test]
    fn a_malformed_field_leaves_its_neighbours_readable() {
        let rollout = Rollout::read(&json!({
            "metadata": {"name": "demo", "generation": "four", "creationTimestamp": "yesterday", "labels": {"a": 1, "b": "c"}, "ownerReferences": "none"},
            "spec": {
                "replicas": "5", "paused": "yes", "restartAt": 17, "template": [],
                "strategy": {"canary": {"steps": [{"setWeight": "x"}, 7, {"setWeight": 40}], "maxSurge": {}, "maxUnavailable": "1%"}, "blueGreen": null}
            },
            "status": {
                "replicas": 3.5, "readyReplicas": 4, "observedGeneration": 2, "conditions": [null, {"type": "Healthy", "status": "True"}],
                "pauseConditions": {}, "canary": [], "phase": "Paused"
            }
        }));
        assert_eq!(rollout.metadata.name, "demo");
        assert_eq!((rollout.metadata.generation, rollout.metadata.created), (0, None));
        assert_eq!(rollout.metadata.labels.keys().collect::<Vec<_>>(), ["b"]);
        assert_eq!((rollout.spec.replicas, rollout.spec.paused, rollout.spec.restart_at), (1, false, None));
        assert_eq!(rollout.steps(), [CanaryStep::Unknown, CanaryStep::Unknown, CanaryStep::SetWeight(40)]);
        let canary = rollout.spec.canary.as_ref().unwrap();
        assert_eq!((&canary.max_surge, &canary.max_unavailable), (&None, &Some(IntOrString::String("1%".into()))));
        assert_eq!(rollout.spec.blue_green, None);
        assert_eq!((rollout.status.replicas, rollout.status.ready_replicas), (0, 4));
        assert_eq!(rollout.status.observed_generation, "");
        assert!(rollout.status.condition("Healthy").unwrap().is_true());
        assert_eq!(rollout.status.phase, "Paused");
    }

    #[rstest]
    #[case(json!(null))]
    #[case(json!([]))]
    #[case(json!("Rollout"))]
    #[case(json!({"metadata": 1, "spec": 2, "status": 3}))]
    fn what_is_no_object_reads_as_an_empty_one(#[case] object: Value) {
        assert_eq!(Rollout::read(&object), Rollout::read(&json!({})));
    }

    #[test]
    fn the_writes_of_each_manager_are_told_apart() {
        let rollout = Rollout::read(&json!({"metadata": {"managedFields": [
            {"manager": "rollouts-controller", "operation": "Update", "subresource": "status", "time": "2026-11-23T04:16:40Z"},
            {"manager": "rollouts-controller", "operation": "Apply", "subresource": "status", "time": "2026-11-23T04:16:39Z"},
            {"manager": "rollouts-controller", "operation": "Update", "time": "2026-11-23T04:16:38Z"},
            {"manager": "kubectl", "operation": "Apply", "time": "2026-11-23T04:16:50Z"}
        ]}}));
        let time = |text: &str| Some(text.parse::<Timestamp>().unwrap());
        assert_eq!(rollout.metadata.last_write("rollouts-controller", "status"), time("2026-11-23T04:16:40Z"));
        assert_eq!(rollout.metadata.last_write("rollouts-controller", ""), time("2026-11-23T04:16:38Z"));
        assert_eq!(rollout.metadata.last_write("kubectl", "status"), None);
    }
}
