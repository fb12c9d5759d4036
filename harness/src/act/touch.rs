//! A write that changes nothing but the version of a Rollout.

use serde_json::{Value, json};

use super::{
    actor::{Actor, PatchKind},
    error::ActError,
    json,
};

/// Owns, by turns, a field of the Rollout and nothing.
const MANAGER: &str = "proofroll-touch";

impl Actor {
    /// Gives the Rollout a new resourceVersion and leaves all of it as it is, and answers that version.
    ///
    /// Server-side apply of a field as it stands makes us one more owner of it, and an apply without it
    /// ends that: only `metadata.managedFields` changes, which no controller copies anywhere.
    ///
    /// # Errors
    /// As any request.
    pub async fn touch(&self, name: &str) -> Result<u64, ActError> {
        let at = self.address("Rollout", name).await?;
        let now = self.get(&at).await?;
        let owners = now["metadata"]["managedFields"].as_array();
        let owned = owners.is_some_and(|owners| owners.iter().any(|owner| owner["manager"] == MANAGER));
        let mut apply = json!({"apiVersion": now["apiVersion"], "kind": now["kind"], "metadata": {"name": name}});
        if !owned && let Some((field, value)) = field(&now) {
            apply["spec"] = json!({field: value});
        }
        let touched = self.patch_as(&at, PatchKind::Apply, None, &apply, MANAGER).await?;
        Ok(json::resource_version(&touched))
    }
}

/// A field of the spec that stays when we let go of it, because somebody else owns it too. Not each has an owner: who
/// scales to 0 through the subresource owns nothing (a Scale leaves a 0 out), and what we alone own goes with us.
fn field(rollout: &Value) -> Option<(&'static str, &Value)> {
    let owners = rollout["metadata"]["managedFields"].as_array()?;
    let is_owned = |field: &str| {
        let key = format!("f:{field}");
        owners.iter().any(|owner| owner["manager"] != MANAGER && owner["fieldsV1"]["f:spec"].get(&key).is_some())
    };
    // The one that changes least comes first.
    ["selector", "workloadRef", "replicas"]
        .into_iter()
        .filter(|field| is_owned(field))
        .find_map(|field| Some((field, rollout["spec"].get(field)?)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rollout(spec: &Value, owned: &Value) -> Value {
        let owners = json!([
            {"manager": MANAGER, "fieldsV1": {"f:spec": {"f:replicas": {}, "f:selector": {}}}},
            {"manager": "kubectl-client-side-apply", "fieldsV1": {"f:spec": owned}},
            {"manager": "rollouts-controller", "subresource": "status", "fieldsV1": {"f:status": {"f:phase": {}}}},
        ]);
        json!({"metadata": {"managedFields": owners}, "spec": spec})
    }

    #[test]
    fn only_what_somebody_else_owns_is_touched() {
        let spec = json!({"replicas": 0, "selector": {"matchLabels": {"app": "a"}}});
        let touched = |owned: Value| field(&rollout(&spec, &owned)).map(|(field, _)| field);
        assert_eq!(touched(json!({"f:replicas": {}, "f:selector": {}})), Some("selector"));
        assert_eq!(touched(json!({"f:replicas": {}})), Some("replicas"));
        assert_eq!(touched(json!({"f:strategy": {}})), None);
        assert_eq!(touched(json!({"f:workloadRef": {}})), None, "it is owned, and is gone");
    }
}
