//! The life of a cluster: shared, kept, and what is kept of a failure.

use std::{fs, process::Command};

use anyhow::{Context, Result, ensure};
use proofroll::{
    controller::ControllerSpec,
    images::{self, ControllerImage},
    parts::Parts,
    progress::Silent,
};

use super::arena::Arena;
use crate::common::{
    docker::docker,
    patience::eventually,
    paused::{self, SMALL},
};

/// The second user comes while the cluster is created; both pass; when both are gone all is.
pub fn two_users_share_a_cluster_and_nothing_is_left(arena: &Arena) -> Result<()> {
    let mut first = arena.user("first", SMALL, &[])?;
    eventually("the cluster's directory", || arena.plane())?;
    let mut second = arena.user("second", SMALL, &[])?;
    first.ends_with(&[0], &["all as expected: 1 passed"])?;
    second.ends_with(&[0], &["all as expected: 1 passed"])?;
    let created = [&first, &second].iter().filter(|user| user.said().contains("creating a kind cluster")).count();
    ensure!(created == 1, "{created} clusters were created");
    Ok(())
}

/// `--keep` leaves the cluster with a kubeconfig that works, and `down` deletes it.
pub fn kept_and_taken_down(arena: &Arena) -> Result<()> {
    let mut user = arena.user("keeps", SMALL, &["--keep"])?;
    user.ends_with(&[0], &["export KUBECONFIG="])?;
    let said = user.said();
    ensure!(said.contains("`proofroll down` deletes the cluster"), "{said}");
    let kubeconfig =
        said.lines().find_map(|line| line.trim().strip_prefix("export KUBECONFIG=")).context("its path")?;
    let namespace = said.lines().find_map(|line| line.strip_prefix("kept: namespace ")).context("the namespace")?;
    let text = fs::read_to_string(kubeconfig)?;
    ensure!(text.contains("https://127.0.0.1:"), "{text}");
    let node = arena.node()?;
    let rollout = docker(&[
        "exec",
        &node,
        "kubectl",
        "--kubeconfig=/etc/kubernetes/admin.conf",
        "get",
        "rollout",
        "small",
        "-n",
        namespace,
        "-o",
        "jsonpath={.status.phase}",
    ])?;
    ensure!(rollout == "Paused", "{rollout}");
    let down = arena.proofroll(&["down"])?.output()?;
    ensure!(down.status.success(), "{}", String::from_utf8_lossy(&down.stderr));
    Ok(())
}

/// The image that a release published is taken if it can be had, and the report says which it was; if it must be
/// had, that is said. (No registry is in reach of this test: what could be pulled is put into Docker's store.)
pub fn the_public_image_comes_first(arena: &Arena) -> Result<()> {
    let image = controller_image()?;
    let has = || docker(&["image", "inspect", "--format", "{{.Id}}", &image.reference]);
    ensure!(has().is_err(), "{} is in Docker's store: this test would remove it", image.reference);
    let mut user = arena.user("must", SMALL, &["--controller-image", "public"])?;
    let missing = format!("the image {} is not in Docker's store and cannot be pulled", image.reference);
    user.ends_with(&[3], &[&missing, "--controller-image built"])?;
    arena.nothing_is_left()?;

    docker(&["load", "--input", &image.archive.path.display().to_string()])?;
    let id = has()?;
    let played = arena.user("auto", SMALL, &["--report", "report.json"]).and_then(|mut user| {
        user.ends_with(&[0], &["all as expected: 1 passed"])?;
        let report: serde_json::Value = serde_json::from_slice(&fs::read(arena.path("report.json"))?)?;
        ensure!(report["controller"]["sha256"] == id.trim(), "{}", report["controller"]);
        Ok(())
    });
    for reference in image.archive.references() {
        docker(&["image", "rm", reference])?;
    }
    played
}

/// The image of the newest release, as it is built here.
fn controller_image() -> Result<ControllerImage> {
    let parts = Parts::from_env()?;
    let release = parts.controller(&ControllerSpec::default(), None, &Silent)?;
    Ok(images::controller(&parts, &release, &Silent)?)
}

/// A scenario that fails takes the logs of the node into its evidence.
pub fn a_failure_has_the_logs_of_the_node(arena: &Arena) -> Result<()> {
    paused::make_it_wrong(arena.place())?;
    let mut user = arena.user("fails", SMALL, &[])?;
    user.ends_with(&[1], &["✖ phase"])?;
    let found = Command::new("find").arg(arena.path("out")).args(["-name", "kubelet.log"]).output()?;
    ensure!(!found.stdout.is_empty(), "{}", user.said());
    Ok(())
}
