//! What is shipped.

use std::fs;

use super::in_repository;
use crate::scenario::{Action, Library};

#[test]
fn every_shipped_scenario_loads() {
    let all = Library::embedded().load_all();
    assert!(all.len() >= 13, "only {} scenarios", all.len());
    for (id, scenario) in all {
        let family = scenario.unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(family.id, id);
        for scenario in family.scenarios {
            let id = &scenario.id;
            assert_eq!(scenario.family(), family.id);
            assert!(scenario.must.contains("MUST"), "{id}: the `must` sentence has no MUST");
            assert!(!scenario.features.is_empty() && !scenario.refs.is_empty(), "{id}: features and refs");
            assert!(scenario.steps.iter().all(|s| !s.at.file.is_empty() && s.at.line > 0));
        }
    }
}

#[test]
fn a_directory_gives_the_same_as_the_binary() {
    let ours = Library::from_dir(in_repository("fixtures")).unwrap();
    assert_eq!(ours.ids(), Library::embedded().ids());
    assert!(ours.ids().contains(&"guide/canary-basic".to_owned()));
    assert!(!ours.ids().iter().any(|id| id.ends_with(".rollout")));
    assert_eq!(ours.load("guide/canary-basic").unwrap().steps.len(), 6);
}

#[test]
fn the_guide_is_what_the_issue_asks_for() {
    let guide = Library::embedded().load("guide/canary-basic").unwrap();
    assert_eq!(guide.suite(), "guide");
    let actions: Vec<_> = guide.steps.iter().map(|s| s.action.to_string()).collect();
    insta::assert_snapshot!(actions.join("\n"), @r"
    apply Rollout rollouts-demo
    set image rollouts-demo=argoproj/rollouts-demo:yellow
    promote
    set image rollouts-demo=argoproj/rollouts-demo:red
    abort
    set image rollouts-demo=argoproj/rollouts-demo:yellow
    ");
    assert!(guide.steps.iter().all(|s| s.on == "rollouts-demo" && s.expect.is_some()));
    assert_eq!(guide.given[0].kind, "Service");
    let promote = &guide.steps[2];
    assert_eq!(promote.pauses.keys().copied().collect::<Vec<_>>(), [3, 5, 7]);
    assert_eq!(promote.through.len(), 3);
    assert!(matches!(&guide.steps[0].action, Action::Apply(m) if m[0].is_rollout()));
}

#[test]
fn claims_know_where_they_are_written() {
    let guide = Library::embedded().load("guide/canary-basic").unwrap();
    let text = include_str!("../../../../fixtures/guide/canary-basic.yaml");
    let line = |n: u32| text.lines().nth(n as usize - 1).unwrap().trim();
    let promote = &guide.steps[2];
    assert_eq!(&*promote.at.file, "fixtures/guide/canary-basic.yaml");
    assert_eq!(line(promote.at.line), "- name: a promotion goes on through 40, 60 and 80");
    assert_eq!(line(promote.expect.as_ref().unwrap().at.line), "expect:");
    assert_eq!(line(promote.through[1].at.line + 2), "step: 5/8");
    assert_eq!(line(promote.never[0].at.line), "- replicas: {available: \"< 4\"}");
}

#[test]
fn an_unknown_id_is_told_with_the_nearest_one() {
    let error = Library::embedded().load("guide/canary-basics").unwrap_err();
    insta::assert_snapshot!(error, @r"
    guide/canary-basics: there is no scenario of this id
      = did you mean `guide/canary-basic`?
    ");
    let error = Library::embedded().load("../Cargo").unwrap_err();
    assert!(error.to_string().contains("no scenario of this id"), "{error}");
    let error = Library::from_dir("/nowhere/at/all").unwrap_err();
    assert!(error.to_string().starts_with("/nowhere/at/all: this directory of fixtures cannot be read"), "{error}");
}

#[test]
fn shared_manifests_and_folders_above_are_found() {
    let dir = tempfile::tempdir().unwrap();
    for folder in ["shared", "suite/deep", "stages"] {
        fs::create_dir_all(dir.path().join(folder)).unwrap();
    }
    let write = |path: &str, text: &str| fs::write(dir.path().join(path), text).unwrap();
    write("shared/canary.yaml", super::ROLLOUT);
    write("stages/fast.yaml", "");
    write("suite/service.manifest.yaml", "{apiVersion: v1, kind: Service, metadata: {name: s}}\n");
    let scenario = |shared: &str| {
        format!(
            "title: t\nmust: m\ngiven: [../service.manifest.yaml]\nsteps:\n- apply: '{shared}'\n  expect: {{phase: Healthy}}\n"
        )
    };
    write("suite/deep/good.yaml", &scenario("@canary"));
    write("suite/deep/bad.yaml", &scenario("@canry"));

    let library = Library::from_dir(dir.path()).unwrap();
    assert_eq!(library.ids(), ["suite/deep/bad", "suite/deep/good"]);
    let good = library.load("suite/deep/good").unwrap();
    assert_eq!((good.suite(), good.given[0].name.as_str(), good.steps[0].on.as_str()), ("suite", "s", "rollouts-demo"));
    let bad = library.load("suite/deep/bad").unwrap_err();
    assert_eq!(bad.faults[0].help.as_deref(), Some("did you mean `@canary`?"));
    // One that is broken does not hide the other.
    assert_eq!(library.load_all().iter().filter(|(_, loaded)| loaded.is_ok()).count(), 1);
}
