//! What is kept of a failure, before anything is cleaned up.

use std::{
    collections::BTreeSet,
    fs, io,
    path::{Path, PathBuf},
    time::Duration,
};

use super::trouble::Trouble;
use crate::{
    cluster::{Plane, kind::KindCluster},
    controller::Serving,
    report::v1,
    scenario::Scenario,
    timeline::{Timeline, recording},
};

/// How long the export of a kind node's logs may take.
const EXPORT: Duration = Duration::from_secs(60);

/// What there is to keep.
pub(super) struct Evidence<'a> {
    pub scenario: &'a Scenario,
    pub trouble: &'a Trouble,
    pub timeline: &'a Timeline,
    pub report: &'a v1::Scenario,
    pub own_writes: &'a BTreeSet<u64>,
    /// What became of the requests that were sent, a line for each.
    pub requests: Option<&'a str>,
}

impl Evidence<'_> {
    /// Writes it into a new directory below `root` and returns that directory:
    ///
    /// - `failure.txt`: the message;
    /// - `report.json`: the scenario's report as far as it came;
    /// - `timeline.jsonl`: every write that was seen, in order;
    /// - `own-writes.json`: the resourceVersions of the harness's own writes;
    /// - `controller.log`: the controller's log; after a conformance failure it ends with the
    ///   stacks of all its goroutines (SIGQUIT), for a hang shows there.
    /// - `requests.jsonl`: what became of the requests, where some were sent;
    /// - `kind-logs/`: on a kind cluster, what `kind export logs` finds in its nodes.
    pub async fn keep(&self, root: &Path, controller: &Serving, plane: &Plane) -> io::Result<PathBuf> {
        let directory = new_directory(root, &self.scenario.id)?;
        if let Trouble::Conformance(_) = self.trouble {
            // A barrier completes what was seen; without it what is there must do.
            let _ = self.timeline.barrier().await;
            // The stacks go to the log, which is copied below; without them the rest is worth keeping.
            let _ = controller.dump().await;
        }
        fs::write(directory.join("failure.txt"), format!("{}\n", self.trouble))?;
        fs::write(directory.join("report.json"), serde_json::to_vec_pretty(self.report)?)?;
        fs::write(directory.join("own-writes.json"), serde_json::to_vec(self.own_writes)?)?;
        if let Some(requests) = self.requests {
            fs::write(directory.join("requests.jsonl"), requests)?;
        }
        let mut timeline = io::BufWriter::new(fs::File::create(directory.join("timeline.jsonl"))?);
        recording::write(self.timeline.log().history(), &mut timeline)?;
        io::Write::flush(&mut timeline)?;
        // By its open file: where the plane is gone, its directory is too.
        controller.log().copy_to(&directory.join("controller.log"))?;
        if let Some(kind) = &plane.record().kind {
            let logs = directory.join("kind-logs");
            let cluster = KindCluster::of(plane.dir());
            let missing = match tokio::time::timeout(EXPORT, cluster.export_logs(kind, &logs)).await {
                Ok(Ok(())) => None,
                Ok(Err(error)) => Some(error.to_string()),
                Err(_) => Some(format!("`kind export logs` did not end within {EXPORT:?}")),
            };
            if let Some(why) = missing {
                fs::write(directory.join("kind-logs.missing.txt"), why)?;
            }
        }
        Ok(directory)
    }
}

/// Keeps what there is when a scenario's controller did not come up: the message and the log.
pub(super) fn of_start(root: &Path, id: &str, trouble: &Trouble, log: &Path) -> io::Result<PathBuf> {
    let directory = new_directory(root, id)?;
    fs::write(directory.join("failure.txt"), format!("{trouble}\n"))?;
    // Not there: it was never started.
    if log.exists() {
        fs::copy(log, directory.join("controller.log"))?;
    }
    Ok(directory)
}

/// Enters where the evidence is into report and message. Evidence that cannot be written changes no
/// verdict.
pub(super) fn enter(kept: io::Result<PathBuf>, root: &Path, trouble: Trouble, report: &mut v1::Scenario) -> Trouble {
    match kept {
        Ok(directory) => {
            let directory = directory.display().to_string();
            let trouble = trouble.with(&format!("\nevidence: {directory}"));
            report.evidence = Some(directory);
            trouble
        }
        Err(error) => {
            let root = root.display();
            trouble.with(&format!(
                "\nevidence: none, for {root} cannot be written: {error}\n(hint: --out or PROOFROLL_OUT names another directory)"
            ))
        }
    }
}

fn new_directory(root: &Path, id: &str) -> io::Result<PathBuf> {
    fs::create_dir_all(root)?;
    let stamp = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let plain: String = id.chars().map(|c| if c.is_alphanumeric() || "._".contains(c) { c } else { '-' }).collect();
    let name = format!("{}-{stamp}-", plain.trim_end_matches('-'));
    tempfile::Builder::new().prefix(&name).rand_bytes(4).tempdir_in(root).map(tempfile::TempDir::keep)
}
