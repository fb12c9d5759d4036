//! From nothing to a plane that is ready: quickly, and not a moment too early.
//!
//! Two processes are waited for by everything else, etcd and the API server; whatever can be done beside
//! them is. Scheduler and kwok start when the API server takes requests. The controller manager starts
//! when it is ready: before, it would find it unhealthy and look again only a second later.
//!
//! What a plane of the same kind installed before is put into etcd beside that, if it was kept
//! ([`crate::cluster::prepared`]): then the CRDs and roles are there when the API server is.
//!
//! Ready means: `/readyz`, nodes that are Ready and without taints, CRDs whose objects can be listed, and
//! a ReplicaSet whose pod was created, scheduled, and is Running and Ready.

use std::{fmt::Display, process, time::Duration};

use jiff::Timestamp;
use k8s_openapi::api::core::v1::Node;
use kube::{
    Api, Client,
    api::{ListParams, PostParams},
};
use serde_json::json;
use tokio::task::JoinHandle;

use super::{super::progress::Reached, Booted, Processes, trial};
use crate::{
    cluster::{
        ClusterError, api,
        client::client,
        components::Component,
        crds::{self, Crd, Served},
        files,
        lease::now,
        record::{Record, log_tail},
        state::PlaneDir,
    },
    process::ports::{self, PortGuard},
};

/// The longest start; a busy machine needs a tenth of it.
const LIMIT: Duration = Duration::from_secs(180);

/// How often the API server is asked whether it is ready; it tells nobody by itself.
pub(super) const ASK: Duration = Duration::from_millis(15);

/// Two, so that pods can be kept apart.
const NODES: [&str; 2] = ["proofroll-node-0", "proofroll-node-1"];

/// Starts everything and waits until it is ready. The text of a failure is for people.
pub(super) async fn boot(plane: &Processes<'_>) -> Result<Booted, String> {
    let boot = Boot { plane, reached: Reached::new(plane.dir) };
    match tokio::time::timeout(LIMIT, boot.run()).await {
        Ok(result) => result,
        Err(_) => Err(format!(
            "it was not ready within {}; reached: {}; {}; their last log lines:{}",
            humantime::format_duration(LIMIT),
            boot.reached.names(),
            trial::state(&plane.dir.kubeconfig()).await,
            logs(plane.dir),
        )),
    }
}

/// What each of the processes said last: which of them is the one that all wait for, only they can tell.
fn logs(dir: &PlaneDir) -> String {
    let log = |component: Component| {
        let name = component.name();
        format!("\n  {name}:{}", log_tail(&dir.log(name), 5))
    };
    Component::ALL.map(log).concat()
}

struct Boot<'a> {
    plane: &'a Processes<'a>,
    reached: Reached<'a>,
}

