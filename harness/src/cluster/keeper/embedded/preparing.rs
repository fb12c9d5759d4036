//! Prepared data, from a plane and into a plane: see [`crate::cluster::prepared`].
//!
//! The API server looks for etcd at a name that is not there yet when it is started. It appears when etcd has what was
//! prepared: so the API server never sees half of it, and is not started a moment later for it.

use std::{cell::RefCell, io, os::unix::fs::symlink};

use super::{super::progress::Reached, store::Store};
use crate::{
    cluster::{
        components::{ETCD_SOCKET, STORE_SOCKET},
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

impl<'a> Preparing<'a> {
    /// `source`: where prepared data is of use.
    pub fn new(dir: &'a PlaneDir, order: &'a Order, source: Option<&'a EmbeddedSource>) -> Self {
        let shelf = source.and_then(|source| Some((source, Shelf::at(source.prepared.as_ref()?))));
        Self { dir, order, shelf, key: RefCell::default(), due: RefCell::default() }
    }

    /// Puts what was prepared, if anything was, into etcd, which is starting; then lets the API server at it. Answers
    /// which CRDs are there.
    pub async fn restore(&self, reached: &Reached<'_>) -> io::Result<Option<Vec<Served>>> {
        let restored = match self.look().await {
            Ok(entry) => self.fill(entry).await.map(Some),
            Err(Unusable::Missing) => Ok(None),
            Err(Unusable::Damaged(why)) => Err(why),
        };
        connect(self.dir)?;
        Ok(restored.unwrap_or_else(|why| {
            reached.notice(&format!("prepared data cannot be used, so this control plane is installed: {why}"));
            None
        }))
    }

    async fn look(&self) -> Result<Entry, Unusable> {
        let Some((source, shelf)) = self.shelf.clone() else { return Err(Unusable::Missing) };
        let (source, crds) = (source.clone(), self.order.crds.clone());
        let looking = tokio::task::spawn_blocking(move || {
            let key = prepared::key(&source, &crds).ok()?;
            Some((shelf.get(&key), key))
        });
        // A CRD that cannot be read is told by who needs it.
        let Some((entry, key)) = looking.await.ok().flatten() else { return Err(Unusable::Missing) };
        self.key.replace(Some(key));
        entry
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

/// Lets the API server find etcd.
pub(super) fn connect(dir: &PlaneDir) -> io::Result<()> {
    // Relative: in a container the directory may have another path.
    symlink(ETCD_SOCKET, dir.path().join(STORE_SOCKET))
}
