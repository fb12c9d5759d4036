//! Looking at all planes, stopping them, and removing what dead ones left behind.

use std::{io, time::Duration};

use rustix::process::{Pid, Signal, kill_process};

use super::{
    ClusterError, Contained, contained, existing,
    kind::{self, KindCluster},
    lease::{self, Entry, LeaseKind, Seen, now},
    plane::stop_at_once,
    record::Record,
    request::{Order, Source},
    start::{keeper_lives, remove},
    state::{PlaneDir, StateRoot},
    watch::KeeperWatch,
};
use crate::{containers::ContainerError, process::lock::Lock};

/// How long somebody who has other things to do waits for a cluster that is not ours and may be out of
/// reach.
const IN_PASSING: Duration = Duration::from_secs(5);

/// A plane as an onlooker finds it.
#[derive(Debug, Clone)]
pub struct Found {
    /// Its directory.
    pub dir: PlaneDir,
    /// Whether a keeper holds it. If not it is a leftover.
    pub alive: bool,
    /// What it says of itself; `None` while it starts.
    pub record: Option<Record>,
    /// Its leases.
    pub leases: Vec<Seen>,
}

/// All planes of this user.
///
/// # Errors
/// When the state directory is there but cannot be read.
pub fn find(root: &StateRoot) -> Result<Vec<Found>, ClusterError> {
    let mut found = Vec::new();
    for dir in root.planes().map_err(ClusterError::file(root.path()))? {
        let alive = keeper_lives(&dir)?;
        let leases = match lease::scan(&dir, now()) {
            Ok(leases) => leases,
            // Gone meanwhile, or never there: only a start lock was.
            Err(error) if error.kind() == io::ErrorKind::NotFound => Vec::new(),
            Err(error) => return Err(ClusterError::file(&dir.leases())(error)),
        };
        found.push(Found { alive, record: Record::read(&dir), leases, dir });
    }
    Ok(found)
}

/// Removes the directories and locks of planes whose keeper is dead; returns their keys. (Namespaces of
/// users that vanished are the keepers' affair: they are gone within a second.)
///
/// # Errors
/// When a leftover cannot be removed; the others are, all the same.
pub async fn collect(root: &StateRoot) -> Result<Vec<String>, ClusterError> {
    collect_within(root, None).await
}

/// As [`collect`], by somebody who has other things to do.
///
/// # Errors
/// As there.
pub(super) async fn collect_in_passing(root: &StateRoot) -> Result<Vec<String>, ClusterError> {
    collect_within(root, Some(IN_PASSING)).await
}

async fn collect_within(root: &StateRoot, limit: Option<Duration>) -> Result<Vec<String>, ClusterError> {
    let mut collected = Vec::new();
    let mut trouble = None;
    for dir in root.planes().map_err(ClusterError::file(root.path()))? {
        let path = dir.start_lock();
        // Held: somebody is starting or stopping it just now, and cleans up by himself.
        let start = match Lock::try_take(&path) {
            Ok(Some(start)) => start,
            Ok(None) => continue,
            // The keeper was quicker, and took the directory for planes along.
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            Err(error) => return Err(ClusterError::file(&path)(error)),
        };
        if keeper_lives(&dir)? {
            continue;
        }
        let leftover = dir.path().exists();
        if let Err(error) = remove_dead(&dir, limit).await {
            trouble.get_or_insert(error);
            continue;
        }
        start.remove().map_err(ClusterError::file(&path))?;
        if leftover {
            collected.push(dir.key());
        }
    }
    root.tidy();
    trouble.map_or(Ok(collected), Err)
}

/// Removes this plane if its keeper is dead. Whoever is removing it, or starts it anew, is waited for.
///
/// # Errors
/// When something of it cannot be removed; the directory is still there then.
pub(super) async fn bury(dir: &PlaneDir) -> Result<(), ClusterError> {
    let path = dir.start_lock();
    let start = match Lock::take(&path, || {}).await {
        Ok(start) => start,
        // With the last plane the directory for planes has gone.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(ClusterError::file(&path)(error)),
    };
    if keeper_lives(dir)? {
        return Ok(());
    }
    remove_dead(dir, None).await?;
    start.remove().map_err(ClusterError::file(&path))?;
    dir.root().tidy();
    Ok(())
}

