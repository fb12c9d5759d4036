//! `undo`: puts the pod template of an earlier ReplicaSet back.

use serde_json::{Value, json};

use super::{
    actor::{Actor, Done, ObjectRef, PatchKind},
    error::ActError,
    json,
    plugin::Asked,
};
use crate::scenario::model::Undo;

const REVISION: &str = "rollout.argoproj.io/revision";
const HASH_LABEL: &str = "rollouts-pod-template-hash";
const PLUGIN: &str = "kubectl-argo-rollouts";

impl Actor {
    /// `kubectl argo rollouts undo NAME [--to-revision=N]`. With a workloadRef the template of the
    /// workload is put back.
    ///
    /// # Errors
    /// Refuses what the plugin refuses: no such revision, no earlier one, a workload of a kind that it
    /// does not know.
    pub async fn undo(&self, name: &str, undo: &Undo) -> Result<Done, ActError> {
        let rollout_at = self.address("Rollout", name).await?;
        let rollout = self.get(&rollout_at).await?;
        let to = undo.to_revision.unwrap_or(0);
        let command = Asked::Undo(undo).typed(name);
        let target = target(&rollout, &self.replica_sets(&rollout).await?, to)?;
        if already_there(&rollout, &target) {
            // "skipped rollback (current template already matches revision N)"
            return Ok(Done { objects: vec![ObjectRef::of(&rollout)], changed: false, command });
        }
        let patch = patch(&target);
        let reference = rollout.pointer("/spec/workloadRef").filter(|r| !r.is_null());
        let mut objects = Vec::new();
        let (at, before) = match reference {
            None => (rollout_at, rollout),
            Some(reference) => {
                let kind = match json::text(reference, "/kind") {
                    "Deployment" => "Deployment.apps",
                    "ReplicaSet" => "ReplicaSet.apps",
                    "PodTemplate" => "PodTemplate",
                    other => return Err(ActError::refused(format!("workload of type {other} is not supported"))),
                };
                let at = self.address(kind, json::text(reference, "/name")).await?;
                let before = self.get(&at).await?;
                objects.push(ObjectRef::of(&rollout));
                (at, before)
            }
        };
        let after = self.patch_as(&at, PatchKind::Json, None, &patch, PLUGIN).await?;
        objects.insert(0, ObjectRef::of(&after));
        let changed = json::differs(&before, &after);
        Ok(Done { objects, changed, command })
    }
}

fn patch(replica_set: &Value) -> Value {
    let mut template = replica_set.pointer("/spec/template").cloned().unwrap_or_default();
    if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
        labels.shift_remove(HASH_LABEL);
    }
    json!([{"op": "replace", "path": "/spec/template", "value": template}])
}

fn revision(replica_set: &Value) -> Option<i64> {
    match json::annotation(replica_set, REVISION) {
        "" => Some(0),
        text => text.parse().ok(),
    }
}

/// The ReplicaSet of the revision; for 0 the one before the newest.
pub(super) fn target(rollout: &Value, replica_sets: &[Value], to: u64) -> Result<Value, ActError> {
    if to > 0 {
        let found = replica_sets.iter().find(|rs| revision(rs).is_some_and(|r| r.unsigned_abs() == to));
        return found
            .cloned()
            .ok_or_else(|| ActError::refused(format!("unable to find specified revision {to} in history")));
    }
    let mut by_revision: Vec<_> = replica_sets.iter().filter_map(|rs| Some((revision(rs)?, rs))).collect();
    by_revision.sort_by_key(|(revision, _)| *revision);
    match by_revision.as_slice() {
        [.., (_, previous), _] => Ok((*previous).clone()),
        _ => Err(ActError::refused(format!(
            "no revision found for rollout \"{}\"",
            json::text(rollout, "/metadata/name")
        ))),
    }
}

/// Whether all that the Rollout's template says is said by the ReplicaSet's too, but for the hash.
pub(super) fn already_there(rollout: &Value, replica_set: &Value) -> bool {
    let Some(template) = rollout.pointer("/spec/template").filter(|t| t.is_object()) else { return false };
    let mut template = template.clone();
    let mut other = replica_set.pointer("/spec/template").cloned().unwrap_or_default();
    for template in [&mut template, &mut other] {
        if let Some(labels) = template.pointer_mut("/metadata/labels").and_then(Value::as_object_mut) {
            labels.shift_remove(HASH_LABEL);
        }
    }
    derived(&template, &other)
}

