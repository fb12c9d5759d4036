//! What runs on a control plane in containers: the same as on one of processes.

use anyhow::{Result, ensure};

use super::arena::{Arena, SMALL, eventually};
use crate::common::docker::docker;

/// The main job.
pub fn the_guide(arena: &Arena) -> Result<()> {
    let (code, said) = arena.said(&["guide", "--quiet"])?;
    ensure!(code == Some(0) && said.contains("all as expected: 1 passed"), "{code:?}: {said}");
    ensure!(said.contains("starting a control plane in containers"), "{said}");
    Ok(())
}

/// Controllers are killed and started again, and there are two of them; an API server is restarted, on a plane of the
/// scenario's own.
pub fn scenarios_with_a_controller_of_their_own(arena: &Arena) -> Result<()> {
    let scenarios = ["lifecycle/controller-restart", "controller/instance-id", "lifecycle/api-server-restart"];
    let (code, said) = arena.said(&[&["run"], scenarios.as_slice(), &["--quiet"]].concat())?;
    ensure!(code == Some(0) && !said.contains("skipped"), "{code:?}: {said}");
    Ok(())
}

/// The second user comes while the plane starts; both pass; when both are gone all is.
pub fn two_users_share_a_plane(arena: &Arena) -> Result<()> {
    let mut first = arena.user("first", SMALL, &[])?;
    eventually("the plane's directory", || arena.plane())?;
    let mut second = arena.user("second", SMALL, &[])?;
    first.ends_with(&[0], &["all as expected: 1 passed"])?;
    second.ends_with(&[0], &["all as expected: 1 passed"])?;
    let started = [&first, &second].iter().filter(|user| user.said().contains("starting a control plane")).count();
    ensure!(started == 1, "{started} planes were started");
    Ok(())
}

/// `--keep` leaves the plane, as five containers, and `down` ends them.
pub fn kept_and_taken_down(arena: &Arena) -> Result<()> {
    let mut user = arena.user("keeps", SMALL, &["--keep"])?;
    user.ends_with(&[0], &["export KUBECONFIG="])?;
    let containers = arena.containers()?;
    ensure!(containers.len() == 5, "{containers:?}");
    let (code, said) = arena.said(&["down"])?;
    ensure!(code == Some(0), "{code:?}: {said}");
    Ok(())
}

/// A controller by its path runs in a container too: here, the one of the image, copied out of it.
pub fn a_controller_of_this_machine(arena: &Arena) -> Result<()> {
    let image = super::docker::image()?;
    let made = docker(&["create", &image, "/none"])?;
    let path = arena.path("controller");
    let copied = docker(&["cp", &format!("{}:/bin/rollouts-controller", made.trim()), &path.display().to_string()]);
    docker(&["rm", made.trim()])?;
    copied?;
    let mut user = arena.user("own", SMALL, &["--controller", "./controller"])?;
    user.ends_with(&[0], &["all as expected: 1 passed"])?;
    ensure!(user.said().contains("controller (as v"), "{}", user.said());
    Ok(())
}
