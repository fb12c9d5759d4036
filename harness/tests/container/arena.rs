//! Where a test works: a state directory and a cache of its own, a small scenario, and eyes on what is left.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use proofroll::cluster::{
    record::Record,
    state::{PlaneDir, StateRoot},
};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

use super::docker;

/// For a plane on a busy machine.
const PATIENCE: Duration = Duration::from_secs(240);

/// How long what was stopped may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(60);

const LOOK: Duration = Duration::from_millis(50);

/// The small scenario.
pub const SMALL: &str = "./small.yaml";
/// The one that goes on until somebody ends it.
pub const LONG: &str = "./long.yaml";

/// A deploy, and an update that waits until somebody comes.
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
    set-image: {container: app, image: 'argoproj/rollouts-demo:yellow'}
    expect: {phase: Paused, step: 1/2, replicas: {available: 2}}
";

/// What makes it long.
const HOLD: &str = "    hold: {for: 5m}\n";

const ROLLOUT: &str = "\
apiVersion: argoproj.io/v1alpha1
kind: Rollout
metadata: {name: small}
spec:
  replicas: 2
  strategy:
    canary: {steps: [{setWeight: 50}, {pause: {}}]}
  selector: {matchLabels: {app: small}}
  template:
    metadata: {labels: {app: small}}
    spec:
      containers: [{name: app, image: 'argoproj/rollouts-demo:blue'}]
";

pub struct Arena {
    place: TempDir,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("proofroll-container-").to_owned();
        let place = if memory.is_dir() { builder().tempdir_in(memory)? } else { builder().tempdir()? };
        for dir in ["state", "tmp", "home", "cache", "bin"] {
            fs::create_dir(place.path().join(dir))?;
        }
        fs::write(place.path().join("small.yaml"), SCENARIO)?;
        fs::write(place.path().join("long.yaml"), SCENARIO.to_owned() + HOLD)?;
        fs::write(place.path().join("small.rollout.yaml"), ROLLOUT)?;
        Ok(Self { place })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `proofroll` with these arguments, in containers, on a machine without parts and without programs; all that it
    /// writes goes below the arena.
    pub fn proofroll(&self, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program()?);
        for variable in ["CONTROLLER", "AS_VERSION", "FIXTURES", "LINGER", "LOG", "CONTROL_PLANE_IMAGE", "PARTS_DIR"] {
            command.env_remove(format!("PROOFROLL_{variable}"));
        }
        command
            .args(arguments)
            .current_dir(self.place.path())
            .env("PROOFROLL_CLUSTER", "container")
            .env("PROOFROLL_STATE_DIR", self.path("state"))
            .env("PROOFROLL_CACHE_DIR", self.path("cache"))
            .env("PROOFROLL_OUT", self.path("out"))
            .env("TMPDIR", self.path("tmp"))
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
        let log = self.path(&format!("{name}.log"));
        let out = File::create(&log)?;
        let mut command = self.proofroll(&[&["run", scenario, "--quiet"], arguments].concat())?;
        let child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?;
        Ok(User { child, log })
    }

    /// The directory of the only plane, once there is one.
    pub fn plane(&self) -> Result<PlaneDir> {
        let planes = StateRoot::at(&self.path("state")).planes()?;
        ensure!(planes.len() == 1, "{} planes", planes.len());
        planes.into_iter().next().context("a plane")
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
            let Ok(dir) = docker::docker(&["inspect", "--format", "{{.Config.WorkingDir}}", &name]) else { continue };
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
            for place in ["state", "tmp", "home"] {
                let left = names(&self.path(place))?;
                ensure!(left.is_empty(), "{place}: {left:?}");
            }
            Ok(())
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

/// A run that was started. Dropping it kills it.
pub struct User {
    child: Child,
    log: PathBuf,
}

impl User {
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        kill(self.child.id(), signal)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        within(PATIENCE, "its end", || self.child.try_wait()?.context("it runs")).with_context(|| self.said())
    }

    /// It ends with this exit code, having said this.
    pub fn ends_with(&mut self, code: i32, words: &str) -> Result<()> {
        let status = self.wait()?;
        ensure!(status.code() == Some(code) && self.said().contains(words), "{status}: {}", self.said());
        Ok(())
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        if self.child.try_wait().is_ok_and(|status| status.is_none()) {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
    }
}

pub fn kill(pid: u32, signal: Signal) -> Result<()> {
    let pid = Pid::from_raw(i32::try_from(pid)?).context("a process id")?;
    Ok(kill_process(pid, signal)?)
}

/// Polls until the check succeeds; its last error is the answer if it never does.
pub fn within<T>(limit: Duration, what: &str, check: impl FnMut() -> Result<T>) -> Result<T> {
    let mut check = check;
    let begun = Instant::now();
    loop {
        match check() {
            Ok(value) => return Ok(value),
            Err(error) if begun.elapsed() > limit => bail!("not within {limit:?}: {what}: {error:?}"),
            Err(_) => std::thread::sleep(LOOK),
        }
    }
}

/// Waits for something that a run comes to.
pub fn eventually<T>(what: &str, check: impl FnMut() -> Result<T>) -> Result<T> {
    within(PATIENCE, what, check)
}

/// The program that is tested: where nextest says, else beside this executable, where Cargo puts it.
fn program() -> Result<PathBuf> {
    if let Some(path) = std::env::var_os("NEXTEST_BIN_EXE_proofroll") {
        return Ok(path.into());
    }
    let here = std::env::current_exe()?;
    let path = here.parent().and_then(Path::parent).context("target/debug/deps/container-...")?.join("proofroll");
    ensure!(path.is_file(), "{} is not there: cargo builds it with the tests", path.display());
    Ok(path)
}
