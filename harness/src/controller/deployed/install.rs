//! Installs a release the way a user does: `kubectl apply -f install.yaml`.

use std::{fmt::Write as _, fs, path::Path};

use futures::{TryStreamExt, future::try_join_all};
use k8s_openapi::api::{apps::v1::Deployment, core::v1::Pod};
use kube::{
    Api, Client,
    api::{ListParams, Patch, PatchParams, WatchEvent, WatchParams},
    core::request::Request,
};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::super::InstallError;
use crate::images::ControllerImage;

/// Where upstream's manual has it installed.
pub(crate) const NAMESPACE: &str = "argo-rollouts";
/// The container in upstream's manifests.
const CONTAINER: &str = "argo-rollouts";

/// A controller that is installed in a cluster.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Installed {
    /// The namespace of its Deployment.
    pub namespace: String,
    /// The Deployment's name.
    pub deployment: String,
    /// The label selector of its pods: `app.kubernetes.io/name=argo-rollouts`.
    pub selector: String,
    /// Its container; None for the only one of a pod.
    #[serde(default)]
    pub container: Option<String>,
}

impl Installed {
    /// What follows from its Deployment.
    pub(crate) fn of(deployment: &Value) -> Option<Self> {
        let labels = deployment["spec"]["selector"]["matchLabels"].as_object()?;
        let selector: Vec<String> = labels.iter().filter_map(|(k, v)| Some(format!("{k}={}", v.as_str()?))).collect();
        let containers = deployment["spec"]["template"]["spec"]["containers"].as_array();
        let mut names = containers.into_iter().flatten().map(|container| container["name"].as_str());
        let first = names.clone().next().flatten();
        // What others inject (a mesh's proxy) may stand before it.
        let container = names.find(|name| *name == Some(CONTAINER)).flatten().or(first);
        Some(Self {
            namespace: deployment["metadata"]["namespace"].as_str().unwrap_or(NAMESPACE).to_owned(),
            deployment: deployment["metadata"]["name"].as_str()?.to_owned(),
            selector: selector.join(","),
            container: container.map(str::to_owned),
        })
    }
}

/// Applies the manifest as it stands: custom resources first, and once they are served the rest. With
/// an `image` the Deployment runs that one.
///
/// # Errors
/// See [`InstallError`].
pub async fn install(
    client: &Client,
    manifest: &Path,
    image: Option<&ControllerImage>,
) -> Result<Installed, InstallError> {
    let mut objects = read(manifest)?;
    if let Some(image) = image {
        let put = objects.iter_mut().map(|object| image.put_into(object)).filter(|found| *found).count();
        if put == 0 {
            let kind = "Deployment of the controller's image";
            return Err(InstallError::Missing { path: manifest.to_owned(), kind });
        }
    }
    let installed = subject(&objects, manifest)?;
    let namespace = json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}});
    let (crds, others): (Vec<&Value>, Vec<&Value>) =
        objects.iter().partition(|o| o["kind"] == "CustomResourceDefinition");
    try_join_all(crds.iter().copied().chain([&namespace]).map(|object| apply(client, object))).await?;
    for crd in crds {
        served(client, crd).await?;
    }
    try_join_all(others.into_iter().map(|object| apply(client, object))).await?;
    Ok(installed)
}

/// The objects of a manifest.
pub(crate) fn read(manifest: &Path) -> Result<Vec<Value>, InstallError> {
    let text =
        fs::read_to_string(manifest).map_err(|source| InstallError::Read { path: manifest.to_owned(), source })?;
    serde_saphyr::from_multiple(&text)
        .map_err(|e| InstallError::Parse { path: manifest.to_owned(), message: e.to_string() })
}

/// The controller that these objects install.
pub(crate) fn subject(objects: &[Value], manifest: &Path) -> Result<Installed, InstallError> {
    let missing = || InstallError::Missing { path: manifest.to_owned(), kind: "Deployment" };
    objects.iter().find(|o| o["kind"] == "Deployment").and_then(Installed::of).ok_or_else(missing)
}

/// Where objects of this kind live: the API's path, the collection, whether in a namespace.
pub(crate) fn place(kind: &str) -> Option<(&'static str, &'static str, bool)> {
    const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
    Some(match kind {
        "Namespace" => ("/api/v1", "namespaces", false),
        "ServiceAccount" => ("/api/v1", "serviceaccounts", true),
        "ConfigMap" => ("/api/v1", "configmaps", true),
        "Secret" => ("/api/v1", "secrets", true),
        "Service" => ("/api/v1", "services", true),
        "Deployment" => ("/apis/apps/v1", "deployments", true),
        "Role" => (RBAC, "roles", true),
        "RoleBinding" => (RBAC, "rolebindings", true),
        "ClusterRole" => (RBAC, "clusterroles", false),
        "ClusterRoleBinding" => (RBAC, "clusterrolebindings", false),
        "CustomResourceDefinition" => ("/apis/apiextensions.k8s.io/v1", "customresourcedefinitions", false),
        _ => return None,
    })
}

