//! Upstream's own end-to-end tests: which scenario and step proves each of their assertions, or why none does yet.
//! `fixtures/upstream.yaml` is the list; the table of the README is made from it.

use std::{collections::BTreeMap, fmt::Write as _};

use serde::Deserialize;

use crate::scenario::{Library, ScenarioError};

/// Where the list is.
const FILE: &str = "upstream.yaml";

/// The list: `Suite/Test` -> its assertions, in their order.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upstream(BTreeMap<String, Test>);

/// One test of upstream's.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Test {
    /// Why its assertions are not proven yet: those that say nothing themselves.
    not_yet: Option<String>,
    /// Where it says `Then()`.
    then: Vec<Then>,
}

/// One assertion.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
struct Then {
    /// In short, what it asserts.
    says: String,
    /// The scenario that proves it.
    by: Option<String>,
    /// The step in which it does; by its name.
    step: Option<String>,
    /// Why none does yet.
    not_yet: Option<String>,
}

impl Upstream {
    /// The list of `library`.
    ///
    /// # Errors
    /// If it can't be read.
    pub fn of(library: &Library) -> Result<Self, ScenarioError> {
        library.map(FILE).map(Self)
    }

    /// What is wrong with it: scenarios and steps that are not there, assertions without either proof or reason.
    pub fn wrong(&self, library: &Library) -> Vec<String> {
        let mut steps: BTreeMap<&str, Option<Vec<String>>> = BTreeMap::new();
        let mut wrong = Vec::new();
        for (test, Test { not_yet, then }) in &self.0 {
            for (i, one) in then.iter().enumerate() {
                let at = format!("upstream.yaml: {test}, assertion {} (`{}`)", i + 1, one.says);
                let (by, step) = match (&one.by, &one.step, one.not_yet.as_ref().or(not_yet.as_ref())) {
                    (Some(by), Some(step), _) if one.not_yet.is_none() => (by, step),
                    (None, None, Some(why)) if !why.trim().is_empty() => continue,
                    _ => {
                        wrong.push(format!("{at} needs either `by` and `step`, or `not-yet`"));
                        continue;
                    }
                };
                match steps.entry(by).or_insert_with(|| steps_of(library, by)) {
                    None => wrong.push(format!("{at}: there is no scenario {by}")),
                    Some(steps) if !steps.contains(step) => {
                        wrong.push(format!("{at}: {by} has no step `{step}`; it has {}", steps.join(", ")));
                    }
                    Some(_) => {}
                }
            }
        }
        wrong
    }

    /// One line: how much is proven.
    pub fn summary(&self) -> String {
        let [tests, whole, assertions, proven] = self.sums(|_| true);
        format!(
            "\nupstream's tests: {proven} of {assertions} assertions are proven, {whole} of {tests} tests with all of theirs\n"
        )
    }

    /// The README's table, Markdown.
    pub fn table(&self) -> String {
        let mut suites: Vec<&str> = self.0.keys().map(|test| suite(test)).collect();
        suites.dedup();
        let mut text =
            "| upstream's suite | tests | with all assertions proven | assertions | proven | the rest |\n".to_owned();
        text += "|---|---:|---:|---:|---:|---|\n";
        let mut row = |name: &str, of: &dyn Fn(&str) -> bool, rest: &str| {
            let [tests, whole, assertions, proven] = self.sums(of);
            let _ = writeln!(text, "| {name} | {tests} | {whole} | {assertions} | {proven} | {rest} |");
        };
        for name in suites {
            row(name, &|test| suite(test) == name, &self.reasons(name));
        }
        row("all", &|_| true, "");
        text
    }

    /// Tests, those that are proven whole, assertions, and those that are proven.
    fn sums(&self, of: impl Fn(&str) -> bool) -> [usize; 4] {
        let tests: Vec<_> = self.0.iter().filter(|(test, _)| of(test)).map(|(_, test)| test).collect();
        let assertions = || tests.iter().flat_map(|test| &test.then);
        let whole = tests.iter().filter(|test| !test.then.is_empty() && test.then.iter().all(|one| one.by.is_some()));
        [tests.len(), whole.count(), assertions().count(), assertions().filter(|one| one.by.is_some()).count()]
    }

    /// Why assertions of a suite are not proven, with their number.
    fn reasons(&self, of: &str) -> String {
        let mut reasons: BTreeMap<&str, usize> = BTreeMap::new();
        for (_, test) in self.0.iter().filter(|(test, _)| suite(test) == of) {
            for one in test.then.iter().filter(|one| one.by.is_none()) {
                if let Some(why) = one.not_yet.as_deref().or(test.not_yet.as_deref()) {
                    *reasons.entry(why).or_default() += 1;
                }
            }
        }
        let mut reasons: Vec<_> = reasons.into_iter().collect();
        reasons.sort_by_key(|(_, count)| std::cmp::Reverse(*count));
        reasons.iter().map(|(why, count)| format!("{count}: {why}")).collect::<Vec<_>>().join("; ")
    }
}

fn suite(test: &str) -> &str {
    test.split('/').next().unwrap_or(test)
}

/// The names of the steps of a scenario, or of all cases of a file; None if there is none.
fn steps_of(library: &Library, id: &str) -> Option<Vec<String>> {
    let family = library.family(id).ok()?;
    Some(family.scenarios.into_iter().flat_map(|scenario| scenario.steps).map(|step| step.name).collect())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::scenario::in_repository;

    const BEGIN: &str = "<!-- proofroll coverage --upstream -->\n";
    const END: &str = "<!-- end -->\n";

    #[test]
    fn every_assertion_of_upstream_has_a_proof_that_exists_or_a_reason() {
        let library = Library::embedded();
        let upstream = Upstream::of(&library).unwrap();
        assert_eq!(upstream.wrong(&library), Vec::<String>::new());
        assert_eq!(upstream.0.len(), 120, "v1.10.2 has 120 tests");
    }

    #[test]
    fn the_readme_has_the_table() {
        let upstream = Upstream::of(&Library::embedded()).unwrap();
        let file = in_repository("README.md");
        let readme = std::fs::read_to_string(&file).unwrap();
        let (before, rest) = readme.split_once(BEGIN).unwrap();
        let (table, after) = rest.split_once(END).unwrap();
        if std::env::var_os("PROOFROLL_UPDATE_COVERAGE").is_some_and(|v| v == "1") {
            std::fs::write(&file, format!("{before}{BEGIN}{}{END}{after}", upstream.table())).unwrap();
            return;
        }
        assert_eq!(table, upstream.table(), "PROOFROLL_UPDATE_COVERAGE=1 cargo test -p proofroll --lib coverage::");
    }

    #[test]
    fn what_is_wrong_is_told() {
        let list = "
CanarySuite/TestOne:
  then:
  - {says: a, by: guide/canary-basic, step: no such step}
  - {says: b, by: guide/no-such-scenario, step: s}
  - {says: c}
  - {says: d, by: guide/canary-basic}
  - {says: e, not-yet: later}
CanarySuite/TestTwo: {not-yet: comes later, then: [{says: f}]}
";
        let upstream = Upstream(serde_saphyr::from_str(list).unwrap());
        insta::assert_snapshot!(upstream.wrong(&Library::embedded()).join("\n"));
        insta::assert_snapshot!(upstream.table());
    }
}
