//! Requests that are sent while a scenario runs, and what must be seen of them.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    scenario::value::{Number, Share},
    traffic::{ErrorClaim, SplitClaim},
};

/// Requests that are sent to a Service during all steps: `traffic: {service: rollouts-demo, rate: 100}`. Each is a
/// connection of its own, from a pod in the cluster to the Service's address.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Traffic {
    /// The Service's name; it is one of the manifests of this scenario.
    pub service: String,
    /// Its port; needed only where it has several.
    #[serde(default)]
    pub port: Option<u16>,
    /// Requests per second.
    #[serde(default = "rate")]
    #[schemars(range(min = 1, max = 1000))]
    pub rate: u32,
    /// What is asked for. The demo application answers its colour to `/color`.
    #[serde(default = "path")]
    pub path: String,
}

fn rate() -> u32 {
    100
}

fn path() -> String {
    "/color".into()
}

impl Traffic {
    /// How many requests per second are possible: beyond that the load generator is what is measured.
    pub const MOST: u32 = 1000;
}

/// What must be seen of the requests: `traffic: {split: {2: 20%, 1: 80%}, failures: 0}`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct TrafficMatch {
    /// Revision to the share of requests that it answers. It is measured after `expect` was met, over as many requests
    /// as `tolerance` and `confidence` ask for, and tested exactly (binomial test). Where the shares make a whole, no
    /// other revision may answer.
    pub split: BTreeMap<u64, Share>,
    /// How far off a share must be to be noticed, in points of a hundred. Default 10%.
    pub tolerance: Option<Share>,
    /// How sure the verdict is: a split as expected is called wrong, and one that is off by the tolerance is passed,
    /// with at most the rest of the probability. Default 99.99%.
    pub confidence: Option<Share>,
    /// How many requests may fail (no answer, or a status of 500 and above) from this action's gate to the next one's.
    pub failures: Option<Number>,
}

impl TrafficMatch {
    /// The claim about the split, if there is one.
    pub fn split_claim(&self) -> Option<SplitClaim> {
        (!self.split.is_empty()).then(|| SplitClaim {
            shares: self.split.iter().map(|(revision, share)| (*revision, share.0)).collect(),
            tolerance: self.tolerance.map_or(SplitClaim::TOLERANCE, |share| share.0),
            confidence: self.confidence.map_or(SplitClaim::CONFIDENCE, |share| share.0),
        })
    }

    /// The claim about failures, if there is one.
    pub fn error_claim(&self) -> Option<ErrorClaim> {
        self.failures.map(|failures| ErrorClaim { failures })
    }
}
