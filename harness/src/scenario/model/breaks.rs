//! Changes that a scenario must notice.

use schemars::JsonSchema;
use serde::Deserialize;

use super::{Change, Step};

/// A change of what is done, never of what is expected, that must turn the scenario red at the named step, or at
/// the named invariant. `proofroll breaks` makes it and looks.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Break {
    /// One line for people: what is wrong then.
    pub name: String,
    /// Name of the step that must turn red.
    #[serde(default)]
    pub step: Option<String>,
    /// The invariant that must turn red, where all steps stay green.
    #[serde(default)]
    pub invariant: Option<String>,
    /// Changes of a manifest, wherever it is applied: of the Rollout, unless `kind` and `name` say otherwise.
    #[serde(default)]
    pub manifest: Option<Change>,
    /// The action that is done instead, written as in a step; `{observe: {}}` does nothing.
    #[serde(default)]
    pub action: Option<Box<Step>>,
    /// Name of the step that is changed. Default: for `action` the step that must turn red, for `manifest` all that
    /// apply it. `given` stands for what is there before the first step.
    #[serde(default)]
    pub r#in: Option<String>,
    /// The case that it is made in; default: the first.
    #[serde(default)]
    pub case: Option<String>,
}
