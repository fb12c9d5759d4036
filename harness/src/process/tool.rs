//! Another program as a tool: run to its end, its output read, and ended with everything that it
//! started when nobody waits for it any more.

use std::{
    collections::VecDeque,
    ffi::OsStr,
    io,
    path::{Path, PathBuf},
    process::{ExitStatus, Stdio},
};

use rustix::process::{Pid, Signal, kill_process_group};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncReadExt, BufReader},
    process::{Child, Command},
};

use super::lifeline;

/// How many of its last lines go into an error.
const LAST_LINES: usize = 12;

/// A call of another program.
#[derive(Debug)]
pub struct Tool {
    program: PathBuf,
    command: Command,
    said: String,
}

/// All that a call said.
#[derive(Debug, Clone)]
pub struct Said {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub out: String,
    /// Its standard error, without the newline at its end.
    pub err: String,
}

/// Why a call did not do what it was made for.
#[derive(Debug, thiserror::Error)]
pub enum ToolError {
    /// It could not be started.
    #[error("cannot run {program}: {source}")]
    Start {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Its output could not be read.
    #[error("cannot read what `{call}` says: {source}")]
    Read {
        /// The call.
        call: String,
        /// Why.
        source: io::Error,
    },
    /// It failed.
    #[error("`{call}` failed ({status}): {}", last_lines.trim())]
    Failed {
        /// The call.
        call: String,
        /// How it ended.
        status: ExitStatus,
        /// The last that it said on standard error.
        last_lines: String,
    },
}

impl ToolError {
    /// Whether the program is not there at all.
    pub fn is_missing(&self) -> bool {
        matches!(self, Self::Start { source, .. } if source.kind() == io::ErrorKind::NotFound)
    }

    /// What it said last, as far as it came to say anything.
    pub fn last_words(&self) -> &str {
        match self {
            Self::Failed { last_lines, .. } => last_lines,
            _ => "",
        }
    }
}

impl Tool {
    /// A call of this program; a plain name is looked for in PATH.
    pub fn new(program: impl AsRef<Path>) -> Self {
        let program = program.as_ref().to_owned();
        let said = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        Self { command: Command::new(&program), program, said }
    }

    /// The name by which it is called, whatever its file is called: programs tell it to others.
    #[must_use]
    pub fn called(mut self, name: &str) -> Self {
        name.clone_into(&mut self.said);
        self.command.arg0(name);
        self
    }

    /// Adds an argument.
    #[must_use]
    pub fn arg(mut self, argument: impl AsRef<OsStr>) -> Self {
        self.said.push(' ');
        self.said.push_str(&argument.as_ref().to_string_lossy());
        self.command.arg(argument);
        self
    }

    /// Adds arguments.
    #[must_use]
    pub fn args<A: AsRef<OsStr>>(self, arguments: impl IntoIterator<Item = A>) -> Self {
        arguments.into_iter().fold(self, Self::arg)
    }

    /// Sets a variable of its environment.
    #[must_use]
    pub fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    /// Runs it and answers its standard output.
    ///
    /// # Errors
    /// See [`ToolError`].
    pub async fn output(self) -> Result<String, ToolError> {
        self.told(|_| {}).await
    }

    /// As [`Self::output`]; each line of standard error is told as it comes.
    ///
    /// The child dies with the thread that spawns it, so this belongs on a thread that lasts.
    ///
    /// # Errors
    /// See [`ToolError`].
    pub async fn told(self, mut line: impl FnMut(&str)) -> Result<String, ToolError> {
        let call = self.said.clone();
        let mut last = VecDeque::new();
        let (status, output) = self
            .run(|text| {
                line(text);
                last.push_back(text.to_owned());
                if last.len() > LAST_LINES {
                    last.pop_front();
                }
            })
            .await?;
        if status.success() {
            return Ok(output);
        }
        Err(ToolError::Failed { call, status, last_lines: Vec::from(last).join("\n") })
    }

