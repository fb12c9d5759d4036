//! The report, version 1. Times are seconds unless a field says otherwise; a field is never removed
//! or given another meaning within version 1, new ones may come.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub use super::observed::{Happened, Observed, State};
use crate::scenario::model::Profile;

/// One run of scenarios.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Always `proofroll.dev/v1`.
    pub api_version: String,
    /// Version of proofroll.
    pub proofroll: String,
    /// When the run began, RFC 3339.
    pub started: String,
    /// Duration of the run, set-up included, seconds.
    pub seconds: f64,
    /// Where the cluster came from: `embedded`.
    pub provider: String,
    /// Version of Kubernetes, as the API server says.
    pub kubernetes: String,
    /// The controller under test.
    pub controller: Controller,
    /// What it was swapped for in the middle of each scenario, under `proofroll upgrade`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub upgraded_to: Option<Controller>,
    /// Who did the actions that the plugin of kubectl has a command for.
    #[serde(default)]
    pub driver: Driver,
    /// What the harness itself cost.
    pub harness: Harness,
    /// How many scenarios ended how.
    pub totals: Totals,
    /// The invariants, over all scenarios.
    #[serde(default)]
    pub invariants: Vec<InvariantTotal>,
    /// Scenarios that are there but were not chosen.
    #[serde(default)]
    pub left_out: Vec<LeftOut>,
    /// The scenarios, in the order in which they ended.
    pub scenarios: Vec<Scenario>,
}

/// The controller under test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Controller {
    /// The release whose behaviour is expected.
    pub version: String,
    /// How it was named: a release, or the path of a binary or checkout.
    pub label: String,
    /// sha256 of its binary, hexadecimal; of its image (`sha256:...`) where it runs a published one or was in the
    /// cluster already, empty where that is not known.
    pub sha256: String,
}

/// Who did the actions that the plugin of kubectl has a command for; all others are kubectl's, and the harness did them.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Driver {
    /// `api`: the harness, by the requests that the plugin sends; `plugin`: the plugin itself. Empty: not told.
    pub name: String,
    /// The plugin's release, or its path.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// sha256 of the plugin's binary, hexadecimal.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
}

/// What the harness itself cost, and what stands beside it.
#[derive(Debug, Clone, Copy, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Harness {
    /// CPU time of the harness's own process, seconds.
    pub cpu_seconds: f64,
    /// The most memory of the harness's own process that was resident at once, bytes.
    pub peak_memory: u64,
    /// CPU time of the controllers under test, seconds.
    pub controllers_cpu_seconds: f64,
    /// CPU time of the control plane and its keeper since they started, seconds.
    pub plane_cpu_seconds: f64,
}

/// How many scenarios ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Totals {
    /// All as expected.
    pub passed: usize,
    /// The controller did not do what it must.
    pub failed: usize,
    /// An upstream bug was seen that is known on this release.
    #[serde(default)]
    pub known: usize,
    /// Not run, with a reason.
    pub skipped: usize,
    /// The harness or the cluster could not do its part.
    pub errors: usize,
}

/// How a scenario, or a step, ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub enum Verdict {
    /// All as expected.
    // And so it is as long as nothing speaks against it.
    #[default]
    Pass,
    /// The controller did not do what it must.
    Fail,
    /// It did not, in the way that the scenario says is known of this release; nothing else was wrong.
    Known,
    /// Not run.
    Skip,
    /// Infrastructure: no statement about the controller.
    Error,
}

/// One scenario.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Scenario {
    /// Its id, `suite/name`.
    pub id: String,
    /// Its title.
    pub title: String,
    /// The sentence that it proves.
    pub must: String,
    /// Whether every conforming controller passes it.
    #[serde(default)]
    pub profile: Profile,
    /// The features that it speaks for.
    #[serde(default)]
    pub features: Vec<String>,
    /// How it ended.
    pub verdict: Verdict,
    /// From the first action to the verdict, seconds; 0 if it was not run.
    pub seconds: f64,
    /// The namespace that it ran in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub namespace: Option<String>,
    /// The steps that were begun.
    pub steps: Vec<Step>,
    /// The names of those that were not, in their order: it was skipped, or ended before.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub not_begun: Vec<String>,
    /// The invariants.
    pub invariants: Vec<Invariant>,
    /// The requests that were sent while it ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub traffic: Option<Traffic>,
    /// What was not as it must be, outside of the steps: over the whole scenario, or at its end.
    #[serde(default)]
    pub broken: Vec<Breach>,
    /// The upstream bugs that are known on this release.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub known: Vec<Known>,
    /// Why it was skipped or went wrong, or what is known of it; the whole text for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Directory with the evidence, if any was kept.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub evidence: Option<String>,
}

/// The requests that were sent while a scenario ran.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Traffic {
    /// How many a second, and where to.
    pub sent: String,
    /// How many there were.
    pub requests: usize,
    /// How many had no answer, or one with a status of 500 and above.
    pub failed: usize,
    /// Which revisions answered, over time, drawn with characters.
    pub drawing: String,
}

