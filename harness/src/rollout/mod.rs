//! Typed views of a Rollout and its kin: the objects as the API server sends them, the phase as
//! upstream computes it, and the whole state as a person sees it.
//!
//! Everything here is pure. [`Rollout`], [`ReplicaSet`], [`Pod`] and [`Service`] read a JSON object
//! and never fail: a field that is missing or malformed reads as not written, for the controller's
//! own informers are as tolerant, and what it survives must not blind us. From them
//!
//! - [`phase`] says Healthy, Paused, Progressing or Degraded, and why,
//! - [`fenceposts`] resolves `maxSurge` and `maxUnavailable` to pods,
//! - [`info`] joins a Rollout with its ReplicaSets and their pods to one [`RolloutInfo`], which the
//!   expectations and the terminal's tree both read.

pub mod fenceposts;
mod fields;
pub mod go_duration;
pub mod images;
pub mod info;
pub mod int_or_string;
pub mod metadata;
pub mod phase;
pub mod pod;
pub mod replica_set;
pub mod resource;
pub mod service;
pub mod spec;
pub mod status;
pub mod steps;

#[cfg(test)]
pub(crate) mod recording;

pub use info::{Counters, PodInfo, ReplicaSetInfo, RolloutInfo, StrategyKind};
pub use metadata::{Condition, Container, Metadata, PodTemplate};
pub use phase::{calculate_rollout_phase, get_rollout_phase};
pub use pod::Pod;
pub use replica_set::ReplicaSet;
pub use resource::Rollout;
pub use service::Service;
pub use steps::{CanaryStep, PauseLength};

/// The label by which the controller tells the pods and ReplicaSets of one revision from others.
pub const POD_TEMPLATE_HASH: &str = "rollouts-pod-template-hash";
