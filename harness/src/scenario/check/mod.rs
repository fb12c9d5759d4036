//! What the types cannot say: each check looks at the whole file and notes all that is wrong.

mod controllers;
mod metrics;
pub(super) mod names;
mod objects;
mod pods;
mod releases;
mod rollouts;
mod scripts;
mod shape;
mod states;
mod traffic;

pub(super) use self::{
    controllers::controllers,
    releases::releases,
    rollouts::{duration, rollouts},
    scripts::{is_scripted, manifest, mistakes, scripts},
    shape::{action, shape},
    traffic::traffic,
};

use super::fault::{Fault, Mark, ScenarioError, Text};

/// What was found wrong so far.
pub(super) struct Faults<'a> {
    text: &'a Text,
    found: Vec<Fault>,
}

impl<'a> Faults<'a> {
    pub fn new(text: &'a Text) -> Self {
        Self { text, found: Vec::new() }
    }

    pub fn push(&mut self, fault: Fault) {
        if !self.found.contains(&fault) {
            self.found.push(fault);
        }
    }

    /// `what` is wrong there, and `help` mends it.
    pub fn at(&mut self, mark: Mark, what: impl Into<String>, help: impl Into<String>) {
        self.push(self.text.fault(mark, what).help(help));
    }

    /// # Errors
    /// If something was found, in the order of the file.
    pub fn none(&mut self) -> Result<(), ScenarioError> {
        let mut faults = std::mem::take(&mut self.found);
        faults.sort_by_key(|f| (f.at.file != self.text.name, f.at.line, f.at.column));
        if faults.is_empty() { Ok(()) } else { Err(ScenarioError { faults }) }
    }
}
