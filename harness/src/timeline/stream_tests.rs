use serde_json::{Value, json};

use super::*;

fn pod(name: &str, rv: u64) -> Value {
    json!({"metadata": {"name": name, "uid": format!("uid-{name}"), "resourceVersion": rv.to_string()}})
}

fn seen(object: &Value, rv: u64, deleted: bool) -> Observation {
    Observation::Seen { kind: Kind::Pod, object: object.clone(), rv, deleted }
}

fn reached(rv: u64) -> Observation {
    Observation::Reached { kind: Kind::Pod, rv }
}

/// A stream that has listed `a` at 5, the list being at 10.
fn begun() -> Stream {
    let mut stream = Stream::new(Kind::Pod);
    assert_eq!(stream.listed(vec![pod("a", 5)], 10), [seen(&pod("a", 5), 5, false), reached(10)]);
    stream
}

#[test]
fn a_write_is_seen_and_moves_the_stream_on() {
    let mut stream = begun();
    assert_eq!(stream.changed(pod("a", 11)), [seen(&pod("a", 11), 11, false), reached(11)]);
    assert_eq!(stream.reached(), Some(11));
}

#[test]
fn a_deletion_has_the_resource_version_of_the_deletion() {
    let mut stream = begun();
    assert_eq!(stream.deleted(pod("a", 12)), [seen(&pod("a", 12), 12, true), reached(12)]);
}

#[test]
fn what_was_delivered_before_is_dropped() {
    let mut stream = begun();
    stream.changed(pod("a", 11));
    assert_eq!(stream.changed(pod("a", 11)), [], "the same write twice");
    assert_eq!(stream.changed(pod("a", 5)), [], "a write from before the list");
    assert_eq!(stream.deleted(pod("b", 7)), [], "a deletion from before the list");
}

#[test]
fn a_bookmark_only_moves_on() {
    let mut stream = begun();
    assert_eq!(stream.bookmark(20), [reached(20)]);
    assert_eq!(stream.bookmark(15), []);
    assert_eq!(stream.reached(), Some(20));
}

#[test]
fn a_marker_is_a_place_and_no_object() {
    let mut stream = begun();
    assert_eq!(stream.changed(pod(MARKER, 13)), [reached(13), reached(13)]);
    let mut event = pod("event", 14);
    event["involvedObject"] = json!({"name": MARKER});
    assert_eq!(stream.changed(event), [reached(14), reached(14)]);
}

#[test]
fn a_relist_says_what_was_missed() {
    let mut stream = begun();
    stream.changed(pod("b", 11));
    stream.changed(pod("c", 12));
    // While the watch was cut: b changed (14, 15), c was deleted, d was made.
    let observations = stream.listed(vec![pod("d", 17), pod("a", 5), pod("b", 15)], 30);
    assert_eq!(
        observations,
        [
            Observation::Missed(Gap { kind: Kind::Pod, after: 12, until: 30 }),
            seen(&pod("b", 15), 15, false),
            seen(&pod("d", 17), 17, false),
            seen(&pod("c", 12), 30, true),
            reached(30),
        ]
    );
    assert_eq!(stream.changed(pod("b", 16)), [], "it lies before the list");
    assert_eq!(stream.changed(pod("b", 31)), [seen(&pod("b", 31), 31, false), reached(31)]);
}

#[test]
fn a_relist_that_missed_nothing_still_leaves_a_mark() {
    let mut stream = begun();
    let observations = stream.listed(vec![pod("a", 5)], 12);
    assert_eq!(observations, [Observation::Missed(Gap { kind: Kind::Pod, after: 10, until: 12 }), reached(12)]);
}
