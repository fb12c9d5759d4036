//! A test runner that can be killed: this very executable once more. As `cargo nextest` does, it starts
//! several processes side by side and waits for them. It shares nothing with them but being their parent:
//! none of them gets a signal when it is killed with SIGKILL, they become orphans, go on to their end, and
//! the plane goes when the last of them has gone.

use std::{
    env,
    path::Path,
    process::{Child, Command, ExitCode, Stdio},
};

use anyhow::{Context, Result};

use super::{arena::Arena, user};
use crate::common::{patience::PATIENCE, user::User};

const MARKER: &str = "--kills-runner";

/// How many processes the runner starts.
pub const USERS: usize = 3;

/// Becomes the runner if this process was started as one.
pub fn run_if_asked() -> Option<ExitCode> {
    let mut arguments = env::args_os().skip(1);
    if arguments.next()? != MARKER {
        return None;
    }
    let mut argument = || arguments.next().context("the runner needs a program, a state directory, and a place");
    let mut run = || -> Result<()> {
        let (program, state, place) = (argument()?, argument()?, argument()?);
        let (program, state, place) = (Path::new(&program), Path::new(&state), Path::new(&place));
        let start = |number| -> Result<User> {
            let name = name(number);
            User::start(user::command(program, state, place, &name), &place.join(format!("{name}.log")), PATIENCE)
        };
        let mut children = (0..USERS).map(start).collect::<Result<Vec<_>>>()?;
        children.iter_mut().try_for_each(|child| child.wait().map(drop))?;
        Ok(())
    };
    match run() {
        Ok(()) => Some(ExitCode::SUCCESS),
        Err(error) => {
            eprintln!("{error:?}");
            Some(ExitCode::FAILURE)
        }
    }
}

/// The name of one of its users.
pub fn name(number: usize) -> String {
    format!("of-runner-{number}")
}

/// Starts a runner.
pub fn start(arena: &Arena) -> Result<Child> {
    let mut command = Command::new(env::current_exe()?);
    command.arg(MARKER).arg(arena.program()).arg(arena.state()).arg(arena.place());
    Ok(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?)
}
