//! `kubectl argo rollouts get rollout`: the block of figures, and the tree of what belongs to it.

use std::fmt::Write;

use jiff::Timestamp;

use super::age::{age, human};
use super::paint::{Style, pod_icon, replica_set_icon, role_colour, rollout_icon};
use super::table::{Cell, table};
use crate::rollout::{PodInfo, ReplicaSetInfo, RolloutInfo, StrategyKind};
use crate::scenario::model::Role;

/// The whole state as the plugin prints it, ages counted up to `now`; ends with a newline.
pub fn tree(info: &RolloutInfo, now: Timestamp, style: Style) -> String {
    let mut out = figures(info, style);
    out.push('\n');
    out.push_str(&table(&Tree { now, style }.rows(info)));
    out
}

/// The block above the tree.
fn figures(info: &RolloutInfo, style: Style) -> String {
    let mut out = String::new();
    let mut field = |name: &str, value: &str| {
        // Writing to a string cannot fail.
        let _ = writeln!(out, "{name:<17}{value}");
    };
    field("Name:", &info.name);
    field("Namespace:", &info.namespace);
    field("Status:", &format!("{} {}", style.icon(rollout_icon(info.phase)), info.phase.as_str()));
    if !info.message.is_empty() {
        field("Message:", &info.message);
    }
    field("Strategy:", strategy(info.strategy));
    if info.strategy == StrategyKind::Canary {
        let number = |number: Option<i64>| number.map(|n| n.to_string()).unwrap_or_default();
        field("  Step:", &info.step.map(|(index, total)| format!("{index}/{total}")).unwrap_or_default());
        field("  SetWeight:", &number(info.set_weight));
        field("  ActualWeight:", &number(info.actual_weight));
    }
    for (index, (image, roles)) in info.images().iter().enumerate() {
        let name = if index == 0 { "Images:" } else { "" };
        let roles: Vec<_> = roles.iter().map(|role| painted_role(*role, style)).collect();
        match roles.as_slice() {
            [] => field(name, image),
            roles => field(name, &format!("{image} ({})", roles.join(", "))),
        }
    }
    let counters = info.replicas;
    // The one line without a value, and so without padding.
    out.push_str("Replicas:\n");
    for (name, pods) in [
        ("  Desired:", counters.desired),
        ("  Current:", counters.current),
        ("  Updated:", counters.updated),
        ("  Ready:", counters.ready),
        ("  Available:", counters.available),
    ] {
        let _ = writeln!(out, "{name:<17}{pods}");
    }
    out
}

fn strategy(kind: StrategyKind) -> &'static str {
    match kind {
        StrategyKind::Canary => "Canary",
        StrategyKind::BlueGreen => "BlueGreen",
        StrategyKind::None => "",
    }
}

fn painted_role(role: Role, style: Style) -> String {
    style.paint(role.as_str(), Some(role_colour(role)))
}

/// The branch to a child, and what stands left of the child's own children.
fn branch(is_last: bool, left: &str) -> (String, String) {
    if is_last {
        (format!("{left}└──"), format!("{left}   "))
    } else {
        (format!("{left}├──"), format!("{left}│  "))
    }
}

struct Tree {
    now: Timestamp,
    style: Style,
}

type Row = [Cell; 5];

impl Tree {
    fn rows(&self, info: &RolloutInfo) -> Vec<Row> {
        let mut rows = vec![["NAME", "KIND", "STATUS", "AGE", "INFO"].map(Cell::plain)];
        rows.push([
            Cell::plain(format!("⟳ {}", info.name)),
            Cell::plain("Rollout"),
            self.status(rollout_icon(info.phase), info.phase.as_str()),
            Cell::plain(age(info.created, self.now)),
            Cell::plain(""),
        ]);
        // Newest first already; several ReplicaSets may have one revision for a moment.
        let mut revisions: Vec<u64> = info.replica_sets.iter().map(|replica_set| replica_set.revision).collect();
        revisions.dedup();
        for (index, revision) in revisions.iter().enumerate() {
            let (own, below) = branch(index + 1 == revisions.len(), "");
            // A revision is no object: it has no kind, status or age.
            let name = Cell::plain(format!("{own}# revision:{revision}"));
            rows.push([name, Cell::plain(""), Cell::plain(""), Cell::plain(""), Cell::plain("")]);
            let members: Vec<_> = info.replica_sets.iter().filter(|rs| rs.revision == *revision).collect();
            for (index, replica_set) in members.iter().enumerate() {
                let (own, below) = branch(index + 1 == members.len(), &below);
                rows.push(self.replica_set(replica_set, &own));
                for (index, pod) in replica_set.pods.iter().enumerate() {
                    rows.push(self.pod(pod, &branch(index + 1 == replica_set.pods.len(), &below).0));
                }
            }
        }
        rows
    }

    fn replica_set(&self, replica_set: &ReplicaSetInfo, branch: &str) -> Row {
        let roles = shown_roles(replica_set);
        let mut info: Vec<_> = roles.iter().map(|role| role.to_string()).collect();
        let mut painted: Vec<_> = roles.iter().map(|role| painted_role(*role, self.style)).collect();
        if let Some(deadline) = replica_set.scale_down_deadline {
            let left = deadline.duration_since(self.now);
            let delay = if left.is_negative() { "delay:passed".to_owned() } else { format!("delay:{}", human(left)) };
            info.push(delay.clone());
            painted.push(delay);
        }
        let name = self.style.paint(&replica_set.name, roles.first().map(|role| role_colour(*role)));
        [
            Cell::painted(format!("{branch}⧉ {name}"), &format!("{branch}⧉ {}", replica_set.name)),
            Cell::plain("ReplicaSet"),
            self.status(replica_set_icon(replica_set.status), replica_set.status),
            Cell::plain(age(replica_set.created, self.now)),
            Cell::painted(painted.join(","), &info.join(",")),
        ]
    }

    fn pod(&self, pod: &PodInfo, branch: &str) -> Row {
        let (ready, containers) = pod.ready;
        let mut info = format!("ready:{ready}/{containers}");
        if pod.restarts > 0 {
            let _ = write!(info, ",restarts:{}", pod.restarts);
        }
        [
            Cell::plain(format!("{branch}□ {}", pod.name)),
            Cell::plain("Pod"),
            self.status(pod_icon(&pod.status), &pod.status),
            Cell::plain(age(pod.created, self.now)),
            Cell::plain(info),
        ]
    }

    fn status(&self, icon: &str, word: &str) -> Cell {
        Cell::painted(format!("{} {word}", self.style.icon(icon)), &format!("{icon} {word}"))
    }
}

/// The roles in the order of the INFO column: stable goes first here, and of canary, active and
/// preview only one is shown.
fn shown_roles(replica_set: &ReplicaSetInfo) -> Vec<Role> {
    let has = |role: &Role| replica_set.roles.contains(role);
    let stable = [Role::Stable].into_iter().filter(has);
    let update = [Role::Canary, Role::Active, Role::Preview].into_iter().find(has);
    stable.chain(update).chain([Role::Ping, Role::Pong].into_iter().filter(has)).collect()
}

#[cfg(test)]
#[path = "tree_tests.rs"]
mod tests;
