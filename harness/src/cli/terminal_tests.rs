use std::sync::Arc;

use super::*;
use crate::{scenario::Library, timeline::recording};

/// What is printed, to be read by the test.
#[derive(Clone, Default)]
struct Page(Arc<Mutex<Vec<u8>>>);

impl Write for Page {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

fn terminal(detail: Detail) -> (Terminal, Page) {
    let page = Page::default();
    let out: Box<dyn Write + Send> = Box::new(page.clone());
    let (style, state) = (view::Style::Plain, Mutex::default());
    (Terminal { detail, style, live: None, out: Mutex::new(out), state }, page)
}

fn check(field: &str, expected: &str, got: &str) -> v1::Check {
    v1::Check { field: field.into(), expected: expected.into(), got: got.into(), ok: expected == got }
}

fn claim(text: &str, outcome: v1::Outcome, detail: &str) -> v1::Claim {
    v1::Claim { name: "never[1]".into(), claim: text.into(), outcome, detail: detail.into(), resource_version: None }
}

/// A run of two steps: one that holds, one that does not.
fn tell(terminal: &Terminal) {
    let lines = recording::read(&include_bytes!("../../tests/recordings/guide-v1.10.2.jsonl")[..]).unwrap();
    let log = recording::replay(&lines);
    let scenario = Library::embedded().load("guide/canary-basic").unwrap();
    let mut info = log.history().last().info("rollouts-demo").unwrap();
    // Ages are counted from now: without a beginning there is none.
    info.created = None;
    for set in &mut info.replica_sets {
        set.created = None;
        set.pods.iter_mut().for_each(|pod| pod.created = None);
    }
    let hear = |news: News<'_>| terminal.hear(&scenario.id, news);
    hear(News::Began(&scenario));
    hear(News::Step { index: 0, name: "the first deploy skips the steps" });
    hear(News::Acted { command: "kubectl apply -f canary-basic.rollout.yaml" });
    hear(News::Passing { rollout: "rollouts-demo", live: log.history().last() });
    hear(News::Passing { rollout: "rollouts-demo", live: log.history().last() });
    let mut step = v1::Step {
        name: "the first deploy skips the steps".into(),
        at: "canary-basic.yaml:27:5".into(),
        action: "kubectl apply".into(),
        seconds: 0.42,
        checks: vec![check("phase", "Healthy", "Healthy"), check("step", "8/8", "8/8")],
        through: vec![v1::Passed { state: "step 3/8, set weight 40".into(), ok: true, after: Some(0.21) }],
        claims: vec![claim("hold phase Healthy", v1::Outcome::Held, "3 states")],
        pauses: vec![v1::Pause { step: 3, asked: 10.0, by_server: 10, seen: 9.71, ok: true }],
        ..v1::Step::default()
    };
    hear(News::StepEnded { index: 0, step: &step, info: Some(&info) });
    hear(News::Claim { step: Some(0), claim: &claim("never phase Paused", v1::Outcome::Held, "12 states") });
    hear(News::Step { index: 1, name: "an update stops at 20%" });
    step.name = "an update stops at 20%".into();
    step.verdict = v1::Verdict::Fail;
    step.checks = vec![check("phase", "Paused", "Paused"), check("weight.set", "20", "40")];
    step.through = vec![v1::Passed { state: "step 5/8".into(), ok: false, after: None }];
    (step.claims, step.pauses) = (Vec::new(), Vec::new());
    hear(News::StepEnded { index: 1, step: &step, info: None });
    let broken = claim("never available < 4", v1::Outcome::Broken, "replicas.available was 3");
    hear(News::Claim { step: Some(1), claim: &broken });
    let invariant = |name: &str, violations: &[&str], waived: Option<&str>| v1::Invariant {
        name: name.into(),
        judged: 7,
        violations: violations.iter().map(ToString::to_string).collect(),
        waived: waived.map(ToOwned::to_owned),
    };
    hear(News::Ended(&v1::Scenario {
        id: scenario.id.clone(),
        title: scenario.title.clone(),
        must: scenario.must.clone(),
        verdict: v1::Verdict::Fail,
        seconds: 33.1,
        invariants: vec![
            invariant("ceiling", &[], None),
            invariant("floor", &["resourceVersion 7: too few"], None),
            invariant("quiet", &["resourceVersion 9: a write"], Some("a known loop")),
        ],
        reason: Some("conformance: guide/canary-basic, step 2 of 6\nnot met within 30s\n".into()),
        ..v1::Scenario::default()
    }));
}

fn told(detail: Detail) -> String {
    let (terminal, page) = terminal(detail);
    tell(&terminal);
    let bytes = page.0.lock().unwrap().clone();
    anstream::adapter::strip_str(&String::from_utf8(bytes).unwrap()).to_string()
}

#[test]
fn everything_of_one_scenario() {
    insta::assert_snapshot!(told(Detail::Full));
}

#[test]
fn a_line_for_each_step() {
    insta::assert_snapshot!(told(Detail::Steps));
}

#[test]
fn a_line_for_each_scenario() {
    insta::assert_snapshot!(told(Detail::Scenarios));
}
