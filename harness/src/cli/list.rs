//! The text of `proofroll list`.

use std::{collections::BTreeMap, fmt::Write as _};

use crate::scenario::{Family, Gate, Scenario, ScenarioError, model::Profile};

/// A file of the list: its id, and what became of loading it.
pub type Loaded = (String, Result<Family, ScenarioError>);

/// The text of `proofroll list`: what is proven, suite by suite. `gate` says what would run; with
/// `cases` each case has a line of its own.
pub fn list(files: &[Loaded], cases: bool, gate: impl Fn(&Scenario) -> Gate) -> String {
    let mut suites: BTreeMap<&str, Vec<&Loaded>> = BTreeMap::new();
    for loaded in files {
        suites.entry(loaded.0.split('/').next().unwrap_or(&loaded.0)).or_default().push(loaded);
    }
    let families = || files.iter().filter_map(|(_, loaded)| loaded.as_ref().ok());
    let shown = families().filter(|f| cases && f.has_cases()).flat_map(|f| &f.scenarios).map(|s| s.id.as_str());
    let width = files.iter().map(|(id, _)| id.as_str()).chain(shown).map(|id| id.chars().count()).max().unwrap_or(0);
    let mut text = String::new();
    let (mut skipped, mut broken) = (0, 0);
    for (suite, files) in &suites {
        let gap = if text.is_empty() { "" } else { "\n" };
        line(&mut text, format_args!("{gap}{suite}"));
        for (id, loaded) in files {
            match loaded {
                Err(error) => {
                    broken += 1;
                    let faults = error.faults.len();
                    let first = error.faults.first().map(|f| format!("{}: {}", f.at, f.what)).unwrap_or_default();
                    let more = if faults > 1 { format!(" (and {} more)", faults - 1) } else { String::new() };
                    line(&mut text, format_args!("  {id:width$}  BROKEN {first}{more}"));
                }
                Ok(family) => skipped += one(&mut text, family, cases, width, &gate),
            }
        }
    }
    let count = |n: usize, what: &str| if n > 0 { format!(", {n} {what}") } else { String::new() };
    let total = match files.len() {
        1 => "1 scenario".to_owned(),
        n => format!("{n} scenarios"),
    };
    let all: usize = families().map(|family| family.scenarios.len()).sum::<usize>() + broken;
    let with_cases = if all > files.len() { format!(" ({all} with all their cases)") } else { String::new() };
    let gap = if text.is_empty() { "" } else { "\n" };
    line(&mut text, format_args!("{gap}{total}{with_cases}{}{}", count(skipped, "skipped"), count(broken, "broken")));
    text
}

/// The lines of one file; returns how many of its scenarios are skipped.
fn one(text: &mut String, family: &Family, cases: bool, width: usize, gate: &impl Fn(&Scenario) -> Gate) -> usize {
    let count = family.scenarios.len();
    let extended = match family.scenarios.first() {
        Some(scenario) if scenario.profile == Profile::Extended => " (extended)",
        _ => "",
    };
    let several = if family.has_cases() { format!(" ({count} cases)") } else { String::new() };
    line(text, format_args!("  {:width$}  {}{several}{extended}", family.id, family.title));
    let reasons = family.scenarios.iter().map(|scenario| match gate(scenario) {
        Gate::Run => None,
        Gate::Skip(reason) => Some(reason),
    });
    let reasons: Vec<Option<String>> = reasons.collect();
    let skipped: Vec<_> = reasons.iter().flatten().collect();
    if cases && family.has_cases() {
        for (scenario, reason) in family.scenarios.iter().zip(&reasons) {
            line(text, format_args!("  {:width$}  {}", scenario.id, scenario.title));
            if let Some(reason) = reason {
                line(text, format_args!("  {:width$}  skipped: {reason}", ""));
            }
        }
    } else if let [first, ..] = skipped.as_slice() {
        let some = if skipped.len() < count { format!("{} of the cases ", skipped.len()) } else { String::new() };
        line(text, format_args!("  {:width$}  {some}skipped: {first}", ""));
    }
    skipped.len()
}

/// Adds a line.
pub(super) fn line(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    // Writing to a String cannot fail.
    let _ = text.write_fmt(arguments);
    text.push('\n');
}

#[cfg(test)]
mod tests {
    use semver::Version;

    use super::*;
    use crate::scenario::{Capabilities, Library, gate};

    #[test]
    fn the_list() {
        let mut scenarios = Library::embedded().load_all();
        let broken = Library::embedded().family("guide/none");
        scenarios.push(("guide/none".into(), broken));
        let nothing = Capabilities { provider: "existing".into(), set: [].into() };
        insta::assert_snapshot!(list(&scenarios, false, |s| gate(s, &nothing, &Version::new(1, 10, 2))));
    }

    #[test]
    fn nothing_to_list() {
        assert_eq!(list(&[], false, |_| Gate::Run), "0 scenarios\n");
    }

    #[test]
    fn cases_are_one_line_or_many() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join("pods")).unwrap();
        let write = |name: &str, text: &str| std::fs::write(dir.path().join("pods").join(name), text).unwrap();
        write("r.manifest.yaml", super::super::explain::tests::ROLLOUT);
        write("many.yaml", super::super::explain::tests::FAMILY);
        let files = Library::from_dir(dir.path()).unwrap().load_all();
        let embedded = Capabilities::of("embedded").unwrap();
        let listed = |cases| list(&files, cases, |s| gate(s, &embedded, &Version::new(1, 10, 2)));
        insta::assert_snapshot!(listed(false), @r"
        pods
          pods/many  $(replicas) pods are there (3 cases)
                     1 of the cases skipped: for releases >=1.11, this is 1.10.2

        1 scenario (3 with all their cases), 1 skipped
        ");
        insta::assert_snapshot!(listed(true), @r"
        pods
          pods/many         $(replicas) pods are there (3 cases)
          pods/many[one]    1 pods are there
          pods/many[ten]    10 pods are there
          pods/many[later]  2 pods are there
                            skipped: for releases >=1.11, this is 1.10.2

        1 scenario (3 with all their cases), 1 skipped
        ");
    }
}
