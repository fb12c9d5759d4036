//! `spec` of a Rollout, the parts that matter to a harness.

use std::collections::BTreeMap;
use std::time::Duration;

use jiff::Timestamp;

use super::fields::Fields;
use super::int_or_string::IntOrString;
use super::metadata::PodTemplate;
use super::steps::CanaryStep;

/// `spec` of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RolloutSpec {
    /// `replicas`, pods; 1 where it is not written.
    pub replicas: i64,
    /// `paused`: a person stopped everything.
    pub paused: bool,
    /// `restartAt`: when the pods are to be restarted.
    pub restart_at: Option<Timestamp>,
    /// `minReadySeconds`: how long a pod must be ready to count as available.
    pub min_ready: Duration,
    /// `selector.matchLabels`
    pub selector: BTreeMap<String, String>,
    /// `template`; empty with `workloadRef`.
    pub template: PodTemplate,
    /// `workloadRef`: the template lies in another object.
    pub workload_ref: Option<WorkloadRef>,
    /// `strategy.canary`
    pub canary: Option<CanaryStrategy>,
    /// `strategy.blueGreen`
    pub blue_green: Option<BlueGreenStrategy>,
    /// `revisionHistoryLimit`, old ReplicaSets; 10 where it is not written.
    pub revision_history_limit: i64,
    /// `progressDeadlineSeconds`; 600 s where it is not written.
    pub progress_deadline: Duration,
    /// `progressDeadlineAbort`
    pub progress_deadline_abort: bool,
    /// `rollbackWindow.revisions`
    pub rollback_window: Option<i64>,
}

/// `spec.workloadRef`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WorkloadRef {
    /// `kind`
    pub kind: String,
    /// `name`
    pub name: String,
    /// `scaleDown`: `never`, `onsuccess` or `progressively`.
    pub scale_down: String,
}

/// `spec.strategy.canary`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CanaryStrategy {
    /// `steps`
    pub steps: Vec<CanaryStep>,
    /// `maxSurge`
    pub max_surge: Option<IntOrString>,
    /// `maxUnavailable`
    pub max_unavailable: Option<IntOrString>,
    /// `trafficRouting`: a router decides about the traffic, not the number of pods.
    pub traffic_routing: Option<TrafficRouting>,
    /// `canaryService`
    pub canary_service: String,
    /// `stableService`
    pub stable_service: String,
    /// `dynamicStableScale`
    pub dynamic_stable_scale: bool,
    /// `pingPong`
    pub ping_pong: Option<PingPong>,
    /// `analysis`: one that runs in the background.
    pub background_analysis: bool,
    /// `scaleDownDelaySeconds`
    pub scale_down_delay: Option<Duration>,
    /// `abortScaleDownDelaySeconds`
    pub abort_scale_down_delay: Option<Duration>,
    /// `minPodsPerReplicaSet`
    pub min_pods_per_replica_set: Option<i64>,
    /// `replicaProgressThreshold`: fewer available pods than `spec.replicas` may be enough to go on.
    pub replica_progress_threshold: bool,
}

/// `spec.strategy.canary.trafficRouting`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TrafficRouting {
    /// `maxTrafficWeight`: what stands for all traffic; 100 where it is not written.
    pub max_traffic_weight: Option<i64>,
}

/// `spec.strategy.canary.pingPong`
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PingPong {
    /// `pingService`
    pub ping_service: String,
    /// `pongService`
    pub pong_service: String,
}

/// `spec.strategy.blueGreen`
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BlueGreenStrategy {
    /// `activeService`
    pub active_service: String,
    /// `previewService`
    pub preview_service: String,
    /// `previewReplicaCount`, pods.
    pub preview_replica_count: Option<i64>,
    /// `autoPromotionEnabled`; true where it is not written.
    pub auto_promotion_enabled: bool,
    /// `autoPromotionSeconds`
    pub auto_promotion_after: Duration,
    /// `maxUnavailable`: of a restart only.
    pub max_unavailable: Option<IntOrString>,
    /// `scaleDownDelaySeconds`
    pub scale_down_delay: Option<Duration>,
    /// `scaleDownDelayRevisionLimit`
    pub scale_down_delay_revision_limit: Option<i64>,
    /// `abortScaleDownDelaySeconds`
    pub abort_scale_down_delay: Option<Duration>,
    /// `prePromotionAnalysis`: there is one.
    pub pre_promotion_analysis: bool,
    /// `postPromotionAnalysis`: there is one.
    pub post_promotion_analysis: bool,
}