    /// Runs it and answers all that it said, however it ended.
    ///
    /// # Errors
    /// When it could not be started or heard.
    pub async fn said(self) -> Result<Said, ToolError> {
        let mut lines = Vec::new();
        let (status, out) = self.run(|line| lines.push(line.to_owned())).await?;
        Ok(Said { status, out, err: lines.join("\n") })
    }

    /// The child dies with the thread that spawns it, so this belongs on a thread that lasts.
    async fn run(mut self, mut line: impl FnMut(&str)) -> Result<(ExitStatus, String), ToolError> {
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        lifeline::die_with_parent(self.command.as_std_mut());
        let spawned = self.command.spawn();
        let Self { program, said: call, .. } = self;
        let child = spawned.map_err(|source| ToolError::Start { program, source })?;
        let mut group = Group::of(child);
        let read = |source| ToolError::Read { call: call.clone(), source };
        let (out, err) = (group.child.stdout.take(), group.child.stderr.take());
        let (output, told) = tokio::join!(all_of(out), async {
            let Some(err) = err else { return Ok(()) };
            let mut lines = BufReader::new(err).split(b'\n');
            while let Some(bytes) = lines.next_segment().await? {
                line(String::from_utf8_lossy(&bytes).trim_end());
            }
            Ok(())
        });
        told.map_err(read)?;
        let output = output.map_err(read)?;
        Ok((group.ended().await.map_err(read)?, output))
    }
}

async fn all_of(source: Option<impl AsyncRead + Unpin>) -> io::Result<String> {
    let mut bytes = Vec::new();
    if let Some(mut source) = source {
        source.read_to_end(&mut bytes).await?;
    }
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// A child and all that it starts: killed together unless it has ended by itself.
struct Group {
    child: Child,
    /// The group's number is the child's; none once its status was fetched, for then it is free.
    leader: Option<Pid>,
}

impl Group {
    fn of(child: Child) -> Self {
        let leader = child.id().and_then(|id| Pid::from_raw(id.cast_signed()));
        Self { child, leader }
    }

    async fn ended(&mut self) -> io::Result<ExitStatus> {
        let status = self.child.wait().await;
        self.leader = None;
        status
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        if let Some(leader) = self.leader {
            // Gone already: as well.
            let _ = kill_process_group(leader, Signal::KILL);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[tokio::test]
    async fn it_answers_what_the_program_prints_and_tells_its_progress() {
        let mut told = Vec::new();
        let call = Tool::new("sh").args(["-c", "echo one >&2; echo two; echo three >&2"]);
        let output = call.told(|line| told.push(line.to_owned())).await.unwrap();
        assert_eq!((output.as_str(), told.join(",").as_str()), ("two\n", "one,three"));
    }

    #[tokio::test]
    async fn a_failure_says_what_was_called_and_its_last_words() {
        let error = Tool::new("sh").args(["-c", "echo why >&2; exit 3"]).output().await.unwrap_err();
        assert_eq!(error.to_string(), "`sh -c echo why >&2; exit 3` failed (exit status: 3): why");
        assert_eq!(error.last_words(), "why");
        let error = Tool::new("no-such-program").output().await.unwrap_err();
        assert!(error.is_missing(), "{error}");
    }

    #[tokio::test]
    async fn all_that_it_said_is_there_however_it_ended() {
        let said = Tool::new("sh").called("my-name").args(["-c", "echo out; echo $0 >&2; echo err >&2; exit 3"]).said();
        let said = said.await.unwrap();
        assert_eq!((said.status.code(), said.out.as_str(), said.err.as_str()), (Some(3), "out\n", "my-name\nerr"));
    }

    #[tokio::test]
    async fn what_nobody_waits_for_is_ended_with_all_that_it_started() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("grandchild");
        let script = format!("sleep 600 & echo $! > {}; wait", file.display());
        let call = Tool::new("sh").arg("-c").arg(script).output();
        assert!(tokio::time::timeout(Duration::from_millis(300), call).await.is_err());
        let pid: i32 = std::fs::read_to_string(&file).unwrap().trim().parse().unwrap();
        lifeline::ended(Pid::from_raw(pid).unwrap()).await.unwrap();
    }
}
