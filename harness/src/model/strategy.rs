//! What the manifest says, as far as numbers of pods go.

use std::time::Duration;

use crate::rollout::{
    CanaryStep,
    int_or_string::{IntOrString, Rounding},
    spec::{BlueGreenStrategy, CanaryStrategy, RolloutSpec},
};

/// The strategy of a Rollout.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Strategy {
    /// A canary whose weight is the number of its pods.
    Basic(Basic),
    /// A canary behind a traffic router.
    Routed(Routed),
    /// Blue-green.
    BlueGreen(BlueGreen),
}

/// A canary whose weight is the number of its pods.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Basic {
    /// `steps`; none is a rolling update.
    pub steps: Vec<CanaryStep>,
    /// `maxSurge`; None: the default.
    pub max_surge: Option<IntOrString>,
}

/// A canary behind a traffic router.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Routed {
    /// `steps`
    pub steps: Vec<CanaryStep>,
    /// `maxTrafficWeight`, what stands for all traffic; None: 100.
    pub max_weight: Option<i64>,
    /// `minPodsPerReplicaSet`
    pub min_pods: Option<i64>,
    /// `dynamicStableScale`
    pub dynamic_stable_scale: bool,
    /// `abortScaleDownDelaySeconds`; None: the default.
    pub abort_delay: Option<Duration>,
}

/// Blue-green.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct BlueGreen {
    /// `previewReplicaCount`
    pub preview_replicas: Option<i64>,
    /// `abortScaleDownDelaySeconds`; None: the default.
    pub abort_delay: Option<Duration>,
}

impl Strategy {
    /// That of a Rollout; None where it has none (an invalid spec).
    pub fn of(spec: &RolloutSpec) -> Option<Self> {
        match (&spec.canary, &spec.blue_green) {
            (Some(canary), None) => Some(Self::canary(canary)),
            (None, Some(blue_green)) => Some(Self::blue_green(blue_green)),
            _ => None,
        }
    }

    fn canary(canary: &CanaryStrategy) -> Self {
        let steps = canary.steps.clone();
        let Some(routing) = &canary.traffic_routing else {
            return Self::Basic(Basic { steps, max_surge: canary.max_surge.clone() });
        };
        Self::Routed(Routed {
            steps,
            max_weight: routing.max_traffic_weight,
            min_pods: canary.min_pods_per_replica_set,
            dynamic_stable_scale: canary.dynamic_stable_scale,
            abort_delay: canary.abort_scale_down_delay,
        })
    }

    fn blue_green(blue_green: &BlueGreenStrategy) -> Self {
        Self::BlueGreen(BlueGreen {
            preview_replicas: blue_green.preview_replica_count,
            abort_delay: blue_green.abort_scale_down_delay,
        })
    }
}

impl Basic {
    /// The most pods above `replicas`, rounded up. Where nothing is written, the larger of the two
    /// defaults that the documentation names (25% and 1).
    pub fn surge(&self, replicas: i64) -> i64 {
        let quarter = IntOrString::String("25%".into());
        match &self.max_surge {
            Some(written) => written.pods_of(replicas, Rounding::Up).unwrap_or(0),
            None => quarter.pods_of(replicas, Rounding::Up).unwrap_or(0).max(1),
        }
    }
}

/// The delay of `abortScaleDownDelaySeconds: 0`: the pods are kept.
pub(super) fn keeps_on_abort(delay: Option<Duration>) -> bool {
    delay == Some(Duration::ZERO)
}
