//! What dies in the middle leaves nothing in somebody else's cluster.

use std::{collections::BTreeSet, fs};

use anyhow::{Result, ensure};
use rustix::process::{Signal, kill_process};

use super::{
    arena::{Arena, User, eventually},
    host::{CONTEXT, Controller, Host},
    outside::running,
};

struct Scene {
    host: Host,
    before: BTreeSet<String>,
    user: User,
    _controller: Controller,
}

impl Scene {
    /// A run in its second step.
    fn of(arena: &Arena) -> Result<Self> {
        let host = Host::new(arena)?;
        host.owner.allows()?;
        let before = host.owner.sees()?;
        let controller = host.controller(&arena.path("controller.log"))?;
        let user = running(arena, &host)?;
        ensure!(host.owner.sees()? != before, "a run with nothing in the cluster");
        Ok(Self { host, before, user, _controller: controller })
    }
}

/// kill -9 of the only user: the keeper cleans up.
pub fn a_killed_user(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    scene.user.signal(Signal::KILL)?;
    scene.user.wait()?;
    scene.host.owner.sees_again(&scene.before)
}

/// kill -9 of the keeper: the user says so, and the reaper cleans up.
pub fn a_killed_keeper(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    scene.user.ends_with(3, &["its keeper ended without a word (killed?)"])?;
    scene.host.owner.sees_again(&scene.before)
}

/// Keeper and reaper are killed, and the cluster is out of reach for a while: `gc` says so, and does it
/// when it can.
pub fn what_nobody_could_remove_is_collected(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    let kubeconfig = scene.host.kubeconfig()?;
    let plane = arena.plane()?;
    kill_process(arena.process("--proofroll-reaper")?, Signal::KILL)?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    scene.user.ends_with(3, &["its keeper ended without a word (killed?)"])?;
    let copy = fs::read_to_string(plane.kubeconfig())?;
    let server = copy.split("\"server\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    fs::write(plane.kubeconfig(), copy.replace(server, "https://127.0.0.1:1"))?;
    let left = format!("what a dead proofroll made in the cluster of the context {CONTEXT} could not be removed");
    arena.user(&kubeconfig, &["gc"])?.ends_with(3, &[&left, "Connection refused", "proofroll gc` tries again"])?;
    arena.user(&kubeconfig, &["status"])?.ends_with(0, &["dead: `proofroll gc` removes it"])?;
    fs::write(plane.kubeconfig(), copy)?;
    arena.user(&kubeconfig, &["gc"])?.ends_with(0, &[&format!("{} removed", plane.key())])?;
    // `gc` returns when it is gone, not when it was asked to go.
    ensure!(scene.host.owner.sees()? == scene.before, "{:?}", scene.host.owner.sees()?);
    Ok(())
}

/// The owner deletes the namespace in the middle.
pub fn the_owner_withdraws_his_leave(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    scene.host.owner.forbids()?;
    scene.user.ends_with(3, &["the namespace proofroll-allowed was deleted", "wants no more tests"])?;
    scene.before.remove("namespace proofroll-allowed");
    scene.host.owner.sees_again(&scene.before)?;
    eventually("the plane's end", || {
        ensure!(arena.plane().is_err(), "it is there");
        Ok(())
    })
}
