//! A user of a plane in a process of its own, to be killed: this very executable once more.

use std::{
    env,
    io::{BufRead, BufReader, Read, stdin},
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
};

use anyhow::{Context, Result};
use proofroll::{
    cluster::{acquire_in, state::StateRoot},
    progress::Silent,
};

use super::setup::request;

const MARKER: &str = "--plane-user";

/// Acquires a plane, makes a namespace, prints its name, and uses it until its standard input ends.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != MARKER {
        return None;
    }
    let root = arguments.next()?;
    let run = || -> Result<()> {
        tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(async {
            let plane = acquire_in(&StateRoot::at(Path::new(&root)), &request()?, &Silent).await?;
            println!("{} {}", plane.record().id, plane.create_namespace("user").await?);
            stdin().read_to_end(&mut Vec::new())?;
            Ok(())
        })
    };
    match run() {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{error:?}");
            Some(ExitCode::FAILURE)
        }
    }
}

pub struct User {
    pub child: Child,
    pub plane: String,
    pub namespace: String,
}

impl User {
    /// Starts one and waits until it has its namespace.
    pub fn start(state: &Path) -> Result<Self> {
        Self::from(&mut command(state)?)
    }

    /// Starts one and does not wait for anything.
    pub fn spawn(state: &Path) -> Result<Child> {
        Ok(command(state)?.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
    }

    /// As [`User::start`], with a copy of its standard output open as descriptor 3, too.
    pub fn start_with_leak(state: &Path) -> Result<Self> {
        let mut command = Command::new("sh");
        command.args(["-c", "exec \"$0\" \"$@\" 3>&1"]).arg(env::current_exe()?).arg(MARKER).arg(state);
        Self::from(&mut command)
    }

    fn from(command: &mut Command) -> Result<Self> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let mut line = String::new();
        let mut stdout = BufReader::new(child.stdout.take().context("piped")?);
        stdout.read_line(&mut line)?;
        child.stdout = Some(stdout.into_inner());
        let (plane, namespace) = line.trim().split_once(' ').context("a user that came to life")?;
        Ok(Self { child, plane: plane.to_owned(), namespace: namespace.to_owned() })
    }
}

fn command(state: &Path) -> Result<Command> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(MARKER).arg(state);
    Ok(command)
}

impl Drop for User {
    fn drop(&mut self) {
        // It has ended: as well.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
