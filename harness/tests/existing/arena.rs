//! Where a test works: a state directory of its own, small scenarios, and eyes on what is left.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use proofroll::cluster::state::{PlaneDir, StateRoot};
use rustix::process::{Pid, Signal, kill_process};
use tempfile::TempDir;

/// For whatever a run comes to, on a busy machine.
const PATIENCE: Duration = Duration::from_secs(300);

/// How long what was stopped may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(60);

const LOOK: Duration = Duration::from_millis(50);

/// The small scenario.
pub const SMALL: &str = "./small.yaml";
/// The one that goes on until somebody ends it.
pub const LONG: &str = "./long.yaml";
/// The small one, which needs fake pods.
pub const FAKE: &str = "./fake.yaml";

/// A deploy, and an update that waits until somebody comes. The controller has nothing to do then.
const SCENARIO: &str = "\
title: A short life
must: MUST go through its steps
features: [canary.set-weight, canary.pause]
refs: [docs/features/canary.md]
steps:
  - name: deploy
    apply: small.rollout.yaml
    expect: {phase: Healthy, replicas: {available: 2}}
    within: 2m
  - name: update
    set-image: {container: app, image: 'argoproj/rollouts-demo:yellow'}
    expect: {phase: Paused, step: 1/2, replicas: {available: 2}}
    within: 2m
    hold: {reconciles: 1}
";

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
      terminationGracePeriodSeconds: 1
      containers: [{name: app, image: 'argoproj/rollouts-demo:blue'}]
";

pub struct Arena {
    place: TempDir,
}

impl Arena {
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("proofroll-existing-").to_owned();
        let place = if memory.is_dir() { builder().tempdir_in(memory)? } else { builder().tempdir()? };
        for dir in ["state", "tmp", "host"] {
            fs::create_dir(place.path().join(dir))?;
        }
        fs::write(place.path().join("small.yaml"), SCENARIO)?;
        fs::write(place.path().join("long.yaml"), SCENARIO.replace("{reconciles: 1}", "{for: 5m}"))?;
        fs::write(
            place.path().join("fake.yaml"),
            SCENARIO.replace("steps:\n  - name: d", "needs: [fake-pods]\nsteps:\n  - name: d"),
        )?;
        fs::write(place.path().join("small.rollout.yaml"), ROLLOUT)?;
        Ok(Self { place })
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.place.path().join(name)
    }

    /// `proofroll` with these arguments; all that it writes goes below the arena.
    pub fn proofroll(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<Command> {
        let mut command = Command::new(program()?);
        for (variable, _) in std::env::vars_os() {
            if variable.to_string_lossy().starts_with("PROOFROLL_") && variable != "PROOFROLL_CACHE_DIR" {
                command.env_remove(variable);
            }
        }
        command
            .args(arguments)
            .current_dir(self.place.path())
            .env("KUBECONFIG", kubeconfig)
            .env("PROOFROLL_STATE_DIR", self.path("state"))
            .env("PROOFROLL_OUT", self.path("out"))
            .env("TMPDIR", self.path("tmp"));
        Ok(command)
    }

    /// A run that was started.
    pub fn user(&self, kubeconfig: &Path, arguments: &[&str]) -> Result<User> {
        self.start(self.proofroll(kubeconfig, arguments)?)
    }

    /// Starts a program whose words are kept.
    pub fn start(&self, mut command: Command) -> Result<User> {
        let (out, log) = tempfile::Builder::new().prefix("said-").tempfile_in(self.place.path())?.keep()?;
        let child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?;
        Ok(User { child, log })
    }

    /// The directory of the only plane, once there is one.
    pub fn plane(&self) -> Result<PlaneDir> {
        let planes = StateRoot::at(&self.path("state")).planes()?;
        ensure!(planes.len() == 1, "{} planes", planes.len());
        planes.into_iter().next().context("a plane")
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

    /// No file of a plane, and no temporary one.
    pub fn nothing_is_left(&self) -> Result<()> {
        within(GONE_WITHIN, "nothing is left", || {
            for place in ["state", "tmp", "host"] {
                let left: Vec<_> =
                    fs::read_dir(self.path(place))?.map(|e| e.map(|e| e.path())).collect::<Result<_, _>>()?;
                ensure!(left.is_empty(), "{left:?}");
            }
            Ok(())
        })
    }
}

/// A run that was started. Dropping it kills it.
pub struct User {
    child: Child,
    log: PathBuf,
}

impl User {
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        let pid = Pid::from_raw(i32::try_from(self.child.id())?).context("a process id")?;
        Ok(kill_process(pid, signal)?)
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        eventually("its end", || self.child.try_wait()?.context("it runs")).with_context(|| self.said())
    }

    /// It ends with this exit code, having said all of this.
    pub fn ends_with(&mut self, code: i32, words: &[&str]) -> Result<()> {
        let status = self.wait()?;
        let said = self.said();
        ensure!(status.code() == Some(code), "{status}, not {code}: {said}");
        for words in words {
            ensure!(said.contains(words), "{words:?} is missing in: {said}");
        }
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
    let path = here.parent().and_then(Path::parent).context("target/debug/deps/existing-...")?.join("proofroll");
    ensure!(path.is_file(), "{} is not there: cargo builds it with the tests", path.display());
    Ok(path)
}
