//! The log and the history, driven by synthetic streams and by the recorded guide.

use std::{collections::BTreeMap, ops::ControlFlow};

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    Gap, History, Kind, Log, Observation, Point,
    recording::{self, Line},
    stream::{Stream, resource_version},
};

fn object(kind: Kind, name: &str, rv: u64) -> Observation {
    let object = json!({"metadata": {"name": name, "uid": name, "resourceVersion": rv.to_string()}});
    Observation::Seen { kind, object, rv, deleted: false }
}

fn order(history: &History) -> Vec<u64> {
    history.entries().iter().map(|entry| entry.rv).collect()
}

#[test]
fn kinds_that_arrive_out_of_order_are_put_into_the_order_of_the_writes() {
    let mut log = Log::default();
    for (kind, name, rv) in
        [(Kind::Pod, "p", 12), (Kind::Pod, "p", 15), (Kind::ReplicaSet, "s", 11), (Kind::Rollout, "r", 14)]
    {
        log.record(object(kind, name, rv), Timestamp::UNIX_EPOCH);
    }
    log.complete(14);
    assert_eq!(order(log.history()), [11, 12, 14], "what lies beyond the barrier waits");
    log.record(object(Kind::ReplicaSet, "s", 16), Timestamp::UNIX_EPOCH);
    log.complete(20);
    assert_eq!(order(log.history()), [11, 12, 14, 15, 16]);
    assert_eq!(log.history().complete_to(), 20);
}

#[test]
fn a_state_is_the_sum_of_the_writes_up_to_it() {
    let mut log = Log::default();
    log.record(object(Kind::Pod, "a", 1), Timestamp::UNIX_EPOCH);
    log.record(object(Kind::Pod, "b", 2), Timestamp::UNIX_EPOCH);
    let gone = json!({"metadata": {"name": "a", "uid": "a", "resourceVersion": "3"}});
    log.record(Observation::Seen { kind: Kind::Pod, object: gone, rv: 3, deleted: true }, Timestamp::UNIX_EPOCH);
    log.complete(3);
    let names = |point| {
        let world = log.history().world(Point(point));
        world.objects(Kind::Pod).map(|object| object.name.clone()).collect::<Vec<_>>()
    };
    assert_eq!(
        [names(0), names(1), names(2), names(3)],
        [vec![], vec!["a"], vec!["a", "b"], vec!["b"]].map(|v| v.into_iter().map(String::from).collect::<Vec<_>>())
    );
}

#[test]
fn a_resource_version_has_its_point() {
    let mut log = Log::default();
    for rv in [10, 20, 30] {
        log.record(object(Kind::Pod, "a", rv), Timestamp::UNIX_EPOCH);
    }
    log.complete(30);
    let history = log.history();
    assert_eq!(
        [history.at_rv(5), history.at_rv(20), history.at_rv(21), history.at_rv(31)],
        [Point(1), Point(2), Point(3), Point(4)]
    );
    assert_eq!([history.rv(Point(0)), history.rv(Point(2))], [0, 20]);
}

#[test]
fn a_gap_is_found_by_the_stretch_that_it_overlaps() {
    let mut log = Log::default();
    let gap = Gap { kind: Kind::Pod, after: 10, until: 20 };
    log.record(Observation::Missed(gap), Timestamp::UNIX_EPOCH);
    let between = |from, to| log.history().gaps_between(from, to).count();
    assert_eq!([between(0, 10), between(5, 11), between(12, 15), between(19, 40), between(20, 40)], [0, 1, 1, 1, 0]);
}

/// The lines of the recorded guide.
fn guide() -> Vec<Line> {
    recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..])
        .expect("the recording is in the repository")
}

#[test]
fn a_recording_is_replayed_and_written_again() {
    let log = recording::replay(&guide());
    let mut written = Vec::new();
    recording::write(log.history(), &mut written).unwrap();
    let again = recording::replay(&recording::read(&written[..]).unwrap());
    assert_eq!(order(again.history()), order(log.history()));
    assert_eq!(
        again.history().last().info("rollouts-demo").map(|i| i.phase),
        log.history().last().info("rollouts-demo").map(|i| i.phase)
    );
}

