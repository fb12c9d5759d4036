//! Docker, asked from outside of the harness.

use std::process::Command;

use anyhow::{Context, Result, ensure};

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

/// What Docker answers.
pub fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output().context("docker")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {}: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}
