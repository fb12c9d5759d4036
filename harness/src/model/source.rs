//! The sentences that the model stands on, as they are written in the documentation of v1.10.2.
//!
//! The pages contradict each other in four places that concern numbers:
//!
//! - Basic canary, a weight that is no whole number of pods. The canary page: the whole number with
//!   the smallest delta, rounding up if the deltas are equal (41% of 10 is 4). The HPA page:
//!   `ceil(replicas x weight / 100)` (41% of 10 would be 5). The canary page prints the very case, so
//!   it goes first; the HPA page only has a say where the first would give no pod at all.
//!   Of the other end (99% of 10) both pages say that no stable pod is left. The controller keeps one of
//!   each version wherever it has two pods, which upstream decided in pull request 1759 and wrote on no
//!   page: the model admits both.
//! - `setCanaryScale` behind a router. The canary page: the stable ReplicaSet stays at full scale (10
//!   replicas and a canary of 15 are 25 pods). The HPA page: `stable = replicas - canary`. The canary
//!   page again.
//! - `dynamicStableScale`. The canary page: stable goes down as the traffic weight of the canary goes up.
//!   The specification page: as the number of canary pods goes up. After a `setCanaryScale` the two
//!   differ; the model admits all from the one to the other.
//! - The default of `maxSurge` and `maxUnavailable`. The canary page: 25%. The specification page: 1.
//!   The model takes the larger one as its bound.

use std::fmt;

/// A sentence of the documentation, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Source {
    /// The page, from the root of the repository.
    pub page: &'static str,
    /// What it says there, word for word.
    pub says: &'static str,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "\"{}\" ({})", self.says, self.page)
    }
}

const CANARY: &str = "docs/features/canary/index.md";
const BLUE_GREEN: &str = "docs/features/bluegreen.md";
const SPECIFICATION: &str = "docs/features/specification.md";
const ABORTED: &str = "docs/features/scaledown-aborted-rs.md";
const TRAFFIC: &str = "docs/features/traffic-management/index.md";
const HPA: &str = "docs/features/hpa-support.md";
const GUIDE: &str = "docs/getting-started.md";

/// A first deploy takes no steps.
pub const INITIAL: Source =
    Source { page: GUIDE, says: "Initial creations of any Rollout will immediately scale up the replicas to 100%" };
/// The end of an update.
pub const PROMOTED: Source = Source {
    page: CANARY,
    says: "Each step will be evaluated before the new ReplicaSet is promoted to the stable version, and the old version is completely scaled down.",
};
/// Which weight counts, of a basic canary.
pub const LAST_WEIGHT: Source = Source {
    page: CANARY,
    says: "the Rollout makes a best effort attempt to achieve the percentage listed in the last `setWeight` step between the new and old version.",
};
/// A weight that is no whole number of pods.
pub const SMALLEST_DELTA: Source = Source {
    page: CANARY,
    says: "the Rollout attempts to get there by finding the whole number with the smallest delta, rounding up the calculation if the deltas are equals",
};
/// The same on another page, which rounds up.
pub const CEILING: Source =
    Source { page: HPA, says: "canary_replicas = ⌈ HPA_total_desired_replicas x (setWeight / 100)⌉" };
/// What surge is for.
pub const SURGE: Source = Source {
    page: CANARY,
    says: "`maxSurge` defines the maximum number of replicas the rollout can create to move to the correct ratio set by the last `setWeight`.",
};
/// Behind a router the stable version stays.
pub const ROUTED_STABLE: Source = Source {
    page: TRAFFIC,
    says: "the Stable ReplicaSet owned by the Rollout remains fully scaled up as the Rollout progresses through the Canary steps.",
};
/// Behind a router the new version follows the weight.
pub const ROUTED_CANARY: Source = Source {
    page: TRAFFIC,
    says: "The new ReplicaSet's replica count is equal to the latest SetWeight step percentage multiplied by the total replica count of the Rollout.",
};
/// Why that is rounded up.
pub const NOT_OVERWHELMED: Source = Source {
    page: TRAFFIC,
    says: "This calculation ensures that the canary version does not receive more traffic than it can handle.",
};
/// minPodsPerReplicaSet.
pub const MIN_PODS: Source =
    Source { page: SPECIFICATION, says: "The minimum number of pods that will be requested for each ReplicaSet" };
