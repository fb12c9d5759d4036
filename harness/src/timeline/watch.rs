//! The raw watches: one list and then one endless watch for each kind, taken up again where it was
//! cut. (`kube`'s own `watcher` hides relists; here they leave a mark.)

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use futures::StreamExt;
use jiff::Timestamp;
use k8s_openapi::api::core::v1::Namespace;
use kube::{
    Api, Client,
    core::{Request, WatchEvent, params::ListParams, params::WatchParams},
};
use serde_json::Value;
use tokio::{
    sync::{Notify, watch},
    task::JoinHandle,
};

use super::{
    kind::Kind,
    log::Log,
    stream::{Observation, Stream},
};

/// How long a watch that was cut waits before it is taken up again: at first, and at most.
const BACKOFF: (Duration, Duration) = (Duration::from_millis(50), Duration::from_secs(2));

/// A kind that is watched besides [`Kind::ALL`].
#[derive(Debug, Clone)]
pub struct Watched {
    /// The kind.
    pub kind: Kind,
    /// An object of it, if one is known: what its marker is like ([`super::marker`]).
    pub like: Option<Value>,
}

/// The open watches on one namespace and the log that they fill. Closed when dropped.
pub struct Timeline {
    pub(super) shared: Arc<Shared>,
    pub(super) client: Client,
    pub(super) namespace: String,
    pub(super) kinds: Vec<Kind>,
    tasks: Vec<JoinHandle<()>>,
}

/// What the streams' tasks and the readers share.
pub(super) struct Shared {
    log: Mutex<Log>,
    /// Counts what arrived; readers wait for it to change.
    changed: watch::Sender<u64>,
    /// The streams that are cut just now, and why.
    cut: Mutex<BTreeMap<Kind, String>>,
    /// Makes a stream drop its watch and take it up again.
    nudges: BTreeMap<Kind, Notify>,
}

impl Timeline {
    /// Opens the watches on `namespace`, those of [`Kind::ALL`] and of `others`, and returns when each
    /// has its first list: whatever is written from now on will be seen.
    ///
    /// # Errors
    /// If a marker can't be made or a kind can't be listed.
    pub async fn open(client: Client, namespace: &str, others: &[Watched]) -> Result<Self, kube::Error> {
        let always = Kind::ALL.map(|kind| Watched { kind, like: None });
        let watched: Vec<&Watched> = always.iter().chain(others).collect();
        let kinds: Vec<Kind> = watched.iter().map(|watched| watched.kind).collect();
        let shared = Arc::new(Shared {
            log: Mutex::default(),
            changed: watch::Sender::new(0),
            cut: Mutex::default(),
            nudges: kinds.iter().map(|kind| (*kind, Notify::new())).collect(),
        });
        let mut timeline = Self { shared, client, namespace: namespace.to_owned(), kinds, tasks: Vec::new() };
        let uid = Api::<Namespace>::all(timeline.client.clone()).get_metadata(namespace).await?.metadata.uid;
        let uid = uid.unwrap_or_default();
        futures::future::try_join_all(watched.iter().map(|w| timeline.make_marker(w.kind, &uid, w.like.as_ref())))
            .await?;
        let first = timeline.kinds.iter().map(|kind| {
            let follower = Follower {
                stream: Stream::new(*kind),
                client: timeline.client.clone(),
                path: kind.path(namespace),
                shared: Arc::clone(&timeline.shared),
            };
            follower.begin()
        });
        for follower in futures::future::try_join_all(first).await? {
            timeline.tasks.push(tokio::spawn(follower.follow()));
        }
        Ok(timeline)
    }

    /// The log as it is now. Hold the guard only for as long as it takes to read.
    pub fn log(&self) -> MutexGuard<'_, Log> {
        self.shared.log()
    }

    /// What is watched.
    pub fn kinds(&self) -> &[Kind] {
        &self.kinds
    }

    /// Takes the watches on custom resources up anew, and completes the log: the API server ends those watches, now or
    /// later, when a definition is applied anew, and what was missed then is a gap. Better here than where it matters.
    ///
    /// # Errors
    /// See [`super::BarrierError`].
    pub async fn renew(&self) -> Result<u64, super::BarrierError> {
        let custom = self.kinds.iter().filter(|kind| kind.api_version().starts_with("argoproj.io/"));
        custom.for_each(|kind| self.shared.nudge(*kind));
        self.barrier().await?;
        // The list that ends a gap may be younger than the marks of that barrier; those of the next one are younger still.
        self.barrier().await
    }

    /// A receiver that wakes whenever something arrived.
    pub fn arrivals(&self) -> watch::Receiver<u64> {
        self.shared.changed.subscribe()
    }
}

impl Drop for Timeline {
    fn drop(&mut self) {
        self.tasks.iter().for_each(JoinHandle::abort);
    }
}

impl Shared {
    pub(super) fn log(&self) -> MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Why a stream is cut just now, if it is.
    pub(super) fn cut(&self, kind: Kind) -> Option<String> {
        self.cut.lock().unwrap_or_else(PoisonError::into_inner).get(&kind).cloned()
    }

