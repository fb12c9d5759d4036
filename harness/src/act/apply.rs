//! `kubectl apply`, client side: the annotation that remembers what was applied, and the three-way
//! merge of `merge.rs`.
//!
//! Manifests go in an order in which a controller finds what it needs: configuration, Services and
//! templates before workloads, Rollouts last. The namespace is always the actor's own.
//!
//! Not supported, and refused: kinds that live outside namespaces (they would reach the neighbours;
//! CRDs come with the plane, see [`crate::cluster::crds`]), `generateName` (kubectl refuses it too), and built-in kinds whose
//! merge rules are not in `schema.rs`.

use serde_json::{Map, Value};

use super::{
    actor::{Actor, Address, Done, ObjectRef, PatchKind},
    error::ActError,
    json,
    merge::three_way,
    schema::Place,
};

const LAST_APPLIED: &str = "kubectl.kubernetes.io/last-applied-configuration";

/// What kubectl calls itself in `metadata.managedFields` when it applies client side.
const FIELD_MANAGER: &str = "kubectl-client-side-apply";

impl Actor {
    /// `kubectl apply -f FILE...`. `files` only makes the command that is shown.
    ///
    /// # Errors
    /// The first manifest that fails ends it; those before it are applied.
    pub async fn apply(&self, files: &[String], manifests: &[Value]) -> Result<Done, ActError> {
        let mut objects = Vec::new();
        let mut changed = false;
        for manifest in in_order(manifests) {
            let (after, this_changed) = self.apply_one(manifest).await?;
            objects.push(ObjectRef::of(&after));
            changed |= this_changed;
        }
        let files: Vec<_> = files.iter().map(|file| format!(" -f {file}")).collect();
        Ok(Done { objects, changed, command: format!("kubectl apply{}", files.concat()) })
    }

    async fn apply_one(&self, manifest: &Value) -> Result<(Value, bool), ActError> {
        let modified = modified(manifest, &self.namespace)?;
        let at = self.address_of(&modified).await?;
        let place = Place::top(&at.resource.group, &at.resource.kind)?;
        let current = match self.get(&at).await {
            Ok(current) => current,
            Err(error) if error.is_not_found() => {
                return Ok((self.create(&at, &modified, FIELD_MANAGER).await?, true));
            }
            Err(error) => return Err(error),
        };
        self.patch_applied(&at, place, &modified, current).await
    }

    async fn patch_applied(
        &self,
        at: &Address,
        place: Place,
        modified: &Value,
        current: Value,
    ) -> Result<(Value, bool), ActError> {
        let original = serde_json::from_str::<Value>(json::annotation(&current, LAST_APPLIED)).ok();
        let patch = Value::Object(three_way(original.as_ref(), modified, &current, place)?);
        if patch.as_object().is_some_and(Map::is_empty) {
            return Ok((current, false));
        }
        let kind = if place.is_strategic() { PatchKind::Strategic } else { PatchKind::Merge };
        let after = self.patch_as(at, kind, None, &patch, FIELD_MANAGER).await?;
        let changed = json::differs(&current, &after);
        Ok((after, changed))
    }
}

/// The manifest as it is sent: namespace set, and annotated with itself.
fn modified(manifest: &Value, namespace: &str) -> Result<Value, ActError> {
    let mut manifest = sorted(manifest);
    let kind = json::text(&manifest, "/kind").to_owned();
    for field in ["/apiVersion", "/kind"] {
        if json::text(&manifest, field).is_empty() {
            return Err(ActError::Refused(format!("a manifest without `{}`: {manifest}", &field[1..])));
        }
    }
    if json::text(&manifest, "/metadata/name").is_empty() {
        let why = if json::text(&manifest, "/metadata/generateName").is_empty() {
            "it has no name"
        } else {
            "cannot use generate name with apply"
        };
        return Err(ActError::Refused(format!("a {kind}: {why}")));
    }
    let fields = manifest.as_object_mut().expect("it has an apiVersion, so it is a map");
    let metadata = json::child(fields, "metadata");
    metadata.insert("namespace".to_owned(), namespace.into());
    json::child(metadata, "annotations").shift_remove(LAST_APPLIED);
    manifest.sort_all_objects();
    // kubectl ends it with a newline.
    let remembered = format!("{manifest}\n");
    manifest["metadata"]["annotations"][LAST_APPLIED] = remembered.into();
    Ok(manifest)
}

fn sorted(value: &Value) -> Value {
    let mut value = value.clone();
    value.sort_all_objects();
    value
}

/// Manifests in the order in which they are applied; Lists are unpacked.
fn in_order(manifests: &[Value]) -> Vec<&Value> {
    let mut all = Vec::new();
    for manifest in manifests {
        match manifest.get("items").and_then(Value::as_array) {
            Some(items) if json::text(manifest, "/kind").ends_with("List") => all.extend(items),
            _ => all.push(manifest),
        }
    }
    all.sort_by_key(|manifest| match json::text(manifest, "/kind") {
        "ServiceAccount" | "Role" | "RoleBinding" | "ConfigMap" | "Secret" => 0,
        "Service" => 1,
        "AnalysisTemplate" | "PodTemplate" => 2,
        "Ingress" | "PodDisruptionBudget" | "HorizontalPodAutoscaler" => 4,
        "AnalysisRun" | "Experiment" => 5,
        "Rollout" => 6,
        _ => 3,
    });
    all
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{LAST_APPLIED, in_order, modified};

    fn named(kind: &str) -> Value {
        json!({"apiVersion": "v1", "kind": kind, "metadata": {"name": "x"}})
    }

    #[test]
    fn rollouts_come_last() {
        let list = json!({"kind": "List", "items": [named("Rollout"), named("Service")]});
        let manifests = [named("Experiment"), list, named("Deployment"), named("AnalysisTemplate"), named("ConfigMap")];
        let kinds: Vec<_> = in_order(&manifests).iter().map(|m| m["kind"].as_str().unwrap()).collect();
        assert_eq!(kinds, ["ConfigMap", "Service", "AnalysisTemplate", "Deployment", "Experiment", "Rollout"]);
    }

    #[test]
    fn remembers_as_kubectl_does() {
        let manifest = json!({"kind": "ConfigMap", "apiVersion": "v1", "data": {"b": "1", "a": "2"},
            "metadata": {"name": "c", "namespace": "elsewhere", "annotations": {LAST_APPLIED: "old"}}});
        let modified = modified(&manifest, "here").unwrap();
        insta::assert_snapshot!(modified["metadata"]["annotations"][LAST_APPLIED].as_str().unwrap(), @r#"{"apiVersion":"v1","data":{"a":"2","b":"1"},"kind":"ConfigMap","metadata":{"annotations":{},"name":"c","namespace":"here"}}"#);
        assert_eq!(modified["metadata"]["namespace"], "here");
    }

    #[rstest]
    #[case(json!({"kind": "Rollout"}), r#"a manifest without `apiVersion`: {"kind":"Rollout"}"#)]
    #[case(json!({"apiVersion": "v1", "metadata": {}}), r#"a manifest without `kind`: {"apiVersion":"v1","metadata":{}}"#)]
    #[case(json!({"apiVersion": "v1", "kind": "Pod"}), "a Pod: it has no name")]
    #[case(json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"generateName": "x-"}}), "a Pod: cannot use generate name with apply")]
    fn refuses(#[case] manifest: Value, #[case] message: &str) {
        assert_eq!(modified(&manifest, "ns").unwrap_err().to_string(), message);
    }
}
