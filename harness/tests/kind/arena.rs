//! Where a test works: a state directory of its own (and so clusters with names of their own), a small
//! scenario, and eyes on what is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use proofroll::cluster::{kind::KindCluster, record::Record, state::PlaneDir};
use tempfile::TempDir;

use super::docker;
use crate::common::{patience::PATIENCE, paused, place::in_memory, shared, user::User, waiting::within};

/// How long what was stopped may take to be gone.
pub const GONE_WITHIN: Duration = Duration::from_secs(60);

pub struct Arena {
    place: TempDir,
    before: Vec<String>,
    images: Vec<String>,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let place = in_memory("proofroll-kind-")?;
        for dir in ["state", "tmp", "home"] {
            fs::create_dir(place.path().join(dir))?;
        }
        paused::write(place.path())?;
        Ok(Self { before: docker::everything()?, images: docker::images()?, place })
    }

    pub fn place(&self) -> &Path {
        self.place.path()
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `proofroll` with these arguments, on kind; all that it writes goes below the arena.
    pub fn proofroll(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = shared::proofroll(self.place(), arguments)?;
        // A kubeconfig of the user's must not be touched.
        command.env("PROOFROLL_CLUSTER", "kind").env("KUBECONFIG", self.path("home").join("config"));
        Ok(command)
    }

    /// A run of this scenario that was started.
    pub fn user(&self, name: &str, scenario: &str, arguments: &[&str]) -> Result<User> {
        let command = self.proofroll(&[&["run", scenario, "--quiet"], arguments].concat())?;
        User::start(command, &self.path(&format!("{name}.log")), PATIENCE)
    }

    /// The directory of the only plane, once there is one.
    pub fn plane(&self) -> Result<PlaneDir> {
        shared::plane(self.place())
    }

    /// Its record, once it is ready.
    pub fn record(&self) -> Result<Record> {
        Record::read(&self.plane()?).context("the plane is not ready")
    }

    /// The container that is its node.
    pub fn node(&self) -> Result<String> {
        Ok(KindCluster::of(&self.plane()?).node())
    }

    /// Everything is as it was before: containers, networks, volumes, images; no file of a plane, no
    /// temporary one, no kubeconfig.
    pub fn nothing_is_left(&self) -> Result<()> {
        within(GONE_WITHIN, "nothing is left", || {
            let now = docker::everything()?;
            ensure!(now == self.before, "docker had {:?} and has {now:?}", self.before);
            shared::are_empty(self.place(), &["state", "tmp", "home"])
        })?;
        ensure!(docker::images()? == self.images, "images: {:?}", docker::images()?);
        Ok(())
    }
}
