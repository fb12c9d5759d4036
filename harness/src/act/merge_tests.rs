use proptest::prelude::*;
use rstest::rstest;
use serde_json::{Map, Value, json};

use super::three_way;
use crate::act::{
    json::merge_patch,
    schema::{Place, Rule},
};

fn custom(original: &Value, modified: &Value, current: &Value) -> Value {
    Value::Object(three_way(Some(original), modified, current, Place::Custom).unwrap())
}

#[rstest]
#[case::nothing_to_do(json!({"a": 1}), json!({"a": 1}), json!({"a": 1, "others": 2}), json!({}))]
#[case::changed(json!({"a": 1}), json!({"a": 2}), json!({"a": 1}), json!({"a": 2}))]
#[case::drifted_back(json!({"a": 1}), json!({"a": 1}), json!({"a": 7}), json!({"a": 1}))]
#[case::removed(json!({"a": 1, "b": 2}), json!({"a": 1}), json!({"a": 1, "b": 2}), json!({"b": null}))]
#[case::removed_and_already_gone(json!({"a": 1, "b": 2}), json!({"a": 1}), json!({"a": 1}), json!({}))]
#[case::never_applied_stays(json!({}), json!({"a": 1}), json!({"a": 1, "b": 2}), json!({}))]
#[case::lists_are_replaced(json!({"l": [1, 2]}), json!({"l": [2]}), json!({"l": [1, 2, 3]}), json!({"l": [2]}))]
#[case::nested(
    json!({"s": {"a": 1, "b": 1}}), json!({"s": {"a": 2}}), json!({"s": {"a": 1, "b": 1, "c": 1}}),
    json!({"s": {"a": 2, "b": null}}))]
#[case::empty_map_added(json!({}), json!({"e": {}}), json!({}), json!({"e": {}}))]
#[case::empty_map_leaves_others(json!({"e": {}}), json!({"e": {}}), json!({"e": {"x": 1}}), json!({}))]
#[case::null_says_nothing(json!({}), json!({"a": null}), json!({"a": 1}), json!({}))]
#[case::null_removes_what_was_said(json!({"a": 1}), json!({"a": null}), json!({"a": 1}), json!({"a": null}))]
#[case::null_in_a_new_map_is_not_sent(json!({}), json!({"m": {"a": null, "b": 1}}), json!({}), json!({"m": {"b": 1}}))]
#[case::map_for_scalar(json!({"a": 1}), json!({"a": {"b": 1}}), json!({"a": 1}), json!({"a": {"b": 1}}))]
fn custom_resources(#[case] original: Value, #[case] modified: Value, #[case] current: Value, #[case] patch: Value) {
    assert_eq!(custom(&original, &modified, &current), patch);
}

fn service(ports: &[(u16, &str)]) -> Value {
    let ports: Vec<_> = ports.iter().map(|(port, name)| json!({"port": port, "name": name})).collect();
    json!({"spec": {"selector": {"app": "demo"}, "ports": ports}})
}

#[rstest]
#[case::same(service(&[(80, "http")]), service(&[(80, "http")]), json!({}))]
#[case::added(service(&[(80, "http")]), service(&[(80, "http"), (443, "https")]), json!({"spec": {
    "$setElementOrder/ports": [{"port": 80}, {"port": 443}], "ports": [{"port": 443, "name": "https"}]}}))]
#[case::changed(service(&[(80, "http")]), service(&[(80, "web")]), json!({"spec": {
    "$setElementOrder/ports": [{"port": 80}], "ports": [{"name": "web", "port": 80}]}}))]
#[case::removed(service(&[(80, "http"), (443, "https")]), service(&[(80, "http")]), json!({"spec": {
    "$setElementOrder/ports": [{"port": 80}], "ports": [{"port": 443, "$patch": "delete"}]}}))]
#[case::order(service(&[(80, "a"), (81, "b")]), service(&[(81, "b"), (80, "a")]), json!({"spec": {
    "$setElementOrder/ports": [{"port": 81}, {"port": 80}]}}))]
fn services(#[case] original: Value, #[case] modified: Value, #[case] patch: Value) {
    // What the API server and the controller have added since.
    let mut current = original.clone();
    current["spec"]["clusterIP"] = json!("10.0.0.7");
    current["spec"]["selector"]["rollouts-pod-template-hash"] = json!("abc");
    for port in current["spec"]["ports"].as_array_mut().unwrap() {
        port["protocol"] = json!("TCP");
        port["targetPort"] = json!(80);
    }
    let place = Place::top("", "Service").unwrap();
    assert_eq!(Value::Object(three_way(Some(&original), &modified, &current, place).unwrap()), patch);
}

