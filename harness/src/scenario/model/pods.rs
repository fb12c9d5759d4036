//! `pods`: change pods that run.

use std::{borrow::Cow, collections::BTreeMap, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{
    Deserialize, Deserializer,
    de::{self, Visitor},
};

/// Change pods that run: `pods: {revision: 2, ready: false}`. Exactly one change is written. It is done when the
/// pods show it; what the controller makes of it is to be expected.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Pods {
    /// The revision whose pods are meant.
    pub revision: u64,
    /// How many of them, the first ones by name; default all.
    #[schemars(range(min = 1))]
    pub count: Option<usize>,
    /// They become ready, or unready, and no time of their script changes that any more.
    pub ready: Option<bool>,
    /// Their containers end with this code. They start again after a back-off.
    pub exit: Option<u8>,
    /// Their containers wait, with this reason.
    pub waiting: Option<Waiting>,
    /// Name of a readiness gate to what its condition becomes.
    pub gate: BTreeMap<String, bool>,
    /// They are deleted: so many, or `all`.
    pub delete: Option<HowMany>,
}

/// Why a container waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, JsonSchema)]
#[allow(missing_docs, reason = "these are Kubernetes' own words")]
pub enum Waiting {
    ImagePullBackOff,
    ErrImagePull,
    CrashLoopBackOff,
    CreateContainerConfigError,
}

/// A number of pods.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HowMany {
    /// Each of them.
    All,
    /// The first ones by name.
    First(usize),
}

impl Pods {
    /// The changes that are written, by their keys.
    pub fn changes(&self) -> Vec<&'static str> {
        let changes = [
            ("ready", self.ready.is_some()),
            ("exit", self.exit.is_some()),
            ("waiting", self.waiting.is_some()),
            ("gate", !self.gate.is_empty()),
            ("delete", self.delete.is_some()),
        ];
        changes.into_iter().filter(|(_, written)| *written).map(|(key, _)| key).collect()
    }

    /// How many pods are meant; None: all.
    pub fn count(&self) -> Option<usize> {
        match self.delete {
            Some(HowMany::First(count)) => Some(count),
            _ => self.count,
        }
    }

    /// Whether somebody has to play the pods' part: a kubelet would not do this for us.
    pub fn is_scripted(&self) -> bool {
        self.ready.is_some() || self.exit.is_some() || self.waiting.is_some()
    }
}

impl fmt::Display for Waiting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

impl fmt::Display for Pods {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let which = match self.count() {
            Some(1) => "1 pod".to_owned(),
            Some(count) => format!("{count} pods"),
            None => "the pods".to_owned(),
        };
        let whose = format!("{which} of revision {}", self.revision);
        match (self.ready, self.exit, self.waiting, self.delete) {
            (Some(true), ..) => write!(f, "make {whose} ready"),
            (Some(false), ..) => write!(f, "make {whose} unready"),
            (_, Some(code), ..) => write!(f, "end the containers of {whose} with exit code {code}"),
            (_, _, Some(reason), _) => write!(f, "let the containers of {whose} wait with {reason}"),
            (_, _, _, Some(_)) => write!(f, "delete {whose}"),
            _ => {
                let gates: Vec<_> = self.gate.iter().map(|(name, open)| format!("{name}={open}")).collect();
                write!(f, "set the readiness gates of {whose}: {}", gates.join(", "))
            }
        }
    }
}

impl<'de> Deserialize<'de> for HowMany {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct V;
        impl Visitor<'_> for V {
            type Value = HowMany;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number of pods, or `all`")
            }
            fn visit_str<E: de::Error>(self, text: &str) -> Result<HowMany, E> {
                if text == "all" { Ok(HowMany::All) } else { Err(E::invalid_value(de::Unexpected::Str(text), &self)) }
            }
            fn visit_u64<E: de::Error>(self, count: u64) -> Result<HowMany, E> {
                match usize::try_from(count) {
                    Ok(count) if count > 0 => Ok(HowMany::First(count)),
                    _ => Err(E::invalid_value(de::Unexpected::Unsigned(count), &self)),
                }
            }
        }
        deserializer.deserialize_any(V)
    }
}

impl JsonSchema for HowMany {
    fn schema_name() -> Cow<'static, str> {
        "HowMany".into()
    }
    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"oneOf": [{"type": "integer", "minimum": 1}, {"const": "all"}], "description": "A number of pods, or `all`."})
    }
}
