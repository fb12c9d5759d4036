//! Where a test works: a directory of its own for everything that `proofroll` writes.

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    time::{Duration, Instant},
};

use rustix::process::getuid;
use serde_json::Value;
use tempfile::TempDir;

use super::{fake, process};

/// How long what was stopped may take to be gone.
const GONE_WITHIN: Duration = Duration::from_secs(15);

pub struct Bench {
    dir: TempDir,
}

impl Bench {
    pub fn new() -> Self {
        let memory = Path::new("/dev/shm");
        let mut builder = tempfile::Builder::new();
        let builder = builder.prefix("pr-broken-");
        let dir = if memory.is_dir() { builder.tempdir_in(memory) } else { builder.tempdir() };
        let bench = Self { dir: dir.unwrap() };
        fs::create_dir(bench.path("state")).unwrap();
        fs::create_dir(bench.path("tmp")).unwrap();
        bench
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    pub fn root(&self) -> &Path {
        self.dir.path()
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        path
    }

    /// A script that is given as the controller.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let path = self.write(name, &format!("#!/bin/sh\n{body}\n"));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
        path
    }

    /// A controller that is this very program, as `role`.
    pub fn fake(&self, role: &str) -> PathBuf {
        let this = std::env::current_exe().unwrap();
        self.script(role, &format!("{}={role} exec '{}' \"$@\"", fake::VARIABLE, this.display()))
    }

    /// `proofroll` with these arguments; all that it writes goes below the bench.
    pub fn proofroll(&self, arguments: &[&str]) -> Command {
        // nextest says where the program is; the path from the compiler serves `cargo test`.
        let program = std::env::var_os("NEXTEST_BIN_EXE_proofroll");
        let mut command = Command::new(program.unwrap_or_else(|| env!("CARGO_BIN_EXE_proofroll").into()));
        for variable in ["CONTROLLER", "AS_VERSION", "KUBERNETES", "FIXTURES", "TIMEOUT_SCALE", "LINGER", "LOG"] {
            command.env_remove(format!("PROOFROLL_{variable}"));
        }
        command
            .args(arguments)
            .current_dir(self.dir.path())
            .env("PROOFROLL_STATE_DIR", self.path("state"))
            .env("PROOFROLL_OUT", self.path("out"))
            .env("TMPDIR", self.path("tmp"));
        command
    }

    /// The report that was written with `--report NAME`.
    pub fn report(&self, name: &str) -> Value {
        serde_json::from_slice(&fs::read(self.path(name)).unwrap()).unwrap()
    }

    /// The record of the only plane that runs here.
    pub fn plane(&self) -> Value {
        let planes = self.path("state").join(format!("proofroll-{}", getuid().as_raw())).join("planes");
        let mut records = fs::read_dir(planes).unwrap().map(|entry| entry.unwrap().path().join("plane.json"));
        let record = records.find(|record| record.exists()).unwrap();
        serde_json::from_slice(&fs::read(record).unwrap()).unwrap()
    }

    /// Neither a process that works below this directory, nor a file of a plane or a temporary one.
    pub fn nothing_is_left(&self) {
        let began = Instant::now();
        loop {
            let mut left: Vec<String> = process::below(self.dir.path());
            for place in ["state", "tmp"] {
                let entries = fs::read_dir(self.path(place)).unwrap();
                left.extend(entries.map(|entry| entry.unwrap().path().display().to_string()));
            }
            if left.is_empty() {
                return;
            }
            assert!(began.elapsed() < GONE_WITHIN, "left behind: {left:#?}");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
