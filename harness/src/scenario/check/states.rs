//! One description of a state: not empty, no contradiction, revisions that can be.

use super::{Faults, objects};
use crate::scenario::{
    model::StateMatch,
    tree::{Kind, Node},
};

/// What is claimed of a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Claim {
    Expect,
    Through,
    Never,
    Always,
    At,
    /// Of a known bug: the state that is seen.
    Instead,
}

impl Claim {
    pub const ALL: [Self; 6] = [Self::Expect, Self::Through, Self::Never, Self::Always, Self::At, Self::Instead];

    pub fn key(self) -> &'static str {
        match self {
            Self::Expect => "expect",
            Self::Through => "through",
            Self::Never => "never",
            Self::Always => "always",
            Self::At => "at",
            Self::Instead => "instead",
        }
    }

    /// The nodes of this claim's states, in order.
    pub fn nodes(self, of: &Node) -> &[Node] {
        of.get(self.key()).map(Node::items).unwrap_or_default()
    }
}

/// Checks the states of one claim of `node` (a step, or the file).
pub(super) fn check(node: &Node, claim: Claim, states: &[StateMatch], faults: &mut Faults) {
    for (node, state) in claim.nodes(node).iter().zip(states) {
        empty(node, claim, faults);
        existence(node, state, faults);
        revisions(node, state, faults);
        services(node, state, faults);
        objects::check(node, state, faults);
    }
}

fn empty(node: &Node, claim: Claim, faults: &mut Faults) {
    if node.entries().is_empty() {
        let what = match claim {
            Claim::Never => "an empty state is satisfied by every state",
            _ => "an empty state demands nothing",
        };
        faults.at(node.at, what, "write what is to be seen, as `{phase: Healthy}`");
    }
    for key in ["weight", "replicas", "revisions", "list", "services", "conditions", "hashes", "status", "objects"] {
        if let Some((key, value)) = node.entry(key)
            && match &value.kind {
                Kind::Map(entries) => entries.is_empty(),
                Kind::Seq(items) => items.is_empty(),
                Kind::Null | Kind::Scalar(_) => false,
            }
        {
            faults.at(
                key.at,
                format!("`{}` is empty: it demands nothing", key.name),
                "write what is to be seen, or leave it out",
            );
        }
    }
}

/// What can be said of a state without the Rollout.
const ALSO_WITHOUT: [&str; 4] = ["exists", "services", "objects", "event"];

fn existence(node: &Node, state: &StateMatch, faults: &mut Faults) {
    if state.exists == Some(false)
        && let Some((other, _)) = node.entries().iter().find(|(k, _)| !ALSO_WITHOUT.contains(&k.name.as_str()))
    {
        faults.at(
            other.at,
            format!("a Rollout that does not exist has no `{}`", other.name),
            "leave it, or `exists: false`, out",
        );
    }
}

fn revisions(node: &Node, state: &StateMatch, faults: &mut Faults) {
    let Some(revisions) = node.get("revisions") else { return };
    for (number, revision) in &state.revisions {
        let Some((key, node)) = revisions.entry(&number.to_string()) else { continue };
        if *number == 0 {
            faults.at(key.at, "there is no revision 0", "revisions count from 1");
        }
        if let Some(was) = revision.was
            && !(1..*number).contains(&was)
        {
            let was_at = node.get("was").map_or(node.at, |w| w.at);
            let help = "`was` is the number that this ReplicaSet had before: from 1, and less than it has now";
            faults.at(was_at, format!("revision {number} cannot have been revision {was}"), help);
        }
        gone(node, revision.exists, "a ReplicaSet", faults);
    }
}

fn services(node: &Node, state: &StateMatch, faults: &mut Faults) {
    let Some(services) = node.get("services") else { return };
    for (name, service) in &state.services {
        if let Some(node) = services.get(name) {
            gone(node, service.exists, "a Service", faults);
        }
    }
}

fn gone(node: &Node, exists: Option<bool>, what: &str, faults: &mut Faults) {
    if exists == Some(false)
        && let Some((other, _)) = node.entries().iter().find(|(k, _)| k.name != "exists")
    {
        faults.at(
            other.at,
            format!("{what} that does not exist has no `{}`", other.name),
            "leave it, or `exists: false`, out",
        );
    }
}
