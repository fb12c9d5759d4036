//! Patterns on values: what is like them, and what is said of what is not.

use rstest::rstest;
use semver::Version;
use serde_json::{Value, json};

use super::*;
use crate::scenario::value::Pattern;

fn object() -> Value {
    json!({
        "metadata": {
            "name": "a",
            "labels": {"app": "demo", "role": "canary"},
            "annotations": {"rollout.argoproj.io/revision": "3", "config": "{\"weights\":[{\"name\":\"x\",\"weight\":5}]}"},
        },
        "spec": {
            "replicas": 2,
            "ratio": 0.5,
            "paused": false,
            "containers": [{"name": "app", "image": "demo:blue", "ports": [{"port": 80}]}, {"name": "side", "image": "mesh:1"}],
            "metrics": [{"name": "m", "count": 3}],
            "empty": [],
        },
    })
}

/// The checks that don't hold, one a line.
fn wrong(yaml: &str) -> String {
    let pattern: Pattern = serde_saphyr::from_str(yaml).unwrap_or_else(|e| panic!("{yaml}: {e}"));
    let (release, object) = (Version::new(1, 10, 2), object());
    let hashes = [(1, "abc".to_owned())];
    let world = World::default();
    let scope = Scope {
        release: &release,
        object: Some(&object),
        objects: &[],
        rollout: Some(&object),
        hashes: &hashes,
        world: &world,
    };
    let checks = compare(&pattern, Some(&object), "", scope);
    assert!(!checks.is_empty(), "{yaml}");
    let wrong = checks.iter().filter(|check| !check.ok);
    wrong.map(|c| format!("{}: expected {}, got {}", c.field, c.expected, c.got)).collect::<Vec<_>>().join("\n")
}

#[rstest]
#[case::partial("{spec: {replicas: 2, paused: false, ratio: 0.5}}")]
#[case::comparison("{spec: {replicas: '< 4'}}")]
#[case::figure_in_quotes("{spec: {replicas: '2'}}")]
#[case::text_that_is_a_number("{metadata: {annotations: {rollout.argoproj.io/revision: '>= 3'}}}")]
#[case::absent("{metadata: {annotations: {other: null}, deletionTimestamp: null}}")]
#[case::absent_in_absent("{status: {conditions: {none: {type: Ready}}, phase: null}}")]
#[case::contains("{metadata: {labels: {app: {contains: em}, role: {matches: ^can}}}}")]
#[case::is("{metadata: {labels: {app: {is: demo}}}, spec: {replicas: {is: 2}}}")]
#[case::not("{metadata: {labels: {app: {not: other}, other: {not: x}, role: {not: null}}}}")]
#[case::any("{spec: {containers: {any: {name: side}}}}")]
#[case::all("{spec: {containers: {all: {image: {matches: ':'}}}}}")]
#[case::none("{spec: {containers: {none: {name: other}}, missing: {none: {a: 1}}}}")]
#[case::count("{spec: {containers: {count: 2}, empty: {count: 0}, missing: {count: 0}}}")]
#[case::count_where("{spec: {containers: {count: '< 2', where: {name: app}}}}")]
#[case::two_words("{spec: {containers: {any: {name: app}, none: {name: x}, count: '> 1'}}}")]
#[case::quantifier_within("{spec: {containers: {any: {ports: {any: {port: 80}}}}}}")]
#[case::a_field_called_as_a_word("{spec: {metrics: {any: {count: 3}}}}")]
#[case::list("{spec: {containers: [{name: app}, {name: side}], empty: [], missing: []}}")]
#[case::by_release("{spec: {replicas: [{when: '>=1.9', is: 2}, {when: '<1.9', is: 5}]}}")]
#[case::by_release_text("{metadata: {name: [{when: '*', contains: a}]}}")]
#[case::cel("{spec: {cel: 'self.replicas == 2 && object.metadata.name == \"a\"'}}")]
#[case::cel_several("{cel: [self.spec.replicas > 1, 'hashes[1] == \"abc\"', rollout.spec.replicas == 2]}")]
#[case::cel_of_an_item("{spec: {containers: {any: {cel: self.name == 'side'}}}}")]
#[case::cel_of_all("{cel: size(kinds.Pod) == 0}")]
#[case::json("{metadata: {annotations: {config: {json: {weights: {any: {name: x, weight: 5}}}}}}}")]
fn what_is_like_it(#[case] yaml: &str) {
    assert_eq!(wrong(yaml), "");
}

