//! The life of fake pods.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::ReplicaSet, batch::v1::Job, core::v1::Pod};
use kube::{
    Api,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams, WatchEvent, WatchParams},
};
use serde_json::json;

use super::setup::{Setup, eventually_async};

const REPLICAS: usize = 24;

fn is(pod: &Pod, condition: &str) -> bool {
    let conditions = pod.status.iter().flat_map(|status| status.conditions.iter().flatten());
    conditions.into_iter().any(|found| found.type_ == condition && found.status == "True")
}

pub async fn pods_live_as_the_stages_say(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let namespace = plane.create_namespace("stages").await?;
    let client = plane.client();
    let pods: Api<Pod> = Api::namespaced(client.clone(), &namespace);

    // A ReplicaSet's pods become ready, with addresses of their own, on both nodes.
    let sets: Api<ReplicaSet> = Api::namespaced(client.clone(), &namespace);
    let labels = json!({"app": "stages"});
    let containers = json!([{"name": "main", "image": "x:1"}, {"name": "side", "image": "y:1"}]);
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "stages"}, "spec": {
        "replicas": REPLICAS, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": containers}}}});
    sets.create(&PostParams::default(), &serde_json::from_value(set)?).await?;
    eventually_async("all replicas are ready", || async {
        let status = sets.get("stages").await?.status.context("a status")?;
        ensure!(status.ready_replicas == Some(i32::try_from(REPLICAS)?), "{status:?}");
        Ok(())
    })
    .await?;
    let listed = pods.list(&ListParams::default()).await?;
    let mut nodes = BTreeMap::new();
    let mut addresses = Vec::new();
    for pod in &listed.items {
        ensure!(is(pod, "Ready") && is(pod, "ContainersReady") && is(pod, "Initialized"), "{pod:?}");
        let status = pod.status.as_ref().context("a status")?;
        ensure!(status.phase.as_deref() == Some("Running"));
        let containers = status.container_statuses.as_ref().context("containers")?;
        ensure!(
            containers.len() == 2 && containers.iter().all(|container| container.ready && container.restart_count == 0)
        );
        addresses.push(status.pod_ip.clone().context("an address")?);
        *nodes.entry(pod.spec.as_ref().and_then(|spec| spec.node_name.clone())).or_insert(0) += 1;
    }
    addresses.sort();
    addresses.dedup();
    ensure!(addresses.len() == REPLICAS && nodes.len() == 2, "{addresses:?} {nodes:?}");

    // Deleted: all go in the end, those of one half at once, of the other half slowly.
    let mut events = Box::pin(
        pods.watch(&WatchParams::default(), listed.metadata.resource_version.as_deref().context("a version")?).await?,
    );
    sets.delete("stages", &DeleteParams::background()).await?;
    let mut went = [Vec::new(), Vec::new()];
    let mut terminating = BTreeMap::new();
    while went[0].len() + went[1].len() < REPLICAS {
        let event = futures::TryStreamExt::try_next(&mut events).await?.context("a watch that goes on")?;
        let (pod, deleted) = match event {
            WatchEvent::Modified(pod) => (pod, false),
            WatchEvent::Deleted(pod) => (pod, true),
            other => anyhow::bail!("{other:?}"),
        };
        let uid = pod.metadata.uid.context("a uid")?;
        let now = std::time::Instant::now();
        if deleted {
            let since = terminating.get(&uid).map_or_else(Default::default, |begun| now.duration_since(*begun));
            let slow = uid.ends_with(|digit: char| digit >= '8');
            went[usize::from(slow)].push(since);
        } else if pod.metadata.deletion_timestamp.is_some() {
            terminating.entry(uid).or_insert(now);
        }
    }
    let half_a_second = std::time::Duration::from_millis(500);
    ensure!(went[1].iter().all(|took| *took >= half_a_second - std::time::Duration::from_millis(50)), "{went:?}");
    ensure!(!went[0].is_empty() && went[0].iter().min() < went[1].iter().min(), "{went:?}");

    // A Job completes, and its pod with it.
    let jobs: Api<Job> = Api::namespaced(client.clone(), &namespace);
    let job = json!({"apiVersion": "batch/v1", "kind": "Job", "metadata": {"name": "job"}, "spec": {"template": {"spec": {
        "restartPolicy": "Never", "containers": containers}}}});
    jobs.create(&PostParams::default(), &serde_json::from_value(job)?).await?;
    eventually_async("the job is complete", || async {
        let status = jobs.get("job").await?.status.context("a status")?;
        ensure!(status.succeeded == Some(1) && status.completion_time.is_some(), "{status:?}");
        Ok(())
    })
    .await?;
    jobs.delete("job", &DeleteParams::background()).await?;

    // Readiness gates: Ready waits for their owner, and follows him.
    let gated = json!({"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "gated"}, "spec": {
        "containers": containers, "readinessGates": [{"conditionType": "example.com/gate"}]}});
    pods.create(&PostParams::default(), &serde_json::from_value(gated)?).await?;
    eventually_async("the containers are ready", || async {
        let pod = pods.get("gated").await?;
        ensure!(is(&pod, "ContainersReady") && !is(&pod, "Ready"), "{pod:?}");
        Ok(())
    })
    .await?;
    for value in ["True", "False", "True"] {
        let patch = json!({"status": {"conditions": [{"type": "example.com/gate", "status": value}]}});
        pods.patch_status("gated", &PatchParams::default(), &Patch::Strategic(patch)).await?;
        eventually_async("readiness follows the gate", || async {
            ensure!(is(&pods.get("gated").await?, "Ready") == (value == "True"));
            Ok(())
        })
        .await?;
    }
    plane.release(true).await?;
    setup.nothing_is_left().await
}
