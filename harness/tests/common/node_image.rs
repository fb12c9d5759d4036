//! The image of the nodes of kind clusters.

use std::process::Command;

use super::docker::docker;

/// Names the image of the nodes.
pub const NODE_IMAGE: &str = "KIND_NODE_IMAGE";

/// Why there can be no kind cluster here; None if there can.
pub fn missing() -> Option<String> {
    // An engine that hangs is none: who lists tests does not wait for it.
    let version = Command::new("timeout").args(["20", "docker", "version", "--format", "{{.Server.Version}}"]).output();
    let said = match version {
        Ok(output) if output.status.success() => None,
        Ok(output) => Some(String::from_utf8_lossy(&output.stderr).trim().to_owned()),
        Err(error) => Some(error.to_string()),
    };
    if let Some(said) = said {
        return Some(format!("Docker does not answer ({said}); `ci/docker up` starts it where root may"));
    }
    match std::env::var(NODE_IMAGE) {
        Ok(image) if docker(&["image", "inspect", &image]).is_ok() => None,
        Ok(image) => Some(format!("{NODE_IMAGE}={image} is not in Docker's store; `ci/node-image/build` builds one")),
        Err(_) => Some(format!("{NODE_IMAGE} is not set; `ci/node-image/build` builds such an image")),
    }
}
