//! Compares a value of an object with a pattern: one check for each value that is written, under its path.

use semver::Version;
use serde_json::Value;

use super::{
    Check, cel,
    quantified::{About, quantified},
};
use crate::{
    scenario::value::{Fields, Number, Pattern, Plain, Word, inner, matches},
    timeline::World,
};

/// What a pattern may ask about besides the value itself.
#[derive(Debug, Clone, Copy)]
pub struct Scope<'a> {
    /// The controller's release.
    pub release: &'a Version,
    /// The object that the value is a part of.
    pub object: Option<&'a Value>,
    /// The objects, where several are meant.
    pub objects: &'a [&'a Value],
    /// The step's Rollout.
    pub rollout: Option<&'a Value>,
    /// Revision number and pod template hash.
    pub hashes: &'a [(u64, String)],
    /// All that exists.
    pub world: &'a World,
}

/// A value of more characters is shown cut.
const SHOWN: usize = 80;

/// Compares `value` (None: it is not there) with `pattern`. `path` is where it stands.
pub fn compare(pattern: &Pattern, value: Option<&Value>, path: &str, scope: Scope<'_>) -> Vec<Check> {
    let value = value.filter(|value| !value.is_null());
    let one = |expected: String, ok: bool| vec![Check { field: path.into(), expected, got: shown(value), ok }];
    match pattern {
        Pattern::Absent => one("absent".into(), value.is_none()),
        Pattern::Plain(plain) => {
            let (expected, ok) = plain_holds(plain, value);
            one(expected, ok)
        }
        Pattern::Map(fields) => {
            compare_map(fields, value, path, scope).unwrap_or_else(|| one(pattern.to_string(), false))
        }
        Pattern::List(items) => {
            let empty = Vec::new();
            let got = match value {
                None => Some(&empty),
                Some(value) => value.as_array(),
            };
            let Some(got) = got else { return one(pattern.to_string(), false) };
            let items_in_words = |n: usize| if n == 1 { "1 item".to_owned() } else { format!("{n} items") };
            if got.len() != items.len() {
                let got = format!("{}: {}", items_in_words(got.len()), shown(value));
                return vec![Check { field: path.into(), expected: items_in_words(items.len()), got, ok: false }];
            }
            let checks = items.iter().zip(got).enumerate();
            let checks = checks.flat_map(|(i, (item, got))| compare(item, Some(got), &format!("{path}[{i}]"), scope));
            let checks: Vec<_> = checks.collect();
            if checks.is_empty() { one(items_in_words(0), true) } else { checks }
        }
        Pattern::ByRelease(cases) => cases
            .iter()
            .find(|case| matches(&case.when, scope.release))
            .map_or_else(Vec::new, |case| compare(&case.value, value, path, scope)),
        Pattern::Not(not) => {
            let ok = !compare(not, value, path, scope).iter().all(|check| check.ok);
            one(pattern.to_string(), ok)
        }
        Pattern::Json(json) => {
            let parsed = value.and_then(Value::as_str).and_then(|text| serde_json::from_str::<Value>(text).ok());
            match parsed {
                Some(parsed) => compare(json, Some(&parsed), &format!("{path} (JSON)"), scope),
                None => one(pattern.to_string(), false),
            }
        }
        Pattern::Cel(expressions) => {
            let check = |expression| cel::check(expression, path, value, scope);
            expressions.iter().map(check).collect()
        }
    }
}

/// Whether `value` is like `pattern`.
pub fn is_like(pattern: &Pattern, value: &Value, scope: Scope<'_>) -> bool {
    compare(pattern, Some(value), "", scope).iter().all(|check| check.ok)
}

/// What is expected of the value in words, and whether it is so. Comparisons are about numbers, and about texts that
/// are numbers (as annotations are).
fn plain_holds(plain: &Plain, value: Option<&Value>) -> (String, bool) {
    let ok = match (plain, value) {
        (Plain::Bool(expected), Some(Value::Bool(got))) => expected == got,
        (Plain::Int(expected), Some(Value::Number(got))) => is_number(got, *expected),
        (Plain::Float(expected), Some(Value::Number(got))) => {
            got.as_f64().is_some_and(|got| (got - expected).abs() < f64::EPSILON)
        }
        (Plain::Text(_, Some(comparison)), Some(Value::Number(got))) => {
            let holds = got.as_i64().is_some_and(|got| comparison.holds(got));
            return (comparison.to_string(), holds);
        }
        (Plain::Text(expected, comparison), Some(Value::String(got))) => {
            let number = || got.parse::<i64>().ok();
            match comparison {
                Some(comparison) if !matches!(comparison, Number::Eq(_)) && number().is_some() => {
                    return (comparison.to_string(), number().is_some_and(|got| comparison.holds(got)));
                }
                _ => expected == got,
            }
        }
        _ => false,
    };
    (plain.to_string(), ok)
}

#[expect(clippy::cast_precision_loss, reason = "a figure of a manifest")]
fn is_number(got: &serde_json::Number, expected: i64) -> bool {
    got.as_i64().map_or_else(
        || got.as_f64().is_some_and(|got| (got - expected as f64).abs() < f64::EPSILON),
        |got| got == expected,
    )
}

/// None: the value is of no kind that the map says something about.
fn compare_map(fields: &Fields, value: Option<&Value>, path: &str, scope: Scope<'_>) -> Option<Vec<Check>> {
    let one = |expected: String, ok: bool| vec![Check { field: path.into(), expected, got: shown(value), ok }];
    Some(match (value, &fields.word) {
        (Some(Value::Object(_)), _) if fields.entries.is_empty() => one("a map".into(), true),
        (Some(Value::Object(map)), _) => {
            let each = fields.entries.iter();
            each.flat_map(|(key, pattern)| compare(pattern, map.get(key), &inner(path, key), scope)).collect()
        }
        (Some(Value::Array(items)), Some(Word::Items(quantifier))) => {
            let named: Vec<_> = items.iter().enumerate().map(|(i, item)| (format!("[{i}]"), item)).collect();
            quantified(quantifier, &named, path, scope, About::Parts)
        }
        (None, Some(Word::Items(quantifier))) => quantified(quantifier, &[], path, scope, About::Parts),
        (Some(Value::String(got)), Some(Word::Text(word))) => one(word.to_string(), word.holds(got)),
        (_, Some(Word::Is(pattern))) => compare(pattern, value, path, scope),
        (None, None) if !fields.entries.is_empty() => {
            let each = fields.entries.iter();
            each.flat_map(|(key, pattern)| compare(pattern, None, &inner(path, key), scope)).collect()
        }
        _ => return None,
    })
}

/// A value as it is shown: texts in quotation marks, what is long cut.
pub fn shown(value: Option<&Value>) -> String {
    let Some(value) = value else { return "absent".into() };
    let text = value.to_string();
    match text.char_indices().nth(SHOWN) {
        Some((end, _)) => format!("{}...", &text[..end]),
        None => text,
    }
}

#[cfg(test)]
#[path = "pattern_tests.rs"]
mod tests;
