//! The way into a plane: kubeconfigs for its components and people, and a client for ourselves.

use std::path::Path;

use k8s_openapi::ByteString;
use kube::{
    Config,
    config::{Cluster, Kubeconfig, KubeconfigError},
};
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

/// A client as the user of this kubeconfig, for a plane of ours. It does not retry by itself: what fails
/// shall be seen.
///
/// # Errors
/// When the file cannot be read or makes no client.
pub async fn client(path: &Path) -> Result<kube::Client, ClusterError> {
    let broken = |why: String| ClusterError::Broken { why: format!("{} cannot be used: {why}", path.display()) };
    let kubeconfig = Kubeconfig::read_from(path).map_err(|e| broken(e.to_string()))?;
    // Loopback: a proxy that the environment names for the network has no part in this.
    let config = config(&kubeconfig).map_err(broken)?;
    kube::Client::try_from(config).map_err(|e| broken(e.to_string()))
}

/// What the current context says of cluster and user; without a proxy, and without retries.
///
/// kube's own loader reads the variables for proxies as well, and fails where NO_PROXY ends with a comma.
pub(super) fn config(kubeconfig: &Kubeconfig) -> Result<Config, String> {
    let name = kubeconfig.current_context.as_deref().ok_or("it has no current context")?;
    let context = kubeconfig.contexts.iter().find(|context| context.name == name);
    let context = context.and_then(|named| named.context.as_ref()).ok_or_else(|| format!("no context {name}"))?;
    let cluster = kubeconfig.clusters.iter().find(|cluster| cluster.name == context.cluster);
    let cluster = cluster.and_then(|named| named.cluster.as_ref()).ok_or_else(|| format!("no cluster of {name}"))?;
    let server = cluster.server.as_deref().ok_or_else(|| format!("no server of the cluster {}", context.cluster))?;
    let mut config = Config::new(server.parse().map_err(|error| format!("the server {server}: {error}"))?);
    config.default_retry = false;
    config.root_cert = authority(cluster)?;
    config.accept_invalid_certs = cluster.insecure_skip_tls_verify.unwrap_or(false);
    config.disable_compression = cluster.disable_compression.unwrap_or(false);
    config.tls_server_name.clone_from(&cluster.tls_server_name);
    // As kubectl: a context may name a user that is not there, and is nobody then.
    let user = kubeconfig.auth_infos.iter().find(|user| Some(&user.name) == context.user.as_ref());
    config.auth_info = user.and_then(|named| named.auth_info.clone()).unwrap_or_default();
    if let Some(plugin) = config.auth_info.exec.as_mut().filter(|plugin| plugin.provide_cluster_info) {
        plugin.cluster = Some(cluster.try_into().map_err(|error: KubeconfigError| error.to_string())?);
    }
    Ok(config)
}

/// The certificates that a cluster's own is to be signed by; none: those that the system trusts.
fn authority(cluster: &Cluster) -> Result<Option<Vec<Vec<u8>>>, String> {
    let pem = match (&cluster.certificate_authority_data, &cluster.certificate_authority) {
        (Some(data), _) => {
            let data: ByteString = serde_json::from_value(data.as_str().into())
                .map_err(|error| format!("certificate-authority-data: {error}"))?;
            data.0
        }
        (None, Some(path)) => std::fs::read(path).map_err(|error| format!("{path}: {error}"))?,
        (None, None) => return Ok(None),
    };
    let blocks = pem::parse_many(pem).map_err(|error| format!("the certificate authority: {error}"))?;
    let certificates = blocks.into_iter().filter(|block| block.tag() == "CERTIFICATE");
    Ok(Some(certificates.map(pem::Pem::into_contents).collect()))
}
