//! The three-way merge of `kubectl apply`: from what was applied last, what shall be, and what is,
//! to the patch that kubectl sends.
//!
//! Fields of the manifest are set; fields that an earlier manifest had and this one has not are
//! removed; all else (what the API server or a controller wrote) stays. Custom resources get a
//! JSON merge patch (lists replaced as a whole), built-in kinds a strategic merge patch (lists
//! merged by the keys in [`super::schema`], with the directives `$patch: delete`,
//! `$setElementOrder`, `$retainKeys` and `$deleteFromPrimitiveList`).

use serde_json::{Map, Value, json};

use super::{
    error::ActError,
    schema::{Place, Rule},
};

type Fields = Map<String, Value>;

/// The patch that makes `current` what `modified` says; empty where there is nothing to do.
///
/// # Errors
/// Refuses what kubectl refuses (an element without its merge key), and a list with two elements
/// of one merge key, which kubectl mangles.
pub(crate) fn three_way(
    original: Option<&Value>,
    modified: &Value,
    current: &Value,
    place: Place,
) -> Result<Fields, ActError> {
    let none = Fields::new();
    let fields = |value: Option<&Value>| value.and_then(Value::as_object).cloned().unwrap_or_else(|| none.clone());
    maps(&fields(original), &fields(Some(modified)), &fields(Some(current)), place)
}

fn maps(original: &Fields, modified: &Fields, current: &Fields, place: Place) -> Result<Fields, ActError> {
    let mut patch = Fields::new();
    for (name, wanted) in modified {
        // A null in a manifest says nothing, but it takes away what an earlier manifest said there.
        if wanted.is_null() {
            continue;
        }
        let (was, is) = (original.get(name), current.get(name));
        match (place.field(name), wanted) {
            (Rule::Merge(below), Value::Object(wanted)) => {
                if let Some(value) = map(was, wanted, is, below)? {
                    patch.insert(name.clone(), value);
                }
            }
            (Rule::RetainKeys(below), Value::Object(wanted)) => {
                if let Some(mut value) = map(was, wanted, is, below)? {
                    if is.is_some_and(Value::is_object) {
                        retain_keys(&mut value, wanted);
                    }
                    patch.insert(name.clone(), value);
                }
            }
            (Rule::List { key, retain_keys, element }, Value::Array(wanted)) => {
                let rule = ListRule { name, key, retain_keys, element };
                list(rule, elements(was), wanted, is, &mut patch)?;
            }
            (Rule::Set, Value::Array(wanted)) => set(name, elements(was), wanted, elements(is), &mut patch),
            (Rule::Replace, Value::Object(_)) if is != Some(wanted) => {
                let mut value = wanted.clone();
                if is.is_some() {
                    value["$patch"] = json!("replace");
                }
                patch.insert(name.clone(), value);
            }
            _ if is != Some(wanted) => {
                patch.insert(name.clone(), wanted.clone());
            }
            _ => {}
        }
    }
    for (name, was) in original {
        let gone = modified.get(name).is_none_or(Value::is_null);
        if gone && !was.is_null() && current.contains_key(name) {
            patch.insert(name.clone(), Value::Null);
        }
    }
    Ok(patch)
}

/// A map below a map; None where there is nothing to do.
fn map(was: Option<&Value>, wanted: &Fields, is: Option<&Value>, place: Place) -> Result<Option<Value>, ActError> {
    let Some(Value::Object(is)) = is else {
        return Ok(Some(Value::Object(without_nulls(wanted))));
    };
    let none = Fields::new();
    let was = was.and_then(Value::as_object).unwrap_or(&none);
    let patch = maps(was, wanted, is, place)?;
    Ok((!patch.is_empty()).then_some(Value::Object(patch)))
}

struct ListRule<'a> {
    name: &'a str,
    key: &'static str,
    retain_keys: bool,
    element: Place,
}

