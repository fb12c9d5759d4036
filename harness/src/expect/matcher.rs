//! Compares one state with a partial description of it, field by field.

use std::fmt::Display;

use semver::Version;

use super::{at_rest, event, object, pattern, pattern::Scope, rest, status};
use crate::{
    model,
    rollout::info::{ReplicaSetInfo, RolloutInfo},
    scenario::{
        model::{
            ListMatch, Phase, Replicas, ReplicasMatch, RevisionMatch, Role, ServiceMatch, StateMatch, WeightMatch,
        },
        value::{ByRelease, Number},
    },
    timeline::World,
    view::ListRow,
};

/// Whom a description is about.
#[derive(Debug, Clone, Copy)]
pub struct Subject<'a> {
    /// The Rollout's name.
    pub rollout: &'a str,
    /// The controller's release: it picks the values that differ by release.
    pub release: &'a Version,
}

/// One field's comparison.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Check {
    /// The field, as in the scenario: `replicas.updated`, `revisions.2.pods`.
    pub field: String,
    /// What must be, in words.
    pub expected: String,
    /// What is, in words.
    pub got: String,
    /// Whether it holds.
    pub ok: bool,
}

/// What `phase: Healthy` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Healthy {
    /// That it is the whole truth: the counters agree with the ReplicaSets.
    AtRest,
    /// That the status says so. Counters lag behind each change of a ReplicaSet, also of one that goes away in peace.
    Said,
}

/// Compares `world` with what is `expected`; one check for each field that is written.
pub fn compare(expected: &StateMatch, world: &World, subject: Subject<'_>) -> Vec<Check> {
    checks(expected, world, subject, Healthy::AtRest)
}

/// As [`compare`], of one of many states in all of which it must hold: a counter that lags for a moment
/// makes nothing less healthy. Who wants the counters to stand still names them.
pub fn compare_throughout(expected: &StateMatch, world: &World, subject: Subject<'_>) -> Vec<Check> {
    checks(expected, world, subject, Healthy::Said)
}

fn checks(expected: &StateMatch, world: &World, subject: Subject<'_>, healthy: Healthy) -> Vec<Check> {
    let mut checks = Checks { release: subject.release, healthy, list: Vec::new() };
    let info = world.info(subject.rollout);
    match (&info, expected.exists.unwrap_or(expected.asks_about_rollout())) {
        (None, true) => checks.add("exists", format!("a Rollout {}", subject.rollout), "none", false),
        (Some(_), false) if expected.exists == Some(false) => {
            checks.add("exists", "no Rollout", subject.rollout, false);
        }
        (Some(info), _) => {
            if expected.exists.is_some() {
                checks.add("exists", format!("a Rollout {}", subject.rollout), subject.rollout, true);
            }
            checks.rollout(expected, world, info);
        }
        (None, false) => {
            if expected.exists.is_some() {
                checks.add("exists", "no Rollout", "none", true);
            }
        }
    }
    for (name, service) in &expected.services {
        checks.service(name, service, world, info.as_ref());
    }
    if expected.status.is_some() || !expected.objects.is_empty() {
        let hashes = info.iter().flat_map(|info| &info.replica_sets).map(|set| (set.revision, set.hash.clone()));
        let hashes: Vec<_> = hashes.collect();
        let rollout = world.rollout_object(subject.rollout).map(|object| &object.raw);
        let scope = Scope { release: subject.release, object: rollout, objects: &[], rollout, hashes: &hashes, world };
        if let (Some(status), Some(rollout)) = (&expected.status, rollout) {
            checks.list.extend(pattern::compare(status, rollout.get("status"), "status", scope));
        }
        for expected in &expected.objects {
            let scope = Scope { object: None, ..scope };
            checks.list.extend(object::objects(expected, world, info.as_ref(), subject.rollout, scope));
        }
    }
    if let Some(expected) = &expected.event {
        checks.list.push(event::just_written(expected, world, subject));
    }
    checks.list
}

/// Whether all fields hold.
pub fn satisfied(expected: &StateMatch, world: &World, subject: Subject<'_>) -> bool {
    compare(expected, world, subject).iter().all(|check| check.ok)
}

struct Checks<'a> {
    release: &'a Version,
    healthy: Healthy,
    list: Vec<Check>,
}

