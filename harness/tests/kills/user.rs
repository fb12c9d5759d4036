//! How a run of the real program is started.

use std::{
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::Result;

use super::arena::{Arena, LINGER};
use crate::common::{patience::PATIENCE, user::User};

/// Starts a user.
pub fn start(arena: &Arena, name: &str) -> Result<User> {
    User::start(command(arena.program(), arena.state(), arena.place(), name), &arena.log(name), PATIENCE)
}

/// The command line of a user. `place` holds the scenario, and takes reports and evidence.
pub fn command(program: &Path, state: &Path, place: &Path, name: &str) -> Command {
    let mut command = Command::new(program);
    command
        .args(["run", "--quiet", "--report"])
        .arg(report(place, name))
        .arg("--out")
        .arg(place.join("out"))
        .arg(place.join("small.yaml"))
        .env("PROOFROLL_STATE_DIR", state)
        .env("PROOFROLL_LINGER", format!("{}ms", LINGER.as_millis()));
    command
}

/// Where a user's report goes; written only when its run came to its end.
pub fn report(place: &Path, name: &str) -> PathBuf {
    place.join(format!("{name}.report.json"))
}
