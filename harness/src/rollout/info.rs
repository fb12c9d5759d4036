//! A Rollout's whole state as a person sees it: what `kubectl argo rollouts get rollout` computes
//! from the Rollout, its ReplicaSets and their pods (upstream's `pkg/kubectl-argo-rollouts/info`).
//! Both the expectations and the terminal's tree read this one form.

use jiff::Timestamp;

use crate::scenario::model::{Phase, Role};

/// A Rollout with all that belongs to it.
#[derive(Debug, Clone)]
pub struct RolloutInfo {
    /// `metadata.name`
    pub name: String,
    /// `metadata.namespace`
    pub namespace: String,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.creationTimestamp`
    pub created: Option<Timestamp>,
    /// Canary or blue-green.
    pub strategy: StrategyKind,
    /// As `GetRolloutPhase` says.
    pub phase: Phase,
    /// The message beside the phase; empty when Healthy.
    pub message: String,
    /// Current step index and number of steps; None without steps.
    pub step: Option<(u32, u32)>,
    /// What the steps ask for, percent; None for blue-green.
    pub set_weight: Option<i64>,
    /// What is there, percent; None for blue-green.
    pub actual_weight: Option<i64>,
    /// The five counters.
    pub replicas: Counters,
    /// Its ReplicaSets, newest revision first.
    pub replica_sets: Vec<ReplicaSetInfo>,
}

/// The two strategies.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StrategyKind {
    /// `spec.strategy.canary`
    Canary,
    /// `spec.strategy.blueGreen`
    BlueGreen,
    /// Neither (an invalid spec).
    None,
}

/// The counters of `get rollout`, pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// `spec.replicas` (default 1)
    pub desired: i64,
    /// `status.replicas`
    pub current: i64,
    /// `status.updatedReplicas`
    pub updated: i64,
    /// `status.readyReplicas`
    pub ready: i64,
    /// `status.availableReplicas`
    pub available: i64,
}

/// One ReplicaSet.
#[derive(Debug, Clone)]
pub struct ReplicaSetInfo {
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.creationTimestamp`
    pub created: Option<Timestamp>,
    /// Label `rollouts-pod-template-hash`.
    pub hash: String,
    /// Annotation `rollout.argoproj.io/revision`; 0 where there is none.
    pub revision: u64,
    /// The parts that it plays, sorted.
    pub roles: Vec<Role>,
    /// `Healthy`, `Progressing`, `ScaledDown` or `ReplicaFailure`.
    pub status: &'static str,
    /// `spec.replicas`
    pub desired: i64,
    /// `status.replicas`
    pub current: i64,
    /// `status.readyReplicas`
    pub ready: i64,
    /// `status.availableReplicas`
    pub available: i64,
    /// Images of its containers, in order.
    pub images: Vec<String>,
    /// Its pods, oldest first.
    pub pods: Vec<PodInfo>,
    /// Annotation `scale-down-deadline`.
    pub scale_down_deadline: Option<Timestamp>,
}

/// One pod.
#[derive(Debug, Clone)]
pub struct PodInfo {
    /// `metadata.name`
    pub name: String,
    /// `metadata.uid`
    pub uid: String,
    /// `metadata.creationTimestamp`
    pub created: Option<Timestamp>,
    /// As the STATUS column says: `Running`, `Terminating`, `ErrImagePull`, ...
    pub status: String,
    /// Containers that are ready, and all containers.
    pub ready: (u32, u32),
    /// Condition Ready is True.
    pub is_ready: bool,
    /// A deletion timestamp is set.
    pub terminating: bool,
    /// Restarts of its containers.
    pub restarts: i64,
}
