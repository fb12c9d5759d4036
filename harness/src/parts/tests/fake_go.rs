//! A workshop in a temporary directory: a fake `go`, a cache, and somebody who listens.

use std::{
    fs,
    io::Write,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    sync::{
        Mutex,
        mpsc::{self, Receiver, Sender},
    },
    time::Duration,
};

use tempfile::TempDir;

use crate::{
    parts::{PartName, Parts, PartsOptions, pin},
    progress::Progress,
};

pub struct Workshop {
    pub home: TempDir,
}

impl Workshop {
    pub fn new() -> Self {
        let home = tempfile::tempdir().unwrap();
        // Written by a child: were this process to hold the script open for writing while another
        // test forks, starting it would fail with "text file busy".
        let mut writer = Command::new("sh")
            .args(["-c", r#"cat >"$0" && chmod +x "$0""#])
            .arg(home.path().join("go"))
            .stdin(Stdio::piped())
            .spawn()
            .unwrap();
        writer.stdin.take().unwrap().write_all(include_bytes!("fake-go.sh")).unwrap();
        assert!(writer.wait().unwrap().success());
        let workshop = Self { home };
        workshop.put("version", "go1.99.3\n");
        ship_manifests(&workshop.path("manifests"));
        workshop
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    pub fn put(&self, name: &str, text: &str) {
        let path = self.path(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    pub fn options(&self) -> PartsOptions {
        PartsOptions { go: self.path("go"), cores: 2, ..PartsOptions::with_cache(self.path("cache")) }
    }

    pub fn parts(&self) -> Parts {
        Parts::new(self.options())
    }

    /// What `go` was asked, without what it does for every part.
    pub fn builds(&self) -> usize {
        self.calls().lines().filter(|line| line.contains(": build ")).count()
    }

    pub fn calls(&self) -> String {
        fs::read_to_string(self.path("calls")).unwrap_or_default()
    }

    /// Names in the cache's directory of entries.
    pub fn entries(&self) -> Vec<String> {
        let Ok(entries) = fs::read_dir(self.path("cache/parts")) else { return Vec::new() };
        let mut names: Vec<String> = entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    /// Makes builds wait until [`Workshop::open_gate`].
    pub fn close_gate(&self) {
        self.put("gate", "");
    }

    /// Lets builds go on.
    pub fn open_gate(&self) {
        fs::remove_file(self.path("gate")).unwrap();
    }

    /// A text in which this workshop's place and the entries' keys are named by words, and nothing took any time.
    pub fn plain(&self, text: &str) -> String {
        let took = regex::Regex::new(r"(?m), \d+s$").unwrap();
        let text = took.replace_all(text, ", 0s");
        let keys = regex::Regex::new(r"-[0-9a-f]{12}\b").unwrap();
        keys.replace_all(&text.replace(&self.home.path().display().to_string(), "HOME"), "-KEY").into_owned()
    }
}

/// The files that a release ships, and one that is no resource.
pub fn ship_manifests(to: &Path) {
    fs::create_dir_all(to.join("crds")).unwrap();
    for file in ["install.yaml", "namespace-install.yaml", "crds/rollout-crd.yaml", "crds/kustomization.yaml"] {
        fs::write(to.join(file), format!("# {file}\n")).unwrap();
    }
}

/// The newest controller.
pub fn controller() -> PartName {
    PartName::RolloutsController(pin::newest_release())
}

/// Listens and remembers; somebody may wait for the next word.
pub struct Ear {
    said: Mutex<Vec<String>>,
    updates: Mutex<Vec<String>>,
    tell: Sender<String>,
}

impl Ear {
    pub fn new() -> (Self, Receiver<String>) {
        let (tell, told) = mpsc::channel();
        (Self { said: Mutex::default(), updates: Mutex::default(), tell }, told)
    }

    pub fn said(&self) -> String {
        self.said.lock().unwrap().join("\n")
    }

    pub fn updates(&self) -> String {
        self.updates.lock().unwrap().join("\n")
    }
}

impl Progress for Ear {
    fn say(&self, line: &str) {
        self.said.lock().unwrap().push(line.to_owned());
        let _ = self.tell.send(line.to_owned());
    }

    fn update(&self, line: &str) {
        self.updates.lock().unwrap().push(line.to_owned());
    }
}

/// Polls for a condition that has no notification.
pub fn eventually(what: &str, mut condition: impl FnMut() -> bool) {
    for _ in 0..1000 {
        if condition() {
            return;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    panic!("never came true: {what}");
}
