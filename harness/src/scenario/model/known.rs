//! Upstream bugs that a scenario is known to meet.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

use super::StateMatch;
use crate::scenario::value::Text;

/// An upstream bug: on these releases the scenario is expected to fail in this one way. Seen there, it is
/// reported and not red; not seen there, it is red (a fix? then the range is out of date); a failure in any other way
/// is red as ever.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Known {
    /// The number of the upstream issue, or where else the bug is described, as `findings/lost-promote.md`.
    pub issue: Issue,
    /// The releases that have it, a semver range; default: all of the scenario's.
    #[serde(default)]
    pub releases: Option<String>,
    /// It is met only where the controller is swapped (`controller: swap`) for one of `releases` and was one of these
    /// before, a semver range.
    #[serde(default)]
    pub from: Option<String>,
    /// The cases of the file that meet it; default: all of them.
    #[serde(default)]
    pub cases: Vec<String>,
    /// How it shows.
    pub shows: Shows,
    /// It is a race: seen or not, both is as expected.
    #[serde(default)]
    pub sometimes: bool,
}

/// `4728`, or a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue(pub String);

/// The one way in which a known bug shows. One of these:
///
/// - `{step: NAME, instead: STATE}`: `expect` of the step is not met, and the state that stands when time is up is this
///   one. Every field of `expect` that differs must be written: what is not said could be another bug.
/// - `{step: NAME, breaks: never[1]}`: a claim is broken: `never[N]`, `always[N]`, `through[N]` (counted from 1),
///   `hold`, `pauses[INDEX]`, `events`, `requests`. For `always` and `hold`, `instead` is the state that breaks it.
///   Without `step` a claim of the whole scenario.
/// - `{step: NAME, silent: true}`: the controller shows no sign of having taken notice of the action.
/// - `{step: NAME, refused: TEXT}`: the action can't be done, and this is said.
/// - `{step: NAME, moved: TEXT}`: the step swaps the controller, and this is one of the things that move; what follows
///   from it moves too.
/// - `{invariant: NAME, says: TEXT}`: the invariant does not hold, and each violation says this.
#[derive(Debug, Clone, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Shows {
    /// Name of the step.
    pub step: Option<String>,
    /// The state that is seen.
    pub instead: Option<StateMatch>,
    /// The claim that is broken.
    pub breaks: Option<String>,
    /// The controller takes no notice of the action, or does not reconcile when it is asked to.
    pub silent: Option<bool>,
    /// What is said of an action that can't be done.
    pub refused: Option<Text>,
    /// What is said of something that moves when the controller is swapped.
    pub moved: Option<Text>,
    /// The invariant that does not hold.
    pub invariant: Option<String>,
    /// What each violation of it says.
    pub says: Option<Text>,
}

impl<'de> Deserialize<'de> for Issue {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = Issue;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("the number of an issue, or a text")
            }
            fn visit_u64<E: de::Error>(self, n: u64) -> Result<Issue, E> {
                Ok(Issue(format!("#{n}")))
            }
            fn visit_str<E: de::Error>(self, s: &str) -> Result<Issue, E> {
                Ok(Issue(s.to_owned()))
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for Issue {
    fn schema_name() -> std::borrow::Cow<'static, str> {
        "Issue".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"anyOf": [{"type": "integer", "minimum": 1}, {"type": "string"}]})
    }
}