/// setCanaryScale.replicas.
pub const SCALE_REPLICAS: Source =
    Source { page: CANARY, says: "explicit replica count without changing traffic weight (`replicas`)" };
/// setCanaryScale.weight.
pub const SCALE_WEIGHT: Source = Source {
    page: SPECIFICATION,
    says: "set canary scale to spec.Replica * (setweight / maxTrafficWeight) without changing traffic weight",
};
/// setCanaryScale outlasts the next setWeight.
pub const SCALE_STAYS: Source = Source {
    page: CANARY,
    says: "The above situation is caused by the changed behavior of `setWeight` after `setCanaryScale`.",
};
/// setCanaryScale.matchTrafficWeight.
pub const SCALE_RESET: Source = Source {
    page: CANARY,
    says: "To reset, set `matchTrafficWeight: true` and the `setWeight` behavior will be restored",
};
/// dynamicStableScale.
pub const DYNAMIC_STABLE: Source = Source {
    page: CANARY,
    says: "It is possible to dynamically reduce the scale of the stable ReplicaSet during an update such that it scales down as the traffic weight increases to canary.",
};
/// dynamicStableScale and an abort.
pub const DYNAMIC_ABORT: Source = Source {
    page: CANARY,
    says: "if `dynamicStableScale` is set, and the rollout is aborted, the canary ReplicaSet will dynamically scale down as traffic shifts back to stable.",
};
/// An abort of a basic canary.
pub const ABORT_BASIC: Source = Source { page: ABORTED, says: "basic canary | rolling update back to stable" };
/// An abort gives everything back.
pub const ABORT_STABLE: Source = Source {
    page: GUIDE,
    says: "When a rollout is aborted, it will scale up the \"stable\" version of the ReplicaSet",
};
/// An abort with a delay.
pub const ABORT_DELAY: Source = Source { page: ABORTED, says: "scales down after N seconds" };
/// abortScaleDownDelaySeconds: 0.
pub const ABORT_KEEPS: Source = Source {
    page: ABORTED,
    says: "Users can then choose to leave the new replicaset scaled up indefinitely by setting abortScaleDownDelaySeconds to 0",
};
/// Blue-green, before the switch.
pub const ACTIVE_STAYS: Source = Source {
    page: BLUE_GREEN,
    says: "the active service will point at the old ReplicaSet while the ReplicaSet becomes available.",
};
/// Blue-green, before the switch.
pub const PREVIEW: Source = Source {
    page: BLUE_GREEN,
    says: "The revision 2 ReplicaSet is scaled to either `spec.replicas` or `previewReplicaCount` if set.",
};
/// Blue-green, at the switch.
pub const FULL_BEFORE_SWITCH: Source = Source {
    page: BLUE_GREEN,
    says: "The rollout will not switch over the active service to the new ReplicaSet until it matches the `spec.replicas` count.",
};
/// Blue-green, after the switch.
pub const OLD_GOES: Source = Source {
    page: BLUE_GREEN,
    says: "After waiting `scaleDownDelaySeconds` (default 30 seconds), the revision 1 ReplicaSet is scaled down",
};
/// Behind a router, after the end.
pub const ROUTED_OLD_GOES: Source = Source {
    page: SPECIFICATION,
    says: "Adds a delay before scaling down the previous ReplicaSet when the canary strategy is used with traffic routing (default 30 seconds).",
};
/// spec.paused.
pub const MANUAL_PAUSE: Source = Source {
    page: SPECIFICATION,
    says: "A rollout will not advance through its steps while it is manually paused, but HPA auto-scaling will still occur.",
};
/// dynamicStableScale on the other page.
pub const DYNAMIC_STABLE_PODS: Source = Source {
    page: SPECIFICATION,
    says: "Automatically reduce the number of stable pods as the number of canary pods increases",
};
/// spec.paused from the beginning.
pub const CREATED_PAUSED: Source = Source {
    page: SPECIFICATION,
    says: "If true at initial creation of Rollout, replicas are not scaled up automatically from zero unless manually promoted.",
};
