//! `set:`: changes of an object by path, as `spec.strategy.canary.steps[0].setWeight: 40`.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// What is wrong with a change, and how to mend it.
pub(super) type Wrong = (String, String);

/// Maps whose keys are free, so that two of them may well be nearly the same.
const FREE: [&str; 6] = ["labels", "matchLabels", "annotations", "data", "stringData", "selector"];

#[derive(Debug, Clone, PartialEq, Eq)]
enum Part {
    Key(String),
    Index(usize),
}

/// Sets what is at `path` of `object` to `value`; null removes it. Maps on the way are made where they are
/// missing.
///
/// # Errors
/// A path that is none, that leads through what is no map or list, past the end of a list, or to nothing
/// that could be removed; and a key that differs by one letter from one that is there.
pub(super) fn set(object: &mut Value, path: &str, value: &Value) -> Result<(), Wrong> {
    let parts = parse(path)?;
    let Some((last, way)) = parts.split_last() else { return Err(no_path(path)) };
    let mut at = object;
    let mut done = String::new();
    for (i, part) in way.iter().enumerate() {
        let free = matches!(i.checked_sub(1).map(|i| &way[i]), Some(Part::Key(key)) if FREE.contains(&key.as_str()));
        at = step(at, part, &done, free, value.is_null())?;
        append(&mut done, part);
    }
    let free = matches!(way.last(), Some(Part::Key(key)) if FREE.contains(&key.as_str()));
    match last {
        Part::Index(_) if !value.is_null() => *step(at, last, &done, free, false)? = value.clone(),
        Part::Index(index) => {
            step(at, last, &done, free, true)?;
            at.as_array_mut().map(|items| items.remove(*index));
        }
        Part::Key(key) => {
            let map = map(at, &done)?;
            if value.is_null() {
                if map.shift_remove(key).is_none() {
                    return Err(nothing_there(map, &done, key));
                }
            } else {
                known_or_new(map, key, &done, free)?;
                map.insert(key.clone(), value.clone());
            }
        }
    }
    Ok(())
}

fn step<'a>(at: &'a mut Value, part: &Part, done: &str, free: bool, removing: bool) -> Result<&'a mut Value, Wrong> {
    match part {
        Part::Key(key) => {
            let map = map(at, done)?;
            if removing && !map.contains_key(key) {
                return Err(nothing_there(map, done, key));
            }
            known_or_new(map, key, done, free)?;
            Ok(map.entry(key.clone()).or_insert(Value::Null))
        }
        Part::Index(index) => {
            let what = || format!("`{done}` is {}, not a list", kind(at));
            let length = at.as_array().ok_or_else(|| (what(), "`[0]` is the first item of a list".to_owned()))?.len();
            let help = match length {
                0 => "it is empty".to_owned(),
                n => format!("its items are [0] to [{}]; to add one, set the whole list", n - 1),
            };
            at.get_mut(*index).ok_or_else(|| (format!("the list `{done}` has no item [{index}]"), help))
        }
    }
}

/// The map at `at`; made if nothing is there.
fn map<'a>(at: &'a mut Value, done: &str) -> Result<&'a mut Map<String, Value>, Wrong> {
    if at.is_null() {
        *at = Value::Object(Map::new());
    }
    let help = match at {
        Value::Array(_) => format!("name one of its items, as `{done}[0]`"),
        _ => format!("set `{done}` itself"),
    };
    let what = format!("`{done}` is {}, not a map", kind(at));
    at.as_object_mut().ok_or((what, help))
}

/// One letter away from a key that is there: a slip of the pen, for nobody warns of a field that the API
/// server does not know.
fn known_or_new(map: &Map<String, Value>, key: &str, done: &str, free: bool) -> Result<(), Wrong> {
    if free || map.contains_key(key) || key.chars().count() < 4 {
        return Ok(());
    }
    let near = |known: &&String| strsim::damerau_levenshtein(&known.to_lowercase(), &key.to_lowercase()) <= 1;
    match map.keys().find(near) {
        None => Ok(()),
        Some(near) => {
            let mut suggested = done.to_owned();
            append(&mut suggested, &Part::Key(near.clone()));
            Err((format!("{} has no `{key}`", owner(done)), format!("did you mean `{suggested}`?")))
        }
    }
}

fn nothing_there(map: &Map<String, Value>, done: &str, key: &str) -> Wrong {
    let keys: Vec<_> = map.keys().map(String::as_str).collect();
    (format!("{} has no `{key}` that could be removed", owner(done)), super::fault::one_of(key, &keys))
}

fn owner(done: &str) -> String {
    if done.is_empty() { "the object".into() } else { format!("`{done}`") }
}

fn kind(value: &Value) -> String {
    match value {
        Value::Null => "nothing".into(),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => value.to_string(),
        Value::Array(_) => "a list".into(),
        Value::Object(_) => "a map".into(),
    }
}

fn append(path: &mut String, part: &Part) {
    // Writing to a String cannot fail.
    let _ = match part {
        Part::Index(index) => write!(path, "[{index}]"),
        Part::Key(key) if key.contains(['.', '[', ']', '"']) => write!(path, "[\"{key}\"]"),
        Part::Key(key) if path.is_empty() => write!(path, "{key}"),
        Part::Key(key) => write!(path, ".{key}"),
    };
}

fn no_path(path: &str) -> Wrong {
    let help = "as `spec.strategy.canary.steps[0].setWeight` or `metadata.annotations[\"example.com/owner\"]`";
    (format!("`{path}` is no path"), help.to_owned())
}

