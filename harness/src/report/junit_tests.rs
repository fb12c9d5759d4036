use super::*;
use crate::report::v1::Breach;

fn scenario(id: &str, verdict: Verdict, reason: &str) -> v1::Scenario {
    v1::Scenario {
        id: id.into(),
        title: "A walk".into(),
        must: "A canary MUST hold & \"wait\" <forever>".into(),
        verdict,
        seconds: 3.25,
        namespace: Some("walk-0123".into()),
        reason: (!reason.is_empty()).then(|| reason.into()),
        ..v1::Scenario::default()
    }
}

fn step(name: &str, verdict: Verdict, broken: &[(&str, &str)]) -> v1::Step {
    v1::Step {
        name: name.into(),
        at: "walk.yaml:7:5".into(),
        action: "kubectl".into(),
        verdict,
        seconds: 1.5,
        broken: broken.iter().map(|(what, detail)| breach(what, detail)).collect(),
        ..v1::Step::default()
    }
}

fn breach(what: &str, detail: &str) -> Breach {
    Breach { what: what.into(), detail: detail.into(), resource_version: None }
}

fn report(scenarios: Vec<v1::Scenario>) -> v1::Report {
    v1::Report {
        seconds: 12.0,
        provider: "embedded".into(),
        kubernetes: "v1.34.4".into(),
        controller: v1::Controller { label: "v1.10.2".into(), ..v1::Controller::default() },
        scenarios,
        ..v1::Report::default()
    }
}

/// A run in which everything happened that can happen.
fn eventful(evidence: &Path) -> v1::Report {
    let passed = v1::Scenario {
        steps: vec![step("deploy", Verdict::Pass, &[]), step("update", Verdict::Pass, &[])],
        ..scenario("walk/fine", Verdict::Pass, "")
    };
    let failed = v1::Scenario {
        steps: vec![
            step("deploy", Verdict::Pass, &[]),
            step("update", Verdict::Fail, &[("expect", "updated 2 (expected 1)\nand more"), ("never[1]", "a < b")]),
        ],
        not_begun: vec!["promote".into()],
        evidence: Some(evidence.display().to_string()),
        ..scenario(
            "walk/bad",
            Verdict::Fail,
            "conformance: walk/bad, step 2 of 3\n  ✖ updated  1  \u{1b}[31m2\u{1b}[0m\n",
        )
    };
    let going_on = v1::Scenario {
        steps: vec![
            step("one", Verdict::Fail, &[("expect", "first")]),
            step("two", Verdict::Fail, &[("expect", "second"), ("hold", "third")]),
        ],
        broken: vec![breach("invariant floor", "too few")],
        ..scenario("walk/bad-twice", Verdict::Fail, "conformance: one\nand the rest")
    };
    let invariant = v1::Scenario {
        steps: vec![step("deploy", Verdict::Pass, &[])],
        broken: vec![breach("invariant floor", "resourceVersion 7: too few")],
        evidence: Some(evidence.display().to_string()),
        ..scenario("walk/floor", Verdict::Fail, "conformance: walk/floor, over the whole scenario\n")
    };
    let known = v1::Scenario {
        steps: vec![step("deploy", Verdict::Known, &[("expect", "hangs")])],
        known: vec![
            v1::Known { issue: "1".into(), releases: "<1.2".into(), shows: "else".into(), seen: false },
            v1::Known { issue: "4786".into(), releases: "<1.10".into(), shows: "hangs".into(), seen: true },
        ],
        ..scenario("walk/known", Verdict::Known, "known: 4786 (<1.10), hangs")
    };
    let skipped = v1::Scenario {
        not_begun: vec!["deploy".into(), "update".into()],
        ..scenario("walk/skipped", Verdict::Skip, "needs a kubelet, which an embedded cluster has not")
    };
    let error = v1::Scenario {
        not_begun: vec!["deploy".into()],
        ..scenario("walk/trouble", Verdict::Error, "infra: walk/trouble, before its first step\netcd ended")
    };
    let cut = v1::Scenario {
        steps: vec![step("deploy", Verdict::Error, &[])],
        not_begun: vec!["update".into()],
        ..scenario("walk/cut", Verdict::Error, "infra: the plane ended\nin the middle")
    };
    report(vec![passed.clone(), failed, going_on, invariant, known, skipped, error, cut, passed])
}

/// CI checks the very file that is kept here against the schema of Jenkins: ci/junit.
#[test]
fn all_verdicts() {
    let directory = tempfile::tempdir().unwrap();
    for file in ["timeline.jsonl", "failure.txt"] {
        std::fs::write(directory.path().join(file), "").unwrap();
    }
    std::fs::create_dir(directory.path().join("kind-logs")).unwrap();
    let xml = xml(&eventful(directory.path())).unwrap();
    let xml = xml.replace(&directory.path().display().to_string(), "/evidence");
    insta::assert_binary_snapshot!("all_verdicts.xml", xml.into_bytes());
}

#[test]
fn the_sums_are_those_of_the_cases() {
    let xml = xml(&eventful(Path::new("/nowhere"))).unwrap();
    let head = xml.lines().nth(1).unwrap();
    assert_eq!(head, r#"<testsuites name="proofroll" tests="25" failures="5" errors="2" time="12.000">"#);
    for (tag, count) in [("<failure ", 5), ("<error ", 2), ("<skipped ", 7)] {
        assert_eq!(xml.matches(tag).count(), count, "{tag}");
    }
}

#[test]
fn of_evidence_that_is_gone_the_directory_is_told() {
    let xml = xml(&eventful(Path::new("/nowhere"))).unwrap();
    assert!(xml.contains(r#"<property name="evidence" value="/nowhere"/>"#) && !xml.contains("ATTACHMENT"), "{xml}");
}

#[test]
fn a_run_without_scenarios_is_a_report_too() {
    let xml = xml(&report(Vec::new())).unwrap();
    assert!(xml.contains(r#"<testsuites name="proofroll" tests="0""#), "{xml}");
}
