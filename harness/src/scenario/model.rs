//! The types of a scenario file, as they are written (and as its JSON Schema is generated).
//!
//! Comparisons ([`Number`], [`Text`]) and values that differ by release ([`ByRelease`]) live in
//! [`super::value`].

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::value::{ByRelease, Number, Span, Text};

/// One case of the suite: what is given, what is done, and what must be seen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ScenarioFile {
    /// One line for people.
    pub title: String,
    /// What a correct controller MUST do, as one sentence.
    pub must: String,
    /// Core (every conforming controller) or extended.
    #[serde(default)]
    pub profile: Profile,
    /// The features that it proves, as `canary.set-weight`.
    #[serde(default)]
    pub features: Vec<String>,
    /// The controller releases on which it applies, a semver range; default: all.
    #[serde(default)]
    pub releases: Option<String>,
    /// Where the claim comes from: documentation pages, upstream issues.
    #[serde(default)]
    pub refs: Vec<String>,
    /// Capabilities that the provider must have.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// Manifests that exist before the first step; paths relative to this file.
    #[serde(default)]
    pub given: Vec<String>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// States of which one must never be seen, over the whole scenario.
    #[serde(default)]
    pub never: Vec<StateMatch>,
    /// States of which one must hold at all times, over the whole scenario.
    #[serde(default)]
    pub always: Vec<StateMatch>,
    /// Invariants that this scenario does not obey, each with its reason.
    #[serde(default)]
    pub waive: BTreeMap<String, String>,
}

/// How much of the field a scenario speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Every conforming controller passes it.
    #[default]
    Core,
    /// An optional feature.
    Extended,
}

/// What a provider can do; a scenario's `needs` are matched with these when tests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Pods are moved through their life by kwok.
    FakePods,
    /// Pods run containers on a kubelet.
    Kubelet,
    /// Requests through a Service reach pods.
    Traffic,
    /// Pods' readiness, exits and terminations follow the scenario's script.
    ScriptedPods,
    /// The controller is a process of the harness: it can be killed, restarted, swapped.
    ControllerProcess,
    /// A controller that serves all namespaces.
    ClusterScope,
    /// The cluster belongs to this scenario alone.
    OwnCluster,
}

/// One action and what must be seen of it. Exactly one action key is written.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Step {
    /// One line for people; names the step when it fails.
    pub name: String,
    /// The Rollout that the action is about; needed only where a scenario has several.
    pub on: Option<String>,

    /// Apply manifests, as `kubectl apply` does: a file, or several.
    pub apply: Option<OneOrMany>,
    /// Set the image of one container (or `"*"` for all), as `kubectl argo rollouts set image` does.
    pub set_image: Option<SetImage>,
    /// Merge-patch the Rollout, or another object.
    pub patch: Option<Patch>,
    /// Promote: to the next step, past one step, or to the end.
    pub promote: Option<Promote>,
    /// Abort the update.
    pub abort: Option<Nothing>,
    /// Retry an aborted update.
    pub retry: Option<Nothing>,
    /// Set `spec.paused`.
    pub pause: Option<Nothing>,
    /// Clear `spec.paused`.
    pub resume: Option<Nothing>,
    /// Restart the pods: `spec.restartAt` is set to now, or to now and an offset.
    pub restart: Option<Restart>,
    /// Roll back to the previous revision, or to one by number.
    pub undo: Option<Undo>,
    /// Set `spec.replicas`.
    pub scale: Option<Scale>,
    /// Delete an object; without fields, the Rollout.
    pub delete: Option<Delete>,
    /// Set (or, with null, remove) annotations.
    pub annotate: Option<Annotate>,
    /// Do something to the controller's process.
    pub controller: Option<ControllerAction>,
    /// Do nothing: look on (for example for a `hold`).
    pub observe: Option<Nothing>,

    /// The first single state after the gate that satisfies all its fields at once; it ends the step.
    pub expect: Option<StateMatch>,
    /// States that are passed on the way to `expect`, in this order; others may lie between.
    pub through: Vec<StateMatch>,
    /// From this action's gate to the next action's gate no state satisfies one of these.
    pub never: Vec<StateMatch>,
    /// From this action's gate to the next action's gate every state satisfies each of these.
    pub always: Vec<StateMatch>,
    /// After `expect` was met, it goes on being met.
    pub hold: Option<Hold>,
    /// How long the step may take, as `30s` or `2m`; scaled by PROOFROLL_TIMEOUT_SCALE. Default 30s.
    pub within: Option<Span>,
    /// Timed pauses that end in this step: step index -> the least duration by the API server's clock.
    pub pauses: BTreeMap<u32, Span>,
    /// Do not wait for a new second before an action that makes a revision (the controller compares whole seconds).
    pub same_second: bool,
}

