//! A controller that says of every Rollout, as soon as it sees it, that all is well.

use futures::TryStreamExt;
use kube::{
    Api, Client, Config,
    api::{ApiResource, DynamicObject, Patch, PatchParams, WatchEvent, WatchParams},
    config::{KubeConfigOptions, Kubeconfig},
    core::GroupVersionKind,
};
use serde_json::{Value, json};

use super::fake::{flag, log};

const HASH: &str = "6cf78c66c5";

pub fn run() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    runtime.block_on(lie());
}

async fn lie() {
    let kubeconfig = Kubeconfig::read_from(flag("kubeconfig")).unwrap();
    let config = Config::from_custom_kubeconfig(kubeconfig, &KubeConfigOptions::default()).await.unwrap();
    let client = Client::try_from(config).unwrap();
    let kind = ApiResource::from_gvk(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout"));
    let api: Api<DynamicObject> = Api::namespaced_with(client, &flag("namespace"), &kind);
    loop {
        let events = api.watch(&WatchParams::default(), "0").await.unwrap();
        let mut events = std::pin::pin!(events);
        while let Some(event) = events.try_next().await.unwrap() {
            if let WatchEvent::Added(rollout) | WatchEvent::Modified(rollout) = event {
                reconcile(&api, &rollout).await;
            }
        }
    }
}

async fn reconcile(api: &Api<DynamicObject>, rollout: &DynamicObject) {
    let metadata = &rollout.metadata;
    let (name, generation) = (metadata.name.clone().unwrap(), metadata.generation.unwrap());
    let fields = json!({
        "namespace": metadata.namespace, "rollout": name, "generation": generation,
        "resourceVersion": metadata.resource_version,
    });
    log("Started syncing rollout", fields.clone());
    let wanted = status(&rollout.data["spec"], generation);
    if !says(&rollout.data["status"], &wanted) {
        let patch = Patch::Merge(json!({"status": wanted}));
        // It may be gone already.
        let _ = api.patch_status(&name, &PatchParams::default(), &patch).await;
    }
    log("Reconciliation completed", fields);
}

/// What a Rollout looks like that has come to its end.
fn status(spec: &Value, generation: i64) -> Value {
    let replicas = spec["replicas"].as_i64().unwrap_or(1);
    let steps = spec["strategy"]["canary"]["steps"].as_array().map_or(0, Vec::len);
    json!({
        "phase": "Healthy",
        "message": null,
        "observedGeneration": generation.to_string(),
        "replicas": replicas,
        "updatedReplicas": replicas,
        "readyReplicas": replicas,
        "availableReplicas": replicas,
        "HPAReplicas": replicas,
        "currentStepIndex": steps,
        "currentPodHash": HASH,
        "stableRS": HASH,
        "abort": null,
        "pauseConditions": null,
    })
}

fn says(status: &Value, wanted: &Value) -> bool {
    wanted.as_object().unwrap().iter().all(|(field, value)| status[field.as_str()] == *value)
}
