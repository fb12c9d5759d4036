//! What Docker knows, asked from outside of the harness.

use anyhow::Result;

use crate::common::docker::docker;

/// The process id of the engine, if `ci/docker` has started it: then it may be killed.
pub fn engine() -> Option<i32> {
    std::fs::read_to_string("/run/proofroll-docker/dockerd.pid").ok()?.trim().parse().ok()
}

/// Why the engine must be left alone; None if it is ours.
pub fn not_ours() -> Option<String> {
    engine().is_none().then(|| "the engine was not started by `ci/docker up`: it is not ours to kill".into())
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
