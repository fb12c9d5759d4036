//! What each test begins with: a state root of its own, and a request.

use std::{
    fs,
    path::{Path, PathBuf},
    time::{Duration, Instant},
};

use anyhow::{Context, Result, bail, ensure};
use proofroll::{
    cluster::{
        EmbeddedSource, Plane, PlaneRequest, acquire_in,
        state::{PlaneDir, StateRoot},
    },
    progress::Silent,
    run::{provision, wish::Wish},
};
use tempfile::TempDir;

/// Long enough for a machine that does many other things.
pub const PATIENCE: Duration = Duration::from_secs(60);

pub struct Setup {
    pub state: TempDir,
    pub root: StateRoot,
    pub request: PlaneRequest,
}

impl Setup {
    pub fn new() -> Result<Self> {
        let memory = Path::new("/dev/shm");
        let builder = || tempfile::Builder::new().prefix("proofroll-test-").to_owned();
        let state = if memory.is_dir() { builder().tempdir_in(memory)? } else { builder().tempdir()? };
        Ok(Self { root: StateRoot::at(state.path()), request: request()?, state })
    }

    pub async fn acquire(&self) -> Result<Plane> {
        Ok(acquire_in(&self.root, &self.request, &Silent).await?)
    }

    /// What the plane is made of.
    pub fn embedded(&mut self) -> Result<&mut EmbeddedSource> {
        self.request.source.embedded_mut().context("these tests are of embedded planes")
    }

    /// Nothing is left of this plane: no process, no directory, and not even the root's own.
    pub async fn nothing_is_left(&self) -> Result<()> {
        eventually("nothing is left", || {
            let processes = processes_of(self.state.path())?;
            ensure!(processes.is_empty(), "processes: {processes:?}");
            let files: Vec<_> = fs::read_dir(self.state.path())?.collect();
            ensure!(files.is_empty(), "files: {files:?}");
            Ok(())
        })
        .await
    }
}

/// With the parts and the CRDs that every run uses; what is missing is built first. Each plane is installed.
pub fn request() -> Result<PlaneRequest> {
    let provisions = provision::provide(&Wish::default(), &Silent)?;
    let mut request = provision::request(&provisions, "a test of the plane");
    request.source.embedded_mut().context("these tests are of embedded planes")?.prepared = None;
    Ok(request)
}

/// The processes that work in, or for, a directory: its keeper and the keeper's children.
pub fn processes_of(dir: &Path) -> Result<Vec<String>> {
    let all = processes()?.into_iter();
    let theirs = all.filter(|process| process.cwd.starts_with(dir) || process.keeps(dir));
    Ok(theirs.map(|process| process.command).collect())
}

/// The process ids of the keepers of planes in this directory.
pub fn keepers(dir: &Path) -> Result<Vec<u32>> {
    Ok(processes()?.into_iter().filter(|process| process.keeps(dir)).map(|process| process.pid).collect())
}

struct Process {
    pid: u32,
    command: String,
    cwd: PathBuf,
}

impl Process {
    fn keeps(&self, dir: &Path) -> bool {
        self.command.contains("--proofroll-keeper") && self.command.contains(&*dir.to_string_lossy())
    }
}

fn processes() -> Result<Vec<Process>> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        let Some(pid) = path.file_name().and_then(|name| name.to_str()?.parse().ok()) else { continue };
        // It may end while we look.
        let Ok(command) = fs::read(path.join("cmdline")) else { continue };
        let command = String::from_utf8_lossy(&command).replace('\0', " ");
        found.push(Process { pid, command, cwd: fs::read_link(path.join("cwd")).unwrap_or_default() });
    }
    Ok(found)
}

/// The files of a plane that runs.
pub fn only_plane(root: &StateRoot) -> Result<PlaneDir> {
    let mut planes = root.planes()?;
    ensure!(planes.len() == 1, "{planes:?}");
    planes.pop().context("one plane")
}

/// Polls until the check succeeds; shows its last error if it never does.
pub async fn eventually(what: &str, check: impl Fn() -> Result<()>) -> Result<()> {
    let begun = Instant::now();
    loop {
        let Err(error) = check() else { return Ok(()) };
        if begun.elapsed() > PATIENCE {
            bail!("not within {PATIENCE:?}: {what}: {error:?}");
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// As [`eventually`], for something that has to be asked.
pub async fn eventually_async<T, F: Future<Output = Result<T>>>(what: &str, check: impl Fn() -> F) -> Result<T> {
    let begun = Instant::now();
    loop {
        match check().await {
            Ok(value) => return Ok(value),
            Err(error) if begun.elapsed() > PATIENCE => bail!("not within {PATIENCE:?}: {what}: {error:?}"),
            Err(_) => tokio::time::sleep(Duration::from_millis(20)).await,
        }
    }
}
