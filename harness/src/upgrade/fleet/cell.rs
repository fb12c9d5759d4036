//! One Rollout in one state: what is played, and what came of it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::{compare::Touch, stub::Companions};

/// The states in which live Rollouts meet an upgrade.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum State {
    /// Updated and promoted: it has nothing to do.
    Healthy,
    /// In the middle of an update, waiting to be promoted.
    Paused,
}

/// One Rollout that is played in one state.
#[derive(Debug, Clone)]
pub struct Cell {
    /// As it is applied.
    pub rollout: Value,
    /// What goes with it.
    pub companions: Companions,
    /// Where it shall stand.
    pub state: State,
    /// As the custom resources of both releases are asked about it; None: they are not.
    pub admission: Option<Value>,
}

impl Cell {
    /// The workload that it refers to.
    pub fn workload(&self) -> Option<&Value> {
        self.companions.namespaced.get(self.companions.workload?)
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.rollout["metadata"]["name"].as_str().unwrap_or_default()
    }
}

/// What the upgrade does to it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// Nothing.
    Untouched,
    /// Something.
    Touched(Touch),
    /// Nobody knows, and why.
    NotCompared(String),
}
