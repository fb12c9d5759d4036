//! A Rollout's whole state as a person sees it: what `kubectl argo rollouts get rollout` computes
//! from the Rollout, its ReplicaSets and their pods (upstream's `pkg/kubectl-argo-rollouts/info`).
//! Both the expectations and the terminal's tree read this one form.

use std::collections::HashMap;

use jiff::Timestamp;

use super::phase::get_rollout_phase;
use super::pod::Pod;
use super::replica_set::ReplicaSet;
use super::resource::Rollout;
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

impl RolloutInfo {
    /// Joins a Rollout with those of `replica_sets` that it owns, and these with those of `pods` that
    /// they own; owners are found by uid. Experiments and AnalysisRuns are not part of it.
    pub fn new<'a>(
        rollout: &Rollout,
        replica_sets: impl IntoIterator<Item = &'a ReplicaSet>,
        pods: impl IntoIterator<Item = &'a Pod>,
    ) -> Self {
        let uid = &rollout.metadata.uid;
        let own = replica_sets.into_iter().filter(|replica_set| replica_set.metadata.is_owned_by(uid));
        let mut replica_sets: Vec<_> = own.map(|replica_set| ReplicaSetInfo::new(rollout, replica_set)).collect();
        replica_sets.sort_by(|a, b| b.revision.cmp(&a.revision).then_with(|| a.name.cmp(&b.name)));
        distribute(pods, &mut replica_sets);

        let strategy = match (&rollout.spec.canary, &rollout.spec.blue_green) {
            (Some(_), _) => StrategyKind::Canary,
            (None, Some(_)) => StrategyKind::BlueGreen,
            (None, None) => StrategyKind::None,
        };
        let (phase, message) = get_rollout_phase(rollout);
        let is_canary = strategy == StrategyKind::Canary;
        Self {
            name: rollout.metadata.name.clone(),
            namespace: rollout.metadata.namespace.clone(),
            uid: uid.clone(),
            created: rollout.metadata.created,
            strategy,
            phase,
            message,
            step: rollout.step(),
            set_weight: is_canary.then(|| rollout.current_set_weight()),
            actual_weight: is_canary.then(|| actual_weight(rollout, &replica_sets)),
            replicas: Counters {
                desired: rollout.spec.replicas,
                current: rollout.status.replicas,
                updated: rollout.status.updated_replicas,
                ready: rollout.status.ready_replicas,
                available: rollout.status.available_replicas,
            },
            replica_sets,
        }
    }

    /// The ReplicaSet that is being tried.
    pub fn canary(&self) -> Option<&ReplicaSetInfo> {
        self.with_role(Role::Canary)
    }

    /// The ReplicaSet that is fallen back to.
    pub fn stable(&self) -> Option<&ReplicaSetInfo> {
        self.with_role(Role::Stable)
    }

    /// The ReplicaSet that plays this part.
    pub fn with_role(&self, role: Role) -> Option<&ReplicaSetInfo> {
        self.replica_sets.iter().find(|replica_set| replica_set.roles.contains(&role))
    }

    /// The ReplicaSet of this revision.
    pub fn revision(&self, number: u64) -> Option<&ReplicaSetInfo> {
        self.replica_sets.iter().find(|replica_set| replica_set.revision == number)
    }
}

impl ReplicaSetInfo {
    fn new(rollout: &Rollout, replica_set: &ReplicaSet) -> Self {
        Self {
            name: replica_set.metadata.name.clone(),
            uid: replica_set.metadata.uid.clone(),
            created: replica_set.metadata.created,
            hash: replica_set.hash().to_owned(),
            revision: replica_set.revision(),
            roles: roles(rollout, replica_set.hash()),
            status: replica_set.health(),
            desired: replica_set.replicas.unwrap_or(1),
            current: replica_set.current,
            ready: replica_set.ready,
            available: replica_set.available,
            images: replica_set.template.containers.iter().map(|container| container.image.clone()).collect(),
            pods: Vec::new(),
            scale_down_deadline: replica_set.scale_down_deadline(),
        }
    }

    /// Its pods that are not terminating.
    pub fn running_pods(&self) -> impl Iterator<Item = &PodInfo> {
        self.pods.iter().filter(|pod| !pod.terminating)
    }
}

impl PodInfo {
    fn new(pod: &Pod) -> Self {
        let summary = pod.summary();
        let containers = u32::try_from(pod.containers.len()).unwrap_or(u32::MAX);
        Self {
            name: pod.metadata.name.clone(),
            uid: pod.metadata.uid.clone(),
            created: pod.metadata.created,
            status: summary.status,
            ready: (summary.ready, containers),
            is_ready: pod.is_ready(),
            terminating: pod.metadata.is_terminating(),
            restarts: summary.restarts,
        }
    }
}

/// The parts that the ReplicaSet with this hash plays, in the order of [`Role`].
fn roles(rollout: &Rollout, hash: &str) -> Vec<Role> {
    let (spec, status) = (&rollout.spec, &rollout.status);
    let is_stable = status.stable_rs == hash;
    let mut roles = Vec::new();
    if let Some(canary) = &spec.canary {
        let is_canary = !is_stable && status.current_pod_hash == hash;
        if is_canary {
            roles.push(Role::Canary);
        }
        if canary.ping_pong.is_some() && (is_stable || is_canary) {
            let stable_is_ping = status.canary.stable_ping_pong == "ping";
            roles.push(if is_stable == stable_is_ping { Role::Ping } else { Role::Pong });
        }
    }
    if spec.blue_green.is_some() {
        if status.blue_green.active_selector == hash {
            roles.push(Role::Active);
        } else if status.blue_green.preview_selector == hash {
            roles.push(Role::Preview);
        }
    }
    if is_stable && (spec.canary.is_some() || spec.blue_green.is_some()) {
        roles.push(Role::Stable);
    }
    roles.sort_unstable();
    roles
}

/// What is there, percent: by the number of available pods, or by what the router was told.
fn actual_weight(rollout: &Rollout, replica_sets: &[ReplicaSetInfo]) -> i64 {
    let all = rollout.max_traffic_weight();
    if rollout.current_step().is_none() {
        return all;
    }
    let available = rollout.status.available_replicas;
    if available <= 0 {
        return 0;
    }
    let has_router = rollout.spec.canary.as_ref().is_some_and(|canary| canary.traffic_routing.is_some());
    if has_router {
        let weights = rollout.status.canary.weights.as_ref();
        return weights.map_or_else(|| rollout.current_set_weight(), |weights| weights.canary.weight);
    }
    let canary = replica_sets.iter().rev().find(|replica_set| replica_set.roles.contains(&Role::Canary));
    // The ReplicaSet may be newer than the Rollout's status, so this may exceed 100 for a moment.
    canary.map_or(0, |canary| canary.available.saturating_mul(all) / available)
}

/// Gives each pod to its ReplicaSet, oldest first.
fn distribute<'a>(pods: impl IntoIterator<Item = &'a Pod>, replica_sets: &mut [ReplicaSetInfo]) {
    let by_uid: HashMap<_, _> =
        replica_sets.iter().enumerate().map(|(index, replica_set)| (replica_set.uid.clone(), index)).collect();
    for pod in pods {
        if let Some(index) = pod.metadata.owners.iter().find_map(|owner| by_uid.get(&owner.uid)) {
            replica_sets[*index].pods.push(PodInfo::new(pod));
        }
    }
    for replica_set in replica_sets {
        replica_set.pods.sort_by(|a, b| (a.created, &a.name).cmp(&(b.created, &b.name)));
    }
}

#[cfg(test)]
#[path = "info_tests.rs"]
mod tests;
