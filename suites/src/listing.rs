//! Which tests there are, and which of them are skipped.

use std::path::PathBuf;

use libtest_mimic::{Arguments, Trial};
use proofroll::{
    controller::ControllerSpec,
    releases::Range,
    run::wish::Wish,
    scenario::{Gate, Library, Scenario, gate},
};

use crate::trial;

/// Names the releases on which each scenario is to be a test of its own, as `>=1.7`: the test is then called
/// `v1.8.5::guide::canary-basic`.
const RELEASES_VARIABLE: &str = "PROOFROLL_RELEASES";
/// Under the nextest profile of this name it is these unless the variable says others.
const MATRIX: (&str, &str) = ("releases", ">=1.7");

/// The trials. With `--exact` only the one that is named is opened.
///
/// # Errors
/// If the scenarios can't be found, or a variable is set to nonsense.
pub fn trials(arguments: &Arguments) -> Result<Vec<Trial>, String> {
    let fixtures = std::env::var_os("PROOFROLL_FIXTURES").map(PathBuf::from);
    let library = Library::open(fixtures.as_deref()).map_err(|error| error.to_string())?;
    proofroll::timeouts::scale().map_err(|error| error.to_string())?;
    let wish = Wish::from_env().map_err(|error| error.to_string())?;
    // A runner lists quietly; a person who runs all of them reads why some are not.
    let say = |text: String| {
        if !arguments.list && !arguments.exact {
            eprintln!("{text}");
        }
    };
    let known = library.ids();
    let of = |column: Column| {
        let ids = match (&arguments.filter, arguments.exact) {
            (Some(name), true) => name.strip_prefix(column.prefix.as_str()).map(id).into_iter().collect(),
            _ => known.clone(),
        };
        let is_known = |id: &String| known.iter().any(|known| known == id.split('[').next().unwrap_or_default());
        let ids = ids.into_iter().filter(is_known);
        ids.flat_map(|id| of_file(&library, &id, &column, &say)).collect::<Vec<_>>()
    };
    Ok(columns(&wish)?.into_iter().flat_map(of).collect())
}

/// The controller that the trials of a column test.
struct Column {
    /// What their names begin with.
    prefix: String,
    wish: Wish,
}

/// One, or one for each release that is asked for.
fn columns(wish: &Wish) -> Result<Vec<Column>, String> {
    let asked = std::env::var(RELEASES_VARIABLE).ok().filter(|range| !range.is_empty());
    let profile = std::env::var("NEXTEST_PROFILE").is_ok_and(|profile| profile == MATRIX.0);
    let Some(range) = asked.or_else(|| profile.then(|| MATRIX.1.to_owned())) else {
        return Ok(vec![Column { prefix: String::new(), wish: wish.clone() }]);
    };
    let releases = range.parse::<Range>().and_then(|range| range.chosen());
    let releases = releases.map_err(|error| format!("{RELEASES_VARIABLE}: {error}"))?;
    let column = |release| {
        let controller = format!("v{release}");
        let prefix = format!("{controller}::");
        Column { prefix, wish: Wish { controller: Some(controller), as_version: None, ..wish.clone() } }
    };
    Ok(releases.iter().map(column).collect())
}

/// The trials of one file: one, or one for each of its cases.
fn of_file(library: &Library, id: &str, column: &Column, say: &dyn Fn(String)) -> Vec<Trial> {
    let name = |id: &str| format!("{}{}", column.prefix, name(id));
    let one = |scenario: Scenario| {
        let name = name(&scenario.id);
        let reason = skipped(&scenario, &column.wish);
        if let Some(reason) = &reason {
            say(format!("skipped: {name}: {reason}"));
        }
        let wish = column.wish.clone();
        Trial::test(name, move || trial::run(&scenario, &wish)).with_ignored_flag(reason.is_some())
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
