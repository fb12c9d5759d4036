//! Where a storm rages: a state directory of its own, a small scenario, and eyes on what is left.

use std::{
    env, fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use proofroll::cluster::{gc, state::StateRoot};
use tempfile::TempDir;

use super::{residue, user::User};

/// How long planes linger.
pub const LINGER: Duration = Duration::from_secs(1);

/// Beside the linger, for the keeper's look (0.2 s), for ending six processes, and for a machine that
/// does other things, too.
pub const MARGIN: Duration = Duration::from_secs(5);

/// For whatever has to end by itself.
pub const PATIENCE: Duration = Duration::from_secs(90);

/// How often we look.
pub const LOOK: Duration = Duration::from_millis(10);

/// About four seconds of life: a deploy, and an update with two short pauses.
const SCENARIO: &str = "\
title: A short life
must: MUST go through its steps
features: [canary.set-weight, canary.pause]
refs: [docs/features/canary.md]
steps:
  - name: deploy
    apply: small.rollout.yaml
    expect: {phase: Healthy, replicas: {available: 2}}
  - name: update
    set-image: {container: app, image: demo:2}
    expect: {phase: Healthy, step: 4/4, replicas: {available: 2}}
";

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: small}
spec:
  replicas: 2
  strategy:
    canary: {steps: [{setWeight: 50}, {pause: {duration: 1}}, {setWeight: 100}, {pause: {duration: 1}}]}
  selector: {matchLabels: {app: small}}
  template:
    metadata: {labels: {app: small}}
    spec: {containers: [{name: app, image: 'demo:1'}]}
";

pub struct Arena {
    state: TempDir,
    place: TempDir,
    program: PathBuf,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("proofroll-kills-").to_owned();
        let state = if memory.is_dir() { builder().tempdir_in(memory)? } else { builder().tempdir()? };
        let place = builder().tempdir()?;
        fs::write(place.path().join("small.yaml"), SCENARIO)?;
        fs::write(place.path().join("small.rollout.yaml"), ROLLOUT)?;
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
        let mut user = User::start(self, "calm")?;
        user.ends_with(&[0]).context("an undisturbed run")?;
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

/// Polls until the check succeeds; its last error is the answer if it never does.
pub fn within<T>(limit: Duration, check: impl Fn() -> Result<T>) -> Result<T> {
    let begun = Instant::now();
    loop {
        match check() {
            Ok(value) => return Ok(value),
            Err(error) if begun.elapsed() > limit => bail!("not within {limit:?}: {error:?}"),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// The program that is tested: where nextest says, else beside the directory of this executable, where
/// Cargo puts it. (Not `env!`: an archive of tests is run elsewhere.)
pub fn program() -> Result<PathBuf> {
    if let Some(path) = env::var_os("NEXTEST_BIN_EXE_proofroll") {
        return Ok(path.into());
    }
    let here = env::current_exe()?;
    let path = here.parent().and_then(Path::parent).context("target/debug/deps/kills-...")?.join("proofroll");
    ensure!(path.is_file(), "{} is not there: cargo builds it with the tests", path.display());
    Ok(path)
}