#[test]
fn a_deployment_is_merged_deep_down() {
    let object = |image: &str, env: Value, volumes: Value, strategy: Value| {
        json!({"metadata": {"finalizers": ["a/b"]}, "spec": {"strategy": strategy, "template": {"spec": {
            "containers": [{"name": "app", "image": image, "env": env, "args": ["-v"]}], "volumes": volumes}}}})
    };
    let rolling = json!({"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 1}});
    let original = object(
        "i:1",
        json!([{"name": "A", "value": "1"}, {"name": "B", "value": "1"}]),
        json!([{"name": "v", "emptyDir": {}}]),
        rolling.clone(),
    );
    let mut current = original.clone();
    current["metadata"]["finalizers"] = json!(["a/b", "others/own"]);
    current["spec"]["template"]["spec"]["containers"][0]["imagePullPolicy"] = json!("Always");
    let mut modified = object(
        "i:2",
        json!([{"name": "A", "value": "1"}]),
        json!([{"name": "v", "configMap": {"name": "c"}}]),
        json!({"type": "Recreate"}),
    );
    modified["metadata"]["finalizers"] = json!(["c/d"]);
    modified["spec"]["template"]["spec"]["containers"][0]["args"] = json!(["-q"]);
    let place = Place::top("apps", "Deployment").unwrap();
    let patch = three_way(Some(&original), &modified, &current, place).unwrap();
    insta::assert_snapshot!(serde_json::to_string_pretty(&patch).unwrap());
}

#[test]
fn what_kubectl_cannot_do_is_refused() {
    let place = Place::top("", "Service").unwrap();
    let two = service(&[(80, "tcp"), (80, "udp")]);
    let error = three_way(None, &two, &json!({"spec": {"ports": []}}), place).unwrap_err();
    insta::assert_snapshot!(error, @"apply of `ports` with two elements of port 80: kubectl merges this list by that key and mangles such lists");
    let nameless = json!({"spec": {"ports": [{"name": "http"}]}});
    let error = three_way(None, &nameless, &json!({"spec": {"ports": []}}), place).unwrap_err();
    insta::assert_snapshot!(error, @r#"map: {"name":"http"} does not contain declared merge key: port"#);
    let error = Place::top("storage.k8s.io", "StorageClass").unwrap_err();
    insta::assert_snapshot!(error, @"apply of a StorageClass (storage.k8s.io): how kubectl merges this built-in kind is not known here");
}

#[test]
fn a_selector_of_a_disruption_budget_is_replaced_as_a_whole() {
    let budget = |selector: Value| json!({"spec": {"selector": {"matchLabels": selector}}});
    let (was, wanted) = (budget(json!({"a": "1"})), budget(json!({"b": "1"})));
    let place = Place::top("policy", "PodDisruptionBudget").unwrap();
    let patch = three_way(Some(&was), &wanted, &was, place).unwrap();
    assert_eq!(Value::Object(patch), json!({"spec": {"selector": {"matchLabels": {"b": "1"}, "$patch": "replace"}}}));
    assert_eq!(place.field("spec"), Rule::Merge(Place::DisruptionBudgetSpec));
}

/// Manifests without nulls, over few names, so that they meet.
fn manifest() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        any::<bool>().prop_map(Value::from),
        (0..4i64).prop_map(Value::from),
        proptest::collection::vec(0..3i64, 0..3).prop_map(Value::from),
    ];
    leaf.prop_recursive(3, 16, 4, |below| {
        proptest::collection::btree_map("[a-d]", below, 0..4)
            .prop_map(|m| Value::Object(m.into_iter().collect::<Map<_, _>>()))
    })
    .prop_map(|v| if v.is_object() { v } else { json!({ "a": v }) })
}

/// Everything that is not a map, with the way to it.
fn leaves(value: &Value, path: &str, found: &mut Vec<(String, Value)>) {
    match value {
        Value::Object(fields) => fields.iter().for_each(|(k, v)| leaves(v, &format!("{path}/{k}"), found)),
        other => found.push((path.to_owned(), other.clone())),
    }
}

fn leaves_of(value: &Value) -> Vec<(String, Value)> {
    let mut found = Vec::new();
    leaves(value, "", &mut found);
    found
}

/// Whether `object` says anything on the way to `path` or at it, other than by a map.
fn speaks_of(object: &Value, path: &str) -> bool {
    let mut at = object;
    for part in path.split('/').skip(1) {
        match at.get(part) {
            Some(below) if below.is_object() => at = below,
            Some(_) => return true,
            None => return false,
        }
    }
    true
}

/// Whether a whole subtree at or above `path` was applied before and is no longer in the manifest:
/// kubectl then removes all of it, with what others put there.
fn removed_with_its_tree(original: &Value, modified: &Value, path: &str) -> bool {
    let ways = path.match_indices('/').skip(1).map(|(i, _)| &path[..i]).chain([path]);
    ways.into_iter().any(|way| original.pointer(way).is_some() && modified.pointer(way).is_none())
}

proptest! {
    #[test]
    fn the_manifest_comes_true_and_what_others_wrote_stays(
        original in manifest(), modified in manifest(), current in manifest(),
    ) {
        let mut result = current.clone();
        merge_patch(&mut result, &custom(&original, &modified, &current));
        for (path, value) in leaves_of(&modified) {
            prop_assert_eq!(result.pointer(&path), Some(&value), "{} of the manifest", path);
        }
        for (path, _) in leaves_of(&original) {
            if !speaks_of(&modified, &path) {
                prop_assert!(result.pointer(&path).is_none_or(Value::is_object), "{} was removed", path);
            }
        }
        for (path, value) in leaves_of(&current) {
            if !speaks_of(&modified, &path) && !removed_with_its_tree(&original, &modified, &path) {
                prop_assert_eq!(result.pointer(&path), Some(&value), "{} of others", path);
            }
        }
    }

    #[test]
    fn applied_twice_is_applied_once(original in manifest(), modified in manifest(), current in manifest()) {
        let mut result = current.clone();
        merge_patch(&mut result, &custom(&original, &modified, &current));
        prop_assert_eq!(custom(&modified, &modified, &result), json!({}));
    }
}
