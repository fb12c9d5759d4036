//! `cases:`: one file, several scenarios. `$(name)` in any scalar of the file stands for a parameter,
//! and each case gives all parameters a value.
//!
//! The text of each case is made before anything else reads it ([`substitute`]), so the rest of the
//! loader knows nothing of parameters. The text remembers what it was made from: faults point into the
//! file as it is written.

mod check;
mod merge;
mod placeholder;
mod substitute;

use serde_json::{Map, Value};

use self::placeholder::Placed;
pub(super) use self::{merge::merged, substitute::Substituted};
use super::{
    check::Faults,
    fault::{ScenarioError, Text},
    yaml,
};

/// One case of a scenario file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Case {
    /// Its name; the id of its scenario is `suite/name[case]`.
    pub name: String,
    /// It is the first of its file: breaks are made in it that name no case.
    pub first: bool,
    /// Its parameters, as a person would write them.
    pub parameters: Vec<(String, String)>,
}

/// A file as it is written, and the text of each of its scenarios.
pub(super) struct Expanded {
    /// The title with its placeholders; None where there are no cases, for then the scenario has it.
    pub title: Option<String>,
    /// The sentence with its placeholders.
    pub must: Option<String>,
    /// At least one.
    pub texts: Vec<(Option<Case>, Text)>,
}

/// The values of the cases, in the order of the file.
type Values = Map<String, Value>;

/// Makes the text of each case; of a file without cases its own.
///
/// # Errors
/// Broken YAML, cases that differ in what they define, parameters that are unknown or not used.
pub(super) fn expand(text: &Text) -> Result<Expanded, ScenarioError> {
    let one = |text: Text| Expanded { title: None, must: None, texts: vec![(None, text)] };
    // Most files have neither; they are read only once.
    if !text.text.contains("cases:") && !text.text.contains("$(") {
        return Ok(one(text.clone()));
    }
    let tree = yaml::tree(text)?;
    let mut faults = Faults::new(text);
    let placed = placeholder::find(text, &tree, &mut faults);
    let Some(node) = tree.get("cases") else {
        for placeholder in placed.iter().flat_map(Placed::parameters) {
            let what = format!("`$({})` names a parameter, and there are no `cases`", placeholder.name);
            faults.at(placeholder.at, what, "cases give parameters their values; `$$(...)` is the text itself");
        }
        faults.none()?;
        return Ok(one(if placed.is_empty() {
            text.clone()
        } else {
            substitute::text(text, &placed, &Values::new())?
        }));
    };
    let values = yaml::cases(text)?;
    check::cases(node, &placed, &mut faults);
    faults.none()?;

    let mut texts = Vec::new();
    let mut failed = Vec::new();
    for (name, values) in &values {
        let values = values.as_object().cloned().unwrap_or_default();
        match substitute::text(text, &placed, &values) {
            Ok(text) => {
                let first = texts.is_empty() && failed.is_empty();
                texts.push((Some(Case { name: name.clone(), first, parameters: in_words(&values) }), text));
            }
            Err(error) => failed.push((name.clone(), error)),
        }
    }
    if !failed.is_empty() {
        return Err(merged(failed, values.len()));
    }
    let written = |key: &str| tree.get(key).and_then(|n| n.text()).map(ToOwned::to_owned);
    Ok(Expanded { title: written("title"), must: written("must"), texts })
}

fn in_words(values: &Values) -> Vec<(String, String)> {
    let word = |value: &Value| value.as_str().map_or_else(|| value.to_string(), ToOwned::to_owned);
    values.iter().map(|(name, value)| (name.clone(), word(value))).collect()
}

#[cfg(test)]
mod tests;
