//! What Docker knows, asked from outside of the harness.

use std::process::Command;

use anyhow::{Context, Result, ensure};

/// Names the image of the nodes.
pub const NODE_IMAGE: &str = "KIND_NODE_IMAGE";

/// Why there can be no kind cluster here; None if there can.
pub fn missing() -> Option<String> {
    if let Err(error) = docker(&["version", "--format", "{{.Server.Version}}"]) {
        return Some(format!("Docker does not answer ({error}); `ci/kind` starts it where it can"));
    }
    match std::env::var(NODE_IMAGE) {
        Ok(image) if docker(&["image", "inspect", &image]).is_ok() => None,
        Ok(image) => Some(format!("{NODE_IMAGE}={image} is not in Docker's store; `ci/node-image/build` builds one")),
        Err(_) => Some(format!("{NODE_IMAGE} is not set; `ci/kind` sets it")),
    }
}

/// The process id of the engine, if `ci/docker` has started it: then it may be killed.
pub fn engine() -> Option<i32> {
    std::fs::read_to_string("/run/proofroll-docker/dockerd.pid").ok()?.trim().parse().ok()
}

/// Why the engine must be left alone; None if it is ours.
pub fn not_ours() -> Option<String> {
    engine().is_none().then(|| "the engine was not started by `ci/docker up`: it is not ours to kill".into())
}

/// What Docker answers.
pub fn docker(arguments: &[&str]) -> Result<String> {
    let output = Command::new("docker").args(arguments).output().context("docker")?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "docker {}: {}", arguments.join(" "), said.trim());
    Ok(String::from_utf8(output.stdout)?)
}

/// Containers, networks and volumes, by name.
pub fn everything() -> Result<Vec<String>> {
    let mut all = Vec::new();
    for what in ["container", "network", "volume"] {
        let format = if what == "container" { "{{.Names}}" } else { "{{.Name}}" };
        let arguments: &[&str] = if what == "container" { &["--all"] } else { &[] };
        let names = docker(&[&[what, "ls", "--format", format], arguments].concat())?;
        all.extend(names.lines().map(|name| format!("{what} {name}")));
    }
    all.sort();
    Ok(all)
}

/// The images, by id.
pub fn images() -> Result<Vec<String>> {
    let mut ids: Vec<String> = docker(&["image", "ls", "--no-trunc", "--quiet"])?.lines().map(str::to_owned).collect();
    ids.sort();
    ids.dedup();
    Ok(ids)
}
