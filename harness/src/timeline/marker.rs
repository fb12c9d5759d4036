//! The markers: objects that every controller leaves alone. The timeline writes to one of each kind to learn how far a
//! stream has come ([`super::barrier`]).

use serde_json::{Value, json};

use super::kind::Kind;

/// Name of the marker objects.
pub const MARKER: &str = "proofroll-marker";

/// The label by which the Rollouts controller passes over objects of another instance.
const INSTANCE: &str = "argo-rollouts.argoproj.io/controller-instance-id";

/// The least object of `kind` that every controller leaves alone: nothing ever runs, and nothing is made of it.
///
/// One that a selector may claim has an owner already, the namespace (`namespace_uid`): before 1.10 a Rollout with an empty
/// selector adopts each ReplicaSet that has none, and takes it along when it is deleted.
///
/// What is least for a kind that only a scenario knows is not known here: then it is a copy of `like`, an object of that
/// kind that the scenario applies, under another name; and without one an object without a spec.
pub fn marker(kind: Kind, namespace: &str, namespace_uid: &str, like: Option<&Value>) -> Value {
    let mut marker = json!({
        "apiVersion": kind.api_version(),
        "kind": kind.name(),
        "metadata": {"name": MARKER, "namespace": namespace, "labels": {INSTANCE: MARKER}},
    });
    if kind == Kind::ReplicaSet {
        marker["metadata"]["ownerReferences"] = json!([
            {"apiVersion": "v1", "kind": "Namespace", "name": namespace, "uid": namespace_uid, "controller": true}
        ]);
    }
    match (least(kind, namespace), like.and_then(Value::as_object)) {
        (Some(Value::Object(fields)), _) => fields.into_iter().for_each(|(key, value)| marker[key] = value),
        (_, Some(like)) => {
            let fields =
                like.iter().filter(|(key, _)| !["apiVersion", "kind", "metadata", "status"].contains(&key.as_str()));
            fields.for_each(|(key, value)| marker[key] = value.clone());
        }
        _ => {}
    }
    marker
}

/// All but the metadata, of the kinds that are known.
fn least(kind: Kind, namespace: &str) -> Option<Value> {
    // The scheduling gate is never lifted.
    let pod = json!({
        "schedulingGates": [{"name": "proofroll.dev/never"}],
        "restartPolicy": "Never",
        "containers": [{"name": "marker", "image": "none"}],
    });
    let labels = json!({"proofroll.dev/marker": "true"});
    let template =
        json!({"metadata": {"labels": labels}, "spec": {"containers": [{"name": "marker", "image": "none"}]}});
    let selector = json!({"matchLabels": labels});
    let web = json!({"name": "marker", "provider": {"web": {"url": "http://127.0.0.1:1"}}});
    let nothing = json!({"apiVersion": "apps/v1", "kind": "Deployment", "name": "proofroll-none"});
    Some(match kind {
        Kind::Rollout => {
            json!({"spec": {"replicas": 0, "selector": selector, "template": template, "strategy": {"canary": {}}}})
        }
        Kind::ReplicaSet => json!({"spec": {"replicas": 0, "selector": selector, "template": template}}),
        Kind::Pod => json!({"spec": pod}),
        Kind::Service => json!({"spec": {"clusterIP": "None", "ports": [{"port": 1}]}}),
        Kind::Ingress => json!({"spec": {
            "ingressClassName": MARKER,
            "defaultBackend": {"service": {"name": MARKER, "port": {"number": 1}}},
        }}),
        Kind::AnalysisRun => json!({"spec": {"metrics": [web]}}),
        Kind::Experiment => json!({"spec": {
            "templates": [{"name": "marker", "replicas": 0, "selector": selector, "template": template}],
        }}),
        Kind::Job => json!({"spec": {"suspend": true, "template": {"spec": pod}}}),
        Kind::Event => json!({
            "involvedObject": {"kind": "Namespace", "apiVersion": "v1", "name": namespace, "namespace": namespace},
            "reason": "Marker",
            "message": "a point in the timeline of proofroll",
            "type": "Normal",
            "source": {"component": "proofroll"},
        }),
        Kind::Other(_) => match (kind.api_version(), kind.name()) {
            // Of a paused one no ReplicaSet is made.
            ("apps/v1", "Deployment") => {
                json!({"spec": {"paused": true, "replicas": 0, "selector": selector, "template": template}})
            }
            ("apps/v1", "StatefulSet") => {
                json!({"spec": {"serviceName": MARKER, "replicas": 0, "selector": selector, "template": template}})
            }
            ("v1", "PodTemplate") => json!({"template": template}),
            ("v1", "ConfigMap" | "Secret" | "ServiceAccount") | ("coordination.k8s.io/v1", "Lease") => json!({}),
            ("discovery.k8s.io/v1", "EndpointSlice") => json!({"addressType": "IPv4", "endpoints": []}),
            ("policy/v1", "PodDisruptionBudget") => json!({"spec": {"maxUnavailable": 1, "selector": selector}}),
            ("autoscaling/v2", "HorizontalPodAutoscaler") => {
                json!({"spec": {"minReplicas": 1, "maxReplicas": 1, "scaleTargetRef": nothing}})
            }
            ("argoproj.io/v1alpha1", "AnalysisTemplate") => json!({"spec": {"metrics": [web]}}),
            _ => return None,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kind_of_marker_is_an_object_of_its_kind() {
        let other = Kind::other("Deployment", "apps/v1", "Deployment", "deployments");
        for kind in Kind::ALL.into_iter().chain([other]) {
            let marker = marker(kind, "ns", "u", None);
            assert_eq!(marker["kind"], kind.name());
            assert_eq!(marker["apiVersion"], kind.api_version());
            assert_eq!(marker["metadata"]["name"], MARKER);
            assert!(kind.path("ns").contains("/namespaces/ns/"), "{}", kind.path("ns"));
        }
    }

    #[test]
    fn an_unknown_kind_is_like_the_one_that_is_applied() {
        let kind = Kind::other("Widget", "example.com/v1", "Widget", "widgets");
        let like = json!({"kind": "Widget", "metadata": {"name": "a", "labels": {"app": "x"}}, "spec": {"size": 3}});
        let marker = marker(kind, "ns", "u", Some(&like));
        assert_eq!(marker["spec"], json!({"size": 3}));
        assert_eq!(marker["metadata"]["labels"], json!({INSTANCE: MARKER}), "nobody else's labels");
        assert_eq!(kind.path("ns"), "/apis/example.com/v1/namespaces/ns/widgets");
        assert_eq!(Kind::named("Widget"), Some(kind));
        assert_eq!(Kind::named("Gadget"), None);
    }
}
