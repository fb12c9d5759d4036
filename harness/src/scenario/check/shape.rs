//! The shape of the file: one action a step, something to expect, nothing empty, nothing that
//! contradicts itself.

use super::{
    Faults, names, objects,
    states::{self, Claim},
};
use crate::scenario::{
    action::Action,
    model::{Hold, ScenarioFile, Step},
    tree::{Kind, Node},
};

/// Keys below which null has a meaning.
const NULL_IS_A_VALUE: [&str; 12] =
    ["merge", "annotations", "set", "cases", "labels", "status", "fields", "any", "all", "none", "count", "where"];

/// Checks the shape.
pub(in crate::scenario) fn shape(tree: &Node, file: &ScenarioFile, faults: &mut Faults) {
    no_nulls(tree, faults);
    for (key, text) in [("title", &file.title), ("must", &file.must)] {
        if text.trim().is_empty() {
            faults.at(tree.key_at(key), format!("`{key}` is empty"), "one line for people");
        }
    }
    for (name, reason) in &file.waive {
        if reason.trim().is_empty() {
            let at = tree.get("waive").map_or(tree.at, |w| w.key_at(name));
            faults.at(at, format!("`{name}` is waived without a reason"), "say why this scenario does not obey it");
        }
        names::invariant(name, tree.get("waive").map_or(tree.at, |w| w.key_at(name)), faults);
    }
    let known = tree.get("known").map(Node::items).unwrap_or_default();
    for (node, known) in known.iter().zip(&file.known) {
        if let Some(node) = node.get("shows") {
            states::check(node, Claim::Instead, known.shows.instead.as_slice(), faults);
        }
    }
    states::check(tree, Claim::Never, &file.never, faults);
    states::check(tree, Claim::Always, &file.always, faults);
    if file.steps.is_empty() {
        faults.at(tree.key_at("steps"), "there are no steps", "a scenario does at least one thing");
    }
    let nodes = tree.get("steps").map(Node::items).unwrap_or_default();
    for (i, (node, step)) in nodes.iter().zip(&file.steps).enumerate() {
        action(node, step, faults);
        expectation(node, step, i + 1 == file.steps.len(), faults);
        states::check(node, Claim::Expect, step.expect.as_slice(), faults);
        states::check(node, Claim::Through, &step.through, faults);
        states::check(node, Claim::Never, &step.never, faults);
        states::check(node, Claim::Always, &step.always, faults);
        states::check(node, Claim::At, step.at.as_slice(), faults);
        objects::events(node, &step.events, faults);
        repeat(node, step.repeat, faults);
    }
    repeat(tree, file.repeat, faults);
}

fn repeat(node: &Node, times: Option<u32>, faults: &mut Faults) {
    if times == Some(0) {
        faults.at(node.key_at("repeat"), "0 times is never", "write 1 or more, or leave it out");
    }
}

fn no_nulls(node: &Node, faults: &mut Faults) {
    for (key, value) in node.entries() {
        if NULL_IS_A_VALUE.contains(&key.name.as_str()) {
            continue;
        }
        if matches!(value.kind, Kind::Null) {
            let help = if Action::KEYS.contains(&key.name.as_str()) {
                format!("an action without arguments is written `{}: {{}}`", key.name)
            } else {
                "write a value, or leave the key out".into()
            };
            faults.at(key.at, format!("`{}` has no value", key.name), help);
        }
        no_nulls(value, faults);
    }
    if let Kind::Seq(items) = &node.kind {
        for item in items {
            if matches!(item.kind, Kind::Null) {
                faults.at(item.at, "this item has no value", "write one, or take the line out");
            }
            no_nulls(item, faults);
        }
    }
}

/// Checks that `node` has one action, and what is wrong with it by itself.
pub(in crate::scenario) fn action(node: &Node, step: &Step, faults: &mut Faults) {
    one_action(node, faults);
    refusal(node, faults);
    arguments(node, step, faults);
}

fn one_action(node: &Node, faults: &mut Faults) {
    let mut written =
        node.entries().iter().filter(|(key, _)| Action::KEYS.contains(&key.name.as_str())).map(|(key, _)| key);
    let Some(first) = written.next() else {
        faults.at(
            node.at,
            "this step has no action",
            format!("write one of {}; `observe: {{}}` only looks on", Action::KEYS.join(", ")),
        );
        return;
    };
    for second in written {
        let what = format!("a second action: the step already has `{}`", first.name);
        faults.at(second.at, what, "a step has one action: make two steps of it");
    }
}

/// Actions that ask nobody, who could refuse them.
const NEVER_REFUSED: [&str; 4] = ["controller", "metric", "api", "observe"];

