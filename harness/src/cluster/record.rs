//! What a ready plane says of itself (`plane.json`), and the failure of one that broke.

use std::{collections::BTreeMap, fs, io, path::PathBuf};

use serde::{Deserialize, Serialize};

use super::state::PlaneDir;
use crate::controller::deployed::Shared;

/// A ready plane.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// Names this plane among all that ever have its key.
    pub id: String,
    /// The plane's key.
    pub key: String,
    /// The release whose CRDs it serves.
    pub release: String,
    /// Where the API server is: `https://127.0.0.1:PORT`.
    pub server: String,
    /// The API server's port.
    pub port: u16,
    /// The administrator's kubeconfig.
    pub kubeconfig: PathBuf,
    /// The certificate authority, PEM.
    pub ca_pem: String,
    /// The API server's version.
    pub kubernetes: String,
    /// The keeper's process id.
    pub keeper: u32,
    /// The process ids of what it keeps, by name.
    pub processes: BTreeMap<String, u32>,
    /// When the start began, in seconds since 1970.
    pub started: u64,
    /// When each phase of the start was over, in milliseconds since its beginning, in order.
    pub phases: Vec<Phase>,
    /// The controller that serves all of it; none where each scenario starts its own.
    #[serde(default)]
    pub deployed: Option<Shared>,
    /// The kind executable, for a kind cluster.
    #[serde(default)]
    pub kind: Option<PathBuf>,
    /// The id of the public image that the controller runs; none where it is built here.
    #[serde(default)]
    pub public_image: Option<String>,
    /// The image of the load generator, where the nodes have it.
    #[serde(default)]
    pub probe: Option<String>,
}

/// A part of the start.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Phase {
    /// What was reached.
    pub name: String,
    /// When, in milliseconds since the start began.
    pub at_ms: u64,
}

impl Record {
    /// Reads the record of the plane in this directory; `None` if it is not ready.
    pub fn read(dir: &PlaneDir) -> Option<Self> {
        serde_json::from_slice(&fs::read(dir.record()).ok()?).ok()
    }

    /// Writes it so that a reader sees all of it or nothing.
    pub(crate) fn write(&self, dir: &PlaneDir) -> io::Result<()> {
        let draft = dir.path().join("plane.json.new");
        fs::write(&draft, serde_json::to_vec_pretty(self)?)?;
        fs::rename(draft, dir.record())
    }

    /// When the plane was ready, in milliseconds since its start began.
    pub fn ready_after_ms(&self) -> u64 {
        self.phases.last().map_or(0, |phase| phase.at_ms)
    }
}

/// The last lines of a log, indented; empty if there is none.
pub fn log_tail(path: &std::path::Path, lines: usize) -> String {
    let Ok(content) = fs::read(path) else { return String::new() };
    let recent = &content[content.len().saturating_sub(64 * 1024)..];
    let text = String::from_utf8_lossy(recent);
    let all: Vec<&str> = text.lines().collect();
    all[all.len().saturating_sub(lines)..].iter().fold(String::new(), |mut tail, line| {
        tail.push_str("\n    ");
        tail.extend(line.chars().take(400));
        tail
    })
}
