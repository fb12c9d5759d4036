//! What a scenario holds of a controller that runs in the cluster.

use std::{collections::BTreeMap, path::Path};

use futures::TryStreamExt;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{WatchEvent, WatchParams},
};

use serde::{Deserialize, Serialize};

use super::{super::ControllerError, Installed};
use crate::controller::Log;

/// How many of the last log lines go into an error.
const LAST_LINES: usize = 20;

/// A controller that serves all namespaces, and where it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Shared {
    /// In the cluster.
    Deployment(Installed),
    /// Outside of it: its process is out of our sight.
    Elsewhere,
}

impl std::fmt::Display for Shared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Deployment(installed) => write!(f, "in the namespace {}", installed.namespace),
            Self::Elsewhere => f.write_str("outside of the cluster"),
        }
    }
}

/// A controller that serves the scenario's namespace among others.
pub struct Deployed {
    client: Client,
    shared: Shared,
    log: Log,
}

impl Deployed {
    /// The controller whose log the plane's keeper writes to `log`, as far as `namespace` is concerned.
    ///
    /// # Errors
    /// The log cannot be opened.
    pub fn of(client: Client, shared: Shared, log: &Path, namespace: &str) -> Result<Self, ControllerError> {
        let opened = Log::of_namespace(log, namespace);
        let log = opened.map_err(|source| ControllerError::Directory { path: log.to_owned(), source })?;
        Ok(Self { client, shared, log })
    }

    /// What it logged about this namespace.
    pub fn log(&self) -> &Log {
        &self.log
    }

    /// Resolves when one of its containers ends, or a pod goes: nobody had asked for it.
    pub async fn exited(&self) -> ControllerError {
        let Shared::Deployment(installed) = &self.shared else { return std::future::pending().await };
        let what = match self.watch(installed).await {
            Ok(what) => what,
            Err(error) => format!("its pods cannot be watched: {error}"),
        };
        ControllerError::Lost { what, last_lines: self.log.last(LAST_LINES).unwrap_or_default() }
    }

    async fn watch(&self, installed: &Installed) -> kube::Result<String> {
        let pods: Api<Pod> = Api::namespaced(self.client.clone(), &installed.namespace);
        let params = WatchParams::default().labels(&installed.selector);
        let mut restarts: BTreeMap<String, i32> = BTreeMap::new();
        loop {
            let mut events = std::pin::pin!(pods.watch(&params, "0").await?);
            loop {
                let event = match events.try_next().await {
                    Ok(Some(event)) => event,
                    // The server ends a watch after some minutes; the next one begins with everything again.
                    Ok(None) | Err(kube::Error::ReadEvents(_)) => break,
                    Err(error) => return Err(error),
                };
                match event {
                    WatchEvent::Added(pod) | WatchEvent::Modified(pod) => {
                        let name = pod.metadata.name.clone().unwrap_or_default();
                        let now = restart_count(&pod);
                        let before = *restarts.entry(name.clone()).or_insert(now);
                        if now > before {
                            return Ok(format!("the container of its pod {name} ended{}", how(&pod)));
                        }
                    }
                    WatchEvent::Deleted(pod) => {
                        return Ok(format!("its pod {} was deleted", pod.metadata.name.unwrap_or_default()));
                    }
                    WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
                    WatchEvent::Bookmark(_) => {}
                }
            }
        }
    }
}

impl std::fmt::Debug for Deployed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Deployed").field("shared", &self.shared).finish_non_exhaustive()
    }
}

fn restart_count(pod: &Pod) -> i32 {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    statuses.map(|status| status.restart_count).sum()
}

fn how(pod: &Pod) -> String {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let ended = statuses.filter_map(|status| status.last_state.as_ref()?.terminated.clone()).next();
    ended.map_or_else(String::new, |ended| {
        format!(
            " (exit code {}{})",
            ended.exit_code,
            ended.reason.map_or_else(String::new, |reason| format!(", {reason}"))
        )
    })
}
