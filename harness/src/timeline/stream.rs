//! One kind's account of what its watch delivered: the order within the kind, duplicates dropped,
//! and after a relist an honest mark of what was missed. Pure: fed by [`super::watch`] or by tests.

use std::collections::HashMap;

use serde_json::Value;

use super::{kind::Kind, marker::MARKER};

/// What a stream tells the log.
#[derive(Debug, Clone, PartialEq)]
pub enum Observation {
    /// A version of an object was seen.
    Seen {
        /// Its kind.
        kind: Kind,
        /// The object, or its last version when it was deleted.
        object: Value,
        /// The write that is seen: the object's resourceVersion, for a deletion that of the deletion.
        rv: u64,
        /// It was deleted.
        deleted: bool,
    },
    /// The stream has come to this resourceVersion without news of an object.
    Reached {
        /// The stream's kind.
        kind: Kind,
        /// Everything up to here was delivered.
        rv: u64,
    },
    /// States were missed.
    Missed(Gap),
}

/// A stretch of one kind's history that nobody saw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Gap {
    /// The kind.
    pub kind: Kind,
    /// The last resourceVersion that was delivered.
    pub after: u64,
    /// The resourceVersion of the list with which the stream went on.
    pub until: u64,
}

/// The account of one kind.
#[derive(Debug)]
pub struct Stream {
    kind: Kind,
    reached: Option<u64>,
    /// uid -> resourceVersion and last known version, of the objects that exist.
    known: HashMap<String, (u64, Value)>,
}

impl Stream {
    /// An account that nothing was delivered to yet.
    pub fn new(kind: Kind) -> Self {
        Self { kind, reached: None, known: HashMap::new() }
    }

    /// Its kind.
    pub fn kind(&self) -> Kind {
        self.kind
    }

    /// The resourceVersion to watch from; None before the first list.
    pub fn reached(&self) -> Option<u64> {
        self.reached
    }

    /// A list, whole, at the collection's resourceVersion `rv`. The first one begins the account;
    /// a later one ends a gap: what changed is seen in its newest version only, what is gone is
    /// seen as deleted somewhere before `rv`.
    pub fn listed(&mut self, items: Vec<Value>, rv: u64) -> Vec<Observation> {
        let mut out = Vec::new();
        if let Some(after) = self.reached {
            out.push(Observation::Missed(Gap { kind: self.kind, after, until: rv }));
        }
        let mut gone = std::mem::take(&mut self.known);
        let mut items: Vec<(u64, Value)> = items.into_iter().map(|o| (resource_version(&o), o)).collect();
        items.sort_by_key(|(rv, _)| *rv);
        for (item_rv, object) in items {
            let uid = uid(&object).to_owned();
            let before = gone.remove(&uid);
            if before.is_none_or(|(known, _)| known < item_rv) {
                out.push(self.seen(object.clone(), item_rv, false));
            }
            self.known.insert(uid, (item_rv, object));
        }
        let mut gone: Vec<_> = gone.into_values().collect();
        gone.sort_by_key(|(rv, _)| *rv);
        out.extend(gone.into_iter().map(|(_, object)| self.seen(object, rv, true)));
        self.reached = Some(self.reached.unwrap_or(0).max(rv));
        out.push(Observation::Reached { kind: self.kind, rv });
        out
    }

    /// An object was added or modified.
    pub fn changed(&mut self, object: Value) -> Vec<Observation> {
        let rv = resource_version(&object);
        let uid = uid(&object).to_owned();
        // A watch that was taken up again may repeat what was already delivered.
        if self.known.get(&uid).is_some_and(|(known, _)| *known >= rv) || self.reached.is_some_and(|r| r >= rv) {
            return Vec::new();
        }
        self.known.insert(uid, (rv, object.clone()));
        self.reached = Some(rv);
        self.news(object, rv, false)
    }

    /// An object was deleted; the server gives its last version with the deletion's resourceVersion.
    pub fn deleted(&mut self, object: Value) -> Vec<Observation> {
        let rv = resource_version(&object);
        if self.reached.is_some_and(|r| r >= rv) {
            return Vec::new();
        }
        self.known.remove(uid(&object));
        self.reached = Some(rv);
        self.news(object, rv, true)
    }

    /// A bookmark: everything up to `rv` was delivered.
    pub fn bookmark(&mut self, rv: u64) -> Vec<Observation> {
        if self.reached.is_some_and(|r| r >= rv) {
            return Vec::new();
        }
        self.reached = Some(rv);
        vec![Observation::Reached { kind: self.kind, rv }]
    }

    fn news(&self, object: Value, rv: u64, deleted: bool) -> Vec<Observation> {
        vec![self.seen(object, rv, deleted), Observation::Reached { kind: self.kind, rv }]
    }

    fn seen(&self, object: Value, rv: u64, deleted: bool) -> Observation {
        // Nor is what controllers have to say of a marker of interest to anybody.
        if object["metadata"]["name"] == MARKER || object["involvedObject"]["name"] == MARKER {
            return Observation::Reached { kind: self.kind, rv };
        }
        Observation::Seen { kind: self.kind, object, rv, deleted }
    }
}

/// `metadata.resourceVersion` as a number; 0 where there is none.
pub fn resource_version(object: &Value) -> u64 {
    object["metadata"]["resourceVersion"].as_str().and_then(|rv| rv.parse().ok()).unwrap_or(0)
}

/// `metadata.uid`; empty where there is none.
pub fn uid(object: &Value) -> &str {
    object["metadata"]["uid"].as_str().unwrap_or_default()
}

#[cfg(test)]
#[path = "stream_tests.rs"]
mod tests;
