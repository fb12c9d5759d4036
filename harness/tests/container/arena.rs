//! Where a test works: a state directory and a cache of its own, a small scenario, and eyes on what is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use proofroll::cluster::{record::Record, state::PlaneDir};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::docker;
use crate::common::{docker::docker, place::in_memory, shared, small, user::User, waiting::within};

/// For a plane on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// How long what was stopped may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// The small scenario.
pub const SMALL: &str = "./small.yaml";
/// The one that goes on until somebody ends it.
pub const LONG: &str = "./long.yaml";

/// The update waits until somebody comes.
const STEPS: &str = "[{setWeight: 50}, {pause: {}}]";
const END: &str = "expect: {phase: Paused, step: 1/2, replicas: {available: 2}}";

pub struct Arena {
    place: TempDir,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let place = in_memory("proofroll-container-")?;
        for dir in ["state", "tmp", "home", "cache", "bin"] {
            fs::create_dir(place.path().join(dir))?;
        }
        small::write(place.path(), "small", STEPS, END, "30s")?;
        small::write(place.path(), "long", STEPS, &format!("{END}\n    hold: {{for: 5m}}"), "30s")?;
        Ok(Self { place })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `proofroll` with these arguments, in containers, on a machine without parts and without programs; all that it
    /// writes goes below the arena.
    pub fn proofroll(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = shared::proofroll(self.place.path(), arguments)?;
        command
            .env("PROOFROLL_CLUSTER", "container")
            .env("PROOFROLL_CACHE_DIR", self.path("cache"))
            .env("PATH", self.path("bin"))
            .env("KUBECONFIG", self.path("home").join("config"));
        Ok(command)
    }

    /// What a command that ends by itself said, and its exit code.
    pub fn said(&self, arguments: &[&str]) -> Result<(Option<i32>, String)> {
        let output = self.proofroll(arguments)?.output()?;
        let both = [output.stdout, output.stderr].concat();
        Ok((output.status.code(), String::from_utf8_lossy(&both).into_owned()))
    }

    /// A run of this scenario that was started.
    pub fn user(&self, name: &str, scenario: &str, arguments: &[&str]) -> Result<User> {
        let command = self.proofroll(&[&["run", scenario, "--quiet"], arguments].concat())?;
        User::start(command, &self.path(&format!("{name}.log")), PATIENCE)
    }

    /// The directory of the only plane, once there is one.
    pub fn plane(&self) -> Result<PlaneDir> {
        shared::plane(self.place.path())
    }

    /// Its record, once it is ready.
    pub fn record(&self) -> Result<Record> {
        Record::read(&self.plane()?).context("the plane is not ready")
    }

    /// The containers that work on this arena: its path is where they work.
    pub fn containers(&self) -> Result<Vec<String>> {
        let mut ours = Vec::new();
        for name in docker::containers("label=dev.proofroll.root")? {
            // It may end while we look.
            let Ok(dir) = docker(&["inspect", "--format", "{{.Config.WorkingDir}}", &name]) else { continue };
            if Path::new(dir.trim()).starts_with(self.place.path()) {
                ours.push(name);
            }
        }
        Ok(ours)
    }

    /// Everything is as it was before: no container, no file of a plane, no temporary one, no kubeconfig; and of the
    /// parts nothing was fetched or built.
    pub fn nothing_is_left(&self) -> Result<()> {
        within(GONE_WITHIN, "nothing is left", || {
            let left = self.containers()?;
            ensure!(left.is_empty(), "{left:?}");
            shared::are_empty(self.place.path(), &["state", "tmp", "home"])
        })?;
        let parts = self.path("cache").join("parts");
        let had = if parts.exists() { names(&parts)? } else { Vec::new() };
        ensure!(had.iter().all(|name| name.starts_with("manifests-of-image-")), "{had:?}");
        Ok(())
    }
}

fn names(dir: &Path) -> Result<Vec<String>> {
    fs::read_dir(dir)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
}

pub fn kill(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("a process id")?;
    Ok(kill_process(pid, signal)?)
}

/// Waits for something that a run comes to.
pub fn eventually<T>(what: &str, check: impl FnMut() -> Result<T>) -> Result<T> {
    within(PATIENCE, what, check)
}
