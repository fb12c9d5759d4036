//! The whole state in one line, for live progress.

use super::paint::{Style, phase_colour, role_colour};
use crate::rollout::{ReplicaSetInfo, RolloutInfo};

/// One line, without a newline: phase and message, step, weights (set/actual), counters
/// (desired/current/updated/ready/available), and each revision that has a role or pods
/// (`REVISION:PODS ROLES`; terminating pods apart).
pub fn line(info: &RolloutInfo, style: Style) -> String {
    let mut parts = Vec::new();
    let phase = style.paint(info.phase.as_str(), phase_colour(info.phase));
    parts.push(if info.message.is_empty() { phase } else { format!("{phase} {}", info.message) });
    if let Some((index, total)) = info.step {
        parts.push(format!("step {index}/{total}"));
    }
    if let (Some(set), Some(actual)) = (info.set_weight, info.actual_weight) {
        parts.push(format!("weight {set}/{actual}"));
    }
    let r = info.replicas;
    parts.push(format!("replicas {}/{}/{}/{}/{}", r.desired, r.current, r.updated, r.ready, r.available));
    let shown = info.replica_sets.iter().filter(|rs| !rs.roles.is_empty() || !rs.pods.is_empty());
    let revisions: Vec<_> = shown.map(|replica_set| revision(replica_set, style)).collect();
    if !revisions.is_empty() {
        parts.push(format!("rev {}", revisions.join(", ")));
    }
    parts.join("  ")
}

fn revision(replica_set: &ReplicaSetInfo, style: Style) -> String {
    let running = replica_set.running_pods().count();
    let terminating = replica_set.pods.len() - running;
    let mut text = format!("{}:{running}", replica_set.revision);
    if terminating > 0 {
        text.push_str(&format!("+{terminating} terminating"));
    }
    for role in &replica_set.roles {
        text.push(' ');
        text.push_str(&style.paint(role.as_str(), Some(role_colour(*role))));
    }
    text
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::rollout::{Pod, ReplicaSet, Rollout};

    fn info(strategy: serde_json::Value) -> RolloutInfo {
        let rollout = Rollout::read(&json!({
            "metadata": {"uid": "r"}, "spec": {"replicas": 2, "strategy": strategy},
            "status": {
                "phase": "Paused", "message": "BlueGreenPause", "stableRS": "b", "currentPodHash": "c", "replicas": 3,
                "blueGreen": {"activeSelector": "b", "previewSelector": "c"}
            }
        }));
        let replica_sets = ["a", "b", "c"].iter().zip(1..).map(|(hash, revision): (_, u64)| {
            ReplicaSet::read(&json!({"metadata": {
                "uid": hash, "labels": {"rollouts-pod-template-hash": hash}, "ownerReferences": [{"uid": "r"}],
                "annotations": {"rollout.argoproj.io/revision": revision.to_string()}
            }}))
        });
        let pods = [("b", None), ("b", Some("2026-11-23T04:16:38Z")), ("c", None)].map(|(owner, deletion)| {
            Pod::read(&json!({"metadata": {"ownerReferences": [{"uid": owner}], "deletionTimestamp": deletion}}))
        });
        RolloutInfo::new(&rollout, &replica_sets.collect::<Vec<_>>(), &pods)
    }

    #[test]
    fn what_does_not_exist_is_left_out() {
        let expected = "Paused BlueGreenPause  replicas 2/3/0/0/0  rev 3:1 preview, 2:1+1 terminating stable active";
        assert_eq!(line(&info(json!({"blueGreen": {}})), Style::Plain), expected);
        let empty = RolloutInfo::new(&Rollout::read(&json!({})), &[], &[]);
        assert_eq!(line(&empty, Style::Plain), "Progressing more replicas need to be updated  replicas 1/0/0/0/0");
    }

    #[test]
    fn colours_are_those_of_the_tree() {
        let expected = "Paused BlueGreenPause  weight 100/100  replicas 2/3/0/0/0  rev 3:1 \u{1b}[33mcanary\u{1b}[0m, 2:1+1 terminating \u{1b}[32mstable\u{1b}[0m";
        assert_eq!(line(&info(json!({"canary": {}})), Style::Colour), expected);
    }
}
