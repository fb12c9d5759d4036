//! A ReplicaSet: its size, its revision, its health.

use jiff::Timestamp;
use serde_json::Value;

use super::fields::Fields;
use super::metadata::{Condition, Metadata, PodTemplate};
use super::resource::revision;

/// A ReplicaSet as the API server sends it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReplicaSet {
    /// `metadata`
    pub metadata: Metadata,
    /// `spec.replicas`; the API server writes its default.
    pub replicas: Option<i64>,
    /// `spec.template`
    pub template: PodTemplate,
    /// `status.replicas`, pods.
    pub current: i64,
    /// `status.readyReplicas`, pods.
    pub ready: i64,
    /// `status.availableReplicas`, pods.
    pub available: i64,
    /// `status.observedGeneration`
    pub observed_generation: i64,
    /// `status.conditions`
    pub conditions: Vec<Condition>,
}

impl ReplicaSet {
    /// Reads the object; what is missing or malformed in it reads as not written.
    pub fn read(object: &Value) -> Self {
        let fields = Fields::of(object);
        let spec = fields.object("spec");
        let status = fields.object("status");
        Self {
            metadata: Metadata::read(fields),
            replicas: spec.number("replicas"),
            template: PodTemplate::read(spec.object("template")),
            current: status.count("replicas"),
            ready: status.count("readyReplicas"),
            available: status.count("availableReplicas"),
            observed_generation: status.count("observedGeneration"),
            conditions: status.list("conditions", Condition::read),
        }
    }

    /// How many pods it asks for: `spec.replicas`, 1 where it is not written.
    pub fn asked(&self) -> i64 {
        self.replicas.unwrap_or(1)
    }

    /// Label `rollouts-pod-template-hash`; empty where there is none.
    pub fn hash(&self) -> &str {
        self.metadata.labels.get(super::POD_TEMPLATE_HASH).map_or("", String::as_str)
    }

    /// Annotation `rollout.argoproj.io/revision`; 0 where there is none.
    pub fn revision(&self) -> u64 {
        revision(&self.metadata)
    }

    /// Annotation `scale-down-deadline`: until then it keeps its pods.
    pub fn scale_down_deadline(&self) -> Option<Timestamp> {
        self.metadata.annotations.get("scale-down-deadline")?.parse().ok()
    }

    /// As the STATUS column of `get rollout` says: `Healthy`, `Progressing`, `ScaledDown` or
    /// `ReplicaFailure`.
    pub fn health(&self) -> &'static str {
        if self.metadata.generation > self.observed_generation {
            return "Progressing";
        }
        if self.conditions.iter().find(|c| c.kind == "ReplicaFailure").is_some_and(Condition::is_true) {
            return "ReplicaFailure";
        }
        match self.replicas {
            Some(replicas) if self.available < replicas => "Progressing",
            Some(0) => "ScaledDown",
            _ => "Healthy",
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    #[rstest]
    #[case::all_there(json!({"generation": 2}), json!({"replicas": 3}), json!({"observedGeneration": 2, "availableReplicas": 3}), "Healthy")]
    #[case::one_missing(json!({"generation": 2}), json!({"replicas": 3}), json!({"observedGeneration": 2, "availableReplicas": 2}), "Progressing")]
    #[case::not_yet_observed(json!({"generation": 3}), json!({"replicas": 3}), json!({"observedGeneration": 2, "availableReplicas": 3}), "Progressing")]
    #[case::observed_later(json!({"generation": 1}), json!({"replicas": 3}), json!({"observedGeneration": 2, "availableReplicas": 3}), "Healthy")]
    #[case::scaled_down(json!({"generation": 2}), json!({"replicas": 0}), json!({"observedGeneration": 2}), "ScaledDown")]
    #[case::still_has_pods(json!({"generation": 2}), json!({"replicas": 0}), json!({"observedGeneration": 2, "availableReplicas": 1}), "ScaledDown")]
    #[case::scaling_down_not_yet_observed(json!({"generation": 2}), json!({"replicas": 0}), json!({"observedGeneration": 1}), "Progressing")]
    #[case::cannot_make_pods(json!({}), json!({"replicas": 3}), json!({"conditions": [{"type": "ReplicaFailure", "status": "True"}]}), "ReplicaFailure")]
    #[case::could_not_but_can_now(json!({}), json!({"replicas": 3}), json!({"conditions": [{"type": "ReplicaFailure", "status": "False"}]}), "Progressing")]
    #[case::failure_of_an_older_spec(json!({"generation": 2}), json!({"replicas": 3}), json!({"observedGeneration": 1, "conditions": [{"type": "ReplicaFailure", "status": "True"}]}), "Progressing")]
    #[case::no_size(json!({}), json!({}), json!({}), "Healthy")]
    fn health(#[case] metadata: Value, #[case] spec: Value, #[case] status: Value, #[case] expected: &str) {
        let object = json!({"metadata": metadata, "spec": spec, "status": status});
        assert_eq!(ReplicaSet::read(&object).health(), expected);
    }

    #[test]
    fn revision_hash_and_deadline_lie_in_labels_and_annotations() {
        let replica_set = ReplicaSet::read(&json!({"metadata": {
            "labels": {"rollouts-pod-template-hash": "5cd66ff7ff"},
            "annotations": {"rollout.argoproj.io/revision": "12", "scale-down-deadline": "2026-11-23T04:16:40Z"}
        }}));
        assert_eq!((replica_set.hash(), replica_set.revision()), ("5cd66ff7ff", 12));
        assert_eq!(replica_set.scale_down_deadline().unwrap().to_string(), "2026-11-23T04:16:40Z");
        let bare = ReplicaSet::read(
            &json!({"metadata": {"annotations": {"rollout.argoproj.io/revision": "new", "scale-down-deadline": ""}}}),
        );
        assert_eq!((bare.hash(), bare.revision(), bare.scale_down_deadline()), ("", 0, None));
    }
}
