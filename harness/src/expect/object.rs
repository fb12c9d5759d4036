//! Compares objects of any kind with what is expected of them.

use serde_json::Value;

use super::{
    Check, cel,
    pattern::{Scope, compare},
    quantified::{About, quantified},
};
use crate::{
    rollout::RolloutInfo,
    scenario::model::{ObjectMatch, Role},
    timeline::{Kind, Object, World},
};

/// Compares the objects that `expected` is about. `rollout`: name of the step's.
pub fn objects(
    expected: &ObjectMatch,
    world: &World,
    info: Option<&RolloutInfo>,
    rollout: &str,
    scope: Scope<'_>,
) -> Vec<Check> {
    let found = find(expected, world, info, rollout);
    let subject = expected.subject();
    let mut checks = if expected.is_one() {
        one(expected, found.first().copied(), scope)
    } else {
        let raw: Vec<&Value> = found.iter().map(|object| &object.raw).collect();
        let named: Vec<_> = found.iter().map(|object| (object.name.clone(), &object.raw)).collect();
        let scope = Scope { objects: &raw, ..scope };
        let mut checks = quantified(&expected.quantifier(), &named, "", scope, About::Objects);
        checks.extend(expected.cel.0.iter().map(|expression| cel::check(expression, "", None, scope)));
        checks
    };
    for check in &mut checks {
        check.field = format!("{subject}: {}", check.field);
    }
    checks
}

fn one(expected: &ObjectMatch, found: Option<&Object>, scope: Scope<'_>) -> Vec<Check> {
    let must_exist = expected.exists.unwrap_or(true);
    let kind = &expected.kind;
    let mut checks = Vec::new();
    let says_nothing_else = expected.fields.is_none() && expected.cel.0.is_empty();
    if found.is_some() != must_exist || expected.exists.is_some() || says_nothing_else {
        let words = if must_exist { "one" } else { "none" };
        let got = found.map_or_else(|| format!("no such {kind}"), |object| object.name.clone());
        let ok = found.is_some() == must_exist;
        checks.push(Check { field: "exists".into(), expected: words.into(), got, ok });
    }
    let Some(object) = found.filter(|_| must_exist) else { return checks };
    let scope = Scope { object: Some(&object.raw), ..scope };
    let mut fields = expected.fields.as_ref().map_or_else(Vec::new, |p| compare(p, Some(&object.raw), "", scope));
    fields.extend(expected.cel.0.iter().map(|expression| cel::check(expression, "", None, scope)));
    if expected.name.is_none() {
        // It was found by its revision: which one that is, is news.
        for check in fields.iter_mut().filter(|check| !check.ok) {
            check.got = format!("{} ({})", check.got, object.name);
        }
    }
    checks.append(&mut fields);
    checks
}

/// The objects that are meant, by name.
fn find<'w>(expected: &ObjectMatch, world: &'w World, info: Option<&RolloutInfo>, rollout: &str) -> Vec<&'w Object> {
    let Some(kind) = Kind::named(&expected.kind) else { return Vec::new() };
    let name = match (&expected.name, expected.is_one() && expected.kind == "Rollout") {
        (None, true) => Some(rollout),
        (name, _) => name.as_deref(),
    };
    let is_meant = |object: &&Object| {
        if let Some(name) = name {
            return object.name == name;
        }
        if !expected.is_one() && expected.terminating == object.raw["metadata"]["deletionTimestamp"].is_null() {
            return false;
        }
        let labels = &object.raw["metadata"]["labels"];
        let has_labels = expected.labels.iter().all(|(key, value)| match (value, labels[key].as_str()) {
            (Some(value), Some(got)) => value.holds(got),
            (None, None) => true,
            _ => false,
        });
        has_labels
            && expected.revision.is_none_or(|revision| is_of_revision(object, revision, info))
            && expected.role.is_none_or(|role| is_of_role(object, role, info))
    };
    let mut found: Vec<_> = world.objects(kind).map(AsRef::as_ref).filter(is_meant).collect();
    found.sort_by(|a, b| a.name.cmp(&b.name));
    found
}

/// A ReplicaSet by its number, its pods by their owner, and what the controller makes for a revision by the number that
/// it writes on it.
fn is_of_revision(object: &Object, revision: u64, info: Option<&RolloutInfo>) -> bool {
    let Some(info) = info else { return false };
    let set = info.revision(revision);
    match object.kind.name() {
        "ReplicaSet" => set.is_some_and(|set| set.uid == object.uid),
        "Pod" => set.is_some_and(|set| is_owned_by(object, &set.uid)),
        _ => {
            let number = &object.raw["metadata"]["annotations"]["rollout.argoproj.io/revision"];
            is_owned_by(object, &info.uid) && number.as_str() == Some(revision.to_string().as_str())
        }
    }
}

fn is_of_role(object: &Object, role: Role, info: Option<&RolloutInfo>) -> bool {
    let Some(set) = info.and_then(|info| info.with_role(role)) else { return false };
    set.uid == object.uid || is_owned_by(object, &set.uid)
}

fn is_owned_by(object: &Object, uid: &str) -> bool {
    let owners = object.raw["metadata"]["ownerReferences"].as_array();
    owners.is_some_and(|owners| owners.iter().any(|owner| owner["uid"] == uid))
}
