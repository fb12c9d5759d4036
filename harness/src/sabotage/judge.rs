//! Whether a break was caught where it must be.

use semver::Version;

use super::Broken;
use crate::{report::v1, scenario::Target};

/// What became of a break.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Judged {
    /// How it ended.
    pub outcome: Outcome,
    /// What turned red, or why it counts for nothing; one line.
    pub detail: String,
}

/// How a break ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Red where it must be.
    Caught,
    /// Green: nobody noticed.
    Survived,
    /// Red, but elsewhere.
    Elsewhere,
    /// The action itself was refused, which says nothing about what is expected.
    Refused,
    /// Not made: the scenario does not run here, or is red without it.
    Skipped,
    /// Infrastructure.
    Error,
}

impl Outcome {
    /// Whether it speaks against the scenario.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Survived | Self::Elsewhere | Self::Refused)
    }

    /// A word for it.
    pub fn word(self) -> &'static str {
        match self {
            Self::Caught => "caught",
            Self::Survived => "SURVIVED",
            Self::Elsewhere => "ELSEWHERE",
            Self::Refused => "REFUSED",
            Self::Skipped => "skipped",
            Self::Error => "error",
        }
    }
}

/// Judges the run of a scenario with a break in it, on this release.
pub fn judge(broken: &Broken, report: &v1::Scenario, release: Option<&Version>) -> Judged {
    let judged = by_report(broken, report);
    let known = broken.known.iter().find(|known| release.is_some_and(|release| known.applies(release, None)));
    match known {
        Some(known) if judged.outcome.is_bad() => {
            let detail = format!("{} is known on this release, and shows first", known.issue);
            Judged { outcome: Outcome::Skipped, detail }
        }
        _ => judged,
    }
}

fn by_report(broken: &Broken, report: &v1::Scenario) -> Judged {
    let judged = |outcome, detail: &str| Judged { outcome, detail: first_line(detail) };
    match report.verdict {
        v1::Verdict::Pass | v1::Verdict::Known => judged(Outcome::Survived, "all as expected"),
        v1::Verdict::Skip => judged(Outcome::Skipped, report.reason.as_deref().unwrap_or_default()),
        v1::Verdict::Error => judged(Outcome::Error, report.reason.as_deref().unwrap_or_default()),
        v1::Verdict::Fail => {
            let mut steps = report.steps.iter().enumerate().filter(|(_, step)| !step.broken.is_empty());
            let wanted = |breach: &&v1::Breach| match &broken.by.target {
                Target::Step(_) => true,
                Target::Invariant(name) => breach.what == format!("invariant {name}"),
            };
            let (place, breaches) = match steps.next() {
                Some((index, step)) => (Some(index), &step.broken),
                None => (None, &report.broken),
            };
            let Some(first) = breaches.iter().find(wanted).or(breaches.first()) else {
                return judged(Outcome::Elsewhere, report.reason.as_deref().unwrap_or_default());
            };
            let detail = format!("{}: {}", first.what, first.detail);
            // Where the action must be refused, that it was not, or with other words, is what is to be caught.
            let step = place.and_then(|place| broken.scenario.steps.get(place));
            let must_be = step.is_some_and(|step| step.refused.is_some());
            if !must_be && breaches.iter().any(|breach| breach.what == "refused") {
                return judged(Outcome::Refused, &detail);
            }
            let is_there = match &broken.by.target {
                Target::Step(step) => place.is_some_and(|place| broken.scenario.written(place) == *step),
                Target::Invariant(_) => place.is_none() && wanted(&first),
            };
            match (is_there, place) {
                (true, _) => judged(Outcome::Caught, &detail),
                (false, Some(step)) => judged(Outcome::Elsewhere, &format!("step {}: {detail}", step + 1)),
                (false, None) => judged(Outcome::Elsewhere, &detail),
            }
        }
    }
}

/// As much of `text` as stands in a table.
fn first_line(text: &str) -> String {
    const WIDTH: usize = 110;
    let line = text.lines().next().unwrap_or_default();
    match line.char_indices().nth(WIDTH) {
        Some((end, _)) => format!("{}...", &line[..end]),
        None => line.to_owned(),
    }
}

#[cfg(test)]
#[path = "tests.rs"]
mod tests;
