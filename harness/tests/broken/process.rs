//! Processes: what `proofroll` says while it runs, and who runs below a directory.

use std::{
    fs,
    io::{BufRead, BufReader, Read},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::mpsc::{Receiver, channel},
    thread::JoinHandle,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process};

/// Longer than any test takes.
const LIMIT: Duration = Duration::from_secs(180);

/// How a run of `proofroll` ended.
#[derive(Debug)]
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    pub at: Instant,
}

impl Ended {
    #[track_caller]
    pub fn expect(self, code: i32) -> Self {
        assert_eq!(self.code, Some(code), "stdout:\n{}\nstderr:\n{}", self.stdout, self.stderr);
        self
    }
}

/// A run of `proofroll`.
pub struct Running {
    child: Child,
    lines: Receiver<String>,
    stdout: String,
    stderr: JoinHandle<String>,
}

impl Running {
    pub fn start(command: &mut Command) -> Self {
        let mut child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let (sender, lines) = channel();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        std::thread::spawn(move || {
            for line in stdout.lines() {
                let _ = sender.send(line.unwrap());
            }
        });
        let mut stderr = child.stderr.take().unwrap();
        let stderr = std::thread::spawn(move || {
            let mut text = String::new();
            stderr.read_to_string(&mut text).unwrap();
            text
        });
        Self { child, lines, stdout: String::new(), stderr }
    }

    /// Waits until it writes a line that has `text` in it.
    #[track_caller]
    pub fn until(&mut self, text: &str) {
        loop {
            let Ok(line) = self.lines.recv_timeout(LIMIT) else { panic!("no {text:?} in:\n{}", self.stdout) };
            self.stdout += &format!("{line}\n");
            if line.contains(text) {
                return;
            }
        }
    }

    /// The one child of it whose command line has `word` in it.
    #[track_caller]
    pub fn child_with(&self, word: &str) -> u32 {
        let parent = format!("PPid:\t{}\n", self.child.id());
        let mut found = all().into_iter().filter(|pid| {
            let read = |file: &str| fs::read_to_string(format!("/proc/{pid}/{file}")).unwrap_or_default();
            read("status").contains(&parent) && read("cmdline").contains(word)
        });
        let first = found.next();
        assert_eq!(found.next(), None, "more than one child with {word}");
        first.unwrap_or_else(|| panic!("no child with {word}"))
    }

    pub fn end(mut self) -> Ended {
        while let Ok(line) = self.lines.recv_timeout(LIMIT) {
            self.stdout += &format!("{line}\n");
        }
        let status = self.child.wait().unwrap();
        let at = Instant::now();
        Ended { code: status.code(), stdout: self.stdout, stderr: self.stderr.join().unwrap(), at }
    }
}

pub fn run(command: &mut Command) -> Ended {
    Running::start(command).end()
}

/// SIGKILL for a process that this test's `proofroll` has started.
pub fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.cast_signed()).unwrap(), Signal::KILL).unwrap();
}

/// The processes that work in `dir` or below it, or are named from there.
pub fn below(dir: &Path) -> Vec<String> {
    let text = dir.display().to_string();
    let is_below = |pid: u32| {
        let cwd = fs::read_link(format!("/proc/{pid}/cwd")).unwrap_or_else(|_| PathBuf::new());
        let words = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        (cwd.starts_with(dir) || words.contains(&text)).then(|| format!("{pid}: {words}"))
    };
    all().into_iter().filter_map(is_below).collect()
}

fn all() -> Vec<u32> {
    let names = fs::read_dir("/proc").unwrap().map(|entry| entry.unwrap().file_name());
    names.filter_map(|name| name.to_str()?.parse().ok()).collect()
}