fn parse(path: &str) -> Result<Vec<Part>, Wrong> {
    let wrong = || no_path(path);
    let mut parts = Vec::new();
    let mut rest = path;
    while !rest.is_empty() {
        if let Some(inside) = rest.strip_prefix("[\"") {
            let (key, after) = inside.split_once("\"]").ok_or_else(wrong)?;
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('[') {
            let (index, after) = inside.split_once(']').ok_or_else(wrong)?;
            parts.push(Part::Index(index.parse().map_err(|_| wrong())?));
            rest = after;
        } else {
            let name = if parts.is_empty() { rest } else { rest.strip_prefix('.').ok_or_else(wrong)? };
            let end = name.find(['.', '[']).unwrap_or(name.len());
            let (key, after) = name.split_at(end);
            if key.is_empty() || key.contains(']') {
                return Err(wrong());
            }
            parts.push(Part::Key(key.to_owned()));
            rest = after;
        }
    }
    Ok(parts)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rstest::rstest;
    use serde_json::json;

    use super::*;

    fn object() -> Value {
        json!({"spec": {"replicas": 5, "steps": [{"setWeight": 20}, {"pause": {}}], "labels": {"apps": "x"}}})
    }

    #[rstest]
    #[case::a_number("spec.replicas", json!(3), "/spec/replicas", json!(3))]
    #[case::an_item("spec.steps[0].setWeight", json!(40), "/spec/steps/0/setWeight", json!(40))]
    #[case::a_whole_item("spec.steps[1]", json!({"setWeight": 30}), "/spec/steps", json!([{"setWeight": 20}, {"setWeight": 30}]))]
    #[case::an_item_removed("spec.steps[0]", json!(null), "/spec/steps", json!([{"pause": {}}]))]
    #[case::a_new_key("spec.minReadySeconds", json!(1), "/spec/minReadySeconds", json!(1))]
    #[case::new_maps("metadata.annotations[\"a.b/c\"]", json!("d"), "/metadata", json!({"annotations": {"a.b/c": "d"}}))]
    #[case::free_keys("spec.labels.app", json!("y"), "/spec/labels", json!({"apps": "x", "app": "y"}))]
    #[case::removed("spec.steps", json!(null), "/spec", json!({"replicas": 5, "labels": {"apps": "x"}}))]
    fn sets(#[case] path: &str, #[case] value: Value, #[case] pointer: &str, #[case] after: Value) {
        let mut object = object();
        set(&mut object, path, &value).unwrap();
        assert_eq!(object.pointer(pointer), Some(&after));
    }

    #[test]
    fn says_what_is_wrong() {
        let table = [
            ("", json!(1)),
            ("spec..replicas", json!(1)),
            ("spec.steps[x]", json!(1)),
            ("spec.steps[0", json!(1)),
            ("spec.steps]0", json!(1)),
            ("spec.steps[0]setWeight", json!(1)),
            ("spec.steps[2]", json!(1)),
            ("spec.steps[2].setWeight", json!(1)),
            ("spec.steps.setWeight", json!(1)),
            ("spec[0]", json!(1)),
            ("spec.minReady[0]", json!(1)),
            ("spec.replicas.min", json!(1)),
            ("spec.replica", json!(1)),
            ("spce.replicas", json!(1)),
            ("spec.steps[0].setweight", json!(1)),
            ("spec.minReadySeconds", json!(null)),
            ("spec.stepps[0]", json!(null)),
            ("spec.steps[1].pause.duration", json!(null)),
        ];
        let told = table.map(|(path, value)| match set(&mut object(), path, &value) {
            Ok(()) => panic!("{path}: this must not do"),
            Err((what, help)) => format!("{path:30} {what}\n{:30} = {help}", ""),
        });
        insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(told.join("\n")) });
    }

    fn value() -> impl Strategy<Value = Value> {
        let leaf =
            prop_oneof![Just(json!(true)), any::<i32>().prop_map(|n| json!(n)), "[a-z]{0,3}".prop_map(|s| json!(s))];
        leaf.prop_recursive(3, 24, 4, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..4).prop_map(Value::Array),
                prop::collection::btree_map("[a-z.]{1,6}", inner, 0..4).prop_map(|m| json!(m)),
            ]
        })
    }

    /// All paths to something in `value`.
    fn paths(value: &Value, path: &str, to: &mut Vec<String>) {
        let mut below = |part: Part, value: &Value| {
            let mut path = path.to_owned();
            append(&mut path, &part);
            to.push(path.clone());
            paths(value, &path, to);
        };
        match value {
            Value::Array(items) => items.iter().enumerate().for_each(|(i, v)| below(Part::Index(i), v)),
            Value::Object(map) => map.iter().for_each(|(k, v)| below(Part::Key(k.clone()), v)),
            _ => {}
        }
    }

    proptest! {
        /// What is there can be set to anything and removed, and nothing else changes.
        #[test]
        fn what_is_there_can_be_set(value in value(), pick in any::<prop::sample::Index>(), new in value()) {
            let mut all = Vec::new();
            paths(&value, "", &mut all);
            prop_assume!(!all.is_empty());
            let path = pick.get(&all);
            let mut changed = value.clone();
            set(&mut changed, path, &new).unwrap();
            let mut without = (value, changed);
            set(&mut without.0, path, &Value::Null).unwrap();
            set(&mut without.1, path, &Value::Null).unwrap();
            prop_assert_eq!(without.0, without.1);
        }

        #[test]
        fn no_path_makes_it_panic(path in "[a-z.\\[\\]\"0-9]{0,20}", value in value()) {
            let _ = set(&mut object(), &path, &value);
        }
    }
}
