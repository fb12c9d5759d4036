//! The log of a controller in the cluster, followed into a file.

use std::{
    collections::BTreeSet,
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
use tokio::{
    sync::watch,
    task::{JoinHandle, JoinSet},
};

use super::{super::health::AT_WORK, Installed};
use crate::{
    controller::{Log, log::render},
    process::journal::note,
    run::trouble,
};

/// The file's name among the logs of a plane.
pub const LOG: &str = "controller";

/// How long to wait before a stream that broke is opened again.
const AGAIN: Duration = Duration::from_millis(200);

/// How often the file is looked at.
const LOOK: Duration = Duration::from_millis(20);

/// Follows the logs of the pods that the Deployment has, through restarts, into one file. Each line is
/// written once. (Of several replicas only the leader reconciles, and its lines are in its order.)
pub struct LogStream {
    path: PathBuf,
    task: std::sync::Mutex<Option<JoinHandle<()>>>,
    followed: watch::Sender<bool>,
    trouble: Arc<std::sync::Mutex<Option<String>>>,
}

impl LogStream {
    /// Into this file.
    pub fn to(path: &Path) -> Self {
        Self {
            path: path.to_owned(),
            task: std::sync::Mutex::default(),
            followed: watch::channel(false).0,
            trouble: Arc::default(),
        }
    }

    /// Begins to follow: all of it, or from so long ago.
    pub fn follow(&self, client: Client, installed: Installed, since: Option<Duration>) {
        let (path, trouble) = (self.path.clone(), Arc::clone(&self.trouble));
        let task = tokio::spawn(async move {
            // A file that cannot be written is noticed by whoever waits for its lines.
            match OpenOptions::new().create(true).append(true).open(&path) {
                Ok(file) => {
                    let pods = Api::namespaced(client, &installed.namespace);
                    follow(Arc::new(Following { pods, installed, since, file, trouble })).await;
                }
                Err(error) => note(&format!("keeper: {}: {error}", path.display())),
            }
        });
        *self.task.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(task);
        self.followed.send_replace(true);
    }

    /// Why a log could not be read when it was last tried; none while it can be.
    pub fn trouble(&self) -> Option<String> {
        self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner).clone()
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
                let unread = self.trouble().map_or_else(String::new, |why| format!(" (its log cannot be read: {why})"));
                Err(format!(
                    "the controller did not begin to work within {limit}{unread}; its last words:\n{}",
                    render(&last)
                ))
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

/// What is followed, and whereto.
struct Following {
    pods: Api<Pod>,
    installed: Installed,
    since: Option<Duration>,
    file: File,
    trouble: Arc<std::sync::Mutex<Option<String>>>,
}

impl Following {
    fn tell(&self, error: Option<io::Error>) {
        let text = error.map(|error| trouble::chain(&error));
        if let Some(text) = &text {
            note(&format!("keeper: the controller's log: {text}"));
        }
        *self.trouble.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = text;
    }
}

/// Follows each pod that appears, in a task of its own; they end with this one.
async fn follow(following: Arc<Following>) {
    let mut streams = JoinSet::new();
    let mut known = BTreeSet::new();
    loop {
        if let Err(error) = appear(&following, &mut streams, &mut known).await {
            following.tell(Some(io::Error::other(error)));
        }
        tokio::time::sleep(AGAIN).await;
    }
}

async fn appear(
    following: &Arc<Following>,
    streams: &mut JoinSet<()>,
    known: &mut BTreeSet<String>,
) -> kube::Result<()> {
    let params = WatchParams::default().labels(&following.installed.selector);
    let mut events = std::pin::pin!(following.pods.watch(&params, "0").await?);
    while let Some(event) = events.try_next().await? {
        let (WatchEvent::Added(pod) | WatchEvent::Modified(pod)) = event else { continue };
        let name = pod.metadata.name.unwrap_or_default();
        if known.insert(name.clone()) {
            streams.spawn(one(Arc::clone(following), name));
        }
    }
    // The server ends a watch after some minutes.
    Ok(())
}

/// Follows one pod until it is gone.
async fn one(following: Arc<Following>, pod: String) {
    // When the last line was written.
    let mut last = None;
    loop {
        match until_it_runs(&following, &pod).await {
            Ok(true) => match once(&following, &pod, &mut last).await {
                Ok(()) => {}
                Err(error) => following.tell(Some(error)),
            },
            Ok(false) => return,
            Err(error) => following.tell(Some(io::Error::other(error))),
        }
        tokio::time::sleep(AGAIN).await;
    }
}

/// Follows the log of one container until it ends.
async fn once(following: &Following, pod: &str, last: &mut Option<Timestamp>) -> io::Result<()> {
    let params = LogParams {
        container: following.installed.container.clone(),
        follow: true,
        timestamps: true,
        since_time: last.as_ref().and_then(|last| last.to_string().parse().ok()),
        since_seconds: following.since.filter(|_| last.is_none()).and_then(|since| since.as_secs().try_into().ok()),
        ..LogParams::default()
    };
    let mut lines = following.pods.log_stream(pod, &params).await.map_err(io::Error::other)?.lines();
    following.tell(None);
    let mut file = &following.file;
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

/// Waits until the pod's container runs; false if the pod is gone.
async fn until_it_runs(following: &Following, pod: &str) -> kube::Result<bool> {
    if following.pods.get_metadata_opt(pod).await?.is_none() {
        return Ok(false);
    }
    let params = WatchParams::default().fields(&format!("metadata.name={pod}"));
    let mut events = std::pin::pin!(following.pods.watch(&params, "0").await?);
    while let Some(event) = events.try_next().await? {
        match event {
            WatchEvent::Added(pod) | WatchEvent::Modified(pod) if runs(&pod, &following.installed) => return Ok(true),
            WatchEvent::Deleted(_) => return Ok(false),
            _ => {}
        }
    }
    // The server ends a watch after some minutes: the caller looks again.
    Ok(true)
}

fn runs(pod: &Pod, installed: &Installed) -> bool {
    let statuses = pod.status.iter().flat_map(|status| status.container_statuses.iter().flatten());
    let mut ours = statuses.filter(|status| installed.container.as_ref().is_none_or(|name| *name == status.name));
    ours.any(|status| status.state.as_ref().is_some_and(|state| state.running.is_some()))
}
