//! A run as JUnit XML, for CI servers: a suite for each scenario, a test case for each step, and one for what is judged
//! over the whole scenario. Made from the report of the run; of the evidence only the names of its files are looked up.
//!
//! JUnit knows no "known bug": such a step is skipped, with the bug as its reason. A step that was not begun is
//! skipped too, so that every run of a scenario has the same test cases.

use std::{
    collections::HashMap,
    path::{Path, PathBuf},
    time::Duration,
};

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::v1::{self, Verdict};

/// The test case of what belongs to no step: invariants, claims over the scenario, and what stopped it before its first step.
const WHOLE: &str = "over the whole scenario";

/// The XML of a report.
///
/// # Errors
/// What the writer of XML refuses.
pub fn xml(report: &v1::Report) -> Result<String, impl std::error::Error + use<>> {
    let mut junit = Report::new("proofroll");
    junit.set_time(seconds(report.seconds));
    let mut runs: HashMap<&str, usize> = HashMap::new();
    for scenario in &report.scenarios {
        let run = runs.entry(&scenario.id).or_default();
        *run += 1;
        junit.add_test_suite(suite(report, scenario, *run));
    }
    // quick-junit sums up the skipped ones for <testsuites> too, where Jenkins' schema knows no such attribute.
    let sum = format!(" skipped=\"{}\"", junit.skipped);
    junit.to_string().map(|xml| xml.replacen(&sum, "", 1))
}

fn suite(report: &v1::Report, scenario: &v1::Scenario, run: usize) -> TestSuite {
    // A test case is told from others by class and name: of several runs of a scenario each needs names of its own.
    let again = if run == 1 { String::new() } else { format!(" (run {run})") };
    let mut suite = TestSuite::new(format!("{}{again}", scenario.id));
    suite.set_time(seconds(scenario.seconds));
    let mut property = |name: &str, value: &str| {
        if !value.is_empty() {
            suite.add_property((name, value));
        }
    };
    property("title", &scenario.title);
    property("must", &scenario.must);
    property("controller", &report.controller.label);
    property("kubernetes", &report.kubernetes);
    property("provider", &report.provider);
    property("namespace", scenario.namespace.as_deref().unwrap_or_default());
    let evidence = scenario.evidence.as_deref().map(|directory| absolute(Path::new(directory)));
    if let Some(directory) = &evidence {
        property("evidence", &directory.display().to_string());
    }

    let culprit = scenario.steps.iter().position(|step| step.verdict != Verdict::Pass);
    let mut add = |name: String, seconds_taken: f64, status: TestCaseStatus, is_culprit: bool| {
        let mut case = TestCase::new(format!("{name}{again}"), status);
        case.set_classname(scenario.id.as_str()).set_time(seconds(seconds_taken));
        let files = evidence.as_deref().filter(|_| is_culprit).map(attachments).unwrap_or_default();
        if !files.is_empty() {
            case.set_system_out(files);
        }
        suite.add_test_case(case);
    };
    for (index, step) in scenario.steps.iter().enumerate() {
        let first = culprit == Some(index);
        add(numbered(index, &step.name), step.seconds, of_step(scenario, step, first), first);
    }
    let why_not = why_not_begun(scenario, culprit);
    for (index, name) in scenario.not_begun.iter().enumerate() {
        let mut status = TestCaseStatus::skipped();
        status.set_message(why_not.as_str());
        add(numbered(scenario.steps.len() + index, name), 0.0, status, false);
    }
    let bad = scenario.verdict != Verdict::Pass;
    add(WHOLE.into(), 0.0, of_whole(scenario, culprit.is_some()), bad && culprit.is_none());
    suite
}

/// `2. an update stops at 20%`: CI servers sort by name.
fn numbered(index: usize, name: &str) -> String {
    format!("{}. {name}", index + 1)
}

/// How a step ended. The text for people is about the first one that was not as expected.
fn of_step(scenario: &v1::Scenario, step: &v1::Step, first: bool) -> TestCaseStatus {
    let broken: Vec<_> = step.broken.iter().map(|breach| format!("{}: {}", breach.what, breach.detail)).collect();
    let text = scenario.reason.as_deref().filter(|_| first).map_or_else(|| broken.join("\n"), ToOwned::to_owned);
    let headline = broken.first().and_then(|text| text.lines().next()).map(ToOwned::to_owned);
    status(step.verdict, scenario, headline, &text)
}

/// How the rest of the scenario ended: all that its steps do not answer for.
fn of_whole(scenario: &v1::Scenario, step_answers: bool) -> TestCaseStatus {
    let broken: Vec<_> = scenario.broken.iter().map(|breach| format!("{}: {}", breach.what, breach.detail)).collect();
    let headline = broken.first().and_then(|text| text.lines().next()).map(ToOwned::to_owned);
    match (step_answers, scenario.verdict) {
        (true, Verdict::Fail) if !broken.is_empty() => status(Verdict::Fail, scenario, headline, &broken.join("\n")),
        (true, _) => TestCaseStatus::success(),
        (false, verdict) => status(verdict, scenario, headline, scenario.reason.as_deref().unwrap_or_default()),
    }
}

fn status(verdict: Verdict, scenario: &v1::Scenario, headline: Option<String>, text: &str) -> TestCaseStatus {
    let headline = headline.unwrap_or_else(|| text.lines().next().unwrap_or_default().to_owned());
    let (mut status, kind) = match verdict {
        Verdict::Pass => return TestCaseStatus::success(),
        Verdict::Fail => (TestCaseStatus::non_success(NonSuccessKind::Failure), "conformance"),
        Verdict::Error => (TestCaseStatus::non_success(NonSuccessKind::Error), "infrastructure"),
        Verdict::Known => (TestCaseStatus::skipped(), "known"),
        Verdict::Skip => (TestCaseStatus::skipped(), "skipped"),
    };
    let known = scenario.known.iter().find(|known| known.seen && verdict == Verdict::Known);
    let headline =
        known.map_or(headline, |known| format!("known: {} ({}), {}", known.issue, known.releases, known.shows));
    status.set_type(kind).set_message(headline);
    if !text.is_empty() {
        status.set_description(text.trim_end());
    }
    status
}

fn why_not_begun(scenario: &v1::Scenario, culprit: Option<usize>) -> String {
    let reason = || scenario.reason.as_deref().and_then(|reason| reason.lines().next()).unwrap_or_default();
    match (scenario.verdict, culprit) {
        (Verdict::Skip, _) => reason().to_owned(),
        (_, Some(index)) => format!("not begun: step {} did not end as expected", index + 1),
        (_, None) => format!("not begun: {}", reason()),
    }
}

/// The files of the evidence, a line each, as Jenkins (JUnit Attachments) and GitLab look for them.
fn attachments(directory: &Path) -> String {
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.path()).filter(|path| path.is_file()).collect();
    files.sort();
    files.iter().map(|file| format!("[[ATTACHMENT|{}]]\n", file.display())).collect()
}

/// CI servers do not know the directory that proofroll was started in.
fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

fn seconds(seconds: f64) -> Duration {
    Duration::try_from_secs_f64(seconds).unwrap_or_default()
}

#[cfg(test)]
#[path = "junit_tests.rs"]
mod tests;
