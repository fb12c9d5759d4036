//! The scenarios of one file: one, or one for each of its cases.

use super::{
    Scenario, ScenarioError,
    cases::{self, Case},
    fault::{Fault, Text, one_of},
    library::Place,
    load,
};

/// The scenarios of one file: one, or one for each of its cases.
#[derive(Debug, Clone)]
pub struct Family {
    /// `suite/name`.
    pub id: String,
    /// The title as it is written: in a file with cases with `$(...)` for what differs.
    pub title: String,
    /// The sentence as it is written.
    pub must: String,
    /// In the order of the file, at least one.
    pub scenarios: Vec<Scenario>,
}

impl Family {
    /// Whether the file has cases.
    pub fn has_cases(&self) -> bool {
        self.scenarios.iter().any(|s| s.case.is_some())
    }

    /// Its scenario, if it is one.
    ///
    /// # Errors
    /// If there are several cases.
    pub fn only(self) -> Result<Scenario, ScenarioError> {
        let names: Vec<_> = self.scenarios.iter().map(|s| format!("`{}`", s.id)).collect();
        match <[Scenario; 1]>::try_from(self.scenarios) {
            Ok([one]) => Ok(one),
            Err(_) => {
                let fault = Fault::file(&self.id, format!("these are {} cases, and one is asked for", names.len()));
                Err(fault.help(format!("name one of {}", names.join(", "))).into())
            }
        }
    }
}

/// Reads the scenarios of a file, and from `place` what they name; `only`: one of its cases.
pub(super) fn load(id: &str, place: &Place, text: &Text, only: Option<&str>) -> Result<Family, ScenarioError> {
    let expanded = cases::expand(text)?;
    let mut texts = expanded.texts;
    let name = |case: &Option<Case>| case.as_ref().map_or_else(String::new, |c| c.name.clone());
    if let Some(only) = only {
        texts = vec![named(id, text, texts, only)?];
    }
    let all = texts.len();
    let (mut scenarios, mut failed) = (Vec::new(), Vec::new());
    for (case, text) in texts {
        let name = name(&case);
        match load::load(id, case, place, &text) {
            Ok(scenario) => scenarios.push(scenario),
            Err(error) => failed.push((name, error)),
        }
    }
    match scenarios.first() {
        Some(first) if failed.is_empty() => Ok(Family {
            id: id.to_owned(),
            title: expanded.title.unwrap_or_else(|| first.title.clone()),
            must: expanded.must.unwrap_or_else(|| first.must.clone()),
            scenarios,
        }),
        _ => Err(cases::merged(failed, all)),
    }
}

type CaseText = (Option<Case>, Text);

fn named(id: &str, text: &Text, texts: Vec<CaseText>, only: &str) -> Result<CaseText, ScenarioError> {
    let name = |(case, _): &CaseText| case.as_ref().map(|c| c.name.clone());
    let names: Vec<_> = texts.iter().filter_map(name).collect();
    let found = texts.into_iter().find(|text| name(text).is_some_and(|name| name == only));
    found.ok_or_else(|| {
        let names: Vec<_> = names.iter().map(String::as_str).collect();
        let help = if names.is_empty() { "it has no cases".into() } else { one_of(only, &names) };
        Fault::file(&text.name, format!("{id} has no case `{only}`")).help(help).into()
    })
}
