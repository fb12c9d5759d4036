//! The types of a scenario file, as they are written (and as its JSON Schema is generated: these
//! comments are what an editor shows to the person who writes a scenario).
//!
//! Comparisons ([`Number`](super::value::Number), [`Text`](super::value::Text)) and values that
//! differ by release ([`ByRelease`](super::value::ByRelease)) live in [`super::value`].

mod api;
mod breaks;
mod condition;
mod controllers;
mod event;
mod files;
mod known;
mod metric;
mod object;
mod pods;
mod replicas;
mod state;
mod step;
mod traffic;

use std::{collections::BTreeMap, fmt};

use schemars::JsonSchema;
use serde::Deserialize;

pub use self::{
    api::*, breaks::*, condition::*, controllers::*, event::*, files::*, known::*, metric::*, object::*, pods::*,
    replicas::Replicas, state::*, step::*, traffic::*,
};

/// One case of the suite: what is given, what is done, and what must be seen.
#[derive(Debug, Clone, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
#[schemars(title = "proofroll scenario")]
pub struct ScenarioFile {
    /// One line for people.
    pub title: String,
    /// What a correct controller MUST do, as one sentence.
    pub must: String,
    /// `core`: every conforming controller passes it (the default); `extended`: an optional feature.
    #[serde(default)]
    pub profile: Profile,
    /// The features that it proves, as `canary.set-weight`.
    #[serde(default)]
    pub features: Vec<String>,
    /// The controller releases on which it applies, a semver range such as `>=1.9`; default: all.
    #[serde(default)]
    pub releases: Option<String>,
    /// Where the claim comes from: documentation pages, upstream issues.
    #[serde(default)]
    pub refs: Vec<String>,
    /// What a reader should know besides: known differences between documentation and releases, and the like.
    #[serde(default)]
    pub notes: Vec<String>,
    /// The scenario is played once for each of these, as `id[case]`: name of the case to its parameters. In all other
    /// places `$(name)` stands for the parameter; alone it takes the parameter's type, inside of a text it is text.
    /// Every case defines the same parameters.
    #[serde(default)]
    pub cases: BTreeMap<String, BTreeMap<String, serde_json::Value>>,
    /// Capabilities that the provider of the cluster must have. What an action needs by itself
    /// (`controller` a controller process, `api` a cluster of its own, a script of pods somebody who plays it) is added.
    #[serde(default)]
    pub needs: Vec<Capability>,
    /// Manifests that exist before the first step: preconditions, never the object under test.
    /// Paths are relative to this file; `@name` is a shared one; `{use: FILE, set: {spec.replicas: 3}}` changes what the
    /// file holds before it is applied.
    #[serde(default)]
    pub given: Files,
    /// Requests that are sent during all steps.
    #[serde(default)]
    pub traffic: Option<Traffic>,
    /// Flags of the controllers: of `main`, which runs from the beginning, and of further ones, which run once a step has
    /// started them (`controller: start` with `of: NAME`).
    #[serde(default)]
    pub controllers: BTreeMap<String, ControllerFlags>,
    /// What is done, in order.
    #[schemars(length(min = 1))]
    pub steps: Vec<Step>,
    /// States of which none may be seen, over the whole scenario.
    #[serde(default)]
    pub never: Vec<StateMatch>,
    /// Every state must satisfy each of these, over the whole scenario.
    #[serde(default)]
    pub always: Vec<StateMatch>,
    /// So many times it is run, each in a namespace of its own, for what happens only sometimes; it passes if it passes
    /// each time. Default once.
    #[serde(default)]
    pub repeat: Option<u32>,
    /// Upstream bugs that it is known to meet.
    #[serde(default)]
    pub known: Vec<Known>,
    /// Changes of what is done that must turn it red: `proofroll breaks` makes them and looks.
    #[serde(default)]
    pub breaks: Vec<Break>,
    /// Invariants that this scenario does not obey: name to reason.
    #[serde(default)]
    pub waive: BTreeMap<String, String>,
}

/// How much of the field a scenario speaks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Profile {
    /// Every conforming controller passes it.
    #[default]
    Core,
    /// An optional feature.
    Extended,
}

/// What a provider of clusters can do; a scenario's `needs` are matched with these when tests are listed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Deserialize, serde::Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum Capability {
    /// Pods are moved through their life by kwok.
    FakePods,
    /// Pods run containers on a kubelet.
    Kubelet,
    /// Requests through a Service reach pods.
    Traffic,
    /// Pods' readiness, exits and terminations follow the scenario's script.
    ScriptedPods,
    /// The controller is a process of the harness: it can be killed, restarted, swapped.
    ControllerProcess,
    /// A controller that serves all namespaces.
    ClusterScope,
    /// The cluster belongs to this scenario alone.
    OwnCluster,
}

impl Capability {
    /// As it is written.
    pub fn name(self) -> &'static str {
        match self {
            Self::FakePods => "fake-pods",
            Self::Kubelet => "kubelet",
            Self::Traffic => "traffic",
            Self::ScriptedPods => "scripted-pods",
            Self::ControllerProcess => "controller-process",
            Self::ClusterScope => "cluster-scope",
            Self::OwnCluster => "own-cluster",
        }
    }
}

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
