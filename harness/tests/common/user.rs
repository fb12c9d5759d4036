//! A run of the program that is tested, as a child process.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Child, Command, ExitStatus, Stdio},
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use rustix::process::{Pid, Signal, kill_process};

use super::waiting::within;

/// A run that was started. Dropping it kills it.
pub struct User {
    child: Child,
    log: PathBuf,
    patience: Duration,
}

impl User {
    /// Starts it; all it says goes to this file. Its end is waited for no longer than `patience`.
    pub fn start(mut command: Command, log: &Path, patience: Duration) -> Result<Self> {
        let out = File::create(log)?;
        let child = command.stdin(Stdio::null()).stdout(out.try_clone()?).stderr(out).spawn()?;
        Ok(Self { child, log: log.to_owned(), patience })
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends a signal; nothing happens if it has ended.
    pub fn signal(&mut self, signal: Signal) -> Result<()> {
        if self.ended()?.is_none() {
            let pid = Pid::from_raw(i32::try_from(self.pid())?).context("a process id")?;
            kill_process(pid, signal)?;
        }
        Ok(())
    }

    /// How it ended, if it did.
    pub fn ended(&mut self) -> Result<Option<ExitStatus>> {
        Ok(self.child.try_wait()?)
    }

    /// Waits for its end.
    pub fn wait(&mut self) -> Result<ExitStatus> {
        within(self.patience, "its end", || self.ended()?.context("it runs")).with_context(|| self.said())
    }

    /// It ends with one of these exit codes, having said all of this.
    pub fn ends_with(&mut self, codes: &[i32], words: &[&str]) -> Result<i32> {
        let status = self.wait()?;
        let said = self.said();
        let code = status.code().filter(|code| codes.contains(code));
        let code = code.with_context(|| format!("{status}, not {codes:?}; it said:\n{said}"))?;
        for words in words {
            ensure!(said.contains(words), "{words:?} is missing in what it said:\n{said}");
        }
        Ok(code)
    }

    pub fn said(&self) -> String {
        fs::read_to_string(&self.log).unwrap_or_default()
    }
}

impl Drop for User {
    fn drop(&mut self) {
        // It has ended: as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