#[rstest]
#[case("{spec: {replicas: 3}}", "spec.replicas: expected 3, got 2")]
#[case("{spec: {replicas: '> 4'}}", "spec.replicas: expected > 4, got 2")]
#[case("{spec: {replicas: true}}", "spec.replicas: expected true, got 2")]
#[case(
    "{metadata: {annotations: {rollout.argoproj.io/revision: 3}}}",
    r#"metadata.annotations["rollout.argoproj.io/revision"]: expected 3, got "3""#
)]
#[case("{metadata: {labels: {app: null}}}", r#"metadata.labels.app: expected absent, got "demo""#)]
#[case("{metadata: {labels: {x: {contains: part}}}}", r#"metadata.labels.x: expected contains "part", got absent"#)]
#[case("{metadata: {labels: {app: {not: demo}}}}", r#"metadata.labels.app: expected not "demo", got "demo""#)]
#[case("{spec: {contians: x}}", r#"spec.contians: expected "x", got absent"#)]
#[case("{spec: {replicas: {a: 1}}}", "spec.replicas: expected a 1, got 2")]
#[case(
    "{spec: {containers: {any: {name: app, image: demo:red}}}}",
    r#"spec.containers any: expected name "app", image "demo:red", got none of 2; [0]: image is "demo:blue""#
)]
#[case(
    "{spec: {containers: {all: {image: {contains: demo}}}}}",
    r#"spec.containers all: expected image contains "demo", got 1 of 2; [1]: image is "mesh:1""#
)]
#[case("{spec: {empty: {all: {a: 1}}}}", "spec.empty all: expected a 1, got there is none")]
#[case("{spec: {containers: {none: {name: app}}}}", r#"spec.containers none: expected name "app", got 1 of 2: [0]"#)]
#[case("{spec: {containers: {count: '> 2'}}}", "spec.containers count: expected > 2, got 2: [0], [1]")]
#[case(
    "{spec: {containers: {count: 2, where: {name: app}}}}",
    r#"spec.containers count: expected 2 like (name "app"), got 1 of 2: [0]"#
)]
#[case("{spec: {empty: [1]}}", "spec.empty: expected 1 item, got 0 items: []")]
#[case("{spec: {containers: [{name: app}, {name: x}]}}", r#"spec.containers[1].name: expected "x", got "side""#)]
#[case("{spec: {containers: {name: app}}}", concat!(r#"spec.containers: expected name "app", got "#,
    r#"[{"name":"app","image":"demo:blue","ports":[{"port":80}]},{"name":"side","image"..."#))]
#[case("{spec: {replicas: [{when: '>=1.9', is: 5}, {when: '<1.9', is: 2}]}}", "spec.replicas: expected 5, got 2")]
#[case("{cel: self.spec.replicas + 1 == 4}", "cel: expected self.spec.replicas + 1 == 4, got false: 3 == 4")]
#[case("{cel: self.status.a == 1}", "cel: expected self.status.a == 1, got there is no status")]
#[case("{cel: self.spec.replicas}", "cel: expected self.spec.replicas, got 2, which is neither true nor false")]
#[case(
    "{metadata: {annotations: {config: {json: {weights: {count: 2}}}}}}",
    "metadata.annotations.config (JSON).weights count: expected 2, got 1: [0]"
)]
#[case("{metadata: {name: {json: {a: 1}}}}", r#"metadata.name: expected as JSON (a 1), got "a""#)]
fn what_is_said_of_the_rest(#[case] yaml: &str, #[case] says: &str) {
    assert_eq!(wrong(yaml), says);
}
