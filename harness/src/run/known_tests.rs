use std::path::Path;

use super::*;
use crate::{run::reports::blank, scenario::Library, timeline::recording};

/// Where the test runs, not where it was compiled.
fn here() -> String {
    std::env::var("CARGO_MANIFEST_DIR").expect("cargo and nextest set it")
}

/// The guide as it was recorded; it ends Healthy at 8/8, five pods of revision 4.
fn history() -> crate::timeline::Log {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
    recording::replay(&lines)
}

/// A scenario of two steps, the second about to be broken, with these `known`.
fn scenario(known: &str) -> Scenario {
    let text = format!(
        "title: t
must: It MUST
steps:
- name: deploy
  apply: canary-basic.rollout.yaml
  expect: {{phase: Healthy}}
- name: update
  set-image: {{container: rollouts-demo, image: a:b}}
  expect: {{phase: Paused, step: 1/8, replicas: {{desired: 5, updated: 1}}}}
  never: [{{phase: Degraded}}]
  always: [{{replicas: {{updated: 1}}}}]
known: {known}
"
    );
    let manifest = Path::new(&here()).join("../fixtures/guide/known.yaml");
    Library::embedded().load_text(&manifest, &text).unwrap_or_else(|e| panic!("{e}"))
}

fn breach(what: &str, detail: &str) -> v1::Breach {
    v1::Breach { what: what.into(), detail: detail.into(), resource_version: None }
}

/// The report of a run that ended with these breaches of step 2.
fn report(scenario: &Scenario, broken: Vec<v1::Breach>) -> v1::Scenario {
    let log = history();
    let release = Version::new(1, 10, 2);
    let mut report = blank(scenario);
    for (i, step) in scenario.steps.iter().enumerate() {
        let mut told = crate::run::reports::cut_short(step, &Trouble::Conformance(String::new()));
        let is_last = i + 1 == scenario.steps.len();
        let subject = Subject { rollout: "rollouts-demo", release: &release };
        let checks = compare(step.expect.as_ref().unwrap(), log.history().last(), subject);
        told.checks = if is_last { checks.into_iter().map(Into::into).collect() } else { Vec::new() };
        told.broken = if is_last { broken.clone() } else { Vec::new() };
        told.verdict = if told.broken.is_empty() { v1::Verdict::Pass } else { v1::Verdict::Fail };
        report.steps.push(told);
    }
    report
}

/// How a run of `scenario` ends whose second step broke so; the verdict, or the message.
fn weigh(known: &str, broken: Vec<v1::Breach>, of_scenario: Vec<v1::Breach>) -> Result<v1::Scenario, String> {
    let scenario = scenario(known);
    let mut report = report(&scenario, broken);
    report.broken = of_scenario;
    let fine = report.broken.is_empty() && report.steps.iter().all(|step| step.broken.is_empty());
    let outcome = if fine { Ok(()) } else { Err(Trouble::Conformance("it broke\n".into())) };
    let log = history();
    let release = Version::new(1, 10, 2);
    let ended = Ended { scenario: &scenario, release: &release, before: None, history: log.history() };
    match ended.weigh(outcome, &mut report) {
        Ok(()) => Ok(report),
        Err(trouble) => Err(trouble.to_string().replace(&here(), "")),
    }
}

const HEALTHY: &str =
    "[{issue: 7, shows: {step: update, instead: {phase: Healthy, step: 8/8, replicas: {updated: 5}}}}]";

#[test]
fn what_is_known_and_seen_is_not_red() {
    let report = weigh(HEALTHY, vec![breach("expect", "")], Vec::new()).unwrap();
    assert_eq!(report.verdict, v1::Verdict::Known);
    let verdicts: Vec<_> = report.steps.iter().map(|step| step.verdict).collect();
    assert_eq!(verdicts, [v1::Verdict::Pass, v1::Verdict::Known]);
    insta::assert_snapshot!(report.reason.unwrap(), @"known: #7 (all releases), step 2: instead of what is expected, phase Healthy; step 8/8; updated 5");
    assert!(report.known[0].seen);
}

