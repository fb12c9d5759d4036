//! A fence proves that the controller has reconciled a Rollout once more, with everything in sight
//! that had been written before.
//!
//! The newest ReplicaSet of the Rollout is annotated, twice; its changes make the controller enqueue
//! the Rollout. (An annotation of the Rollout itself would be copied to ReplicaSets, a write of its
//! own.) Then the log must show, in this order:
//!
//! 1. two lines `Enqueueing parent of NS/REPLICASET: Rollout NS/NAME`, written after the fence was
//!    begun: so many changes of this ReplicaSet have reached the controller's informer;
//! 2. `Started syncing rollout` of this Rollout, after the last line of form 1, and with a
//!    `resourceVersion` that is not older than what the API server had before the fence;
//! 3. `Reconciliation completed` of this Rollout. One key is never reconciled by two workers at once,
//!    so it belongs to 2.
//!
//! So no reconcile that was in flight, and none that was queued with older objects, is mistaken for
//! it. Why two: an earlier change of that ReplicaSet that is still under way to the controller makes a
//! line 1 too; one such change can then not stand for both annotations, so at least the first one
//! has arrived, and with it (one watch, in order) all that was written to ReplicaSets before. The
//! *position* of line 2 proves nothing by itself: a reconcile may be over (it takes a millisecond)
//! before the answer to the annotation has been read.
//!
//! Where there is no ReplicaSet the Rollout itself is annotated: there is nothing to copy to, and
//! its own resourceVersion in line 2 proves that the annotation was seen.
//!
//! A log that is written by somebody else ([`Log::is_behind`]) may not show yet what the controller had
//! said before the fence, so lines after `from` could be old. Then the Rollout is touched first (a new
//! resourceVersion, nothing else), and the fence begins behind the line that names that version: the
//! log is one stream, so all that stands further on was said later.
//!
//! Where several controllers write one log, all three lines must be of the same one: each of them sees the
//! ReplicaSet's changes, and only one of them reconciles the Rollout.
//!
//! All three lines are of level `info`, in every release since 1.0.

use std::{
    collections::BTreeMap,
    io,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::Value;

use super::log::{Log, LogLine, render};
use crate::{
    act::{ActError, Actor},
    scenario::model::Annotate,
};

/// The annotation of a fence; its value is different each time.
pub const ANNOTATION: &str = "proofroll/fence";

/// How often the log is looked at.
pub(super) const INTERVAL: Duration = Duration::from_millis(5);

/// After this time the ReplicaSet is annotated once more: a watch that was cut shows only the last of
/// several changes when it is taken up again.
pub(super) const AGAIN: Duration = Duration::from_secs(2);

/// How many lines of the log go into an error.
const SHOWN: usize = 30;

const ENQUEUED: &str = "Enqueueing parent of ";
const STARTED: &str = "Started syncing rollout";
const COMPLETED: &str = "Reconciliation completed";

/// A fence that was passed.
#[derive(Debug, Clone, PartialEq)]
pub struct Fenced {
    /// Where the log stood when the fence was begun, bytes.
    pub from: u64,
    /// The reconcile's first line.
    pub started: LogLine,
    /// Its last line.
    pub completed: LogLine,
    /// The Rollout's resourceVersion that it worked with; None where the log does not say.
    pub resource_version: Option<u64>,
}

/// Why a fence was not passed.
#[derive(Debug, thiserror::Error)]
pub enum FenceError {
    /// The annotation could not be written.
    #[error("cannot set a fence: {0}")]
    Annotate(#[from] ActError),
    /// The log cannot be read.
    #[error("cannot read the controller's log: {0}")]
    Log(#[from] io::Error),
    /// No reconcile in time.
    #[error(
        "no further reconcile of {namespace}/{rollout} within {within:?}: {missing}; the log since then:\n{}",
        render(lines)
    )]
    TimedOut {
        /// The namespace.
        namespace: String,
        /// The Rollout.
        rollout: String,
        /// How long was waited.
        within: Duration,
        /// What did not happen.
        missing: &'static str,
        /// The log since the annotation, its end.
        lines: Vec<LogLine>,
    },
}

/// Sets fences for the Rollouts of one namespace.
#[derive(Debug, Clone)]
pub struct Fence<'a> {
    actor: &'a Actor,
    log: &'a Log,
    namespace: &'a str,
}

