//! `metric`: what the scenario's metric server answers.

use std::fmt;

use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;

use crate::scenario::value::Span;

/// What the metric server answers from now on: `metric: {name: success-rate, value: 0.95}`. An AnalysisTemplate asks it
/// as `url: ${metrics}/success-rate` with `jsonPath: "{$.value}"`.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Metric {
    /// The metric's name: the path behind `${metrics}/`.
    pub name: String,
    /// The value: the answer is `{"value": ...}`.
    #[schemars(extend("type" = ["number", "string", "boolean", "object", "array"]))]
    pub value: Option<Value>,
    /// The HTTP status; default 200.
    #[schemars(range(min = 200, max = 599))]
    pub status: Option<u16>,
    /// How late the answer is.
    pub delay: Option<Span>,
    /// Several answers, one after the other; the last one goes on for ever.
    pub answers: Vec<Answer>,
}

/// One answer of several.
#[derive(Debug, Clone, Default, PartialEq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Answer {
    /// The value: the answer is `{"value": ...}`.
    #[schemars(extend("type" = ["number", "string", "boolean", "object", "array"]))]
    pub value: Option<Value>,
    /// The HTTP status; default 200.
    #[schemars(range(min = 200, max = 599))]
    pub status: Option<u16>,
    /// How late the answer is.
    pub delay: Option<Span>,
    /// How often it is given; default once.
    #[schemars(range(min = 1))]
    pub times: Option<u32>,
}

impl Metric {
    /// The answers, whichever way they are written.
    pub fn script(&self) -> Vec<Answer> {
        if self.answers.is_empty() {
            vec![Answer { value: self.value.clone(), status: self.status, delay: self.delay, times: None }]
        } else {
            self.answers.clone()
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let answers: Vec<_> = self.script().iter().map(ToString::to_string).collect();
        write!(f, "let the metric {} be {}", self.name, answers.join(", then "))
    }
}

impl fmt::Display for Answer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.value, self.status) {
            (Some(value), None) => write!(f, "{value}")?,
            (Some(value), Some(status)) => write!(f, "{value} with HTTP {status}")?,
            (None, status) => write!(f, "HTTP {}", status.unwrap_or(200))?,
        }
        if let Some(delay) = self.delay {
            write!(f, " after {delay}")?;
        }
        self.times.map_or(Ok(()), |times| write!(f, " ({times} times)"))
    }
}