/// Removes a plane whose keeper is dead: what outlived the keeper, and then the directory that tells of
/// it. To be called under the start lock. `limit`: for a cluster that is not ours.
///
/// # Errors
/// When something of it cannot be removed; the directory is still there then.
pub(super) async fn remove_dead(dir: &PlaneDir, limit: Option<Duration>) -> Result<(), ClusterError> {
    match Order::read(dir) {
        Some(Order { source: Source::Kind(source), .. }) => {
            let cluster = KindCluster::of(dir);
            let name = cluster.name().to_owned();
            let cut_short = Record::read(dir).is_none().then_some(source.node_image.as_str());
            cluster.remove(cut_short).await.map_err(|source| ClusterError::LeftCluster { name, source })?;
        }
        Some(Order { source: Source::Existing(source), id, .. }) => {
            let removing = existing::remove_of_dead(dir, &id);
            let removed = match limit {
                None => removing.await,
                Some(limit) => tokio::time::timeout(limit, removing)
                    .await
                    .unwrap_or_else(|_| Err(format!("not gone within {}", humantime::format_duration(limit)))),
            };
            removed.map_err(|why| ClusterError::LeftInCluster { context: source.context, why })?;
        }
        Some(Order { source: Source::Container(source), .. }) => {
            let cut_short = Record::read(dir).is_none();
            let removed = Contained::of(dir, &source.image).remove(cut_short).await;
            removed.map_err(|source| ClusterError::LeftContainers { source })?;
        }
        Some(Order { source: Source::Embedded(_), .. }) | None => {}
    }
    remove(dir).await.map_err(ClusterError::file(dir.path()))
}

/// Removes kind clusters and containers of planes of which nothing else is left (the machine was restarted, say);
/// returns their names. Without Docker there is none.
///
/// # Errors
/// When one cannot be removed.
pub async fn collect_clusters(root: &StateRoot) -> Result<Vec<String>, ClusterError> {
    let mut collected = Vec::new();
    // No engine, no clusters.
    for key in kind::keys(root).await.unwrap_or_default() {
        let dir = root.plane(&key);
        if !dir.path().exists() {
            let cluster = KindCluster::of(&dir);
            let name = cluster.name().to_owned();
            cluster.remove(None).await.map_err(|source| ClusterError::LeftCluster { name: name.clone(), source })?;
            collected.push(name);
        }
    }
    match contained::collect(root).await {
        Ok(keys) => collected.extend(keys),
        Err(ContainerError::NoEngine { .. }) => {}
        Err(source) => return Err(ClusterError::LeftContainers { source }),
    }
    Ok(collected)
}

/// What became of a plane that was to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// All of it is gone.
    Gone,
    /// Somebody uses it; it goes when he does.
    InUse,
}

/// Ends the plane's standing leases and stops it, unless a process uses it.
///
/// # Errors
/// When its files cannot be written, or the keeper does not stop in time.
pub async fn down(plane: &Found) -> Result<Stopped, ClusterError> {
    let watch = KeeperWatch::open(&plane.dir)?;
    for lease in plane.leases.iter().filter(|lease| lease.journal.kind == LeaseKind::Standing) {
        match lease::append(&lease.path, &Entry::End) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => {
                return Err(ClusterError::file(&lease.path)(error));
            }
            _ => {}
        }
    }
    Ok(if stop_at_once(&plane.dir, &watch).await? { Stopped::Gone } else { Stopped::InUse })
}

/// Stops the plane whoever uses it: they are told.
///
/// # Errors
/// When the keeper does not stop in time.
pub async fn force_down(plane: &Found) -> Result<Stopped, ClusterError> {
    let watch = KeeperWatch::open(&plane.dir)?;
    let limit = Order::stop_limit(&plane.dir);
    let keeper = watch.keeper_pid().and_then(Pid::from_raw);
    if let Some(keeper) = keeper
        && watch.alive().map_err(ClusterError::file(&plane.dir.keeper_lock()))?
    {
        kill_process(keeper, Signal::TERM)
            .map_err(|error| ClusterError::file(&plane.dir.keeper_lock())(io::Error::from(error)))?;
    }
    watch.gone(limit).await?;
    match std::fs::read_to_string(plane.dir.left()) {
        Ok(why) => Err(ClusterError::Left { why }),
        Err(_) => Ok(Stopped::Gone),
    }
}