impl Boot<'_> {
    async fn run(&self) -> Result<Booted, String> {
        let started = now();
        let looking = self.plane.preparing.look();
        self.plane.prepare(&self.reached).await?;
        let port = self.plane.asked.map_or_else(ports::free, ports::fixed).map_err(|error| error.to_string())?;
        self.plane.port.set(Some(port.port));
        let server = format!("https://127.0.0.1:{}", port.port);
        let ca_pem = files::write(self.plane.dir, &server).map_err(|error| error.to_string())?;
        self.reached.say("keys and certificates made");

        self.spawn(Component::Etcd, &port)?;
        let restored = self.plane.preparing.restore(looking, &self.reached).await;
        if restored.is_some() {
            self.reached.say("etcd has what was prepared");
        }
        self.spawn(Component::Apiserver, &port)?;
        let client = client(&self.plane.dir.kubeconfig()).await.map_err(|error| error.to_string())?;
        let reading = restored.is_none().then(|| self.read_crds());
        while matches!(readyz(&client).await, Err(error) if !matches!(error, kube::Error::Api(_))) {
            tokio::time::sleep(ASK).await;
        }
        self.reached.say("kube-apiserver takes requests");

        self.spawn(Component::Scheduler, &port)?;
        self.spawn(Component::Kwok, &port)?;
        let ((), (), installed) = tokio::try_join!(
            async {
                while readyz(&client).await.is_err() {
                    tokio::time::sleep(ASK).await;
                }
                self.reached.say("kube-apiserver is ready");
                self.spawn(Component::ControllerManager, &port)
            },
            async {
                self.make_nodes(&client).await.map_err(told("the nodes"))?;
                trial::start(&client).await.map_err(told("the test ReplicaSet"))?;
                trial::finish(&client).await.map_err(told("the test ReplicaSet"))?;
                self.reached.say("a pod is Running and Ready");
                Ok(())
            },
            async {
                let installed = self.serve_crds(&client, restored.as_deref(), reading).await?;
                self.reached.say("the CRDs are served");
                Ok(installed)
            },
        )?;
        self.check_nodes(&client).await?;
        let (version, ()) = tokio::join!(client.apiserver_version(), async {
            if let Some(crds) = &installed {
                self.plane.preparing.mark(crds).await;
            }
        });
        let version = version.map_err(told("the API server's version"))?;
        self.reached.say("ready");

        let record = Record {
            id: self.plane.order.id.clone(),
            key: self.plane.dir.key(),
            release: self.plane.order.release_label.clone(),
            server,
            port: port.port,
            kubeconfig: self.plane.dir.kubeconfig(),
            ca_pem,
            kubernetes: version.git_version,
            keeper: process::id(),
            processes: self.plane.children.pids(),
            started,
            phases: self.reached.phases(),
            deployed: None,
            kind: None,
            contained: self.plane.children.contained().cloned(),
            public_image: None,
            probe: None,
        };
        Ok(Booted { record, client, port: Some(port) })
    }

    fn spawn(&self, component: Component, port: &PortGuard) -> Result<(), String> {
        self.plane.children.spawn(component, port.port)
    }

    /// Born Ready, as a kubelet registers its node with a status: nothing has to wait for kwok to see it.
    async fn make_nodes(&self, client: &Client) -> kube::Result<()> {
        let room = json!({"cpu": "1k", "memory": "1Ti", "ephemeral-storage": "1Ti", "pods": "1000"});
        let condition = |kind: &str, status: &str| {
            let at = Timestamp::now();
            json!({"type": kind, "status": status, "reason": "proofroll", "message": "a fake node",
                   "lastHeartbeatTime": at, "lastTransitionTime": at})
        };
        for (index, name) in NODES.iter().enumerate() {
            let node: Node = api::object(json!({
                "metadata": {"name": name, "labels": {
                    "kubernetes.io/hostname": name,
                    "kubernetes.io/os": "linux",
                    "kubernetes.io/arch": "amd64",
                    "topology.kubernetes.io/region": "proofroll",
                    "topology.kubernetes.io/zone": format!("zone-{index}"),
                }},
                "status": {
                    "phase": "Running",
                    "allocatable": room,
                    "capacity": room,
                    "addresses": [
                        {"type": "InternalIP", "address": format!("10.127.0.{}", index + 1)},
                        {"type": "Hostname", "address": name},
                    ],
                    "conditions": [
                        condition("Ready", "True"),
                        condition("MemoryPressure", "False"),
                        condition("DiskPressure", "False"),
                        condition("PIDPressure", "False"),
                        condition("NetworkUnavailable", "False"),
                    ],
                    "nodeInfo": {
                        "architecture": "amd64", "operatingSystem": "linux", "kubeletVersion": "kwok",
                        "containerRuntimeVersion": "kwok", "kernelVersion": "", "osImage": "",
                        "bootID": "", "machineID": "", "systemUUID": "", "kubeProxyVersion": "",
                    },
                },
            }));
            Api::all(client.clone()).create(&PostParams::default(), &node).await?;
        }
        Ok(())
    }

    async fn check_nodes(&self, client: &Client) -> Result<(), String> {
        let nodes = Api::<Node>::all(client.clone()).list(&ListParams::default()).await.map_err(told("the nodes"))?;
        let good = |node: &Node| {
            let conditions = node.status.iter().flat_map(|status| status.conditions.iter().flatten());
            let ready =
                conditions.into_iter().any(|condition| condition.type_ == "Ready" && condition.status == "True");
            let tainted = node.spec.iter().any(|spec| spec.taints.iter().flatten().next().is_some());
            ready && !tainted
        };
        let count = nodes.items.iter().filter(|node| good(node)).count();
        if count == NODES.len() { Ok(()) } else { Err(format!("only {count} of {} nodes are Ready", NODES.len())) }
    }

    /// Aside: some megabytes of YAML.
    fn read_crds(&self) -> JoinHandle<Result<Vec<Crd>, ClusterError>> {
        let paths = self.plane.order.crds.clone();
        tokio::task::spawn_blocking(move || crds::read(&paths))
    }

    /// Has the CRDs served. Answers those that were installed: none, where all are there already.
    async fn serve_crds(
        &self,
        client: &Client,
        restored: Option<&[Served]>,
        reading: Option<JoinHandle<Result<Vec<Crd>, ClusterError>>>,
    ) -> Result<Option<Vec<Crd>>, String> {
        if let Some(restored) = restored {
            let present = crds::present(client).await.map_err(told("the CRDs"))?;
            if restored.iter().all(|crd| present.contains(&crd.name)) {
                await_crds(client, restored).await?;
                return Ok(None);
            }
            self.reached.notice("the prepared data of this control plane has not all CRDs, so they are installed");
        }
        let reading = reading.unwrap_or_else(|| self.read_crds());
        let crds = reading.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())?;
        for crd in &crds {
            crd.apply(client).await.map_err(told(&crd.served.name))?;
        }
        let served: Vec<Served> = crds.iter().map(|crd| crd.served.clone()).collect();
        await_crds(client, &served).await?;
        Ok(Some(crds))
    }
}

async fn await_crds(client: &Client, crds: &[Served]) -> Result<(), String> {
    for crd in crds {
        while !crd.is_served(client).await.map_err(told(&crd.name))? {
            tokio::time::sleep(ASK).await;
        }
    }
    Ok(())
}

/// Whether the API server calls itself ready.
pub(super) async fn readyz(client: &Client) -> kube::Result<()> {
    let request = http::Request::get("/readyz").body(Vec::new()).map_err(kube::Error::HttpError)?;
    client.request_text(request).await.map(drop)
}

fn told<E: Display>(what: &str) -> impl FnOnce(E) -> String {
    move |error| format!("{what}: {error}")
}
