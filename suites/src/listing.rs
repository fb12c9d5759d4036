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
    // A runner lists quietly; a person who runs all of them reads why some are not.
    let say = |text: String| {
        if !arguments.list && !arguments.exact {
            eprintln!("{text}");
        }
    };
    Ok(ids.into_iter().filter(|id| known.contains(id)).map(|id| one(&library, id, &wish, &say)).collect())
}

fn one(library: &Library, id: String, wish: &Wish, say: &dyn Fn(String)) -> Trial {
    let name = name(&id);
    match library.load(&id) {
        Ok(scenario) => {
            let reason = skipped(&scenario, wish);
            if let Some(reason) = &reason {
                say(format!("skipped: {name}: {reason}"));
            }
            Trial::test(name, move || trial::run(&scenario)).with_ignored_flag(reason.is_some())
        }
        // A file that is no scenario is a test that fails, not one that is missing.
        Err(error) => Trial::test(name, move || Err(format!("input: {error}").into())),
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

/// `guide/canary-basic` as the name of a test: `guide::canary-basic`.
fn name(id: &str) -> String {
    id.replace('/', "::")
}

fn id(name: &str) -> String {
    name.replace("::", "/")
}
