//! `status` of a Rollout. Strings that are missing read as empty, as in the controller's own types.

use jiff::Timestamp;

use super::fields::Fields;
use super::metadata::Condition;

/// `status` of a Rollout.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RolloutStatus {
    /// `abort`: the update is given up.
    pub abort: bool,
    /// `abortedAt`
    pub aborted_at: Option<Timestamp>,
    /// `pauseConditions`: why the controller paused; whoever clears them resumes.
    pub pause_conditions: Vec<PauseCondition>,
    /// `controllerPause`: the controller paused, and has not yet seen that it was resumed.
    pub controller_pause: bool,
    /// `currentPodHash`: hash of the desired pod template.
    pub current_pod_hash: String,
    /// `currentStepHash`: hash of the steps.
    pub current_step_hash: String,
    /// `currentStepIndex`, counted from 0.
    pub current_step_index: Option<i64>,
    /// `stableRS`: hash of the stable ReplicaSet.
    pub stable_rs: String,
    /// `replicas`, pods.
    pub replicas: i64,
    /// `updatedReplicas`, pods.
    pub updated_replicas: i64,
    /// `readyReplicas`, pods.
    pub ready_replicas: i64,
    /// `availableReplicas`, pods.
    pub available_replicas: i64,
    /// `HPAReplicas`, pods.
    pub hpa_replicas: i64,
    /// `selector`
    pub selector: String,
    /// `observedGeneration`, a string in this API.
    pub observed_generation: String,
    /// `workloadObservedGeneration`, a string too.
    pub workload_observed_generation: String,
    /// `conditions`
    pub conditions: Vec<Condition>,
    /// `canary`
    pub canary: CanaryStatus,
    /// `blueGreen`
    pub blue_green: BlueGreenStatus,
    /// `restartedAt`: the last `spec.restartAt` that is done.
    pub restarted_at: Option<Timestamp>,
    /// `promoteFull`: on the way to the end, past steps, pauses and analysis.
    pub promote_full: bool,
    /// `phase`, as the controller wrote it; empty before it did.
    pub phase: String,
    /// `message`, as the controller wrote it.
    pub message: String,
}

/// One entry of `status.pauseConditions`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PauseCondition {
    /// `reason`, as `CanaryPauseStep`.
    pub reason: String,
    /// `startTime`, whole seconds.
    pub start: Option<Timestamp>,
}

/// `status.canary`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CanaryStatus {
    /// `weights`: what the traffic router was told.
    pub weights: Option<Weights>,
    /// `currentStepAnalysisRunStatus`
    pub step_analysis: Option<AnalysisRunStatus>,
    /// `currentBackgroundAnalysisRunStatus`
    pub background_analysis: Option<AnalysisRunStatus>,
    /// `currentExperiment`
    pub current_experiment: String,
    /// `stablePingPong`: `ping` or `pong`, the Service in front of the stable ReplicaSet.
    pub stable_ping_pong: String,
}

/// `status.canary.weights`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Weights {
    /// `canary`
    pub canary: WeightDestination,
    /// `stable`
    pub stable: WeightDestination,
    /// `additional`: Experiments.
    pub additional: Vec<WeightDestination>,
    /// `verified`
    pub verified: Option<bool>,
}

/// One destination of traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WeightDestination {
    /// `weight`, parts of `maxTrafficWeight`.
    pub weight: i64,
    /// `serviceName`
    pub service: String,
    /// `podTemplateHash`
    pub hash: String,
}

/// An AnalysisRun as the Rollout's status names it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AnalysisRunStatus {
    /// `name`
    pub name: String,
    /// `status`: `Pending`, `Running`, `Successful`, `Failed`, `Error` or `Inconclusive`.
    pub status: String,
    /// `message`
    pub message: String,
}

