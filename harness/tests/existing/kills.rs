//! What is interrupted or dies in the middle leaves nothing in somebody else's cluster.

use std::{
    collections::BTreeSet,
    fs::{self, File},
};

use anyhow::{Result, ensure};
use proofroll::cluster::record::Record;
use rustix::process::{Signal, kill_process};

use super::{
    arena::Arena,
    host::{CONTEXT, Controller, Host},
    outside::{judged_by, running},
};
use crate::common::{patience::eventually, paused::SMALL, user::User};

struct Scene {
    host: Host,
    before: BTreeSet<String>,
    user: User,
    controller: Controller,
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
        Ok(Self { host, before, user, controller })
    }
}

/// A run whose trial does not end, for nobody reconciles.
fn trying(arena: &Arena, host: &Host, before: &BTreeSet<String>) -> Result<User> {
    File::create(arena.path("other.log"))?;
    let user = arena.user(&host.kubeconfig()?, &judged_by("./other.log", SMALL, &[]))?;
    eventually("a trial", || {
        ensure!(host.owner.sees()? != *before, "nothing was made: {}", user.said());
        ensure!(Record::read(&arena.plane()?).is_none(), "it is over");
        Ok(())
    })?;
    Ok(user)
}

/// Ctrl-C and SIGTERM, while the controller is tried out and in the middle of a scenario: all is gone when
/// the process has ended.
pub fn interrupts(arena: &Arena) -> Result<()> {
    let host = Host::new(arena)?;
    host.owner.allows()?;
    let before = host.owner.sees()?;
    for signal in [Signal::INT, Signal::TERM] {
        let mut user = trying(arena, &host, &before)?;
        user.signal(signal)?;
        user.ends_with(&[130], &["interrupted"])?;
        host.owner.sees_again(&before, arena)?;
    }
    let _controller = host.controller(&arena.path("controller.log"))?;
    for signal in [Signal::INT, Signal::TERM] {
        let mut user = running(arena, &host)?;
        user.signal(signal)?;
        user.ends_with(&[130], &["interrupted"])?;
        host.owner.sees_again(&before, arena)?;
    }
    Ok(())
}

/// kill -9 of the only user, while the controller is tried out and in the middle: the keeper cleans up.
pub fn a_killed_user(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    scene.user.signal(Signal::KILL)?;
    scene.user.wait()?;
    arena.plane_goes()?;
    scene.host.owner.sees_again(&scene.before, arena)?;
    scene.controller.dies()?;
    let mut user = trying(arena, &scene.host, &scene.before)?;
    user.signal(Signal::KILL)?;
    user.wait()?;
    arena.plane_goes()?;
    scene.host.owner.sees_again(&scene.before, arena)
}

/// kill -9 of the keeper: the user says so, and does not end before all is gone.
pub fn a_killed_keeper(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    scene.user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    scene.host.owner.sees_again(&scene.before, arena)
}

/// kill -9 of the user and then of the keeper: the reaper cleans up.
pub fn a_killed_user_and_keeper(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    let keeper = arena.process("--proofroll-keeper")?;
    scene.user.signal(Signal::KILL)?;
    kill_process(keeper, Signal::KILL)?;
    scene.user.wait()?;
    arena.plane_goes()?;
    scene.host.owner.sees_again(&scene.before, arena)
}

/// Keeper and reaper are killed, and the cluster is out of reach for a while: the user and `gc` say so, and
/// `gc` removes it when it can.
pub fn what_nobody_could_remove_is_collected(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    let kubeconfig = scene.host.kubeconfig()?;
    let plane = arena.plane()?;
    let copy = fs::read_to_string(plane.kubeconfig())?;
    let server = copy.split("\"server\": \"").nth(1).and_then(|rest| rest.split('"').next()).unwrap_or_default();
    fs::write(plane.kubeconfig(), copy.replace(server, "https://127.0.0.1:1"))?;
    kill_process(arena.process("--proofroll-reaper")?, Signal::KILL)?;
    kill_process(arena.process("--proofroll-keeper")?, Signal::KILL)?;
    let left = format!("what a dead proofroll made in the cluster of the context {CONTEXT} could not be removed");
    let refused = [&left, "Connection refused", "proofroll gc` tries again"];
    scene.user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    scene.user.ends_with(&[3], &refused)?;
    arena.user(&kubeconfig, &["gc"])?.ends_with(&[3], &refused)?;
    arena.user(&kubeconfig, &["status"])?.ends_with(&[0], &["dead: `proofroll gc` removes it"])?;
    fs::write(plane.kubeconfig(), copy)?;
    arena.user(&kubeconfig, &["gc"])?.ends_with(&[0], &[&format!("{} removed", plane.key())])?;
    // `gc` returns when it is gone, not when it was asked to go.
    scene.host.owner.sees_again(&scene.before, arena)
}

/// A controller outside of the cluster dies: that is no verdict about what it should have done.
pub fn a_killed_controller(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    scene.controller.dies()?;
    let told = "the controller outside of the cluster has ended, and proofroll had not asked it to";
    scene.user.ends_with(&[3], &["the cluster cannot be used any more", told, "its last words:"])?;
    scene.host.owner.sees_again(&scene.before, arena)
}

/// A run from another machine passes beside ours, knows ours for another's, and touches nothing of it.
pub fn another_machine_is_not_disturbed(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    let seen = scene.host.owner.sees()?;
    let ours: Vec<_> = seen.iter().filter(|name| name.starts_with("namespace long-")).collect();
    ensure!(ours.len() == 1, "{seen:?}");
    let elsewhere = arena.path("elsewhere");
    fs::create_dir(&elsewhere)?;
    let mut command = arena.proofroll(&scene.host.kubeconfig()?, &judged_by("./controller.log", SMALL, &[]))?;
    command.env("PROOFROLL_STATE_DIR", &elsewhere);
    let told = "of another proofroll, and not touched: the namespaces long-";
    arena.start(command)?.ends_with(&[0], &["all as expected: 1 passed", told])?;
    ensure!(scene.user.ended()?.is_none(), "{}", scene.user.said());
    let seen = scene.host.owner.sees()?;
    ensure!(ours.iter().all(|name| seen.contains(*name)), "{seen:?}");
    ensure!(!seen.iter().any(|name| name.starts_with("namespace small-")), "{seen:?}");
    fs::remove_dir(elsewhere)?;
    scene.user.signal(Signal::INT)?;
    scene.user.ends_with(&[130], &["interrupted"])?;
    scene.host.owner.sees_again(&scene.before, arena)
}

/// The owner deletes the namespace in the middle.
pub fn the_owner_withdraws_his_leave(arena: &Arena) -> Result<()> {
    let mut scene = Scene::of(arena)?;
    scene.host.owner.forbids()?;
    scene.user.ends_with(&[3], &["the namespace proofroll-allowed was deleted", "wants no more tests"])?;
    arena.no_plane_is_left()?;
    scene.before.remove("namespace proofroll-allowed");
    // It goes in its own time.
    eventually("the cluster without it", || scene.host.owner.sees_again(&scene.before, arena))
}
