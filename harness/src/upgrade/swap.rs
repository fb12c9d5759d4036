//! What the controllers of a run are replaced by, and how.

use std::time::Duration;

use kube::Client;
use semver::Version;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::meeting::Meeting;
use crate::{
    cluster::{ClusterError, crds},
    controller::UnderTest,
    timeouts::scaled,
};

/// How the old controller goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum How {
    /// As a Deployment does it: the new one is started and healthy, then the old one gets SIGTERM.
    #[default]
    Rolling,
    /// The old one is killed (-9), then the new one is started.
    Kill,
}

/// Controllers that come up at the same time: more starve each other on few cores.
const AT_ONCE: usize = 6;

/// How long the API server may take to serve the custom resources anew.
const SERVED_WITHIN: Duration = Duration::from_secs(60);

/// What the controllers of a run are replaced by.
#[derive(Debug)]
pub struct Swap {
    /// The release before.
    pub from: Version,
    /// The one after.
    pub to: UnderTest,
    /// How the old one goes.
    pub how: How,
    meeting: Meeting,
    starts: Semaphore,
}

impl Swap {
    /// For the scenarios of these ids, which all run at the same time.
    pub fn new(from: Version, to: UnderTest, how: How, ids: impl IntoIterator<Item = String>) -> Self {
        Self { from, to, how, meeting: Meeting::of(ids), starts: Semaphore::new(AT_ONCE) }
    }

    /// A scenario has ended: nobody waits for it.
    pub fn ended(&self, id: &str) {
        self.meeting.strike(id);
    }

    /// Waits until every scenario is at its swap, and the new release's custom resources are served.
    ///
    /// # Errors
    /// When they cannot be applied, in words.
    pub async fn meet(&self, id: &str, client: &Client) -> Result<(), String> {
        let work = async || {
            let applied = apply_crds(client, &self.to).await;
            applied.map_err(|error| crate::run::trouble::chain(&error))
        };
        self.meeting.meet(id, work).await
    }

    /// Held while a controller is brought up.
    pub async fn start_permit(&self) -> Option<SemaphorePermit<'_>> {
        self.starts.acquire().await.ok()
    }
}

/// Applies the custom resources of a release, and waits until they are served.
pub(super) async fn apply_crds(client: &Client, of: &UnderTest) -> Result<(), ClusterError> {
    let Some(files) = &of.files else { return Ok(()) };
    let crds = crds::read(files.manifests.crds())?;
    let refused = |name: &str, why: String| ClusterError::Crd { path: name.into(), why };
    for crd in &crds {
        crd.apply(client).await.map_err(|error| refused(&crd.served.name, error.to_string()))?;
    }
    let served = async {
        for served in crds.iter().map(|crd| &crd.served) {
            while !served.is_served(client).await.map_err(|error| refused(&served.name, error.to_string()))? {
                tokio::time::sleep(Duration::from_millis(50)).await;
            }
        }
        Ok(())
    };
    let within = scaled(SERVED_WITHIN);
    let late = || refused("the new release's custom resources", format!("not served within {within:?}"));
    tokio::time::timeout(within, served).await.unwrap_or_else(|_| Err(late()))
}
