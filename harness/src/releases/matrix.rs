//! How each scenario ended on each release.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::vector::Vector;
use crate::report::v1;

/// Scenarios by releases. Kept as JSON; a field is never removed or given another meaning.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Matrix {
    /// Always `proofroll.dev/v1`.
    pub api_version: String,
    /// Version of proofroll.
    pub proofroll: String,
    /// When the first release began, RFC 3339.
    pub started: String,
    /// Duration of all, seconds.
    pub seconds: f64,
    /// The releases, oldest first.
    pub columns: Vec<Column>,
    /// The scenarios.
    pub rows: Vec<Row>,
    /// The upstream bugs that scenarios know: where they should show, and where they do.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub vectors: Vec<Vector>,
}

/// One release.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// How it was named: `v1.8.5`, a path.
    pub label: String,
    /// Why nothing was run on it: its plane or its controller could not be had. No word about the controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub trouble: Option<String>,
    /// The report of its run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub report: Option<v1::Report>,
}

/// One scenario.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Row {
    /// Its id.
    pub id: String,
    /// How it ended, one for each column.
    pub cells: Vec<Cell>,
}

/// How a scenario ended on a release.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Cell {
    /// How.
    pub verdict: v1::Verdict,
    /// Duration, seconds.
    pub seconds: f64,
    /// Why, where it did not pass.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where its evidence is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

impl Matrix {
    /// Puts columns side by side; `ids` are the scenarios that were asked for.
    pub fn new(started: String, seconds: f64, ids: &[String], columns: Vec<Column>) -> Self {
        let rows = ids.iter().map(|id| Row { id: id.clone(), cells: columns.iter().map(|c| c.cell(id)).collect() });
        Self {
            api_version: "proofroll.dev/v1".into(),
            proofroll: env!("CARGO_PKG_VERSION").into(),
            started,
            seconds,
            rows: rows.collect(),
            columns,
            vectors: Vec::new(),
        }
    }

    /// How many cells ended so.
    pub fn count(&self, verdict: v1::Verdict) -> usize {
        self.rows.iter().flat_map(|row| &row.cells).filter(|cell| cell.verdict == verdict).count()
    }
}

impl Column {
    /// Of the time that its scenarios took, one after the other, what they stood in timed pauses of canary steps: no
    /// harness can make that shorter. None where nothing was run.
    pub fn share_of_pauses(&self) -> Option<f64> {
        let scenarios = &self.report.as_ref()?.scenarios;
        let all: f64 = scenarios.iter().map(|scenario| scenario.seconds).sum();
        let pauses = scenarios.iter().flat_map(|scenario| &scenario.steps).flat_map(|step| &step.pauses);
        let paused: f64 = pauses.map(|pause| pause.seen).sum();
        (all > 0.0).then(|| paused / all)
    }

    fn cell(&self, id: &str) -> Cell {
        let ended = self.report.iter().flat_map(|report| &report.scenarios).find(|scenario| scenario.id == id);
        match ended {
            Some(scenario) => Cell {
                verdict: scenario.verdict,
                seconds: scenario.seconds,
                reason: scenario.reason.clone(),
                evidence: scenario.evidence.clone(),
            },
            None => Cell {
                verdict: v1::Verdict::Error,
                seconds: 0.0,
                reason: self.trouble.clone().or_else(|| Some("it was not run".into())),
                evidence: None,
            },
        }
    }
}

/// The JSON Schema of the matrix.
pub fn schema() -> serde_json::Value {
    schemars::schema_for!(Matrix).to_value()
}
