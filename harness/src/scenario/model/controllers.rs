//! Controllers: with which flags, how many of them, and what their endpoints say.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::scenario::value::Number;

/// The controller that runs from the beginning, unless another is named.
pub const MAIN: &str = "main";

/// How a controller of the scenario's own is started.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControllerFlags {
    /// Further flags, as `--instance-id=one`; they win over ours (`--namespaced`, `--leader-elect=false`, ...).
    pub args: Vec<String>,
}

/// What a controller's own endpoints must say, once `expect` has been met.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct ControllerMatch {
    /// The status that `/healthz` answers with.
    pub healthz: Option<Number>,
    /// Metrics by name: the sum over all their series, cut to a whole number; 0 for one that is not there.
    pub metrics: BTreeMap<String, Number>,
}