#[test]
fn what_is_not_all_of_it_stays_red() {
    let instead = |state: &str| format!("[{{issue: 7, shows: {{step: update, instead: {state}}}}}]");
    let silent = "[{issue: 7, shows: {step: update, silent: true}}]";
    let always = "[{issue: 7, shows: {step: update, breaks: 'always[1]', instead: {replicas: {updated: 0}}}}]";
    let refused = "[{issue: 7, shows: {step: update, refused: {contains: immutable}}}]";
    let invariant = "[{issue: 7, shows: {invariant: floor, says: {contains: restart}}}]";
    let expect = || vec![breach("expect", "phase Healthy (expected Paused)")];
    let told = [
        ("another value", weigh(&instead("{phase: Healthy, step: 8/8, replicas: {updated: 4}}"), expect(), vec![])),
        ("a field that is not said", weigh(&instead("{phase: Healthy, step: 8/8}"), expect(), vec![])),
        ("another breach of the step", weigh(HEALTHY, vec![breach("never[1]", "")], vec![])),
        ("one more breach of the step", weigh(HEALTHY, [expect(), vec![breach("pauses[1]", "")]].concat(), vec![])),
        ("an invariant besides", weigh(HEALTHY, expect(), vec![breach("invariant floor", "rv 7: 3 available")])),
        ("an expectation, not silence", weigh(silent, expect(), vec![])),
        ("a claim by another state", weigh(always, vec![breach("always[1]", "")], vec![])),
        ("a refusal that says another thing", weigh(refused, vec![breach("refused", "422 Invalid: required")], vec![])),
        (
            "one violation of two",
            weigh(invariant, vec![], vec![breach("invariant floor", "after a restart\nafter an abort")]),
        ),
        (
            "one known, another too",
            weigh(
                &format!("[{}, {}]", &HEALTHY[1..HEALTHY.len() - 1], &silent[1..silent.len() - 1]),
                [expect(), vec![breach("refused", "x")]].concat(),
                vec![],
            ),
        ),
    ];
    let told = told.map(|(name, told)| match told {
        Ok(report) => panic!("{name}: {:?}", report.verdict),
        Err(text) => format!("# {name}\n{text}"),
    });
    insta::with_settings!({omit_expression => true}, { insta::assert_snapshot!(told.join("\n")) });
}

#[test]
fn each_sign_is_recognised() {
    let shows = |shows: &str| format!("[{{issue: findings/a.md, shows: {shows}}}]");
    let known = [
        (shows("{step: update, silent: true}"), vec![breach("silent", "")], vec![]),
        (shows("{step: update, breaks: 'never[1]'}"), vec![breach("never[1]", "")], vec![]),
        (
            shows("{step: update, breaks: 'always[1]', instead: {replicas: {updated: 5}}}"),
            vec![breach("always[1]", "")],
            vec![],
        ),
        (shows("{step: update, refused: {contains: immutable}}"), vec![breach("refused", "it is immutable")], vec![]),
        (
            shows("{invariant: floor, says: {matches: 'after a \\w+'}}"),
            vec![],
            vec![breach("invariant floor", "after a restart\nafter a retry")],
        ),
    ];
    for (known, broken, of_scenario) in known {
        let report = weigh(&known, broken, of_scenario).unwrap_or_else(|e| panic!("{known}: {e}"));
        assert_eq!(report.verdict, v1::Verdict::Known, "{known}");
    }
}

#[test]
fn what_is_known_and_not_seen_is_red() {
    let text = weigh(HEALTHY, vec![], vec![]).unwrap_err();
    insta::assert_snapshot!(text, @r"
    conformance: known
    #7 is known of all releases, and was not seen on 1.10.2: fixed? Update the range, written at /../fixtures/guide/known.yaml:12:9
      it shows so: step 2: instead of what is expected, phase Healthy; step 8/8; updated 5
    ");
    let sometimes = HEALTHY.replace("issue: 7", "issue: 7, sometimes: true");
    let report = weigh(&sometimes, vec![], vec![]).unwrap();
    assert_eq!((report.verdict, report.known[0].seen), (v1::Verdict::Pass, false));
    let others = HEALTHY.replace("issue: 7", "issue: 7, releases: '<1.10'");
    assert_eq!(weigh(&others, vec![], vec![]).unwrap().verdict, v1::Verdict::Pass);
    assert!(weigh(&others, vec![breach("expect", "")], vec![]).is_err());
}

#[test]
fn a_bug_that_ends_a_scenario_hides_those_behind_it() {
    let both = "[{issue: 7, shows: {step: update, silent: true}}, {issue: 8, shows: {invariant: floor, says: x}}]";
    assert_eq!(weigh(both, vec![breach("silent", "")], vec![]).unwrap().verdict, v1::Verdict::Known);
    let text = weigh(both, vec![], vec![breach("invariant floor", "x")]).unwrap_err();
    assert!(text.contains("#7 is known of all releases, and was not seen"), "{text}");
}

#[test]
fn trouble_with_the_infrastructure_stays_what_it_is() {
    let scenario = scenario(HEALTHY);
    let (log, release) = (history(), Version::new(1, 10, 2));
    let ended = Ended { scenario: &scenario, release: &release, before: None, history: log.history() };
    let trouble = Trouble::Infra("gone".into());
    assert_eq!(ended.weigh(Err(trouble.clone()), &mut blank(&scenario)), Err(trouble));
}
