//! What is missing, and what dies in the middle: the exit code, the message, and nothing left.

use std::{fs, process::Command, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::{
    arena::{Arena, GONE_WITHIN},
    docker,
};
use crate::common::{
    docker::docker,
    patience::eventually,
    paused::{LONG, SMALL},
    user::User,
    waiting::within,
};

/// "At once", on a machine that creates a cluster at the same time.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Ctrl-C at several moments of a start: it ends at once, and what was begun is gone.
pub fn an_interrupt_while_the_cluster_is_created(arena: &Arena) -> Result<()> {
    for moment in ["Docker", "kind: Preparing nodes", "kind: Starting control-plane", "the cluster is created"] {
        let mut user = arena.user("interrupted", SMALL, &[])?;
        eventually(moment, || {
            let progress = fs::read_to_string(arena.plane()?.progress())?;
            ensure!(progress.contains(moment), "{progress}");
            Ok(())
        })?;
        user.signal(Signal::INT)?;
        let status = within(AT_ONCE, moment, || {
            let status = user.wait()?;
            Ok(status)
        })?;
        ensure!(status.code() == Some(130), "{moment}: {status}: {}", user.said());
        arena.nothing_is_left().with_context(|| format!("after an interrupt at `{moment}`"))?;
    }
    Ok(())
}

/// kill -9 of the only user: the keeper cleans up.
pub fn a_killed_user(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    user.signal(Signal::KILL)?;
    user.wait()?;
    Ok(())
}

/// kill -9 of the keeper: the user says so and the reaper cleans up.
pub fn a_killed_keeper(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    let keeper = arena.record()?.keeper;
    kill_process(Pid::from_raw(i32::try_from(keeper)?).context("a process id")?, Signal::KILL)?;
    user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    Ok(())
}

/// The node's container is killed: the message names it.
pub fn a_killed_node(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    let node = arena.node()?;
    docker(&["kill", &node])?;
    user.ends_with(&[3], &[&format!("the kind node {node} ended (exit code 137)")])?;
    Ok(())
}

/// The controller's container dies: that is no verdict about what it should have done.
pub fn a_killed_controller(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    docker(&["exec", &arena.node()?, "pkill", "-9", "-f", "rollouts-controller"])?;
    user.ends_with(&[3], &["the controller in the cluster is not what it was: the container of its pod"])?;
    Ok(())
}

/// kill -9 of Docker's engine: the message says so, and once it runs again `gc` removes what was left.
pub fn a_killed_engine(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    let engine = docker::engine().context("an engine of ours")?;
    kill_process(Pid::from_raw(engine).context("a process id")?, Signal::KILL)?;
    let ended = user.ends_with(&[3], &["Docker's engine does not answer"]);
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let up = Command::new(root.join("ci/docker")).arg("up").output()?;
    ensure!(up.status.success(), "{}", String::from_utf8_lossy(&up.stderr));
    ended?;
    ensure!(user.said().contains("`proofroll gc`"), "{}", user.said());
    let gc = arena.proofroll(&["gc"])?.output()?;
    ensure!(gc.status.success(), "{}", String::from_utf8_lossy(&gc.stderr));
    Ok(())
}

/// A node image that cannot be pulled: what to do stands in the message.
pub fn an_image_that_is_not_there(arena: &Arena) -> Result<()> {
    let mut user = arena.user("no-image", SMALL, &["--node-image", "localhost:1/no/such:image"])?;
    user.ends_with(&[3], &["the node image localhost:1/no/such:image is not in Docker's store and cannot be pulled"])?;
    ensure!(user.said().contains("ci/node-image/build"), "{}", user.said());
    Ok(())
}

/// No engine at the socket.
pub fn no_docker(arena: &Arena) -> Result<()> {
    let mut command = arena.proofroll(&["run", "./small.yaml", "--quiet"])?;
    let output = command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(3) && said.contains("Docker's engine does not answer"), "{said}");
    ensure!(said.contains("/nowhere/docker.sock") && said.contains("hint: start it"), "{said}");
    Ok(())
}

/// No room where the state of clusters is kept.
pub fn a_full_disk(arena: &Arena) -> Result<()> {
    let full = arena.path("full");
    fs::create_dir(&full)?;
    let mount = |command: &mut Command| -> Result<()> {
        let output = command.output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        Ok(())
    };
    mount(Command::new("mount").args(["-t", "tmpfs", "-o", "size=16k,mode=0700", "tmpfs"]).arg(&full))?;
    let mut command = arena.proofroll(&["run", SMALL, "--quiet"])?;
    let output = command.env("PROOFROLL_STATE_DIR", &full).output();
    // What the run had started may end a moment after it.
    let gone = within(GONE_WITHIN, "it is empty", || {
        // Only the names: an entry keeps its directory open, which could not be unmounted then.
        let left: Vec<_> = fs::read_dir(&full)?.map(|entry| entry.map(|e| e.file_name())).collect::<Result<_, _>>()?;
        ensure!(left.is_empty(), "{left:?}");
        Ok(())
    });
    within(GONE_WITHIN, "nobody uses it", || mount(Command::new("umount").arg(&full)))?;
    let output = output?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(3) && said.contains("No space left on device"), "{}: {said}", output.status);
    gone
}

/// A user in the middle of its scenario.
fn running(arena: &Arena) -> Result<User> {
    let user = arena.user("runs", LONG, &[])?;
    eventually("the scenario runs", || {
        arena.record()?;
        ensure!(user.said().contains("1/2"), "{}", user.said());
        Ok(())
    })
    .with_context(|| user.said())?;
    Ok(user)
}
