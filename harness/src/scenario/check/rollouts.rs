//! What the manifests say about the Rollouts, and whether the steps agree with it: containers,
//! steps of the strategy, timed pauses, how many revisions there can be.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{Faults, states::Claim};
use crate::scenario::{
    action::Action,
    fault::one_of,
    load::{Manifests, WITHIN},
    manifest::Manifest,
    model::{ScenarioFile, StateMatch, Step},
    tree::Node,
    value::Span,
};

/// Checks the steps against the manifests, and says for each step which Rollout it is about.
pub(in crate::scenario) fn rollouts(
    file: &ScenarioFile,
    steps: &[(&Node, Manifests)],
    actions: &[Option<Action>],
    given: Option<&[Manifest]>,
    faults: &mut Faults,
) -> Vec<Option<String>> {
    let all = steps.iter().filter_map(|(_, m)| m.as_deref()).chain(given).flatten();
    let mut names: Vec<String> = all.filter(|m| m.is_rollout()).map(|m| m.name.clone()).collect();
    names.sort();
    names.dedup();
    // A manifest that could not be read is a fault already: what it would have said is not known.
    let complete = given.is_some() && steps.iter().all(|(_, m)| m.is_some());
    let mut world = World { names, complete, ..World::default() };
    given.into_iter().flatten().for_each(|m| world.apply(m));
    world.revisions = given.into_iter().flatten().filter(|m| m.is_rollout()).count() as u64;

    let mut on = Vec::new();
    for ((step, (node, manifests)), action) in file.steps.iter().zip(steps).zip(actions) {
        let manifests = manifests.as_deref().unwrap_or_default();
        manifests.iter().for_each(|m| world.apply(m));
        let name = world.resolve(node, step, manifests, faults);
        if let (Some(name), Some(action)) = (&name, action) {
            // Done several times, it may make as many revisions.
            (0..step.repeat.unwrap_or(1)).for_each(|_| world.act(node, name, action, faults));
            world.claims(node, name, step, faults);
            pauses(node, step, world.rollouts.get(name), faults);
        }
        on.push(name);
    }
    on
}

/// What is known of the cluster after some steps.
#[derive(Default)]
struct World {
    names: Vec<String>,
    complete: bool,
    rollouts: BTreeMap<String, Known>,
    objects: Vec<Manifest>,
    /// How many revisions there can be at most.
    revisions: u64,
}

/// What is known of a Rollout; None: not known (any more).
struct Known {
    containers: Option<Vec<String>>,
    steps: Option<Vec<Value>>,
}

impl World {
    fn apply(&mut self, manifest: &Manifest) {
        self.objects.retain(|o| (&o.kind, &o.name) != (&manifest.kind, &manifest.name));
        self.objects.push(manifest.clone());
        if !manifest.is_rollout() {
            return;
        }
        let spec = |pointer: &str| manifest.object.pointer(pointer);
        let referred = || {
            let field = |key: &str| spec(&format!("/spec/workloadRef/{key}")).and_then(Value::as_str);
            let (kind, name) = (field("kind")?, field("name")?);
            self.objects.iter().find(|o| o.kind == kind && o.name == name).and_then(Manifest::template)
        };
        let template = manifest.template().or_else(referred);
        let steps = spec("/spec/strategy/canary/steps").and_then(Value::as_array).cloned();
        let known = Known { containers: template.map(containers), steps: Some(steps.unwrap_or_default()) };
        self.rollouts.insert(manifest.name.clone(), known);
    }

    fn resolve(&self, node: &Node, step: &Step, manifests: &[Manifest], faults: &mut Faults) -> Option<String> {
        let mut applied = manifests.iter().filter(|m| m.is_rollout());
        let name = match (&step.on, applied.next(), applied.next(), self.names.as_slice()) {
            (Some(on), ..) if self.names.contains(on) => on,
            (None, Some(one), None, _) => &one.name,
            (None, _, _, [only]) => only,
            _ if !self.complete => return None,
            (Some(on), ..) => {
                let at = node.get("on").map_or(node.at, |n| n.at);
                let names: Vec<_> = self.names.iter().map(String::as_str).collect();
                faults.at(at, format!("no manifest of this scenario has a Rollout `{on}`"), one_of(on, &names));
                return None;
            }
            (None, _, _, []) => {
                faults.at(
                    node.at,
                    "no manifest of this scenario has a Rollout",
                    "`apply` a file with the Rollout under test",
                );
                return None;
            }
            (None, ..) => {
                let help = format!("write `on: NAME`, one of {}", self.names.join(", "));
                faults.at(node.at, "which Rollout? The scenario has several", help);
                return None;
            }
        };
        if self.complete && !self.rollouts.contains_key(name) && step.metric.is_none() {
            faults.at(
                node.at,
                format!("the Rollout `{name}` is not there yet"),
                "a step before this one has to apply it",
            );
        }
        Some(name.clone())
    }

