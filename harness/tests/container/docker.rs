//! What Docker knows, asked from outside of the harness.

use anyhow::Result;
use proofroll::{images::control_plane, parts::pin};

use crate::common::docker::docker;

/// Why there can be no control plane in containers here; None if there can.
pub fn missing() -> Option<String> {
    if let Err(error) = docker(&["version", "--format", "{{.Server.Version}}"]) {
        return Some(format!("Docker does not answer ({error}); `ci/container` starts it where it can"));
    }
    let image = match control_plane::reference(&pin::newest_release(), None) {
        Ok(image) => image,
        Err(error) => return Some(error.to_string()),
    };
    let why = format!("{image} is not in Docker's store; `proofroll images control-plane` makes it");
    docker(&["image", "inspect", &image]).is_err().then_some(why)
}

/// The names of all containers, running or not, that pass this filter.
pub fn containers(filter: &str) -> Result<Vec<String>> {
    let names = docker(&["ps", "--all", "--filter", filter, "--format", "{{.Names}}"])?;
    Ok(names.lines().map(str::to_owned).collect())
}

/// The image with the pinned versions.
pub fn image() -> Result<String> {
    Ok(control_plane::reference(&pin::newest_release(), None)?)
}
