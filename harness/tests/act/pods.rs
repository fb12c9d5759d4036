//! Pods that run are changed, and stay so.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{Api, api::ListParams};
use proofroll::{
    act::{ActError, Actor, Done},
    controller::Controller,
    scenario::model::Pods,
};
use serde_json::{Value, json};

use super::super::{Bench, NAME, SOON, rollout, service};

/// What is asked of the pods of revision 1.
fn ask(change: Value) -> Pods {
    let mut pods: Pods = serde_json::from_value(change).unwrap();
    pods.revision = 1;
    pods
}

/// Name, phase, state of the container, restarts, and whether it is ready; by name.
async fn shown(pods: &Api<Pod>) -> Vec<(String, String)> {
    let listed = pods.list(&ListParams::default()).await.unwrap().items;
    let mut shown: Vec<_> = listed
        .iter()
        .filter(|pod| pod.metadata.deletion_timestamp.is_none())
        .map(|pod| {
            let pod = proofroll::rollout::Pod::read(&serde_json::to_value(pod).unwrap());
            let summary = pod.summary();
            let ready = if pod.is_ready() { "ready" } else { "unready" };
            (pod.metadata.name.clone(), format!("{} {} {ready} {}", pod.phase, summary.status, summary.restarts))
        })
        .collect();
    shown.sort();
    shown
}

async fn eventually(pods: &Api<Pod>, expected: [&str; 2]) {
    let look = async {
        while shown(pods).await.iter().map(|(_, text)| text.as_str()).ne(expected) {
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    if tokio::time::timeout(SOON, look).await.is_err() {
        panic!("{:?}, expected {expected:?}", shown(pods).await);
    }
}

/// Does it; the objects that it answers with are those that changed, as they are now.
async fn change(actor: &Actor, pods: &Api<Pod>, change: Value, expected: [&str; 2]) -> Done {
    let before = shown(pods).await;
    let done = actor.pods(NAME, &ask(change)).await.unwrap();
    let after = shown(pods).await;
    assert_eq!(after.iter().map(|(_, text)| text.as_str()).collect::<Vec<_>>(), expected, "{before:?}");
    for object in &done.objects {
        let now = pods.get(&object.name).await.unwrap().metadata.resource_version.unwrap();
        assert_eq!((object.kind.as_str(), object.resource_version.to_string()), ("Pod", now));
    }
    done
}

pub async fn pods_are_changed_and_stay_so() {
    let bench = Bench::new().await;
    let controller = Controller::start(bench.config.clone()).await.unwrap();
    let manifests = [service("stable", &[80]), service("canary", &[80]), rollout("demo:1")];
    bench.actor.apply(&[], &manifests).await.unwrap();
    bench.healthy().await;
    let (actor, pods) = (&bench.actor, &Api::<Pod>::namespaced(bench.client.clone(), &bench.namespace));
    let (well, unready) = ("Running Running ready 0", "Running Running unready 0");
    eventually(pods, [well, well]).await;

    // The first one by name; no more than are meant.
    let done = change(actor, pods, json!({"ready": false, "count": 1}), [unready, well]).await;
    assert!(done.changed && done.objects.len() == 1);
    change(actor, pods, json!({"ready": false}), [unready, unready]).await;
    change(actor, pods, json!({"ready": true}), [well, well]).await;
    change(actor, pods, json!({"ready": true}), [well, well]).await;

    // A wait, out of which it is helped; an end, out of which it helps itself.
    let image = "Running ErrImagePull unready 0";
    change(actor, pods, json!({"waiting": "ErrImagePull", "count": 1}), [image, well]).await;
    change(actor, pods, json!({"ready": true}), [well, well]).await;
    change(actor, pods, json!({"exit": 3, "count": 1}), ["Running CrashLoopBackOff unready 0", well]).await;
    let error = actor.pods(NAME, &ask(json!({"exit": 3, "count": 2}))).await.unwrap_err();
    assert_eq!(error.to_string(), "revision 1 has 1 pods whose containers can end, not 2");
    eventually(pods, ["Running Running ready 1", well]).await;

    // A gate that is no readiness gate of theirs is only written.
    let done = change(actor, pods, json!({"gate": {"a/b": true}}), ["Running Running ready 1", well]).await;
    assert!(done.changed);
    assert!(!actor.pods(NAME, &ask(json!({"gate": {"a/b": true}}))).await.unwrap().changed);

    for (pods, says) in [
        (ask(json!({"ready": false, "count": 3})), "revision 1 has 2 pods that are not terminating, not 3"),
        (Pods { revision: 7, ..ask(json!({"ready": false})) }, "there is no ReplicaSet of revision 7"),
    ] {
        let error = actor.pods(NAME, &pods).await.unwrap_err();
        assert!(matches!(&error, ActError::Refused(why) if why == says), "{error}");
    }

    // What is under way in kwok (a container that starts again) does not undo it.
    for _ in 0..3 {
        actor.pods(NAME, &ask(json!({"exit": 1}))).await.unwrap();
        let done = actor.pods(NAME, &ask(json!({"waiting": "ErrImagePull"}))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(1500)).await;
        for object in &done.objects {
            let now = pods.get(&object.name).await.unwrap().metadata.resource_version.unwrap();
            assert_eq!(object.resource_version.to_string(), now, "{:?}", shown(pods).await);
        }
        actor.pods(NAME, &ask(json!({"ready": true}))).await.unwrap();
    }

    // Deleted: others come in their place.
    let names = |shown: &[(String, String)]| shown.iter().map(|(name, _)| name.clone()).collect::<Vec<_>>();
    let before = names(&shown(pods).await);
    let done = actor.pods(NAME, &ask(json!({"delete": 1}))).await.unwrap();
    assert_eq!(done.objects.iter().map(|o| o.name.as_str()).collect::<Vec<_>>(), [&before[0]]);
    assert!(!names(&shown(pods).await).contains(&before[0]));
    bench.healthy().await;
    drop(controller);
    bench.end().await;
}