    /// Makes the stream of `kind` drop its watch and take it up again: a watch on a CRD that was
    /// applied anew may have gone silent without an end.
    pub(super) fn nudge(&self, kind: Kind) {
        if let Some(nudge) = self.nudges.get(&kind) {
            nudge.notify_one();
        }
    }

    fn record(&self, observations: Vec<Observation>) {
        if observations.is_empty() {
            return;
        }
        let now = Timestamp::now();
        {
            let mut log = self.log();
            observations.into_iter().for_each(|observation| log.record(observation, now));
        }
        self.changed.send_modify(|n| *n += 1);
    }

    fn set_cut(&self, kind: Kind, why: Option<String>) {
        let mut cut = self.cut.lock().unwrap_or_else(PoisonError::into_inner);
        match why {
            Some(why) => cut.insert(kind, why),
            None => cut.remove(&kind),
        };
    }
}

/// One kind's task.
struct Follower {
    stream: Stream,
    client: Client,
    path: String,
    shared: Arc<Shared>,
}

/// How a watch ended.
enum End {
    /// It may be taken up where it was.
    Cut(String),
    /// The server no longer has what came after; only a list helps.
    Expired,
}

impl Follower {
    async fn begin(mut self) -> Result<Self, kube::Error> {
        self.list().await?;
        Ok(self)
    }

    /// A consistent list: no resourceVersion is asked for, so the server answers with the newest.
    async fn list(&mut self) -> Result<(), kube::Error> {
        let request = Request::new(&self.path).list(&ListParams::default()).map_err(kube::Error::BuildRequest)?;
        let list: Value = self.client.request(request).await?;
        let rv = super::stream::resource_version(&list);
        let (api_version, kind) = (self.stream.kind().api_version(), self.stream.kind().name());
        let items = list["items"].as_array().cloned().unwrap_or_default().into_iter();
        // The items of a typed list don't repeat their kind.
        let items = items.map(|mut item| {
            item["apiVersion"] = api_version.into();
            item["kind"] = kind.into();
            item
        });
        let observations = self.stream.listed(items.collect(), rv);
        self.shared.record(observations);
        Ok(())
    }

    async fn follow(mut self) {
        let mut backoff = BACKOFF.0;
        loop {
            let before = self.stream.reached();
            let why = match self.watch().await {
                End::Cut(why) => why,
                End::Expired => match self.list().await {
                    Ok(()) => continue,
                    Err(error) => error.to_string(),
                },
            };
            if self.stream.reached() != before {
                backoff = BACKOFF.0;
            }
            self.shared.set_cut(self.stream.kind(), Some(why));
            tokio::time::sleep(backoff).await;
            backoff = (backoff * 2).min(BACKOFF.1);
        }
    }

    /// Follows one watch to its end.
    async fn watch(&mut self) -> End {
        let shared = Arc::clone(&self.shared);
        let kind = self.stream.kind();
        let from = self.stream.reached().unwrap_or(0).to_string();
        let params = WatchParams { bookmarks: true, ..WatchParams::default() };
        let request = match Request::new(&self.path).watch(&params, &from) {
            Ok(request) => request,
            Err(error) => return End::Cut(error.to_string()),
        };
        let mut events = match self.client.request_events::<Value>(request).await {
            Ok(events) => events.boxed(),
            Err(kube::Error::Api(status)) if is_expired(status.code) => return End::Expired,
            Err(error) => return End::Cut(error.to_string()),
        };
        self.shared.set_cut(kind, None);
        let nudged = async {
            match shared.nudges.get(&kind) {
                Some(nudge) => nudge.notified().await,
                None => std::future::pending().await,
            }
        };
        tokio::pin!(nudged);
        loop {
            // The nudge first: whoever nudges and then waits for a write that came after it has a new watch.
            let event = tokio::select! {
                biased;
                () = &mut nudged => return End::Cut("the watch was to be taken up anew".into()),
                event = events.next() => event,
            };
            let observations = match event {
                None => return End::Cut("the server ended the watch".into()),
                Some(Err(error)) => return End::Cut(error.to_string()),
                Some(Ok(WatchEvent::Error(status))) if is_expired(status.code) => return End::Expired,
                Some(Ok(WatchEvent::Error(status))) => return End::Cut(status.message.clone()),
                Some(Ok(WatchEvent::Added(object) | WatchEvent::Modified(object))) => self.stream.changed(object),
                Some(Ok(WatchEvent::Deleted(object))) => self.stream.deleted(object),
                Some(Ok(WatchEvent::Bookmark(mark))) => {
                    self.stream.bookmark(mark.metadata.resource_version.parse().unwrap_or(0))
                }
            };
            self.shared.record(observations);
        }
    }
}

/// `410 Gone`: the resourceVersion to watch from is too old.
fn is_expired(code: u16) -> bool {
    code == 410
}
