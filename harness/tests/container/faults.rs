//! What is missing, and what dies in the middle: the exit code, the message, and nothing left.

use std::{fs, time::Duration};

use anyhow::{Context, Result, ensure};
use rustix::process::Signal;

use super::arena::{Arena, LONG, SMALL, eventually, kill};
use crate::common::{docker::docker, user::User, waiting::within};

/// "At once", on a machine that starts a plane at the same time.
const AT_ONCE: Duration = Duration::from_secs(15);

/// Ctrl-C at several moments of a start: it ends at once, and what was begun is gone.
pub fn an_interrupt_while_it_starts(arena: &Arena) -> Result<()> {
    for moment in ["Docker", "keys and certificates made", "kube-apiserver takes requests"] {
        let mut user = arena.user("interrupted", SMALL, &[])?;
        reached(arena, moment)?;
        user.signal(Signal::INT)?;
        let status = within(AT_ONCE, moment, || user.wait())?;
        ensure!(status.code() == Some(130), "{moment}: {status}: {}", user.said());
        arena.nothing_is_left().with_context(|| format!("after an interrupt at `{moment}`"))?;
    }
    Ok(())
}

/// kill -9 of the only user: its controller goes, and then the plane.
pub fn a_killed_user(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    user.signal(Signal::KILL)?;
    user.wait()?;
    Ok(())
}

/// kill -9 of the keeper: the user says so and the reaper cleans up.
pub fn a_killed_keeper(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    kill(arena.record()?.keeper, Signal::KILL)?;
    user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    Ok(())
}

/// ... also while the engine is making a container for it.
pub fn a_keeper_killed_while_it_starts(arena: &Arena) -> Result<()> {
    let mut user = arena.user("starts", SMALL, &[])?;
    reached(arena, "keys and certificates made")?;
    kill(keeper(arena)?, Signal::KILL)?;
    user.ends_with(&[3], &["its keeper ended without a word (killed?)"])?;
    Ok(())
}

/// The API server's container is killed: the message says what died, and how.
pub fn a_killed_api_server(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    docker(&["kill", &one(arena, |name| name.ends_with("-kube-apiserver"))?])?;
    user.ends_with(&[3], &["kube-apiserver ended (signal: 9 (SIGKILL)); its last log lines:"])?;
    Ok(())
}

/// The controller's container is killed: that is no verdict about what it should have done.
pub fn a_killed_controller(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    docker(&["kill", &one(arena, |name| name.contains("-long-"))?])?;
    user.ends_with(&[3], &["the controller's process ended, and proofroll had not asked it to: signal: 9 (SIGKILL)"])?;
    Ok(())
}

/// Keeper, reaper and user are killed: `gc` removes what is left.
pub fn a_reaper_killed_too(arena: &Arena) -> Result<()> {
    let mut user = running(arena)?;
    let dir = arena.plane()?.path().display().to_string();
    let marked = |words: &[u8]| String::from_utf8_lossy(words).contains(&dir);
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        let command = fs::read(path.join("cmdline")).unwrap_or_default();
        if command.windows(18).any(|words| words == b"--proofroll-reaper") && marked(&command) {
            kill(pid, Signal::KILL)?;
        }
    }
    kill(arena.record()?.keeper, Signal::KILL)?;
    user.signal(Signal::KILL)?;
    user.wait()?;
    let left = arena.containers()?;
    ensure!(left.len() >= 5, "nobody was there to remove them: {left:?}");
    let (code, said) = arena.said(&["gc"])?;
    ensure!(code == Some(0) && said.contains(&format!("{} removed", arena_key(&dir)?)), "{code:?}: {said}");
    Ok(())
}

/// The image is not there: one error, which names the command that makes it.
pub fn no_image(arena: &Arena) -> Result<()> {
    let mut user = arena.user("old", SMALL, &["--controller", "v1.8.5"])?;
    user.ends_with(&[3], &["is not in the store of Docker's engine"])?;
    ensure!(user.said().contains("`proofroll images control-plane --controller v1.8.5` makes it"), "{}", user.said());
    let mut user = arena.user("none", SMALL, &["--control-plane-image", "localhost:1/no/such:image"])?;
    user.ends_with(
        &[3],
        &["the image localhost:1/no/such:image is not in the store of Docker's engine and cannot be pulled"],
    )?;
    Ok(())
}

/// An image that is something else.
pub fn another_image(arena: &Arena) -> Result<()> {
    let ours = super::docker::image()?;
    let mut user = arena.user("other", SMALL, &["--controller", "v1.8.5", "--control-plane-image", &ours])?;
    user.ends_with(&[2], &["not v1.8.5"])?;
    Ok(())
}

/// No engine at the socket.
pub fn no_docker(arena: &Arena) -> Result<()> {
    let mut command = arena.proofroll(&["run", SMALL, "--quiet"])?;
    let output = command.env("DOCKER_HOST", "unix:///nowhere/docker.sock").output()?;
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.code() == Some(3) && said.contains("Docker's engine does not answer"), "{said}");
    ensure!(said.contains("/nowhere/docker.sock") && said.contains("hint: start it"), "{said}");
    Ok(())
}

fn reached(arena: &Arena, moment: &str) -> Result<()> {
    eventually(moment, || {
        let progress = fs::read_to_string(arena.plane()?.progress())?;
        ensure!(progress.contains(moment), "{progress}");
        Ok(())
    })
}

/// The keeper's process id: it stands in its lock.
fn keeper(arena: &Arena) -> Result<u32> {
    let lock = fs::read_to_string(arena.plane()?.keeper_lock())?;
    lock.trim().parse().context("the keeper's process id")
}

/// The key of the plane in this directory.
fn arena_key(dir: &str) -> Result<&str> {
    dir.rsplit('/').next().context("a key")
}

/// The only container whose name is so.
fn one(arena: &Arena, so: impl Fn(&str) -> bool) -> Result<String> {
    let found: Vec<String> = arena.containers()?.into_iter().filter(|name| so(name)).collect();
    ensure!(found.len() == 1, "{found:?} of {:?}", arena.containers()?);
    found.into_iter().next().context("a container")
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
