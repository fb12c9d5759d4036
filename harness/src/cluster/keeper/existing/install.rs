//! `--install`: a release in a cluster in which nothing of Argo Rollouts is.
//!
//! Objects are created, never applied: what is there already, or comes between our look and our hand, is
//! refused by the API server and not touched.

use std::{path::Path, time::Duration};

use futures::future::try_join_all;
use kube::{Client, api::PostParams, core::request::Request};
use serde_json::{Value, json};

use super::{ExistingPlane, making::Making};
use crate::{
    cluster::existing::{INSTALLATION, labels},
    controller::{
        InstallError,
        deployed::{self, Installed, NAMESPACE, place, read, served, subject},
    },
    timeouts::scaled,
};

/// How long the controller may take to be available: its image may have to be pulled.
const AVAILABLE: Duration = Duration::from_secs(180);

/// How long it may take to begin to work: it waits for its lease.
const AT_WORK: Duration = Duration::from_secs(60);

/// Installs for the plane of this id.
pub(super) struct Installation<'a> {
    pub client: &'a Client,
    pub id: &'a str,
    pub making: &'a Making,
}

impl Installation<'_> {
    /// Creates all objects of the manifest: custom resources and the namespace first, and once they are
    /// there the rest.
    pub async fn run(&self, manifest: &Path, tag: &str) -> Result<Installed, InstallError> {
        let mut objects = read(manifest)?;
        let installed = subject(&objects, manifest)?;
        objects.push(json!({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}));
        let labels = labels(INSTALLATION, self.id);
        for object in &mut objects {
            for (key, value) in &labels {
                object["metadata"]["labels"][key] = value.as_str().into();
            }
            pin_images(object, tag);
        }
        let first = |object: &&Value| object["kind"] == "CustomResourceDefinition" || object["kind"] == "Namespace";
        let (first, others): (Vec<&Value>, Vec<&Value>) = objects.iter().partition(first);
        try_join_all(first.iter().map(|object| self.create(object))).await?;
        for crd in first.iter().filter(|object| object["kind"] == "CustomResourceDefinition") {
            served(self.client, crd).await?;
        }
        try_join_all(others.iter().map(|object| self.create(object))).await?;
        Ok(installed)
    }

    async fn create(&self, object: &Value) -> Result<(), InstallError> {
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
        let failed = |source| InstallError::Apply { kind: kind.clone(), name: name.clone(), source: Box::new(source) };
        let Some((api, plural, namespaced)) = place(&kind) else {
            return Err(InstallError::UnknownKind { kind, name });
        };
        let path = match namespaced {
            true => format!("{api}/namespaces/{NAMESPACE}/{plural}"),
            false => format!("{api}/{plural}"),
        };
        let body = serde_json::to_vec(object).map_err(|error| failed(kube::Error::SerdeError(error)))?;
        let request = Request::new(path).create(&PostParams::default(), body);
        let request = request.map_err(|error| failed(kube::Error::BuildRequest(error)))?;
        let client = self.client.clone();
        let created = self.making.carry_out(async move { client.request::<Value>(request).await });
        created.await.map(drop).map_err(failed)
    }
}

/// Upstream's manifests, as they stand in a release's source, name the image of the day and have it pulled
/// each time; those that are published with the release name its tag. So do we; an image that the nodes
/// have already is good enough then.
fn pin_images(object: &mut Value, tag: &str) {
    let containers = object.pointer_mut("/spec/template/spec/containers").and_then(Value::as_array_mut);
    for container in containers.into_iter().flatten() {
        if let Some(repository) = container["image"].as_str().and_then(|image| image.strip_suffix(":latest")) {
            container["image"] = format!("{repository}:{tag}").into();
            container["imagePullPolicy"] = "IfNotPresent".into();
        }
    }
}

impl ExistingPlane<'_> {
    /// Waits until the controller is available and says that it works.
    pub(super) async fn at_work(&self, client: &Client, installed: &Installed) -> Result<(), String> {
        let limit = scaled(AVAILABLE);
        match tokio::time::timeout(limit, deployed::available(client, installed)).await {
            Ok(up) => up.map_err(|error| format!("the controller's Deployment: {error}"))?,
            Err(_) => {
                let pods = deployed::describe(client, installed).await;
                let limit = humantime::format_duration(limit);
                return Err(format!(
                    "the controller's Deployment was not available within {limit}:{pods}\n(hint: the nodes must be able to pull its image, or have it; PROOFROLL_TIMEOUT_SCALE=2 waits for longer)"
                ));
            }
        }
        self.log.follow(client.clone(), installed.clone(), None);
        self.log.at_work(scaled(AT_WORK)).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_image_of_the_day_becomes_the_releases() {
        let deployment = |image: &str, policy: &str| {
            let containers = json!([{"name": "argo-rollouts", "image": image, "imagePullPolicy": policy}]);
            json!({"kind": "Deployment", "spec": {"template": {"spec": {"containers": containers}}}})
        };
        let mut object = deployment("quay.io/argoproj/argo-rollouts:latest", "Always");
        pin_images(&mut object, "v1.10.2");
        assert_eq!(object, deployment("quay.io/argoproj/argo-rollouts:v1.10.2", "IfNotPresent"));
        let own = deployment("example.com/argo-rollouts:mine", "Always");
        let mut object = own.clone();
        pin_images(&mut object, "v1.10.2");
        assert_eq!(object, own);
    }
}
