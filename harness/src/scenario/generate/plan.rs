//! What a Rollout's strategy promises, as far as no metric has a say.

use std::time::Duration;

use serde_json::Value;

use crate::scenario::check::duration;

/// A timed pause that is shorter ends before anything can be done in it.
const LONG_ENOUGH: Duration = Duration::from_secs(10);

/// What a step takes besides its pauses.
const BASE: Duration = Duration::from_secs(60);

/// What can be said about a Rollout before it runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Plan {
    /// `spec.replicas`
    pub replicas: u64,
    /// Number of steps; None without.
    pub steps: Option<usize>,
    /// What an update does by itself.
    pub update: Update,
    /// A step without pauses may take so long.
    pub within: Duration,
    /// Old ReplicaSets are scaled down at once (no router), and stay as objects.
    pub scaled_down: bool,
    /// The active Service, of a blue-green Rollout.
    pub active: Option<String>,
    /// The preview Service, of a blue-green Rollout.
    pub preview: Option<String>,
    /// The pod template has annotations of its own.
    pub annotated: bool,
}

/// What an update does by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Update {
    /// It goes on to the end; its pauses take so long.
    Ends(Duration),
    /// It pauses long enough for something to be done.
    Pauses(Pause),
    /// Measurements decide.
    Measured,
}

/// Where an update pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Pause {
    /// The message beside the phase.
    pub message: &'static str,
    /// The step; None for blue-green.
    pub step: Option<usize>,
    /// The weight that was set, if one was.
    pub weight: Option<u64>,
    /// Pods of the new revision, if that is sure.
    pub pods: Option<u64>,
    /// Pauses before it.
    pub after: Duration,
}

impl Plan {
    /// Of a Rollout.
    pub fn of(rollout: &Value) -> Self {
        let spec = rollout.get("spec").unwrap_or(&Value::Null);
        let replicas = spec.get("replicas").and_then(Value::as_u64).unwrap_or(1);
        let ready = spec.get("minReadySeconds").and_then(Value::as_u64).unwrap_or(0);
        let annotated = spec.pointer("/template/metadata/annotations").is_some_and(|a| !a.is_null());
        // A rolling update goes in waves, of which each has to be ready for that long.
        let within = BASE + Duration::from_secs(6 * ready);
        let base = Self {
            replicas,
            steps: None,
            update: Update::Measured,
            within,
            scaled_down: false,
            active: None,
            preview: None,
            annotated,
        };
        if let Some(blue_green) = spec.pointer("/strategy/blueGreen") {
            let service = |key: &str| blue_green.get(key).and_then(Value::as_str).map(ToOwned::to_owned);
            let (active, preview) = (service("activeService"), service("previewService"));
            return Self { update: blue_green_update(blue_green, replicas), active, preview, ..base };
        }
        let canary = spec.pointer("/strategy/canary").unwrap_or(&Value::Null);
        let steps = canary.get("steps").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        let routed = canary.get("trafficRouting").is_some();
        let history = spec.get("revisionHistoryLimit").and_then(Value::as_u64) != Some(0);
        let count = Some(steps.len()).filter(|n| *n > 0);
        Self { update: canary_update(canary, steps), steps: count, scaled_down: !routed && history, ..base }
    }
}

fn canary_update(canary: &Value, steps: &[Value]) -> Update {
    if canary.get("analysis").is_some() {
        return Update::Measured;
    }
    let mut after = Duration::ZERO;
    let mut weight = None;
    for (index, step) in steps.iter().enumerate() {
        if ["analysis", "experiment", "plugin"].iter().any(|key| step.get(key).is_some()) {
            return Update::Measured;
        }
        if let Some(set) = step.get("setWeight").and_then(Value::as_u64) {
            weight = Some(set);
        }
        if step.get("pause").is_none() {
            continue;
        }
        match duration(step) {
            Some(span) if span.0 < LONG_ENOUGH => after += span.0,
            _ => {
                let pause = Pause { message: "CanaryPauseStep", step: Some(index), weight, pods: None, after };
                return Update::Pauses(pause);
            }
        }
    }
    Update::Ends(after)
}

fn blue_green_update(blue_green: &Value, replicas: u64) -> Update {
    if ["prePromotionAnalysis", "postPromotionAnalysis"].iter().any(|key| blue_green.get(key).is_some()) {
        return Update::Measured;
    }
    let by_hand = blue_green.get("autoPromotionEnabled") == Some(&Value::Bool(false));
    let seconds = blue_green.get("autoPromotionSeconds").and_then(Value::as_u64).unwrap_or(0);
    let wait = Duration::from_secs(seconds);
    if !by_hand && wait < LONG_ENOUGH {
        return Update::Ends(wait);
    }
    let pods = blue_green.get("previewReplicaCount").and_then(Value::as_u64).unwrap_or(replicas);
    Update::Pauses(Pause {
        message: "BlueGreenPause",
        step: None,
        weight: None,
        pods: Some(pods),
        after: Duration::ZERO,
    })
}