impl Checks<'_> {
    fn add(&mut self, field: impl Into<String>, expected: impl Display, got: impl Display, ok: bool) {
        self.list.push(Check { field: field.into(), expected: expected.to_string(), got: got.to_string(), ok });
    }

    /// Compares where something is written for this release.
    fn by_release<T: Display>(
        &mut self,
        field: impl Into<String>,
        expected: Option<&ByRelease<T>>,
        got: impl Display,
        holds: impl FnOnce(&T) -> bool,
    ) {
        if let Some(expected) = expected.and_then(|e| e.on(self.release)) {
            self.add(field, expected, got, holds(expected));
        }
    }

    fn number(&mut self, field: impl Into<String>, expected: Option<&ByRelease<Number>>, got: i64) {
        self.by_release(field, expected, got, |number| number.holds(got));
    }

    fn text(&mut self, field: impl Into<String>, expected: Option<&String>, got: &str) {
        if let Some(expected) = expected {
            self.add(field, expected, got, expected == got);
        }
    }

    fn rollout(&mut self, expected: &StateMatch, world: &World, info: &RolloutInfo) {
        self.phase(expected, world, info);
        if let (Some(at_rest), Some(rollout)) = (expected.at_rest, world.rollout(&info.name)) {
            let unrest = rest::unrest(rollout, world);
            let ok = unrest.is_none() == at_rest;
            let want = if at_rest { "nothing moves" } else { "something moves" };
            self.add("at-rest", want, unrest.unwrap_or_else(|| "nothing moves".into()), ok);
        }
        self.by_release("message", expected.message.as_ref(), format!("{:?}", info.message), |m| {
            m.holds(&info.message)
        });
        let step = info.step.map_or_else(|| "none".to_owned(), |(index, total)| format!("{index}/{total}"));
        self.by_release("step", expected.step.as_ref(), step, |step| {
            info.step.is_some_and(|(index, total)| index == step.index && step.total.is_none_or(|t| t == total))
        });
        if let Some(weight) = &expected.weight {
            self.weight(weight, info);
        }
        match &expected.replicas {
            Some(Replicas::Are(replicas)) => self.replicas(replicas, info),
            Some(Replicas::Model) => self.model(world, info),
            None => {}
        }
        for (number, revision) in &expected.revisions {
            self.revision(*number, revision, world, info);
        }
        if let Some(images) = &expected.images {
            let words = |list: &[(String, Vec<Role>)]| {
                let words = list.iter().map(|(image, roles)| format!("{image} ({})", roles_in_words(roles)));
                if list.is_empty() { "none".to_owned() } else { words.collect::<Vec<_>>().join(", ") }
            };
            let sorted = |roles: &[Role]| {
                let mut roles = roles.to_vec();
                roles.sort_unstable();
                roles
            };
            let want: Vec<_> = images.iter().map(|(image, roles)| (image.clone(), sorted(roles))).collect();
            let mut got: Vec<_> = info.images().into_iter().map(|(image, roles)| (image, sorted(&roles))).collect();
            got.sort();
            self.add("images", words(&want), words(&got), want == got);
        }
        let Some(rollout) = world.rollout(&info.name) else { return };
        if let Some(list) = &expected.list {
            self.list_row(list, &ListRow::new(rollout));
        }
        self.list.extend(status::conditions(&expected.conditions, rollout, self.release));
        self.list.extend(expected.hashes.iter().flat_map(|hashes| status::hashes(hashes, rollout, info)));
    }

    fn phase(&mut self, expected: &StateMatch, world: &World, info: &RolloutInfo) {
        let Some(expected) = expected.phase.as_ref().and_then(|p| p.on(self.release)) else { return };
        let whole = self.healthy == Healthy::AtRest && *expected == Phase::Healthy && info.phase == Phase::Healthy;
        let rollout = world.rollout(&info.name).filter(|_| whole);
        match rollout.and_then(|rollout| at_rest::explain(rollout, world)) {
            Some(unrest) => {
                self.add("phase", "Healthy with its counters at rest", format!("Healthy, but {unrest}"), false);
            }
            _ => self.add("phase", expected, info.phase, *expected == info.phase),
        }
    }

    fn weight(&mut self, expected: &WeightMatch, info: &RolloutInfo) {
        for (field, expected, got) in
            [("weight.set", &expected.set, info.set_weight), ("weight.actual", &expected.actual, info.actual_weight)]
        {
            let words = got.map_or_else(|| "none".to_owned(), |n| n.to_string());
            self.by_release(field, expected.as_ref(), words, |number| got.is_some_and(|n| number.holds(n)));
        }
    }

    /// What the model says, and why: the sources are part of what is expected.
    fn model(&mut self, world: &World, info: &RolloutInfo) {
        let Some(judgement) = world.rollout(&info.name).and_then(|rollout| model::judge(rollout, world)) else {
            return self.add("replicas", "what the model says", "no strategy, so it says nothing", false);
        };
        let sources: Vec<_> = judgement.resting.sources.iter().map(ToString::to_string).collect();
        let expected = format!("{}: {}", judgement.resting, sources.join("; "));
        self.add("replicas.model", expected, &judgement.seen, judgement.holds());
    }

    fn replicas(&mut self, expected: &ReplicasMatch, info: &RolloutInfo) {
        let got = info.replicas;
        self.number("replicas.desired", expected.desired.as_ref(), got.desired);
        self.number("replicas.current", expected.current.as_ref(), got.current);
        self.number("replicas.updated", expected.updated.as_ref(), got.updated);
        self.number("replicas.ready", expected.ready.as_ref(), got.ready);
        self.number("replicas.available", expected.available.as_ref(), got.available);
    }

    fn revision(&mut self, number: u64, expected: &RevisionMatch, world: &World, info: &RolloutInfo) {
        let name = |field: &str| format!("revisions.{number}.{field}");
        let set = info.replica_sets.iter().find(|set| set.revision == number);
        let must_exist = expected.exists.unwrap_or(true);
        let Some(set) = set else {
            let there: Vec<_> = info.replica_sets.iter().map(|set| set.revision.to_string()).collect();
            let got =
                if there.is_empty() { "no revision at all".into() } else { format!("revisions {}", there.join(", ")) };
            let want = if must_exist { "a ReplicaSet" } else { "no ReplicaSet" };
            return self.add(name("exists"), want, got, !must_exist);
        };
        if let Some(exists) = expected.exists {
            self.add(name("exists"), if exists { "a ReplicaSet" } else { "no ReplicaSet" }, &set.name, exists);
            if !exists {
                return;
            }
        }
        if let Some(role) = expected.role {
            self.add(name("role"), role, roles_in_words(&set.roles), set.roles.contains(&role));
        }
        let (pods, terminating, ready) = count_pods(set);
        self.number(name("pods"), expected.pods.as_ref(), pods);
        self.number(name("terminating"), expected.terminating.as_ref(), terminating);
        self.number(name("ready"), expected.ready.as_ref(), ready);
        self.number(name("desired"), expected.desired.as_ref(), set.desired);
        self.number(name("available"), expected.available.as_ref(), set.available);
        self.text(name("image"), expected.image.as_ref(), set.images.first().map_or("", String::as_str));
        if let Some(was) = expected.was {
            let ok = world.holder(&info.uid, was) == Some(set.uid.as_str());
            let before = info.replica_sets.iter().find(|set| world.holder(&info.uid, was) == Some(set.uid.as_str()));
            let want = match before {
                Some(before) => format!("{}, which was revision {was}", before.name),
                None => format!("the ReplicaSet that was revision {was} (it is gone)"),
            };
            self.add(name("was"), want, &set.name, ok);
        }
        if let Some(down) = expected.scaled_down {
            let is_down = set.desired == 0 && pods == 0;
            let want = if down { "scaled down" } else { "not scaled down" };
            self.add(name("scaled-down"), want, format!("spec.replicas {}, {pods} pods", set.desired), is_down == down);
        }
    }

    fn list_row(&mut self, expected: &ListMatch, got: &ListRow) {
        self.text("list.strategy", expected.strategy.as_ref(), &got.strategy);
        self.text("list.status", expected.status.as_ref(), &got.status);
        self.text("list.step", expected.step.as_ref(), &got.step);
        self.text("list.set-weight", expected.set_weight.as_ref(), &got.set_weight);
        self.text("list.ready", expected.ready.as_ref(), &got.ready);
        self.text("list.desired", expected.desired.as_ref(), &got.desired);
        self.text("list.up-to-date", expected.up_to_date.as_ref(), &got.up_to_date);
        self.text("list.available", expected.available.as_ref(), &got.available);
    }

    fn service(&mut self, name: &str, expected: &ServiceMatch, world: &World, info: Option<&RolloutInfo>) {
        let field = |part: &str| format!("services.{name}.{part}");
        let must_exist = expected.exists.unwrap_or(true);
        let service = world.service(name);
        if service.is_some() != must_exist || expected.exists.is_some() {
            let words = |there: bool| if there { "a Service" } else { "no Service" };
            self.add(field("exists"), words(must_exist), words(service.is_some()), service.is_some() == must_exist);
        }
        let Some(service) = service else { return };
        if let Some(selector) = &expected.selector {
            let words = |map: &std::collections::BTreeMap<String, String>| {
                map.iter().map(|(key, value)| format!("{key}={value}")).collect::<Vec<_>>().join(",")
            };
            self.add(field("selector"), words(selector), words(&service.selector), *selector == service.selector);
        }
        if let Some(revision) = expected.revision {
            let set = info.and_then(|info| info.replica_sets.iter().find(|set| set.revision == revision));
            let hash = service.selector.get("rollouts-pod-template-hash");
            let want = set.map_or_else(
                || format!("the hash of revision {revision} (there is none)"),
                |set| format!("{}, the hash of revision {revision}", set.hash),
            );
            let ok = set.is_some_and(|set| hash == Some(&set.hash));
            self.add(field("revision"), want, hash.map_or("no hash", String::as_str), ok);
        }
    }
}

/// Pods that are not terminating, pods that are, and pods that are ready and not terminating.
fn count_pods(set: &ReplicaSetInfo) -> (i64, i64, i64) {
    let count = |wanted: fn(&crate::rollout::info::PodInfo) -> bool| {
        i64::try_from(set.pods.iter().filter(|pod| wanted(pod)).count()).unwrap_or(i64::MAX)
    };
    (count(|pod| !pod.terminating), count(|pod| pod.terminating), count(|pod| !pod.terminating && pod.is_ready))
}

fn roles_in_words(roles: &[Role]) -> String {
    if roles.is_empty() {
        return "none".into();
    }
    roles.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
}
