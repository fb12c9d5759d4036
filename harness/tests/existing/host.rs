//! Somebody else's cluster, played by a control plane of our own; and the eyes and hands of its owner.

use std::{
    collections::BTreeSet,
    fs::File,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
};

use anyhow::{Context, Result, ensure};
use k8s_openapi::{
    api::{
        core::v1::{Namespace, Node},
        rbac::v1::{ClusterRole, ClusterRoleBinding},
    },
    apiextensions_apiserver::pkg::apis::apiextensions::v1::CustomResourceDefinition,
};
use kube::{
    Api, Client,
    api::{DeleteParams, ListParams, Patch, PatchParams, PostParams},
};
use proofroll::{
    cluster::{Plane, acquire_in, existing::guard::ALLOWED, state::StateRoot},
    controller::UnderTest,
    process::{lifeline, ports},
    progress::Silent,
    run::{provision, wish::Wish},
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;

use super::arena::Arena;
use crate::common::patience::eventually;

/// The context of a plane's kubeconfig.
pub const CONTEXT: &str = "proofroll";

/// What an owner sees of a cluster that somebody used.
pub struct Owner {
    pub runtime: Runtime,
    pub client: Client,
}

impl Owner {
    /// All that is not in a namespace and could be left behind.
    pub fn sees(&self) -> Result<BTreeSet<String>> {
        async fn names<K>(client: &Client, kind: &str) -> Result<Vec<String>>
        where
            K: kube::Resource<DynamicType = ()> + Clone + serde::de::DeserializeOwned + std::fmt::Debug,
        {
            let list = Api::<K>::all(client.clone()).list_metadata(&ListParams::default()).await?;
            Ok(list.items.into_iter().filter_map(|o| Some(format!("{kind} {}", o.metadata.name?))).collect())
        }
        self.runtime.block_on(async {
            let mut all = names::<Namespace>(&self.client, "namespace").await?;
            all.extend(names::<CustomResourceDefinition>(&self.client, "crd").await?);
            all.extend(names::<ClusterRole>(&self.client, "clusterrole").await?);
            all.extend(names::<ClusterRoleBinding>(&self.client, "clusterrolebinding").await?);
            Ok(all.into_iter().collect())
        })
    }

    /// Who used it has ended, and nothing is left of that, neither here nor on his machine; there is nothing
    /// to wait for any more.
    pub fn sees_again(&self, before: &BTreeSet<String>, arena: &Arena) -> Result<()> {
        arena.no_plane_is_left()?;
        let now = self.sees()?;
        let more: Vec<_> = now.difference(before).collect();
        let less: Vec<_> = before.difference(&now).collect();
        ensure!(more.is_empty() && less.is_empty(), "more: {more:?}, less: {less:?}");
        Ok(())
    }

    /// The owner's leave.
    pub fn allows(&self) -> Result<()> {
        let namespace: Namespace = serde_json::from_value(json!({"metadata": {"name": ALLOWED}}))?;
        let api = Api::all(self.client.clone());
        self.runtime.block_on(api.create(&PostParams::default(), &namespace))?;
        Ok(())
    }

    pub fn forbids(&self) -> Result<()> {
        let api: Api<Namespace> = Api::all(self.client.clone());
        self.runtime.block_on(api.delete(ALLOWED, &DeleteParams::default()))?;
        Ok(())
    }

    /// Sends a request with a JSON body and answers what comes.
    pub fn request(&self, method: &str, path: &str, body: &Value) -> Result<Value> {
        self.send(method, path, "application/json", body)
    }

    /// A JSON patch.
    pub fn patch(&self, path: &str, body: &Value) -> Result<Value> {
        self.send("PATCH", path, "application/json-patch+json", body)
    }

    fn send(&self, method: &str, path: &str, content: &str, body: &Value) -> Result<Value> {
        let request = http::Request::builder().method(method).uri(path).header("content-type", content);
        Ok(self.runtime.block_on(self.client.request(request.body(serde_json::to_vec(body)?)?))?)
    }
}

/// A cluster that a control plane of our own plays. It ends with this value.
pub struct Host {
    pub owner: Owner,
    plane: Option<Plane>,
    release: UnderTest,
}

impl Host {
    /// With the custom resources of the newest release, and no controller.
    pub fn new(arena: &Arena) -> Result<Self> {
        Self::start(arena, true)
    }

    /// With nothing of Argo Rollouts.
    pub fn bare(arena: &Arena) -> Result<Self> {
        Self::start(arena, false)
    }

    fn start(arena: &Arena, resources: bool) -> Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build()?;
        let provisions = provision::provide(&Wish::default(), &Silent)?;
        let mut request = provision::request(&provisions, "somebody else's cluster");
        if !resources {
            request.crds.clear();
        }
        let root = StateRoot::at(&arena.path("host"));
        let plane = runtime.block_on(acquire_in(&root, &request, &Silent))?;
        let owner = Owner { client: plane.client(), runtime };
        eventually("a cluster at rest", || {
            let api: Api<Namespace> = Api::all(owner.client.clone());
            let all = owner.runtime.block_on(api.list_metadata(&ListParams::default()))?;
            let going = all.items.iter().filter(|namespace| namespace.metadata.deletion_timestamp.is_some()).count();
            ensure!(going == 0, "{going} namespaces of its start are going");
            Ok(())
        })?;
        Ok(Self { owner, plane: Some(plane), release: provisions.release })
    }

    pub fn kubeconfig(&self) -> Result<PathBuf> {
        Ok(self.plane.as_ref().context("it ended")?.dir().kubeconfig())
    }

    /// A controller for the whole cluster that runs outside of it and writes this log.
    pub fn controller(&self, log: &Path) -> Result<Controller> {
        let files = self.release.files.as_ref().context("a controller of our own")?;
        let (metrics, healthz) = (ports::free()?, ports::free()?);
        let out = File::options().create(true).append(true).open(log)?;
        let mut command = Command::new(&files.binary);
        command
            .arg(format!("--kubeconfig={}", self.kubeconfig()?.display()))
            .args(["--leader-elect=false", "--qps=1000", "--burst=2000"])
            .arg(format!("--metricsPort={}", metrics.port))
            .arg(format!("--healthzPort={}", healthz.port))
            .stdin(Stdio::null())
            .stdout(out.try_clone()?)
            .stderr(out);
        lifeline::die_with_parent(&mut command);
        Ok(Controller { child: command.spawn()? })
    }

    /// Calls the nodes real: a kubelet's version is all that tells them from others.
    pub fn calls_its_nodes_real(&self) -> Result<()> {
        let api: Api<Node> = Api::all(self.owner.client.clone());
        self.owner.runtime.block_on(async {
            for node in api.list(&ListParams::default()).await? {
                let patch = json!({"status": {"nodeInfo": {"kubeletVersion": "v1.34.4"}}});
                let name = node.metadata.name.context("a name")?;
                api.patch_status(&name, &PatchParams::default(), &Patch::Merge(patch)).await?;
            }
            Ok(())
        })
    }
}

impl Drop for Host {
    fn drop(&mut self) {
        if let Some(plane) = self.plane.take() {
            // What is left of it is found by whoever looks.
            let _ = self.owner.runtime.block_on(plane.release(true));
        }
    }
}

/// A controller's process. It ends with this value.
pub struct Controller {
    child: Child,
}

impl Controller {
    /// kill -9.
    pub fn dies(&mut self) -> Result<()> {
        self.child.kill()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Controller {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
