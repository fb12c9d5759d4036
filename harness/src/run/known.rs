//! Known upstream bugs: whether what was seen is what is known, and nothing else.

use std::collections::BTreeSet;

use semver::Version;

use super::{Stage, ending, trouble::Trouble};
use crate::{
    expect::{Subject, compare},
    report::v1,
    scenario::{LoadedKnown, Scenario, Sign, model::StateMatch},
    timeline::{History, Timeline},
};

/// Weighs a failure against the bugs that are known. They must not hide what else is broken: the invariants are
/// judged as far as the scenario came.
pub(super) async fn weighed(
    stage: &Stage<'_>,
    scenario: &Scenario,
    timeline: &Timeline,
    own_writes: &BTreeSet<u64>,
    outcome: Result<(), Trouble>,
    report: &mut v1::Scenario,
) -> Result<(), Trouble> {
    if scenario.known.is_empty() {
        return outcome;
    }
    // Without it what is there must do.
    let _ = timeline.barrier().await;
    let log = timeline.log();
    let outcome = match outcome {
        Err(trouble @ Trouble::Conformance(_)) if report.invariants.is_empty() => {
            let judged = ending::judge(scenario, stage, log.history(), own_writes, None, report);
            Err(match judged {
                Ok(()) => trouble,
                Err(more) => trouble.with(&format!("\nand {}", more.text())),
            })
        }
        outcome => outcome,
    };
    let before = stage.swap.map(|swap| &swap.from);
    Ended { scenario, release: stage.judged(), before, history: log.history() }.weigh(outcome, report)
}

/// A run that has ended.
struct Ended<'a> {
    scenario: &'a Scenario,
    release: &'a Version,
    /// The release before the controller was swapped.
    before: Option<&'a Version>,
    history: &'a History,
}

