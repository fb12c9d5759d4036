//! What came of a comparison.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What two sides do differently. Kept as JSON; a field is never removed or given another meaning.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Comparison {
    /// Always `proofroll.dev/v1`.
    pub api_version: String,
    /// Version of proofroll.
    pub proofroll: String,
    /// So many runs of a scenario are needed on each side.
    pub needed: usize,
    /// The one side.
    pub a: SideOf,
    /// The other one.
    pub b: SideOf,
    /// How much longer the steps of B take on the whole (1: as long as those of A); nothing where there are too few.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<f64>,
    /// The scenarios that were compared, by id.
    pub scenarios: Vec<Compared>,
    /// Those that could not be, and why.
    pub left_out: Vec<LeftOut>,
}

/// A side.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct SideOf {
    /// How it is called: `v1.10.2`, a path.
    pub label: String,
    /// sha256 of its controller, hexadecimal.
    pub sha256: String,
}

/// A scenario on both sides.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Compared {
    /// Its id.
    pub id: String,
    /// How often A ran it.
    pub runs_of_a: usize,
    /// How often B ran it.
    pub runs_of_b: usize,
    /// What differs.
    pub differences: Vec<Difference>,
    /// The steps that too few runs came to, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// What was not compared.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// What.
    pub what: String,
    /// Why.
    pub why: String,
    /// The harness or the cluster could not do its part.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub trouble: bool,
}

/// Something that the sides do differently.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Difference {
    /// In which step; nothing: over the whole scenario.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<Place>,
    /// What it is about.
    pub aspect: Aspect,
    /// What A does in all of its runs and B in none; of numbers: those of A.
    pub a: Vec<String>,
    /// What B does in all of its runs and A in none; of numbers: those of B.
    pub b: Vec<String>,
    /// Of numbers: B to A.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ratio: Option<Ratio>,
}

/// A step.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Place {
    /// Counted from 1.
    pub number: usize,
    /// Its name.
    pub name: String,
}

/// What a difference is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// How the scenario ended.
    Verdict,
    /// Whether a step was come to at all.
    Reached,
    /// Phase and message.
    Message,
    /// Step index and set weight.
    Step,
    /// `spec.replicas` by role.
    Replicas,
    /// All of a state together: its parts are seen on the other side, but not at once.
    State,
    /// The state at the end of the step.
    End,
    /// An event, by its reason.
    Event,
    /// The message of an event that the other side has, too.
    EventMessage,
    /// The number of the controller's writes.
    Writes,
    /// How long the step took, seconds.
    Latency,
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Verdict => "verdict",
            Self::Reached => "reached",
            Self::Message => "message",
            Self::Step => "step",
            Self::Replicas => "replicas",
            Self::State => "state",
            Self::End => "end",
            Self::Event => "event",
            Self::EventMessage => "event text",
            Self::Writes => "writes",
            Self::Latency => "latency",
        })
    }
}

/// A ratio with its spread.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Ratio {
    /// Of the medians.
    pub median: f64,
    /// The least of any two runs.
    pub least: f64,
    /// The most of any two runs.
    pub most: f64,
}

impl Comparison {
    /// How many things differ.
    pub fn differences(&self) -> usize {
        self.scenarios.iter().map(|scenario| scenario.differences.len()).sum()
    }

    /// Whether something could not be compared because of the harness or the cluster.
    pub fn has_trouble(&self) -> bool {
        let steps = self.scenarios.iter().flat_map(|scenario| &scenario.left_out);
        self.left_out.iter().chain(steps).any(|left| left.trouble)
    }
}

/// The JSON Schema of a comparison.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Comparison).to_value()
}