impl RolloutSpec {
    pub(crate) fn read(spec: Fields<'_>) -> Self {
        let strategy = spec.object("strategy");
        Self {
            replicas: spec.number("replicas").unwrap_or(1),
            paused: spec.flag("paused"),
            restart_at: spec.time("restartAt"),
            min_ready: seconds(spec, "minReadySeconds").unwrap_or_default(),
            selector: spec.object("selector").strings("matchLabels"),
            template: PodTemplate::read(spec.object("template")),
            workload_ref: spec.optional("workloadRef").map(|to| WorkloadRef {
                kind: to.text("kind"),
                name: to.text("name"),
                scale_down: to.text("scaleDown"),
            }),
            canary: strategy.optional("canary").map(CanaryStrategy::read),
            blue_green: strategy.optional("blueGreen").map(BlueGreenStrategy::read),
            revision_history_limit: spec.number("revisionHistoryLimit").unwrap_or(10),
            progress_deadline: seconds(spec, "progressDeadlineSeconds").unwrap_or(Duration::from_secs(600)),
            progress_deadline_abort: spec.flag("progressDeadlineAbort"),
            rollback_window: spec.object("rollbackWindow").number("revisions"),
        }
    }
}

impl CanaryStrategy {
    fn read(canary: Fields<'_>) -> Self {
        Self {
            steps: canary.list("steps", CanaryStep::read),
            max_surge: canary.value("maxSurge").and_then(IntOrString::read),
            max_unavailable: canary.value("maxUnavailable").and_then(IntOrString::read),
            traffic_routing: canary
                .optional("trafficRouting")
                .map(|router| TrafficRouting { max_traffic_weight: router.number("maxTrafficWeight") }),
            canary_service: canary.text("canaryService"),
            stable_service: canary.text("stableService"),
            dynamic_stable_scale: canary.flag("dynamicStableScale"),
            ping_pong: canary.optional("pingPong").map(|services| PingPong {
                ping_service: services.text("pingService"),
                pong_service: services.text("pongService"),
            }),
            background_analysis: canary.optional("analysis").is_some(),
            scale_down_delay: seconds(canary, "scaleDownDelaySeconds"),
            abort_scale_down_delay: seconds(canary, "abortScaleDownDelaySeconds"),
            min_pods_per_replica_set: canary.number("minPodsPerReplicaSet"),
            replica_progress_threshold: canary.optional("replicaProgressThreshold").is_some(),
        }
    }
}

impl BlueGreenStrategy {
    fn read(blue_green: Fields<'_>) -> Self {
        Self {
            active_service: blue_green.text("activeService"),
            preview_service: blue_green.text("previewService"),
            preview_replica_count: blue_green.number("previewReplicaCount"),
            auto_promotion_enabled: blue_green.optional_flag("autoPromotionEnabled").unwrap_or(true),
            auto_promotion_after: seconds(blue_green, "autoPromotionSeconds").unwrap_or_default(),
            max_unavailable: blue_green.value("maxUnavailable").and_then(IntOrString::read),
            scale_down_delay: seconds(blue_green, "scaleDownDelaySeconds"),
            scale_down_delay_revision_limit: blue_green.number("scaleDownDelayRevisionLimit"),
            abort_scale_down_delay: seconds(blue_green, "abortScaleDownDelaySeconds"),
            pre_promotion_analysis: blue_green.optional("prePromotionAnalysis").is_some(),
            post_promotion_analysis: blue_green.optional("postPromotionAnalysis").is_some(),
        }
    }
}

/// A number of seconds; nothing where it is missing or negative.
fn seconds(fields: Fields<'_>, key: &str) -> Option<Duration> {
    fields.number(key).and_then(|seconds| u64::try_from(seconds).ok()).map(Duration::from_secs)
}
