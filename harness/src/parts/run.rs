//! Runs a child to its end, line by line, and never leaves it behind.

use std::{
    fs,
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::process::{interrupt, lifeline::die_with_parent};

/// How long no line may come until that is told.
const TICK: Duration = Duration::from_millis(500);

/// How often it is looked whether the work was interrupted.
const LOOK: Duration = Duration::from_millis(50);

/// How long killed processes may take to be gone.
const DYING: Duration = Duration::from_secs(2);

/// What is heard of a running child.
#[derive(Debug, Clone, Copy)]
pub enum Seen<'a> {
    /// A line of its error output.
    Line(&'a str),
    /// Half a second without one.
    Tick,
}

/// How it ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub status: ExitStatus,
    pub stdout: Vec<u8>,
}

/// A child with its process group; both are killed when this goes away early.
struct Group(Option<Child>);

impl Drop for Group {
    fn drop(&mut self) {
        let Some(mut child) = self.0.take() else { return };
        let group = Pid::from_child(&child);
        // It may have ended by itself; then there is nobody to kill.
        let _ = kill_process_group(group, Signal::KILL);
        let _ = child.wait();
        // Its own children (compilers) die at the same time, but are nobody's to wait for. Until they are
        // gone they might still write where the caller now cleans up.
        let killed = Instant::now();
        while anybody_lives_in(group) && killed.elapsed() < DYING {
            thread::sleep(Duration::from_millis(5));
        }
    }
}

/// Whether a process of this group has not ended. (A signal to the group would also reach the dead who are
/// not buried yet, and the first process of a container may take its time with that.)
fn anybody_lives_in(group: Pid) -> bool {
    let Ok(processes) = fs::read_dir("/proc") else { return false };
    processes.flatten().any(|process| {
        // `7 (name) STATE PARENT GROUP ...`
        let stat = fs::read_to_string(process.path().join("stat")).unwrap_or_default();
        let mut fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        !matches!(fields.next(), None | Some("Z" | "X"))
            && fields.nth(1).and_then(|id| id.parse().ok()).and_then(Pid::from_raw) == Some(group)
    })
}

/// Runs `command` and tells each line of its error output, or that time passes.
///
/// # Errors
/// When it cannot be started or its output cannot be read; when this process is interrupted
/// ([`interrupt`]): then the child and all of its process group are gone.
pub(crate) fn lines(command: &mut Command, mut seen: impl FnMut(Seen<'_>)) -> io::Result<Ended> {
    die_with_parent(command).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut group = Group(Some(command.spawn()?));
    let child = group.0.as_mut().expect("it was just put there");
    let mut stdout = child.stdout.take().expect("stdout is piped");
    let stderr = child.stderr.take().expect("stderr is piped");

    let out = thread::spawn(move || {
        let mut bytes = Vec::new();
        stdout.read_to_end(&mut bytes).map(|_| bytes)
    });
    let (tell, heard) = mpsc::channel();
    thread::spawn(move || {
        let mut stderr = BufReader::new(stderr);
        let mut line = Vec::new();
        // A line may hold any bytes (a compiler quoting source): they are shown as well as they can be.
        while stderr.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
            if tell.send(String::from_utf8_lossy(&line).trim_end().to_owned()).is_err() {
                break;
            }
            line.clear();
        }
    });
    let mut told = Instant::now();
    loop {
        interrupt::check()?;
        match heard.recv_timeout(LOOK) {
            Ok(line) => seen(Seen::Line(&line)),
            Err(RecvTimeoutError::Timeout) if told.elapsed() < TICK => continue,
            Err(RecvTimeoutError::Timeout) => seen(Seen::Tick),
            Err(RecvTimeoutError::Disconnected) => break,
        }
        told = Instant::now();
    }
    let stdout = out.join().map_err(|_| io::Error::other("the thread that reads stdout panicked"))??;
    let status = child.wait()?;
    group.0 = None;
    Ok(Ended { status, stdout })
}