/// `DeepDerivative` of apimachinery: what is empty on the left is not compared.
fn derived(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Null, _) => true,
        (Value::String(l), Value::String(r)) => l.is_empty() || l == r,
        (Value::Array(l), Value::Array(r)) => {
            l.is_empty() || (l.len() <= r.len() && l.iter().zip(r).all(|(l, r)| derived(l, r)))
        }
        (Value::Object(l), Value::Object(r)) => {
            l.is_empty() || (l.len() <= r.len() && l.iter().all(|(key, l)| r.get(key).is_some_and(|r| derived(l, r))))
        }
        (left, right) => left == right,
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{already_there, derived, patch, target};

    fn replica_set(name: &str, revision: &str, image: &str) -> Value {
        json!({"metadata": {"name": name, "annotations": {"rollout.argoproj.io/revision": revision}},
            "spec": {"template": {"metadata": {"labels": {"app": "demo", "rollouts-pod-template-hash": name}},
                "spec": {"containers": [{"name": "app", "image": image, "resources": {}}], "dnsPolicy": "ClusterFirst"}}}})
    }

    #[rstest]
    #[case::the_one_before(0, "b")]
    #[case::by_number(1, "a")]
    #[case::the_newest_by_number(10, "c")]
    fn finds_the_revision(#[case] to: u64, #[case] name: &str) {
        // Out of order, and "10" is after "9".
        let all = [replica_set("c", "10", "i"), replica_set("a", "1", "i"), replica_set("b", "9", "i")];
        assert_eq!(target(&json!({}), &all, to).unwrap()["metadata"]["name"], name);
    }

    #[rstest]
    #[case(7, 2, "unable to find specified revision 7 in history")]
    #[case(0, 1, r#"no revision found for rollout "demo""#)]
    #[case(0, 0, r#"no revision found for rollout "demo""#)]
    fn says_when_there_is_none(#[case] to: u64, #[case] count: usize, #[case] message: &str) {
        let all: Vec<_> = (1..=count).map(|n| replica_set("x", &n.to_string(), "i")).collect();
        let rollout = json!({"metadata": {"name": "demo"}});
        assert_eq!(target(&rollout, &all, to).unwrap_err().to_string(), message);
    }

    #[test]
    fn the_hash_does_not_come_back() {
        insta::assert_snapshot!(patch(&replica_set("abc", "1", "demo:blue")), @r#"[{"op":"replace","path":"/spec/template","value":{"metadata":{"labels":{"app":"demo"}},"spec":{"containers":[{"name":"app","image":"demo:blue","resources":{}}],"dnsPolicy":"ClusterFirst"}}}]"#);
    }

    #[rstest]
    #[case::same_but_for_defaults("demo:blue", true)]
    #[case::another_image("demo:yellow", false)]
    fn compares_templates(#[case] image: &str, #[case] same: bool) {
        let rollout = json!({"spec": {"template": {"metadata": {"labels": {"app": "demo"}},
            "spec": {"containers": [{"name": "app", "image": image}]}}}});
        assert_eq!(already_there(&rollout, &replica_set("abc", "1", "demo:blue")), same);
        // With a workloadRef there is no template to compare.
        assert!(!already_there(&json!({"spec": {"workloadRef": {}}}), &replica_set("abc", "1", "demo:blue")));
    }

    #[rstest]
    #[case(json!({}), json!({"a": 1}), true)]
    #[case(json!({"a": ""}), json!({"a": "x"}), true)]
    #[case(json!({"a": 1}), json!({}), false)]
    #[case(json!([1]), json!([1, 2]), true)]
    #[case(json!([1, 2]), json!([1]), false)]
    #[case(json!(false), json!(true), false)]
    fn empty_is_not_compared(#[case] left: Value, #[case] right: Value, #[case] expected: bool) {
        assert_eq!(derived(&left, &right), expected);
    }
}
