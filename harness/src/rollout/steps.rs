//! The steps of a canary strategy.

use std::time::Duration;

use serde_json::Value;

use super::fields::Fields;
use super::go_duration::parse_go_duration;

/// One entry of `spec.strategy.canary.steps`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CanaryStep {
    /// `setWeight`: the share of the canary, percent (of `maxTrafficWeight` where there is a router).
    SetWeight(i64),
    /// `pause`
    Pause(PauseLength),
    /// `setCanaryScale`
    SetCanaryScale(CanaryScale),
    /// `experiment`
    Experiment,
    /// `analysis`
    Analysis,
    /// `plugin`, by name.
    Plugin(String),
    /// `setHeaderRoute`, by name.
    SetHeaderRoute(String),
    /// `setMirrorRoute`, by name.
    SetMirrorRoute(String),
    /// None of these: an invalid spec, or a step that this harness does not know.
    Unknown,
}

/// How long a pause lasts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PauseLength {
    /// `pause: {}`: until somebody promotes.
    UntilPromoted,
    /// So long, in whole seconds: the controller drops what is beyond them.
    Timed(Duration),
    /// Something else, as it is written; the controller calls the spec invalid.
    Invalid(String),
}

/// `setCanaryScale`: pods without traffic.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct CanaryScale {
    /// `weight`, percent of `spec.replicas`.
    pub weight: Option<i64>,
    /// `replicas`, pods.
    pub replicas: Option<i64>,
    /// `matchTrafficWeight`: scale with the weight again.
    pub match_traffic_weight: bool,
}

impl CanaryStep {
    pub(crate) fn read(step: Fields<'_>) -> Self {
        if let Some(weight) = step.number("setWeight") {
            return Self::SetWeight(weight);
        }
        if let Some(pause) = step.optional("pause") {
            return Self::Pause(PauseLength::read(pause.value("duration")));
        }
        if step.optional("experiment").is_some() {
            return Self::Experiment;
        }
        if step.optional("analysis").is_some() {
            return Self::Analysis;
        }
        if let Some(scale) = step.optional("setCanaryScale") {
            return Self::SetCanaryScale(CanaryScale {
                weight: scale.number("weight"),
                replicas: scale.number("replicas"),
                match_traffic_weight: scale.flag("matchTrafficWeight"),
            });
        }
        let named = [
            ("plugin", Self::Plugin as fn(String) -> Self),
            ("setHeaderRoute", Self::SetHeaderRoute),
            ("setMirrorRoute", Self::SetMirrorRoute),
        ];
        let found = named.into_iter().find_map(|(key, kind)| Some(kind(step.optional(key)?.text("name"))));
        found.unwrap_or(Self::Unknown)
    }
}

impl PauseLength {
    /// Reads `duration`: seconds as a number or as a string of digits, or a Go duration.
    fn read(written: Option<&Value>) -> Self {
        let seconds = match written {
            None => return Self::UntilPromoted,
            Some(Value::Number(number)) => number.as_i64(),
            Some(Value::String(text)) => match text.parse() {
                Ok(seconds) => Some(seconds),
                Err(_) => parse_go_duration(text).ok().map(|duration| duration.as_secs()),
            },
            Some(_) => None,
        };
        let seconds = seconds.and_then(|seconds| u64::try_from(seconds).ok());
        match (seconds, written) {
            (Some(seconds), _) => Self::Timed(Duration::from_secs(seconds)),
            (None, Some(Value::String(text))) => Self::Invalid(text.clone()),
            (None, Some(other)) => Self::Invalid(other.to_string()),
            (None, None) => Self::UntilPromoted,
        }
    }
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn timed(seconds: u64) -> CanaryStep {
        CanaryStep::Pause(PauseLength::Timed(Duration::from_secs(seconds)))
    }

    #[rstest]
    #[case(json!({"setWeight": 20}), CanaryStep::SetWeight(20))]
    #[case(json!({"setWeight": 0}), CanaryStep::SetWeight(0))]
    #[case(json!({"pause": {}}), CanaryStep::Pause(PauseLength::UntilPromoted))]
    #[case(json!({"pause": {"duration": null}}), CanaryStep::Pause(PauseLength::UntilPromoted))]
    #[case(json!({"pause": {"duration": 10}}), timed(10))]
    #[case(json!({"pause": {"duration": 0}}), timed(0))]
    #[case(json!({"pause": {"duration": "10"}}), timed(10))]
    #[case(json!({"pause": {"duration": "1h"}}), timed(3600))]
    #[case(json!({"pause": {"duration": "1m30s"}}), timed(90))]
    #[case(json!({"pause": {"duration": "1999ms"}}), timed(1))]
    #[case(json!({"pause": {"duration": "soon"}}), CanaryStep::Pause(PauseLength::Invalid("soon".into())))]
    #[case(json!({"pause": {"duration": "-5s"}}), CanaryStep::Pause(PauseLength::Invalid("-5s".into())))]
    #[case(json!({"pause": {"duration": -1}}), CanaryStep::Pause(PauseLength::Invalid("-1".into())))]
    #[case(json!({"pause": {"duration": [1]}}), CanaryStep::Pause(PauseLength::Invalid("[1]".into())))]
    #[case(json!({"experiment": {"templates": []}}), CanaryStep::Experiment)]
    #[case(json!({"analysis": {"templates": []}}), CanaryStep::Analysis)]
    #[case(json!({"setCanaryScale": {"weight": 25}}), CanaryStep::SetCanaryScale(CanaryScale { weight: Some(25), ..Default::default() }))]
    #[case(json!({"setCanaryScale": {"replicas": 3}}), CanaryStep::SetCanaryScale(CanaryScale { replicas: Some(3), ..Default::default() }))]
    #[case(json!({"setCanaryScale": {"matchTrafficWeight": true}}), CanaryStep::SetCanaryScale(CanaryScale { match_traffic_weight: true, ..Default::default() }))]
    #[case(json!({"plugin": {"name": "org/step"}}), CanaryStep::Plugin("org/step".into()))]
    #[case(json!({"setHeaderRoute": {"name": "h"}}), CanaryStep::SetHeaderRoute("h".into()))]
    #[case(json!({"setMirrorRoute": {"name": "m"}}), CanaryStep::SetMirrorRoute("m".into()))]
    #[case(json!({"setWeight": "many"}), CanaryStep::Unknown)]
    #[case(json!({"dance": {}}), CanaryStep::Unknown)]
    #[case(json!("setWeight"), CanaryStep::Unknown)]
    fn each_kind_is_recognised(#[case] written: Value, #[case] expected: CanaryStep) {
        assert_eq!(CanaryStep::read(Fields::of(&written)), expected);
    }
}
