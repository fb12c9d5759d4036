//! What a person reads when a step failed: what was expected, what was seen last and for how long,
//! how the Rollout stands, and the last states on the way there.

use std::{fmt::Write, ops::ControlFlow};

use jiff::Timestamp;

use crate::{
    expect::{Check, Subject, compare, temporal::Passage},
    report::v1,
    scenario::{LoadedStep, model::StateMatch},
    timeline::{History, Kind, Point, World},
    view,
};

/// How many of the last states are shown.
const LAST_STATES: usize = 12;
/// How many of the last events are shown.
const LAST_EVENTS: usize = 10;

/// The part of the text that says what was not met.
pub fn not_met(
    history: &History,
    gate: Option<Point>,
    step: &LoadedStep,
    expect: &StateMatch,
    subject: Subject<'_>,
    now: Timestamp,
) -> String {
    let mut text = String::new();
    let checks = compare(expect, history.last(), subject);
    let Some(gate) = gate else {
        text.push_str(&not_observed(history, step));
        let _ = writeln!(text, "expect, written at {}, as things stand:", expect.at);
        text.push_str(&table(&checks));
        return text;
    };
    let _ = writeln!(text, "expect, written at {}, was not met within {}:", expect.at, words(step.within));
    text.push_str(&table(&checks));
    if let Some(since) = unchanged_since(history, gate, expect, subject) {
        let stood = history.entry(since).map_or_else(String::new, |entry| {
            format!("these values stand since {} (resourceVersion {})", ago(entry.arrived, now), entry.rv)
        });
        let _ = writeln!(text, "{stood}");
    }
    text
}

/// What is said when the moment to act did not come. `live`: how it stands.
pub fn no_moment(live: &World, step: &LoadedStep, trigger: &StateMatch, subject: Subject<'_>) -> String {
    let within = words(step.within);
    let table = table(&compare(trigger, live, subject));
    format!("at, written at {}: the moment to act did not come within {within}\n{table}", trigger.at)
}

/// What is said when the controller has not even taken notice of the action.
pub fn not_observed(history: &History, step: &LoadedStep) -> String {
    let within = words(step.within);
    let seen = match history.last().rollout(&step.on) {
        Some(rollout) => {
            let observed = match rollout.status.observed_generation.as_str() {
                "" => "empty",
                generation => generation,
            };
            format!("status.observedGeneration is {observed}, metadata.generation {}", rollout.metadata.generation)
        }
        None => format!("there is no Rollout {}", step.on),
    };
    format!("within {within} no write of the controller has shown that it knows of the action ({seen})\n")
}

/// What is said of an expectation when a claim was broken before it was met.
pub fn not_yet_met(world: &World, expect: &StateMatch, subject: Subject<'_>) -> String {
    let checks = compare(expect, world, subject);
    // It may be met in the very state that broke the claim, or a little later.
    if checks.iter().all(|check| check.ok) {
        return String::new();
    }
    format!("expect, written at {}, had not been met yet:\n{}", expect.at, table(&checks))
}

/// What differs as a table (field, expected, seen), and the names of what does not.
pub fn table(checks: &[Check]) -> String {
    let (good, bad): (Vec<_>, Vec<_>) = checks.iter().partition(|check| check.ok);
    let mut text = String::new();
    if !bad.is_empty() {
        let width = |column: fn(&Check) -> &str, title: &str| {
            bad.iter().map(|check| column(check).chars().count()).chain([title.len()]).max().unwrap_or(0)
        };
        let (field, expected) = (width(|c| &c.field, "FIELD"), width(|c| &c.expected, "EXPECTED"));
        text = format!("    {:field$}  {:expected$}  SEEN\n", "FIELD", "EXPECTED");
        for check in bad {
            let _ = writeln!(text, "  ✖ {:field$}  {:expected$}  {}", check.field, check.expected, check.got);
        }
    }
    if !good.is_empty() {
        let names: Vec<_> = good.iter().map(|check| check.field.as_str()).collect();
        let _ = writeln!(text, "  ✔ as expected: {}", wrapped(&names));
    }
    text
}

/// Names joined by commas, in lines of some 100 characters that stand below each other.
fn wrapped(names: &[&str]) -> String {
    let (mut text, mut line) = (String::new(), 0);
    for (index, name) in names.iter().enumerate() {
        if line > 0 && line + name.len() > 80 {
            text.push_str(",\n                 ");
            line = 0;
        } else if index > 0 {
            text.push_str(", ");
        }
        text.push_str(name);
        line += name.len() + 2;
    }
    text
}

