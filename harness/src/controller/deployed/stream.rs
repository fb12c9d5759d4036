//! The log of a controller in the cluster, followed into a file.

use std::{
    fs::{File, OpenOptions},
    io::{self, Write},
    path::{Path, PathBuf},
    sync::Arc,
    time::Duration,
};

use futures::{AsyncBufReadExt, StreamExt, TryStreamExt};
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Pod;
use kube::{
    Api, Client,
    api::{LogParams, WatchEvent, WatchParams},
};
use tokio::{sync::watch, task::JoinHandle};

use super::{super::health::AT_WORK, Installed};
use crate::controller::{Log, log::render};

/// The file's name among the logs of a plane.
pub const LOG: &str = "controller";

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_millis(200);

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Follows the log of whatever pod the Deployment has, through restarts, into one file. Each line is
/// written once.
pub struct LogStream {
    path: PathBuf,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
    followed: watch::Sender<bool>,
}

impl LogStream {
    /// Into this file.
    pub fn to(path: &Path) -> Self {
        Self { path: path.to_owned(), task: std::sync::Mutex::default(), followed: watch::channel(false).0 }
    }

    /// Begins to follow.
    pub fn follow(&self, client: Client, installed: Installed) {
        let path = self.path.clone();
        let task = tokio::spawn(async move {
            // A file that cannot be written is noticed by whoever waits for its lines.
            match OpenOptions::new().create(true).append(true).open(&path) {
                Ok(file) => follow(client, installed, file).await,
                Err(error) => eprintln!("keeper: {}: {error}", path.display()),
            }
        });
        *self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(task);
        self.followed.send_replace(true);
    }

    /// Resolves when following has begun.
    pub async fn followed(&self) {
        let mut followed = self.followed.subscribe();
        // Cannot fail while `self` holds the sender.
        let _ = followed.wait_for(|begun| *begun).await;
    }

    /// Waits until the log says that the controller works.
    ///
    /// # Errors
    /// With what it said instead.
    pub async fn at_work(&self, limit: Duration) -> Result<(), String> {
        let failed = |error: io::Error| format!("{}: {error}", self.path.display());
        let looking = async {
            let log = loop {
                match Log::open(&self.path) {
                    Ok(log) => break log,
                    Err(error) if error.kind() == io::ErrorKind::NotFound => tokio::time::sleep(LOOK).await,
                    Err(error) => return Err(failed(error)),
                }
            };
            let mut tail = log.tail(0);
            let mut missing = AT_WORK.to_vec();
            loop {
                for line in tail.next_lines().map_err(failed)? {
                    missing.retain(|text| *text != line.msg());
                }
                if missing.is_empty() {
                    return Ok(());
                }
                tokio::time::sleep(LOOK).await;
            }
        };
        match tokio::time::timeout(limit, looking).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let last = Log::open(&self.path).and_then(|log| log.last(15)).unwrap_or_default();
                let limit = humantime::format_duration(limit);
                Err(format!("the controller did not begin to work within {limit}; its last words:\n{}", render(&last)))
            }
        }
    }

    /// Ends it.
    pub fn stop(&self) {
        if let Some(task) = self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take() {
            task.abort();
        }
    }
}

async fn follow(client: Client, installed: Installed, file: File) {
    let pods: Api<Pod> = Api::namespaced(client, &installed.namespace);
    let file = Arc::new(file);
    let mut last = None;
    loop {
        if let Err(error) = once(&pods, &installed, &file, &mut last).await {
            eprintln!("keeper: the controller's log: {error}");
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Follows the log of one container until it ends. `last`: when the last line was written.
async fn once(pods: &Api<Pod>, installed: &Installed, file: &File, last: &mut Option<Timestamp>) -> io::Result<()> {
    let pod = running(pods, installed).await.map_err(io::Error::other)?;
    let since_time = last.as_ref().and_then(|last| last.to_string().parse().ok());
    let params = LogParams { follow: true, timestamps: true, since_time, ..LogParams::default() };
    let mut lines = pods.log_stream(&pod, &params).await.map_err(io::Error::other)?.lines();
    let mut file = file;
    while let Some(line) = lines.next().await {
        let line = line?;
        let (stamp, text) = line.split_once(' ').unwrap_or((&line, ""));
        let Ok(stamp) = stamp.parse::<Timestamp>() else { continue };
        // A stream that is opened again begins with the second in which the last one ended.
        if last.is_none_or(|last| stamp > last) {
            file.write_all(format!("{text}\n").as_bytes())?;
            *last = Some(stamp);
        }
    }
    Ok(())
}

/// The name of a pod of the Deployment whose container runs.
async fn running(pods: &Api<Pod>, installed: &Installed) -> kube::Result<String> {
    let params = WatchParams::default().labels(&installed.selector);
    loop {
        let mut events = std::pin::pin!(pods.watch(&params, "0").await?);
        while let Some(event) = events.try_next().await? {
            let (WatchEvent::Added(pod) | WatchEvent::Modified(pod)) = event else { continue };
            let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
            let runs = statuses.into_iter().any(|s| s.state.as_ref().is_some_and(|state| state.running.is_some()));
            if runs && pod.metadata.deletion_timestamp.is_none() {
                return Ok(pod.metadata.name.unwrap_or_default());
            }
        }
    }
}
