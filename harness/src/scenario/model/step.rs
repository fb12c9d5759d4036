//! A step: one action and what must be seen of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::StateMatch;
use crate::scenario::value::Span;

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
