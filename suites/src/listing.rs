//! Which tests there are, and which of them are skipped.

use std::path::PathBuf;

use libtest_mimic::{Arguments, Trial};
use proofroll::{
    controller::ControllerSpec,
    run::wish::Wish,
    scenario::{Gate, Library, Scenario, gate},
};

use crate::trial;

/// The trials. With `--exact` only the one that is named is opened.
///
/// # Errors
/// If the scenarios can't be found, or a variable is set to nonsense.
pub fn trials(arguments: &Arguments) -> Result<Vec<Trial>, String> {
    let fixtures = std::env::var_os("PROOFROLL_FIXTURES").map(PathBuf::from);
    let library = Library::open(fixtures.as_deref()).map_err(|error| error.to_string())?;
    proofroll::timeouts::scale().map_err(|error| error.to_string())?;
    let wish = Wish::from_env().map_err(|error| error.to_string())?;
    let ids = match (&arguments.filter, arguments.exact) {
        (Some(name), true) => vec![id(name)],
        _ => library.ids(),
    };
    let known = library.ids();
    let is_known = |id: &String| known.iter().any(|known| known == id.split('[').next().unwrap_or_default());
    // A runner lists quietly; a person who runs all of them reads why some are not.
    let say = |text: String| {
        if !arguments.list && !arguments.exact {
            eprintln!("{text}");
        }
    };
    Ok(ids.into_iter().filter(is_known).flat_map(|id| of_file(&library, &id, &wish, &say)).collect())
}

/// The trials of one file: one, or one for each of its cases.
fn of_file(library: &Library, id: &str, wish: &Wish, say: &dyn Fn(String)) -> Vec<Trial> {
    let one = |scenario: Scenario| {
        let name = name(&scenario.id);
        let reason = skipped(&scenario, wish);
        if let Some(reason) = &reason {
            say(format!("skipped: {name}: {reason}"));
        }
        Trial::test(name, move || trial::run(&scenario)).with_ignored_flag(reason.is_some())
    };
    match library.family(id) {
        Ok(family) => family.scenarios.into_iter().map(one).collect(),
        // A file that is no scenario is a test that fails, not one that is missing.
        Err(error) => vec![Trial::test(name(id), move || Err(format!("input: {error}").into()))],
    }
}

/// Why a scenario is skipped, if it is; from static data alone.
fn skipped(scenario: &Scenario, wish: &Wish) -> Option<String> {
    let asked = wish.controller.as_deref().and_then(|asked| ControllerSpec::parse(asked).ok());
    let release = match asked.unwrap_or_default() {
        ControllerSpec::Release(release) => release,
        _ => wish.as_version.clone().or_else(|| match ControllerSpec::default() {
            ControllerSpec::Release(release) => Some(release),
            _ => None,
        })?,
    };
    match gate(scenario, &wish.capabilities(), &release) {
        Gate::Run => None,
        Gate::Skip(reason) => Some(reason),
    }
}

/// `guide/canary-basic` as the name of a test: `guide::canary-basic`; a case keeps its brackets.
fn name(id: &str) -> String {
    id.replace('/', "::")
}

fn id(name: &str) -> String {
    name.replace("::", "/")
}