/// `status.blueGreen`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct BlueGreenStatus {
    /// `activeSelector`: hash behind the active Service.
    pub active_selector: String,
    /// `previewSelector`: hash behind the preview Service.
    pub preview_selector: String,
    /// `scaleUpPreviewCheckPoint`
    pub scale_up_preview_check_point: bool,
    /// `prePromotionAnalysisRunStatus`
    pub pre_promotion_analysis: Option<AnalysisRunStatus>,
    /// `postPromotionAnalysisRunStatus`
    pub post_promotion_analysis: Option<AnalysisRunStatus>,
}

impl RolloutStatus {
    pub(crate) fn read(status: Fields<'_>) -> Self {
        Self {
            abort: status.flag("abort"),
            aborted_at: status.time("abortedAt"),
            pause_conditions: status.list("pauseConditions", |pause| PauseCondition {
                reason: pause.text("reason"),
                start: pause.time("startTime"),
            }),
            controller_pause: status.flag("controllerPause"),
            current_pod_hash: status.text("currentPodHash"),
            current_step_hash: status.text("currentStepHash"),
            current_step_index: status.number("currentStepIndex"),
            stable_rs: status.text("stableRS"),
            replicas: status.count("replicas"),
            updated_replicas: status.count("updatedReplicas"),
            ready_replicas: status.count("readyReplicas"),
            available_replicas: status.count("availableReplicas"),
            hpa_replicas: status.count("HPAReplicas"),
            selector: status.text("selector"),
            observed_generation: status.text("observedGeneration"),
            workload_observed_generation: status.text("workloadObservedGeneration"),
            conditions: status.list("conditions", Condition::read),
            canary: CanaryStatus::read(status.object("canary")),
            blue_green: BlueGreenStatus::read(status.object("blueGreen")),
            restarted_at: status.time("restartedAt"),
            promote_full: status.flag("promoteFull"),
            phase: status.text("phase"),
            message: status.text("message"),
        }
    }

    /// The condition of this type.
    pub fn condition(&self, kind: &str) -> Option<&Condition> {
        self.conditions.iter().find(|condition| condition.kind == kind)
    }
}

impl CanaryStatus {
    fn read(canary: Fields<'_>) -> Self {
        Self {
            weights: canary.optional("weights").map(|weights| Weights {
                canary: WeightDestination::read(weights.object("canary")),
                stable: WeightDestination::read(weights.object("stable")),
                additional: weights.list("additional", WeightDestination::read),
                verified: weights.optional_flag("verified"),
            }),
            step_analysis: canary.optional("currentStepAnalysisRunStatus").map(AnalysisRunStatus::read),
            background_analysis: canary.optional("currentBackgroundAnalysisRunStatus").map(AnalysisRunStatus::read),
            current_experiment: canary.text("currentExperiment"),
            stable_ping_pong: canary.text("stablePingPong"),
        }
    }
}

impl WeightDestination {
    fn read(to: Fields<'_>) -> Self {
        Self { weight: to.count("weight"), service: to.text("serviceName"), hash: to.text("podTemplateHash") }
    }
}

impl AnalysisRunStatus {
    fn read(run: Fields<'_>) -> Self {
        Self { name: run.text("name"), status: run.text("status"), message: run.text("message") }
    }

    /// Whether it will not change any more.
    pub fn is_completed(&self) -> bool {
        matches!(self.status.as_str(), "Successful" | "Failed" | "Error" | "Inconclusive")
    }
}

impl BlueGreenStatus {
    fn read(blue_green: Fields<'_>) -> Self {
        Self {
            active_selector: blue_green.text("activeSelector"),
            preview_selector: blue_green.text("previewSelector"),
            scale_up_preview_check_point: blue_green.flag("scaleUpPreviewCheckPoint"),
            pre_promotion_analysis: blue_green.optional("prePromotionAnalysisRunStatus").map(AnalysisRunStatus::read),
            post_promotion_analysis: blue_green.optional("postPromotionAnalysisRunStatus").map(AnalysisRunStatus::read),
        }
    }
}