impl<'a> Fence<'a> {
    /// `actor` acts in `namespace`, and `log` is that of the controller that serves it.
    pub fn new(actor: &'a Actor, log: &'a Log, namespace: &'a str) -> Self {
        Self { actor, log, namespace }
    }

    /// Passes one fence.
    ///
    /// # Errors
    /// See [`FenceError`].
    pub async fn pass(&self, rollout: &str, within: Duration) -> Result<Fenced, FenceError> {
        if !self.log.is_behind() {
            return self.pass_from(rollout, self.log.position()?, within).await;
        }
        let from = self.log.position()?;
        let touched = self.actor.touch(rollout).await?;
        let from = self.caught_up(rollout, touched, from, within).await?;
        self.pass_from(rollout, from, within).await
    }

    /// Waits until the log shows a reconcile with this version of the Rollout; answers where. Before 1.10 the touch
    /// itself may be lost, overwritten in the informer when a reconcile ends (#4694): then it is done again.
    async fn caught_up(&self, rollout: &str, version: u64, from: u64, within: Duration) -> Result<u64, FenceError> {
        let mut tail = self.log.tail(from);
        let looking = async {
            let mut again = Instant::now() + AGAIN;
            loop {
                for line in tail.next_lines()? {
                    let recent = line_version(&line).is_some_and(|seen| seen >= version);
                    if recent && line.msg() == STARTED && line.is_about(self.namespace, rollout) {
                        return Ok::<_, FenceError>(line.end);
                    }
                }
                if Instant::now() >= again {
                    self.actor.touch(rollout).await?;
                    again += AGAIN;
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        match tokio::time::timeout(within, looking).await {
            Ok(outcome) => outcome,
            Err(_) => {
                let missing = "none was started with the Rollout as it was then";
                Err(self.timed_out(rollout, missing, within, from)?)
            }
        }
    }

    async fn pass_from(&self, rollout: &str, from: u64, within: Duration) -> Result<Fenced, FenceError> {
        let object = self.actor.rollout(rollout).await?;
        let newest = newest(self.actor.replica_sets(&object).await?);
        let mut search = Search::new((self.namespace, rollout), newest.as_deref(), from, resource_version(&object));
        let newest = newest.as_deref().map(|name| ("ReplicaSet.apps", name));
        match newest {
            Some(_) => {
                for _ in 0..search.awaited {
                    self.annotate(rollout, newest).await?;
                }
            }
            None => search.resource_version = self.annotate(rollout, None).await?,
        }
        let mut tail = self.log.tail(from);
        let mut searches = Searches { blank: search, by_writer: BTreeMap::new() };
        let looking = async {
            let mut again = Instant::now() + AGAIN;
            loop {
                for line in tail.next_lines()? {
                    if let Some(fenced) = searches.read(line) {
                        return Ok::<_, FenceError>(fenced);
                    }
                }
                if newest.is_some() && searches.furthest().awaited > 0 && Instant::now() >= again {
                    self.annotate(rollout, newest).await?;
                    again += AGAIN;
                }
                tokio::time::sleep(INTERVAL).await;
            }
        };
        match tokio::time::timeout(within, looking).await {
            Ok(outcome) => outcome,
            Err(_) => Err(self.timed_out(rollout, searches.furthest().missing(), within, from)?),
        }
    }

    /// Answers the new resourceVersion of what it annotated.
    async fn annotate(&self, rollout: &str, object: Option<(&str, &str)>) -> Result<u64, ActError> {
        let value = Timestamp::now().as_nanosecond().to_string();
        let annotate = Annotate {
            kind: object.map(|(kind, _)| kind.to_owned()),
            name: object.map(|(_, name)| name.to_owned()),
            annotations: BTreeMap::from([(ANNOTATION.to_owned(), Some(value))]),
        };
        let done = self.actor.annotate(rollout, &annotate).await?;
        Ok(done.objects.first().map_or(0, |object| object.resource_version))
    }

    fn timed_out(&self, rollout: &str, missing: &'static str, within: Duration, from: u64) -> io::Result<FenceError> {
        let mut lines = self.log.slice(from, u64::MAX)?;
        let lines = lines.split_off(lines.len().saturating_sub(SHOWN));
        Ok(FenceError::TimedOut {
            namespace: self.namespace.to_owned(),
            rollout: rollout.to_owned(),
            within,
            missing,
            lines,
        })
    }
}

/// How many reconciles of the Rollout began in this part of the log.
///
/// # Errors
/// The log cannot be read.
pub fn reconciles(log: &Log, namespace: &str, rollout: &str, from: u64, to: u64) -> io::Result<usize> {
    let lines = log.slice(from, to)?;
    Ok(lines.iter().filter(|line| line.msg() == STARTED && line.is_about(namespace, rollout)).count())
}

/// One search for each of the controllers that write the log.
struct Searches<'a> {
    /// One that has found nothing yet.
    blank: Search<'a>,
    by_writer: BTreeMap<String, Search<'a>>,
}

impl<'a> Searches<'a> {
    fn read(&mut self, line: LogLine) -> Option<Fenced> {
        if !self.by_writer.contains_key(line.writer()) {
            self.by_writer.insert(line.writer().to_owned(), self.blank.clone());
        }
        self.by_writer.get_mut(line.writer())?.read(line)
    }

    /// The one that has found most.
    fn furthest(&self) -> &Search<'a> {
        let far = |search: &&Search<'_>| (std::cmp::Reverse(search.awaited), search.started.is_some());
        self.by_writer.values().max_by_key(far).unwrap_or(&self.blank)
    }
}

/// Looks for the lines of a fence, one after the other.
#[derive(Debug, Clone)]
pub(super) struct Search<'a> {
    namespace: &'a str,
    rollout: &'a str,
    from: u64,
    /// Of the Rollout, before the fence.
    pub(super) resource_version: u64,
    /// The line that shows that a change of the ReplicaSet has arrived.
    pub(super) trigger: Option<String>,
    /// How many of them are still to come.
    pub(super) awaited: u32,
    started: Option<LogLine>,
}

