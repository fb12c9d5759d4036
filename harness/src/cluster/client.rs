//! The way into a plane: kubeconfigs for its components and people, and a client for ourselves.

use std::path::Path;

use k8s_openapi::ByteString;
use kube::config::{KubeConfigOptions, Kubeconfig};
use serde_json::json;

use super::ClusterError;
use crate::process::pki::Identity;

/// A kubeconfig (YAML) with everything inside: it works from any directory.
pub fn kubeconfig(server: &str, ca_pem: &str, user: &str, identity: &Identity) -> String {
    let data = |pem: &str| ByteString(pem.as_bytes().to_vec());
    let document = json!({
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "proofroll", "cluster": {"server": server, "certificate-authority-data": data(ca_pem)}}],
        "users": [{"name": user, "user": {
            "client-certificate-data": data(&identity.certificate),
            "client-key-data": data(&identity.key),
        }}],
        "contexts": [{"name": "proofroll", "context": {"cluster": "proofroll", "user": user}}],
        "current-context": "proofroll",
    });
    // JSON is YAML, too.
    format!("{document:#}\n")
}

/// A client as the user of this kubeconfig. It does not retry by itself: what fails shall be seen.
///
/// # Errors
/// When the file cannot be read or makes no client.
pub async fn client(path: &Path) -> Result<kube::Client, ClusterError> {
    let broken = |why: String| ClusterError::Broken { why: format!("{} cannot be used: {why}", path.display()) };
    let kubeconfig = Kubeconfig::read_from(path).map_err(|e| broken(e.to_string()))?;
    let options = KubeConfigOptions::default();
    let mut config =
        kube::Config::from_custom_kubeconfig(kubeconfig, &options).await.map_err(|e| broken(e.to_string()))?;
    config.default_retry = false;
    // Loopback: a proxy that the environment names for the network has no part in this.
    config.proxy_url = None;
    kube::Client::try_from(config).map_err(|e| broken(e.to_string()))
}
