//! The words of the model, as people read them in failures and reports.

use std::fmt;

use super::{Phase, Role, StateMatch};

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Healthy => "Healthy",
            Self::Degraded => "Degraded",
            Self::Progressing => "Progressing",
            Self::Paused => "Paused",
            Self::Unknown => "Unknown",
        })
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Canary => "canary",
            Self::Stable => "stable",
            Self::Active => "active",
            Self::Preview => "preview",
            Self::Ping => "ping",
            Self::Pong => "pong",
        })
    }
}

impl StateMatch {
    /// Whether a field is written that only a Rollout that exists can satisfy.
    pub fn asks_about_rollout(&self) -> bool {
        self.phase.is_some()
            || self.message.is_some()
            || self.step.is_some()
            || self.weight.is_some()
            || self.replicas.is_some()
            || !self.revisions.is_empty()
            || self.images.is_some()
            || self.list.is_some()
    }
}
