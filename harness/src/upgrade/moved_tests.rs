use crate::timeline::recording;

use super::*;

/// The recorded guide stands still between its first deploy and the update, and moves with it.
fn guide() -> crate::timeline::Log {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
    recording::replay(&lines)
}

fn words(history: &History, from: Point, to: Point) -> Vec<String> {
    moved(history, from, to, &BTreeSet::new()).into_iter().map(|moved| moved.what).collect()
}

#[test]
fn an_update_moves_everything() {
    let log = guide();
    let history = log.history();
    // The write that brings the new image.
    let is_update =
        |raw: &Value| raw["spec"]["template"]["spec"]["containers"][0]["image"] == "argoproj/rollouts-demo:yellow";
    let update =
        history.entries().iter().position(|entry| entry.kind() == Kind::Rollout && is_update(&entry.object.raw));
    let update = update.unwrap();
    let moved = words(history, Point(update), Point(update + 14)).join("\n");
    for needle in ["spec.template", "ReplicaSet", "is made (revision 2)", "status.phase", "event "] {
        assert!(moved.contains(needle), "{needle} is missing in\n{moved}");
    }
}

#[test]
fn nothing_moves_where_nothing_is_written() {
    let log = guide();
    assert_eq!(words(log.history(), log.history().end(), log.history().end()), Vec::<String>::new());
}

#[test]
fn times_and_our_own_marks_do_not_count() {
    let raw = |time: &str, mark: &str, reason: &str| {
        json!({
            "metadata": {"annotations": {fence::ANNOTATION: mark, "a": "b"}, "generation": 3},
            "spec": {"replicas": 1},
            "status": {
                "observedGeneration": time,
                "conditions": [
                    {"type": "Progressing", "status": "True", "reason": reason, "lastUpdateTime": time},
                    {"type": "Available", "status": "True", "lastTransitionTime": time},
                ],
            },
        })
    };
    let same = |a: Value, b: Value| flat(&normal(Kind::Rollout, &a)) == flat(&normal(Kind::Rollout, &b));
    assert!(same(raw("1", "x", "R"), raw("2", "y", "R")));
    assert!(!same(raw("1", "x", "R"), raw("1", "x", "S")));
}
