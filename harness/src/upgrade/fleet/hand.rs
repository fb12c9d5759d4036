//! The requests of a preflight: objects are made and changed by the hundred, so each costs one request.

use kube::{
    Client,
    api::{ListParams, Patch, PatchParams, PostParams},
    core::request::Request,
};
use serde_json::{Value, json};

use crate::act::{ActError, Kinds};

/// Where Rollouts are.
const ROLLOUTS: &str = "/apis/argoproj.io/v1alpha1/namespaces";

/// A client, and what it knows of the plane's kinds.
#[derive(Clone)]
pub(super) struct Hand {
    pub client: Client,
    pub kinds: Kinds,
}

impl Hand {
    /// Makes `object`, in `namespace` if its kind lies in one. One that is there already outside namespaces is as good.
    pub async fn make(&self, namespace: &str, object: &Value) -> Result<(), ActError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        let resource = self.kinds.by_manifest(&self.client, api_version, kind).await?;
        let mut object = object.clone();
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("namespace");
        }
        let request =
            Request::new(resource.path(namespace)).create(&PostParams::default(), object.to_string().into_bytes());
        match self.send(&format!("create {kind} {name}"), request).await {
            Err(ActError::Rejected { status: 409, .. }) if !resource.namespaced => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// Gives the first container another image. `object` is the Rollout, or the workload that it refers to.
    pub async fn set_image(&self, namespace: &str, object: &Value, image: &str) -> Result<(), ActError> {
        let text = |pointer: &str| object.pointer(pointer).and_then(Value::as_str).unwrap_or_default();
        let (api_version, kind, name) = (text("/apiVersion"), text("/kind"), text("/metadata/name"));
        let resource = self.kinds.by_manifest(&self.client, api_version, kind).await?;
        let path = if kind == "PodTemplate" { "" } else { "/spec" };
        let patch = json!([{"op": "add", "path": format!("{path}/template/spec/containers/0/image"), "value": image}]);
        let request = http::Request::patch(format!("{}/{name}", resource.path(namespace)))
            .header(http::header::CONTENT_TYPE, "application/json-patch+json")
            .body(patch.to_string().into_bytes())
            .map_err(kube::core::request::Error::BuildRequest);
        self.send(&format!("set the image of {kind} {name}"), request).await.map(drop)
    }

    /// What `promote --full` sends to a Rollout that is in the middle of an update.
    pub async fn promote_fully(&self, namespace: &str, rollout: &str) -> Result<(), ActError> {
        let patch = Patch::Merge(json!({"status": {"promoteFull": true}}));
        let request = Request::new(format!("{ROLLOUTS}/{namespace}/rollouts"));
        let request = request.patch_subresource("status", rollout, &PatchParams::default(), &patch);
        self.send(&format!("promote Rollout {rollout}"), request).await.map(drop)
    }

    /// The Rollout as the API server would keep it, under the custom resources of this moment. Nothing is made.
    pub async fn admitted(&self, namespace: &str, rollout: &Value) -> Result<Value, ActError> {
        let mut rollout = rollout.clone();
        let name = rollout["metadata"]["name"].as_str().unwrap_or_default().to_owned();
        // The one that is played has its name.
        rollout["metadata"] = json!({"name": "proofroll-admission"});
        let params = PostParams { dry_run: true, ..PostParams::default() };
        let request = Request::new(format!("{ROLLOUTS}/{namespace}/rollouts"));
        self.send(&format!("Rollout {name}"), request.create(&params, rollout.to_string().into_bytes())).await
    }

    /// Pods that nobody has given a node: (namespace, name).
    pub async fn without_node(&self) -> Result<Vec<(String, String)>, ActError> {
        let params = ListParams::default().fields("spec.nodeName=,status.phase=Pending").match_any();
        let list = self.send("list pods", Request::new("/api/v1/pods").list(&params)).await?;
        let pods = list["items"].as_array().into_iter().flatten();
        let text = |pod: &Value, key: &str| pod["metadata"][key].as_str().unwrap_or_default().to_owned();
        let waiting = pods.filter(|pod| pod["spec"]["schedulingGates"].as_array().is_none_or(Vec::is_empty));
        Ok(waiting.map(|pod| (text(pod, "namespace"), text(pod, "name"))).collect())
    }

    /// Gives a pod a node, whatever it asks of one.
    pub async fn bind(&self, namespace: &str, pod: &str, node: &str) -> Result<(), ActError> {
        let binding = json!({"apiVersion": "v1", "kind": "Binding", "metadata": {"name": pod},
            "target": {"apiVersion": "v1", "kind": "Node", "name": node}});
        let request = Request::new(format!("/api/v1/namespaces/{namespace}/pods"));
        let request =
            request.create_subresource("binding", pod, &PostParams::default(), binding.to_string().into_bytes());
        match self.send(&format!("bind pod {pod}"), request).await {
            // The scheduler was faster, or the pod is gone.
            Err(ActError::Rejected { status: 404 | 409, .. }) => Ok(()),
            answer => answer.map(drop),
        }
    }

    /// The names of the nodes.
    pub async fn nodes(&self) -> Result<Vec<String>, ActError> {
        let list = self.send("list nodes", Request::new("/api/v1/nodes").list(&ListParams::default())).await?;
        let nodes = list["items"].as_array().into_iter().flatten();
        Ok(nodes.filter_map(|node| node["metadata"]["name"].as_str().map(str::to_owned)).collect())
    }

    async fn send(
        &self,
        what: &str,
        request: Result<http::Request<Vec<u8>>, kube::core::request::Error>,
    ) -> Result<Value, ActError> {
        let request = request.map_err(|error| ActError::Refused(format!("{what}: {error}")))?;
        self.client.request(request).await.map_err(|error| ActError::from_client(what, error))
    }
}
