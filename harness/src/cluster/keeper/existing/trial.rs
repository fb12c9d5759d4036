//! The proof that the controller serves namespaces of ours, and that the log is its log.
//!
//! A Rollout without replicas is created in a namespace of its own; no pod comes of it. Its status must
//! show that somebody has observed it, and the log that it was reconciled. So a controller that is
//! restricted to other namespaces, or to other objects, and the log of another one, are found before a
//! scenario blames the controller for it.

use std::{path::Path, time::Duration};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{ApiResource, DeleteParams, DynamicObject, PostParams},
    core::GroupVersionKind,
};
use serde_json::json;

use super::making::Making;
use crate::{
    cluster::{
        api,
        existing::{PLANE, labels},
    },
    controller::{
        Log, LogLine,
        deployed::{self, LogStream, Shared},
        log::{LogTail, render},
    },
    run::trouble::chain,
    timeouts::scaled,
};

/// How long the controller may take for it.
const LIMIT: Duration = Duration::from_secs(30);

const LOOK: Duration = Duration::from_millis(50);

/// The Rollout's name.
const NAME: &str = "proofroll-trial";

/// What the log says of a reconcile.
const STARTED: &str = "Started syncing rollout";

/// A trial.
pub(super) struct Trial<'a> {
    pub client: &'a Client,
    /// The plane's.
    pub id: &'a str,
    pub making: &'a Making,
    pub log: &'a LogStream,
    pub shared: &'a Shared,
}

impl Trial<'_> {
    /// Tries the controller out; `log` is where its log must show it.
    pub async fn run(&self, log: &Path) -> Result<(), String> {
        let name = format!("{NAME}-{:08x}", fastrand::u32(..));
        let namespaces: Api<Namespace> = Api::all(self.client.clone());
        let namespace: Namespace = api::object(json!({"metadata": {"name": name, "labels": labels(PLANE, self.id)}}));
        let told = |what: &'static str| move |error: kube::Error| format!("{what}: {}", chain(&error));
        let created = {
            let namespaces = namespaces.clone();
            self.making.carry_out(async move { namespaces.create(&PostParams::default(), &namespace).await })
        };
        created.await.map_err(told("a namespace cannot be made"))?;
        let outcome = self.in_namespace(&name, log).await;
        let deleted = namespaces.delete(&name, &DeleteParams::default()).await;
        outcome.and(deleted.map(drop).map_err(told("the trial's namespace cannot be deleted")))
    }

    async fn in_namespace(&self, namespace: &str, log: &Path) -> Result<(), String> {
        let told = |error: kube::Error| format!("a Rollout cannot be made: {}", chain(&error));
        let kind =
            ApiResource::from_gvk_with_plural(&GroupVersionKind::gvk("argoproj.io", "v1alpha1", "Rollout"), "rollouts");
        let rollouts: Api<DynamicObject> = Api::namespaced_with(self.client.clone(), namespace, &kind);
        // A file that is there may hold the words of months.
        let tail = Log::of_namespace(log, namespace).and_then(|log| Ok(log.tail(log.position()?))).ok();
        rollouts.create(&PostParams::default(), &rollout()).await.map_err(told)?;
        let limit = scaled(LIMIT);
        let (observed, logged) = tokio::join!(
            tokio::time::timeout(limit, observed(&rollouts)),
            tokio::time::timeout(limit, logged(tail, log, namespace)),
        );
        let limit = humantime::format_duration(limit);
        match (observed, logged) {
            (Ok(Err(error)), _) => Err(told(error)),
            (Ok(Ok(())), Ok(())) => Ok(()),
            (Ok(Ok(())), Err(_)) => Err(format!(
                "a controller has reconciled a Rollout in a namespace of ours, but its log does not show it within {limit}{}\n(without the log nothing can be proven of what the controller leaves undone, so no scenario is played; is it the log of another controller, or of a level above info? --controller-log FILE names the right one)",
                self.why_no_log(log)
            )),
            (Err(_), _) => Err(format!(
                "no controller has reconciled a Rollout in a namespace of ours within {limit}{}\n(is it running, has it the rights of a cluster-wide installation, is it restricted to other namespaces or to an instance id?){}",
                self.pods().await,
                self.why_no_log(log),
            )),
        }
    }

    async fn pods(&self) -> String {
        match self.shared {
            Shared::Deployment(installed) => {
                let pods = deployed::describe(self.client, installed).await;
                format!("; {}/{}:{pods}", installed.namespace, installed.deployment)
            }
            Shared::Elsewhere => String::new(),
        }
    }

    fn why_no_log(&self, log: &Path) -> String {
        if let Some(why) = self.log.trouble() {
            return format!("; it cannot be read: {why}");
        }
        match Log::open(log).and_then(|log| log.last(5)) {
            Ok(last) => format!("; the last lines of the log:\n{}", render(&last).trim_end()),
            Err(error) => format!("; it cannot be read: {error}"),
        }
    }
}

fn rollout() -> DynamicObject {
    let labels = json!({"app": NAME});
    api::object(json!({
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Rollout",
        "metadata": {"name": NAME},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": labels},
            "strategy": {"canary": {}},
            "template": {
                "metadata": {"labels": labels},
                "spec": {"containers": [{"name": NAME, "image": NAME}]},
            },
        },
    }))
}

/// Waits until a controller has written its status.
async fn observed(rollouts: &Api<DynamicObject>) -> kube::Result<()> {
    while rollouts.get(NAME).await?.data["status"]["observedGeneration"].is_null() {
        tokio::time::sleep(LOOK).await;
    }
    Ok(())
}

/// Waits until the log shows a reconcile of it. The file may not be there yet.
async fn logged(mut tail: Option<LogTail>, path: &Path, namespace: &str) {
    loop {
        if tail.is_none()
            && let Ok(log) = Log::of_namespace(path, namespace)
        {
            tail = Some(log.tail(0));
        }
        let lines = tail.as_mut().map(LogTail::next_lines);
        let is_it = |line: &LogLine| line.msg() == STARTED && line.is_about(namespace, NAME);
        if let Some(Ok(lines)) = lines
            && lines.iter().any(is_it)
        {
            return;
        }
        tokio::time::sleep(LOOK).await;
    }
}
