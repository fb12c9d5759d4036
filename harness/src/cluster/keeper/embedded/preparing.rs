//! Prepared data, from a plane and into a plane: see [`crate::cluster::prepared`].
//!
//! Keys and values go into etcd before the API server is started: that looks for etcd in its first moments, and if it
//! does not find it, once a second.

use std::cell::RefCell;

use tokio::task::JoinHandle;

use super::{super::progress::Reached, store::Store};
use crate::{
    cluster::{
        crds::{Crd, Served},
        prepared::{self, Entry, KEPT, Shelf, Unusable},
        request::{EmbeddedSource, Order},
        state::PlaneDir,
    },
    process::journal::note,
};

/// The prepared data of one plane.
pub(super) struct Preparing<'a> {
    dir: &'a PlaneDir,
    order: &'a Order,
    /// What the plane is made of, and where data of such a plane may be kept.
    shelf: Option<(&'a EmbeddedSource, Shelf)>,
    /// What is to be kept under which key.
    key: RefCell<Option<String>>,
    due: RefCell<Option<Due>>,
}

/// At this revision there is all that is to be kept, and nothing of a user's.
struct Due {
    revision: u64,
    crds: Vec<Served>,
}

/// A look that is under way, where there is anything to look at.
pub(super) struct Looking(Option<JoinHandle<Option<Found>>>);

struct Found {
    key: String,
    entry: Result<Entry, Unusable>,
}

impl<'a> Preparing<'a> {
    /// `source`: where prepared data is of use.
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: Option<&'a EmbeddedSource>) -> Self {
        let shelf = source.and_then(|source| Some((source, Shelf::at(source.prepared.as_ref()?))));
        Self { dir, order, shelf, key: RefCell::default(), due: RefCell::default() }
    }

    /// Looks for what was prepared; beside other things, for it reads some megabytes.
    pub fn look(&self) -> Looking {
        let found = self.shelf.clone().map(|(source, shelf)| {
            let (source, crds) = (source.clone(), self.order.crds.clone());
            tokio::task::spawn_blocking(move || {
                // A CRD that cannot be read is told by who needs it.
                let key = prepared::key(&source, &crds).ok()?;
                Some(Found { entry: shelf.get(&key), key })
            })
        });
        Looking(found)
    }

    /// Puts what was found, if anything was, into etcd, which is starting. Answers which CRDs are there then.
    pub async fn restore(&self, looking: Looking, reached: &Reached<'_>) -> Option<Vec<Served>> {
        let Found { key, entry } = looking.0?.await.ok().flatten()?;
        self.key.replace(Some(key));
        let restored = match entry {
            Ok(entry) => self.fill(entry).await,
            Err(Unusable::Missing) => return None,
            Err(Unusable::Damaged(why)) => Err(why),
        };
        let notice = |why: &String| {
            reached.notice(&format!("prepared data cannot be used, so this control plane is installed: {why}"));
        };
        restored.inspect_err(notice).ok()
    }

    async fn fill(&self, entry: Entry) -> Result<Vec<Served>, String> {
        let store = Store::of(self.dir).map_err(|error| error.to_string())?;
        store.listens().await;
        store.put(&entry.pairs).await?;
        Ok(entry.crds)
    }

    /// To be called when a plane that was installed has all that is to be kept, and nobody uses it yet.
    pub async fn mark(&self, crds: &[Crd]) {
        if self.key.borrow().is_none() {
            return;
        }
        let revision = async { Store::of(self.dir).map_err(|error| error.to_string())?.revision().await };
        match revision.await {
            Ok(revision) => {
                let crds = crds.iter().map(|crd| crd.served.clone()).collect();
                self.due.replace(Some(Due { revision, crds }));
            }
            Err(why) => note(&format!("keeper: nothing will be prepared: {why}")),
        }
    }

    /// Keeps the data of that moment for other planes. What goes wrong is nobody's trouble: the next plane is
    /// installed, too.
    pub async fn keep(&self) {
        let (Some(due), Some(key)) = (self.due.take(), self.key.take()) else { return };
        if let Err(why) = self.kept(key, due).await {
            note(&format!("keeper: nothing was prepared: {why}"));
        }
    }

    async fn kept(&self, key: String, due: Due) -> Result<(), String> {
        let Some((_, shelf)) = self.shelf.clone() else { return Ok(()) };
        let store = Store::of(self.dir).map_err(|error| error.to_string())?;
        let mut pairs = Vec::new();
        for prefix in KEPT {
            pairs.extend(store.range(prefix, due.revision).await?);
        }
        let entry = Entry { crds: due.crds, pairs };
        let writing = tokio::task::spawn_blocking(move || shelf.put(&key, &entry));
        writing.await.map_err(|error| error.to_string())?.map_err(|error| error.to_string())
    }
}
