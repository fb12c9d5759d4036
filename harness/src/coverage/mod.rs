//! What the suite speaks of, and what it does not: every field of the strategies, every event reason, every phase
//! message and every text of an invalid spec is named by a scenario, or stands in `fixtures/coverage/missing.yaml` with
//! the reason why not yet. That list is wrong as soon as it is out of date, in either direction.
//!
//! ```text
//! fixtures/coverage/{fields,events,messages,invalid-spec}.yaml   what there is   (fields: from the CRD)
//! scenarios -> Named                                             what is named
//! fixtures/coverage/missing.yaml                                 what is known to be missing, and why
//! ```
//!
//! [`upstream`] does the same for the assertions of upstream's own end-to-end tests.

mod fields;
mod named;
pub mod upstream;

use std::collections::BTreeMap;

use crate::scenario::{Library, ScenarioError};

pub use fields::{crd_fields, rollout_crd};
pub use named::Named;

/// What is to be covered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Area {
    /// Fields of the canary and the blue-green strategy in the CRD: one that a manifest sets.
    Fields,
    /// Reasons of events on Rollouts: one that a scenario expects.
    Events,
    /// Messages beside the phase; `*` stands for what differs.
    Messages,
    /// Texts of an invalid spec; `*` stands for what differs.
    InvalidSpec,
}

impl Area {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Fields, Self::Events, Self::Messages, Self::InvalidSpec];

    /// Its name, which is that of its list in `fixtures/coverage`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fields => "fields",
            Self::Events => "events",
            Self::Messages => "messages",
            Self::InvalidSpec => "invalid-spec",
        }
    }
}

/// Area -> entry -> why no scenario names it yet. Of a field also all that lie below it.
pub type Missing = BTreeMap<String, BTreeMap<String, String>>;

/// What is there, and who names it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Coverage {
    /// Area, entry, and the ids of the scenarios that name it.
    pub entries: Vec<(Area, String, Vec<String>)>,
}

impl Coverage {
    /// Of the scenarios of `library`, by its own lists.
    ///
    /// # Errors
    /// If a list can't be read; scenarios that can't are left out.
    pub fn of(library: &Library) -> Result<Self, ScenarioError> {
        let scenarios = named::all(library);
        let mut entries = Vec::new();
        for area in Area::ALL {
            let list: Vec<String> = library.list(&format!("coverage/{}.yaml", area.name()))?;
            for entry in list {
                let by = scenarios.iter().filter(|(_, named)| named.names(area, &entry)).map(|(id, _)| id.clone());
                entries.push((area, entry.clone(), by.collect()));
            }
        }
        Ok(Self { entries })
    }

    /// What no scenario names.
    pub fn open(&self) -> impl Iterator<Item = (Area, &str)> {
        self.entries.iter().filter(|(_, _, by)| by.is_empty()).map(|(area, entry, _)| (*area, entry.as_str()))
    }

    /// Where the list of what is missing is out of date.
    pub fn out_of_date(&self, missing: &Missing) -> Vec<String> {
        let mut wrong = Vec::new();
        for (area, entry, by) in &self.entries {
            let why = reason(missing, *area, entry);
            match (by.first(), why) {
                (None, None) => wrong.push(format!("{}: no scenario names `{entry}`", area.name())),
                (Some(id), Some((key, _))) => {
                    wrong.push(format!("{}: `{key}` is called missing, but {id} names `{entry}`", area.name()));
                }
                _ => {}
            }
        }
        for (area, entries) in missing {
            for (entry, why) in entries {
                let of = self.entries.iter().find(|(a, e, _)| a.name() == area && covers(*a, entry, e));
                if of.is_none() {
                    wrong.push(format!("{area}: `{entry}` is called missing, but there is no such thing"));
                }
                if why.trim().is_empty() {
                    wrong.push(format!("{area}: `{entry}` is called missing without a reason"));
                }
            }
        }
        wrong
    }

    /// The list of what is missing, brought up to date: reasons that still hold are kept.
    pub fn updated(&self, missing: &Missing) -> Missing {
        let mut new = Missing::new();
        for (area, entry) in self.open() {
            let whole = |key: &str| {
                let mut below = self.entries.iter().filter(|(a, e, _)| *a == area && covers(area, key, e));
                below.all(|(_, _, by)| by.is_empty())
            };
            let (key, why) = match reason(missing, area, entry) {
                Some((key, why)) if whole(key) => (key, why),
                Some((_, why)) => (entry, why),
                None => (entry, "no scenario yet"),
            };
            new.entry(area.name().to_owned()).or_default().insert(key.to_owned(), why.to_owned());
        }
        new
    }
}

/// The entry of the list that covers `entry`, and its reason.
pub fn reason<'a>(missing: &'a Missing, area: Area, entry: &str) -> Option<(&'a str, &'a str)> {
    let of = missing.get(area.name())?;
    of.iter().find(|(key, _)| covers(area, key, entry)).map(|(key, why)| (key.as_str(), why.as_str()))
}

/// Whether the list's `key` means `entry`: itself, or a field above it.
fn covers(area: Area, key: &str, entry: &str) -> bool {
    let below = || entry.strip_prefix(key).is_some_and(|rest| rest.starts_with('.'));
    key == entry || (area == Area::Fields && below())
}

#[cfg(test)]
mod tests;
