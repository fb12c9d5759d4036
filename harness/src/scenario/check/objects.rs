//! Expectations on objects of any kind, conditions and events: that they mean something, and not two things.

use super::Faults;
use crate::scenario::{
    model::{EventMatch, ObjectMatch, Role, StateMatch, plural},
    tree::{Kind, Node},
    value::Expression,
};

/// What expressions within an object can ask about.
const WITHIN: [&str; 5] = ["self", "object", "rollout", "hashes", "kinds"];

/// Checks `objects`, `conditions`, `hashes`, `status` and `event` of a state.
pub(super) fn check(node: &Node, state: &StateMatch, faults: &mut Faults) {
    let nodes = node.get("objects").map(Node::items).unwrap_or_default();
    for (node, object) in nodes.iter().zip(&state.objects) {
        which(node, object, faults);
        what(node, object, faults);
        expressions(node, object, faults);
    }
    for (name, condition) in &state.conditions {
        if condition.exists == Some(false)
            && let Some(node) = node.get("conditions").and_then(|c| c.get(name))
            && let Some((other, _)) = node.entries().iter().find(|(k, _)| k.name != "exists")
        {
            let help = "leave it, or `exists: false`, out";
            faults.at(other.at, format!("a condition that does not exist has no `{}`", other.name), help);
        }
    }
    for (key, revision) in state.hashes.iter().flat_map(|hashes| hashes.parts()) {
        if revision == 0 {
            let at = node.get("hashes").map_or(node.at, |h| h.key_at(key));
            faults.at(at, "there is no revision 0", "revisions count from 1");
        }
    }
    if let Some(status) = &state.status
        && let Some(node) = node.get("status")
    {
        if !matches!(node.kind, Kind::Map(_)) {
            let help = "as `status: {abort: true}`; the phase is written `phase: Healthy`";
            faults.at(node.at, "`status` is the Rollout's whole status, a map", help);
        }
        status.expressions(&mut |expression| {
            known(node, expression, &WITHIN, faults);
        });
    }
    if let (Some(node), Some(event)) = (node.get("event"), &state.event) {
        one_event(node, event, faults);
    }
}

/// Checks the events of a step.
pub(super) fn events(node: &Node, events: &[EventMatch], faults: &mut Faults) {
    for (node, event) in node.get("events").map(Node::items).unwrap_or_default().iter().zip(events) {
        one_event(node, event, faults);
    }
}

fn one_event(node: &Node, event: &EventMatch, faults: &mut Faults) {
    if event.reason.is_none() && event.message.is_none() && event.r#type.is_none() && event.about.is_none() {
        faults.at(node.at, "this is like any event", "write its reason, as `RolloutUpdated`");
    }
}

/// Which objects are meant.
fn which(node: &Node, object: &ObjectMatch, faults: &mut Faults) {
    let at = |key: &str| node.key_at(key);
    if object.kind.trim().is_empty() {
        faults.at(at("kind"), "`kind` is empty", "as `kind: Deployment`");
        return;
    }
    let second = ["name", "revision", "role", "labels"].into_iter().filter(|key| node.get(key).is_some()).nth(1);
    let clashes = match second {
        Some("labels") => object.name.is_some() || object.is_one(),
        Some(_) => true,
        None => false,
    };
    if let (true, Some(second)) = (clashes, second) {
        let help = "write one of `name`, `revision` and `role`; `labels` only where several are meant";
        faults.at(at(second), format!("`{second}` is the second word on which {} is meant", object.kind), help);
        return;
    }
    let of_revisions = ["ReplicaSet", "Pod", "AnalysisRun", "Experiment"];
    if object.revision.is_some() && !of_revisions.contains(&object.kind.as_str()) {
        let help = format!("{} have one; write `name` or `labels`", of_revisions.join(", "));
        faults.at(at("revision"), format!("nothing is known of the revision of a {}", object.kind), help);
    }
    if object.revision == Some(0) {
        faults.at(at("revision"), "there is no revision 0", "revisions count from 1");
    }
    if object.role.is_some() && !["ReplicaSet", "Pod"].contains(&object.kind.as_str()) {
        let roles = [Role::Canary, Role::Stable, Role::Active, Role::Preview].map(Role::as_str).join(", ");
        let help = format!("a ReplicaSet has one ({roles}, ...), and so have its pods");
        faults.at(at("role"), format!("a {} has no role", object.kind), help);
    }
    if object.terminating && object.is_one() {
        let help = "of one object write `fields: {metadata: {deletionTimestamp: {not: null}}}`";
        faults.at(at("terminating"), "`terminating` picks among several objects", help);
    }
}

