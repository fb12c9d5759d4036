//! `api`: what is done to the API server.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Nothing;

/// What is done to the API server of a cluster that belongs to this scenario alone: `api: {restart: {}}`.
#[derive(Debug, Clone, Copy, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ApiAction {
    /// It is killed and started again. Every watch is cut, and what it missed can't be had any more (410 Gone): whoever
    /// watched lists anew. What happened in between is a gap in the timeline.
    pub restart: Nothing,
}

impl fmt::Display for ApiAction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("restart the API server")
    }
}
