//! Controllers and scenarios that are not what they must be: exit code 1, and the step is named.

use std::path::PathBuf;

use serde_json::Value;

use super::{
    bench::Bench,
    fake,
    process::{Running, run},
    texts::assert_reads,
};

/// Two controllers, one that does nothing and one that says that all is well, on one control plane:
/// no step of the guide may be taken for done.
pub fn fake_controllers_fail_every_step(bench: &Bench) {
    let start = |role: &str| {
        let (controller, report) = (bench.fake(role).display().to_string(), format!("{role}.json"));
        let arguments = ["guide", "--keep-going", "--controller", &controller, "--report", &report];
        Running::start(bench.proofroll(&arguments).env("PROOFROLL_TIMEOUT_SCALE", "0.1"))
    };
    let running = [fake::IDLE, fake::LIAR].map(|role| (role, start(role)));
    for (role, running) in running {
        let ended = running.end().expect(1);
        let last = ended.stdout.trim_end().lines().last().unwrap();
        assert!(last.starts_with("NOT as expected: 0 passed, 1 failed; 6 steps"), "{last}");
        let report = bench.report(&format!("{role}.json"));
        let scenario = &report["scenarios"][0];
        let steps = scenario["steps"].as_array().unwrap();
        assert_eq!(steps.len(), 6);
        for step in steps {
            assert_eq!(step["verdict"], "fail", "{role}: {step:#}");
        }
        assert_reads(bench, &format!("{role}_steps"), &steps.iter().map(what_is_red).collect::<String>());
        assert_reads(bench, &format!("{role}_message"), before(reason(scenario), "\nthe controller's log"));
    }
}

/// A first weight of 40, and another image: each seen by the real controller, each red at step 2.
pub fn broken_scenarios_fail_at_the_step(bench: &Bench) {
    let fixtures = fixtures();
    let read = |name: &str| std::fs::read_to_string(fixtures.join("guide").join(name)).unwrap();
    bench.write("fixtures/broken/canary-basic.service.yaml", &read("canary-basic.service.yaml"));
    bench.write("fixtures/broken/canary-basic.rollout.yaml", &read("canary-basic.rollout.yaml"));
    let rollout = replaced(&read("canary-basic.rollout.yaml"), "setWeight: 20", "setWeight: 40");
    bench.write("fixtures/broken/forty.rollout.yaml", &rollout);
    // Its own breaks would change nothing in what is broken already.
    let guide = before(&read("canary-basic.yaml"), "\nbreaks:").to_owned() + "\n";
    bench.write("fixtures/broken/weight.yaml", &replaced(&guide, "canary-basic.rollout.yaml", "forty.rollout.yaml"));
    let (yellow, purple) = ("rollouts-demo:yellow}\n    expect:", "rollouts-demo:purple}\n    within: 5s\n    expect:");
    bench.write("fixtures/broken/image.yaml", &replaced(&guide, yellow, purple));

    let ended = run(&mut bench.proofroll(&["run", "--fixtures", "fixtures", "--report", "report.json"])).expect(1);
    assert!(ended.stdout.contains("\nNOT as expected: 0 passed, 2 failed; 4 steps"), "{}", ended.stdout);
    let report = bench.report("report.json");
    for scenario in report["scenarios"].as_array().unwrap() {
        let verdicts: Vec<_> = scenario["steps"].as_array().unwrap().iter().map(|step| &step["verdict"]).collect();
        assert_eq!(verdicts, ["pass", "fail"], "{scenario:#}");
        let message = reason(scenario);
        // Behind that: the last states and events, which are never quite the same.
        let differs = before(message, "\nthe last states");
        assert!(message.contains("\nthe last events:\n") && message.contains("\nevidence: "), "{message}");
        if scenario["id"] == "broken/weight" {
            assert_eq!(line_of(message, "weight.set"), "✖ weight.set 20 40");
            assert_reads(bench, "weight", &differs.lines().take(3).collect::<Vec<_>>().join("\n"));
        } else {
            assert_reads(bench, "image", differs);
        }
    }
}

/// The step and everything in it that is red, one line each.
fn what_is_red(step: &Value) -> String {
    let red = |list: &str, words: fn(&Value) -> Option<String>| -> String {
        let items = step[list].as_array().unwrap();
        items.iter().filter_map(words).map(|words| format!("  ✖ {words}\n")).collect()
    };
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    format!("{}: {}\n", text(&step["name"]), text(&step["action"]))
        + &red("through", |passed| {
            (passed["ok"] == false).then(|| format!("passed {}", passed["state"].as_str().unwrap_or_default()))
        })
        + &red("checks", |check| {
            let shown = || {
                let text = |name: &str| check[name].as_str().unwrap_or_default();
                format!("{}: expected {}, got {}", text("field"), text("expected"), text("got"))
            };
            (check["ok"] == false).then(shown)
        })
        + &red("claims", |claim| {
            let text = |name: &str| claim[name].as_str().unwrap_or_default();
            (claim["outcome"] != "held").then(|| format!("{}: {}", text("claim"), text("detail")))
        })
}

pub fn reason(scenario: &Value) -> &str {
    scenario["reason"].as_str().unwrap_or_else(|| panic!("no reason: {scenario:#}"))
}

#[track_caller]
fn before<'a>(text: &'a str, mark: &str) -> &'a str {
    text.split_once(mark).unwrap_or_else(|| panic!("no {mark:?} in:\n{text}")).0
}

/// The first line of `text` about `field`, with single spaces.
fn line_of(text: &str, field: &str) -> String {
    let line = text.lines().find(|line| line.split_whitespace().nth(1) == Some(field));
    line.unwrap_or_else(|| panic!("no {field} in {text}")).split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn replaced(text: &str, from: &str, to: &str) -> String {
    assert!(text.contains(from), "no {from:?} in:\n{text}");
    text.replacen(from, to, 1)
}

/// The repository's fixtures, where the test runs (not where it was compiled).
pub fn fixtures() -> PathBuf {
    PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").expect("cargo and nextest set it")).join("../fixtures")
}
