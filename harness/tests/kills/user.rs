//! A run of the real program as a child process.

use std::{
    fs::{self, File},
    os::unix::process::ExitStatusExt,
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Instant,
};

use anyhow::{Context, Result, bail, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::arena::{Arena, LINGER, LOOK, PATIENCE};

/// A run that was started. Dropping it kills it.
pub struct User {
    pub name: String,
    child: Child,
    log: PathBuf,
}

impl User {
    pub fn start(arena: &Arena, name: &str) -> Result<Self> {
        let log = arena.log(name);
        let child = command(arena.program(), arena.state(), arena.place(), name, &log)?.spawn()?;
        Ok(Self { name: name.to_owned(), child, log })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; nothing happens if it has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.child.try_wait()?.is_none() {
            let pid = Pid::from_raw(i32::try_from(self.pid())?).context("a process id")?;
            kill_process(pid, signal)?;
        }
        Ok(())
    }

    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        let begun = Instant::now();
        loop {
            if let Some(status) = self.ended()? {
                return Ok(status);
            }
            if begun.elapsed() > PATIENCE {
                bail!("{} has not ended within {PATIENCE:?}; it said:{}", self.name, self.said());
            }
            std::thread::sleep(LOOK);
        }
    }

    /// It must end with one of these codes.
    pub fn ends_with(&mut self, codes: &[i32]) -> Result<i32> {
        let status = self.wait()?;
        let code = status.code();
        ensure!(
            code.is_some_and(|code| codes.contains(&code)),
            "{} ended with {status} (signal {:?}) instead of {codes:?}; it said:{}",
            self.name,
            status.signal(),
            self.said()
        );
        code.context("just seen")
    }

    /// All it wrote, indented.
    pub fn said(&self) -> String {
        let said = fs::read_to_string(&self.log).unwrap_or_default();
        said.lines().map(|line| format!("\n    | {line}")).collect()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // It has ended: as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The command line of a user. `place` holds the scenario, and takes reports and evidence.
pub fn command(program: &Path, state: &Path, place: &Path, name: &str, log: &Path) -> Result<Command> {
    let log = File::create(log)?;
    let mut command = Command::new(program);
    command
        .args(["run", "--quiet", "--report"])
        .arg(report(place, name))
        .arg("--out")
        .arg(place.join("out"))
        .arg(place.join("small.yaml"))
        .env("PROOFROLL_STATE_DIR", state)
        .env("PROOFROLL_LINGER", format!("{}ms", LINGER.as_millis()))
        .stdin(Stdio::null())
        .stdout(log.try_clone()?)
        .stderr(log);
    Ok(command)
}

/// Where a user's report goes; written only when its run came to its end.
pub fn report(place: &Path, name: &str) -> PathBuf {
    place.join(format!("{name}.report.json"))
}
