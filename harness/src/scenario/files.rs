//! The manifests that a scenario names: read, and changed by `set`.

use super::{
    check::{self, Faults},
    fault::one_of,
    library::Place,
    load::Manifests,
    manifest::{Manifest, in_order},
    model::{Change, Files},
    tree::Node,
};

/// Reads `files`, which are written at `node`, and changes what is to be changed; None if something is
/// wrong. What Rollouts refer to comes first.
pub(super) fn read(place: &Place, files: &Files, node: Option<&Node>, faults: &mut Faults) -> Manifests {
    let nodes = node.map(Node::items).unwrap_or_default();
    let mut all = Some(Vec::new());
    for (file, node) in files.0.iter().zip(nodes) {
        let read = one(place, &file.file, node.get("use").unwrap_or(node), faults);
        let changed = read.and_then(|mut manifests| {
            let Some(wanted) = &file.change else { return Some(manifests) };
            change(&mut manifests, wanted, node, faults).then_some(manifests)
        });
        all = all.zip(changed).map(|(all, read)| [all, read].concat());
    }
    all.map(in_order)
}

fn one(place: &Place, name: &str, node: &Node, faults: &mut Faults) -> Manifests {
    match place.read(name) {
        Ok(text) => {
            let manifests = Manifest::read(&text).map_err(|fault| faults.push(fault)).ok()?;
            check::manifest(&text, faults);
            Some(manifests)
        }
        Err((what, near)) => {
            let why =
                near.unwrap_or_else(|| "paths are relative to the scenario file; `@name` is a shared manifest".into());
            faults.at(node.at, what, why);
            None
        }
    }
}

/// Changes one of `manifests`; whether it could be done.
fn change(manifests: &mut [Manifest], change: &Change, node: &Node, faults: &mut Faults) -> bool {
    if change.set.is_empty() {
        let at = node.key_at(if change.kind.is_some() { "kind" } else { "name" });
        faults.at(at, "`set` is missing: nothing is changed", "as `set: {spec.replicas: 3}`");
        return false;
    }
    let Some(manifest) = the_one(manifests, change, node, faults) else { return false };
    let mut done = true;
    for (path, value) in &change.set {
        if let Err((what, help)) = manifest.set(path, value) {
            faults.at(node.get("set").map_or(node.at, |set| set.key_at(path)), what, help);
            done = false;
        }
    }
    for mistake in check::mistakes(&manifest.object) {
        faults.at(node.key_at("set"), mistake.what, mistake.help.unwrap_or_else(|| "this is what the pods do".into()));
        done = false;
    }
    done
}

fn the_one<'a>(
    manifests: &'a mut [Manifest],
    change: &Change,
    node: &Node,
    faults: &mut Faults,
) -> Option<&'a mut Manifest> {
    let any = change.kind.is_none() && change.name.is_none();
    let alone = manifests.len() == 1;
    let fits = |m: &Manifest| match (&change.kind, &change.name) {
        (None, None) => m.is_rollout() || alone,
        (kind, name) => kind.as_ref().is_none_or(|k| *k == m.kind) && name.as_ref().is_none_or(|n| *n == m.name),
    };
    let found: Vec<usize> = manifests.iter().enumerate().filter(|(_, m)| fits(m)).map(|(i, _)| i).collect();
    let all: Vec<_> = manifests.iter().map(|m| format!("{} `{}`", m.kind, m.name)).collect();
    match found.as_slice() {
        [one] => return manifests.get_mut(*one),
        [] if any => {
            faults.at(
                node.key_at("set"),
                "there is no Rollout in this file",
                format!("say which object by `kind` or `name`: {}", all.join(", ")),
            );
        }
        [] => {
            let (key, written, names): (_, _, Vec<&str>) = match (&change.kind, &change.name) {
                (Some(kind), _) if !manifests.iter().any(|m| m.kind == *kind) => {
                    ("kind", kind, manifests.iter().map(|m| m.kind.as_str()).collect())
                }
                (_, Some(name)) => ("name", name, manifests.iter().map(|m| m.name.as_str()).collect()),
                (Some(kind), None) => ("kind", kind, Vec::new()),
                (None, None) => return None,
            };
            let at = node.get(key).map_or(node.at, |n| n.at);
            let what = format!("there is no object of the {key} `{written}` in this file");
            faults.at(at, what, one_of(written, &names));
        }
        _ => {
            let which: Vec<_> = found.iter().filter_map(|i| all.get(*i)).map(String::as_str).collect();
            let help = format!("say which by `kind` and `name`: {}", which.join(", "));
            faults.at(node.key_at("set"), "which object? The file has several", help);
        }
    }
    None
}
