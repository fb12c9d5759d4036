//! What the action `pods` says, by itself.

use super::Faults;
use crate::scenario::{
    model::{HowMany, Pods},
    tree::Node,
};

/// Checks the action that is written at `node`.
pub(super) fn pods(node: &Node, pods: &Pods, faults: &mut Faults) {
    let changes = "`ready`, `exit`, `waiting`, `gate` or `delete`";
    match pods.changes().as_slice() {
        [] => {
            let at = if node.get("gate").is_some() { node.key_at("gate") } else { node.at };
            faults.at(at, "`pods` does not say what becomes of them", format!("write one of {changes}"));
        }
        [_] => {}
        [first, second, ..] => {
            let what = format!("a second change: there is `{first}` already");
            faults.at(node.key_at(second), what, "a step has one action: make two steps of it");
        }
    }
    if pods.revision == 0 {
        let what = "which pods? `revision` is missing";
        faults.at(node.key_at("revision"), what, "write `revision: NUMBER`, as `pods: {revision: 2, ready: false}`");
    }
    if pods.count == Some(0) {
        faults.at(node.key_at("count"), "no pod is meant", "write a number from 1 up; all without `count`");
    }
    if let (Some(_), Some(how_many)) = (pods.count, pods.delete) {
        let help = match how_many {
            HowMany::All => "write `delete: 2` for two of them",
            HowMany::First(_) => "leave `count` out",
        };
        faults.at(node.key_at("count"), "`delete` says how many already", help);
    }
}