/// One step.
#[derive(Debug, Clone, Default, Serialize, Deserialize, JsonSchema)]
pub struct Step {
    /// Its name.
    pub name: String,
    /// Where it is written, `file:line:column`.
    pub at: String,
    /// What was done, as a person would type it.
    pub action: String,
    /// How it ended.
    pub verdict: Verdict,
    /// From the action to the state that ended it, seconds.
    pub seconds: f64,
    /// Where the controller's log of this step lies in `controller.log` of the evidence.
    pub log: Slice,
    /// The fields of `expect`, in the state that ended the step or in the last one seen.
    pub checks: Vec<Check>,
    /// The states of `through` that were met.
    pub through: Vec<Passed>,
    /// What was claimed over spans: `never`, `always`, `hold`.
    pub claims: Vec<Claim>,
    /// The timed pauses that ended in this step.
    pub pauses: Vec<Pause>,
    /// What was not as it must be.
    #[serde(default)]
    pub broken: Vec<Breach>,
    /// What it showed, in a form that can be compared with that of another run; nothing where the run came to no end.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed: Option<Observed>,
}

/// One thing that was not as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Breach {
    /// What is broken: `expect`, `through[1]`, `never[1]`, `always[1]` (counted from 1), `hold`, `pauses[3]` (by
    /// step index), `events`, `requests`, `traffic.split`, `traffic.failures`, `views`, `invariant NAME`; `refused`: the action could not be done; `silent`: the controller
    /// shows no sign of having taken notice of the action, or does not reconcile when asked to.
    pub what: String,
    /// In words.
    pub detail: String,
    /// The state that broke it, or the last one, by resourceVersion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<u64>,
}

/// An upstream bug that is known on the release under test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Known {
    /// The upstream issue, or where else it is described.
    pub issue: String,
    /// The releases that have it.
    pub releases: String,
    /// How it shows, in words.
    pub shows: String,
    /// Whether it was seen.
    pub seen: bool,
}

/// A stretch of a file, bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
pub struct Slice {
    /// Its first byte.
    pub from: u64,
    /// One past its last byte.
    pub to: u64,
}

/// One field of an expectation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Check {
    /// The field, as in the scenario.
    pub field: String,
    /// What must be.
    pub expected: String,
    /// What was.
    pub got: String,
    /// Whether it holds.
    pub ok: bool,
}

/// One state of `through`.
#[derive(Debug, Clone, Serialize, Deserialize, JsonSchema)]
pub struct Passed {
    /// What it describes, in words.
    pub state: String,
    /// Whether it was met.
    pub ok: bool,
    /// When, seconds after the action.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub after: Option<f64>,
}

/// A claim over a span.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Claim {
    /// What it is called: `never[1]`, `always[1]` (counted from 1), `hold`, `events`, `traffic.split`, `traffic.failures`,
    /// `views` (what the plugin shows is what is drawn here).
    #[serde(default)]
    pub name: String,
    /// What is claimed, in words.
    pub claim: String,
    /// `held`, `broken` or `not judged`.
    pub outcome: Outcome,
    /// How many states were judged, or what broke it, or why it can't be judged.
    pub detail: String,
    /// The state that broke it, by resourceVersion.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub resource_version: Option<u64>,
}

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It held in all states of its span.
    Held,
    /// A state broke it.
    Broken,
    /// States were missed: nothing can be said.
    NotJudged,
}

/// A timed pause.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Pause {
    /// Step index at which it stood.
    pub step: u32,
    /// What the step asks for, seconds.
    pub asked: f64,
    /// What the API server's clock says at least, whole seconds.
    pub by_server: i64,
    /// Between the arrivals of the two writes, seconds: a measurement, no verdict.
    pub seen: f64,
    /// Whether it lasted long enough.
    pub ok: bool,
}

/// One invariant's judgement.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Invariant {
    /// Its name.
    pub name: String,
    /// How many writes it judged.
    pub judged: usize,
    /// Where it does not hold.
    pub violations: Vec<String>,
    /// The scenario's reason not to obey it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waived: Option<String>,
}

/// One invariant over a whole run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct InvariantTotal {
    /// Its name.
    pub name: String,
    /// How many writes it judged.
    pub judged: usize,
    /// In how many scenarios it had something to judge.
    pub scenarios: usize,
    /// In how many scenarios it did not hold, waived or not.
    pub violated: usize,
    /// How many scenarios waive it.
    pub waived: usize,
}

/// A scenario that was not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct LeftOut {
    /// Its id.
    pub id: String,
    /// Whether every conforming controller passes it.
    pub profile: Profile,
    /// The features that it speaks for.
    pub features: Vec<String>,
}

impl From<crate::expect::Check> for Check {
    fn from(crate::expect::Check { field, expected, got, ok }: crate::expect::Check) -> Self {
        Self { field, expected, got, ok }
    }
}
