//! Expectations on objects of any kind.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::Role;
use crate::scenario::value::{Expressions, Pattern, Quantifier, Text};

/// What objects of a kind must be like. `name` says which one, or for a ReplicaSet `revision` or `role`: then `fields`
/// says what it must be like. Otherwise several are meant: all of the kind, or those of a revision, a role, with
/// labels; then `any`, `all`, `none` and `count` say how many must be like what.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct ObjectMatch {
    /// Their kind, as `Deployment`; with its group where the cluster has several of that name, as
    /// `Service.serving.knative.dev`.
    pub kind: String,
    /// The one of this name. A Rollout without one is the step's.
    #[serde(default)]
    pub name: Option<String>,
    /// The ReplicaSet of this revision, its pods, or the AnalysisRuns and Experiments that it made.
    #[serde(default)]
    pub revision: Option<u64>,
    /// The ReplicaSet that plays this part, or its pods.
    #[serde(default)]
    pub role: Option<Role>,
    /// Those with these labels; null: without it.
    #[serde(default)]
    pub labels: BTreeMap<String, Option<Text>>,
    /// Where several are meant: only those that are being deleted. They are left out otherwise.
    #[serde(default)]
    pub terminating: bool,
    /// Where one is meant: whether it exists; default true.
    #[serde(default)]
    pub exists: Option<bool>,
    /// What the one must be like; fields that are not written are not compared.
    #[serde(default)]
    pub fields: Option<Pattern>,
    /// At least one of them is like this.
    #[serde(default)]
    pub any: Option<Pattern>,
    /// There are some, and each is like this.
    #[serde(default)]
    pub all: Option<Pattern>,
    /// None of them is like this.
    #[serde(default)]
    pub none: Option<Pattern>,
    /// How many there are, or how many are like `where`: a number or a comparison.
    #[serde(default)]
    pub count: Option<Pattern>,
    /// What `count` counts.
    #[serde(default)]
    pub r#where: Option<Pattern>,
    /// CEL expressions that must be true, about `object` (where one is meant) or `objects` (a list), `rollout` (the
    /// step's), `hashes` (revision number to pod template hash) and `kinds` (of each kind that is watched, all objects:
    /// `kinds.Pod`).
    #[serde(default)]
    pub cel: Expressions,
}

impl ObjectMatch {
    /// Whether it is about a single object.
    pub fn is_one(&self) -> bool {
        self.name.is_some()
            || (self.kind == "ReplicaSet" && (self.revision.is_some() || self.role.is_some()))
            || (self.kind == "Rollout" && self.labels.is_empty())
    }

    /// Its quantifiers.
    pub fn quantifier(&self) -> Quantifier {
        Quantifier {
            any: self.any.clone(),
            all: self.all.clone(),
            none: self.none.clone(),
            count: self.count.clone(),
            r#where: self.r#where.clone(),
        }
    }

    /// Which objects it is about, in words: `ReplicaSet of revision 2`, `Pods with app="x"`.
    pub fn subject(&self) -> String {
        let mut says = self.kind.clone();
        if !self.is_one() {
            says = format!("{}{}", if self.terminating { "terminating " } else { "" }, plural(&says));
        }
        if let Some(name) = &self.name {
            says = format!("{says} {name}");
        }
        if let Some(revision) = self.revision {
            says = format!("{says} of revision {revision}");
        }
        if let Some(role) = self.role {
            says = format!("{says} of the {role}");
        }
        for (index, (key, value)) in self.labels.iter().enumerate() {
            let and = if index == 0 { " with" } else { " and" };
            says = match value {
                Some(Text::Is(value)) => format!("{says}{and} {key}={value}"),
                Some(text) => format!("{says}{and} {key} that {text}"),
                None => format!("{says}{and} no {key}"),
            };
        }
        says
    }

    /// What it demands, one text for each demand.
    pub fn demands(&self) -> Vec<String> {
        let mut says = Vec::new();
        if let Some(exists) = self.exists {
            says.push(if exists { "exists" } else { "does not exist" }.to_owned());
        }
        says.extend(self.fields.as_ref().map(ToString::to_string));
        says.extend(self.quantifier().demands());
        says.extend(self.cel.0.iter().map(|expression| format!("`{expression}`")));
        if says.is_empty() {
            says.push("exists".to_owned());
        }
        says
    }
}

/// Several of a kind: Pods, Ingresses, NetworkPolicies.
pub fn plural(kind: &str) -> String {
    match kind.strip_suffix('y') {
        Some(stem) if !stem.ends_with(['a', 'e', 'o', 'u']) => format!("{stem}ies"),
        _ if kind.ends_with('s') => format!("{kind}es"),
        _ => format!("{kind}s"),
    }
}
