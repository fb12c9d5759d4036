//! What a controller is started with.

use std::{path::PathBuf, time::Duration};

use kube::Client;
use semver::Version;

use super::help::KnownFlags;

/// What a controller is started with.
#[derive(Clone)]
pub struct ControllerConfig {
    /// The executable.
    pub binary: PathBuf,
    /// Its release: decides about flags where it does not say itself which ones it knows.
    pub version: Version,
    /// The flags that it knows.
    pub flags: Option<KnownFlags>,
    /// A client that may create RBAC objects and tokens in the namespace.
    pub client: Client,
    /// URL of the API server as the controller shall reach it (a proxy, perhaps).
    pub server: String,
    /// The certificate authority of that server, PEM.
    pub ca_pem: String,
    /// The namespace that it serves; it exists already.
    pub namespace: String,
    /// The release's `manifests/namespace-install.yaml`.
    pub namespace_install: PathBuf,
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
            .field("binary", &self.binary)
            .field("version", &self.version)
            .field("namespace", &self.namespace)
            .finish_non_exhaustive()
    }
}
