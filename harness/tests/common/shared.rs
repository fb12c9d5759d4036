//! What tests on a cluster that all runs share have in common: the program's command line, its state.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use proofroll::cluster::state::{PlaneDir, StateRoot};

use super::program::program;

/// Variables that say what is run, and on what.
const VARIABLES: [&str; 14] = [
    "CONTROLLER",
    "CONTROLLER_IMAGE",
    "AS_VERSION",
    "FIXTURES",
    "LINGER",
    "LOG",
    "CLUSTER",
    "CONTEXT",
    "INSTALL",
    "CONTROLLER_LOG",
    "PROBE_IMAGE",
    "CONTROL_PLANE_IMAGE",
    "PARTS_DIR",
    "HAS",
];

/// `proofroll` with these arguments; all that it writes goes below `place`.
pub fn proofroll(place: &Path, arguments: &[&str]) -> Result<Command> {
    let mut command = Command::new(program()?);
    for variable in VARIABLES {
        command.env_remove(format!("PROOFROLL_{variable}"));
    }
    command
        .args(arguments)
        .current_dir(place)
        .env("PROOFROLL_STATE_DIR", place.join("state"))
        .env("PROOFROLL_OUT", place.join("out"))
        .env("TMPDIR", place.join("tmp"));
    Ok(command)
}

/// The directory of the only plane, once there is one.
pub fn plane(place: &Path) -> Result<PlaneDir> {
    let planes = StateRoot::at(&place.join("state")).planes()?;
    ensure!(planes.len() == 1, "{} planes", planes.len());
    planes.into_iter().next().context("a plane")
}

/// Nothing lies in these directories of `place`.
pub fn are_empty(place: &Path, directories: &[&str]) -> Result<()> {
    for directory in directories {
        let entries = fs::read_dir(place.join(directory))?;
        let left: Vec<_> = entries.map(|entry| entry.map(|entry| entry.path())).collect::<Result<_, _>>()?;
        ensure!(left.is_empty(), "{left:?}");
    }
    Ok(())
}
