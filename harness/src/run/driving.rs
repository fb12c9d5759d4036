//! A step's action, done by the driver that is asked for.
//!
//! The plugin tells no resourceVersion, so what it wrote is looked for in the timeline: a barrier before it starts and
//! one after it has ended enclose all that it can have written ([`Changes`] finds which). So the gate is the first state
//! that shows what it wrote, also if the controller wrote over it at once.

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{acting, step::Hands, trouble::Trouble};
use crate::{
    act::{
        ActError, Done, Driver, ObjectRef,
        plugin::{Asked, Changes, Place, Plugin},
    },
    scenario::{Action, LoadedStep},
    timeline::{History, Kind, Point},
};

impl Hands<'_> {
    /// Does the step's action.
    pub(super) async fn drive(&self, step: &LoadedStep) -> Result<Done, Trouble> {
        match (self.driver, asked(&step.action)) {
            (Driver::Plugin(plugin), Some(asked)) => {
                let done = self.by_plugin(plugin, asked, &step.on).await;
                done.map_err(|trouble| trouble.context(&format!("{}: ", step.action)))
            }
            _ => acting::act(self.actor, self.controller, self.metrics, self.plane, &step.on, &step.action).await,
        }
    }

    /// Where the plugin acts.
    pub(super) fn place<'a>(&'a self, kubeconfig: &'a std::path::Path) -> Place<'a> {
        Place { kubeconfig, namespace: self.namespace }
    }

    async fn by_plugin(&self, plugin: &Plugin, asked: Asked<'_>, on: &str) -> Result<Done, Trouble> {
        self.timeline.barrier().await?;
        let (from, rollout) = {
            let log = self.timeline.log();
            let history = log.history();
            (history.end(), history.last().rollout_object(on).map(|object| object.raw.clone()))
        };
        let workload = rollout.as_ref().and_then(|rollout| workload(asked, rollout));
        let before = match &workload {
            Some(workload) => Some(self.actor.object(workload.kind, &workload.name).await?),
            None => None,
        };
        let kubeconfig = self.plane.dir().kubeconfig();
        let began = Timestamp::now();
        let said = plugin.act(self.place(&kubeconfig), asked, on, rollout.as_ref()).await?;
        let during = (began, Timestamp::now());
        self.timeline.barrier().await?;
        let command = asked.typed(on);
        let not_written =
            |seen: String| Trouble::from(ActError::NotWritten { command: command.clone(), said: said.clone(), seen });

        let Some(rollout) = rollout else {
            return Err(not_written(format!("there was no Rollout {on} before it was called")));
        };
        let after = match &workload {
            Some(workload) => Some(self.actor.object(workload.kind, &workload.name).await?),
            None => None,
        };
        let log = self.timeline.log();
        let history = log.history();
        let changes = Changes { asked, during, replica_sets: replica_sets(history, from, &rollout) };
        if let (Some(before), Some(after)) = (before, after) {
            // Others write to it too (its status, its replicas), but not to its template.
            let (old, new) = (template(&before), template(&after));
            let Some(found) = changes.find(&[&old, &new]) else {
                return Err(not_written(format!("the template of {} is not what it must be", json_name(&after))));
            };
            let objects = vec![ObjectRef::of(&after), ObjectRef::of(&rollout)];
            return Ok(Done { objects, changed: !found.writes.is_empty(), command });
        }
        let versions = versions(history, from, &rollout);
        let raw: Vec<&Value> = versions.iter().map(|(_, object)| *object).collect();
        let (first, last) = (history.rv(from), history.complete_to());
        match changes.find(&raw) {
            Some(found) => {
                // Newest first; where nothing was written, what stands.
                let written = found.writes.iter().rev().map(|index| ObjectRef::of(raw[*index]));
                let mut objects: Vec<_> = written.collect();
                if objects.is_empty() {
                    objects.extend(raw.last().map(|object| ObjectRef::of(object)));
                }
                Ok(Done { objects, changed: !found.writes.is_empty(), command })
            }
            // Its write may lie in the gap: what stands behind it is as good.
            None if history.gaps_between(first, last).any(|gap| gap.kind == Kind::Rollout) => {
                let objects = raw.last().map(|object| ObjectRef::of(object)).into_iter().collect();
                Ok(Done { objects, changed: true, command })
            }
            None => Err(not_written(format!(
                "of the {} writes of the Rollout between resourceVersion {first} and {last} none is what it must have \
                 written, and it was not so already",
                raw.len() - 1
            ))),
        }
    }
}