impl Ended<'_> {
    /// The bugs that are known on this release.
    fn known(&self) -> Vec<&LoadedKnown> {
        self.scenario.known.iter().filter(|known| known.applies(self.release, self.before)).collect()
    }

    /// What the end of a run means, in the light of what is known. A failure that is known in all its parts
    /// is none: the report's verdict says so. Where a bug should have been seen and was not, that is one.
    fn weigh(&self, outcome: Result<(), Trouble>, report: &mut v1::Scenario) -> Result<(), Trouble> {
        let known = self.known();
        if known.is_empty() || matches!(outcome, Err(Trouble::Infra(_))) {
            return outcome;
        }
        let broken = all_broken(report);
        let mut seen = vec![false; known.len()];
        let mut strange = String::new();
        for (step, breach) in &broken {
            let verdicts: Vec<_> = known.iter().map(|known| self.is_it(known, *step, breach, report)).collect();
            match verdicts.iter().position(Result::is_ok) {
                Some(one) => seen[one] = true,
                None => strange.extend(verdicts.into_iter().filter_map(Result::err)),
            }
        }
        let told = known.iter().zip(&seen).map(|(known, seen)| v1::Known {
            issue: known.issue.clone(),
            releases: known.range(),
            shows: known.sign.to_string(),
            seen: *seen,
        });
        report.known = told.collect();
        if let Err(trouble) = outcome {
            if !strange.is_empty() || broken.is_empty() {
                return Err(trouble.with(&strange));
            }
            report.verdict = v1::Verdict::Known;
        }
        // A bug that ends a scenario hides those that would show later.
        let ended_at = broken.iter().filter_map(|(step, _)| *step).min().map(|step| self.scenario.written(step));
        let was_reached = |known: &LoadedKnown| match (known.sign.step(), ended_at) {
            (_, None) => true,
            (None, Some(_)) => false,
            (Some(step), Some(end)) => step < end,
        };
        let missing = known.iter().zip(&seen).filter(|(known, seen)| !**seen && !known.sometimes && was_reached(known));
        let missing: String = missing.map(|(known, _)| self.not_seen(known)).collect();
        if !missing.is_empty() {
            report.verdict = v1::Verdict::Fail;
            return Err(Trouble::Conformance(format!("{}\n{missing}", self.scenario.id)));
        }
        if report.verdict == v1::Verdict::Known {
            report
                .steps
                .iter_mut()
                .filter(|s| s.verdict == v1::Verdict::Fail)
                .for_each(|s| s.verdict = v1::Verdict::Known);
            let seen = report.known.iter().filter(|known| known.seen);
            let lines: Vec<_> = seen.map(|k| format!("known: {} ({}), {}", k.issue, k.releases, k.shows)).collect();
            report.reason = Some(lines.join("\n"));
        }
        Ok(())
    }

    fn not_seen(&self, known: &LoadedKnown) -> String {
        format!(
            "{} is known of {}, and was not seen on {}: fixed? Update the range, written at {}\n  it shows so: {}\n",
            known.issue,
            known.range(),
            self.release,
            known.at,
            known.sign
        )
    }

    /// That `breach` is what is known; the error says why not.
    fn is_it(
        &self,
        known: &LoadedKnown,
        step: Option<usize>,
        breach: &v1::Breach,
        report: &v1::Scenario,
    ) -> Result<(), String> {
        let not = |why: String| {
            let what = place(step, &breach.what);
            Err(format!("{what} is not what is known as {}, written at {}: {why}\n", known.issue, known.at))
        };
        if (step.map(|step| self.scenario.written(step)), &breach.what) != (known.sign.step(), &known.sign.breach()) {
            return not(format!("that is {}", place(known.sign.step(), &known.sign.breach())));
        }
        match &known.sign {
            Sign::Silent(_) | Sign::Breaks(_, _, None) => Ok(()),
            Sign::Refused(_, says) if says.holds(&breach.detail) => Ok(()),
            Sign::Refused(_, says) => not(format!("what is said is not {says}")),
            // What follows from it moves as well.
            Sign::Moved(_, says) if breach.detail.lines().any(|moved| says.holds(moved)) => Ok(()),
            Sign::Moved(_, says) => not(format!("nothing that moved is {says}")),
            Sign::Invariant(_, says) => match breach.detail.lines().find(|violation| !says.holds(violation)) {
                None => Ok(()),
                Some(violation) => not(format!("a violation does not say {says}: {violation}")),
            },
            Sign::Breaks(_, _, Some(state)) => match self.differs(step, state, breach) {
                None => Ok(()),
                Some(differs) => not(differs),
            },
            Sign::Instead(_, state) => {
                if let Some(differs) = self.differs(step, state, breach) {
                    return not(differs);
                }
                // What differs from `expect` and is not said could be another bug.
                let said = self.compared(step, state, breach);
                let checks = step.and_then(|step| report.steps.get(step)).map_or(&[][..], |step| &step.checks);
                let unsaid = checks.iter().filter(|check| !check.ok && !said.iter().any(|s| s.field == check.field));
                let unsaid: Vec<_> = unsaid.map(|check| format!("{} {}", check.field, check.got)).collect();
                if unsaid.is_empty() {
                    Ok(())
                } else {
                    not(format!("this differs too, and is not in `instead`: {}", unsaid.join(", ")))
                }
            }
        }
    }

    fn compared(&self, step: Option<usize>, state: &StateMatch, breach: &v1::Breach) -> Vec<crate::expect::Check> {
        let steps = &self.scenario.steps;
        let rollout = step.and_then(|step| steps.get(step)).or(steps.first()).map_or("", |step| step.on.as_str());
        let at = breach.resource_version.map_or(self.history.end(), |rv| self.history.at_rv(rv));
        compare(state, &self.history.world(at), Subject { rollout, release: self.release })
    }

    /// How the state that was seen differs from the one that is known.
    fn differs(&self, step: Option<usize>, state: &StateMatch, breach: &v1::Breach) -> Option<String> {
        let checks = self.compared(step, state, breach);
        let wrong = checks.iter().filter(|check| !check.ok);
        let wrong: Vec<_> =
            wrong.map(|check| format!("{} is {}, not {}", check.field, check.got, check.expected)).collect();
        (!wrong.is_empty()).then(|| wrong.join(", "))
    }
}

/// `never[1]` of step 2
fn place(step: Option<usize>, what: &str) -> String {
    step.map_or_else(|| format!("`{what}`"), |step| format!("`{what}` of step {}", step + 1))
}

/// All that is broken, each with its step.
fn all_broken(report: &v1::Scenario) -> Vec<(Option<usize>, v1::Breach)> {
    let steps = report.steps.iter().enumerate();
    let of_steps = steps.flat_map(|(i, step)| step.broken.iter().map(move |breach| (Some(i), breach.clone())));
    of_steps.chain(report.broken.iter().map(|breach| (None, breach.clone()))).collect()
}

#[cfg(test)]
#[path = "known_tests.rs"]
mod tests;
