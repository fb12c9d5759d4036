//! The text of `proofroll explain ID`.

use super::list::line;
use crate::scenario::{
    Family, LoadedKnown, LoadedStep, Scenario, WITHIN,
    model::{Hold, Profile, StateMatch},
};

/// Explains the scenario of a file; of a file with cases what they have in common, and the cases.
pub fn family(family: &Family) -> String {
    let ([first, _, ..], true) = (family.scenarios.as_slice(), family.has_cases()) else {
        return family.scenarios.iter().map(explain).collect();
    };
    let mut text = String::new();
    line(&mut text, format_args!("{}: {}\n", family.id, family.title));
    line(&mut text, format_args!("  {}\n", wrapped(&family.must, 2)));
    facts(&mut text, &family.scenarios);
    line(&mut text, format_args!("\ncases (`proofroll explain '{}'` shows one with its figures)", first.id));
    let name = |scenario: &Scenario| scenario.case.as_ref().map_or_else(String::new, |case| case.name.clone());
    let width = family.scenarios.iter().map(|s| name(s).chars().count()).max().unwrap_or(0);
    for scenario in &family.scenarios {
        line(&mut text, format_args!("  {:width$}  {}", name(scenario), wrapped(&parameters(scenario), width + 4)));
    }
    text
}

fn parameters(scenario: &Scenario) -> String {
    let parameters = scenario.case.iter().flat_map(|case| &case.parameters);
    parameters.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>().join(", ")
}

/// The text of `proofroll explain ID`: what it proves, where the claim comes from, and each step in words.
fn explain(scenario: &Scenario) -> String {
    let mut text = String::new();
    let s = scenario;
    line(&mut text, format_args!("{}: {}\n", s.id, s.title));
    line(&mut text, format_args!("  {}\n", wrapped(&s.must, 2)));
    if s.case.is_some() {
        line(&mut text, format_args!("  {:8}  {}", "case", wrapped(&parameters(s), 12)));
    }
    facts(&mut text, std::slice::from_ref(s));
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

/// What is known of scenarios besides their steps; of several what they have in common.
fn facts(text: &mut String, scenarios: &[Scenario]) {
    let all: Vec<_> = scenarios.iter().map(facts_of).collect();
    let Some(first) = all.first() else { return };
    for (i, (name, fact)) in first.iter().enumerate() {
        let same = all.iter().all(|facts| facts.get(i).is_some_and(|(_, other)| other == fact));
        match (same, fact.is_empty()) {
            (true, true) => {}
            (true, false) => line(text, format_args!("  {name:8}  {}", wrapped(fact, 12))),
            (false, _) => line(text, format_args!("  {name:8}  differs from case to case")),
        }
    }
    for b in scenarios.iter().flat_map(|scenario| &scenario.breaks) {
        let words = format!("{} (red at {})", b.name, b.target);
        line(text, format_args!("  {:8}  {}", "break", wrapped(&words, 12)));
    }
}

fn facts_of(s: &Scenario) -> Vec<(&'static str, String)> {
    let releases = s.releases.as_ref().map_or("all".to_owned(), ToString::to_string);
    let needs: Vec<_> = s.needs.iter().map(ToString::to_string).collect();
    let mut facts = vec![
        ("file", s.at.file.to_string()),
        ("profile", if s.profile == Profile::Core { "core" } else { "extended" }.to_owned()),
        ("features", s.features.join(", ")),
        ("releases", releases),
        ("needs", needs.join(", ")),
        ("refs", s.refs.join(", ")),
        ("traffic", s.traffic.as_ref().map(ToString::to_string).unwrap_or_default()),
        ("given", s.given.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")),
    ];
    facts.extend(s.notes.iter().map(|note| ("note", note.clone())));
    if s.repeat > 1 {
        facts.push(("repeat", format!("{} times, each in a namespace of its own", s.repeat)));
    }
    facts.extend(s.known.iter().map(|known| ("known", explain_known(known))));
    facts.extend(s.waive.iter().map(|(invariant, reason)| ("waives", format!("{invariant}: {reason}"))));
    facts
}

fn explain_known(known: &LoadedKnown) -> String {
    let sometimes = if known.sometimes { " (not always)" } else { "" };
    format!("{} on {}{sometimes}: {}", known.issue, known.range(), known.sign)
}

fn explain_step(text: &mut String, number: usize, step: &LoadedStep) {
    line(text, format_args!("\n{number}. {}", step.name));
    let action = step.action.to_string();
    if action != step.name {
        line(text, format_args!("   {:8}  {}", "do", wrapped(&action, 13)));
    }
    if let Some(says) = &step.refused {
        line(text, format_args!("   {:8}  {says}", "refused"));
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
pub(super) mod tests {
    use super::*;
    use crate::scenario::Library;

    pub const ROLLOUT: &str =
        "{apiVersion: argoproj.io/v1alpha1, kind: Rollout, metadata: {name: r}, spec: {strategy: {blueGreen: {}}}}";

    pub const FAMILY: &str = include_str!("list_cases.yaml");

    #[test]
    fn the_guide_explained() {
        insta::assert_snapshot!(family(&Library::embedded().family("guide/canary-basic").unwrap()));
    }

    #[test]
    fn all_that_can_be_written_is_explained() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("r.yaml"), ROLLOUT).unwrap();
        let service = "{apiVersion: v1, kind: Service, metadata: {name: s}, spec: {ports: [{port: 80}, {port: 81}]}}";
        std::fs::write(dir.path().join("s.yaml"), service).unwrap();
        let path = dir.path().join("all.yaml");
        std::fs::write(&path, include_str!("list_all.yaml")).unwrap();
        let explained = family(&Library::embedded().load_file(&path).unwrap());
        insta::assert_snapshot!(explained.replace(&format!("{}/", dir.path().display()), ""));
    }

    #[test]
    fn a_family_and_one_of_its_cases() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("r.manifest.yaml"), ROLLOUT).unwrap();
        let path = dir.path().join("many.yaml");
        std::fs::write(&path, FAMILY).unwrap();
        let explained = |what: &str| {
            let explained = family(&Library::embedded().load_file(&dir.path().join(what)).unwrap());
            explained.replace(&format!("{}/", dir.path().display()), "")
        };
        insta::assert_snapshot!(explained("many.yaml"), @r"
        many: $(replicas) pods are there

          All $(replicas) pods MUST be there

          file      many.yaml
          profile   core
          features  scale
          releases  differs from case to case
          refs      docs/features/specification.md

        cases (`proofroll explain 'many[one]'` shows one with its figures)
          one    replicas: 1, releases: *
          ten    replicas: 10, releases: >=1.4
          later  replicas: 2, releases: >=1.11
        ");
        insta::assert_snapshot!(explained("many.yaml[ten]"), @r"
        many[ten]: 10 pods are there

          All 10 pods MUST be there

          case      replicas: 10, releases: >=1.4
          file      many.yaml
          profile   core
          features  scale
          releases  >=1.4
          refs      docs/features/specification.md

        1. deploy 10
           do        apply Rollout r
           expect    phase Healthy; desired 10; available >= 10
        ");
    }
}
