//! What a preflight found, as it is kept: JSON.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{adapt::LEFT_OUT, blame::Blame, cell::Fate, compare::Effect, member::Member};
use crate::{controller::UnderTest, report::v1::Controller};

/// What an upgrade would do to a fleet. Kept as JSON; a field is never removed or given another meaning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetReport {
    /// Always `proofroll.dev/v1`.
    pub api_version: String,
    /// Version of proofroll.
    pub proofroll: String,
    /// When it began, RFC 3339.
    pub started: String,
    /// Duration, seconds.
    pub seconds: f64,
    /// The release before.
    pub from: Controller,
    /// The one after.
    pub to: Controller,
    /// How many of what.
    pub totals: FleetTotals,
    /// One for each Rollout.
    pub rollouts: Vec<RolloutReport>,
}

/// How many Rollouts ended how.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct FleetTotals {
    /// All.
    pub rollouts: usize,
    /// Touched in a state.
    pub touched: usize,
    /// Untouched in each state that was compared, at least one.
    pub untouched: usize,
    /// Compared in no state.
    pub not_compared: usize,
    /// Of the untouched, those that were compared in one of the two states only.
    pub partly: usize,
}

/// One Rollout.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct RolloutReport {
    /// Its namespace.
    pub namespace: String,
    /// Its name.
    pub name: String,
    /// Where it is written: file, line and column.
    pub at: String,
    /// With nothing to do.
    pub healthy: CellReport,
    /// Waiting in an update.
    pub paused: CellReport,
    /// Which part of its spec is to blame; of a touched one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub blame: Option<Blame>,
    /// Parts of its spec that were not played: of them nothing is known.
    pub left_out: Vec<String>,
    /// What was played otherwise than it is written, and what was made up.
    pub notes: Vec<String>,
    /// What it names and is not in the input, as `Service web`: it was made up.
    pub made_up: Vec<String>,
}

/// One Rollout in one state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct CellReport {
    /// What the upgrade does.
    pub verdict: CellVerdict,
    /// Of a touched one: what that means.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub effects: Vec<Effect>,
    /// Of a touched one: each thing that moved.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub moves: Vec<String>,
    /// Of one that was not compared: why.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// What the upgrade does to a Rollout in a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum CellVerdict {
    /// Nothing.
    Untouched,
    /// Something.
    Touched,
    /// Nobody knows.
    NotCompared,
}

impl CellReport {
    /// Of a fate.
    pub fn of(fate: &Fate) -> Self {
        let none = |verdict| Self { verdict, effects: Vec::new(), moves: Vec::new(), reason: None };
        match fate {
            Fate::Untouched => none(CellVerdict::Untouched),
            Fate::Touched(touch) => Self {
                effects: touch.effects.iter().copied().collect(),
                moves: touch.moves.clone(),
                ..none(CellVerdict::Touched)
            },
            Fate::NotCompared(why) => Self { reason: Some(why.clone()), ..none(CellVerdict::NotCompared) },
        }
    }
}

impl RolloutReport {
    /// Of a member and its fates.
    pub fn of(member: &Member, healthy: &Fate, paused: &Fate, blame: Option<Blame>) -> Self {
        Self {
            namespace: member.namespace.clone(),
            name: member.name.clone(),
            at: member.at.to_string(),
            healthy: CellReport::of(healthy),
            paused: CellReport::of(paused),
            blame,
            left_out: left_out(&member.notes),
            notes: member.notes.clone(),
            made_up: member.companions.made_up.clone(),
        }
    }

    /// Both states.
    pub fn cells(&self) -> [(&'static str, &CellReport); 2] {
        [("healthy", &self.healthy), ("paused", &self.paused)]
    }

    fn has(&self, verdict: CellVerdict) -> bool {
        self.cells().iter().any(|(_, cell)| cell.verdict == verdict)
    }
}

/// The parts that the notes call left out.
fn left_out(notes: &[String]) -> Vec<String> {
    let words = notes.iter().filter_map(|note| note.strip_prefix(LEFT_OUT));
    words.map(|words| words.split([',', ':']).next().unwrap_or_default().to_owned()).collect()
}

impl FleetReport {
    /// Of all Rollouts.
    pub fn new(started: String, seconds: f64, from: &UnderTest, to: &UnderTest, rollouts: Vec<RolloutReport>) -> Self {
        let controller = |of: &UnderTest| Controller {
            version: of.version.to_string(),
            label: of.label.clone(),
            sha256: of.sha256.clone(),
        };
        let mut totals = FleetTotals { rollouts: rollouts.len(), ..FleetTotals::default() };
        for rollout in &rollouts {
            match (rollout.has(CellVerdict::Touched), rollout.has(CellVerdict::Untouched)) {
                (true, _) => totals.touched += 1,
                (false, true) => {
                    totals.untouched += 1;
                    totals.partly += usize::from(rollout.has(CellVerdict::NotCompared));
                }
                (false, false) => totals.not_compared += 1,
            }
        }
        Self {
            api_version: "proofroll.dev/v1".into(),
            proofroll: env!("CARGO_PKG_VERSION").into(),
            started,
            seconds,
            from: controller(from),
            to: controller(to),
            totals,
            rollouts,
        }
    }
}

/// The JSON Schema of the report.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(FleetReport).to_value()
}
