//! The state of the namespace at one point: the newest version of every object.

use std::{collections::BTreeMap, sync::Arc};

use super::{history::Entry, kind::Kind, object::Object};
use crate::rollout::{Pod, ReplicaSet, Rollout, Service, info::RolloutInfo};

/// Everything that exists at one point of the history.
#[derive(Debug, Clone, Default)]
pub struct World {
    objects: BTreeMap<(Kind, String), Arc<Object>>,
    /// (Rollout's uid, revision) -> uid of the ReplicaSet that bore the number last.
    holders: BTreeMap<(String, u64), String>,
    /// The write that led here.
    latest: Option<Arc<Object>>,
}

impl World {
    /// One write later. Returns the version that it replaces.
    pub fn apply(&mut self, entry: &Entry) -> Option<Arc<Object>> {
        let object = &entry.object;
        self.latest = (!entry.deleted).then(|| Arc::clone(object));
        let key = (object.kind, object.uid.clone());
        if entry.deleted {
            return self.objects.remove(&key);
        }
        if let Some(set) = object.replica_set().filter(|set| set.revision() > 0) {
            for owner in set.metadata.owners.iter().filter(|owner| owner.controller) {
                self.holders.insert((owner.uid.clone(), set.revision()), object.uid.clone());
            }
        }
        self.objects.insert(key, Arc::clone(object))
    }

    /// The object whose write led here; None if that was a deletion.
    pub fn latest(&self) -> Option<&Arc<Object>> {
        self.latest.as_ref()
    }

    /// All objects of a kind.
    pub fn objects(&self, kind: Kind) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.range((kind, String::new())..).take_while(move |((k, _), _)| *k == kind).map(|(_, object)| object)
    }

    /// The Rollout of this name.
    pub fn rollout(&self, name: &str) -> Option<&Rollout> {
        self.rollout_object(name)?.rollout()
    }

    /// The Rollout of this name, as an object.
    pub fn rollout_object(&self, name: &str) -> Option<&Arc<Object>> {
        self.objects(Kind::Rollout).find(|object| object.name == name)
    }

    /// All Rollouts.
    pub fn rollouts(&self) -> impl Iterator<Item = &Rollout> {
        self.objects(Kind::Rollout).filter_map(|object| object.rollout())
    }

    /// The ReplicaSets that the Rollout with this uid owns.
    pub fn replica_sets(&self, rollout_uid: &str) -> impl Iterator<Item = &ReplicaSet> {
        self.objects(Kind::ReplicaSet)
            .filter_map(|object| object.replica_set())
            .filter(move |set| set.metadata.is_owned_by(rollout_uid))
    }

    /// All pods.
    pub fn pods(&self) -> impl Iterator<Item = &Pod> {
        self.objects(Kind::Pod).filter_map(|object| object.pod())
    }

    /// The Service of this name.
    pub fn service(&self, name: &str) -> Option<&Service> {
        self.objects(Kind::Service).find(|object| object.name == name)?.service()
    }

    /// The Rollout's whole state, as a person sees it.
    pub fn info(&self, name: &str) -> Option<RolloutInfo> {
        let rollout = self.rollout(name)?;
        Some(RolloutInfo::new(rollout, self.replica_sets(&rollout.metadata.uid), self.pods()))
    }

    /// The uid of the ReplicaSet that was the last to bear this revision number.
    pub fn holder(&self, rollout_uid: &str, revision: u64) -> Option<&str> {
        self.holders.get(&(rollout_uid.to_owned(), revision)).map(String::as_str)
    }
}
