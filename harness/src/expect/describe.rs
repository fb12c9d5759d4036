//! A partial description of a state, in one line of words.

use std::fmt::Display;

use semver::Version;

use crate::scenario::{
    model::{RevisionMatch, StateMatch},
    value::ByRelease,
};

/// What `state` asks for on `release`: `step 3/8, weight.set 40, replicas.updated 2`.
pub fn describe(state: &StateMatch, release: &Version) -> String {
    let mut words = Words { release, list: Vec::new() };
    words.by_release("phase", state.phase.as_ref());
    words.by_release("message", state.message.as_ref());
    words.by_release("step", state.step.as_ref());
    if let Some(weight) = &state.weight {
        words.by_release("weight.set", weight.set.as_ref());
        words.by_release("weight.actual", weight.actual.as_ref());
    }
    if let Some(replicas) = &state.replicas {
        words.by_release("replicas.desired", replicas.desired.as_ref());
        words.by_release("replicas.current", replicas.current.as_ref());
        words.by_release("replicas.updated", replicas.updated.as_ref());
        words.by_release("replicas.ready", replicas.ready.as_ref());
        words.by_release("replicas.available", replicas.available.as_ref());
    }
    for (number, revision) in &state.revisions {
        words.revision(*number, revision);
    }
    if state.images.is_some() {
        words.add("images", "as written");
    }
    if state.list.is_some() {
        words.add("list", "as written");
    }
    for name in state.services.keys() {
        words.add(&format!("service {name}"), "as written");
    }
    if let Some(exists) = state.exists {
        words.add("exists", exists);
    }
    words.list.join(", ")
}

struct Words<'a> {
    release: &'a Version,
    list: Vec<String>,
}

impl Words<'_> {
    fn add(&mut self, field: &str, value: impl Display) {
        self.list.push(format!("{field} {value}"));
    }

    fn by_release<T: Display>(&mut self, field: &str, value: Option<&ByRelease<T>>) {
        if let Some(value) = value.and_then(|v| v.on(self.release)) {
            self.add(field, value);
        }
    }

    fn revision(&mut self, number: u64, revision: &RevisionMatch) {
        let name = |field: &str| format!("revisions.{number}.{field}");
        if let Some(role) = revision.role {
            self.add(&name("role"), role);
        }
        self.by_release(&name("pods"), revision.pods.as_ref());
        self.by_release(&name("terminating"), revision.terminating.as_ref());
        self.by_release(&name("ready"), revision.ready.as_ref());
        self.by_release(&name("desired"), revision.desired.as_ref());
        self.by_release(&name("available"), revision.available.as_ref());
        if let Some(image) = &revision.image {
            self.add(&name("image"), image);
        }
        if let Some(was) = revision.was {
            self.add(&name("was"), was);
        }
        if let Some(down) = revision.scaled_down {
            self.add(&name("scaled-down"), down);
        }
        if let Some(exists) = revision.exists {
            self.add(&name("exists"), exists);
        }
    }
}
