//! The images line of `get rollout`: what runs, and in which role.

use super::info::RolloutInfo;
use crate::scenario::model::Role;

impl RolloutInfo {
    /// The images of all ReplicaSets that have pods, sorted by name, each with its roles. The roles
    /// of one ReplicaSet stand in its own order (canary, stable, active, preview, ping, pong); where
    /// several ReplicaSets run the same image, they are joined and sorted by their names.
    pub fn images(&self) -> Vec<(String, Vec<Role>)> {
        let mut images: Vec<(String, Vec<Role>)> = Vec::new();
        for replica_set in self.replica_sets.iter().filter(|replica_set| replica_set.current > 0) {
            for image in &replica_set.images {
                match images.iter_mut().find(|(known, _)| known == image) {
                    None => images.push((image.clone(), replica_set.roles.clone())),
                    Some((_, roles)) => {
                        roles.extend(&replica_set.roles);
                        roles.sort_by_key(|role| role.as_str());
                        roles.dedup();
                    }
                }
            }
        }
        images.sort_by(|a, b| a.0.cmp(&b.0));
        images
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use crate::rollout::{ReplicaSet, Rollout, RolloutInfo};

    /// Roles: the ReplicaSet with hash `s` is stable and active, `c` canary and preview.
    fn images(strategy: &str, replica_sets: &Value) -> Value {
        let rollout = Rollout::read(&json!({
            "metadata": {"uid": "r"}, "spec": {"strategy": {strategy: {}}},
            "status": {"stableRS": "s", "currentPodHash": "c", "blueGreen": {"activeSelector": "s", "previewSelector": "c"}}
        }));
        let replica_sets = replica_sets.as_array().unwrap().iter().map(|replica_set| {
            let (hash, pods) = (&replica_set[0], &replica_set[1]);
            let containers: Vec<_> = replica_set[2].as_array().unwrap().iter().map(|image| json!({"image": image})).collect();
            ReplicaSet::read(&json!({
                "metadata": {"name": hash, "labels": {"rollouts-pod-template-hash": hash}, "ownerReferences": [{"uid": "r"}]},
                "spec": {"template": {"spec": {"containers": containers}}}, "status": {"replicas": pods}
            }))
        });
        let info = RolloutInfo::new(&rollout, &replica_sets.collect::<Vec<_>>(), &[]);
        json!(info.images())
    }

    #[rstest]
    #[case::sorted("canary", json!([["s", 4, ["red"]], ["c", 1, ["blue"]]]), json!([["blue", ["canary"]], ["red", ["stable"]]]))]
    #[case::without_pods("canary", json!([["s", 4, ["red"]], ["c", 0, ["blue"]]]), json!([["red", ["stable"]]]))]
    #[case::old_one("canary", json!([["s", 4, ["red"]], ["x", 1, ["grey"]]]), json!([["grey", []], ["red", ["stable"]]]))]
    #[case::several_containers("canary", json!([["s", 4, ["web", "mesh"]], ["c", 1, ["app", "mesh"]]]), json!([["app", ["canary"]], ["mesh", ["canary", "stable"]], ["web", ["stable"]]]))]
    #[case::own_order("blueGreen", json!([["s", 4, ["red"]], ["c", 4, ["blue"]]]), json!([["blue", ["preview"]], ["red", ["stable", "active"]]]))]
    #[case::joined_in_alphabetical_order("blueGreen", json!([["s", 4, ["red"]], ["c", 4, ["red"]]]), json!([["red", ["active", "preview", "stable"]]]))]
    #[case::joined_with_itself("blueGreen", json!([["s", 4, ["red", "red"]]]), json!([["red", ["active", "stable"]]]))]
    #[case::none("canary", json!([]), json!([]))]
    fn each_image_once(#[case] strategy: &str, #[case] replica_sets: Value, #[case] expected: Value) {
        assert_eq!(images(strategy, &replica_sets), expected);
    }
}