/// What is said of a state of `through` that was not met.
pub fn not_passed(history: &History, passage: &Passage, through: &[StateMatch]) -> String {
    let index = passage.met.len();
    let Some(wanted) = through.get(index) else { return String::new() };
    let mut text = String::new();
    let number = index + 1;
    let _ = writeln!(
        text,
        "expect was met, but not through[{number}] on the way ({}), written at {}",
        wanted.demands().join(", "),
        wanted.at
    );
    if index > 0 {
        let _ = writeln!(
            text,
            "the {index} before it were met, the last one at resourceVersion {}",
            history.rv(passage.met[index - 1])
        );
    }
    match &passage.nearest {
        Some((point, checks)) => {
            let _ = writeln!(text, "the state that came nearest, at resourceVersion {}:", history.rv(*point));
            text.push_str(&table(checks));
        }
        None => text.push_str("no state lies in between\n"),
    }
    text
}

/// What is said of claims that are broken.
pub fn broken(claims: &[v1::Claim]) -> String {
    let broken = claims.iter().filter(|claim| claim.outcome == v1::Outcome::Broken);
    broken.fold(String::new(), |text, claim| text + &format!("broken: {}\n  {}\n", claim.claim, claim.detail))
}

/// How the Rollout stands, as `get rollout` draws it, the last states, and the last events.
pub fn surroundings(history: &History, from: Point, subject: Subject<'_>, now: Timestamp) -> String {
    let mut text = String::new();
    if let Some(info) = history.last().info(subject.rollout) {
        text.push('\n');
        for line in view::tree(&info, now, view::Style::Plain).lines() {
            let _ = writeln!(text, "{}", line.trim_end());
        }
        text.push('\n');
    } else {
        let _ = writeln!(text, "\nthere is no Rollout {}", subject.rollout);
    }
    let _ = writeln!(text, "the last states (seconds before this message):");
    for line in last_states(history, from, subject, now) {
        let _ = writeln!(text, "  {line}");
    }
    let events: Vec<_> = history.entries().iter().filter(|entry| entry.kind() == Kind::Event).collect();
    let _ = writeln!(text, "the last events:{}", if events.is_empty() { " (none)" } else { "" });
    for entry in &events[events.len().saturating_sub(LAST_EVENTS)..] {
        let event = &entry.object.raw;
        let field = |name: &str| event[name].as_str().unwrap_or_default().to_owned();
        let object = event["involvedObject"]["name"].as_str().unwrap_or_default();
        let _ = writeln!(
            text,
            "  {:>8} {} {} {object}: {}",
            ago(entry.arrived, now),
            field("type"),
            field("reason"),
            field("message")
        );
    }
    text
}

/// The last states in which the one-line view of the Rollout changed.
fn last_states(history: &History, from: Point, subject: Subject<'_>, now: Timestamp) -> Vec<String> {
    let mut lines: Vec<(Option<Timestamp>, u64, String)> = Vec::new();
    history.walk(from, history.end(), |point, world| -> ControlFlow<()> {
        let line = world
            .info(subject.rollout)
            .map_or_else(|| "no Rollout".to_owned(), |info| view::line(&info, view::Style::Plain));
        if lines.last().is_none_or(|(_, _, last)| *last != line) {
            lines.push((history.entry(point).map(|entry| entry.arrived), history.rv(point), line));
        }
        ControlFlow::Continue(())
    });
    let skipped = lines.len().saturating_sub(LAST_STATES);
    let shown = lines[skipped..].iter().map(|(at, rv, line)| {
        format!("{:>8} rv {rv}: {line}", at.map_or_else(|| "start".to_owned(), |at| ago(at, now)))
    });
    let earlier = (skipped > 0).then(|| format!("({skipped} earlier ones are in the evidence)"));
    earlier.into_iter().chain(shown).collect()
}

/// The point since which the checks of `expect` have not changed.
fn unchanged_since(history: &History, gate: Point, expect: &StateMatch, subject: Subject<'_>) -> Option<Point> {
    let mut since: Option<(Point, Vec<Check>)> = None;
    history.walk(gate, history.end(), |point, world| -> ControlFlow<()> {
        let checks = compare(expect, world, subject);
        if since.as_ref().is_none_or(|(_, before)| *before != checks) {
            since = Some((point, checks));
        }
        ControlFlow::Continue(())
    });
    since.map(|(point, _)| point)
}

fn ago(at: Timestamp, now: Timestamp) -> String {
    format!("{:.1} s", now.duration_since(at).as_secs_f64())
}

fn words(duration: std::time::Duration) -> String {
    humantime::format_duration(crate::timeouts::scaled(duration)).to_string()
}
