//! A plane in use.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use k8s_openapi::api::core::v1::{Namespace, ServiceAccount};
use kube::{
    Api, Client,
    api::{PostParams, WatchParams},
};
use serde_json::json;

use crate::process::lock::Lock;

use super::{
    ClusterError, api, existing, gc,
    lease::{self, Entry, Lease, now},
    record::Record,
    request::Order,
    state::PlaneDir,
    watch::{KeeperWatch, LOOK},
};

/// How long the controller manager may take for a new namespace's service account.
const NAMESPACE_LIMIT: Duration = Duration::from_secs(60);

/// How long somebody whose request has failed waits for the keeper's word.
const PATIENCE: Duration = Duration::from_secs(3);

/// Where an API server is and how to trust it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Endpoint {
    /// `https://127.0.0.1:PORT`.
    pub server: String,
    /// The certificate authority, PEM.
    pub ca_pem: String,
}

/// A control plane that this process uses. It stays at least as long as this value; dropping it says
/// goodbye, and namespaces that are still registered are deleted by the keeper.
pub struct Plane {
    dir: PlaneDir,
    record: Record,
    watch: Arc<KeeperWatch>,
    client: Client,
    lease: Mutex<Option<Lease>>,
}

impl Plane {
    pub(super) fn new(
        dir: PlaneDir,
        record: Record,
        watch: Arc<KeeperWatch>,
        client: Client,
        lease: Option<Lease>,
    ) -> Self {
        Self { dir, record, watch, client, lease: Mutex::new(lease) }
    }

    /// A client with all rights. It does not retry by itself.
    pub fn client(&self) -> Client {
        self.client.clone()
    }

