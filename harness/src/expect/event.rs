//! Events: which one a state was made by, and in which order they were seen.
//!
//! Events are best effort. A controller's client library sends them beside its work, so they come a
//! little later than what they tell of; of one source about one object it lets [`BURST`] through and
//! then one in five minutes; and similar ones it combines: one Event object, whose `count` grows with
//! each write. So each write of an Event that is new or whose count has grown is an event that was
//! seen; and once so many were seen that others may have been dropped, nothing is claimed about
//! those that were not.

use std::collections::{BTreeMap, HashMap};

use serde_json::Value;

use super::{Check, Subject};
use crate::{
    scenario::model::{About, EventMatch},
    timeline::{History, Kind, Point, World},
};

/// So many events of one source about one object are let through at once (`defaultSpamBurst` of client-go's
/// `tools/record`).
pub const BURST: u64 = 25;

/// What client-go puts before the message when it combines events that differ in nothing else.
pub const COMBINED: &str = "(combined from similar events): ";

/// Whether `event` is like `expected`.
pub fn is_like(expected: &EventMatch, event: &Value, subject: Subject<'_>) -> bool {
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    let message = field("message");
    let message = message.strip_prefix(COMBINED).unwrap_or(message);
    let holds = |expected: &Option<crate::scenario::value::ByRelease<crate::scenario::value::Text>>, got: &str| {
        expected.as_ref().and_then(|e| e.on(subject.release)).is_none_or(|text| text.holds(got))
    };
    is_about(expected.about.as_ref(), event, subject)
        && holds(&expected.reason, field("reason"))
        && holds(&expected.message, message)
        && expected.r#type.is_none_or(|t| t.as_str() == field("type"))
}

/// Whether `event` is about what is meant: the step's Rollout, unless `about` says otherwise.
pub fn is_about(about: Option<&About>, event: &Value, subject: Subject<'_>) -> bool {
    let involved = &event["involvedObject"];
    let (kind, name) = match about {
        None => ("Rollout", Some(subject.rollout)),
        Some(About { kind, name }) => (kind.as_str(), name.as_deref()),
    };
    involved["kind"] == kind && name.is_none_or(|name| involved["name"] == name)
}

/// Whether the state was made by an event that is like `expected`.
pub fn just_written(expected: &EventMatch, world: &World, subject: Subject<'_>) -> Check {
    let latest = world.latest().filter(|object| object.kind == Kind::Event).map(|object| &object.raw);
    let applies = expected.applies_to(subject.release);
    Check {
        field: "event".into(),
        expected: format!("{expected}, just written"),
        got: latest.map_or_else(|| "no event".into(), in_words),
        ok: applies && latest.is_some_and(|event| is_like(expected, event, subject)),
    }
}

/// An event as people read it.
pub fn in_words(event: &Value) -> String {
    let field = |name: &str| event[name].as_str().unwrap_or_default();
    format!("{} {}: {}", field("type"), field("reason"), field("message"))
}

/// An event that was seen.
#[derive(Debug, Clone, Copy)]
pub struct Seen<'a> {
    /// The state that its write made.
    pub point: Point,
    /// The event.
    pub event: &'a Value,
}

/// The events that were written from `from` to `to`, in order.
pub fn seen(history: &History, from: Point, to: Point) -> Vec<Seen<'_>> {
    let mut counts: HashMap<&str, u64> = HashMap::new();
    let mut seen = Vec::new();
    for (index, entry) in history.entries().iter().enumerate().take(to.0) {
        if entry.kind() != Kind::Event || entry.deleted {
            continue;
        }
        let (point, event) = (Point(index + 1), &entry.object.raw);
        let count = count(event);
        let before = counts.insert(&entry.object.uid, count);
        if point >= from && before.is_none_or(|before| before < count) {
            seen.push(Seen { point, event });
        }
    }
    seen
}

fn count(event: &Value) -> u64 {
    event["count"].as_u64().unwrap_or(1).max(1)
}

/// How far a sequence of events was met.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sequence {
    /// Where each was met, in order; None for one that this release does not write. Shorter than what is expected if
    /// one was not met.
    pub met: Vec<Option<Point>>,
    /// If one is missing: whether others may have been dropped, so that nothing can be said.
    pub may_be_dropped: bool,
}

impl Sequence {
    /// The point at which the last one was met.
    pub fn end(&self) -> Option<Point> {
        self.met.iter().flatten().max().copied()
    }
}

/// Finds the events of `expected` one after the other, between `from` and `to`.
pub fn sequence(history: &History, from: Point, to: Point, expected: &[EventMatch], subject: Subject<'_>) -> Sequence {
    let mut seen = seen(history, from, to).into_iter();
    let mut met = Vec::new();
    for expected in expected {
        if !expected.applies_to(subject.release) {
            met.push(None);
            continue;
        }
        match seen.find(|seen| is_like(expected, seen.event, subject)) {
            Some(found) => met.push(Some(found.point)),
            None => break,
        }
    }
    let missing = expected.get(met.len());
    let may_be_dropped = missing.is_some_and(|missing| most(history, to, missing.about.as_ref(), subject) >= BURST);
    Sequence { met, may_be_dropped }
}

/// The most events that one source has written up to `to` about one of the objects that are meant.
pub fn most(history: &History, to: Point, about: Option<&About>, subject: Subject<'_>) -> u64 {
    // uid of an Event to its source, what it is about, and its count
    let mut latest: BTreeMap<&str, (String, u64)> = BTreeMap::new();
    for entry in history.entries().iter().take(to.0) {
        let event = &entry.object.raw;
        if entry.kind() == Kind::Event && is_about(about, event, subject) {
            let bucket = format!("{} {}", event["source"]["component"], event["involvedObject"]["uid"]);
            latest.insert(&entry.object.uid, (bucket, count(event)));
        }
    }
    let mut buckets: BTreeMap<&str, u64> = BTreeMap::new();
    latest.values().for_each(|(bucket, count)| *buckets.entry(bucket).or_default() += count);
    buckets.values().copied().max().unwrap_or(0)
}
