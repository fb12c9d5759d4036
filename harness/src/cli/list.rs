//! The text of `proofroll list` and `proofroll explain ID`.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::scenario::{
    Gate, LoadedStep, Scenario, ScenarioError, WITHIN,
    model::{Hold, Profile, StateMatch},
};

/// A scenario of the list: its id, and what became of loading it.
pub type Loaded = (String, Result<Scenario, ScenarioError>);

/// The text of `proofroll list`: what is proven, suite by suite. `gate` says what would run.
pub fn list(scenarios: &[Loaded], gate: impl Fn(&Scenario) -> Gate) -> String {
    let mut suites: BTreeMap<&str, Vec<&Loaded>> = BTreeMap::new();
    for loaded in scenarios {
        suites.entry(loaded.0.split('/').next().unwrap_or(&loaded.0)).or_default().push(loaded);
    }
    let width = scenarios.iter().map(|(id, _)| id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let (mut skipped, mut broken) = (0, 0);
    for (suite, scenarios) in &suites {
        let gap = if text.is_empty() { "" } else { "\n" };
        line(&mut text, format_args!("{gap}{suite}"));
        for (id, loaded) in scenarios {
            match loaded {
                Err(error) => {
                    broken += 1;
                    let faults = error.faults.len();
                    let first = error.faults.first().map(|f| format!("{}: {}", f.at, f.what)).unwrap_or_default();
                    let more = if faults > 1 { format!(" (and {} more)", faults - 1) } else { String::new() };
                    line(&mut text, format_args!("  {id:width$}  BROKEN {first}{more}"));
                }
                Ok(scenario) => {
                    let extended = if scenario.profile == Profile::Extended { " (extended)" } else { "" };
                    line(&mut text, format_args!("  {id:width$}  {}{extended}", scenario.title));
                    if let Gate::Skip(reason) = gate(scenario) {
                        skipped += 1;
                        line(&mut text, format_args!("  {:width$}  skipped: {reason}", ""));
                    }
                }
            }
        }
    }
    let count = |n: usize, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
    let total = match scenarios.len() {
        1 => "1 scenario".to_owned(),
        n => format!("{n} scenarios"),
    };
    let gap = if text.is_empty() { "" } else { "\n" };
    line(&mut text, format_args!("{gap}{total}{}{}", count(skipped, "skipped"), count(broken, "broken")));
    text
}

/// The text of `proofroll explain ID`: what it proves, where the claim comes from, and each step in words.
pub fn explain(scenario: &Scenario) -> String {
    let mut text = String::new();
    let s = scenario;
    line(&mut text, format_args!("{}: {}\n", s.id, s.title));
    line(&mut text, format_args!("  {}\n", wrapped(&s.must, 2)));
    let releases = s.releases.as_ref().map_or("all".to_owned(), ToString::to_string);
    let needs: Vec<_> = s.needs.iter().map(ToString::to_string).collect();
    let facts = [
        ("file", s.at.file.to_string()),
        ("profile", if s.profile == Profile::Core { "core" } else { "extended" }.to_owned()),
        ("features", s.features.join(", ")),
        ("releases", releases),
        ("needs", needs.join(", ")),
        ("refs", s.refs.join(", ")),
        ("traffic", s.traffic.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("given", s.given.iter().map(|m| format!("{} {}", m.kind, m.name)).collect::<Vec<_>>().join(", ")),
    ];
    for (name, fact) in facts.iter().filter(|(_, fact)| !fact.is_empty()) {
        line(&mut text, format_args!("  {name:8}  {}", wrapped(fact, 12)));
    }
    for note in &s.notes {
        line(&mut text, format_args!("  {:8}  {}", "note", wrapped(note, 12)));
    }
    if s.repeat > 1 {
        line(&mut text, format_args!("  {:8}  {} times, each in a namespace of its own", "repeat", s.repeat));
    }
    for (invariant, reason) in &s.waive {
        line(&mut text, format_args!("  {:8}  {}", "waives", wrapped(&format!("{invariant}: {reason}"), 12)));
    }
    for (i, step) in s.steps.iter().enumerate() {
        explain_step(&mut text, i + 1, step);
    }
    if !s.never.is_empty() || !s.always.is_empty() {
        line(&mut text, format_args!("\nover the whole scenario"));
        claims(&mut text, "never", &s.never);
        claims(&mut text, "always", &s.always);
    }
    text
}

fn explain_step(text: &mut String, number: usize, step: &LoadedStep) {
    line(text, format_args!("\n{number}. {}", step.name));
    let action = step.action.to_string();
    if action != step.name {
        line(text, format_args!("   {:8}  {}", "do", wrapped(&action, 13)));
    }
    claims(text, "at", step.trigger.as_slice());
    claims(text, "through", &step.through);
    claims(text, "expect", step.expect.as_slice());
    if !step.events.is_empty() {
        let events: Vec<_> = step.events.iter().map(ToString::to_string).collect();
        line(text, format_args!("   {:8}  {}", "events", wrapped(&events.join(", then "), 13)));
    }
    match &step.hold {
        Some(Hold { r#for: Some(span), .. }) => line(text, format_args!("   {:8}  for {span}", "hold")),
        Some(Hold { reconciles: Some(n), .. }) => line(text, format_args!("   {:8}  over {n} more reconciles", "hold")),
        _ => {}
    }
    if let Some(traffic) = &step.traffic {
        for demand in traffic.demands() {
            line(text, format_args!("   {:8}  {}", "traffic", wrapped(&demand, 13)));
        }
    }
    for (index, span) in &step.pauses {
        line(
            text,
            format_args!(
                "   {:8}  the one at step {index} lasts at least {}",
                "pause",
                humantime::format_duration(*span)
            ),
        );
    }
    claims(text, "never", &step.never);
    claims(text, "always", &step.always);
    if step.within != WITHIN {
        line(text, format_args!("   {:8}  {}", "within", humantime::format_duration(step.within)));
    }
}

fn claims(text: &mut String, name: &str, states: &[StateMatch]) {
    for state in states {
        line(text, format_args!("   {name:8}  {}", wrapped(&state.demands().join("; "), 13)));
    }
}

fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

/// Breaks between words after 100 columns; further lines are indented.
fn wrapped(text: &str, indent: usize) -> String {
    let mut wrapped = String::new();
    let mut column = indent;
    for word in text.split_whitespace() {
        let length = word.chars().count();
        if wrapped.is_empty() {
            column += length;
        } else if column + 1 + length > 100 {
            wrapped.push('\n');
            wrapped.push_str(&" ".repeat(indent));
            column = indent + length;
        } else {
            wrapped.push(' ');
            column += 1 + length;
        }
        wrapped.push_str(word);
    }
    wrapped
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::scenario::{Capabilities, Library, gate};

    #[test]
    fn the_list() {
        let mut scenarios = Library::embedded().load_all();
        let broken = Library::embedded().load("guide/none").map(|_| unreachable!());
        scenarios.push(("guide/none".into(), broken));
        let nothing = Capabilities { provider: "existing".into(), set: [].into() };
        insta::assert_snapshot!(list(&scenarios, |s| gate(s, &nothing, &Version::new(1, 10, 2))));
    }

    #[test]
    fn nothing_to_list() {
        assert_eq!(list(&[], |_| Gate::Run), "0 scenarios\n");
    }

    #[test]
    fn the_guide_explained() {
        insta::assert_snapshot!(explain(&Library::embedded().load("guide/canary-basic").unwrap()));
    }

    #[test]
    fn all_that_can_be_written_is_explained() {
        let dir = tempfile::tempdir().unwrap();
        let rollout =
            "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {strategy: {blueGreen: {}}}}";
        std::fs::write(dir.path().join("r.yaml"), rollout).unwrap();
        let service = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}, {port: 81}]}}";
        std::fs::write(dir.path().join("s.yaml"), service).unwrap();
        let path = dir.path().join("all.yaml");
        std::fs::write(&path, include_str!("list_all.yaml")).unwrap();
        let explained = explain(&Library::embedded().load_file(&path).unwrap());
        insta::assert_snapshot!(explained.replace(&format!("{}/", dir.path().display()), ""));
    }
}