    /// Where the API server is.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint { server: self.record.server.clone(), ca_pem: self.record.ca_pem.clone() }
    }

    /// What the plane says of itself: versions, processes, the phases of its start.
    pub fn record(&self) -> &Record {
        &self.record
    }

    /// The plane's directory, with the logs of its processes.
    pub fn dir(&self) -> &PlaneDir {
        &self.dir
    }

    /// Creates a namespace whose name begins with `prefix`, and waits until it can be used: until its
    /// `default` service account exists. It is written down in the lease before it is created, so it is
    /// deleted even if this process is killed in between.
    ///
    /// # Errors
    /// When the API server refuses it, or the plane breaks.
    pub async fn create_namespace(&self, prefix: &str) -> Result<String, ClusterError> {
        let name = namespace_name(prefix, fastrand::u32(..));
        self.enter(&Entry::Namespace { name: name.clone() })?;
        let creating = async {
            let labels = existing::labels(existing::PLANE, &self.record.id);
            let namespace: Namespace = api::object(json!({"metadata": {"name": name, "labels": labels}}));
            let doing = format!("creating the namespace {name}");
            Api::all(self.client())
                .create(&PostParams::default(), &namespace)
                .await
                .map_err(ClusterError::api(doing))?;
            let accounts: Api<ServiceAccount> = Api::namespaced(self.client(), &name);
            let params = WatchParams::default().fields("metadata.name=default");
            let doing = format!("waiting for the default service account of {name}");
            api::until(&accounts, &params, |_| true).await.map_err(ClusterError::api(doing))
        };
        let what = || format!("the namespace {name} had no default service account");
        let created = tokio::select! {
            created = tokio::time::timeout(NAMESPACE_LIMIT, creating) => {
                created.map_err(|_| ClusterError::TooLate { what: what(), limit: NAMESPACE_LIMIT }).flatten()
            }
            why = self.broken() => return Err(self.gone(why)),
        };
        match created {
            Ok(_) => Ok(name),
            Err(error) => Err(self.soon_broken().await.map_or(error, |why| self.gone(why))),
        }
    }

    /// Waits for a place among the scenarios that may run at once, for all processes that share the
    /// plane. Real pods fill the machine: more of them at once would only wait for each other. None
    /// where pods are fake.
    ///
    /// # Errors
    /// When the files of the places cannot be locked.
    pub async fn place(&self) -> Result<Option<Lock>, ClusterError> {
        if self.record.deployed.is_none() {
            return Ok(None);
        }
        let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
        loop {
            for number in 0..cores {
                let path = self.dir.place(number);
                if let Some(place) = Lock::try_take(&path).map_err(ClusterError::file(&path))? {
                    return Ok(Some(place));
                }
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// Has the keeper delete a namespace of ours, and does not wait for it.
    ///
    /// # Errors
    /// When the lease cannot be written.
    pub fn delete_namespace(&self, name: &str) -> Result<(), ClusterError> {
        self.enter(&Entry::Delete { name: name.to_owned() })
    }

    /// Keeps a namespace, and the plane, beyond this process: until `proofroll down`, or for `limit`.
    ///
    /// # Errors
    /// When the lease cannot be written.
    pub fn keep(&self, namespace: &str, limit: Option<Duration>) -> Result<(), ClusterError> {
        self.stand(&format!("--keep {namespace}"), limit, &[namespace])?;
        self.enter(&Entry::Keep { name: namespace.to_owned() })
    }

    /// Keeps the plane beyond this process: until `proofroll down`, or for `limit`.
    ///
    /// # Errors
    /// When the lease cannot be written.
    pub fn keep_plane(&self, what: &str, limit: Option<Duration>) -> Result<(), ClusterError> {
        self.stand(what, limit, &[])
    }

    /// Why the plane is broken, if it is. Cheap; asks no API server.
    pub fn health(&self) -> Option<String> {
        self.watch.trouble()
    }

    /// Waits until the plane is broken and says why. Never returns while it is well.
    pub async fn broken(&self) -> String {
        loop {
            if let Some(why) = self.health() {
                return why;
            }
            tokio::time::sleep(LOOK).await;
        }
    }

    /// What users are told of a plane that is broken; `why` is the keeper's word.
    pub fn gone(&self, why: String) -> ClusterError {
        match (&self.record.deployed, &self.record.kind) {
            // Somebody else's cluster: it may be well.
            (Some(_), None) => ClusterError::Over { why },
            _ => ClusterError::Broken { why },
        }
    }

    /// Why the plane is broken, if it is or breaks in a moment: whoever works with it notices first, by
    /// a request that fails; what is behind that, only the keeper knows.
    pub async fn soon_broken(&self) -> Option<String> {
        tokio::time::timeout(PATIENCE, self.broken()).await.ok()
    }

    /// Says goodbye. With `at_once` the plane does not linger, and unless somebody else uses it this
    /// waits until all of it is gone; of a keeper that was killed it removes what is left.
    ///
    /// # Errors
    /// When the keeper does not stop in time, or something of the plane cannot be removed.
    pub async fn release(&self, at_once: bool) -> Result<(), ClusterError> {
        self.lease.lock().unwrap_or_else(PoisonError::into_inner).take();
        if at_once { stop_at_once(&self.dir, &self.watch).await.map(drop) } else { Ok(()) }
    }

    fn stand(&self, what: &str, limit: Option<Duration>, namespaces: &[&str]) -> Result<(), ClusterError> {
        let until = limit.map(|limit| now().saturating_add(limit.as_secs()));
        lease::stand(&self.dir, what, until, namespaces).map(drop).map_err(ClusterError::file(&self.dir.leases()))
    }

    fn enter(&self, entry: &Entry) -> Result<(), ClusterError> {
        let mut lease = self.lease.lock().unwrap_or_else(PoisonError::into_inner);
        let Some(lease) = lease.as_mut() else {
            return Err(ClusterError::Broken { why: "this process has given its lease back already".into() });
        };
        lease.enter(entry).map_err(ClusterError::file(&self.dir.leases()))
    }
}

impl std::fmt::Debug for Plane {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Plane").field("dir", &self.dir.path()).field("server", &self.record.server).finish()
    }
}

/// Asks the keeper to stop without lingering and waits until it is gone, and all of the plane with it, even
/// if the keeper was killed; `false` if somebody uses the plane, who then keeps it.
pub(super) async fn stop_at_once(dir: &PlaneDir, watch: &KeeperWatch) -> Result<bool, ClusterError> {
    let limit = Order::stop_limit(dir);
    // No directory: the keeper is through with it already.
    let _ = std::fs::File::create(dir.at_once());
    let used = async {
        loop {
            if lease::scan(dir, now()).is_ok_and(|leases| leases.iter().any(|lease| lease.alive)) {
                return;
            }
            tokio::time::sleep(LOOK).await;
        }
    };
    tokio::select! {
        gone = watch.gone(limit) => gone?,
        () = used => return Ok(false),
    }
    if let Ok(why) = std::fs::read_to_string(dir.left()) {
        return Err(ClusterError::Left { why });
    }
    if dir.path().exists() {
        // It was killed. Its reaper may be at it; to end before it is through could end it, too: of a container
        // in which all this runs nothing lives on.
        let what = || format!("what the dead keeper of {} had made was not gone", dir.key());
        let burying = tokio::time::timeout(limit, gc::bury(dir));
        burying.await.map_err(|_| ClusterError::TooLate { what: what(), limit })??;
    }
    Ok(true)
}

/// A valid name, at most 63 characters, with the prefix in front and chance behind.
fn namespace_name(prefix: &str, chance: u32) -> String {
    let mut name: String =
        prefix.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' }).take(54).collect();
    name = name.trim_matches('-').to_owned();
    if name.is_empty() {
        name.push_str("proofroll");
    }
    format!("{name}-{chance:08x}")
}

#[cfg(test)]
mod tests {
    use rstest::rstest;

    use super::*;

    #[rstest]
    #[case("guide/canary-basic", "guide-canary-basic-0000000a")]
    #[case("Case[One]", "case-one-0000000a")]
    #[case("---", "proofroll-0000000a")]
    #[case("ä", "proofroll-0000000a")]
    fn namespaces_have_valid_names(#[case] prefix: &str, #[case] expected: &str) {
        assert_eq!(namespace_name(prefix, 10), expected);
    }

    #[test]
    fn a_long_prefix_is_cut() {
        assert_eq!(namespace_name(&"x".repeat(200), 10).len(), 63);
    }
}
