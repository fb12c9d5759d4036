//! One version of one object, as the API server sent it, with its typed view.

use serde_json::Value;

use super::{kind::Kind, stream};
use crate::rollout::{Pod, ReplicaSet, Rollout, Service};

/// A version of an object.
#[derive(Debug)]
pub struct Object {
    /// Its kind.
    pub kind: Kind,
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// The whole object.
    pub raw: Value,
    /// What the harness reads of it.
    pub typed: Typed,
}

/// The kinds that expectations and invariants read field by field.
#[derive(Debug)]
pub enum Typed {
    /// A Rollout.
    Rollout(Box<Rollout>),
    /// A ReplicaSet.
    ReplicaSet(Box<ReplicaSet>),
    /// A pod.
    Pod(Box<Pod>),
    /// A Service.
    Service(Box<Service>),
    /// Another kind: read from [`Object::raw`].
    Other,
}

impl Object {
    /// Reads the typed view out of `raw`.
    pub fn new(kind: Kind, raw: Value) -> Self {
        let typed = match kind {
            Kind::Rollout => Typed::Rollout(Box::new(Rollout::read(&raw))),
            Kind::ReplicaSet => Typed::ReplicaSet(Box::new(ReplicaSet::read(&raw))),
            Kind::Pod => Typed::Pod(Box::new(Pod::read(&raw))),
            Kind::Service => Typed::Service(Box::new(Service::read(&raw))),
            _ => Typed::Other,
        };
        Self {
            kind,
            name: raw["metadata"]["name"].as_str().unwrap_or_default().to_owned(),
            uid: stream::uid(&raw).to_owned(),
            raw,
            typed,
        }
    }

    /// The typed view, if it is a Rollout.
    pub fn rollout(&self) -> Option<&Rollout> {
        if let Typed::Rollout(rollout) = &self.typed { Some(rollout) } else { None }
    }

    /// The typed view, if it is a ReplicaSet.
    pub fn replica_set(&self) -> Option<&ReplicaSet> {
        if let Typed::ReplicaSet(replica_set) = &self.typed { Some(replica_set) } else { None }
    }

    /// The typed view, if it is a pod.
    pub fn pod(&self) -> Option<&Pod> {
        if let Typed::Pod(pod) = &self.typed { Some(pod) } else { None }
    }

    /// The typed view, if it is a Service.
    pub fn service(&self) -> Option<&Service> {
        if let Typed::Service(service) = &self.typed { Some(service) } else { None }
    }
}