impl<'a> Search<'a> {
    /// For a Rollout, by namespace and name, with this ReplicaSet as its newest and of this version, from there on.
    pub(super) fn new(
        (namespace, rollout): (&'a str, &'a str),
        newest: Option<&str>,
        from: u64,
        resource_version: u64,
    ) -> Self {
        let trigger = newest.map(|newest| format!("{ENQUEUED}{namespace}/{newest}: Rollout {namespace}/{rollout}"));
        let awaited = if trigger.is_some() { 2 } else { 0 };
        Self { namespace, rollout, from, resource_version, trigger, awaited, started: None }
    }

    pub(super) fn read(&mut self, line: LogLine) -> Option<Fenced> {
        if self.trigger.as_deref() == Some(line.msg()) {
            self.awaited = self.awaited.saturating_sub(1);
            // What runs already may have begun without this change.
            self.started = None;
        } else if line.is_about(self.namespace, self.rollout) {
            if line.msg() == STARTED {
                let recent = line_version(&line).is_none_or(|version| version >= self.resource_version);
                self.started = (self.awaited == 0 && recent).then_some(line);
            } else if line.msg() == COMPLETED {
                let started = self.started.take()?;
                let resource_version = line_version(&started);
                return Some(Fenced { from: self.from, started, completed: line, resource_version });
            }
        }
        None
    }

    pub(super) fn missing(&self) -> &'static str {
        match (self.awaited, &self.started) {
            (1.., _) => "a change of its ReplicaSet did not reach the controller",
            (0, None) => "none was started with the Rollout as it was then",
            (0, Some(_)) => "one was started and did not end",
        }
    }
}

fn line_version(line: &LogLine) -> Option<u64> {
    line.field("resourceVersion").parse().ok()
}

fn resource_version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|v| v.parse().ok()).unwrap_or(0)
}

/// The ReplicaSet of the highest revision (the one that is not torn down by the history limit).
fn newest(replica_sets: Vec<Value>) -> Option<String> {
    let revision = |rs: &Value| {
        let annotation = rs["metadata"]["annotations"]["rollout.argoproj.io/revision"].as_str();
        annotation.and_then(|r| r.parse::<u64>().ok()).unwrap_or(0)
    };
    let newest = replica_sets.iter().max_by_key(|rs| revision(rs))?;
    newest["metadata"]["name"].as_str().map(str::to_owned)
}

#[cfg(test)]
#[path = "fence_tests.rs"]
mod tests;