fn list(
    rule: ListRule<'_>,
    was: &[Value],
    wanted: &[Value],
    is: Option<&Value>,
    patch: &mut Fields,
) -> Result<(), ActError> {
    let wanted_keys = keys(&rule, wanted)?;
    let Some(Value::Array(is)) = is else {
        patch.insert(rule.name.to_owned(), Value::Array(wanted.to_vec()));
        return Ok(());
    };
    let find = |list: &[Value], key: &Value| list.iter().find(|e| e.get(rule.key) == Some(key)).cloned();
    let mut changes = Vec::new();
    for (element, key) in wanted.iter().zip(&wanted_keys) {
        let fields = element.as_object().expect("`keys` has found a field in it");
        match find(is, key) {
            None => changes.push(Value::Object(without_nulls(fields))),
            Some(current) => {
                let original = find(was, key);
                if let Some(mut change) = map(original.as_ref(), fields, Some(&current), rule.element)? {
                    if rule.retain_keys {
                        retain_keys(&mut change, fields);
                    }
                    change[rule.key] = key.clone();
                    changes.push(change);
                }
            }
        }
    }
    for element in was {
        let Some(key) = element.get(rule.key) else { continue };
        if !wanted_keys.contains(key) && find(is, key).is_some() {
            changes.push(json!({rule.key: key, "$patch": "delete"}));
        }
    }
    let order_is: Vec<_> = is.iter().filter_map(|e| e.get(rule.key)).filter(|k| wanted_keys.contains(k)).collect();
    if !changes.is_empty() || !order_is.iter().copied().eq(&wanted_keys) {
        let order: Vec<_> = wanted_keys.iter().map(|key| json!({rule.key: key})).collect();
        patch.insert(format!("$setElementOrder/{}", rule.name), Value::Array(order));
    }
    if !changes.is_empty() {
        patch.insert(rule.name.to_owned(), Value::Array(changes));
    }
    Ok(())
}

/// The merge keys of a manifest's list, in its order.
fn keys(rule: &ListRule<'_>, list: &[Value]) -> Result<Vec<Value>, ActError> {
    let mut keys: Vec<Value> = Vec::new();
    for element in list {
        let key = element.get(rule.key).filter(|k| !k.is_null()).ok_or_else(|| {
            ActError::refused(format!("map: {element} does not contain declared merge key: {}", rule.key))
        })?;
        if keys.contains(key) {
            return Err(ActError::Unsupported {
                what: format!("apply of `{}` with two elements of {} {key}", rule.name, rule.key),
                why: "kubectl merges this list by that key and mangles such lists".to_owned(),
            });
        }
        keys.push(key.clone());
    }
    Ok(keys)
}

fn set(name: &str, was: &[Value], wanted: &[Value], is: &[Value], patch: &mut Fields) {
    let added: Vec<_> = wanted.iter().filter(|e| !is.contains(e)).cloned().collect();
    let gone: Vec<_> = was.iter().filter(|e| !wanted.contains(e) && is.contains(e)).cloned().collect();
    if added.is_empty() && gone.is_empty() {
        return;
    }
    patch.insert(format!("$setElementOrder/{name}"), Value::Array(wanted.to_vec()));
    if !gone.is_empty() {
        patch.insert(format!("$deleteFromPrimitiveList/{name}"), Value::Array(gone));
    }
    if !added.is_empty() {
        patch.insert(name.to_owned(), Value::Array(added));
    }
}

fn elements(value: Option<&Value>) -> &[Value] {
    value.and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

fn retain_keys(patch: &mut Value, wanted: &Fields) {
    let mut keys: Vec<_> = wanted.iter().filter(|(_, v)| !v.is_null()).map(|(k, _)| k.clone()).collect();
    keys.sort();
    patch["$retainKeys"] = json!(keys);
}

/// A null that is sent would delete; below a list it is data and stays.
fn without_nulls(fields: &Fields) -> Fields {
    fields
        .iter()
        .filter(|(_, value)| !value.is_null())
        .map(|(name, value)| match value {
            Value::Object(below) => (name.clone(), Value::Object(without_nulls(below))),
            other => (name.clone(), other.clone()),
        })
        .collect()
}

#[cfg(test)]
#[path = "merge_tests.rs"]
mod tests;
