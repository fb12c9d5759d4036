//! Names of things that a scenario refers to: its steps, its cases, the invariants.

use super::Faults;
use crate::{
    expect::invariants,
    scenario::{
        fault::{Mark, did_you_mean, one_of},
        library::Features,
        model::ScenarioFile,
        tree::Node,
    },
};

/// Whether each feature of the file at `tree` is one of `features`.
pub(in crate::scenario) fn features(tree: &Node, features: &Features, faults: &mut Faults) {
    let names: Vec<_> = features.keys().map(String::as_str).collect();
    for node in tree.get("features").map(Node::items).unwrap_or_default() {
        let Some(name) = node.text().filter(|name| !names.contains(name)) else { continue };
        let help = did_you_mean(name, names.iter().copied());
        let help =
            help.unwrap_or_else(|| "`proofroll list --features` shows all; a new one goes into features.yaml".into());
        faults.at(node.at, format!("unknown feature `{name}`"), help);
    }
}

/// The place of the step that is called `name`, which is written at `node`.
pub(in crate::scenario) fn step(steps: &[String], name: &str, node: &Node, faults: &mut Faults) -> Option<usize> {
    let mut found = steps.iter().enumerate().filter(|(_, step)| *step == name).map(|(i, _)| i);
    match (found.next(), found.next()) {
        (Some(one), None) => return Some(one),
        (Some(_), Some(_)) => {
            faults.at(node.at, format!("several steps are called `{name}`"), "give them names of their own");
        }
        (None, _) => {
            let steps: Vec<_> = steps.iter().map(String::as_str).collect();
            faults.at(node.at, format!("no step is called `{name}`"), one_of(name, &steps));
        }
    }
    None
}

/// Whether the file has a case that is called `name`, which is written at `node`.
pub(in crate::scenario) fn case(file: &ScenarioFile, name: &str, node: &Node, faults: &mut Faults) -> Option<()> {
    if file.cases.contains_key(name) {
        return Some(());
    }
    let cases: Vec<_> = file.cases.keys().map(String::as_str).collect();
    let help = if cases.is_empty() { "the file has no `cases`".into() } else { one_of(name, &cases) };
    faults.at(node.at, format!("there is no case `{name}`"), help);
    None
}

/// Whether there is an invariant of this name.
pub(in crate::scenario) fn invariant(name: &str, at: Mark, faults: &mut Faults) -> Option<()> {
    let names = invariants::ALL.map(|invariant| invariant.name);
    if names.contains(&name) {
        return Some(());
    }
    faults.at(at, format!("there is no invariant `{name}`"), one_of(name, &names));
    None
}