    fn act(&mut self, node: &Node, name: &str, action: &Action, faults: &mut Faults) {
        let named = match action {
            Action::Undo(undo) => undo.to_revision.map(|n| ("undo", "to-revision", n)),
            Action::Delete(delete) => delete.revision.map(|n| ("delete", "revision", n)),
            Action::Pods(pods) if pods.revision > 0 => Some(("pods", "revision", pods.revision)),
            _ => None,
        };
        if let Some((action, key, revision)) = named
            && !(1..=self.revisions).contains(&revision)
        {
            let at = node.get(action).and_then(|a| a.get(key)).map_or(node.at, |n| n.at);
            faults.at(at, format!("there can be no revision {revision} here"), self.bound());
        }
        if action.may_make_revision() {
            self.revisions += 1;
        }
        let Some(known) = self.rollouts.get_mut(name) else { return };
        match action {
            Action::SetImage(set_image) if set_image.container != "*" => {
                let Some(containers) = &known.containers else { return };
                if !containers.contains(&set_image.container) {
                    let at = node.get("set-image").and_then(|n| n.get("container")).map_or(node.at, |n| n.at);
                    let containers: Vec<_> = containers.iter().map(String::as_str).collect();
                    let what = format!("the Rollout `{name}` has no container `{}`", set_image.container);
                    faults.at(at, what, one_of(&set_image.container, &containers));
                }
            }
            Action::Patch(patch) if patch.kind.as_deref().is_none_or(|k| k == "Rollout") => {
                if patch.merge.pointer("/spec/template").is_some() || patch.merge.pointer("/spec/workloadRef").is_some()
                {
                    known.containers = None;
                }
                if patch.merge.pointer("/spec/strategy").is_some() {
                    known.steps = None;
                }
            }
            Action::Patch(_) | Action::Undo(_) => known.containers = None,
            _ => {}
        }
    }

    fn bound(&self) -> String {
        match self.revisions {
            0 => "nothing has made a revision yet".into(),
            1 => "there is one revision so far".into(),
            n => format!("the steps so far make at most {n} revisions"),
        }
    }

    fn claims(&self, node: &Node, name: &str, step: &Step, faults: &mut Faults) {
        let claims = [
            (Claim::Expect, step.expect.as_slice()),
            (Claim::Through, &step.through),
            (Claim::Never, &step.never),
            (Claim::Always, &step.always),
            (Claim::At, step.at.as_slice()),
        ];
        for (claim, states) in claims {
            for (node, state) in claim.nodes(node).iter().zip(states) {
                self.step_index(node, name, state, faults);
                if claim != Claim::Never {
                    self.revision_numbers(node, state, faults);
                }
            }
        }
    }

    fn step_index(&self, node: &Node, name: &str, state: &StateMatch, faults: &mut Faults) {
        let Some(steps) = self.rollouts.get(name).and_then(|r| r.steps.as_ref()) else { return };
        let (Some(written), Some(at)) = (&state.step, node.get("step")) else { return };
        for index in written.values() {
            let fits = index.total.map_or(index.index as usize <= steps.len(), |total| total as usize == steps.len());
            if steps.is_empty() {
                faults.at(at.at, format!("the strategy of the Rollout `{name}` has no steps"), "leave `step` out");
            } else if !fits {
                let help = format!("write INDEX/{}: the index counts from 0, {0} is past the last step", steps.len());
                faults.at(at.at, format!("`{index}`: the Rollout `{name}` has {} steps", steps.len()), help);
            }
        }
    }

    fn revision_numbers(&self, node: &Node, state: &StateMatch, faults: &mut Faults) {
        let objects = node.get("objects").map(Node::items).unwrap_or_default();
        for (node, object) in objects.iter().zip(&state.objects) {
            let (revision, gone) = (object.revision.unwrap_or(0), object.exists == Some(false));
            if revision > self.revisions && !gone && object.is_one() && self.complete {
                faults.at(node.key_at("revision"), format!("there can be no revision {revision} here"), self.bound());
            }
        }
        for (number, revision) in &state.revisions {
            if *number > self.revisions && revision.exists != Some(false) && self.complete {
                let at = node.get("revisions").map_or(node.at, |r| r.key_at(&number.to_string()));
                faults.at(at, format!("there can be no revision {number} here"), self.bound());
            }
        }
    }
}

fn containers(template: &Value) -> Vec<String> {
    ["/spec/containers", "/spec/initContainers"]
        .iter()
        .filter_map(|list| template.pointer(list)?.as_array())
        .flatten()
        .filter_map(|c| c.get("name")?.as_str().map(ToOwned::to_owned))
        .collect()
}

fn pauses(node: &Node, step: &Step, known: Option<&Known>, faults: &mut Faults) {
    let all: Span = Span(step.pauses.values().map(|p| p.0).sum());
    let within = step.within.unwrap_or(Span(WITHIN));
    if !step.pauses.is_empty() && all >= within {
        let at = node.key_at(if step.within.is_some() { "within" } else { "pauses" });
        let help = "write a longer `within`";
        faults.at(at, format!("the pauses take {all}, and the step may take {within}"), help);
    }
    let (Some(steps), Some(pauses)) = (known.and_then(|k| k.steps.as_ref()), node.get("pauses")) else { return };
    let timed: Vec<String> =
        steps.iter().enumerate().filter(|(_, s)| duration(s).is_some()).map(|(i, _)| i.to_string()).collect();
    for (index, least) in &step.pauses {
        let at = pauses.key_at(&index.to_string());
        match steps.get(*index as usize).and_then(duration) {
            None => {
                let help = match timed.as_slice() {
                    [] => "the Rollout has no timed pause".into(),
                    timed => format!("indexes count from 0; timed pauses are at {}", timed.join(", ")),
                };
                faults.at(at, format!("step {index} of the Rollout is no timed pause"), help);
            }
            Some(lasts) if lasts < *least => {
                let help = "a pause lasts at least what the Rollout says, and not much longer";
                faults.at(at, format!("the pause at step {index} lasts only {lasts}"), help);
            }
            Some(_) => {}
        }
    }
}

/// How long a step of a strategy pauses: seconds, or a text such as `10`, `10s` or `1m`.
pub(in crate::scenario) fn duration(step: &Value) -> Option<Span> {
    let written = step.pointer("/pause/duration")?;
    let text = written.as_str().map_or_else(|| written.to_string(), ToOwned::to_owned);
    let text = if text.bytes().all(|b| b.is_ascii_digit()) { format!("{text}s") } else { text };
    text.parse().ok()
}
