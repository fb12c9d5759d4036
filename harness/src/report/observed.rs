//! What a step showed, in a normal form: two runs of a scenario can be compared in it.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What was seen from a step's action on until the next one. Times, and names that are made up anew in each run, are
/// not in it.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Observed {
    /// The states of the scenario's Rollouts, in order, without repeats.
    pub states: Vec<State>,
    /// The events about objects of Argo Rollouts, in order, each once.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Happened>,
    /// So many events were written by the end of this step that others may have been dropped: nothing can be said
    /// about those that are not there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub events_dropped: bool,
    /// How many writes the controller made, by the kind of the object.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub writes: BTreeMap<String, u64>,
}

/// A state of a Rollout, as a person sees it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct State {
    /// Its name.
    pub rollout: String,
    /// Its phase; `gone` once it was deleted.
    pub phase: String,
    /// The message beside the phase.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
    /// `3/8`; nothing without steps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// What the steps ask for, percent; nothing for blue-green.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub weight: Option<i64>,
    /// `spec.replicas` of its ReplicaSets, by the parts that they play (`stable`, `canary`, `active+stable`, ...);
    /// `older`: of all others together.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub replicas: BTreeMap<String, i64>,
}

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
pub struct Happened {
    /// The kind of the object that it is about.
    pub about: String,
    /// `Normal` or `Warning`.
    pub r#type: String,
    /// Its reason.
    pub reason: String,
    /// Its message.
    pub message: String,
}