fn refusal(node: &Node, faults: &mut Faults) {
    let Some((key, _)) = node.entry("refused") else { return };
    if let Some(action) = NEVER_REFUSED.into_iter().find(|action| node.get(action).is_some()) {
        faults.at(key.at, format!("`{action}` asks nobody who could refuse it"), "leave `refused` out");
    }
}

/// Arguments of actions that are wrong by themselves.
fn arguments(node: &Node, step: &Step, faults: &mut Faults) {
    let at = |action: &str, key: &str| node.get(action).map_or(node.at, |a| a.key_at(key));
    if let Some(files) = &step.apply
        && files.0.is_empty()
    {
        faults.at(node.key_at("apply"), "`apply` names no file", "write a file, or a list of files");
    }
    if let Some(set_image) = &step.set_image
        && set_image.image.trim().is_empty()
    {
        faults.at(at("set-image", "image"), "`image` is empty", "write an image, as argoproj/rollouts-demo:blue");
    }
    if let Some(promote) = &step.promote
        && promote.full
        && promote.skip.is_some()
    {
        faults.at(at("promote", "skip"), "`full` skips everything already", "write either `full` or `skip`");
    }
    if let Some(patch) = &step.patch {
        named(node, "patch", &patch.kind, &patch.name, faults);
        if let Some(subresource) = &patch.subresource
            && subresource != "status"
            && subresource != "scale"
        {
            faults.at(
                at("patch", "subresource"),
                format!("unknown subresource `{subresource}`"),
                "possible: `status`, `scale`",
            );
        }
        if !patch.merge.is_object() {
            faults.at(at("patch", "merge"), "a merge patch is a map", "as `merge: {spec: {replicas: 3}}`");
        }
    }
    if let Some(annotate) = &step.annotate {
        named(node, "annotate", &annotate.kind, &annotate.name, faults);
        if annotate.annotations.is_empty() {
            faults.at(
                at("annotate", "annotations"),
                "there is no annotation",
                "as `annotations: {key: value}`; null removes",
            );
        }
    }
    if let (Some(metric), Some(node)) = (&step.metric, node.get("metric")) {
        super::metrics::metric(node, metric, faults);
    }
    if let (Some(pods), Some(node)) = (&step.pods, node.get("pods")) {
        super::pods::pods(node, pods, faults);
    }
    if let Some(delete) = &step.delete {
        match (delete.kind.as_deref(), delete.revision) {
            (Some("ReplicaSet"), Some(_)) if delete.name.is_some() => {
                faults.at(at("delete", "name"), "`name` and `revision` both say which ReplicaSet", "write one of them");
            }
            (Some("ReplicaSet"), Some(_)) => {}
            (_, Some(_)) => {
                faults.at(at("delete", "revision"), "only a ReplicaSet has a revision", "write `kind: ReplicaSet`")
            }
            (_, None) => named(node, "delete", &delete.kind, &delete.name, faults),
        }
    }
}

fn named(node: &Node, action: &str, kind: &Option<String>, name: &Option<String>, faults: &mut Faults) {
    if let (Some(kind), None) = (kind, name)
        && kind != "Rollout"
    {
        let at = node.get(action).map_or(node.at, |a| a.key_at("kind"));
        faults.at(at, format!("which {kind}? `name` is missing"), "only a Rollout goes without: it is the step's");
    }
}

fn expectation(node: &Node, step: &Step, last: bool, faults: &mut Faults) {
    if let Some(Hold { r#for, reconciles }) = &step.hold {
        let what = match (r#for, reconciles) {
            (None, None) => Some("`hold` does not say for how long"),
            (Some(_), Some(_)) => Some("`hold` says two things"),
            (None, Some(0)) => Some("`hold` over no reconcile holds nothing"),
            _ => None,
        };
        if let Some(what) = what {
            faults.at(node.key_at("hold"), what, "write either `{for: 5s}` or `{reconciles: 2}`");
        }
    }
    if step.expect.is_some() {
        return;
    }
    let has_events = !step.events.is_empty();
    for key in ["through", "hold", "pauses", "requests", "within"] {
        if key == "within" && (has_events || step.at.is_some()) {
            continue;
        }
        if let Some((key, _)) = node.entry(key) {
            let help = "`expect` is the state that ends the step";
            faults.at(key.at, format!("`{}` without `expect`", key.name), help);
            return;
        }
    }
    if has_events {
        return;
    }
    if step.observe.is_some() {
        faults.at(
            node.key_at("observe"),
            "`observe` without `expect` sees nothing",
            "write the state that is to be seen",
        );
    } else if last {
        faults.at(node.at, "the last step expects nothing", "write `expect`: the state that ends the scenario");
    }
}
