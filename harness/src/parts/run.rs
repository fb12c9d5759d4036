//! Runs a child to its end, line by line, and never leaves it behind.

use std::{
    io::{self, BufRead, BufReader, Read},
    process::{Child, Command, ExitStatus, Stdio},
    sync::mpsc::{self, RecvTimeoutError},
    thread,
    time::Duration,
};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::process::lifeline::die_with_parent;

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
        if let Some(mut child) = self.0.take() {
            if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
                // It may have ended by itself; then there is nobody to kill.
                let _ = kill_process_group(group, Signal::KILL);
            }
            let _ = child.wait();
        }
    }
}

/// Runs `command` and tells each line of its error output, or that time passes.
///
/// # Errors
/// When it cannot be started or its output cannot be read.
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
    loop {
        match heard.recv_timeout(Duration::from_millis(500)) {
            Ok(line) => seen(Seen::Line(&line)),
            Err(RecvTimeoutError::Timeout) => seen(Seen::Tick),
            Err(RecvTimeoutError::Disconnected) => break,
        }
    }
    let stdout = out.join().map_err(|_| io::Error::other("the thread that reads stdout panicked"))??;
    let status = child.wait()?;
    group.0 = None;
    Ok(Ended { status, stdout })
}
