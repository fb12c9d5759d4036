//! What a controller is started with.

use std::{path::PathBuf, time::Duration};

use kube::Client;

use super::Build;
use crate::cluster::{Contained, Plane};

/// What a controller is started with.
#[derive(Clone)]
pub struct ControllerConfig {
    /// What it is started from, until it is swapped.
    pub build: Build,
    /// How it is started in a container, where it is to be.
    pub contained: Option<Contained>,
    /// A client that may create RBAC objects and tokens in the namespace.
    pub client: Client,
    /// URL of the API server as the controller shall reach it (a proxy, perhaps).
    pub server: String,
    /// The certificate authority of that server, PEM.
    pub ca_pem: String,
    /// The namespace that it serves; it exists already.
    pub namespace: String,
    /// Where its log (`controller.log`), kubeconfig and token go; made if it is missing.
    pub dir: PathBuf,
    /// The log that several controllers write to; else it is `controller.log` in `dir`.
    pub shared_log: Option<SharedLog>,
    /// `info` or `debug`. Fences need `info`.
    pub log_level: String,
    /// Further flags; they win over ours.
    pub extra_args: Vec<String>,
    /// How long it may take to be up, before PROOFROLL_TIMEOUT_SCALE: 30 s where nothing speaks
    /// against it.
    pub up_within: Duration,
}

impl ControllerConfig {
    /// For a namespace of this plane; its directory lies below the plane's: whatever happens to us, the keeper removes it.
    pub fn on(plane: &Plane, namespace: &str, build: Build, up_within: Duration) -> Self {
        let endpoint = plane.endpoint();
        Self {
            build,
            contained: plane.record().contained.clone(),
            client: plane.client(),
            server: endpoint.server,
            ca_pem: endpoint.ca_pem,
            namespace: namespace.to_owned(),
            dir: Self::dir_on(plane, namespace),
            shared_log: None,
            log_level: "info".into(),
            extra_args: Vec::new(),
            up_within,
        }
    }

    /// The directory of the controller of a namespace.
    pub fn dir_on(plane: &Plane, namespace: &str) -> PathBuf {
        plane.dir().path().join("controllers").join(namespace)
    }
}

/// A log that several controllers write to.
#[derive(Debug, Clone)]
pub struct SharedLog {
    /// The file.
    pub path: PathBuf,
    /// Under which name this one's lines stand there.
    pub name: String,
}

impl std::fmt::Debug for ControllerConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ControllerConfig")
            .field("binary", &self.build.binary)
            .field("version", &self.build.version)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
