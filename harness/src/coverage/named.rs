//! What a scenario names.

use std::collections::BTreeSet;

use serde_json::Value;

use super::{Area, fields};
use crate::scenario::{Action, Family, Library};

/// What a scenario names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Named {
    fields: BTreeSet<String>,
    /// All words and texts that it expects.
    claims: Vec<String>,
    /// Those about events.
    events: BTreeSet<String>,
}

/// Each scenario of the library that can be read, and what it names.
pub(super) fn all(library: &Library) -> Vec<(String, Named)> {
    let families = library.load_all().into_iter().filter_map(|(id, family)| Some((id, family.ok()?)));
    let named = families.map(|(id, family)| {
        let text = library.value(&id).unwrap_or_default();
        let named = Named::of(&text, &family);
        (id, named)
    });
    named.collect()
}

impl Named {
    /// What the scenarios of one file name: `file` as it is written, `family` as it was loaded.
    pub fn of(file: &Value, family: &Family) -> Self {
        let mut named = Self::default();
        for scenario in &family.scenarios {
            let applied = scenario.steps.iter().filter_map(|step| match &step.action {
                Action::Apply(manifests) => Some(manifests),
                _ => None,
            });
            let manifests = applied.flatten().chain(&scenario.given).map(|manifest| &manifest.object);
            let patches = scenario.steps.iter().filter_map(|step| match &step.action {
                Action::Patch(patch) => Some(&patch.merge),
                _ => None,
            });
            named.fields.extend(manifests.chain(patches).flat_map(fields::set));
        }
        // What a scenario forbids, it does not show.
        for key in ["always", "cases", "known"] {
            texts(&file[key], &mut named.claims);
        }
        let mut events = Vec::new();
        texts(&file["cases"], &mut events);
        for step in file["steps"].as_array().into_iter().flatten() {
            for key in ["expect", "through", "always", "at", "events"] {
                texts(&step[key], &mut named.claims);
            }
            texts(&step["events"], &mut events);
        }
        named.events = events.into_iter().collect();
        named
    }

    /// Whether it names this entry of an area.
    pub fn names(&self, area: Area, entry: &str) -> bool {
        match area {
            Area::Fields => self.fields.contains(entry),
            Area::Events => self.events.contains(entry),
            Area::Messages | Area::InvalidSpec => self.claims.iter().any(|claim| says(claim, entry)),
        }
    }
}

/// Whether `claim` has all parts of `entry` that are not `*`, in their order.
fn says(claim: &str, entry: &str) -> bool {
    let mut rest = claim;
    entry.split('*').all(|part| match rest.find(part) {
        Some(at) => {
            rest = &rest[at + part.len()..];
            true
        }
        None => false,
    })
}

/// All texts in `value`, and the keys (of a pattern they are a part of what is expected).
fn texts(value: &Value, into: &mut Vec<String>) {
    match value {
        Value::String(text) => into.push(text.clone()),
        Value::Array(items) => items.iter().for_each(|item| texts(item, into)),
        Value::Object(fields) => fields.iter().for_each(|(key, value)| {
            into.push(key.clone());
            texts(value, into);
        }),
        _ => {}
    }
}
