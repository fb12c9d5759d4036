//! The pod that sends requests.

use std::time::Duration;

use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{LogParams, PostParams},
};
use serde_json::json;

use crate::{
    cluster::Plane,
    run::trouble::{Trouble, chain},
    timeouts::scaled,
    traffic::{Page, Seen},
};

const NAME: &str = "probe";
const PORT: u16 = 8080;
/// How long the pod may take to run: its image is in the node already.
const RUNS_WITHIN: Duration = Duration::from_secs(15);
/// How often the probe is asked: it tells nobody by itself.
pub(super) const LOOK: Duration = Duration::from_millis(200);

/// A pod that sends requests, in a namespace of its own: it is no part of the scenario's history.
pub(super) struct Probe {
    client: Client,
    namespace: String,
    next: u64,
    /// What became of the requests, in the order in which they ended.
    pub seen: Vec<Seen>,
    /// The same, as the probe wrote it: a line for each.
    pub raw: String,
}

impl Probe {
    /// Starts it; `url` is where the requests go.
    pub async fn start(plane: &Plane, url: &str, rate: u32) -> Result<Self, Trouble> {
        let infra = |what: &str, error: &dyn std::error::Error| Trouble::Infra(format!("{what}: {}", chain(error)));
        let Some(image) = &plane.record().probe else {
            return Err(Trouble::Infra("this cluster has no image of the load generator".into()));
        };
        let namespace = plane.create_namespace("traffic").await;
        let namespace = namespace.map_err(|e| infra("the namespace of the load generator", &e))?;
        let pod = serde_json::from_value(json!({
            "metadata": {"name": NAME},
            "spec": {
                "terminationGracePeriodSeconds": 1,
                "automountServiceAccountToken": false,
                "containers": [{
                    "name": NAME,
                    "image": image,
                    "imagePullPolicy": "IfNotPresent",
                    "args": ["--url", url, "--rate", rate.to_string(), "--listen", format!(":{PORT}")],
                }],
            },
        }));
        let pod: Pod = pod.map_err(|e| infra("the load generator", &e))?;
        let pods: Api<Pod> = Api::namespaced(plane.client(), &namespace);
        pods.create(&PostParams::default(), &pod).await.map_err(|e| infra("creating the load generator", &e))?;
        let mut probe = Self { client: plane.client(), namespace, next: 0, seen: Vec::new(), raw: String::new() };
        match tokio::time::timeout(scaled(RUNS_WITHIN), probe.runs(&pods)).await {
            Ok(runs) => runs.map(|()| probe),
            Err(_) => {
                let within = humantime::format_duration(scaled(RUNS_WITHIN));
                Err(Trouble::Infra(format!("the load generator did not run within {within}: {}", state(&pods).await)))
            }
        }
    }

    /// Its namespace.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Waits until it answers.
    async fn runs(&mut self, pods: &Api<Pod>) -> Result<(), Trouble> {
        loop {
            let pod = pods.get(NAME).await;
            let pod = pod.map_err(|e| Trouble::Infra(format!("the load generator: {}", chain(&e))))?;
            let phase = pod.status.and_then(|status| status.phase).unwrap_or_default();
            // A running container may not listen yet.
            if phase == "Running" && self.read().await.is_ok() {
                return Ok(());
            }
            if phase == "Failed" || phase == "Succeeded" {
                let log = pods.logs(NAME, &LogParams::default()).await.unwrap_or_default();
                return Err(Trouble::Infra(format!("the load generator has ended: {}", log.trim_end())));
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Reads what is new.
    pub async fn read(&mut self) -> Result<(), Trouble> {
        loop {
            let path =
                format!("/api/v1/namespaces/{}/pods/{NAME}:{PORT}/proxy/results?from={}", self.namespace, self.next);
            let failed = |why: String| Trouble::Infra(format!("the results of the load generator: {why}"));
            let request = http::Request::get(path).body(Vec::new()).map_err(|e| failed(e.to_string()))?;
            let text = self.client.request_text(request).await.map_err(|e| failed(chain(&e)))?;
            let page = Page::read(&text, self.next).map_err(|e| failed(e.to_string()))?;
            if page.lost > 0 {
                return Err(failed(format!("{} of them are lost: nobody has read them in time", page.lost)));
            }
            if page.seen.is_empty() {
                return Ok(());
            }
            self.next = page.next;
            self.raw.push_str(&text);
            self.seen.extend(page.seen);
        }
    }
}

/// Why it does not run, as far as its status says.
async fn state(pods: &Api<Pod>) -> String {
    match pods.get(NAME).await {
        Ok(pod) => serde_json::to_string(&pod.status).unwrap_or_default(),
        Err(error) => chain(&error),
    }
}
