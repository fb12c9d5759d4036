//! What a live object carries and a new one must not: status, identity, bookkeeping.

use serde_json::{Map, Value, json};

/// Annotations that a controller, or kubectl, has written.
const WRITTEN: [&str; 6] = [
    "kubectl.kubernetes.io/last-applied-configuration",
    "rollout.argoproj.io/revision",
    "rollout.argoproj.io/workload-generation",
    "argo-rollouts.argoproj.io/managed-by-rollouts",
    "deployment.kubernetes.io/revision",
    "kubectl.kubernetes.io/restartedAt",
];

/// The label that a Rollout's Services carry in their selectors.
const HASH: &str = "rollouts-pod-template-hash";

/// The object as its owner would write it: what a cluster has added to it is gone.
pub fn strip(object: &Value) -> Value {
    let mut stripped = object.clone();
    let Some(fields) = stripped.as_object_mut() else { return stripped };
    fields.shift_remove("status");
    let metadata = fields.get("metadata").and_then(Value::as_object);
    let mut kept = Map::new();
    for key in ["name", "namespace", "labels", "annotations"] {
        if let Some(value) = metadata.and_then(|metadata| metadata.get(key)).filter(|value| !value.is_null()) {
            kept.insert(key.to_owned(), value.clone());
        }
    }
    if let Some(annotations) = kept.get_mut("annotations").and_then(Value::as_object_mut) {
        WRITTEN.iter().for_each(|written| drop(annotations.shift_remove(*written)));
        if annotations.is_empty() {
            kept.shift_remove("annotations");
        }
    }
    fields.insert("metadata".into(), Value::Object(kept));
    if fields.get("kind").and_then(Value::as_str) == Some("Service") {
        stripped["spec"] = service(&object["spec"]);
    }
    stripped
}

/// What a controller reads of a Service. No address, no port of a node, no load balancer: those are the cluster's.
fn service(spec: &Value) -> Value {
    let mut kept = Map::new();
    if let Some(mut selector) = spec["selector"].as_object().cloned() {
        selector.shift_remove(HASH);
        kept.insert("selector".into(), Value::Object(selector));
    }
    let ports = spec["ports"].as_array().into_iter().flatten().map(|port| {
        let fields = ["name", "port", "targetPort", "protocol", "appProtocol"];
        let fields = fields.into_iter().filter_map(|field| Some((field.to_owned(), port.get(field)?.clone())));
        Value::Object(fields.collect())
    });
    let ports: Vec<Value> = ports.collect();
    kept.insert("ports".into(), if ports.is_empty() { json!([{"port": 80}]) } else { ports.into() });
    if spec["clusterIP"] == "None" {
        kept.insert("clusterIP".into(), "None".into());
    }
    Value::Object(kept)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_live_service_becomes_a_new_one() {
        let live = json!({
            "apiVersion": "v1", "kind": "Service",
            "metadata": {"name": "a", "namespace": "prod", "uid": "u", "resourceVersion": "7", "managedFields": [{}],
                "ownerReferences": [{}], "finalizers": ["x"],
                "annotations": {"argo-rollouts.argoproj.io/managed-by-rollouts": "a"}},
            "spec": {"clusterIP": "10.0.0.1", "clusterIPs": ["10.0.0.1"], "type": "LoadBalancer",
                "selector": {"app": "a", "rollouts-pod-template-hash": "abc"},
                "ports": [{"port": 80, "nodePort": 30000, "targetPort": "http"}]},
            "status": {"loadBalancer": {}},
        });
        let expected = json!({
            "apiVersion": "v1", "kind": "Service", "metadata": {"name": "a", "namespace": "prod"},
            "spec": {"selector": {"app": "a"}, "ports": [{"port": 80, "targetPort": "http"}]},
        });
        assert_eq!(strip(&live), expected);
    }
}
