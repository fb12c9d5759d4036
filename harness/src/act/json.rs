//! Small readers of objects that are kept as plain JSON, so that no field is lost or defaulted on
//! its way through a type.

use serde_json::{Map, Value};

/// The string at `pointer`; empty where there is none.
pub(crate) fn text<'a>(object: &'a Value, pointer: &str) -> &'a str {
    object.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// The whole number at `pointer`.
pub(crate) fn number(object: &Value, pointer: &str) -> Option<i64> {
    object.pointer(pointer).and_then(Value::as_i64)
}

/// The boolean at `pointer`; false where there is none.
pub(crate) fn flag(object: &Value, pointer: &str) -> bool {
    object.pointer(pointer).and_then(Value::as_bool).unwrap_or(false)
}

/// The list at `pointer`; empty where there is none.
pub(crate) fn list<'a>(object: &'a Value, pointer: &str) -> &'a [Value] {
    object.pointer(pointer).and_then(Value::as_array).map_or(&[], Vec::as_slice)
}

/// The resourceVersion; 0 where there is none (the API server's are positive).
pub(crate) fn resource_version(object: &Value) -> u64 {
    text(object, "/metadata/resourceVersion").parse().unwrap_or(0)
}

/// The annotation `key`; empty where there is none. (A pointer would trip over the `/` in keys.)
pub(crate) fn annotation<'a>(object: &'a Value, key: &str) -> &'a str {
    object.pointer("/metadata/annotations").and_then(|a| a.get(key)).and_then(Value::as_str).unwrap_or_default()
}

/// The uid of the owner that controls the object.
pub(crate) fn controller_uid(object: &Value) -> Option<&str> {
    list(object, "/metadata/ownerReferences")
        .iter()
        .find(|owner| flag(owner, "/controller"))
        .map(|owner| text(owner, "/uid"))
}

/// The object at `key`, made if it is missing or something else.
pub(crate) fn child<'a>(map: &'a mut Map<String, Value>, key: &str) -> &'a mut Map<String, Value> {
    let value = map.entry(key).or_insert_with(|| Value::Object(Map::new()));
    if !value.is_object() {
        *value = Value::Object(Map::new());
    }
    value.as_object_mut().expect("made an object just above")
}

/// Applies a merge patch (RFC 7386).
pub(crate) fn merge_patch(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let target = target.as_object_mut().expect("made an object just above");
    for (key, value) in patch {
        if value.is_null() {
            target.shift_remove(key);
        } else {
            merge_patch(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

/// Whether a merge patch changed the object: it was to change something that was there before, and
/// the object was written. (The controller may have written in between: the resourceVersion alone
/// does not tell.)
pub(crate) fn took_effect(before: &Value, after: &Value, patch: &Value) -> bool {
    let mut wanted = before.clone();
    merge_patch(&mut wanted, patch);
    wanted != *before && resource_version(after) != resource_version(before)
}

/// Whether what a person has a say in differs: not the status, and not the bookkeeping. (A no-op
/// through the scale subresource, and the update after it, rearrange `managedFields` and so get a
/// new resourceVersion.)
pub(crate) fn differs(before: &Value, after: &Value) -> bool {
    let essence = |object: &Value| {
        let mut object = object.clone();
        if let Some(fields) = object.as_object_mut() {
            fields.shift_remove("status");
        }
        if let Some(metadata) = object.get_mut("metadata").and_then(Value::as_object_mut) {
            metadata.shift_remove("resourceVersion");
            metadata.shift_remove("managedFields");
        }
        object
    };
    essence(before) != essence(after)
}

#[cfg(test)]
mod tests {
    use rstest::rstest;
    use serde_json::{Value, json};

    use super::{differs, merge_patch, took_effect};

    #[rstest]
    #[case::written("1", "2", json!({"status": {"abort": true}}), true)]
    #[case::no_op("1", "1", json!({"status": {"abort": false}}), false)]
    #[case::no_op_and_the_controller_wrote("1", "2", json!({"status": {"abort": false}}), false)]
    #[case::no_op_on_a_missing_field("1", "2", json!({"status": {"pauseConditions": null}}), false)]
    #[case::pruned_by_the_api_server("1", "1", json!({"status": {"nonsense": 1}}), false)]
    fn knows_a_no_op(#[case] before: &str, #[case] after: &str, #[case] patch: Value, #[case] changed: bool) {
        let object = |version: &str| json!({"metadata": {"resourceVersion": version}, "status": {"abort": false}});
        assert_eq!(took_effect(&object(before), &object(after), &patch), changed);
    }

    #[rstest]
    #[case(json!({"metadata": {"resourceVersion": "2", "managedFields": []}, "spec": {"a": 1}, "status": {"b": 1}}), false)]
    #[case(json!({"metadata": {"resourceVersion": "1"}, "spec": {"a": 2}}), true)]
    #[case(json!({"metadata": {"annotations": {}}, "spec": {"a": 1}}), true)]
    fn bookkeeping_is_no_change(#[case] after: Value, #[case] expected: bool) {
        assert_eq!(differs(&json!({"metadata": {"resourceVersion": "1"}, "spec": {"a": 1}}), &after), expected);
    }

    /// The table of RFC 7386, appendix A.
    #[rstest]
    #[case(json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"}))]
    #[case(json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"}))]
    #[case(json!({"a": "b"}), json!({"a": null}), json!({}))]
    #[case(json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"}))]
    #[case(json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"}))]
    #[case(json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]}))]
    #[case(json!({"a": {"b": "c"}}), json!({"a": {"b": "d", "c": null}}), json!({"a": {"b": "d"}}))]
    #[case(json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]}))]
    #[case(json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"]))]
    #[case(json!({"a": "b"}), json!(["c"]), json!(["c"]))]
    #[case(json!({"a": "foo"}), json!(null), json!(null))]
    #[case(json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1}))]
    #[case(json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"}))]
    #[case(json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}}))]
    fn as_the_rfc_says(#[case] mut target: Value, #[case] patch: Value, #[case] expected: Value) {
        merge_patch(&mut target, &patch);
        assert_eq!(target, expected);
    }
}
