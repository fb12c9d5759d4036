//! Claims over spans, from the moment in which they are made to the one in which they are settled.

use semver::Version;

use crate::{
    expect::{
        Subject,
        event::{self, Sequence},
        temporal::{self, Claim, Why},
    },
    report::v1,
    scenario::{LoadedStep, model::StateMatch},
    timeline::{History, Point},
    timeouts::scaled,
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
        Claim::NotJudged(Why::Gap(gap)) => (
            v1::Outcome::NotJudged,
            format!(
                "the watch on {} lost the states between resourceVersion {} and {}",
                gap.kind, gap.after, gap.until
            ),
        ),
        Claim::NotJudged(Why::Events(seen)) => (v1::Outcome::NotJudged, too_many_events(*seen)),
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

/// Why nothing is claimed about events that were not seen.
fn too_many_events(seen: u64) -> String {
    format!(
        "{seen} events of one source about one object were seen: its client library lets {} through and then one in \
         five minutes, so others may have been dropped",
        event::BURST
    )
}

/// The events of a step as a claim: those that were seen, or the first one that was not.
pub fn events(
    step: &LoadedStep,
    sequence: &Sequence,
    history: &History,
    (from, to): (Point, Point),
    subject: Subject<'_>,
) -> v1::Claim {
    let words: Vec<_> = step.events.iter().map(ToString::to_string).collect();
    let claim = format!("events {}", words.join(", then "));
    let met = sequence.met.iter().flatten().count();
    let told =
        |outcome, detail| v1::Claim { name: "events".to_owned(), claim, outcome, detail, resource_version: None };
    let Some(missing) = step.events.get(sequence.met.len()) else {
        return told(v1::Outcome::Held, format!("{met} events in order"));
    };
    if sequence.may_be_dropped {
        let seen = event::most(history, to, missing.about.as_ref(), subject);
        return told(v1::Outcome::NotJudged, too_many_events(seen));
    }
    let seen: Vec<_> = event::seen(history, from, to)
        .iter()
        .filter(|seen| event::is_about(missing.about.as_ref(), seen.event, subject))
        .map(|seen| {
            let number = sequence.met.iter().position(|met| *met == Some(seen.point));
            let mark = number.map_or_else(String::new, |number| format!("  <- {}", words[number]));
            format!("    {}{mark}", event::in_words(seen.event))
        })
        .collect();
    let after = match sequence.end() {
        Some(_) => format!(" after {}", words[sequence.met.iter().rposition(Option::is_some).unwrap_or_default()]),
        None => String::new(),
    };
    let list = if seen.is_empty() { "    (none)".to_owned() } else { seen.join("\n") };
    let within = humantime::format_duration(scaled(step.within));
    let detail = format!("no event {missing}{after} within {within}; those since the action, in order:\n{list}");
    told(v1::Outcome::Broken, detail)
}