/// The action as the plugin has it; None for one that it has no command for.
fn asked(action: &Action) -> Option<Asked<'_>> {
    Some(match action {
        Action::SetImage(set) => Asked::SetImage(set),
        Action::Promote(promote) => Asked::Promote(promote),
        Action::Abort => Asked::Abort,
        Action::Retry => Asked::Retry,
        Action::Pause => Asked::Pause,
        Action::Restart(restart) => Asked::Restart(restart),
        Action::Undo(undo) => Asked::Undo(undo),
        _ => return None,
    })
}

/// Another object than the Rollout, which the plugin writes to.
struct Workload {
    kind: &'static str,
    name: String,
}

/// What the Rollout refers to, where that is what is written.
fn workload(asked: Asked<'_>, rollout: &Value) -> Option<Workload> {
    let reference = rollout.pointer("/spec/workloadRef").filter(|reference| !reference.is_null())?;
    let kind = match (asked, reference["kind"].as_str()) {
        (Asked::SetImage(_), _) | (Asked::Undo(_), Some("Deployment")) => "Deployment.apps",
        (Asked::Undo(_), Some("ReplicaSet")) => "ReplicaSet.apps",
        (Asked::Undo(_), Some("PodTemplate")) => "PodTemplate",
        _ => return None,
    };
    Some(Workload { kind, name: reference["name"].as_str()?.to_owned() })
}

/// The pod template, and nothing else. (That of a PodTemplate is no `spec.template`.)
fn template(object: &Value) -> Value {
    let template = object.pointer("/spec/template").or_else(|| object.get("template"));
    json!({"spec": {"template": template}})
}

fn json_name(object: &Value) -> String {
    format!(
        "{} {}",
        object["kind"].as_str().unwrap_or_default(),
        object["metadata"]["name"].as_str().unwrap_or_default()
    )
}

/// The versions of the Rollout from the one at `from` on, with their resourceVersions.
fn versions<'a>(history: &'a History, from: Point, before: &'a Value) -> Vec<(u64, &'a Value)> {
    let uid = before["metadata"]["uid"].as_str().unwrap_or_default();
    let later = history.entries()[from.0..].iter();
    let own = later.filter(|entry| entry.kind() == Kind::Rollout && entry.object.uid == uid && !entry.deleted);
    std::iter::once((history.rv(from), before)).chain(own.map(|entry| (entry.rv, &entry.object.raw))).collect()
}

/// The Rollout's ReplicaSets, at `from` and after each write to one of them.
fn replica_sets(history: &History, from: Point, rollout: &Value) -> Vec<Vec<Value>> {
    let uid = rollout["metadata"]["uid"].as_str().unwrap_or_default();
    let mut seen: Vec<Vec<Value>> = Vec::new();
    history.walk(from, history.end(), |point, world| {
        let is_news = point == from || history.entry(point).is_some_and(|entry| entry.kind() == Kind::ReplicaSet);
        if is_news {
            let sets = world.objects(Kind::ReplicaSet).filter(|object| {
                object.replica_set().is_some_and(|set| set.metadata.owners.iter().any(|o| o.controller && o.uid == uid))
            });
            seen.push(sets.map(|object| object.raw.clone()).collect());
        }
        std::ops::ControlFlow::<()>::Continue(())
    });
    seen
}
