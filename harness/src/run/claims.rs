//! Claims over spans, from the moment in which they are made to the one in which they are settled.

use semver::Version;

use crate::{
    expect::{
        Subject,
        temporal::{self, Claim},
    },
    report::v1,
    scenario::{LoadedStep, model::StateMatch},
    timeline::{History, Point},
};

/// A step's `never` and `always`, which reach to the next action's gate.
#[derive(Debug, Clone)]
pub struct OpenSpan {
    /// The step that made the claims.
    pub step: usize,
    /// Its gate.
    pub from: Point,
    /// The state that ended it: the span reaches at least so far.
    pub met: Point,
}

impl OpenSpan {
    /// Settles the claims, now that the span is known to end before `next` (or at the end of the
    /// history, if no action follows).
    pub fn settle(
        &self,
        step: &LoadedStep,
        history: &History,
        next: Option<Point>,
        release: &Version,
    ) -> Vec<v1::Claim> {
        let end = next.map_or(history.end(), |next| Point(next.0.saturating_sub(1)));
        let to = end.max(self.met);
        let subject = Subject { rollout: &step.on, release };
        settle(&step.never, &step.always, history, (self.from, to), subject)
    }
}

/// Settles `never` and `always` from one point to another.
pub fn settle(
    never: &[StateMatch],
    always: &[StateMatch],
    history: &History,
    (from, to): (Point, Point),
    subject: Subject<'_>,
) -> Vec<v1::Claim> {
    let never = never.iter().map(|state| ("never", state, temporal::never(history, from, to, state, subject)));
    let always = always.iter().map(|state| ("always", state, temporal::always(history, from, to, state, subject)));
    let numbered = (1..).zip(never).chain((1..).zip(always));
    let report = |(number, (word, state, claim))| v1::Claim {
        name: format!("{word}[{number}]"),
        ..report(word, state, &claim, history)
    };
    numbered.map(report).collect()
}

/// A claim as it is reported.
pub fn report(word: &str, state: &StateMatch, claim: &Claim, history: &History) -> v1::Claim {
    let resource_version = match claim {
        Claim::Broken(point, _) => Some(history.rv(*point)),
        _ => None,
    };
    let (outcome, detail) = match claim {
        Claim::Held(states) => (v1::Outcome::Held, format!("{states} states")),
        Claim::NotJudged(gap) => (
            v1::Outcome::NotJudged,
            format!(
                "the watch on {} lost the states between resourceVersion {} and {}",
                gap.kind, gap.after, gap.until
            ),
        ),
        Claim::Broken(point, checks) => {
            let differing: Vec<_> = checks.iter().filter(|check| word == "never" || !check.ok).collect();
            let words: Vec<_> = differing.iter().map(|check| format!("{} was {}", check.field, check.got)).collect();
            let what = history.entry(*point).map_or_else(String::new, |entry| {
                format!(" (resourceVersion {}: {} {})", entry.rv, entry.kind(), entry.object.name)
            });
            (v1::Outcome::Broken, format!("{}{what}; written at {}", words.join(", "), state.at))
        }
    };
    let claim = format!("{word} {}", state.demands().join(", "));
    v1::Claim { name: word.to_owned(), claim, outcome, detail, resource_version }
}
