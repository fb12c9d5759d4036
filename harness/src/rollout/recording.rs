//! The recorded run of the guide, played back for tests: one watch event a line.

use std::collections::BTreeMap;
use std::sync::LazyLock;

use jiff::Timestamp;
use serde_json::Value;

use super::{Pod, ReplicaSet, Rollout, RolloutInfo};

/// One watch event.
#[derive(Clone)]
pub struct Recorded {
    /// When it was seen.
    pub seen: Timestamp,
    /// `rollout`, `rs`, `pod`, `svc` or `event`.
    pub kind: String,
    /// `ADDED`, `MODIFIED` or `DELETED`.
    pub event: String,
    /// The object.
    pub object: Value,
}

/// The whole recording in the order of resourceVersions, which is that of the writes: the streams
/// themselves arrive unsynchronised.
pub fn guide() -> &'static [Recorded] {
    static GUIDE: LazyLock<Vec<Recorded>> = LazyLock::new(read);
    &GUIDE
}

fn read() -> Vec<Recorded> {
    let lines = include_str!("../../tests/recordings/guide-v1.10.2.jsonl").lines();
    let mut events: Vec<_> = lines
        .map(|line| {
            let mut line: Value = serde_json::from_str(line).unwrap();
            let seconds = line["t"].as_f64().unwrap();
            Recorded {
                seen: Timestamp::from_millisecond((seconds * 1000.0) as i64).unwrap(),
                kind: line["k"].as_str().unwrap().to_owned(),
                event: line["e"].as_str().unwrap().to_owned(),
                object: line["o"].take(),
            }
        })
        .collect();
    events.sort_by_key(Recorded::version);
    events
}

impl Recorded {
    /// `metadata.resourceVersion`
    pub fn version(&self) -> u64 {
        self.object["metadata"]["resourceVersion"].as_str().unwrap().parse().unwrap()
    }
}

/// What the API server held after some of the events.
#[derive(Clone, Default)]
pub struct World {
    /// The one Rollout, once it exists.
    pub rollout: Option<Rollout>,
    /// Its ReplicaSets by uid.
    pub replica_sets: BTreeMap<String, ReplicaSet>,
    /// Their pods by uid.
    pub pods: BTreeMap<String, Pod>,
}

impl World {
    /// After all events up to this resourceVersion.
    pub fn at(version: u64) -> Self {
        let mut world = Self::default();
        guide().iter().filter(|event| event.version() <= version).for_each(|event| world.apply(event));
        world
    }

    /// Takes one more event in.
    pub fn apply(&mut self, event: &Recorded) {
        let uid = event.object["metadata"]["uid"].as_str().unwrap().to_owned();
        match (event.kind.as_str(), event.event.as_str()) {
            ("rollout", _) => self.rollout = Some(Rollout::read(&event.object)),
            ("rs", "DELETED") => drop(self.replica_sets.remove(&uid)),
            ("rs", _) => drop(self.replica_sets.insert(uid, ReplicaSet::read(&event.object))),
            ("pod", "DELETED") => drop(self.pods.remove(&uid)),
            ("pod", _) => drop(self.pods.insert(uid, Pod::read(&event.object))),
            _ => {}
        }
    }

    /// All of it in one.
    pub fn info(&self) -> Option<RolloutInfo> {
        Some(RolloutInfo::new(self.rollout.as_ref()?, self.replica_sets.values(), self.pods.values()))
    }
}
