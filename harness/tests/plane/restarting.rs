//! The API server is restarted; everything that works with it goes on.

use anyhow::{Context, Result, ensure};
use k8s_openapi::api::{apps::v1::ReplicaSet, core::v1::ConfigMap};
use kube::{
    Api,
    api::{Patch, PatchParams, PostParams},
};
use proofroll::{progress::Silent, timeline::Timeline};
use serde_json::json;

use super::setup::{Setup, eventually_async, only_plane};

pub async fn the_api_server_is_restarted(setup: Setup) -> Result<()> {
    let plane = setup.acquire().await?;
    let namespace = plane.create_namespace("restart").await?;
    let sets: Api<ReplicaSet> = Api::namespaced(plane.client(), &namespace);
    let labels = json!({"app": "restart"});
    let set = json!({"apiVersion": "apps/v1", "kind": "ReplicaSet", "metadata": {"name": "restart"}, "spec": {
        "replicas": 2, "selector": {"matchLabels": labels},
        "template": {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "x"}]}}}});
    sets.create(&PostParams::default(), &serde_json::from_value(set)?).await?;
    let ready = |count: i32| {
        let sets = sets.clone();
        eventually_async("the replicas are ready", move || {
            let sets = sets.clone();
            async move {
                let status = sets.get("restart").await?.status.context("a status")?;
                ensure!(status.ready_replicas == Some(count), "{status:?}");
                Ok(())
            }
        })
    };
    ready(2).await?;
    let timeline = Timeline::open(plane.client(), &namespace, &[]).await?;
    timeline.barrier().await?;
    let before = timeline.log().history().end();

    plane.restart_api_server().await?;
    ensure!(plane.health().is_none(), "{:?}", plane.health());
    // Controller manager, scheduler and kwok are there again; the timeline, too, and says what it missed.
    sets.patch("restart", &PatchParams::default(), &Patch::Merge(json!({"spec": {"replicas": 3}}))).await?;
    ready(3).await?;
    timeline.barrier().await?;
    let (gaps, end) = {
        let log = timeline.log();
        (log.history().gaps_between(0, u64::MAX).count(), log.history().end())
    };
    println!("{gaps} gaps in the timeline");
    ensure!(end > before && gaps > 0, "{gaps} gaps");

    // Again, and what was written before is still there.
    plane.restart_api_server().await?;
    ready(3).await?;
    let log = std::fs::read_to_string(only_plane(&setup.root)?.log("kube-apiserver"))?;
    let starts = log.matches("Serving securely").count();
    ensure!(starts == 3, "the API server says that it began {starts} times");
    plane.release(true).await?;
    setup.nothing_is_left().await
}

pub async fn a_plane_of_ones_own_is_joined_by_nobody(setup: Setup) -> Result<()> {
    let shared = setup.acquire().await?;
    let own = shared.own("a test", &Silent).await?;
    let other = shared.own("another test", &Silent).await?;
    let keys = [shared.record().key.clone(), own.record().key.clone(), other.record().key.clone()];
    ensure!(keys[0] != keys[1] && keys[0] != keys[2] && keys[1] != keys[2], "{keys:?}");
    let maps = |plane: &proofroll::cluster::Plane| Api::<ConfigMap>::namespaced(plane.client(), "default");
    let map = serde_json::from_value(json!({"metadata": {"name": "mine"}}))?;
    maps(&own).create(&PostParams::default(), &map).await?;
    own.restart_api_server().await?;
    maps(&own).get("mine").await?;
    ensure!(maps(&shared).get_opt("mine").await?.is_none());
    ensure!(maps(&other).get_opt("mine").await?.is_none());
    for plane in [own, other, shared] {
        plane.release(true).await?;
    }
    setup.nothing_is_left().await
}
