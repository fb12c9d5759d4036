//! A kind cluster with the controller as its release installs it.
//!
//! Docker, not this process, is the parent of the nodes: if the keeper is killed they go on. So before
//! anything is made a [`reaper`](super::reaper) is started that outlives the keeper and removes them.

use std::{cell::Cell, fs, process, time::Duration};

use futures::{FutureExt, future::LocalBoxFuture};
use k8s_openapi::{ByteString, api::core::v1::Node};
use kube::{Api, Client, api::ListParams};
use serde_json::json;

use super::{
    keep::{Booted, Keep},
    progress::Reached,
    reaper,
};
use crate::{
    cluster::{
        api,
        client::client,
        kind::{KindCluster, docker},
        lease::now,
        record::Record,
        request::{ImageSource, KindSource, Order},
        state::PlaneDir,
    },
    controller::deployed::{self, LogStream, Shared},
    images::script,
};

/// How long the controller's Deployment may take to be available: its image is in the node already.
const CONTROLLER: Duration = Duration::from_secs(180);

/// How long a registry may take to give the controller's image: some 50 MB.
const PULL: Duration = Duration::from_secs(120);

/// An image that the release published.
struct PublicImage {
    reference: String,
    id: String,
}

/// A kind cluster.
pub(super) struct KindPlane<'a> {
    dir: &'a PlaneDir,
    order: &'a Order,
    source: &'a KindSource,
    cluster: KindCluster,
    log: LogStream,
    reached: Cell<Stage>,
}

/// How far the start has come: so much is there to be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Stage {
    /// Nothing was made.
    Nothing,
    /// The cluster is being made.
    Begun,
    /// It is made.
    Created,
}

impl<'a> KindPlane<'a> {
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: &'a KindSource) -> Self {
        let log = LogStream::to(&dir.log(deployed::LOG));
        Self { dir, order, source, cluster: KindCluster::of(dir), log, reached: Cell::new(Stage::Nothing) }
    }

    async fn start(&self) -> Result<Booted, String> {
        let started = now();
        let reached = Reached::new(self.dir);
        let text = |error: &dyn std::fmt::Display| error.to_string();
        let docker = docker::version().await.map_err(|e| text(&e))?;
        reached.say(&format!("Docker {docker} answers"));
        reaper::start(self.dir).map_err(|e| format!("the reaper could not be started: {e}"))?;
        // Of one that was killed before its reaper could finish.
        self.cluster.remove(None).await.map_err(|e| text(&e))?;
        self.reached.set(Stage::Begun);
        self.image(&reached).await?;

        let config = self.dir.path().join("kind.json");
        fs::write(&config, configuration().to_string()).map_err(|e| format!("{}: {e}", config.display()))?;
        let tell = |line: &str| {
            // kind marks what it begins with a bullet; the rest repeats it with a tick.
            if let Some((_, doing)) = line.split_once('•') {
                let plain = doing.chars().filter(|c| c.is_ascii());
                reached.hint(&format!("kind: {}", plain.collect::<String>().trim().trim_end_matches(" ...")));
            }
        };
        let kubeconfig = self.dir.kubeconfig();
        let (kind, image) = (&self.source.kind.path, &self.source.node_image);
        let created = async {
            self.cluster.create(kind, image, &config, &kubeconfig, tell).await.map_err(|e| text(&e))?;
            self.reached.set(Stage::Created);
            reached.say("the cluster is created");
            Ok(())
        };
        // A registry may take its time to answer, or not to.
        let ((), public) = tokio::try_join!(created, self.public_image(&reached))?;

        let client = client(&kubeconfig).await.map_err(|e| text(&e))?;
        let built = self.source.controller.as_ref().map(|image| &image.archive.path);
        for archive in &self.source.archives {
            match &public {
                Some(public) if built == Some(&archive.path) => self.cluster.load_image(kind, &public.reference).await,
                _ => self.cluster.load(kind, &archive.path).await,
            }
            .map_err(|e| text(&e))?;
        }
        reached.say("the images are loaded");
        let installed = deployed::install(&client, &self.source.install, self.source.controller.as_ref())
            .await
            .map_err(|e| text(&e))?;
        reached.say("the controller is installed");
        script::install(&client, "default").await.map_err(|e| format!("the policy for scripted pods: {e}"))?;
        nodes_ready(&client).await.map_err(|e| format!("the nodes: {e}"))?;
        reached.say("the nodes are Ready");
        let up = deployed::available(&client, &installed);
        match tokio::time::timeout(CONTROLLER, up).await {
            Ok(up) => up.map_err(|e| format!("the controller's Deployment: {e}"))?,
            Err(_) => {
                let pods = deployed::describe(&client, &installed).await;
                let limit = humantime::format_duration(CONTROLLER);
                return Err(format!("the controller's Deployment was not available within {limit}:{pods}"));
            }
        }
        self.log.follow(client.clone(), installed.clone(), None);
        self.log.at_work(CONTROLLER).await?;
        reached.say("ready");

        let version = client.apiserver_version().await.map_err(|e| format!("the API server's version: {e}"))?;
        let (server, ca_pem) = endpoint(&kubeconfig)?;
        let port = server.rsplit(':').next().and_then(|port| port.parse().ok()).unwrap_or_default();
        let record = Record {
            id: self.order.id.clone(),
            key: self.dir.key(),
            release: self.order.release_label.clone(),
            server,
            port,
            kubeconfig,
            ca_pem,
            kubernetes: version.git_version,
            keeper: process::id(),
            processes: std::collections::BTreeMap::new(),
            started,
            phases: reached.phases(),
            deployed: Some(Shared::Deployment(installed)),
            kind: Some(kind.clone()),
            public_image: public.map(|public| public.id),
            probe: Some(self.source.probe.clone()),
        };
        Ok(Booted { record, client, port: None })
    }

    /// The image that the release published, if it is to be taken and can be had.
    async fn public_image(&self, reached: &Reached<'_>) -> Result<Option<PublicImage>, String> {
        let Some(image) = &self.source.controller else { return Ok(None) };
        let reference = image.reference.clone();
        let asked = self.source.controller_image;
        if asked == ImageSource::Built {
            return Ok(None);
        }
        let pulled = async {
            if !docker::has_image(&reference).await? {
                docker::pull(&reference, |line| reached.hint(line)).await?;
            }
            docker::image_id(&reference).await
        };
        let why = match tokio::time::timeout(PULL, pulled).await {
            Ok(Ok(Some(id))) => {
                reached.say(&format!("the controller's image is the public one, {reference} ({id})"));
                return Ok(Some(PublicImage { reference, id }));
            }
            Ok(Ok(None)) => "it was removed again".to_owned(),
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no end within {}", humantime::format_duration(PULL)),
        };
        match asked {
            ImageSource::Public => Err(format!(
                "the image {reference} is not in Docker's store and cannot be pulled: {why}\n(hint: --controller-image built makes one around the binary that is built here)"
            )),
            _ => {
                reached.say("the controller's image is built here, for the public one cannot be pulled");
                Ok(None)
            }
        }
    }

    /// Has the node image in Docker's store, or says how it gets there.
    async fn image(&self, reached: &Reached<'_>) -> Result<(), String> {
        let image = &self.source.node_image;
        if docker::has_image(image).await.map_err(|e| e.to_string())? {
            return Ok(());
        }
        reached.hint(&format!("pulling the node image {image}"));
        docker::pull(image, |line| reached.hint(line)).await.map_err(|error| {
            format!(
                "the node image {image} is not in Docker's store and cannot be pulled: {error}\n(hint: where no registry is in reach, build one: proofroll guide --cluster kind --node-image \"$(ci/node-image/build)\")"
            )
        })?;
        reached.say("the node image is pulled");
        Ok(())
    }
}

