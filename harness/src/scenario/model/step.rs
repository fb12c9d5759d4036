//! A step: one action and what must be seen of it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{ApiAction, ControllerMatch, EventMatch, Files, Metric, Pods, StateMatch, TrafficMatch};
use crate::scenario::value::{Number, Span, Text};

/// One action and what must be seen of it. Exactly one action key is written.
///
/// Claims are about states that know of the action: for a change of the spec, from the moment that
/// the controller has observed its generation; for `promote`, `abort` and `retry`, from the patch
/// itself. That moment is the action's gate.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case", default)]
pub struct Step {
    /// One line for people; names the step when it fails. Default: the action.
    pub name: String,
    /// Name of the Rollout that action and claims are about; needed only where a scenario has several.
    pub on: Option<String>,

    /// When to act: as soon as the live watches show a state like this, for races. Without it the step acts at once, when
    /// the one before has ended. It only chooses the moment: nothing is claimed of that state.
    pub at: Option<StateMatch>,
    /// Do the whole step so many times, one after the other.
    pub repeat: Option<u32>,

    /// Apply manifests, as `kubectl apply` does: a file, or several. Paths are relative to this file, `@name` is a
    /// shared one; `{use: FILE, set: {spec.replicas: 3}}` changes what the file holds before it is applied.
    pub apply: Option<Files>,
    /// Set the image of one container (or `"*"` for all), as `kubectl argo rollouts set image` does.
    pub set_image: Option<SetImage>,
    /// Merge-patch the Rollout, or another object.
    pub patch: Option<Patch>,
    /// Promote, as `kubectl argo rollouts promote` does: `{}` ends the pause, `{full: true}` goes to the end,
    /// `{skip: current}` and `{skip: all}` skip steps.
    pub promote: Option<Promote>,
    /// Abort the update, as `kubectl argo rollouts abort` does: `{}`.
    pub abort: Option<Nothing>,
    /// Retry an aborted update, as `kubectl argo rollouts retry rollout` does: `{}`.
    pub retry: Option<Nothing>,
    /// Set `spec.paused`, as `kubectl argo rollouts pause` does: `{}`.
    pub pause: Option<Nothing>,
    /// Clear `spec.paused`: `{}`.
    pub resume: Option<Nothing>,
    /// Restart the pods, as `kubectl argo rollouts restart` does: `{}` now, `{in: 5s}` later.
    pub restart: Option<Restart>,
    /// Roll back, as `kubectl argo rollouts undo` does: `{}` to the previous revision, `{to-revision: 2}` to that one.
    pub undo: Option<Undo>,
    /// Set `spec.replicas`.
    pub scale: Option<Scale>,
    /// Delete an object; `{}` deletes the Rollout.
    pub delete: Option<Delete>,
    /// Set annotations (null removes one) of the Rollout, or of another object.
    pub annotate: Option<Annotate>,
    /// Do something to the controller's process.
    pub controller: Option<ControllerAction>,
    /// Which controller `controller` is about, of those in the scenario's `controllers`; default: `main`.
    pub of: Option<String>,
    /// Change pods that run, as `{revision: 2, ready: false}`: `ready`, `exit`, `waiting`, `gate` or `delete`.
    pub pods: Option<Pods>,
    /// What the scenario's metric server answers: `{name: success-rate, value: 0.95}`.
    pub metric: Option<Metric>,
    /// Do something to the API server of a cluster of the scenario's own: `{restart: {}}`.
    pub api: Option<ApiAction>,
    /// Do nothing, look on: `{}`.
    pub observe: Option<Nothing>,

    /// The action must be refused, and this be said: `{contains: is immutable}`. What `expect` and the other claims say is
    /// about the state that nothing has changed.
    pub refused: Option<Text>,
    /// The state that ends the step: the first single one after the gate that satisfies all these fields at once.
    /// Without it the step ends at the gate.
    pub expect: Option<StateMatch>,
    /// States that are passed on the way to `expect`, in this order; others may lie between.
    pub through: Vec<StateMatch>,
    /// States of which none may be seen from this action's gate to the next action's gate.
    pub never: Vec<StateMatch>,
    /// Every state from this action's gate to the next action's gate must satisfy each of these.
    pub always: Vec<StateMatch>,
    /// Events that must be seen, in this order; others may lie between. From the action's own write on (for an event may
    /// be written before the status that shows that the controller knows), waited for like `expect`.
    pub events: Vec<EventMatch>,
    /// After `expect` was met, it must go on being met.
    pub hold: Option<Hold>,
    /// What must be seen of the requests that the scenario's `traffic` sends.
    pub traffic: Option<TrafficMatch>,
    /// How long the step may take, as `30s` or `2m`; PROOFROLL_TIMEOUT_SCALE scales it. Default 30s.
    pub within: Option<Span>,
    /// Timed pauses that end in this step: index of the pause, as `status.currentStepIndex` counts (from 0), to the
    /// least duration by the API server's clock.
    pub pauses: BTreeMap<u32, Span>,
    /// How often the metric server was asked from this action to the end of the step: name of the metric to a number.
    pub requests: BTreeMap<String, Number>,
    /// What controllers' own endpoints say when `expect` has been met: name of the controller to `{healthz: 200, metrics:
    /// {rollout_reconcile_count: "> 0"}}`.
    pub controllers: BTreeMap<String, ControllerMatch>,
    /// Do not wait for a new second before an action that makes a revision. The controller compares whole seconds, and
    /// two revisions within one confuse it.
    pub same_second: bool,
}

/// An action without arguments, written `{}`.
#[derive(Debug, Clone, Copy, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Nothing {}

/// `set-image: {container: NAME, image: REF}`.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SetImage {
    /// The container's name, `*` for all of them.
    pub container: String,
    /// The image reference.
    pub image: String,
}

/// `patch: {merge: {spec: {...}}}`: a merge patch of the Rollout, unless `kind` and `name` say otherwise.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Patch {
    /// Kind of the object; default Rollout.
    #[serde(default)]
    pub kind: Option<String>,
    /// Name of the object; default the step's Rollout.
    #[serde(default)]
    pub name: Option<String>,
    /// `status` or `scale` to patch that subresource.
    #[serde(default)]
    pub subresource: Option<String>,
    /// The merge patch (RFC 7386) itself: null removes a field.
    #[schemars(extend("type" = "object"))]
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

/// `controller: restart`, `controller: kill`, `controller: term`, `controller: start` or `controller: swap`.
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
    /// Replace it as a Deployment does: a new one is started, the old one terminated, the new one takes over its lease.
    /// Under `proofroll upgrade` the new one is of another release, and its custom resources are applied before.
    /// Nothing may move: no revision, no ReplicaSet, no pod, no field of the status, no event.
    Swap,
}

/// `hold: {for: 5s}` or `hold: {reconciles: 2}`.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Hold {
    /// A duration.
    pub r#for: Option<Span>,
    /// So many times the controller must provably have reconciled the Rollout again. Better than a duration: it proves
    /// that the controller looked and changed nothing.
    pub reconciles: Option<u32>,
}
