//! The proof that a plane works: a ReplicaSet of one pod, which must be created, scheduled, and become Ready.

use std::{path::Path, time::Duration};

use k8s_openapi::api::{
    apps::v1::ReplicaSet,
    core::v1::{Event, Namespace, Pod},
};
use kube::{
    Api, Client, ResourceExt,
    api::{DeleteParams, ListParams, PostParams, WatchParams},
};
use serde_json::json;

use crate::cluster::{api, client::client};

/// The namespace of it, and all that is in it.
const TRIAL: &str = "proofroll-ready";

/// How long the state of a plane that does not get ready is asked for.
const ASKING: Duration = Duration::from_secs(5);

pub(super) async fn start(client: &Client) -> kube::Result<()> {
    let namespace: Namespace = api::object(json!({"metadata": {"name": TRIAL}}));
    Api::all(client.clone()).create(&PostParams::default(), &namespace).await?;
    let labels = json!({"app": TRIAL});
    let replica_set: ReplicaSet = api::object(json!({
        "metadata": {"name": TRIAL},
        "spec": {
            "replicas": 1,
            "selector": {"matchLabels": labels},
            "template": {
                "metadata": {"labels": labels, "annotations": {"pod.proofroll.dev/ready-after": "0s"}},
                "spec": {"containers": [{"name": TRIAL, "image": TRIAL}]},
            },
        },
    }));
    Api::namespaced(client.clone(), TRIAL).create(&PostParams::default(), &replica_set).await.map(drop)
}

/// A pod of the ReplicaSet is Running and Ready: controller manager, scheduler and kwok all work.
pub(super) async fn finish(client: &Client) -> kube::Result<()> {
    let pods: Api<Pod> = Api::namespaced(client.clone(), TRIAL);
    let well = |pod: &Pod| {
        let Some(status) = &pod.status else { return false };
        let ready = status.conditions.iter().flatten().any(|c| c.type_ == "Ready" && c.status == "True");
        ready && status.phase.as_deref() == Some("Running")
    };
    api::until(&pods, &WatchParams::default(), well).await?;
    Api::<Namespace>::all(client.clone()).delete(TRIAL, &DeleteParams::default()).await.map(drop)
}

/// How far it is, for people: of no use but to find out why a plane did not get ready.
pub(super) async fn state(kubeconfig: &Path) -> String {
    let asking = async {
        let client = client(kubeconfig).await.map_err(|error| error.to_string())?;
        described(&client).await.map_err(|error| error.to_string())
    };
    match tokio::time::timeout(ASKING, asking).await {
        Ok(Ok(state)) => state,
        Ok(Err(why)) => format!("its trial pod could not be asked for: {why}"),
        Err(_) => "kube-apiserver does not answer".into(),
    }
}

async fn described(client: &Client) -> kube::Result<String> {
    let pods = Api::<Pod>::namespaced(client.clone(), TRIAL).list(&ListParams::default()).await?.items;
    let events = Api::<Event>::namespaced(client.clone(), TRIAL).list(&ListParams::default()).await?.items;
    Ok(told(&pods, &events))
}

fn told(pods: &[Pod], events: &[Event]) -> String {
    let pod = |pod: &Pod| {
        let node = pod.spec.as_ref().and_then(|spec| spec.node_name.as_deref());
        let status = pod.status.as_ref();
        let ready = status
            .and_then(|status| status.conditions.iter().flatten().find(|condition| condition.type_ == "Ready"))
            .map_or("none", |condition| condition.status.as_str());
        let waited_for = if node.is_some() { "kwok" } else { "the scheduler" };
        format!(
            "{} (node: {}, phase: {}, Ready: {ready}; {waited_for} is waited for)",
            pod.name_any(),
            node.unwrap_or("none"),
            status.and_then(|status| status.phase.as_deref()).unwrap_or("none"),
        )
    };
    let pods: Vec<String> = pods.iter().map(pod).collect();
    let pods = if pods.is_empty() { "none; the controller manager is waited for".into() } else { pods.join(", ") };
    let event = |event: &Event| {
        format!("{}: {}", event.reason.as_deref().unwrap_or_default(), event.message.as_deref().unwrap_or_default())
    };
    let events: Vec<String> = events.iter().map(event).collect();
    let events = if events.is_empty() { "none".into() } else { events.join("; ") };
    format!("its trial pods: {pods}; their events: {events}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_waited_for_is_told() {
        let pod = |value| api::object::<Pod>(value);
        let unscheduled = pod(json!({"metadata": {"name": "a"}, "status": {"phase": "Pending"}}));
        let pending = pod(json!({
            "metadata": {"name": "b"}, "spec": {"nodeName": "n", "containers": []}, "status": {"phase": "Pending"},
        }));
        let event: Event = api::object(json!({
            "metadata": {"name": "e"}, "involvedObject": {}, "reason": "FailedCreate", "message": "no service account",
        }));
        let lines = [told(&[], &[event]), told(&[unscheduled], &[]), told(&[pending], &[])];
        insta::assert_snapshot!(lines.join("\n"));
    }
}
