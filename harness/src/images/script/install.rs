//! The policy, put into a cluster.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{Patch, PatchParams, PostParams},
    core::request::Request,
};
use serde_json::{Value, json};

use super::objects;

/// How often it is looked whether the policy acts.
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// Applies the policy and waits until it acts on new pods, of which the API server hears a moment after
/// it has taken it. It is tried with pods of `namespace` that are never made (dry run).
///
/// # Errors
/// When the API server does not take the policy (without its flags it does not know the kind), or a pod.
pub async fn install(client: &Client, namespace: &str) -> kube::Result<()> {
    for object in objects() {
        apply(client, &object).await?;
    }
    let probe = json!({
        "metadata": {"name": "script-probe", "annotations": {"pod.proofroll.dev/ready-after": "1s"}},
        "spec": {"containers": [{"name": "probe", "image": "probe"}], "automountServiceAccountToken": false},
    });
    let probe: Pod = serde_json::from_value(probe).map_err(kube::Error::SerdeError)?;
    let pods: Api<Pod> = Api::namespaced(client.clone(), namespace);
    let dry_run = PostParams { dry_run: true, field_manager: None };
    loop {
        match pods.create(&dry_run, &probe).await {
            Ok(pod) if has_probe(&pod) => return Ok(()),
            Ok(_) => {}
            // In a new cluster it takes a moment until the namespace has one.
            Err(kube::Error::Api(status)) if status.message.contains("error looking up service account") => {}
            Err(error) => return Err(error),
        }
        tokio::time::sleep(LOOK_AGAIN).await;
    }
}

fn has_probe(pod: &Pod) -> bool {
    let containers = pod.spec.iter().flat_map(|spec| &spec.containers);
    containers.into_iter().any(|container| container.readiness_probe.is_some())
}

async fn apply(client: &Client, object: &Value) -> kube::Result<()> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let plural = match text(&object["kind"]).as_str() {
        "MutatingAdmissionPolicy" => "mutatingadmissionpolicies",
        _ => "mutatingadmissionpolicybindings",
    };
    let path = format!("/apis/{}/{plural}", text(&object["apiVersion"]));
    let params = PatchParams::apply("proofroll").force();
    let request = Request::new(path).patch(&text(&object["metadata"]["name"]), &params, &Patch::Apply(object));
    client.request::<Value>(request.map_err(kube::Error::BuildRequest)?).await.map(drop)
}
