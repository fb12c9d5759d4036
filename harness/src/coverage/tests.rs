use serde_json::json;

use super::*;
use crate::scenario::in_repository;

fn missing(library: &Library) -> Missing {
    library.map("coverage/missing.yaml").unwrap()
}

/// The suite as it is: what is missing stands in the list, and nothing else does.
#[test]
fn the_list_of_what_is_missing_is_up_to_date() {
    let library = Library::embedded();
    let coverage = Coverage::of(&library).unwrap();
    let missing = missing(&library);
    if std::env::var_os("PROOFROLL_UPDATE_COVERAGE").is_some_and(|v| v == "1") {
        let head = "# What no scenario names yet, and why. A test says where this list is out of date;\n\
            # PROOFROLL_UPDATE_COVERAGE=1 cargo test -p proofroll --lib coverage:: brings it up to date.\n";
        let yaml = serde_saphyr::to_string(&coverage.updated(&missing)).unwrap();
        std::fs::write(in_repository("fixtures/coverage/missing.yaml"), format!("{head}{yaml}")).unwrap();
        return;
    }
    let wrong = coverage.out_of_date(&missing);
    assert!(
        wrong.is_empty(),
        "fixtures/coverage/missing.yaml is out of date:\n{}\nbring it up to date with \
         PROOFROLL_UPDATE_COVERAGE=1 cargo test -p proofroll --lib coverage::, and give reasons for what is new",
        wrong.join("\n")
    );
}

fn coverage(entries: &[(Area, &str, &[&str])]) -> Coverage {
    let own = |(area, entry, by): &(Area, &str, &[&str])| {
        (*area, (*entry).to_owned(), by.iter().map(|&id| id.to_owned()).collect())
    };
    Coverage { entries: entries.iter().map(own).collect() }
}

#[test]
fn a_list_is_out_of_date_in_both_directions() {
    let coverage = coverage(&[
        (Area::Fields, "canary.a", &["x/one"]),
        (Area::Fields, "canary.router.a", &[]),
        (Area::Fields, "canary.router.b", &[]),
        (Area::Events, "Paused", &[]),
    ]);
    let list = |json: serde_json::Value| serde_json::from_value::<Missing>(json).unwrap();
    let right = list(json!({"fields": {"canary.router": "later"}, "events": {"Paused": "later"}}));
    assert_eq!(coverage.out_of_date(&right), Vec::<String>::new());
    let wrong = list(json!({"fields": {"canary.router.a": " ", "canary.a": "later", "canary.rout": "later"}}));
    insta::assert_snapshot!(coverage.out_of_date(&wrong).join("\n"), @r"
    fields: `canary.a` is called missing, but x/one names `canary.a`
    fields: no scenario names `canary.router.b`
    events: no scenario names `Paused`
    fields: `canary.rout` is called missing, but there is no such thing
    fields: `canary.router.a` is called missing without a reason
    ");
    let half = self::coverage(&[(Area::Fields, "canary.router.a", &["x/one"]), (Area::Fields, "canary.router.b", &[])]);
    assert_eq!(
        half.out_of_date(&right)[0],
        "fields: `canary.router` is called missing, but x/one names `canary.router.a`"
    );
    assert_eq!(half.updated(&right), list(json!({"fields": {"canary.router.b": "later"}})));
    assert_eq!(coverage.updated(&right), right);
    assert_eq!(coverage.updated(&Missing::new())["events"]["Paused"], "no scenario yet");
}

#[test]
fn fields_of_a_crd() {
    let steps =
        json!({"type": "array", "items": {"properties": {"setWeight": {}, "pause": {"properties": {"duration": {}}}}}});
    let strategy = json!({"canary": {"properties": {"maxSurge": {}, "steps": steps}}, "blueGreen": {"properties": {"activeService": {}}}});
    let schema =
        json!({"openAPIV3Schema": {"properties": {"spec": {"properties": {"strategy": {"properties": strategy}}}}}});
    let crd = json!({"spec": {"versions": [{"schema": schema}]}});
    let all = ["canary.maxSurge", "canary.steps.setWeight", "canary.steps.pause.duration", "blueGreen.activeService"];
    assert_eq!(crd_fields(&crd), all);
}

/// A scenario names what it sets and expects; not what it forbids, nor what it only breaks.
#[test]
fn what_a_scenario_names() {
    let dir = tempfile::tempdir().unwrap();
    std::fs::create_dir(dir.path().join("a")).unwrap();
    let write = |name: &str, text: &str| std::fs::write(dir.path().join("a").join(name), text).unwrap();
    write("r.rollout.yaml", include_str!("../../../fixtures/guide/canary-basic.rollout.yaml"));
    write(
        "one.yaml",
        "title: t
must: It MUST
steps:
- {name: deploy, apply: r.rollout.yaml, expect: {phase: Healthy}, never: [{message: manually paused}]}
- patch: {merge: {spec: {strategy: {canary: {maxSurge: 1}}}}}
  events: [RolloutPaused]
  expect: {phase: Degraded, message: {matches: 'InvalidSpec: .*: SetWeight needs to be between 0 and 100'}}
breaks:
- {name: b, step: deploy, manifest: {set: {spec.strategy.canary.minPodsPerReplicaSet: 2}}}
",
    );
    let library = Library::from_dir(dir.path()).unwrap();
    library.family("a/one").unwrap();
    let (_, named) = named::all(&library).remove(0);
    let names = |area, entry| named.names(area, entry);
    assert!(names(Area::Fields, "canary.steps.setWeight") && names(Area::Fields, "canary.maxSurge"));
    assert!(!names(Area::Fields, "canary.minPodsPerReplicaSet") && !names(Area::Fields, "blueGreen.activeService"));
    assert!(names(Area::Events, "RolloutPaused") && !names(Area::Events, "RolloutResumed"));
    assert!(names(Area::Messages, "InvalidSpec: *") && !names(Area::Messages, "manually paused"));
    assert!(names(Area::InvalidSpec, "SetWeight needs to be between 0 and *"));
    assert!(!names(Area::InvalidSpec, "SetWeight needs to be between 0 and * or so"));
}
