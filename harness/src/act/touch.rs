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
        if !owned && let Some((field, value)) = field(&now["spec"]) {
            apply["spec"] = json!({field: value});
        }
        let touched = self.patch_as(&at, PatchKind::Apply, None, &apply, MANAGER).await?;
        Ok(json::resource_version(&touched))
    }
}

/// A field that somebody else owns already and that stays when we let go of it.
fn field(spec: &Value) -> Option<(&'static str, &Value)> {
    ["replicas", "selector", "workloadRef"].into_iter().find_map(|field| Some((field, spec.get(field)?)))
}