impl Keep for KindPlane<'_> {
    fn boot(&self) -> LocalBoxFuture<'_, Result<Booted, String>> {
        async {
            let outcome = self.start().await;
            if outcome.is_err() {
                // Best effort: what went wrong inside the node is in its logs.
                let _ = self.cluster.export_logs(&self.source.kind.path, &self.dir.log("kind")).await;
            }
            outcome
        }
        .boxed_local()
    }

    fn broken(&self) -> LocalBoxFuture<'_, String> {
        async {
            self.log.followed().await;
            let node = self.cluster.node();
            match docker::ended(&node).await {
                Ok(code) => format!("the kind node {node} ended (exit code {code})"),
                Err(error) => match docker::version().await {
                    Ok(_) => format!("the kind node {node} is gone: {error}"),
                    Err(engine) => {
                        format!(
                            "{engine}\nWhat it kept of the cluster {} is removed by `proofroll gc` once it runs again",
                            self.cluster.name()
                        )
                    }
                },
            }
        }
        .boxed_local()
    }

    fn restart_api_server(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async { Err("that of a kind cluster belongs to its kubelet".into()) }.boxed_local()
    }

    fn stop(&self) -> LocalBoxFuture<'_, Result<(), String>> {
        async {
            self.log.stop();
            let name = self.cluster.name();
            let cut_short = match self.reached.get() {
                Stage::Nothing => return Ok(()),
                Stage::Begun => Some(self.source.node_image.as_str()),
                Stage::Created => None,
            };
            self.cluster
                .remove(cut_short)
                .await
                .map_err(|e| format!("the kind cluster {name} could not be removed: {e}"))
        }
        .boxed_local()
    }
}

/// One node; scripted pods need the policy that turns their annotations into what a container does.
fn configuration() -> serde_json::Value {
    json!({
        "kind": "Cluster",
        "apiVersion": "kind.x-k8s.io/v1alpha4",
        "featureGates": {"MutatingAdmissionPolicy": true},
        "runtimeConfig": {"admissionregistration.k8s.io/v1beta1": "true"},
        "nodes": [{"role": "control-plane"}],
    })
}

async fn nodes_ready(client: &Client) -> kube::Result<()> {
    let nodes: Api<Node> = Api::all(client.clone());
    for node in nodes.list(&ListParams::default()).await? {
        let name = node.metadata.name.unwrap_or_default();
        let params = kube::api::WatchParams::default().fields(&format!("metadata.name={name}"));
        api::until(&nodes, &params, |node| {
            let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
            conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True")
        })
        .await?;
    }
    Ok(())
}

/// Server and authority of a kubeconfig's only cluster.
fn endpoint(kubeconfig: &std::path::Path) -> Result<(String, String), String> {
    let broken = |why: &str| format!("{}: {why}", kubeconfig.display());
    let parsed = kube::config::Kubeconfig::read_from(kubeconfig).map_err(|e| broken(&e.to_string()))?;
    let cluster = parsed.clusters.into_iter().find_map(|named| named.cluster).ok_or_else(|| broken("no cluster"))?;
    let ca = cluster.certificate_authority_data.ok_or_else(|| broken("no certificate authority"))?;
    let ca: ByteString = serde_json::from_value(ca.into()).map_err(|e| broken(&e.to_string()))?;
    let server = cluster.server.ok_or_else(|| broken("no server"))?;
    Ok((server, String::from_utf8_lossy(&ca.0).into_owned()))
}
