//! What a state must be like.

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ConditionMatch, EventMatch, HashesMatch, ObjectMatch, Replicas};
use crate::scenario::{
    fault::Location,
    value::{ByRelease, Number, Pattern, Text},
};

/// A partial description of a Rollout's whole state: its own status, its ReplicaSets, its pods, and any other object.
/// Fields are AND; what is not written is not compared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StateMatch {
    /// The phase that `kubectl argo rollouts get rollout` shows. `Healthy` also requires the counters at rest.
    pub phase: Option<ByRelease<Phase>>,
    /// Nothing moves and nothing is to move by itself: Healthy, waiting for a person, or given up; no timer runs, and
    /// every ReplicaSet has the available pods that it asks for. In `expect` it must still be so when the controller
    /// has looked once more.
    pub at_rest: Option<bool>,
    /// The message beside the phase; empty when Healthy.
    pub message: Option<ByRelease<Text>>,
    /// `1/8`: current step index and number of steps. Also `"1/*"`.
    pub step: Option<ByRelease<StepIndex>>,
    /// The weights as `get rollout` shows them, percent.
    pub weight: Option<WeightMatch>,
    /// The counters as `get rollout` shows them, pods; or `model`: what the documentation promises for this state.
    pub replicas: Option<Replicas>,
    /// Revision number to what its ReplicaSet must be.
    pub revisions: BTreeMap<u64, RevisionMatch>,
    /// The images lines of `get rollout`, all of them: image to its roles, `[]` for none.
    pub images: Option<BTreeMap<String, Vec<Role>>>,
    /// The row of `list rollouts`.
    pub list: Option<ListMatch>,
    /// Name of a Service to what it must be.
    pub services: BTreeMap<String, ServiceMatch>,
    /// Type of a condition of the Rollout to what it must be, as `Paused: true`.
    pub conditions: BTreeMap<String, ConditionMatch>,
    /// Which revision's hash stands in the Rollout's status, as `{current: 2, stable: 1}`.
    pub hashes: Option<HashesMatch>,
    /// What the Rollout's whole status must be like; fields that are not written are not compared.
    pub status: Option<Pattern>,
    /// What objects of any kind must be like.
    pub objects: Vec<ObjectMatch>,
    /// This state was made by an event: it was written just now.
    pub event: Option<EventMatch>,
    /// Whether the Rollout exists; default true whenever another field is written.
    pub exists: Option<bool>,
    /// Where it is written.
    #[serde(skip)]
    pub at: Location,
}

/// The five phases of a Rollout.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Deserialize, serde::Serialize, JsonSchema)]
pub enum Phase {
    /// Everything is as desired.
    Healthy,
    /// Something is wrong, or the update was aborted.
    Degraded,
    /// On the way.
    Progressing,
    /// Waiting for a person or a timer.
    Paused,
    /// No phase written yet.
    Unknown,
}

/// `INDEX/TOTAL`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StepIndex {
    /// Current step, counted from 0; TOTAL when all are done.
    pub index: u32,
    /// Number of steps; None for `*`.
    pub total: Option<u32>,
}

/// `weight: {set: 20, actual: 20}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct WeightMatch {
    /// SetWeight of `get rollout`: what the steps ask for.
    pub set: Option<ByRelease<Number>>,
    /// ActualWeight of `get rollout`: what the pods (or the router) give.
    pub actual: Option<ByRelease<Number>>,
}

/// `replicas: {desired, current, updated, ready, available}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ReplicasMatch {
    /// `spec.replicas`
    pub desired: Option<ByRelease<Number>>,
    /// `status.replicas`
    pub current: Option<ByRelease<Number>>,
    /// `status.updatedReplicas`
    pub updated: Option<ByRelease<Number>>,
    /// `status.readyReplicas`
    pub ready: Option<ByRelease<Number>>,
    /// `status.availableReplicas`
    pub available: Option<ByRelease<Number>>,
}

/// The part that a ReplicaSet plays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// The revision that is being tried.
    Canary,
    /// The revision that is fallen back to.
    Stable,
    /// Behind the active Service (blue-green).
    Active,
    /// Behind the preview Service (blue-green).
    Preview,
    /// Behind the ping Service.
    Ping,
    /// Behind the pong Service.
    Pong,
}

impl StateMatch {
    /// Whether a field is written that only a Rollout that exists can satisfy.
    pub fn asks_about_rollout(&self) -> bool {
        self.phase.is_some()
            || self.at_rest.is_some()
            || self.message.is_some()
            || self.step.is_some()
            || self.weight.is_some()
            || self.replicas.is_some()
            || !self.revisions.is_empty()
            || self.images.is_some()
            || self.list.is_some()
            || !self.conditions.is_empty()
            || self.hashes.is_some()
            || self.status.is_some()
    }
}

impl Phase {
    /// Its word, as it stands in `status.phase`.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Progressing => "Progressing",
            Self::Paused => "Paused",
            Self::Unknown => "Unknown",
        }
    }
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

impl Role {
    /// Its word, as `get rollout` shows it.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Canary => "canary",
            Self::Stable => "stable",
            Self::Active => "active",
            Self::Preview => "preview",
            Self::Ping => "ping",
            Self::Pong => "pong",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// One revision's ReplicaSet.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct RevisionMatch {
    /// One of its roles.
    pub role: Option<Role>,
    /// Its pods that are not terminating.
    pub pods: Option<ByRelease<Number>>,
    /// Its pods that are terminating.
    pub terminating: Option<ByRelease<Number>>,
    /// Its pods that are ready and not terminating.
    pub ready: Option<ByRelease<Number>>,
    /// `spec.replicas` of the ReplicaSet.
    pub desired: Option<ByRelease<Number>>,
    /// `status.availableReplicas` of the ReplicaSet.
    pub available: Option<ByRelease<Number>>,
    /// Image of its first container.
    pub image: Option<String>,
    /// It is the same ReplicaSet (by uid) that had this revision number before.
    pub was: Option<u64>,
    /// `spec.replicas` is 0 and no pod is left that is not terminating.
    pub scaled_down: Option<bool>,
    /// Whether such a ReplicaSet exists; default true.
    pub exists: Option<bool>,
}

/// The row of `kubectl argo rollouts list rollouts`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ListMatch {
    /// STRATEGY
    pub strategy: Option<String>,
    /// STATUS
    pub status: Option<String>,
    /// STEP, `-` where there is none.
    pub step: Option<String>,
    /// SET-WEIGHT, `-` where there is none.
    pub set_weight: Option<String>,
    /// READY
    pub ready: Option<String>,
    /// DESIRED
    pub desired: Option<String>,
    /// UP-TO-DATE
    pub up_to_date: Option<String>,
    /// AVAILABLE
    pub available: Option<String>,
}

/// A Service.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct ServiceMatch {
    /// Its selector, whole.
    pub selector: Option<BTreeMap<String, String>>,
    /// Its selector's `rollouts-pod-template-hash` is that of this revision.
    pub revision: Option<u64>,
    /// Whether it exists; default true.
    pub exists: Option<bool>,
}
