//! Where a test works: a state directory of its own, small scenarios, and eyes on what is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, bail};
use proofroll::cluster::state::PlaneDir;
use rustix::process::Pid;
use tempfile::TempDir;

use crate::common::{patience::PATIENCE, paused, place::in_memory, shared, user::User, waiting::within};

/// How long what a killed run made may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(60);

/// The small scenario, which needs fake pods.
pub const FAKE: &str = "./fake.yaml";

pub struct Arena {
    place: TempDir,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let place = in_memory("proofroll-existing-")?;
        for dir in ["state", "tmp", "host"] {
            fs::create_dir(place.path().join(dir))?;
        }
        paused::write(place.path())?;
        let small = fs::read_to_string(place.path().join(paused::SMALL))?;
        fs::write(place.path().join(FAKE), small.replacen("steps:", "needs: [fake-pods]\nsteps:", 1))?;
        Ok(Self { place })
    }

    pub fn place(&self) -> &Path {
        self.place.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `proofroll` with these arguments; all that it writes goes below the arena.
    pub fn proofroll(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = shared::proofroll(self.place(), arguments)?;
        command.env("KUBECONFIG", kubeconfig);
        Ok(command)
    }

    /// A run that was started.
    pub fn user(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<User> {
        self.start(self.proofroll(kubeconfig, arguments)?)
    }

    /// Starts a program whose words are kept.
    pub fn start(&self, command: Command) -> Result<User> {
        let (_, log) = tempfile::Builder::new().prefix("said-").tempfile_in(self.place.path())?.keep()?;
        User::start(command, &log, PATIENCE)
    }

    /// The directory of the only plane, once there is one.
    pub fn plane(&self) -> Result<PlaneDir> {
        shared::plane(self.place())
    }

    /// The process of the only plane with this marker on its command line.
    pub fn process(&self, marker: &str) -> Result<Pid> {
        let dir = self.plane()?.path().display().to_string();
        for entry in fs::read_dir("/proc")? {
            let path = entry?.path();
            let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
            // It may end while we look.
            let words = fs::read(path.join("cmdline")).unwrap_or_default();
            let words = String::from_utf8_lossy(&words).replace('\0', " ");
            if words.contains(marker) && words.contains(&dir) {
                return Pid::from_raw(pid).context("a process id");
            }
        }
        bail!("no process {marker}")
    }

    /// No file of a plane, now.
    pub fn no_plane_is_left(&self) -> Result<()> {
        shared::are_empty(self.place(), &["state"])
    }

    /// Waits until no file of a plane is left: nobody has waited for that who could tell.
    pub fn plane_goes(&self) -> Result<()> {
        within(GONE_WITHIN, "the plane's end", || self.no_plane_is_left())
    }

    /// No file of a plane, and no temporary one.
    pub fn nothing_is_left(&self) -> Result<()> {
        within(GONE_WITHIN, "nothing is left", || shared::are_empty(self.place(), &["state", "tmp", "host"]))
    }
}
