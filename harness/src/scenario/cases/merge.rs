//! Faults of several cases as those of one file: what is wrong in all of them is said once.

use crate::scenario::fault::{Fault, ScenarioError};

/// The faults of those cases that could not be read, of `all` there are.
pub(in crate::scenario) fn merged(failed: Vec<(String, ScenarioError)>, all: usize) -> ScenarioError {
    let mut faults: Vec<(Fault, Vec<String>)> = Vec::new();
    for (case, error) in failed {
        for fault in error.faults {
            match faults.iter_mut().find(|(known, _)| *known == fault) {
                Some((_, cases)) => cases.push(case.clone()),
                None => faults.push((fault, vec![case.clone()])),
            }
        }
    }
    let file = faults.first().map(|(fault, _)| fault.at.file.clone());
    faults.sort_by_key(|(f, _)| (Some(&f.at.file) != file.as_ref(), f.at.line, f.at.column));
    let faults = faults.into_iter().map(|(mut fault, cases)| {
        match cases.as_slice() {
            some if some.len() == all => {}
            [one] => fault.what = format!("{} (case `{one}`)", fault.what),
            [first, rest @ ..] => fault.what = format!("{} (case `{first}` and {} more)", fault.what, rest.len()),
            [] => {}
        }
        fault
    });
    ScenarioError { faults: faults.collect() }
}