/// The recorded streams, delivered with the kinds mixed in another way: `choices` says which kind
/// delivers next, and where a barrier is. Within a kind the order is kept, for a watch keeps it.
fn deliver(lines: &[Line], choices: &[(usize, bool, bool)]) -> Log {
    let mut queues: BTreeMap<String, std::collections::VecDeque<&Line>> = BTreeMap::new();
    for line in lines {
        queues.entry(line.k.clone()).or_default().push_back(line);
    }
    let names: Vec<_> = queues.keys().cloned().collect();
    let mut streams: BTreeMap<Kind, Stream> = Kind::ALL.into_iter().map(|kind| (kind, Stream::new(kind))).collect();
    let mut log = Log::default();
    for stream in streams.values_mut() {
        stream.listed(Vec::new(), 0).into_iter().for_each(|o| log.record(o, Timestamp::UNIX_EPOCH));
    }
    let kinds: BTreeMap<&str, Kind> = [
        ("rollout", Kind::Rollout),
        ("rs", Kind::ReplicaSet),
        ("pod", Kind::Pod),
        ("svc", Kind::Service),
        ("event", Kind::Event),
    ]
    .into();
    let mut choices = choices.iter().cycle();
    while queues.values().any(|queue| !queue.is_empty()) {
        let (pick, barrier, repeat) = choices.next().copied().unwrap_or_default();
        let filled: Vec<_> = names.iter().filter(|name| !queues[*name].is_empty()).collect();
        let name = filled[pick % filled.len()];
        let Some(line) = queues.get_mut(name).and_then(|queue| queue.pop_front()) else { continue };
        let Some(stream) = kinds.get(name.as_str()).and_then(|kind| streams.get_mut(kind)) else { continue };
        for _ in 0..=usize::from(repeat) {
            let object = line.o.clone();
            let seen = if line.e == "DELETED" { stream.deleted(object) } else { stream.changed(object) };
            seen.into_iter().for_each(|o| log.record(o, Timestamp::UNIX_EPOCH));
        }
        if barrier {
            // A barrier's point: what all streams have delivered. One that has nothing left is beyond.
            let next = queues.values().filter_map(|queue| queue.front()).map(|line| resource_version(&line.o)).min();
            if let Some(next) = next {
                log.complete(next.saturating_sub(1));
            }
        }
    }
    log.complete(u64::MAX);
    log
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// However the streams are mixed, repeated and cut by barriers: the history is the same.
    #[test]
    fn the_history_does_not_depend_on_the_arrival(choices in prop::collection::vec((0usize..5, prop::bool::weighted(0.1), prop::bool::weighted(0.2)), 1..80)) {
        let lines = guide();
        let expected = recording::replay(&lines);
        let log = deliver(&lines, &choices);
        prop_assert_eq!(order(log.history()), order(expected.history()));
        let end = log.history().end();
        let mut states = Vec::new();
        log.history().walk(Point(0), end, |_, world| -> ControlFlow<()> {
            states.push(world.info("rollouts-demo").map(|i| (i.phase, i.step, i.replicas, i.replica_sets.len())));
            ControlFlow::Continue(())
        });
        let mut wanted = Vec::new();
        expected.history().walk(Point(0), end, |_, world| -> ControlFlow<()> {
            wanted.push(world.info("rollouts-demo").map(|i| (i.phase, i.step, i.replicas, i.replica_sets.len())));
            ControlFlow::Continue(())
        });
        prop_assert_eq!(states, wanted);
    }
}

#[test]
fn a_walk_gives_the_same_states_as_each_point_alone() {
    let log = recording::replay(&guide());
    let history = log.history();
    for start in [0, 1, 63, 64, 65, 100, history.end().0] {
        let mut at = Point(start);
        history.walk(at, history.end(), |point, world| -> ControlFlow<()> {
            assert_eq!(point, at);
            let (a, b) = (world.info("rollouts-demo"), history.world(point).info("rollouts-demo"));
            assert_eq!(format!("{a:?}"), format!("{b:?}"), "at {point:?}");
            at = at.next();
            ControlFlow::Continue(())
        });
        assert_eq!(at, history.end().next());
    }
}

#[test]
fn the_kinds_of_the_recording_are_all_known() {
    let log = recording::replay(&guide());
    let events: Vec<Value> = log
        .history()
        .entries()
        .iter()
        .filter(|e| e.kind() == Kind::Event)
        .map(|e| e.object.raw["reason"].clone())
        .collect();
    assert!(events.iter().any(|reason| reason == "RolloutAborted"), "{events:?}");
    assert_eq!(log.history().entries().len(), guide().len());
}
