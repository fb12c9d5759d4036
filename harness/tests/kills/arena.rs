//! Where a storm rages: a state directory of its own, a small scenario, and eyes on what is left.

use std::{
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, ensure};
use proofroll::cluster::{gc, state::StateRoot};
use tempfile::TempDir;

use super::{residue, user};
use crate::common::{place::in_memory, program::program, small};

/// How long planes linger.
pub const LINGER: Duration = Duration::from_secs(1);

/// Beside the linger, for the keeper's look (0.2 s), for ending six processes, and for a machine that
/// does other things, too.
pub const MARGIN: Duration = Duration::from_secs(5);

/// How often we look.
pub const LOOK: Duration = Duration::from_millis(10);

/// About four seconds of life: a deploy, and an update with two short pauses.
const STEPS: &str = "[{setWeight: 50}, {pause: {duration: 1}}, {setWeight: 100}, {pause: {duration: 1}}]";
const END: &str = "expect: {phase: Healthy, step: 4/4, replicas: {available: 2}}";

pub struct Arena {
    state: TempDir,
    place: TempDir,
    program: PathBuf,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let state = in_memory("proofroll-kills-")?;
        let place = tempfile::Builder::new().prefix("proofroll-kills-").tempdir()?;
        small::write(place.path(), "small", STEPS, END, "2m")?;
        Ok(Self { state, place, program: program()? })
    }

    /// Where planes keep their files.
    pub fn state(&self) -> &Path {
        self.state.path()
    }

    /// Everything else.
    pub fn place(&self) -> &Path {
        self.place.path()
    }

    pub fn program(&self) -> &Path {
        &self.program
    }

    pub fn root(&self) -> StateRoot {
        StateRoot::at(self.state())
    }

    pub fn log(&self, name: &str) -> PathBuf {
        self.place().join(format!("{name}.log"))
    }

    /// One undisturbed run. It passes, nothing is left when it has ended, and it tells how long it took.
    pub fn calm(&self) -> Result<Duration> {
        let begun = Instant::now();
        let mut user = user::start(self, "calm")?;
        user.ends_with(&[0], &[]).context("an undisturbed run")?;
        let life = begun.elapsed();
        self.nothing_left().context("after an undisturbed run")?;
        Ok(life)
    }

    /// Nothing is left, now.
    pub fn nothing_left(&self) -> Result<()> {
        let mut left: Vec<String> = residue::processes(self.state())?.iter().map(ToString::to_string).collect();
        left.extend(residue::files(self.state())?);
        ensure!(left.is_empty(), "this is left:\n  {}", left.join("\n  "));
        Ok(())
    }

    /// No process is left, now.
    pub fn no_process_left(&self) -> Result<()> {
        let left: Vec<String> = residue::processes(self.state())?.iter().map(ToString::to_string).collect();
        ensure!(left.is_empty(), "this is left:\n  {}", left.join("\n  "));
        Ok(())
    }

    /// Whether a keeper holds a plane here; to be asked when all users have ended.
    pub fn keeper_lives(&self) -> Result<bool> {
        Ok(gc::find(&self.root())?.iter().any(|plane| plane.alive))
    }
}
