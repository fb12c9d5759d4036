//! What the keeper does five times a second: look at the leases, clean up after those that are gone,
//! and find out whether anybody still needs the plane.

use std::{
    collections::{BTreeMap, HashSet},
    fs, io,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    api::{DeleteParams, Preconditions},
};

use crate::{
    cluster::{
        existing,
        lease::{self, Fate, Seen, now},
        state::PlaneDir,
    },
    process::{journal::note, lock::Lock},
};

/// Whether the plane is needed.
#[derive(Debug)]
pub(super) enum Verdict {
    /// Somebody uses it, or might again.
    Needed,
    /// Nobody does. The start lock is held: nobody will.
    Idle(Lock),
}

/// What the keeper remembers between two looks.
pub(super) struct Tending {
    dir: PlaneDir,
    /// The plane's, which is on its namespaces.
    id: String,
    linger: Duration,
    idle_since: Option<Instant>,
    /// `None` until the API server is ready.
    client: Option<Client>,
    /// Files that are being cleaned up after, and namespaces whose deletion was asked for.
    under_way: Arc<Mutex<HashSet<PathBuf>>>,
    deleted: HashSet<String>,
}

impl Tending {
    pub fn new(dir: &PlaneDir, id: &str, linger: Duration) -> Self {
        let (dir, id) = (dir.clone(), id.to_owned());
        Self { dir, id, linger, idle_since: None, client: None, under_way: Arc::default(), deleted: HashSet::new() }
    }

    /// From now on namespaces can be deleted.
    pub fn serve(&mut self, client: Client) {
        self.client = Some(client);
    }

    /// Looks once. Must be called on a runtime: deletions run beside.
    pub fn look(&mut self, at: Instant) -> io::Result<Verdict> {
        let leases = lease::scan(&self.dir, now())?;
        for lease in &leases {
            self.tend(lease);
        }
        let needed = |leases: &[Seen]| leases.iter().any(|lease| lease.alive);
        let at_once = self.dir.at_once();
        if needed(&leases) {
            self.idle_since = None;
            if at_once.exists() {
                // Asked for by somebody who was not the last.
                fs::remove_file(at_once)?;
            }
            return Ok(Verdict::Needed);
        }
        let idle = at.duration_since(*self.idle_since.get_or_insert(at));
        if idle < self.linger && !at_once.exists() {
            return Ok(Verdict::Needed);
        }
        // Somebody is joining just now if the lock is held; and may have joined until it was ours.
        match Lock::try_take(&self.dir.start_lock())? {
            Some(lock) if !needed(&lease::scan(&self.dir, now())?) => Ok(Verdict::Idle(lock)),
            _ => Ok(Verdict::Needed),
        }
    }

    fn tend(&mut self, lease: &Seen) {
        let Some(client) = &self.client else { return };
        let wanted: Vec<String> = if lease.alive {
            let asked = lease.journal.namespaces.iter().filter(|(_, fate)| **fate == Fate::Delete);
            asked.map(|(name, _)| name.clone()).filter(|name| !self.deleted.contains(name)).collect()
        } else {
            lease.journal.leftover().map(str::to_owned).collect()
        };
        if lease.alive && wanted.is_empty() || !lock(&self.under_way).insert(lease.path.clone()) {
            return;
        }
        self.deleted.extend(wanted.iter().cloned());
        if !lease.alive {
            note(&format!("keeper: the lease of {} ({}) is over", lease.journal.pid, lease.journal.what));
        }
        let (client, id, path, alive) = (client.clone(), self.id.clone(), lease.path.clone(), lease.alive);
        let under_way = Arc::clone(&self.under_way);
        tokio::spawn(async move {
            let mut clean = true;
            for name in wanted {
                if let Err(error) = delete(client.clone(), &name, &id).await {
                    note(&format!("keeper: the namespace {name} could not be deleted: {error}"));
                    clean = false;
                }
            }
            // Else the next look finds it again.
            if clean && !alive {
                let _ = fs::remove_file(&path);
            }
            lock(&under_way).remove(&path);
        });
    }
}

/// Deletes a namespace of this plane. A name stands in a lease before the namespace is made: it may be
/// somebody else's, where the cluster is.
async fn delete(client: Client, name: &str, id: &str) -> kube::Result<()> {
    let api: Api<Namespace> = Api::all(client);
    let found = api.get_metadata_opt(name).await?.map(|namespace| namespace.metadata);
    let is_ours = |labels: &BTreeMap<String, String>| labels.get(existing::PLANE).is_some_and(|plane| plane == id);
    let Some(found) = found.filter(|found| found.labels.as_ref().is_some_and(is_ours)) else { return Ok(()) };
    let params = DeleteParams::default().preconditions(Preconditions { uid: found.uid, resource_version: None });
    match api.delete(name, &params).await {
        // It was never created, or is gone or going already.
        Err(kube::Error::Api(status)) if [404, 409].contains(&status.code) => Ok(()),
        other => other.map(drop),
    }
}

fn lock(set: &Mutex<HashSet<PathBuf>>) -> std::sync::MutexGuard<'_, HashSet<PathBuf>> {
    set.lock().unwrap_or_else(PoisonError::into_inner)
}