async fn apply(client: &Client, object: &Value) -> Result<(), InstallError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let failed = |source| InstallError::Apply { kind: kind.clone(), name: name.clone(), source: Box::new(source) };
    let Some((api, plural, namespaced)) = place(&kind) else { return Err(InstallError::UnknownKind { kind, name }) };
    let mut object = object.clone();
    let path = if namespaced {
        let namespace = object["metadata"]["namespace"].as_str().unwrap_or(NAMESPACE).to_owned();
        object["metadata"]["namespace"] = namespace.as_str().into();
        format!("{api}/namespaces/{namespace}/{plural}")
    } else {
        format!("{api}/{plural}")
    };
    let params = PatchParams::apply("proofroll").force();
    let request = Request::new(path).patch(&name, &params, &Patch::Apply(&object));
    let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
    client.request::<Value>(request).await.map(drop).map_err(failed)
}

/// Waits until the objects of a custom resource can be listed.
pub(crate) async fn served(client: &Client, crd: &Value) -> Result<(), InstallError> {
    let name = crd["metadata"]["name"].as_str().unwrap_or_default().to_owned();
    let failed = |source| InstallError::Apply {
        kind: "CustomResourceDefinition".into(),
        name: name.clone(),
        source: Box::new(source),
    };
    let path = format!("/apis/apiextensions.k8s.io/v1/customresourcedefinitions?fieldSelector=metadata.name={name}");
    loop {
        let request = http::Request::get(format!("{path}&watch=1&allowWatchBookmarks=false"))
            .body(Vec::new())
            .map_err(|e| failed(kube::Error::HttpError(e)))?;
        let mut events = std::pin::pin!(client.request_events::<Value>(request).await.map_err(failed)?);
        while let Some(event) = events.try_next().await.map_err(failed)? {
            if let WatchEvent::Added(crd) | WatchEvent::Modified(crd) = event
                && established(&crd)
            {
                return Ok(());
            }
        }
    }
}

fn established(crd: &Value) -> bool {
    let conditions = crd["status"]["conditions"].as_array();
    conditions.is_some_and(|all| all.iter().any(|c| c["type"] == "Established" && c["status"] == "True"))
}

/// Waits until the Deployment is available.
///
/// # Errors
/// When the API server does not answer.
pub async fn available(client: &Client, installed: &Installed) -> kube::Result<()> {
    let api: Api<Deployment> = Api::namespaced(client.clone(), &installed.namespace);
    let params = WatchParams::default().fields(&format!("metadata.name={}", installed.deployment));
    loop {
        let mut events = std::pin::pin!(api.watch(&params, "0").await?);
        while let Some(event) = events.try_next().await? {
            match event {
                WatchEvent::Added(deployment) | WatchEvent::Modified(deployment) if is_available(&deployment) => {
                    return Ok(());
                }
                WatchEvent::Error(status) => return Err(kube::Error::Api(status)),
                _ => {}
            }
        }
    }
}

fn is_available(deployment: &Deployment) -> bool {
    let Some(status) = &deployment.status else { return false };
    let wanted = deployment.spec.as_ref().and_then(|spec| spec.replicas).unwrap_or(1);
    status.observed_generation >= deployment.metadata.generation
        && status.available_replicas.unwrap_or(0) >= wanted
        && status.updated_replicas.unwrap_or(0) >= wanted
}

/// What its pods say of themselves, for a Deployment that does not come up. Best effort.
pub async fn describe(client: &Client, installed: &Installed) -> String {
    let pods: Api<Pod> = Api::namespaced(client.clone(), &installed.namespace);
    let list = match pods.list(&ListParams::default().labels(&installed.selector)).await {
        Ok(list) => list,
        Err(error) => return format!(" its pods cannot be listed: {error}"),
    };
    if list.items.is_empty() {
        return " it has no pods".into();
    }
    let mut text = String::new();
    for pod in list {
        let status = serde_json::to_value(&pod.status).unwrap_or_default();
        let name = pod.metadata.name.unwrap_or_default();
        let _ = write!(text, "\n    {name}: {}", status["phase"].as_str().unwrap_or("no phase"));
        for container in status["containerStatuses"].as_array().into_iter().flatten() {
            let _ = write!(text, "; {} {}", container["name"].as_str().unwrap_or_default(), container["state"]);
        }
        for condition in status["conditions"].as_array().into_iter().flatten().filter(|c| c["status"] == "False") {
            let _ = write!(text, "; not {}: {}", condition["type"], condition["message"]);
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_installed_follows_from_the_deployment() {
        let deployment = json!({
            "kind": "Deployment",
            "metadata": {"name": "argo-rollouts"},
            "spec": {
                "selector": {"matchLabels": {"app.kubernetes.io/name": "argo-rollouts"}},
                "template": {"spec": {"containers": [{"name": "istio-proxy"}, {"name": "argo-rollouts"}]}},
            },
        });
        assert_eq!(
            Installed::of(&deployment).unwrap(),
            Installed {
                namespace: "argo-rollouts".into(),
                deployment: "argo-rollouts".into(),
                selector: "app.kubernetes.io/name=argo-rollouts".into(),
                container: Some("argo-rollouts".into()),
            }
        );
    }

    #[test]
    fn every_kind_of_a_release_has_a_place() {
        for kind in
            ["ServiceAccount", "ClusterRole", "ClusterRoleBinding", "ConfigMap", "Secret", "Service", "Deployment"]
        {
            assert!(place(kind).is_some(), "{kind}");
        }
    }
}
