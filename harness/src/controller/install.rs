//! The controller's ServiceAccount, Role and RoleBinding, as its release ships them, so that a rule
//! that is missing there shows.
//!
//! From `manifests/namespace-install.yaml` (or `manifests/install.yaml`, for a controller that serves all
//! namespaces: then ClusterRole and ClusterRoleBinding) only what a process outside the cluster needs is taken:
//! not the Deployment, the metrics Service and the ClusterRoles for people; but the ConfigMap and
//! the Secret, for the controller reads them at its start.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use futures::future::try_join_all;
use kube::{
    Client,
    api::{Patch, PatchParams},
    core::request::Request,
};
use serde_json::Value;

/// Why the controller could not be installed.
#[derive(Debug, thiserror::Error)]
pub enum InstallError {
    /// The manifest cannot be read.
    #[error("cannot read the release's manifest {path}: {source}")]
    Read {
        /// The manifest.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The manifest is no YAML.
    #[error("the release's manifest {path} is not valid YAML: {message}")]
    Parse {
        /// The manifest.
        path: PathBuf,
        /// What the parser says.
        message: String,
    },
    /// The manifest has no ServiceAccount, or no RoleBinding for it.
    #[error("the release's manifest {path} has no {kind}: is it manifests/namespace-install.yaml?")]
    Missing {
        /// The manifest.
        path: PathBuf,
        /// What is missing.
        kind: &'static str,
    },
    /// The manifest has an object that a release never had.
    #[error("the release's manifest has a {kind} ({name}), and proofroll does not know where such an object goes")]
    UnknownKind {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
    },
    /// The API server did not take it, or did not answer.
    #[error("cannot apply the {kind} {name} of the controller: {source}")]
    Apply {
        /// Its kind.
        kind: String,
        /// Its name.
        name: String,
        /// What the client saw.
        source: Box<kube::Error>,
    },
    /// No token was given.
    #[error("cannot get a token for the ServiceAccount {service_account}: {message}")]
    Token {
        /// Its name.
        service_account: String,
        /// Why not.
        message: String,
    },
    /// The kubeconfig or the token cannot be written.
    #[error("cannot write {path}: {source}")]
    Write {
        /// The file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}

/// What was installed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Installed {
    /// The name of the ServiceAccount under which the controller runs.
    pub service_account: String,
}

/// Applies the RBAC of a release's `namespace-install.yaml` in `namespace`, or that of its `install.yaml` for a
/// controller in `namespace` that serves all of them.
///
/// # Errors
/// See [`InstallError`].
pub async fn install(client: &Client, namespace: &str, namespace_install: &Path) -> Result<Installed, InstallError> {
    let objects = objects(namespace_install, namespace)?;
    let name = |kind| objects.iter().find(|o| o["kind"] == kind).and_then(|o| o["metadata"]["name"].as_str());
    let missing = |kind| InstallError::Missing { path: namespace_install.to_owned(), kind };
    let service_account = name("ServiceAccount").ok_or_else(|| missing("ServiceAccount"))?.to_owned();
    name("Role").or_else(|| name("ClusterRole")).ok_or_else(|| missing("Role"))?;
    name("RoleBinding").or_else(|| name("ClusterRoleBinding")).ok_or_else(|| missing("RoleBinding"))?;
    // In no order: nothing uses them before the controller is started.
    try_join_all(objects.iter().map(|object| apply(client, namespace, object))).await?;
    Ok(Installed { service_account })
}

fn objects(path: &Path, namespace: &str) -> Result<Vec<Value>, InstallError> {
    let text = fs::read_to_string(path).map_err(|source| InstallError::Read { path: path.to_owned(), source })?;
    // The custom resources, which are nearly all of `install.yaml`, are the plane's affair.
    let documents = text.split("\n---\n").filter(|document| !document.contains("\nkind: CustomResourceDefinition\n"));
    let all: Vec<Value> = serde_saphyr::from_multiple(&documents.collect::<Vec<_>>().join("\n---\n"))
        .map_err(|e| InstallError::Parse { path: path.to_owned(), message: e.to_string() })?;
    // Where there is a Role, the ClusterRoles are for people.
    let bound = all.iter().any(|object| object["kind"] == "Role");
    let wanted = |object: &Value| collection(object).is_some_and(|(_, _, namespaced)| namespaced || !bound);
    Ok(all.into_iter().filter(wanted).map(|o| placed(o, namespace)).collect())
}

/// The path of its collection, and whether it lies in a namespace; None for what a process outside the cluster does not
/// need.
fn collection(object: &Value) -> Option<(&'static str, &'static str, bool)> {
    const RBAC: &str = "/apis/rbac.authorization.k8s.io/v1";
    match object["kind"].as_str()? {
        "ServiceAccount" => Some(("/api/v1", "serviceaccounts", true)),
        "ConfigMap" => Some(("/api/v1", "configmaps", true)),
        "Secret" => Some(("/api/v1", "secrets", true)),
        "Role" => Some((RBAC, "roles", true)),
        "RoleBinding" => Some((RBAC, "rolebindings", true)),
        "ClusterRole" => Some((RBAC, "clusterroles", false)),
        "ClusterRoleBinding" => Some((RBAC, "clusterrolebindings", false)),
        _ => None,
    }
}

/// The object in `namespace`, and the subjects of a binding too.
fn placed(mut object: Value, namespace: &str) -> Value {
    if collection(&object).is_some_and(|(_, _, namespaced)| namespaced) {
        object["metadata"]["namespace"] = namespace.into();
    }
    if let Some(subjects) = object.get_mut("subjects").and_then(Value::as_array_mut) {
        for subject in subjects {
            subject["namespace"] = namespace.into();
        }
    }
    object
}

async fn apply(client: &Client, namespace: &str, object: &Value) -> Result<(), InstallError> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let (kind, name) = (text(&object["kind"]), text(&object["metadata"]["name"]));
    let Some((api, plural, namespaced)) = collection(object) else { return Ok(()) };
    let params = PatchParams::apply("proofroll").force();
    let applied = async {
        let path = match namespaced {
            true => format!("{api}/namespaces/{namespace}/{plural}"),
            false => format!("{api}/{plural}"),
        };
        let request = Request::new(path).patch(&name, &params, &Patch::Apply(object));
        client.request::<Value>(request.map_err(kube::Error::BuildRequest)?).await
    };
    match applied.await {
        Ok(_) => Ok(()),
        Err(source) => Err(InstallError::Apply { kind, name, source: Box::new(source) }),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    const MANIFEST: &str = "\
apiVersion: v1
kind: ServiceAccount
metadata: {name: argo-rollouts}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: argo-rollouts}
rules: []
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: {name: argo-rollouts-aggregate-to-admin}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: {name: argo-rollouts}
roleRef: {apiGroup: rbac.authorization.k8s.io, kind: Role, name: argo-rollouts}
subjects:
- {kind: ServiceAccount, name: argo-rollouts}
---
apiVersion: v1
kind: ConfigMap
metadata: {name: argo-rollouts-config}
---
apiVersion: v1
kind: Secret
metadata: {name: argo-rollouts-notification-secret}
---
apiVersion: v1
kind: Service
metadata: {name: argo-rollouts-metrics}
---
apiVersion: apps/v1
kind: Deployment
metadata: {name: argo-rollouts}
";

    #[test]
    fn takes_what_a_process_outside_needs() {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(MANIFEST.as_bytes()).unwrap();
        let lines: Vec<_> = objects(file.path(), "ns").unwrap().iter().map(Value::to_string).collect();
        insta::assert_snapshot!(lines.join("\n"));
    }

    #[test]
    fn says_which_file_is_wrong() {
        let error = objects(Path::new("nowhere/namespace-install.yaml"), "ns").unwrap_err();
        insta::assert_snapshot!(error, @"cannot read the release's manifest nowhere/namespace-install.yaml: No such file or directory (os error 2)");
    }
}