/// What is demanded of them.
fn what(node: &Node, object: &ObjectMatch, faults: &mut Faults) {
    let quantifiers = ["any", "all", "none", "count", "where"];
    if object.is_one() {
        if let Some((key, _)) = quantifiers.iter().find_map(|word| node.entry(word)) {
            let what = format!("`{}` counts among several, and this is one {}", key.name, object.kind);
            faults.at(key.at, what, "write `fields` with what it must be like");
        }
        if object.exists == Some(false)
            && let Some((key, _)) = node.entry("fields").or_else(|| node.entry("cel"))
        {
            let what = format!("a {} that does not exist has no `{}`", object.kind, key.name);
            faults.at(key.at, what, "leave it, or `exists: false`, out");
        }
        if object.fields.as_ref().is_some_and(|fields| fields.is_empty_map()) {
            faults.at(node.key_at("fields"), "`fields` is empty: it demands nothing", "write what it must be like");
        }
        return;
    }
    if let Some((key, _)) = node.entry("fields") {
        let help = "write `all`, `any`, `none`, or `count` with `where`; or say which one with `name`";
        faults.at(key.at, format!("which {}? Several may be meant", object.kind), help);
    }
    if let Some((key, _)) = node.entry("exists") {
        faults.at(key.at, "`exists` is about one object", "write `count: 0`, or `count: \"> 0\"`");
    }
    if let Some((key, _)) = node.entry("where")
        && object.count.is_none()
    {
        faults.at(key.at, "`where` says what `count` counts", "write `count` too, or `any`, `all` or `none` instead");
    }
    let demands = ["fields", "exists", "cel", "any", "all", "none", "count", "where"];
    if demands.iter().all(|key| node.get(key).is_none()) {
        let help = "write `count`, `all`, `any` or `none`";
        faults.at(node.at, format!("nothing is demanded of these {}", plural(&object.kind)), help);
    }
}

/// That expressions ask only about what is known where they stand.
fn expressions(node: &Node, object: &ObjectMatch, faults: &mut Faults) {
    let here: &[&str] = if object.is_one() {
        &["object", "rollout", "hashes", "kinds"]
    } else {
        &["objects", "rollout", "hashes", "kinds"]
    };
    for expression in &object.cel.0 {
        known(node, expression, here, faults);
    }
    let quantifier = object.quantifier();
    for pattern in object.fields.iter().chain(quantifier.parts().map(|(_, pattern)| pattern)) {
        pattern.expressions(&mut |expression| {
            known(node, expression, &WITHIN, faults);
        });
    }
}

fn known(node: &Node, expression: &Expression, here: &[&str], faults: &mut Faults) {
    if let Some(unknown) = expression.variables().iter().find(|name| !here.contains(&name.as_str())) {
        let mut at = node.at;
        let source = expression.to_string();
        node.walk(&mut |_, value| {
            if let Some(found) = value.items().iter().find(|item| item.text() == Some(&source)) {
                at = found.at;
            }
        });
        let what = format!("`{source}`: there is no `{unknown}` here");
        faults.at(at, what, format!("possible: {}", here.join(", ")));
    }
}