/// An action without arguments, written `{}`.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// One file, or several.
#[derive(Debug, Clone)]
pub struct OneOrMany(pub Vec<String>);

/// `set-image: {container: NAME, image: REF}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetImage {
    /// The container's name, `*` for all of them.
    pub container: String,
    /// The image reference.
    pub image: String,
}

/// `patch: {spec: {...}}`: a merge patch of the Rollout, unless `kind` and `name` say otherwise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Patch {
    /// Kind of the object; default Rollout.
    #[serde(default)]
    pub kind: Option<String>,
    /// Name of the object; default the step's Rollout.
    #[serde(default)]
    pub name: Option<String>,
    /// `status` to patch the status subresource.
    #[serde(default)]
    pub subresource: Option<String>,
    /// The merge patch (RFC 7386) itself.
    pub merge: serde_json::Value,
}

/// `promote: {}`, `promote: {full: true}`, `promote: {skip: current}` or `promote: {skip: all}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Promote {
    /// Skip all steps, pauses and analysis (`promote --full`).
    pub full: bool,
    /// `current`: skip the current step; `all`: skip the remaining steps.
    pub skip: Option<Skip>,
}

/// What a promotion skips.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Skip {
    /// `--skip-current-step`
    Current,
    /// `--skip-all-steps`
    All,
}

/// `restart: {}` or `restart: {in: 5s}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Restart {
    /// How far in the future the restart is scheduled.
    pub r#in: Option<Span>,
}

/// `undo: {}` or `undo: {to-revision: 2}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Undo {
    /// The revision to go back to; default the one before the newest.
    pub to_revision: Option<u64>,
}

/// `scale: {replicas: 3}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Scale {
    /// The new `spec.replicas`.
    pub replicas: u32,
}

/// `delete: {}` or `delete: {kind: ReplicaSet, revision: 2}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Delete {
    /// Kind of the object; default Rollout.
    pub kind: Option<String>,
    /// Its name; default the step's Rollout.
    pub name: Option<String>,
    /// For a ReplicaSet: the one of this revision.
    pub revision: Option<u64>,
}

/// `annotate: {annotations: {key: value}}`; null removes.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Annotate {
    /// Kind of the object; default Rollout.
    #[serde(default)]
    pub kind: Option<String>,
    /// Its name; default the step's Rollout.
    #[serde(default)]
    pub name: Option<String>,
    /// Key to value.
    pub annotations: BTreeMap<String, Option<String>>,
}

/// `controller: restart`, `controller: kill`, `controller: term` or `controller: start`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum ControllerAction {
    /// SIGKILL; it stays down until `start` or `restart`.
    Kill,
    /// SIGTERM; it stays down.
    Term,
    /// SIGKILL if it runs, then start again and await health.
    Restart,
    /// Start it and await health.
    Start,
}

/// `hold: {for: 5s}` or `hold: {reconciles: 2}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hold {
    /// A duration.
    pub r#for: Option<Span>,
    /// So many reconciles of the controller (fences) must pass.
    pub reconciles: Option<u32>,
}

/// A partial description of a Rollout's whole state: its own status, its ReplicaSets, its pods.
/// Fields are AND; what is not written is not compared.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct StateMatch {
    /// As `GetRolloutPhase` computes it. `Healthy` also requires the counters at rest.
    pub phase: Option<ByRelease<Phase>>,
    /// The message beside the phase.
    pub message: Option<ByRelease<Text>>,
    /// `1/8`: current step index and number of steps. Also `"1/*"`.
    pub step: Option<ByRelease<StepIndex>>,
    /// The weights as `get rollout` shows them, percent.
    pub weight: Option<WeightMatch>,
    /// The counters as `get rollout` shows them, pods.
    pub replicas: Option<ReplicasMatch>,
    /// Revision number -> its ReplicaSet.
    pub revisions: BTreeMap<u64, RevisionMatch>,
    /// The images line of `get rollout`: image -> its roles (`[]` for none), complete.
    pub images: Option<BTreeMap<String, Vec<Role>>>,
    /// The row of `list rollouts`.
    pub list: Option<ListMatch>,
    /// Service name -> what it must be.
    pub services: BTreeMap<String, ServiceMatch>,
    /// Whether the Rollout exists; default true whenever another field is written.
    pub exists: Option<bool>,
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
